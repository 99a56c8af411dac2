"""A screen as data, and what all screens know: agency, band, mode, times in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_datetime
from flask import g, request, session
from flask_babel import format_decimal, get_locale
from flask_babel import lazy_gettext as _l
from flask_security import current_user
from markupsafe import Markup

from broadcaster.console.spoken import said
from broadcaster.domain.alert import Mode
from broadcaster.services import simulated, switches
from broadcaster.services.system import System

_ALL = frozenset({"author", "approver", "admin"})
MENU = (  # (path, words, who has it): in the order of the menu
    ("/console/subscribers", _l("Subscribers"), _ALL),
    ("/console/zones", _l("Zones"), _ALL),
    ("/console/feeds", _l("Feeds"), _ALL),
    ("/console/rules", _l("Rules"), _ALL),
    ("/console/channels", _l("Channels"), _ALL),
    ("/console/templates", _l("Templates"), _ALL),
    ("/console/switches", _l("Kill switches"), _ALL),
    ("/console/drill", _l("Guided drill"), _ALL),
    ("/console/simulated", _l("Simulated phones and posts"), _ALL),
    ("/console/audit", _l("Audit"), _ALL),
    ("/console/settings", _l("Settings"), frozenset({"admin"})),
    ("/console/people", _l("People"), frozenset({"admin"})),
    ("/console/powers", _l("Powers"), _ALL),
    ("/console/tokens", _l("API tokens"), frozenset({"admin"})),
)


@dataclass(frozen=True, slots=True)
class Screen:
    """One route under /console. ``view`` carries its mark of ``access``."""

    path: str
    endpoint: str
    view: Callable[..., Any]
    methods: tuple[str, ...] = ("GET",)


def mode() -> Mode:
    """What a new alert of this session would be: the real thing, or an exercise."""
    return Mode.EXERCISE if session.get("mode") == Mode.EXERCISE.value else Mode.ACTUAL


def facts(system: System) -> dict[str, Any]:
    """What every template of the console may use."""
    zone = ZoneInfo(system.config.agency.timezone)
    return {
        "agency": system.config.agency,
        "band": said("band", simulated.band(system)),
        "stopped": lambda: switches.stopped(system),
        "exercise": mode() == Mode.EXERCISE,
        "locale": str(get_locale() or "en"),
        "local": lambda moment: local(moment, zone, system.now()),
        "clock": lambda moment: clock(moment, zone, system.now()),
        "clock_now": system.now().isoformat(timespec="seconds"),
        "number": format_decimal,
        "tongue": tongue,
        "in_words": said,
        "menu": menu,
        "here": here,
    }


def tongue(code: str) -> str:
    """A language's name in the interface's language: "es" -> "Spanish"; the code itself where nobody knows it."""
    try:
        return str(Locale.parse(code, sep="-").get_display_name(str(get_locale() or "en")))
    except (UnknownLocaleError, ValueError):
        return code


def menu() -> list[tuple[str, str]]:
    """The rarer screens this person may open: (path, words)."""
    roles = {role.name for role in current_user.roles} if current_user.is_authenticated else set()
    return [(path, str(words)) for path, words, needs in MENU if roles & needs]


def here(path: str) -> Markup:
    """The attribute that marks the screen one is on."""
    same = request.path.rstrip("/") == path.rstrip("/")
    return Markup('aria-current="page"') if same else Markup("")


def local(moment: datetime | str | None, zone: ZoneInfo, now: datetime) -> str:
    """A time as an operator reads it: "02:34 PST" today, with the day otherwise; "" for none."""
    known = parsed(moment)
    if known is None:
        return ""
    here = known.astimezone(zone)
    day = "" if here.date() == now.astimezone(zone).date() else "EEE d MMM, "
    written: str = format_datetime(here.replace(tzinfo=None), f"{day}HH:mm", locale=str(get_locale() or "en"))
    return f"{written} {here.tzname()}"


def clock(moment: datetime | str | None, zone: ZoneInfo, now: datetime) -> Markup:
    """``local`` as <time>, to which the script adds how long ago that is."""
    known = parsed(moment)
    if known is None:
        return Markup("")
    stamp = known.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return Markup('<time datetime="{}" data-ago>{}</time>').format(stamp, local(known, zone, now))


def parsed(moment: datetime | str | None) -> datetime | None:
    """A time that came as JSON, or as it is."""
    return datetime.fromisoformat(moment) if isinstance(moment, str) else moment


def part_only() -> bool:
    """Does the script ask for the moving part of a screen alone?"""
    return request.headers.get("X-Part") == "1"


def nonce() -> str:
    """The script nonce of this answer."""
    return str(g.get("nonce", ""))
