"""What nothing proved and people wrote an alert from, once a proof comes: the same thread, no second text.

A message without a proof moves nothing (``domain.triage.unproven``). But when a person has written an alert from one,
that person answers for it; then the same message with a proof leads to that alert, and a proven Update or Cancel that
names it speaks of that alert.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert, State
from broadcaster.domain.config import FeedConfig
from broadcaster.domain.feed_entry import FeedEntry
from broadcaster.domain.lifecycle import PENDING
from broadcaster.domain.message import Finding
from broadcaster.domain.triage import Known, speaks_of
from broadcaster.services.system import System
from broadcaster.store import alerts, feeds, mailboxes

PROVEN = "proven_since"
REFUSED = (State.REJECTED, State.DISCARDED)  # a person said no, perhaps because nothing proved it


def doubted(system: System, feed: FeedConfig) -> frozenset[str]:
    """The feeds without proof of which this one may speak: a mailbox's own; official ones are one voice."""
    if feed.unverified_of:
        return frozenset()
    found = set()
    for other in system.config.feeds:
        base = system.config.feed(other.unverified_of) if other.unverified_of else None
        if base and (base.name == feed.name or (base.trust == feed.trust == "official")):
            found.add(other.name)
    return frozenset(found)


def vouched(
    system: System, connection: Connection, feed: FeedConfig, entry: FeedEntry, at: datetime
) -> tuple[Known, ...]:
    """Messages without a proof that this one replaces, where people are writing an alert of them or it is live."""
    names = doubted(system, feed)
    if not names:
        return ()
    message = entry.message
    found = feeds.known(connection, names, [message], at)[message.sender]
    spoken = {known.alert: known for known in found if known.alert and speaks_of(entry, feed.name, known)}
    alive = [one for one in alerts.by_ids(connection, spoken) if one.state in (*PENDING, State.LIVE)]
    return tuple(spoken[one.id] for one in alive)


def twins(system: System, connection: Connection, feed: FeedConfig, entry: FeedEntry) -> list[tuple[int, str | None]]:
    """(entry, alert) of the very same message as it came without a proof."""
    names = doubted(system, feed)
    return mailboxes.same(connection, names, entry) if names else []


def written(system: System, connection: Connection, feed: FeedConfig, entry: FeedEntry) -> Alert | None:
    """The alert that people wrote from the very same message before it was proven, unless they refused it."""
    made = [alert for _, alert in twins(system, connection, feed, entry) if alert]
    found = [one for one in alerts.by_ids(connection, made) if one.state not in REFUSED]
    return found[-1] if found else None


def say(connection: Connection, alert: Alert, feed: FeedConfig) -> None:
    """Everybody who looks at the alert sees it."""
    text = f"The message that it was written from has come with a proof of its sender, by the feed {feed.name}."
    alerts.add_finding(connection, alert.id, Finding(PROVEN, text))
