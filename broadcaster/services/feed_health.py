"""How every feed is, and telling the duty officers once of one that is not well, until it is."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import Row

from broadcaster.domain.config import FeedConfig
from broadcaster.domain.feed_health import RINGING, FeedFacts, Memory, feed_fault, told
from broadcaster.services.system import System
from broadcaster.store import alarms
from broadcaster.store import feeds as store

KIND = "feed_health"


def facts(feed: FeedConfig, state: Row[Any]) -> FeedFacts:
    """What ``domain.feed_health`` looks at, from a feed's row."""
    return FeedFacts(
        feed.poll_seconds,
        state.last_ok,
        state.failures,
        state.last_error,
        feed.stale_minutes,
        state.changed,
        Memory.of(state.memory),
    )


def fault(system: System, feed: FeedConfig, state: Row[Any] | None) -> str:
    """In one word what is wrong with a feed that is polled; "" for one that is well or off."""
    if state is None or not feed.enabled or not feed.url:
        return ""
    return feed_fault(facts(feed, state), system.now())


def ring(system: System) -> None:
    """Periodic: a feed with a fault is an alarm, over when it is well (or off, or gone from feeds.toml)."""
    with system.database.read() as connection:
        states = store.states(connection)
        open_ = {row.key for row in alarms.open_alarms(connection) if row.kind == KIND}
    at, sick = system.now(), {}
    for feed in system.config.feeds:
        state = states.get(feed.name)
        found = fault(system, feed, state)
        if state is not None and found in RINGING:
            sick[f"{KIND}:{feed.name}"] = told(feed.name, found, facts(feed, state), at)
    new, over = {key: text for key, text in sick.items() if key not in open_}, open_ - set(sick)
    if not new and not over:
        return
    with system.database.write() as connection:
        for key, text in new.items():
            alarms.ring(connection, key, KIND, text, at)
        for key in over:
            alarms.clear(connection, key, at)
