"""Floods in England: CAP in JSON (the flood warning service's messages), and the Environment Agency's JSON
(environment.data.gov.uk/flood-monitoring/id/floods).

The agency's JSON has one item for each warned area, in its own four levels. Level 4, "no longer in force", is its
word that the warning ended, and is read as a Cancel; an item that is gone means nothing. The area's outline is only
an address in the item, so a zone matches by its code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alert_feeds import cap, items
from alert_feeds.document import Unreadable
from alert_feeds.items import Lacking
from alert_feeds.json_parts import Json, document, named, part, text, time, written
from alert_feeds.values import Notes
from broadcaster.domain.alert import Area, CapMessage, Info, MsgType, Scope, Status
from broadcaster.domain.feed_entry import FeedEntry, ParsedFeed, Problem

SENDER = "environment.data.gov.uk"
TIMEZONE = "Europe/London"  # the agency's JSON names no zone, and writes the clocks of England
MAX_FLOODS = 5_000
ENDED = "4"
FACTS = ("severityLevel", "severity_text", "isTidal", "eaAreaName", "eaRegionName", "county", "riverOrSea", "polygon")
MAPPING: Mapping[str, object] = {
    "event": "Flood",  # one word for all levels, so that a new level is a new state of the same flood
    "category": "Met",
    "severity": [  # the service's own CAP calls a flood alert (3) Minor; the others follow from it
        {"when": {"severityLevel": "1"}, "value": "Severe"},
        {"when": {"severityLevel": "2"}, "value": "Moderate"},
        {"when": {"severityLevel": "3"}, "value": "Minor"},
    ],
    "urgency": [{"when": {"severityLevel": ["1", "2"]}, "value": "Immediate"}, "Expected"],
    "certainty": "Likely",
    "expires_minutes": 24 * 60,
}


def parse(body: bytes, headers: Mapping[str, str]) -> ParsedFeed:
    """Every flood or CAP alert of the document. Never raises for what stands in it."""
    try:
        found = document(body, headers)
    except Unreadable as error:
        if error.code == "not_json":
            return cap.parse(body, headers)
        return ParsedFeed(problems=(Problem(error.code, error.text, body),))
    floods = found.get("items") if isinstance(found, dict) else None
    if isinstance(floods, dict):
        floods = [floods]
    if not isinstance(floods, list):
        return cap.parse(body, headers)
    read = [_read(flood) for flood in floods[:MAX_FLOODS]]
    problems = [one for one in read if isinstance(one, Problem)]
    if len(floods) > MAX_FLOODS:
        problems.append(Problem("too_many", f"{len(floods)} floods; only {MAX_FLOODS} were read."))
    return ParsedFeed(tuple(one for one in read if isinstance(one, FeedEntry)), tuple(problems))


def _read(flood: Any) -> FeedEntry | Problem:
    raw, notes = written({"items": [flood]}), Notes()
    try:
        return items.entry(_message(flood, notes), raw, notes)
    except Lacking as error:
        return Problem("required", str(error), raw)


def _message(flood: Any, notes: Notes) -> CapMessage:
    if not isinstance(flood, dict):
        raise Lacking("The item is no flood.")
    names = ("timeMessageChanged", "timeSeverityChanged", "timeRaised")
    times = [found for name in names if (found := time(flood, name, notes))]
    identifier = text(flood, "floodAreaID") or text(flood, "@id")
    if not identifier or not times:
        raise Lacking("The flood has no area or no time; without them it cannot be told from others.")
    over = text(flood, "severityLevel") == ENDED
    info = Info(
        language="en-GB",
        event="Flood",
        headline=" - ".join(found for found in (text(flood, "severity"), text(flood, "description")) if found),
        description=text(flood, "message"),
        web=text(flood, "@id"),
        sender_name="Environment Agency",
        parameters=named(_facts(flood), FACTS),
        areas=_areas(flood, identifier),
    )
    kind = MsgType.CANCEL if over else MsgType.ALERT
    return CapMessage(identifier, SENDER, max(times), Status.ACTUAL, kind, Scope.PUBLIC, infos=(info,))


def _facts(flood: Json) -> Json:
    return {**flood, **part(flood, "floodArea"), "severity_text": flood.get("severity")}


def _areas(flood: Json, identifier: str) -> tuple[Area, ...]:
    code = text(part(flood, "floodArea"), "notation") or identifier
    return (Area(text(flood, "description"), geocodes=(("TargetAreaCode", code),)),)
