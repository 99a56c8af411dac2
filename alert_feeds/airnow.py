"""AirNow's RSS by EnviroFlash (feeds.enviroflash.info, feeds.airnowapi.org): air quality of a reporting area.

An item is the state of one area and comes anew each hour: its identity is area and title, its time that of the
observation, else of the last update; one without an observation is a forecast. The area is a name alone; a mapping
gives it codes. Rows are read as "category - number AQI - pollutant", and the highest number speaks. Entries of the CAP
aggregate (feeds.enviroflash.info/cap/aggregate.xml) are read as CAP; identity is their address without its query,
which changes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from alert_feeds import cap_tree, items
from alert_feeds.items import Item, Lacking
from alert_feeds.values import Notes
from broadcaster.domain.alert import Area, CapMessage, Info, MsgType, Pair, Scope, Status
from broadcaster.domain.feed_entry import FeedEntry, ParsedFeed, Problem

SENDER = "airnow.gov"
FACTS = ("aqi", "aqi_category", "pollutant", "reporting_area", "agency", "action_day", "forecast")
MAPPING: Mapping[str, object] = {  # EPA's categories of the AQI (40 CFR 58, appendix G)
    "severity": [
        {"when": {"aqi": "> 300"}, "value": "Extreme"},
        {"when": {"aqi": "> 200"}, "value": "Severe"},
        {"when": {"aqi": "> 150"}, "value": "Moderate"},
        {"when": {"aqi": ">= 0"}, "value": "Minor"},
    ],
    "urgency": [
        {"when": {"forecast": "yes"}, "value": "Future"},
        {"when": {"aqi": "> 100"}, "value": "Immediate"},
        {"when": {"aqi": ">= 0"}, "value": "Past"},
    ],
    "certainty": [
        {"when": {"forecast": "yes"}, "value": "Likely"},
        {"when": {"aqi": ">= 0"}, "value": "Observed"},
    ],
    "expires_minutes": [{"when": {"forecast": "yes"}, "value": 24 * 60}, 3 * 60],
}
_ROW = re.compile(r"([A-Z][A-Za-z ]{2,40}?)\s*-\s*(\d{1,3})\s*AQI\s*(?:-\s*([^\n]{1,60}))?")
_AREA = re.compile(r"Location:\s*([^\n]{1,100})")
_AGENCY = re.compile(r"Agency:\s*([^\n]{1,200})")
_OBSERVED = re.compile(r"(\d\d)/(\d\d)/(\d\d)\s+(\d{1,2}):(\d\d)\s*([AP])M\s+([A-Z]{2,5})")
_UPDATED = re.compile(r"Last Update:\s*([^\n]{1,60})")
_OTHER = re.compile(r"[^A-Za-z0-9]+")


def parse(body: bytes, headers: Mapping[str, str]) -> ParsedFeed:
    """Every reporting area of the feed. Never raises for what stands in it."""
    return items.read(body, headers, _entry)


def _entry(item: Item, notes: Notes, raw: bytes) -> FeedEntry | Problem:
    if not item.elements("info", cap_tree.SPACES):
        return items.entry(_message(item, notes), raw, notes)
    given = {
        "identifier": item.identifier().partition("?")[0],
        "sender": SENDER,
        "sent": item.text("updated", "published"),
        "scope": "Public",
    }
    return cap_tree.read(cap_tree.of_entry(item, given), raw)


def _message(item: Item, notes: Notes) -> CapMessage:
    title, text = item.text("title"), item.text("description")
    area = _found(_AREA, text) or title.partition(" - ")[0]
    if not area or not title:
        raise Lacking("The item names no reporting area.")
    rows = [(match.group(1).strip(), match.group(2), (match.group(3) or "").strip()) for match in _ROW.finditer(text)]
    if not rows:
        notes.add("no_aqi", "The item says no air quality index.")
    info = Info(
        categories=("Env", "Health"),
        event="Air Quality",
        sender_name=_found(_AGENCY, text),
        headline=title,
        description=text,
        web=item.web(),
        parameters=_parameters(area, rows, f"{title}\n{text}"),
        areas=(Area(area),),
    )
    return CapMessage(
        identifier=_OTHER.sub("-", title).strip("-"),
        sender=SENDER,
        sent=_sent(item, text, notes),
        status=Status.ACTUAL,
        msg_type=MsgType.ALERT,
        scope=Scope.PUBLIC,
        infos=(info,),
    )


def _parameters(area: str, rows: list[tuple[str, str, str]], text: str) -> tuple[Pair, ...]:
    found = [("reporting_area", area), ("agency", _found(_AGENCY, text))]
    worst = sorted(rows, key=lambda row: -int(row[1]))
    for category, aqi, pollutant in worst[:20]:
        found += [("aqi", aqi), ("aqi_category", category), ("pollutant", pollutant)]
    if re.search(r"action day", text, re.IGNORECASE):
        found.append(("action_day", "yes"))
    if not _OBSERVED.search(text) and "forecast" in text.casefold():
        found.append(("forecast", "yes"))
    return tuple((name, value) for name, value in found if value)


def _sent(item: Item, text: str, notes: Notes) -> datetime:
    match = _OBSERVED.search(text)
    observed = _observed(match, notes) if match else None
    if observed is not None:
        return observed
    given = _found(_UPDATED, text)
    return (items.when(given, "Last Update", notes) if given else None) or item.sent(notes)


def _observed(match: re.Match[str], notes: Notes) -> datetime | None:
    month, day, year, hour, minute = (int(match.group(i)) for i in range(1, 6))
    zone = items.ZONES.get(match.group(7).lower())
    if zone is None:
        notes.add("time_zone", f"The observation's time zone {match.group(7)!r} is not known; its time was left out.")
        return None
    try:
        there = datetime(2000 + year, month, day, hour % 12 + (12 if match.group(6) == "P" else 0), minute, tzinfo=UTC)
    except ValueError:
        notes.add("time", f"The observation's time {match.group(0)!r} is none and was left out.")
        return None
    return there - timedelta(hours=zone)


def _found(label: re.Pattern[str], text: str) -> str:
    match = label.search(text)
    return match.group(1).strip() if match else ""
