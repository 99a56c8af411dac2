"""Japan Meteorological Agency: the Atom index (data.jma.go.jp/developer/xml/feed) and the reports it links.

Of a report, Control and Head are read, which are the same for all kinds: who, when, what, where by JMA's codes, the
headline; of the body the hypocentre, magnitude and strongest intensity. JMA's words (a kind's name ends in "special
warning", "warning" or "advisory") become severity by the mapping. Status training or test is not Actual; InfoType
"cancel" is a Cancel. Reports of an event share its EventID; those without one (weather warnings) are a new state of
the same office's report of that title, which names the prefecture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from lxml import etree

from alert_feeds import items
from alert_feeds.cap_info import words
from alert_feeds.document import Unreadable, children, decode, local, namespace, tree
from alert_feeds.items import Item, Lacking
from alert_feeds.values import Notes, moment
from broadcaster.domain.alert import Area, CapMessage, Circle, Info, MsgType, Pair, Point, Scope, Status
from broadcaster.domain.feed_entry import Link, ParsedFeed, Problem

SENDER = "jma.go.jp"
SPACE = "xml.kishou.go.jp/jmaxml1"
MAX_AREAS = 4_000
FACTS = (
    "kind",
    "kind_code",
    "kind_lifted",
    "info_kind",
    "info_type",
    "office",
    "magnitude",
    "max_intensity",
    "depth_km",
    "serial",
)
STATUS = {"通常": Status.ACTUAL, "訓練": Status.EXERCISE, "試験": Status.TEST}  # normal, training, test
CANCEL, LIFTED = "取消", "解除"
MAPPING: Mapping[str, object] = {
    "category": [
        {"when": {"info_kind": ["*震*", "*津波*", "*火山*", "*噴火*", "*降灰*"]}, "value": "Geo"},
        "Met",
    ],
    "severity": [
        {"when": {"kind": ["*特別警報*", "大津波警報*"]}, "value": "Extreme"},  # special warning, major tsunami
        {"when": {"max_intensity": ["6-", "6+", "7"]}, "value": "Extreme"},
        {"when": {"kind": ["*警報*", "土砂災害警戒情報*", "*氾濫危険*"]}, "value": "Severe"},  # warning
        {"when": {"max_intensity": ["5-", "5+"]}, "value": "Severe"},
        {"when": {"kind": "*注意報*"}, "value": "Moderate"},  # advisory
        {"when": {"max_intensity": "4"}, "value": "Moderate"},
        {"when": {"kind": ["*解除*", "なし"]}, "value": "Minor"},  # lifted, none
    ],
    "urgency": [
        {"when": {"kind": "*津波警報*"}, "value": "Immediate"},
        {"when": {"kind": ["*特別警報*", "*警報*", "*注意報*"]}, "value": "Expected"},
        {"when": {"info_kind": "*震*"}, "value": "Past"},
    ],
    "certainty": [
        {"when": {"info_kind": "*震*"}, "value": "Observed"},
        {"when": {"kind": ["*警報*", "*注意報*"]}, "value": "Likely"},
    ],
    "expires_minutes": 24 * 60,
    "radius_km": [
        {"when": {"magnitude": ">= 7"}, "value": 300},
        {"when": {"magnitude": ">= 6"}, "value": 150},
        {"when": {"magnitude": ">= 5"}, "value": 80},
        40,
    ],
}
_COORDINATE = re.compile(
    r"([+-]\d{1,3}(?:\.\d{1,6})?)([+-]\d{1,3}(?:\.\d{1,6})?)([+-]\d{1,8})?/"
)  # ISO 6709: degrees, metres


def parse(body: bytes, headers: Mapping[str, str]) -> ParsedFeed:
    """The report, or the index's links to reports. Never raises for what stands in it."""
    try:
        root = tree(decode(body, headers)[0])
    except Unreadable as error:
        return ParsedFeed(problems=(Problem(error.code, error.text, body),))
    if local(root) != "Report" or SPACE not in namespace(root):
        return items.unique_links(items.read(body, headers, _link))
    notes = Notes()
    try:
        return ParsedFeed((items.entry(_message(root, notes), body, notes),))
    except Lacking as error:
        return ParsedFeed(problems=(Problem("required", str(error), body),))


def _link(item: Item, notes: Notes, raw: bytes) -> Link | Problem:
    address = item.fetched(("application/xml", "text/xml", ""))
    if not address:
        title = item.text("title")[:80]
        return Problem("no_link", f"The index entry {title!r} links no report.", raw)
    return Link(address, item.identifier(), item.text("updated"))


def _message(root: etree._Element, notes: Notes) -> CapMessage:
    control, head = _child(root, "Control"), _child(root, "Head")
    title, office = _of(control, "Title"), _of(control, "EditorialOffice")
    status = STATUS.get(_of(control, "Status"))
    if not title or status is None:
        raise Lacking(f"The report has no title, or its status {_of(control, 'Status')[:20]!r} is unknown.")
    info = Info(
        language="ja",
        event=title,
        onset=_time(head, "TargetDateTime", notes),
        expires=_time(head, "ValidDateTime", notes),
        sender_name=f"気象庁 {_of(control, 'PublishingOffice')}".strip(),
        headline=_of(head, "Title"),
        description=_of(_child(head, "Headline"), "Text"),
        parameters=tuple(_parameters(root, head, office)),
        areas=tuple(_areas(root, head, notes)),
    )
    return CapMessage(
        identifier=f"{title}/{_of(head, 'EventID') or f'{office}/' + _of(head, 'Title')}",
        sender=SENDER,
        sent=_sent(control, head, notes),
        status=status,
        msg_type=MsgType.CANCEL if _of(head, "InfoType") == CANCEL else MsgType.ALERT,
        scope=Scope.PUBLIC,
        infos=(info,),
    )


def _sent(control: etree._Element | None, head: etree._Element | None, notes: Notes) -> datetime:
    """When it was sent out, to the second: a correction has the ReportDateTime of what it corrects."""
    found = _time(control, "DateTime", notes) or _time(head, "ReportDateTime", notes)
    if found is None:
        raise Lacking("The report does not say when it was sent.")
    return found


def _parameters(root: etree._Element, head: etree._Element | None, office: str) -> Iterator[Pair]:
    kinds = [kind for item in _said(root, head) for kind in _each(item, "Kind")]
    for over, name, code in dict.fromkeys(
        (_of(one, "Status") == LIFTED, _of(one, "Name"), _of(one, "Code")) for one in kinds
    ):
        named = (("kind_lifted", name),) if over else (("kind", name), ("kind_code", code))
        yield from ((key, text) for key, text in named if text)
    found = [("info_kind", _of(head, "InfoKind")), ("info_type", _of(head, "InfoType")), ("office", office)]
    found += [("serial", _of(head, "Serial")), ("magnitude", _first(root, "Magnitude"))]
    place = _COORDINATE.fullmatch(_first(root, "Coordinate"))
    found += [("max_intensity", _first(root, "MaxInt"))]
    if place and place.group(3):
        found.append(("depth_km", f"{-int(place.group(3)) / 1000:g}"))
    yield from ((key, text) for key, text in found if text)


def _areas(root: etree._Element, head: etree._Element | None, notes: Notes) -> Iterator[Area]:
    seen: dict[tuple[str, str], str] = {}
    for item in _said(root, head):
        for several in [*_each(item, "Areas"), item]:
            kind = several.get("codeType") or "JMA"
            for area in _each(several, "Area"):
                seen.setdefault((kind, _of(area, "Code")), _of(area, "Name"))
    if len(seen) > MAX_AREAS:
        notes.add("too_many", f"The report names {len(seen)} areas; {MAX_AREAS} were taken.")
    for (kind, code), name in list(seen.items())[:MAX_AREAS]:
        if name or code:
            yield Area(name, geocodes=((kind, code),) if code else ())
    place = _hypocentre(root, notes)
    if place:
        yield Area(_first(root, "Hypocenter/Area/Name"), circles=(Circle(place, 0),))


def _hypocentre(root: etree._Element, notes: Notes) -> Point | None:
    text = _first(root, "Coordinate")
    match = _COORDINATE.fullmatch(text)
    place = (float(match.group(1)), float(match.group(2))) if match else None
    if text and (place is None or abs(place[0]) > 90 or abs(place[1]) > 360):
        notes.add("shape", f"The hypocentre {text[:60]!r} cannot be read and was left out.")
        return None
    return place


def _said(root: etree._Element, head: etree._Element | None) -> list[etree._Element]:
    """What holds where: the headline's items, or where it has none (reports since 2026) those of the body's warning."""
    found = _child(head, "Headline")
    found_items = [] if found is None else list(found.iter("{*}Item"))
    return found_items or [item for warning in root.iter("{*}Warning") for item in _each(warning, "Item")]


def _child(parent: etree._Element | None, name: str) -> etree._Element | None:
    return next(_each(parent, name), None)


def _each(parent: etree._Element | None, name: str) -> Iterator[etree._Element]:
    return (child for child in (children(parent) if parent is not None else ()) if local(child) == name)


def _of(parent: etree._Element | None, name: str) -> str:
    found = _child(parent, name)
    return words(found) if found is not None else ""


def _first(root: etree._Element, path: str) -> str:
    """The first text of an element with this name, wherever it stands; "a/b" is a b in an a."""
    first, *rest = path.split("/")
    for found in root.iter(f"{{*}}{first}"):
        element: etree._Element | None = found
        for name in rest:
            element = _child(element, name)
        if element is not None and (text := words(element)):
            return text
    return ""


def _time(parent: etree._Element | None, name: str, notes: Notes) -> datetime | None:
    text = _of(parent, name)
    return moment(text, name, notes) if text else None
