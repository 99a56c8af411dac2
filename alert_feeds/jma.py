"""Japan Meteorological Agency: the Atom index (data.jma.go.jp/developer/xml/feed) and the reports it links.

Of a report, Control and Head are read, which are the same for all kinds: who, when, what, where by JMA's codes, the
headline; of the body the hypocentre or volcano, magnitude, strongest intensity, and the coasts of a tsunami, of which
the headline names only those under a warning. JMA's words (a kind's name ends in "special warning", "warning" or
"advisory") become severity by the mapping; what is lifted for a place holds there no more. Status training or test is
not Actual; InfoType "cancel" is a Cancel. Reports of an event share its EventID; those without one (weather warnings)
are a new state of the same office's report of that title, which names the prefecture.
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
MAX_PLACES = 200
FACTS = (
    *("kind", "kind_code", "kind_lifted", "info_kind", "info_type", "title", "office", "magnitude", "max_intensity"),
    *("depth_km", "serial"),
)
STATUS = {"通常": Status.ACTUAL, "訓練": Status.EXERCISE, "試験": Status.TEST}  # normal, training, test
CANCEL, LIFTED, NONE, TAG = "取消", "解除", "なし", "情報タグ"
HUGE = "８を超える"  # a magnitude that could not be measured in time, but is above 8
_AHEAD = ["南海トラフ*", "*後発地震*"]  # quakes that are more likely than usual
_NOW = ["竜巻注意情報*", "記録的短時間大雨情報*", "線状降水帯発生*", "*氾濫発生*", "*津波警報*", "レベル５（*"]
MAPPING: Mapping[str, object] = {
    "category": [
        {"when": {"info_kind": ["*震*", "*津波*", "*火山*", "*噴火*", "*降灰*"]}, "value": "Geo"},
        "Met",
    ],
    "severity": [  # special warning, major tsunami, flooding under way, volcano: leave
        {
            "when": {"kind": ["*特別警報*", "大津波警報*", "*氾濫発生*", "レベル５（*", "レベル４（*"]},
            "value": "Extreme",
        },
        {"when": {"max_intensity": ["6-", "6+", "7"]}, "value": "Extreme"},
        {"when": {"kind": ["*警報*", "*警戒情報*", "*氾濫危険*"]}, "value": "Severe"},  # warning
        {"when": {"info_kind": "土砂災害警戒情報", "kind": "警戒"}, "value": "Severe"},  # landslides
        {"when": {"kind": ["記録的短時間大雨情報*", "記録雨", "線状降水帯発生*"]}, "value": "Severe"},  # extreme rain
        {"when": {"info_kind": "噴火速報", "kind": "*"}, "value": "Severe"},  # eruption
        {"when": {"title": ["*巨大地震警戒*", "*熱中症特別警戒*"]}, "value": "Severe"},
        {"when": {"max_intensity": ["5-", "5+"]}, "value": "Severe"},
        {"when": {"kind": ["*注意報*", "*注意情報*"]}, "value": "Moderate"},  # advisory
        {"when": {"title": ["*巨大地震注意*", "*地震注意情報*", "*熱中症警戒*"]}, "value": "Moderate"},
        {"when": {"max_intensity": "4"}, "value": "Moderate"},
        {"when": {"max_intensity": ["1", "2", "3"]}, "value": "Minor"},
        {"when": {"kind": ["津波予報*", "レベル１（*"]}, "value": "Minor"},  # slight; an active volcano at rest
        {"when": {"kind_lifted": "*"}, "value": "Minor"},
    ],
    "urgency": [
        {"when": {"info_kind": ["緊急地震速報", "噴火速報"]}, "value": "Immediate"},
        {"when": {"kind": _NOW}, "value": "Immediate"},
        {"when": {"info_kind": "土砂災害警戒情報", "kind": "警戒"}, "value": "Immediate"},
        {"when": {"kind": ["*警報*", "*注意報*", "*氾濫*情報*"]}, "value": "Expected"},
        {"when": {"info_kind": _AHEAD}, "value": "Future"},
        {"when": {"info_kind": "*震*"}, "value": "Past"},
    ],
    "certainty": [
        {"when": {"info_kind": "緊急地震速報"}, "value": "Likely"},
        {"when": {"info_kind": _AHEAD}, "value": "Possible"},
        {"when": {"info_kind": ["*震*", "噴火速報"]}, "value": "Observed"},
        {"when": {"kind": ["記録的短時間大雨情報*", "線状降水帯発生*", "*氾濫発生*"]}, "value": "Observed"},
        {"when": {"kind": ["*警報*", "*注意報*", "*氾濫*情報*", "*注意情報*"]}, "value": "Likely"},
        {"when": {"info_kind": "土砂災害警戒情報", "kind": "警戒"}, "value": "Likely"},
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
    r"([+-])(\d{1,2}|\d{4})(\.\d{1,6})?([+-])(\d{1,3}|\d{5})(\.\d{1,6})?([+-]\d{1,8})?/"
)  # ISO 6709: degrees, or degrees and minutes; metres


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
        description=_of(_child(head, "Headline"), "Text") or _first(root, "Body/Text") or _first(root, "Comment/Text"),
        parameters=tuple(_parameters(root, head, office, notes)),
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


def _parameters(root: etree._Element, head: etree._Element | None, office: str, notes: Notes) -> Iterator[Pair]:
    kinds = [kind for item in _said(root, head) for kind in _kinds(item)]
    for over, name, code in dict.fromkeys((_is_over(kind), _name(kind), _of(kind, "Code")) for kind in kinds):
        named = (("kind_lifted", name),) if over else (("kind", name), ("kind_code", code))
        yield from ((key, text) for key, text in named if text)
    found = [("info_kind", _of(head, "InfoKind")), ("info_type", _of(head, "InfoType")), ("title", _of(head, "Title"))]
    found += [("office", office), ("serial", _of(head, "Serial")), ("magnitude", _magnitude(root, notes))]
    found += [("max_intensity", _first(root, "MaxInt")), ("depth_km", _depth(root))]
    yield from ((key, text) for key, text in found if text)


def _magnitude(root: etree._Element, notes: Notes) -> str:
    """The first number; none for one that is not known, 8 for "huge, above 8"."""
    found = next(iter(root.iter("{*}Magnitude")), None)
    text = words(found) if found is not None else ""
    if text != "NaN" or found is None:
        return text
    if HUGE in (found.get("description") or ""):
        notes.add("magnitude", "The magnitude is said to be above 8; it was read as 8.")
        return "8"
    return ""


def _depth(root: etree._Element) -> str:
    match = next((match for _, match in _coordinates(root, "Hypocenter")), None)
    return f"{-int(match.group(7)) / 1000:g}" if match and match.group(7) else ""


def _areas(root: etree._Element, head: etree._Element | None, notes: Notes) -> Iterator[Area]:
    said = _said(root, head)
    holds = [item for item in said if not all(_is_over(kind) for kind in _kinds(item))]
    seen: dict[tuple[str, str], str] = {}
    for item in holds or said:
        for several in [*_each(item, "Areas"), item]:
            kind = several.get("codeType") or "JMA"
            for area in _each(several, "Area"):
                seen.setdefault((kind, _of(area, "Code")), _of(area, "Name"))
    if len(seen) > MAX_AREAS:
        notes.add("too_many", f"The report names {len(seen)} areas; {MAX_AREAS} were taken.")
    for (kind, code), name in list(seen.items())[:MAX_AREAS]:
        if name or code:
            yield Area(name, geocodes=((kind, code),) if code else ())
    yield from _places(root, head, notes)


def _places(root: etree._Element, head: etree._Element | None, notes: Notes) -> Iterator[Area]:
    """A quake's hypocentre, but not of a tsunami, which goes elsewhere; volcanoes."""
    quake = () if "津波" in _of(head, "InfoKind") else _coordinates(root, "Hypocenter")
    for area, match in (*quake, *_coordinates(root, "VolcanoInfo")):
        place = _point(match) if match else None
        if place is None:
            text = _of(area, "Coordinate")
            notes.add("shape", f"The place {text[:60]!r} cannot be read and was left out.")
        else:
            yield Area(_of(area, "Name"), circles=(Circle(place, 0),))


def _coordinates(root: etree._Element, holder: str) -> list[tuple[etree._Element, re.Match[str] | None]]:
    """Areas with a coordinate inside such an element, each name once; a place that is said to be unknown is none."""
    found: dict[str, tuple[etree._Element, re.Match[str] | None]] = {}
    for area in (area for one in root.iter(f"{{*}}{holder}") for area in one.iter("{*}Area")):
        text = _of(area, "Coordinate")
        if text and _of(area, "Name") not in found:
            found[_of(area, "Name")] = (area, _COORDINATE.fullmatch(text))
    return list(found.values())[:MAX_PLACES]


def _point(match: re.Match[str]) -> Point | None:
    latitude = _degrees(match.group(1), match.group(2), match.group(3) or "", 2)
    longitude = _degrees(match.group(4), match.group(5), match.group(6) or "", 3)
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 360 else None


def _degrees(sign: str, whole: str, rest: str, digits: int) -> float:
    """Degrees, or degrees and minutes where there are two digits more than degrees have."""
    found = float(whole + rest)
    if len(whole) > digits:
        found = round(int(whole[:digits]) + float(whole[digits:] + rest) / 60, 6)
    return -found if sign == "-" else found


def _said(root: etree._Element, head: etree._Element | None) -> list[etree._Element]:
    """What holds where: the coasts of a tsunami, else the headline's items, or where it has none (reports since 2026)
    those of the body's warning."""
    coasts = [item for forecast in root.iter("{*}Forecast") for item in _each(forecast, "Item") if list(_kinds(item))]
    found = _child(head, "Headline")
    items_ = coasts or ([] if found is None else list(found.iter("{*}Item")))
    return items_ or [item for warning in root.iter("{*}Warning") for item in _each(warning, "Item")]


def _kinds(item: etree._Element) -> Iterator[etree._Element]:
    yield from _each(item, "Kind")
    yield from _each(_child(item, "Category"), "Kind")


def _name(kind: etree._Element) -> str:
    """A kind's name; of a mere tag what it says."""
    name = _of(kind, "Name")
    return _of(kind, "Condition") if name == TAG else name


def _is_over(kind: etree._Element) -> bool:
    """Lifted, or said not to be."""
    name = _name(kind)
    return LIFTED in name or name.endswith(NONE) or LIFTED in (_of(kind, "Status"), _of(kind, "Condition"))


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
