"""api.weather.gov/alerts as Atom with ``cap:`` elements, and the older index of the same form.

Identity is that of the GeoJSON (``nws``), so that both may be watched. The Atom has no instruction, no references
and only the beginning of the text; GeoJSON has all of it and goes before this where an agency can choose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from alert_feeds import cap_tree, items
from alert_feeds.items import Item
from alert_feeds.values import Notes
from broadcaster.domain.feed_entry import FeedEntry, ParsedFeed, Problem

_ID = re.compile(r"https?://.*/alerts/(?=urn:)")


def parse(body: bytes, headers: Mapping[str, str]) -> ParsedFeed:
    """Every alert of the feed. Never raises for what stands in it."""
    return items.read(body, headers, _entry)


def _entry(item: Item, notes: Notes, raw: bytes) -> FeedEntry | Problem:
    given = {
        "identifier": _ID.sub("", item.identifier()),
        "sender": item.author(),
        "sent": item.text("updated", "published"),
        "scope": "Public",  # the service publishes nothing else
        "headline": item.text("title"),
        "description": item.text("summary"),
        "web": item.web(),
    }
    return cap_tree.read(cap_tree.of_entry(item, given), raw)
