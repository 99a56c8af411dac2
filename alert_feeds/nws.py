"""api.weather.gov/alerts as GeoJSON (a FeatureCollection or one Feature) or JSON-LD (``@graph``).

``expires`` ends the message, ``ends`` the event (rules.md section 1). One bad feature never stops the others. A page
that is not the last is a problem and a link, so that it is never taken for all there is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from alert_feeds.document import Unreadable, decode
from alert_feeds.values import Notes, Word, closed, content_hash, moment, parameter, vtec, word
from broadcaster.domain.alert import (
    Area,
    CapMessage,
    Certainty,
    Info,
    MsgType,
    Pair,
    Point,
    Reference,
    Ring,
    Scope,
    Severity,
    Status,
    Urgency,
)
from broadcaster.domain.feed_entry import NO_TIME, FeedEntry, Link, ParsedFeed, Problem

MAX_FEATURES = 5_000
Json = Mapping[str, Any]
_UNCLEAN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE_ID = re.compile(r".*/alerts/")


class _Wrong(Exception):
    """A required part of one feature is missing or wrong."""


def parse(body: bytes, headers: Mapping[str, str]) -> ParsedFeed:
    """Every alert in the document. Never raises for what stands in it."""
    try:
        document = _document(body, headers)
        features = _features(document)
    except Unreadable as error:
        return ParsedFeed(problems=(Problem(error.code, error.text, body),))
    entries: list[FeedEntry] = []
    problems: list[Problem] = []
    for feature in features[:MAX_FEATURES]:
        read = _read(feature)
        if isinstance(read, FeedEntry):
            entries.append(read)
        else:
            problems.append(read)
    if len(features) > MAX_FEATURES:
        problems.append(Problem("too_many", f"{len(features)} features; only {MAX_FEATURES} were read."))
    links, more = _next_page(document)
    return ParsedFeed(tuple(entries), (*problems, *more), links)


def _document(body: bytes, headers: Mapping[str, str]) -> Json:
    text, _ = decode(body, headers)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable("not_json", f"Not JSON: {error}"[:300]) from error
    if not isinstance(document, dict):
        raise Unreadable("not_geojson", "The JSON is no object: neither a FeatureCollection nor a Feature.")
    return document


def _features(document: Json) -> Sequence[Any]:
    """The list of features. Raises Unreadable for an error document or anything else."""
    for key in ("features", "@graph"):
        if isinstance(document.get(key), list):
            return list(document[key])
    if document.get("type") == "Feature" or "messageType" in document:
        return [document]
    title = document.get("title") or document.get("detail") or "neither a FeatureCollection nor a Feature"
    raise Unreadable("not_geojson", f"No alerts document: {_clean(title)}"[:300])


def _next_page(document: Json) -> tuple[tuple[Link, ...], tuple[Problem, ...]]:
    pages = document.get("pagination")
    url = pages.get("next") if isinstance(pages, dict) else None
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        return (), ()
    text = "This is one page of several; what is missing from it means nothing."
    return (Link(url, "next"),), (Problem("more_pages", text),)


def _read(feature: Any) -> FeedEntry | Problem:
    raw = json.dumps(feature, ensure_ascii=True).encode()
    notes = Notes()
    try:
        message = _message(feature, notes)
    except _Wrong as error:
        return Problem("required", str(error), raw)
    codes = vtec(message.infos[0].parameters)
    return FeedEntry(message, content_hash(message), raw, codes, notes.found)


def _message(feature: Any, notes: Notes) -> CapMessage:
    properties = feature.get("properties", feature) if isinstance(feature, dict) else None
    if not isinstance(properties, dict):
        raise _Wrong("The feature has no properties.")
    sent = moment(_required(properties, "sent"), "sent", notes)
    if sent is None:
        raise _Wrong(f"sent {_text(properties, 'sent')[:80]!r} is not a time.")
    return CapMessage(
        identifier=_required(properties, "id"),
        sender=_required(properties, "sender"),
        sent=sent,
        status=_word(properties, "status", Status),
        msg_type=_word(properties, "messageType", MsgType),
        scope=word(Scope, _text(properties, "scope")) or Scope.PUBLIC,  # the service publishes nothing else
        codes=tuple(_texts(properties.get("code"))),
        references=tuple(_references(properties, notes)),
        infos=(_info(properties, feature.get("geometry"), notes),),
    )


def _info(properties: Json, geometry: Any, notes: Notes) -> Info:
    parameters = tuple(_pairs(properties.get("parameters")))
    ends = _text(properties, "ends") or parameter(parameters, "eventEndingTime")
    expires = _text(properties, "expires")
    if not expires:
        notes.add("no_expires", "The alert does not say when it ends.")
    return Info(
        language=_text(properties, "language") or "en-US",
        categories=tuple(_texts(properties.get("category"))),
        event=_text(properties, "event"),
        response_types=tuple(_texts(properties.get("response"))),
        urgency=_optional_word(properties, "urgency", Urgency, notes) or Urgency.UNKNOWN,
        severity=_optional_word(properties, "severity", Severity, notes) or Severity.UNKNOWN,
        certainty=_optional_word(properties, "certainty", Certainty, notes) or Certainty.UNKNOWN,
        event_codes=tuple(_pairs(properties.get("eventCode"))),
        effective=_time(properties, "effective", notes),
        onset=_time(properties, "onset", notes),
        expires=moment(expires, "expires", notes) if expires else None,
        ends=moment(ends, "ends", notes) if ends else None,
        sender_name=_text(properties, "senderName"),
        headline=_text(properties, "headline"),
        description=_text(properties, "description"),
        instruction=_text(properties, "instruction"),
        web=_text(properties, "web"),
        parameters=parameters,
        areas=_areas(properties, geometry, notes),
    )


def _areas(properties: Json, geometry: Any, notes: Notes) -> tuple[Area, ...]:
    description, codes = _text(properties, "areaDesc"), tuple(_pairs(properties.get("geocode")))
    polygons = tuple(_polygons(geometry, notes))
    if not description and not codes and not polygons:
        notes.add("no_area", "The alert has no area.")
        return ()
    return (Area(description, polygons, (), codes),)


def _polygons(geometry: Any, notes: Notes) -> Iterator[Ring]:
    """Outer rings, latitude first. Holes are left out: a warning is better too wide than too narrow."""
    if geometry is None:
        return
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    coordinates = geometry.get("coordinates") if isinstance(geometry, dict) else None
    if isinstance(geometry, dict) and kind == "GeometryCollection" and isinstance(geometry.get("geometries"), list):
        for part in geometry["geometries"][:100]:
            if isinstance(part, dict) and part.get("type") in ("Polygon", "MultiPolygon"):
                yield from _polygons(part, notes)
        return
    polygons = [coordinates] if kind == "Polygon" else coordinates if kind == "MultiPolygon" else None
    if not isinstance(polygons, list):
        notes.add("polygon", f"The geometry {_clean(kind)!r} is no polygon and was left out.")
        return
    for polygon in polygons:
        points = _points(polygon)
        ring = closed(points, notes) if points is not None else None
        if points is None:
            notes.add("polygon", "A polygon cannot be read and was left out.")
        if ring:
            yield ring


def _points(polygon: Any) -> list[Point] | None:
    """The outer ring as (latitude, longitude); None where it is not made of numbers."""
    try:
        return [(_coordinate(position[1]), _coordinate(position[0])) for position in polygon[0]]
    except (TypeError, IndexError, KeyError, ValueError, OverflowError):
        return None


def _coordinate(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise TypeError(value)
    return float(value)


def _references(properties: Json, notes: Notes) -> Iterator[Reference]:
    found = properties.get("references")
    for item in found if isinstance(found, list) else ():
        if not isinstance(item, dict):
            notes.add("reference", "A reference is no object and was left out.")
            continue
        identifier = _text(item, "identifier") or _REFERENCE_ID.sub("", _text(item, "@id"))
        sent = _time(item, "sent", notes)
        if identifier:
            yield Reference(_text(item, "sender") or _text(properties, "sender"), identifier, sent or NO_TIME)


def _pairs(value: Any) -> Iterator[Pair]:
    """{"UGC": ["ORZ001", ...], ...} as pairs in the document's order."""
    for name, items in value.items() if isinstance(value, dict) else ():
        for text in _texts(items):
            yield _clean(name), text


def _texts(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [text for text in (_clean(item) for item in items) if text]


def _text(properties: Json, name: str) -> str:
    return _clean(properties.get(name))


def _clean(value: Any) -> str:
    """A string without what XML and databases refuse; numbers as text; "" for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return _UNCLEAN.sub("", value if isinstance(value, str) else repr(value)).strip()


def _required(properties: Json, name: str) -> str:
    text = _text(properties, name)
    if not text:
        raise _Wrong(f"{name} is missing.")
    return text


def _word(properties: Json, name: str, kind: type[Word]) -> Word:
    found = word(kind, _required(properties, name))
    if found is None:
        raise _Wrong(
            f"{name} {_text(properties, name)[:80]!r} is none of {', '.join(member.value for member in kind)}."
        )
    return found


def _optional_word(properties: Json, name: str, kind: type[Word], notes: Notes) -> Word | None:
    text = _text(properties, name)
    found = word(kind, text)
    if found is None:
        notes.add(name, f"{name} {text[:40]!r} is none of CAP's words; it was read as Unknown.")
    return found


def _time(properties: Json, name: str, notes: Notes) -> datetime | None:
    text = _text(properties, name)
    return moment(text, name, notes) if text else None
