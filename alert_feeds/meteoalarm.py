"""MeteoAlarm (feeds.meteoalarm.org): the Atom of a country, its CAP documents, and the JSON of its API.

An Atom entry is one area of one language of a warning and does not name the warning's sender, so the CAP that it
links is what is taken; only an entry without a link is read as it stands. The JSON holds the CAP whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from alert_feeds import cap_json, cap_tree, items
from alert_feeds.document import Unreadable
from alert_feeds.items import Item
from alert_feeds.json_parts import document, looks_like_json, written
from alert_feeds.values import Notes
from broadcaster.domain.feed_entry import FeedEntry, Link, ParsedFeed, Problem

MAX_WARNINGS = 5_000


def parse(body: bytes, headers: Mapping[str, str]) -> ParsedFeed:
    """Every warning of the document, or links to them. Never raises for what stands in it."""
    if not looks_like_json(body):
        return items.unique_links(items.read(body, headers, _entry))
    try:
        warnings = _warnings(document(body, headers))
    except Unreadable as error:
        return ParsedFeed(problems=(Problem(error.code, error.text, body),))
    read = [_warning(warning) for warning in warnings[:MAX_WARNINGS]]
    problems = [one for one in read if isinstance(one, Problem)]
    if len(warnings) > MAX_WARNINGS:
        problems.append(Problem("too_many", f"{len(warnings)} warnings; only {MAX_WARNINGS} were read."))
    return ParsedFeed(tuple(one for one in read if isinstance(one, FeedEntry)), tuple(problems))


def _warnings(found: Any) -> list[Any]:
    if isinstance(found, dict) and isinstance(found.get("warnings"), list):
        return list(found["warnings"])
    if isinstance(found, dict) and isinstance(found.get("alert"), dict):
        return [found]
    raise Unreadable("no_alert", "The JSON is no list of warnings of MeteoAlarm.")


def _warning(warning: Any) -> FeedEntry | Problem:
    raw = written(warning)
    if not isinstance(warning, dict) or not isinstance(warning.get("alert"), dict):
        return Problem("required", "The warning holds no alert.", raw)
    tree, unread = cap_json.tree(warning["alert"])
    read = cap_tree.read(tree, raw)
    if isinstance(read, Problem) or not unread:
        return read
    return replace(read, findings=(*read.findings, Problem("unread", unread)))


def _entry(item: Item, notes: Notes, raw: bytes) -> FeedEntry | Problem | Link:
    address = item.linked_cap()
    if address:
        return Link(address, item.identifier(), item.text("updated", "published"))
    given = {
        "identifier": item.identifier(),  # cap:identifier is the same for all areas of a warning
        "sender": item.author(),
        "sent": item.text("updated", "published"),
        "msgType": item.own("message_type", "emergency:cap"),
        "headline": item.text("title"),
        "web": item.web(),
    }
    return cap_tree.read(cap_tree.of_entry(item, given, without=("identifier",)), raw)
