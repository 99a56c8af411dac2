"""Atom and RSS indexes of CAP: alerts embedded in their entries are read, links to CAP documents handed on.

feedparser discovers the links; it gets bytes only, because ``feedparser.parse(str)`` opens files and addresses.
The CAP itself is read by ``alert_feeds.cap``. A broken or truncated index keeps what could be read and is a
problem: what is missing from it means nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import feedparser

from alert_feeds import cap
from alert_feeds.document import Unreadable, decode, local, tree
from broadcaster.domain.feed_entry import Link, ParsedFeed, Problem

MAX_LINKS = 2_000
_ROOTS = ("feed", "rss", "RDF")
_CAP_TYPES = ("application/cap+xml", "application/common-alerting-protocol+xml")
_XML_TYPES = ("application/xml", "text/xml", "application/atom+xml")


def parse(body: bytes, headers: Mapping[str, str]) -> ParsedFeed:
    """Links and embedded alerts of one index; a CAP document in its place is read as what it is."""
    try:
        text, _ = decode(body, headers)
    except Unreadable as error:
        return ParsedFeed(problems=(Problem(error.code, error.text, body),))
    if text.lstrip()[:1] in ("{", "["):
        return cap.parse(body, headers)
    try:
        root = tree(text)
    except Unreadable as error:
        return _broken(text, body, headers, error)
    if local(root) not in _ROOTS:
        return cap.parse(body, headers)
    inside = cap.embedded(root)
    links, problems = _links(text, headers, bool(inside.entries or inside.problems))
    return ParsedFeed(inside.entries, (*inside.problems, *problems), links)


def _broken(text: str, body: bytes, headers: Mapping[str, str], error: Unreadable) -> ParsedFeed:
    """What can still be read of an index that is not well formed; a document with a DOCTYPE is not touched again."""
    problem = Problem(error.code, f"{error.text} What is missing from a broken index means nothing.", body)
    if error.code != "not_well_formed":
        return ParsedFeed(problems=(problem,))
    links, _ = _links(text, headers, False)
    return ParsedFeed(problems=(problem,), links=links)


def _links(text: str, headers: Mapping[str, str], embeds: bool) -> tuple[tuple[Link, ...], tuple[Problem, ...]]:
    """One link per CAP document, in the index's order. ``embeds``: the entries hold their alerts themselves, so only
    links that say they are CAP count, and an entry without one is no problem."""
    kind = {"content-type": "application/xml; charset=utf-8", "content-location": _base(headers)}
    found: dict[str, Link] = {}
    problems: list[Problem] = []
    for entry in _entries(text, kind):
        link = _link(entry, embeds)
        if link is not None:
            found.setdefault(link.url, link)
        elif not embeds:
            title = str(entry.get("title", "without a title"))[:80]
            problems.append(Problem("no_link", f"The index entry {title!r} neither holds nor links a CAP alert."))
    if len(found) > MAX_LINKS:
        problems.append(Problem("too_many", f"The index links {len(found)} documents; {MAX_LINKS} were taken."))
    return tuple(found.values())[:MAX_LINKS], tuple(problems)


def _entries(text: str, headers: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """feedparser's entries; its lenient reader of broken markup may fail in these ways, which means none."""
    try:
        feed = feedparser.parse(text.encode(), response_headers=headers, sanitize_html=False)  # type: ignore[attr-defined,no-untyped-call]
    except (ValueError, LookupError, AssertionError, AttributeError, TypeError, RecursionError):
        return []
    return list(feed.entries)


def _base(headers: Mapping[str, str]) -> str:
    """Where the index came from, against which its relative links are read."""
    return next((value for name, value in headers.items() if name.lower() == "content-location"), "")


def _link(entry: Mapping[str, Any], embeds: bool) -> Link | None:
    url = _best(entry.get("links", ()), "" if embeds else str(entry.get("link", "")), embeds)
    if not url:
        return None
    updated = entry["updated"] if "updated" in entry else entry.get("published", "")
    return Link(url, str(entry.get("id", "")), str(updated or ""))


def _best(links: Iterable[Mapping[str, Any]], plain: str, embeds: bool) -> str:
    """A link that says it is CAP, else one that says it is XML, else the entry's own (NWS and RSS say nothing)."""
    web = [link for link in links if _is_web(str(link.get("href", "")))]
    for types in (_CAP_TYPES,) if embeds else (_CAP_TYPES, _XML_TYPES):
        for link in web:
            if str(link.get("type", "")).partition(";")[0].strip().lower() in types:
                return str(link["href"])
    return plain if _is_web(plain) else ""


def _is_web(url: str) -> bool:
    try:
        return urlsplit(url).scheme in ("http", "https") and bool(urlsplit(url).hostname)
    except ValueError:
        return False
