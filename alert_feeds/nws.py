"""api.weather.gov/alerts as GeoJSON (a FeatureCollection or one Feature) or JSON-LD (``@graph``).

``expires`` ends the message, ``ends`` the event (rules.md section 1). One bad feature never stops the others. A page
that is not the last is a problem and a link, so that it is never taken for all there is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from alert_feeds.document import Unreadable
from alert_feeds.json_parts import Json, clean, document, pairs, polygons, text, texts, time, written
from alert_feeds.recent import Recent
from alert_feeds.values import Notes, Word, content_hash, moment, parameter, vtec, word
from broadcaster.domain.alert import (
    Area,
    CapMessage,
    Certainty,
    Info,
    MsgType,
    Reference,
    Scope,
    Severity,
    Status,
    Urgency,
)
from broadcaster.domain.feed_entry import NO_TIME, FeedEntry, Link, ParsedFeed, Problem

MAX_FEATURES = 5_000
_RECENT: Recent[FeedEntry | Problem] = Recent()
_REFERENCE_ID = re.compile(r".*/alerts/")


class _Wrong(Exception):
    """A required part of one feature is missing or wrong."""


def parse(body: bytes, headers: Mapping[str, str]) -> ParsedFeed:
    """Every alert in the document. Never raises for what stands in it."""
    try:
        found = _document(body, headers)
        features = _features(found)
    except Unreadable as error:
        return ParsedFeed(problems=(Problem(error.code, error.text, body),))
    entries: list[FeedEntry] = []
    problems: list[Problem] = []
    for feature in features[:MAX_FEATURES]:
        read = _read(feature, len(features) > 1)
        if isinstance(read, FeedEntry):
            entries.append(read)
        else:
            problems.append(read)
    if len(features) > MAX_FEATURES:
        problems.append(Problem("too_many", f"{len(features)} features; only {MAX_FEATURES} were read."))
    links, more = _next_page(found)
    return ParsedFeed(tuple(entries), (*problems, *more), links)


def _document(body: bytes, headers: Mapping[str, str]) -> Json:
    found = document(body, headers)
    if not isinstance(found, dict):
        raise Unreadable("not_geojson", "The JSON is no object: neither a FeatureCollection nor a Feature.")
    return found


def _features(found: Json) -> Sequence[Any]:
    """The list of features. Raises Unreadable for an error document or anything else."""
    for key in ("features", "@graph"):
        if isinstance(found.get(key), list):
            return list(found[key])
    properties = found.get("properties")
    alone = isinstance(properties, dict) and "messageType" in properties
    if found.get("type") == "Feature" or "messageType" in found or alone:
        return [found]
    title = found.get("title") or found.get("detail") or "neither a FeatureCollection nor a Feature"
    raise Unreadable("not_geojson", f"No alerts document: {clean(title)}"[:300])


def _next_page(found: Json) -> tuple[tuple[Link, ...], tuple[Problem, ...]]:
    pages = found.get("pagination")
    url = pages.get("next") if isinstance(pages, dict) else None
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        return (), ()
    says = "This is one page of several; what is missing from it means nothing."
    return (Link(url, "next"),), (Problem("more_pages", says),)


def _read(feature: Any, one_of_many: bool) -> FeedEntry | Problem:
    raw = written(feature)
    if not one_of_many:
        return _made(feature, raw)
    return _RECENT.get(hashlib.sha256(raw).digest(), len(raw), lambda: _made(feature, raw))


def _made(feature: Any, raw: bytes) -> FeedEntry | Problem:
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
        raise _Wrong(f"sent {text(properties, 'sent')[:80]!r} is not a time.")
    return CapMessage(
        identifier=_required(properties, "id"),
        sender=_required(properties, "sender"),
        sent=sent,
        status=_word(properties, "status", Status),
        msg_type=_word(properties, "messageType", MsgType),
        scope=word(Scope, text(properties, "scope")) or Scope.PUBLIC,  # the service publishes nothing else
        codes=tuple(texts(properties.get("code"))),
        references=tuple(_references(properties, notes)),
        infos=(_info(properties, feature.get("geometry"), notes),),
    )


def _info(properties: Json, geometry: Any, notes: Notes) -> Info:
    parameters = tuple(pairs(properties.get("parameters")))
    ends = text(properties, "ends") or parameter(parameters, "eventEndingTime")
    expires = text(properties, "expires")
    if not expires:
        notes.add("no_expires", "The alert does not say when it ends.")
    return Info(
        language=text(properties, "language") or "en-US",
        categories=tuple(texts(properties.get("category"))),
        event=text(properties, "event"),
        response_types=tuple(texts(properties.get("response"))),
        urgency=_optional_word(properties, "urgency", Urgency, notes) or Urgency.UNKNOWN,
        severity=_optional_word(properties, "severity", Severity, notes) or Severity.UNKNOWN,
        certainty=_optional_word(properties, "certainty", Certainty, notes) or Certainty.UNKNOWN,
        event_codes=tuple(pairs(properties.get("eventCode"))),
        effective=time(properties, "effective", notes),
        onset=time(properties, "onset", notes),
        expires=moment(expires, "expires", notes) if expires else None,
        ends=moment(ends, "ends", notes) if ends else None,
        sender_name=text(properties, "senderName"),
        headline=text(properties, "headline"),
        description=text(properties, "description"),
        instruction=text(properties, "instruction"),
        web=text(properties, "web"),
        parameters=parameters,
        areas=_areas(properties, geometry, notes),
    )


def _areas(properties: Json, geometry: Any, notes: Notes) -> tuple[Area, ...]:
    description, codes = text(properties, "areaDesc"), tuple(pairs(properties.get("geocode")))
    rings = tuple(polygons(geometry, notes))
    if not description and not codes and not rings:
        notes.add("no_area", "The alert has no area.")
        return ()
    return (Area(description, rings, (), codes),)


def _references(properties: Json, notes: Notes) -> Iterator[Reference]:
    found = properties.get("references")
    for item in found if isinstance(found, list) else ():
        if not isinstance(item, dict):
            notes.add("reference", "A reference is no object and was left out.")
            continue
        identifier = text(item, "identifier") or _REFERENCE_ID.sub("", text(item, "@id"))
        sent = time(item, "sent", notes)
        if identifier:
            yield Reference(text(item, "sender") or text(properties, "sender"), identifier, sent or NO_TIME)


def _required(properties: Json, name: str) -> str:
    found = text(properties, name)
    if not found:
        raise _Wrong(f"{name} is missing.")
    return found


def _word(properties: Json, name: str, kind: type[Word]) -> Word:
    found = word(kind, _required(properties, name))
    if found is None:
        raise _Wrong(f"{name} {text(properties, name)[:80]!r} is none of {', '.join(member.value for member in kind)}.")
    return found


def _optional_word(properties: Json, name: str, kind: type[Word], notes: Notes) -> Word | None:
    given = text(properties, name)
    found = word(kind, given)
    if found is None:
        notes.add(name, f"{name} {given[:40]!r} is none of CAP's words; it was read as Unknown.")
    return found
