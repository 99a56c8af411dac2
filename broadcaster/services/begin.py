"""``init``: a real agency's configuration, written once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from broadcaster.domain.errors import BroadcasterError, ConfigError, Invalid, Refused
from broadcaster.services import users
from broadcaster.services.system import Actor, System
from broadcaster.store import dump

OTHERS = {
    "policy.toml": "# What this place decides. Absent keys keep their defaults.\n[policy]\n"
    "# Exercises reach subscribers of this group alone (column groups of the subscribers' file), on channels that\n"
    "# have drills = true. Empty: everybody in the zones, as a public test of the system wants it.\n"
    'exercise_group = "exercise"\n',
    "channels.toml": """# Where alerts go. A secret is only ever "env:NAME": set NAME, or NAME_FILE, in the environment.
# [[channel]]
# name = "sms"
# kind = "twilio_sms"
# account_sid = "env:TWILIO_ACCOUNT_SID"
# auth_token = "env:TWILIO_AUTH_TOKEN"
# messaging_service_sid = "env:TWILIO_MESSAGING_SERVICE_SID"
# segments_per_second = 3
#
# [[channel]]
# name = "county"
# kind = "mastodon"
# access_token = "env:MASTODON_ACCESS_TOKEN"
# base_url = "https://mastodon.example"
# languages = ["en"]
""",
    "feeds.toml": """# Whose warnings are read.
# [[feed]]
# name = "nws"
# format = "nws"
# url = "https://api.weather.gov/alerts/active?zone=CAC057"
# trust = "official"
""",
    "rules.toml": """# What becomes of an entry; the first match decides, none = keep.
# [[rule]]
# name = "tornado"
# feeds = ["nws"]
# match = { event = ["Tornado Warning"] }
# template = "cap"
# action = "submit"
""",
}


@dataclass(frozen=True, slots=True)
class Answers:
    """What ``init`` asks. ``timezone`` is an IANA name, ``cap_sender`` has no space, comma, < or &."""

    name: str
    cap_sender: str
    timezone: str
    languages: tuple[str, ...]
    contact: str = ""


@contextmanager
def written(folder: Path, answers: Answers) -> Iterator[None]:
    """``write_config``, taken back where what follows is refused: init does all or nothing."""
    paths = write_config(folder, answers)
    try:
        yield
    except (BroadcasterError, ConfigError):
        for path in paths:
            path.unlink()
        raise


def first_admin(system: System, actor: Actor, email: str, password: str) -> None:
    """Add the first person. Raises Refused where the database holds an agency already (or the demonstration)."""
    with system.database.read() as connection:
        held = dump.occupied(connection)
    if held:
        raise Refused(
            "not_empty", f"the database holds {', '.join(held)}: give an empty one (BROADCASTER_DATA, DATABASE_URL)"
        )
    users.add(system, actor, email, password, ["admin"])


def write_config(folder: Path, answers: Answers) -> list[Path]:
    """Write agency.toml and commented files beside it; files that exist stay. Raises Refused, Invalid."""
    _checked(answers)
    if (folder / "agency.toml").exists():
        raise Refused("agency_exists", f"{folder / 'agency.toml'} is there already; edit it")
    agency = "\n".join(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in _agency(answers).items())
    files = {"agency.toml": f"[agency]\n{agency}\n", **OTHERS}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = [folder / name for name in files if not (folder / name).exists()]
        for path in written:
            path.write_text(files[path.name], encoding="utf-8")
    except OSError as error:
        raise Invalid("config_folder", f"{folder} cannot be written: {error.strerror}") from error
    return written


def _agency(answers: Answers) -> dict[str, str | list[str]]:
    found: dict[str, str | list[str]] = {
        "name": answers.name.strip(),
        "cap_sender": answers.cap_sender,
        "timezone": answers.timezone,
        "languages": list(answers.languages),
    }
    return {**found, "contact": answers.contact} if answers.contact else found


def _checked(answers: Answers) -> None:
    if not answers.name.strip():
        raise Invalid("name", "the agency needs a name")
    if not answers.cap_sender or any(letter in " ,<&" for letter in answers.cap_sender):
        raise Invalid("cap_sender", "the CAP sender holds no space, comma, < or &; an e-mail address is usual")
    try:
        ZoneInfo(answers.timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Invalid("timezone", f"{answers.timezone!r} is no time zone; for example America/Los_Angeles") from error
