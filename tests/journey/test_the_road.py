"""The whole road by its public names: a feed document, two people, three providers, the page, the numbers."""

from __future__ import annotations

import json
import os
import re
import socket
import threading
import urllib.request
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import sqlalchemy as sa
from lxml import etree

from broadcaster.store.engine import Database
from broadcaster.store.schema import attempts, audit_entries, deliveries
from tests.bench.transport import provider_process
from tests.journey.installation import ROOT, Installation, installed
from tests.providers.base import served
from tests.providers.mastodon import TOKEN as MASTODON_TOKEN
from tests.providers.mastodon import Mastodon, MastodonFaults
from tests.providers.smtp import mail_server
from tests.providers.twilio import ACCOUNT, SERVICE, TOKEN
from tests.waiting import until

UNREACHABLE, NO_NUMBER = 0.01, 0.002  # shares: the carrier reports 30005; Twilio refuses at once with 21211
CHANNELS = """
[[channel]]
name = "sms"
kind = "twilio_sms"
account_sid = "{account}"
auth_token = "env:TWILIO_AUTH_TOKEN"
messaging_service_sid = "{service}"
base_url = "{twilio}"
segments_per_second = 100000

[[channel]]
name = "county"
kind = "mastodon"
access_token = "env:MASTODON_ACCESS_TOKEN"
base_url = "{mastodon}"
languages = ["en", "es"]
per_second = 10

[[channel]]
name = "mail"
kind = "smtp"
base_url = "smtp://127.0.0.1:{port}"
from = "Judge County <alerts@judge.example>"
per_second = 1000
"""
FEEDS = '[[feed]]\nname = "nws"\nformat = "nws"\nenabled = false\ntrust = "official"\n'
RULES = '[[rule]]\nname = "all"\nfeeds = ["nws"]\naction = "draft"\n[rule.match]\nevent = ["{event}"]\n'


@dataclass(frozen=True)
class Story:
    """Which warning goes to how many. It holds in Judge Valley; Judge Hills lies beside it."""

    people: int
    event: str
    document: str
    valley: tuple[str, str]  # UGC and SAME
    hills: tuple[str, str]

    @property
    def unreachable(self) -> list[str]:
        """Whose carrier says 30005."""
        return [phone(n) for n in range(round(self.people * UNREACHABLE))]

    @property
    def numberless(self) -> list[str]:
        """Whose number Twilio refuses."""
        return [phone(self.people - 1 - n) for n in range(round(self.people * NO_NUMBER))]


def phone(number: int) -> str:
    return f"+1202555{number:04d}"


def ours() -> Story:
    """A tornado warning drawn over one of two zones that share their codes: the polygon decides."""
    codes = ("CAC067", "006067")
    return Story(400, "Tornado Warning", json.dumps(warning(datetime.now(UTC))), codes, codes)


def theirs(shared: Path, people: int) -> Story:
    """A real flood watch of NWS Portland, by codes, with all of its times moved so that it was sent a minute ago."""
    text = (shared / "nws-geojson" / "pynws__54035218__alerts_active_zone.json").read_text()
    sent = datetime.fromisoformat(json.loads(text)["features"][0]["properties"]["sent"])
    by = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1) - sent

    def later(match: re.Match[str]) -> str:
        return (datetime.fromisoformat(match[0]) + by).isoformat()

    def vtec(match: re.Match[str]) -> str:
        return (datetime.strptime(match[0], "%y%m%dT%H%MZ").replace(tzinfo=UTC) + by).strftime("%y%m%dT%H%MZ")

    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", later, text)
    text = re.sub(r"(?!000000)\d{6}T\d{4}Z", vtec, text)
    return Story(people, "Flood Watch", text, ("ORZ004", "041053"), ("CAC067", "006067"))


def warning(now: datetime) -> dict[str, Any]:
    """A tornado warning of the weather service, from now for 45 minutes, over Judge Valley."""

    def at(minutes: int) -> str:
        return (now + timedelta(minutes=minutes)).isoformat(timespec="seconds")

    ring = [[-121.0, 38.0], [-120.9, 38.0], [-120.9, 38.1], [-121.0, 38.1], [-121.0, 38.0]]
    words = {"event": "Tornado Warning", "headline": "Tornado Warning issued by NWS Sacramento CA"}
    words |= {"description": "A tornado is near Judge Valley, moving east.", "instruction": "TAKE COVER NOW."}
    grades = {"severity": "Extreme", "certainty": "Observed", "urgency": "Immediate", "response": "Shelter"}
    times = {"sent": at(-1), "effective": at(-1), "onset": at(-1), "expires": at(45), "ends": at(45)}
    who = {"id": "urn:oid:2.49.0.1.840.0.1", "sender": "w-nws.webmaster@noaa.gov", "senderName": "NWS Sacramento CA"}
    rest = {"areaDesc": "Judge, CA", "geocode": {"SAME": ["006067"], "UGC": ["CAC067"]}, "references": []}
    kind = {"status": "Actual", "messageType": "Alert", "category": "Met", "parameters": {}}
    feature = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}}
    return {
        "type": "FeatureCollection",
        "features": [feature | {"properties": words | grades | times | who | rest | kind}],
    }


def zones(story: Story) -> dict[str, Any]:
    def square(west: float) -> dict[str, Any]:
        ring = [[west, 38.0], [west + 0.1, 38.0], [west + 0.1, 38.1], [west, 38.1], [west, 38.0]]
        return {"type": "Polygon", "coordinates": [ring]}

    valley = {"id": "valley", "name": "Judge Valley", "ugc": [story.valley[0]], "same": [story.valley[1]]}
    hills = {"id": "hills", "name": "Judge Hills", "ugc": [story.hills[0]], "same": [story.hills[1]]}
    rows = [(valley, -121.0), (hills, -120.5)]
    features = [{"type": "Feature", "properties": p, "geometry": square(west)} for p, west in rows]
    return {"type": "FeatureCollection", "features": features}


def subscribers(story: Story) -> str:
    lines = ["phone,email,language,zones,channels"]
    for number in range(story.people):
        language = ("en", "es")[number % 2]
        lines.append(f"{phone(number)},p{number}@example.org,{language},valley,")
    lines += [f"+1202556{number:04d},,en,hills," for number in range(20)]
    return "\n".join(lines) + "\n"


class Listener(threading.Thread):
    """A reader of /live: versions with the moment their bytes came."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.heard: dict[int, tuple[datetime, dict[str, Any]]] = {}

    def run(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port)) as wire:
            wire.sendall(b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n")
            kept = b""
            while part := wire.recv(65536):
                at = datetime.now(UTC)
                kept += part
                *lines, kept = kept.split(b"\n")
                for line in lines:
                    if line.startswith(b"data:"):
                        said = json.loads(line[5:])
                        self.heard.setdefault(said["version"], (at, said))


def prepare(made: Installation, folder: Path, story: Story) -> None:
    (folder / "zones.geojson").write_text(json.dumps(zones(story)))
    (folder / "people.csv").write_text(subscribers(story))
    (folder / "nws.json").write_text(story.document)
    assert made.command("zones", "import", str(folder / "zones.geojson")).returncode == 0
    done = made.command("subscribers", "import", str(folder / "people.csv"))
    assert done.returncode == 0, done.stderr
    for email, role in (("ann@judge.example", "author"), ("bo@judge.example", "approver")):
        added = made.command(
            "users", "add", email, "--role", role, "--password-stdin", stdin="correct horse 9 staple\n"
        )
        assert added.returncode == 0, added.stderr


def approved_at(url: str) -> datetime:
    database = Database(url)
    with database.read() as connection:
        query = sa.select(audit_entries.c.at).where(audit_entries.c.verb == "alert.approve")
        at: datetime = connection.execute(query).scalar_one()
    database.close()
    return at


def attempts_of(made: Installation) -> Counter[str]:
    """Channel -> tries in our own books."""
    database = Database(made.database_url)
    with database.read() as connection:
        query = sa.select(deliveries.c.channel).join(attempts, attempts.c.delivery == deliveries.c.id)
        found = Counter(connection.execute(query).scalars())
    database.close()
    return found


def log_of(base_url: str) -> dict[str, Any]:
    with urllib.request.urlopen(base_url + "/_log", timeout=10) as answer:
        log: dict[str, Any] = json.load(answer)
    return log


@pytest.mark.timeout(240)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_warning_goes_from_the_feed_to_phones_posts_mail_and_page(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("empty_postgres") if kind == "postgresql" else ""
    travel(ours(), tmp_path, url)


@pytest.mark.timeout(900)
def test_a_real_document_reaches_everybody(tmp_path: Path, shared: Path) -> None:
    """ROAD_PEOPLE=5000 walks it with as many as the main road was built for; it needs a machine of its own."""
    travel(theirs(shared, int(os.environ.get("ROAD_PEOPLE", "400"))), tmp_path)


def travel(story: Story, folder: Path, database_url: str = "") -> None:
    """An installation, three providers, and the story from end to end."""
    env = {"TWILIO_AUTH_TOKEN": TOKEN, "MASTODON_ACCESS_TOKEN": MASTODON_TOKEN}
    env |= {"DATABASE_URL": database_url} if database_url else {}
    finals = {number: ["undelivered", 30005] for number in story.unreachable}
    codes = dict.fromkeys(story.numberless, 21211)
    with (
        provider_process(callbacks=True, doubled=0.1, reordered=0.1, finals=finals, codes=codes) as twilio,
        served(Mastodon(MastodonFaults())) as mastodon,
        mail_server() as mail,
    ):
        toml = CHANNELS.format(
            account=ACCOUNT, service=SERVICE, twilio=twilio, mastodon=mastodon.base_url, port=mail.port
        )
        files = {"feeds.toml": FEEDS, "rules.toml": RULES.format(event=story.event)}
        with installed(folder, toml, files, **env) as made:
            walk(made, folder, story, twilio, mastodon, mail)


PASSWORD = "correct horse 9 staple\n"


def walk(made: Installation, folder: Path, story: Story, twilio: str, mastodon: Mastodon, mail: Any) -> None:
    prepare(made, folder, story)
    told = made.json("feeds", "ingest", "nws", str(folder / "nws.json"))
    (entry,) = told["files"][0]["entries"]
    alert = entry["alert"]
    assert alert is not None, entry
    made.json("alerts", "submit", alert, "--as", "ann@judge.example", "--password-stdin", stdin=PASSWORD)
    seen = made.json("alerts", "show", alert)
    assert (seen["state"], seen["zones"]) == ("in_review", ["valley"])
    assert seen["people"] == {"sms": story.people, "mail": story.people}
    listener = Listener(made.port)
    listener.start()  # ends with the installation, which closes its connection
    until(lambda: bool(listener.heard), 60, made.log)
    approve = ("alerts", "approve", alert, "--digest", seen["digest"], "--password-stdin", "--as")
    assert made.command(*approve, "ann@judge.example", stdin=PASSWORD).returncode == 1
    made.json(*approve, "bo@judge.example", stdin=PASSWORD)

    until(lambda: any(said["alerts"] for _, said in listener.heard.values()), 60, made.log)
    heard = min(at for at, said in listener.heard.values() if said["alerts"])
    assert heard > approved_at(made.database_url)  # how soon is measured by make bench
    numbers_agree(made, alert, story, twilio, mastodon, mail)
    page_is_true(made, story)
    assert made.command("audit", "verify").returncode == 0


def numbers_agree(made: Installation, alert: str, story: Story, twilio: str, mastodon: Mastodon, mail: Any) -> None:
    """``deliveries --json`` against what each provider counted itself, once the last callback is merged."""
    failed = len(story.unreachable) + len(story.numberless)

    def settled() -> bool:
        numbers = made.json("deliveries", alert)
        sms = numbers["channels"]["sms"]
        return bool(numbers["settled"]) and sms["delivered"] + sms["failed"] == story.people and sms["accepted"] == 0

    until(settled, 400, made.log)
    numbers, log = made.json("deliveries", alert), log_of(twilio)
    sent = Counter(text["to"] for text in log["accepted"])
    assert set(sent) == {phone(n) for n in range(story.people)} - set(story.numberless)
    assert set(sent.values()) == {1}
    tries = attempts_of(made)
    assert story.people <= log["creates"] <= tries["sms"]  # with one try each: as many requests as people
    ends = Counter(text["status"] for text in log["accepted"])
    errors = Counter(str(text["code"]) for text in log["accepted"] if text["code"])
    errors["21211"] += len(story.numberless)
    sms = numbers["channels"]["sms"]
    assert (sms["total"], sms["delivered"], sms["failed"]) == (story.people, ends["delivered"], failed)
    assert failed == ends["undelivered"] + len(story.numberless)
    assert sms["errors"] == dict(errors)
    assert {key: sms[key] for key in ("queued", "waiting", "sending", "unknown", "accepted", "suppressed")} == (
        dict.fromkeys(("queued", "waiting", "sending", "unknown", "accepted", "suppressed"), 0)
    )
    assert set(log["answers"]) == {204}  # a repeated callback was one whose answer the provider did not get
    posted = numbers["channels"]["mail"]
    mailed = [one for m in mail.mails for one in m.to if one.endswith("@example.org")]  # not our own people's notices
    assert posted["delivered"] == posted["total"] == story.people
    assert set(mailed) == {f"p{n}@example.org" for n in range(story.people)}
    assert len(mailed) <= tries["mail"]  # a mail server cannot be asked: what was unknown may come twice
    assert [post.language for post in mastodon.posts] == ["en"]  # the one language its source wrote
    assert numbers["channels"]["county"]["delivered"] == numbers["channels"]["county"]["total"] == 1
    whole = Counter({key: number for key, number in numbers["totals"].items() if key not in ("total", "errors")})
    assert whole == Counter(delivered=ends["delivered"] + story.people + 1, failed=failed)


def page_is_true(made: Installation, story: Story) -> None:
    version = json.loads(made.get("/version.json")[1])
    (shown,) = version["alerts"]
    assert {zone["id"]: zone["alert"] for zone in version["zones"]} == {"valley": shown["id"], "hills": None}
    page = made.get("/")[1].decode()
    assert story.event in page
    assert made.get(f"/alerts/{shown['slug']}")[0] == 200
    assert story.event.encode() in made.get("/zones/judge-valley")[1]
    assert story.event.encode() not in made.get("/zones/judge-hills")[1]
    (whole,) = json.loads(made.get("/alerts.json")[1])["alerts"]
    status, body = made.get(f"/cap/{whole['identifier']}.xml")
    assert status == 200
    assert etree.fromstring(body).findtext("{*}msgType") == "Alert"
    schema = ROOT.parent / "shared" / "data" / "specs" / "cap" / "oasis-CAP-v1.2.xsd"
    if schema.exists():
        etree.XMLSchema(etree.parse(str(schema))).assertValid(etree.fromstring(body))
    assert whole["identifier"] in unquote(made.get("/feed.atom")[1].decode())
    assert json.loads(made.get("/alerts.geojson")[1])["features"]
