"""GDACS (gdacs.org/xml/rss.xml): disasters of the world with a colour for their humanitarian impact.

The item's ``gdacs:cap`` says less than the item, so the item is read. The box round an event (``gdacs:bbox``) is
up to 26 degrees wide; what counts is the centre, with a radius that the mapping gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from alert_feeds import items
from alert_feeds.georss_shapes import areas
from alert_feeds.items import Item
from alert_feeds.values import Notes
from broadcaster.domain.alert import CapMessage, Info, MsgType, Pair, Scope, Status
from broadcaster.domain.feed_entry import FeedEntry, ParsedFeed

SENDER = "gdacs.org"
EVENTS = {
    "EQ": ("Earthquake", "Geo"),
    "TC": ("Tropical Cyclone", "Met"),
    "FL": ("Flood", "Met"),
    "VO": ("Volcano", "Geo"),
    "DR": ("Drought", "Met"),
    "WF": ("Wildfire", "Fire"),
    "TS": ("Tsunami", "Geo"),
}
_TAKEN = (
    *("eventtype", "alertlevel", "alertscore", "episodealertlevel", "episodealertscore", "eventname", "eventid"),
    *("episodeid", "iscurrent", "iso3", "country", "glide", "bbox", "version", "fromdate", "todate", "cap"),
)
FACTS = (*_TAKEN, "magnitude", "wind_kmh", "population", "severity_text")
MAPPING: Mapping[str, object] = {
    "severity": [
        {"when": {"alertlevel": "red"}, "value": "Extreme"},
        {"when": {"alertlevel": "orange"}, "value": "Severe"},
        {"when": {"alertlevel": "green"}, "value": "Minor"},
    ],
    "urgency": [{"when": {"eventtype": "EQ"}, "value": "Past"}],
    "certainty": [{"when": {"eventtype": "EQ"}, "value": "Observed"}],
    "radius_km": [
        {"when": {"eventtype": "TC"}, "value": 300},
        {"when": {"eventtype": "EQ", "magnitude": ">= 7"}, "value": 300},
        {"when": {"eventtype": "EQ", "magnitude": ">= 6"}, "value": 150},
        {"when": {"eventtype": "DR"}, "value": 300},
        100,
    ],
    "expires_minutes": 24 * 60,
}


def parse(body: bytes, headers: Mapping[str, str]) -> ParsedFeed:
    """Every event of the feed. Never raises for what stands in it."""
    return items.read(body, headers, _entry)


def _entry(item: Item, notes: Notes, raw: bytes) -> FeedEntry:
    return items.entry(_message(item, notes), raw, notes)


def _message(item: Item, notes: Notes) -> CapMessage:
    kind = item.own("eventtype", "gdacs").upper()
    event, category = EVENTS.get(kind, ("", ""))
    over = item.own("iscurrent", "gdacs").casefold() == "false"
    info = Info(
        categories=(category,) if category else (),
        event=event,
        onset=_time(item, "fromdate", notes) if kind == "EQ" else None,  # a drought began long ago and goes on
        expires=_time(item, "todate", notes) if over else None,
        headline=item.text("title"),
        description=item.text("description"),
        web=item.web(),
        sender_name="Global Disaster Alert and Coordination System",
        parameters=_parameters(item, kind),
        areas=areas(item.element, item.own("country", "gdacs"), notes),
    )
    if over:
        notes.add("not_current", "GDACS says that this event is not current any more.")
    return CapMessage(
        item.identifier(), SENDER, _sent(item, notes), Status.ACTUAL, MsgType.ALERT, Scope.PUBLIC, infos=(info,)
    )


def _sent(item: Item, notes: Notes) -> datetime:
    """``datemodified`` where the feed has it: its pubDate is the event's own time and never moves."""
    return _time(item, "datemodified", notes) or item.sent(notes)


def _time(item: Item, name: str, notes: Notes) -> datetime | None:
    text = item.own(name, "gdacs")
    return items.when(text, name, notes) if text else None


def _parameters(item: Item, kind: str) -> tuple[Pair, ...]:
    found = list(item.facts("gdacs", _TAKEN))
    severity = next(iter(item.elements("severity", "gdacs")), None)
    if severity is not None:
        found.append(("severity_text", items.plain_of(severity)))
        name = {"EQ": "magnitude", "TC": "wind_kmh"}.get(kind)
        found += [(name, severity.get("value") or "")] if name else []
    population = next(iter(item.elements("population", "gdacs")), None)
    if population is not None:
        found.append(("population", population.get("value") or ""))
    return tuple((name, value) for name, value in found if value)
