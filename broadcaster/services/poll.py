"""Polling: due feeds are leased, asked conditionally, read and ingested; each poll leaves a row with its outcome.

A failed or truncated fetch never means that there are no alerts, a 304 that nothing changed. The validators are
kept only after everything in the document, and what it links to, was taken; so nothing is lost by a crash between.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy.engine import Row

from alert_feeds.fetch import Fetched, FetchError, Request, fetch
from alert_feeds.retry import delay
from broadcaster.domain.config import FeedConfig
from broadcaster.domain.errors import BroadcasterError, Invalid, NotFound, Refused
from broadcaster.domain.feed_entry import Link, ParsedFeed, Problem
from broadcaster.domain.snapshot import stamp
from broadcaster.services import ingest
from broadcaster.services.system import SYSTEM, Actor, System
from broadcaster.store import feeds as store
from broadcaster.store.engine import now

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=180)
LIMIT_SECONDS = 120.0  # for one feed with everything it links to; below the lease
FEEDS_AT_ONCE = 4
LINKS_AT_ONCE = 4
MAX_LINKS = 300  # fetched in one poll; the next one goes on
LINKS_KEPT = timedelta(days=14)
MAX_PROBLEMS = 50  # written down in a poll's row
MAX_PAGES = 20
BROKEN = frozenset(  # problems of a whole document: what is missing from it means nothing
    ["empty", "too_large", "too_deep", "too_many", "not_well_formed", "doctype", "not_json", "not_geojson", "no_alert"]
)


@dataclass
class Poll:
    """What one poll of a feed came to. ``status`` is ok, unchanged or error."""

    status: str = "ok"
    http_status: int | None = None
    entries: list[ingest.EntryResult] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    error: str = ""
    retry_after: float | None = None
    etag: str = ""
    last_modified: str = ""
    incomplete: bool = False

    def as_dict(self, feed: str) -> dict[str, Any]:
        """For ``feeds poll --json``."""
        results = ingest.IngestResult(tuple(self.entries), tuple(self.problems)).as_dict(feed)
        return {
            "feed": feed,
            "status": self.status,
            "http_status": self.http_status,
            "error": self.error,
            "entries": results["entries"],
            "problems": results["problems"],
        }


def poll_due(system: System) -> None:
    """Poll every enabled feed that is due; two clocks that call this at once do no harm."""
    feeds = [feed for feed in system.config.feeds if feed.enabled and feed.url]
    _expire_shown(system)
    if not feeds:
        return
    due = _due(system, feeds)
    if due:
        asyncio.run(_all(system, due))


def poll(system: System, name: str, actor: Actor = SYSTEM) -> dict[str, Any]:
    """Poll one feed now, due or not; the shape is ``Poll.as_dict``.

    Raises NotFound for an unknown name, Invalid where it has no address, Refused while another process polls it.
    """
    feed = system.config.feed(name)
    if feed is None:
        known = ", ".join(f.name for f in system.config.feeds)
        raise NotFound("no_feed", f"There is no feed {name!r} in feeds.toml. There are: {known or 'none'}.")
    if not feed.url:
        raise Invalid("no_url", f"The feed {name} has no url to poll. Set one, or use: feeds ingest {name} FILE")
    _due(system, [feed])
    done = asyncio.run(_one(system, feed, actor, early=True))
    if done is None:
        raise Refused("being_polled", f"The feed {name} is being polled by another process. Try again in a moment.")
    return done.as_dict(name)


def listing(system: System) -> list[dict[str, Any]]:
    """Every configured feed with its last poll, for ``feeds list``; times are RFC 3339 texts."""
    with system.database.read() as connection:
        states, last = store.states(connection), store.last_polls(connection)
    return [_listed(feed, states.get(feed.name), last.get(feed.name)) for feed in system.config.feeds]


def _listed(feed: FeedConfig, state: Row[Any] | None, last: Row[Any] | None) -> dict[str, Any]:
    return {
        "name": feed.name,
        "format": feed.format,
        "url": feed.url,
        "enabled": feed.enabled,
        "trust": feed.trust,
        "poll_seconds": feed.poll_seconds,
        "last_ok": stamp(state.last_ok) if state else None,
        "failures": state.failures if state else 0,
        "last_error": state.last_error if state else "",
        "due": stamp(state.due) if state and feed.enabled else None,
        "polled": stamp(last.at) if last else None,
        "status": last.status if last else "",
        "problems": last.problems if last else [],
    }


def _expire_shown(system: System) -> None:
    with system.database.read() as connection:
        over = store.any_over(connection, system.now())
    if over:
        with system.database.write() as connection:
            store.expire_shown(connection, system.now())


def _due(system: System, feeds: Sequence[FeedConfig]) -> list[FeedConfig]:
    """Those whose time has come, by the database's clock; a feed seen for the first time is due at once."""
    with system.database.read() as connection:
        states, at = store.states(connection), now(connection)
    new = [feed.name for feed in feeds if feed.name not in states]
    if new:
        with system.database.write() as connection:
            store.ensure(connection, new)
    return [
        feed
        for feed in feeds
        if feed.name in new
        or (states[feed.name].due <= at and (states[feed.name].lease is None or states[feed.name].lease <= at))
    ]


async def _all(system: System, feeds: Sequence[FeedConfig]) -> None:
    """Side by side, so that a slow feed holds no other; one that fails in an unforeseen way is logged, not spread."""
    gate = asyncio.Semaphore(FEEDS_AT_ONCE)

    async def one(feed: FeedConfig) -> None:
        async with gate:
            await _one(system, feed, SYSTEM, early=False)

    results = await asyncio.gather(*(one(feed) for feed in feeds), return_exceptions=True)
    errors = [result for result in results if isinstance(result, Exception)]
    if errors:
        raise ExceptionGroup("polling", errors)


async def _one(system: System, feed: FeedConfig, actor: Actor, *, early: bool) -> Poll | None:
    """Lease, poll, write down, give back. None where another process holds the feed."""
    holder = f"{os.getpid()}-{uuid.uuid4().hex}"
    with system.database.write() as connection:
        row = store.claim(connection, feed.name, holder, LEASE, early)
    if row is None:
        return None
    done = Poll()
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            await _polled(system, feed, row, done, actor)
    except TimeoutError:
        _fail(done, f"Not finished within {LIMIT_SECONDS:g} s; what was read was taken")
    except FetchError as error:
        done.http_status, done.retry_after = error.status, error.retry_after
        _fail(done, str(error))
    except BroadcasterError as error:
        _fail(done, str(error))
    _write_down(system, feed, holder, row, done)
    return done


def _fail(done: Poll, text: str) -> None:
    done.status, done.error = "error", text


async def _polled(system: System, feed: FeedConfig, row: Row[Any], done: Poll, actor: Actor) -> None:
    asked = _request(system, feed, feed.url, row.etag, row.last_modified)
    found = await fetch(asked)
    done.http_status = found.status
    if found.unchanged:
        done.status, done.etag, done.last_modified = "unchanged", row.etag, row.last_modified
        return
    parsed = await _taken(system, feed, found, done, actor)
    broken = next((problem for problem in parsed.problems if problem.code in BROKEN), None)
    if broken is not None:
        done.incomplete = True
        if not parsed.entries and not parsed.links:
            _fail(done, f"{broken.code}: {broken.text}")
    await _follow(system, feed, parsed, done, actor)
    if not done.incomplete:
        done.etag, done.last_modified = found.headers.get("etag", ""), found.headers.get("last-modified", "")


def _request(system: System, feed: FeedConfig, url: str, etag: str = "", last_modified: str = "") -> Request:
    agency = system.config.agency
    contact = agency.contact or agency.cap_sender
    agent = "".join(c for c in f"crisis-broadcaster ({agency.name}, {contact})" if " " <= c <= "~")
    return Request(url, agent, etag, last_modified, feed.allow_private)


async def _taken(system: System, feed: FeedConfig, found: Fetched, done: Poll, actor: Actor) -> ParsedFeed:
    """Parse and ingest one document off the event loop."""
    parsed = await asyncio.to_thread(ingest.read, feed, found.body, found.headers)
    result = await asyncio.to_thread(ingest.take, system, feed, parsed, actor)
    done.entries += result.entries
    done.problems += [problem for problem in result.problems if problem.code != "more_pages"]
    return parsed


async def _follow(system: System, feed: FeedConfig, parsed: ParsedFeed, done: Poll, actor: Actor) -> None:
    """Further pages in their order, then the documents that an index links to, some side by side."""
    links = await _pages(system, feed, parsed, done, actor)
    with system.database.read() as connection:
        known = store.links(connection, feed.name)
    wanted = [link for link in links if _is_news(link, known.get(link.url))]
    if len(wanted) > MAX_LINKS:
        done.incomplete = True
        text = f"The index links {len(wanted)} new documents; {MAX_LINKS} were fetched, the others at the next poll."
        done.problems.append(Problem("many_links", text))
    gate = asyncio.Semaphore(LINKS_AT_ONCE)

    async def one(link: Link) -> None:
        async with gate:
            await _linked(system, feed, link, known.get(link.url), done, actor)

    await asyncio.gather(*(one(link) for link in wanted[:MAX_LINKS]))


async def _pages(system: System, feed: FeedConfig, parsed: ParsedFeed, done: Poll, actor: Actor) -> tuple[Link, ...]:
    """Ask for the next pages; the links that are no pages are returned."""
    for _ in range(MAX_PAGES):
        page = next((link for link in parsed.links if link.id == "next"), None)
        if page is None:
            return parsed.links
        found = await fetch(_request(system, feed, page.url))
        parsed = await _taken(system, feed, found, done, actor)
    done.incomplete = True
    done.problems.append(Problem("many_pages", f"More than {MAX_PAGES} pages; the rest was not read."))
    return ()


def _is_news(link: Link, row: Row[Any] | None) -> bool:
    """Never fetched, changed since by the index's word, or the index says nothing about changes."""
    return row is None or not link.updated or row.updated != link.updated


async def _linked(system: System, feed: FeedConfig, link: Link, row: Row[Any] | None, done: Poll, actor: Actor) -> None:
    """One linked document. Where it fails for now, the whole index is asked for again at the next poll."""
    etag, modified = (row.etag, row.last_modified) if row is not None else ("", "")
    try:
        found = await fetch(_request(system, feed, link.url, etag, modified))
    except FetchError as error:
        done.problems.append(Problem("link", f"{link.url}: {error}"))
        if not error.permanent:
            done.incomplete = True
            return
        found = None
    if found is not None and not found.unchanged:
        await _taken(system, feed, found, done, actor)
        etag, modified = found.headers.get("etag", ""), found.headers.get("last-modified", "")
    with system.database.write() as connection:
        store.put_link(connection, feed.name, link, etag, modified, system.now())


def _write_down(system: System, feed: FeedConfig, holder: str, row: Row[Any], done: Poll) -> None:
    """The poll's row, the feed's state, when it is due again."""
    failed = done.status == "error"
    failures = row.failures + 1 if failed else 0
    wait = delay(failures, feed.poll_seconds, done.retry_after, random.random()) if failed else feed.poll_seconds
    at = system.now()
    values: dict[str, Any] = {"failures": failures, "last_error": done.error}
    if not failed:
        values |= {"last_ok": at, "etag": done.etag, "last_modified": done.last_modified}
    with system.database.write() as connection:
        store.add_poll(
            connection,
            feed=feed.name,
            at=at,
            status=done.status,
            http_status=done.http_status,
            entries=len(done.entries),
            problems=[{"code": p.code, "text": p.text} for p in done.problems[:MAX_PROBLEMS]],
            error=done.error,
        )
        store.forget_links(connection, feed.name, at - LINKS_KEPT)
        if not store.release(connection, feed.name, holder, timedelta(seconds=wait), **values):
            log.warning("feed %s: the lease was lost during the poll", feed.name)
    if failed:
        log.warning("feed %s: %s; next try in %.0f s", feed.name, done.error, wait)
