"""tsunami.gov (events/xml/PAAQAtom.xml, PHEBAtom.xml): bulletins of the U.S. tsunami warning centres.

The CAP that an entry links is what is taken. Bulletins without one are read from the entry: category, magnitude and
place of the quake, which is not where the wave goes. So it has no area, and a person decides. Identity is that of the
CAP (PAAQ-2-event); a later bulletin of an event is an Update of those before it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from alert_feeds import items
from alert_feeds.items import Item
from alert_feeds.values import Notes
from broadcaster.domain.alert import CapMessage, Info, MsgType, Pair, Reference, Scope, Status
from broadcaster.domain.feed_entry import NO_TIME, FeedEntry, Link, ParsedFeed, Problem

FACTS = ("bulletin", "magnitude", "lat_lon", "region", "note", "number", "incident", "centre")
MAPPING: Mapping[str, object] = {
    "event": [
        {"when": {"bulletin": "warning"}, "value": "Tsunami Warning"},
        {"when": {"bulletin": "watch"}, "value": "Tsunami Watch"},
        {"when": {"bulletin": "advisory"}, "value": "Tsunami Advisory"},
        {"when": {"bulletin": "*threat*"}, "value": "Tsunami Threat Message"},
        "Tsunami Information",
    ],
    "category": "Geo",
    "severity": [  # as the centres' own CAP has them
        {"when": {"bulletin": "warning"}, "value": "Extreme"},
        {"when": {"bulletin": ["watch", "advisory", "*threat*"]}, "value": "Severe"},
        {"when": {"bulletin": "information"}, "value": "Minor"},
    ],
    "urgency": [
        {"when": {"bulletin": ["warning", "advisory"]}, "value": "Immediate"},
        {"when": {"bulletin": "information"}, "value": "Past"},
    ],
    "certainty": [{"when": {"bulletin": ["warning", "advisory"]}, "value": "Likely"}],
    "expires_minutes": 6 * 60,
}
_BULLETIN = re.compile(r"/events/([A-Z]{4})/\d{4}/\d\d/\d\d/(\w+)/(\d{1,3})/")
_LABELS = (
    ("bulletin", re.compile(r"Category:\s*([^\n]+?)\s*(?:Bulletin|$)", re.IGNORECASE | re.MULTILINE)),
    ("magnitude", re.compile(r"Magnitude:\s*(\d+(?:\.\d+)?)", re.IGNORECASE)),
    ("lat_lon", re.compile(r"Lat/Lon:\s*(-?[\d.]+ / -?[\d.]+)", re.IGNORECASE)),
    ("region", re.compile(r"Affected Region:\s*([^\n]+)", re.IGNORECASE)),
    ("note", re.compile(r"Note:\s*\*?\s*([^\n]+)", re.IGNORECASE)),
)


def parse(body: bytes, headers: Mapping[str, str]) -> ParsedFeed:
    """Links to CAP, and the bulletins without. Never raises for what stands in it."""
    return items.read(body, headers, _entry)


def _entry(item: Item, notes: Notes, raw: bytes) -> FeedEntry | Problem | Link:
    address = item.linked_cap()
    if address:
        return Link(address, item.identifier(), item.text("updated"))
    return items.entry(_message(item, notes), raw, notes)


def _message(item: Item, notes: Notes) -> CapMessage:
    centre, incident, number = _numbered(item)
    name = item.author("email") or item.source()
    summary = item.text("summary", "content")
    info = Info(
        headline=item.text("title"),
        description=summary,
        web=item.web(),
        sender_name=item.author(),
        parameters=_parameters(summary, (("centre", centre), ("incident", incident), ("number", number))),
    )
    earlier = range(max(1, int(number or 1) - 20), int(number or 1))
    return CapMessage(
        identifier=f"{centre}-{number}-{incident}" if number else item.identifier(),
        sender=name,
        sent=item.sent(notes),
        status=Status.ACTUAL,
        msg_type=MsgType.UPDATE if earlier else MsgType.ALERT,
        scope=Scope.PUBLIC,
        references=tuple(Reference(name, f"{centre}-{one}-{incident}", NO_TIME) for one in earlier),
        incidents=incident,
        infos=(info,),
    )


def _numbered(item: Item) -> tuple[str, str, str]:
    """Centre, event and number of the bulletin, from the address of its text; empty where it has none."""
    found = (_BULLETIN.search(address) for address, _ in item.links())
    match = next((one for one in found if one), None)
    return match.groups() if match else ("", "", "")  # type: ignore[return-value]


def _parameters(summary: str, given: tuple[Pair, ...]) -> tuple[Pair, ...]:
    found = [(name, match.group(1).strip()) for name, label in _LABELS if (match := label.search(summary))]
    return tuple((name, text) for name, text in (*found, *given) if text)
