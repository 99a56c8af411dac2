"""What operators look at of feeds: polls, entries, and what became of each. Functions take a ``Connection``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from broadcaster.store.schema import alerts, feed_entries, polls, shown

_e = feed_entries.c
_SHORT = [column for column in feed_entries.c if column.name not in ("raw", "references", "vtec", "findings")]


def last_polls(connection: Connection, feed: str, limit: int) -> list[Row[Any]]:
    """The newest polls of a feed."""
    query = sa.select(polls).where(polls.c.feed == feed).order_by(polls.c.id.desc()).limit(limit)
    return list(connection.execute(query))


def entries(
    connection: Connection, feed: str | None, waiting_at: datetime | None, before: int | None, limit: int
) -> list[Row[Any]]:
    """Entries, newest first: of one feed or of all; with ``waiting_at`` those that wait for a person at that time."""
    query = sa.select(*_SHORT, alerts.c.state).outerjoin(alerts, alerts.c.id == _e.alert)
    if feed is not None:
        query = query.where(_e.feed == feed)
    if waiting_at is not None:
        query = query.where(_e.awaits.is_not(None), sa.or_(_e.ends.is_(None), _e.ends > waiting_at))
    if before is not None:
        query = query.where(_e.id < before)
    return list(connection.execute(query.order_by(_e.id.desc()).limit(limit)))


def entry(connection: Connection, id: int) -> Row[Any] | None:
    """One entry with its bytes, and the state of our alert where one was made."""
    query = sa.select(feed_entries, alerts.c.state).outerjoin(alerts, alerts.c.id == _e.alert).where(_e.id == id)
    return connection.execute(query).first()


def shown_of(connection: Connection, id: int) -> list[Row[Any]]:
    """How an entry stood on the page: state and since when."""
    query = sa.select(shown.c.state, shown.c.at, shown.c.zones).where(shown.c.entry == id).order_by(shown.c.at)
    return list(connection.execute(query))
