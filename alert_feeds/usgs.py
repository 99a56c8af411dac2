"""Earthquakes of the U.S. Geological Survey: GeoJSON summaries (feed v1.0) and Atom, of one identity.

A feed is a window in time, so a quake that is gone from it is just old. A state is told by ``updated``; status
``deleted`` is the network's word that there was none, and is read as a Cancel.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from alert_feeds import items
from alert_feeds.document import Unreadable
from alert_feeds.georss_shapes import areas
from alert_feeds.items import Item, Lacking
from alert_feeds.json_parts import Json, document, looks_like_json, named, part, point, since_1970, text, written
from alert_feeds.values import Notes, moment
from broadcaster.domain.alert import Area, CapMessage, Circle, Info, MsgType, Pair, Scope, Status
from broadcaster.domain.feed_entry import FeedEntry, ParsedFeed, Problem

SENDER = "earthquake.usgs.gov"
MAX_QUAKES = 20_000
FACTS = ("magnitude", "magType", "depth_km", "alert", "status", "tsunami", "sig", "felt", "mmi", "cdi", "type", "net")
MAPPING: Mapping[str, object] = {
    "event": "Earthquake",
    "category": "Geo",
    "urgency": "Past",  # as in USGS's own CAP: it has happened
    "certainty": [{"when": {"status": "reviewed"}, "value": "Observed"}, "Likely"],
    "severity": [
        {"when": {"alert": "red"}, "value": "Extreme"},  # PAGER's estimate of losses, where there is one
        {"when": {"alert": "orange"}, "value": "Severe"},
        {"when": {"magnitude": ">= 7"}, "value": "Extreme"},
        {"when": {"magnitude": ">= 6"}, "value": "Severe"},
        {"when": {"magnitude": ">= 5"}, "value": "Moderate"},
        {"when": {"magnitude": ">= -5"}, "value": "Minor"},
    ],
    "radius_km": [  # where it is felt strongly, by rule of thumb and rather too wide
        {"when": {"magnitude": ">= 7"}, "value": 300},
        {"when": {"magnitude": ">= 6"}, "value": 150},
        {"when": {"magnitude": ">= 5"}, "value": 80},
        {"when": {"magnitude": ">= 4"}, "value": 40},
        {"when": {"magnitude": ">= -5"}, "value": 15},
    ],
    "expires_minutes": 6 * 60,
}
_ID = re.compile(r"urn:earthquake-usgs-gov:(\w+):(\w+)")
_TITLE = re.compile(r"M\s*(-?\d+(?:\.\d+)?)(?:\s+-\s+|,\s*)?(.*)", re.DOTALL)
_PAGER = re.compile(r"PAGER\s*-\s*(GREEN|YELLOW|ORANGE|RED)")
_BEGAN = re.compile(r"Time\s+(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")
_DEPTH = re.compile(r"(-?\d+(?:\.\d+)?) km")


def parse(body: bytes, headers: Mapping[str, str]) -> ParsedFeed:
    """Every quake of the document. Never raises for what stands in it."""
    try:
        if not looks_like_json(body):
            return items.read(body, headers, _entry)
        quakes = list(_features(document(body, headers)))
    except Unreadable as error:
        return ParsedFeed(problems=(Problem(error.code, error.text, body),))
    read = [_read(quake) for quake in quakes[:MAX_QUAKES]]
    problems = [one for one in read if isinstance(one, Problem)]
    if len(quakes) > MAX_QUAKES:
        problems.append(Problem("too_many", f"{len(quakes)} quakes; only {MAX_QUAKES} were read."))
    return ParsedFeed(tuple(one for one in read if isinstance(one, FeedEntry)), tuple(problems))


def _features(found: Any) -> Iterator[Any]:
    if isinstance(found, dict) and isinstance(found.get("features"), list):
        yield from found["features"]
    elif isinstance(found, dict) and found.get("type") == "Feature":
        yield found
    else:
        raise Unreadable("not_geojson", "The JSON is neither a FeatureCollection nor a Feature of quakes.")


def _read(quake: Any) -> FeedEntry | Problem:
    raw, notes = written({"features": [quake]}), Notes()
    try:
        return items.entry(_of_feature(quake, notes), raw, notes)
    except Lacking as error:
        return Problem("required", str(error), raw)


def _of_feature(quake: Any, notes: Notes) -> CapMessage:
    if not isinstance(quake, dict) or not isinstance(quake.get("properties"), dict):
        raise Lacking("The quake has no properties.")
    properties = quake["properties"]
    identifier = text(quake, "id") or text(properties, "net") + text(properties, "code")
    sent = since_1970(properties.get("updated"), "updated", notes)
    sent = sent or since_1970(properties.get("time"), "time", notes)
    if not identifier or sent is None:
        raise Lacking("The quake has no id or no time; without them it cannot be told from others.")
    place = part(quake, "geometry").get("coordinates")
    info = Info(
        onset=since_1970(properties.get("time"), "time", notes),
        headline=text(properties, "title") or text(properties, "place"),
        web=text(properties, "url"),
        sender_name="U.S. Geological Survey",
        parameters=_parameters(properties, place),
        areas=_areas(place, text(properties, "place"), notes),
    )
    return _message(identifier, sent, info, text(properties, "status"))


def _message(identifier: str, sent: datetime, info: Info, status: str) -> CapMessage:
    kind = MsgType.CANCEL if status.casefold() == "deleted" else MsgType.ALERT
    return CapMessage(identifier, SENDER, sent, Status.ACTUAL, kind, Scope.PUBLIC, infos=(info,))


def _parameters(properties: Json, place: Any) -> tuple[Pair, ...]:
    depth = {"depth_km": place[2]} if isinstance(place, list) and len(place) > 2 else {}
    renamed = {**properties, **depth, "magnitude": properties.get("mag")}
    return named(renamed, FACTS)


def _areas(place: Any, name: str, notes: Notes) -> tuple[Area, ...]:
    found = point(place[1], place[0]) if isinstance(place, list) and len(place) > 1 else None
    if found is None:
        notes.add("shape", "The quake's place cannot be read and was left out.")
        return (Area(name),) if name else ()
    return (Area(name, circles=(Circle(found, 0),)),)


def _entry(item: Item, notes: Notes, raw: bytes) -> FeedEntry:
    return items.entry(_of_item(item, notes), raw, notes)


def _of_item(item: Item, notes: Notes) -> CapMessage:
    """An Atom entry: its id says net and code, its title the magnitude, its georss:elev the depth in metres."""
    match = _ID.fullmatch(item.identifier())
    title, summary = item.text("title"), item.text("summary")
    magnitude = _TITLE.match(title)
    depth = _DEPTH.search(summary.partition("Depth")[2])
    found = [("magnitude", magnitude.group(1) if magnitude else ""), ("depth_km", depth.group(1) if depth else "")]
    pager = _PAGER.search(summary)
    found += [("alert", pager.group(1).lower() if pager else ""), ("net", match.group(1) if match else "")]
    began = _BEGAN.search(summary)
    info = Info(
        onset=moment(f"{began.group(1)}Z", "Time", notes) if began else None,
        headline=title,
        description=summary,
        web=item.web(),
        sender_name="U.S. Geological Survey",
        parameters=tuple((name, value) for name, value in found if value),
        areas=areas(item.element, magnitude.group(2) if magnitude else title, notes),
    )
    identifier = match.group(1) + match.group(2) if match else item.identifier()
    return _message(identifier, item.sent(notes), info, "")
