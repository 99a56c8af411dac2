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
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.engine import Row

from alert_feeds.fetch import FetchError
from alert_feeds.retry import delay
from broadcaster.domain.config import FeedConfig
from broadcaster.domain.errors import BroadcasterError, Invalid, NotFound, Refused
from broadcaster.domain.feed_health import Look, Memory, learnt, pace
from broadcaster.domain.snapshot import stamp
from broadcaster.services.poll_feed import OF_THE_POLL, Poll, Polling
from broadcaster.services.poll_mailbox import MailPolling
from broadcaster.services.system import SYSTEM, Actor, System
from broadcaster.store import feeds as store
from broadcaster.store.engine import now

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=180)
LIMIT_SECONDS = 120.0  # for one feed with everything it links to; below the lease
FEEDS_AT_ONCE = 4
LINKS_KEPT = timedelta(days=14)
MAX_PROBLEMS = 50  # written down in a poll's row


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
            if feed.is_mailbox:
                await MailPolling(system, feed, row, actor, done).run()
            else:
                await Polling(system, feed, row, actor, done, anew=early).run()
    except TimeoutError:
        done.fail(f"Not finished within {LIMIT_SECONDS:g} s; what was read was taken")
    except FetchError as error:
        done.http_status, done.retry_after = error.status, error.retry_after
        done.fail(str(error))
    except BroadcasterError as error:
        done.fail(str(error))
    _write_down(system, feed, holder, row, done)
    return done


def _write_down(system: System, feed: FeedConfig, holder: str, row: Row[Any], done: Poll) -> None:
    """The poll's row, the feed's state, when it is due again."""
    failed = done.status == "error"
    failures = row.failures + 1 if failed else 0
    at = system.now()
    values: dict[str, Any] = {"failures": failures, "last_error": done.error}
    if not failed:
        values |= {"last_ok": at, "etag": done.etag, "last_modified": done.last_modified, "digest": done.digest}
        values |= _remembered(row, done, at)
    with system.database.write() as connection:
        near = pace(feed.poll_seconds, store.live(connection, feed.name))
        wait = delay(failures, feed.poll_seconds, done.retry_after, random.random()) if failed else near
        store.add_poll(
            connection,
            feed=feed.name,
            at=at,
            status=done.status,
            http_status=done.http_status,
            entries=len(done.entries),
            problems=[{"code": p.code, "text": p.text} for p in done.problems[:MAX_PROBLEMS]],
            error=done.error,
            took=done.took,
        )
        if done.followed:
            store.forget_links(connection, feed.name, at - LINKS_KEPT)
        if not store.release(connection, feed.name, holder, timedelta(seconds=wait), **values):
            log.warning("feed %s: the lease was lost during the poll", feed.name)
    if failed:
        log.warning("feed %s: %s; next try in %.0f s", feed.name, done.error, wait)


def _remembered(row: Row[Any], done: Poll, at: datetime) -> dict[str, Any]:
    """What this poll teaches of the feed."""
    changed = done.status == "ok" or done.moved
    gap = round((at - row.changed).total_seconds()) if changed and row.changed else None
    unread = sum(problem.code not in OF_THE_POLL for problem in done.problems)
    memory = learnt(Memory.of(row.memory), Look(at, done.took, gap, done.size, unread))
    return {"memory": memory.as_dict()} | ({"changed": at} if changed else {})
