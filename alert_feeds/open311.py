"""Open311 GeoReport v2 (``requests.json``, ``requests.xml``): what people report to their city. Read, never written.

A report is no warning and nobody has checked it: its scope is Restricted, so that no rule shows or sends it. It is
kept for the operators, who may begin an alert from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml import etree

from alert_feeds import items
from alert_feeds.cap_info import words
from alert_feeds.document import Unreadable, children, decode, local, tree
from alert_feeds.items import Lacking
from alert_feeds.json_parts import Json, document, looks_like_json, named, point, text, written
from alert_feeds.values import Notes, moment
from broadcaster.domain.alert import Area, CapMessage, Circle, Info, MsgType, Scope, Status
from broadcaster.domain.feed_entry import FeedEntry, ParsedFeed, Problem

SENDER = "open311"
MAX_REQUESTS = 5_000
FACTS = (
    *("status", "status_notes", "service_code", "service_name", "agency_responsible", "service_notice", "address"),
    *("address_id", "zipcode", "media_url", "expected_datetime"),
)
MAPPING: Mapping[str, object] = {"event": "Service request", "category": "Infra", "expires_minutes": 3 * 24 * 60}


def parse(body: bytes, headers: Mapping[str, str]) -> ParsedFeed:
    """Every service request of the document. Never raises for what stands in it."""
    try:
        requests = _of_json(document(body, headers)) if looks_like_json(body) else _of_xml(body, headers)
    except Unreadable as error:
        return ParsedFeed(problems=(Problem(error.code, error.text, body),))
    read = [_read(request, raw) for request, raw in requests[:MAX_REQUESTS]]
    problems = [one for one in read if isinstance(one, Problem)]
    if len(requests) > MAX_REQUESTS:
        problems.append(Problem("too_many", f"{len(requests)} requests; only {MAX_REQUESTS} were read."))
    return ParsedFeed(tuple(one for one in read if isinstance(one, FeedEntry)), tuple(problems))


def _of_json(found: Any) -> list[tuple[Any, bytes]]:
    if isinstance(found, dict):
        found = found.get("service_requests", found.get("requests", found.get("errors", [found])))
    if not isinstance(found, list):
        raise Unreadable("no_alert", "The JSON is no list of service requests.")
    _refuse_errors(found)
    return [(request, written([request])) for request in found]


def _of_xml(body: bytes, headers: Mapping[str, str]) -> list[tuple[Any, bytes]]:
    root = tree(decode(body, headers)[0])
    if local(root) not in ("service_requests", "requests", "request", "errors"):
        raise Unreadable("no_alert", f"The XML holds {local(root)[:40]!r}, not service requests.")
    elements = [root] if local(root) == "request" else list(children(root))
    found = [(_as_json(element), etree.tostring(element, encoding="utf-8", with_tail=False)) for element in elements]
    _refuse_errors([request for request, _ in found])
    return found


def _as_json(element: etree._Element) -> Json:
    return {local(child): words(child) for child in children(element)}


def _refuse_errors(found: list[Any]) -> None:
    """The API answers with a list of code and description where it refuses."""
    for one in found[:1]:
        if isinstance(one, dict) and "code" in one and "service_request_id" not in one:
            raise Unreadable("no_alert", f"The API refuses: {text(one, 'code')} {text(one, 'description')}"[:300])


def _read(request: Any, raw: bytes) -> FeedEntry | Problem:
    notes = Notes()
    try:
        return items.entry(_message(request, notes), raw, notes)
    except Lacking as error:
        return Problem("required", str(error), raw)


def _message(request: Any, notes: Notes) -> CapMessage:
    if not isinstance(request, dict) or not text(request, "service_request_id"):
        raise Lacking("The request has no service_request_id; without one it cannot be told from others.")
    given = text(request, "updated_datetime") or text(request, "requested_datetime")
    sent = moment(given, "updated_datetime", notes) if given else None
    if sent is None:
        raise Lacking("The request says neither when it was made nor when it changed.")
    info = Info(
        event=text(request, "service_name"),
        headline=text(request, "service_name") or text(request, "service_code"),
        description=text(request, "description"),
        web=text(request, "media_url") if items.is_web(text(request, "media_url")) else "",
        sender_name=text(request, "agency_responsible"),
        parameters=named(request, FACTS),
        areas=_areas(request, notes),
    )
    return CapMessage(
        identifier=text(request, "service_request_id"),
        sender=text(request, "jurisdiction_id") or SENDER,
        sent=sent,
        status=Status.ACTUAL,
        msg_type=MsgType.ALERT,
        scope=Scope.RESTRICTED,
        restriction="A report of the public that nobody has checked.",
        infos=(info,),
    )


def _areas(request: Json, notes: Notes) -> tuple[Area, ...]:
    place = point(request.get("lat"), request.get("long"))
    if place is None and (text(request, "lat") or text(request, "long")):
        notes.add("shape", "The request's place cannot be read and was left out.")
    name = text(request, "address")
    circles = (Circle(place, 0),) if place else ()
    return (Area(name, circles=circles),) if name or circles else ()
