"""Any Atom or RSS feed whose items say where they are (GeoRSS, W3C geo): road closures, utilities, health, fires.

Such a feed has no severity, urgency, certainty or end, and its categories say the state of a thing and change with
it. So the event is the feed's title unless a mapping says otherwise, and categories are parameters that rules and
mappings look at.
"""

from __future__ import annotations

from collections.abc import Mapping

from alert_feeds import items
from alert_feeds.cap_info import words
from alert_feeds.document import local, namespace
from alert_feeds.georss_shapes import areas
from alert_feeds.items import Item
from alert_feeds.values import Notes
from broadcaster.domain.alert import CapMessage, Info, MsgType, Pair, Scope, Status
from broadcaster.domain.feed_entry import FeedEntry, ParsedFeed

MAPPING: Mapping[str, object] = {"event": "{feed}", "category": "Safety", "expires_minutes": 24 * 60}
_KNOWN = ("georss", "opengis.net", "wgs84_pos", "w3.org/2005/Atom", "search.yahoo.com/mrss")


def parse(body: bytes, headers: Mapping[str, str]) -> ParsedFeed:
    """Every item of the feed. Never raises for what stands in it."""
    return items.read(body, headers, _entry)


def _entry(item: Item, notes: Notes, raw: bytes) -> FeedEntry:
    return items.entry(_message(item, notes), raw, notes)


def _message(item: Item, notes: Notes) -> CapMessage:
    title = item.text("title")
    info = Info(
        language=item.of_feed("language") or "en-US",
        headline=title,
        description=item.text("description", "summary", "content"),
        web=item.web(),
        sender_name=item.of_feed("title"),
        parameters=parameters(item),
        areas=areas(item.element, item.own("featurename", "georss") or item.own("featureName", "georss"), notes),
    )
    return CapMessage(
        identifier=item.identifier(),
        sender=item.source(),
        sent=item.sent(notes),
        status=Status.ACTUAL,
        msg_type=MsgType.ALERT,
        scope=Scope.PUBLIC,
        infos=(info,),
    )


def parameters(item: Item) -> tuple[Pair, ...]:
    """The feed's title, categories, and the texts of the feed's own extensions: what mappings and rules look at."""
    found = [("feed", item.of_feed("title")), *(("category", name) for name in item.categories())]
    for child in item.element.iterchildren("{*}*"):
        space = namespace(child)
        text = words(child) if space and not len(child) and not any(known in space for known in _KNOWN) else ""
        if text:
            found.append((local(child), text[:500]))
    return tuple((name, text) for name, text in found[:100] if text)
