"""What operators look at of feeds: polls, entries, and what became of each. Functions take a ``Connection``."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from broadcaster.store.broadcasts import of_zones
from broadcaster.store.schema import (
    alerts,
    feed_documents,
    feed_entries,
    feed_references,
    polls,
    shown,
    subscribers,
)

LONGEST = 100
_e, _d, _s = feed_entries.c, feed_documents.c, subscribers.c
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


def also_by(connection: Connection, row: Row[Any]) -> list[str]:
    """Other feeds that brought the very same message."""
    same = (_e.sender == row.sender, _e.identifier == row.identifier, _e.sent == row.sent, _e.feed != row.feed)
    return list(connection.execute(sa.select(_e.feed).where(*same).distinct().order_by(_e.feed)).scalars())


def thread(connection: Connection, row: Row[Any]) -> list[Row[Any]]:
    """All messages of its sender that are linked to it by what they name, oldest first; at most ``LONGEST`` steps."""
    found: dict[int, Row[Any]] = {}
    names = {row.identifier, *(one[1] for one in row.references)}
    columns = (_e.id, _e.identifier, _e.sent, _e.msg_type, _e.event, _e.feed, _e.references, _e.decision, _e.code)
    more = sa.select(*columns).where(_e.sender == row.sender, _e.sent.is_not(None), _e.code != "duplicate")
    for _ in range(LONGEST):
        naming = sa.select(feed_references.c.entry).where(feed_references.c.identifier.in_(sorted(names)))
        query = more.where(sa.or_(_e.identifier.in_(sorted(names)), _e.id.in_(naming))).limit(LONGEST)
        new = {one.id: one for one in connection.execute(query) if one.id not in found}
        if not new:
            break
        found |= new
        names = {one.identifier for one in new.values()} | {ref[1] for one in new.values() for ref in one.references}
    return sorted(found.values(), key=lambda one: (one.sent, one.id))


def documents(connection: Connection, feed: str) -> list[Row[Any]]:
    """The last documents as they came, without their bytes, newest first."""
    columns = (_d.id, _d.at, _d.content_type, _d.size)
    return list(connection.execute(sa.select(*columns).where(_d.feed == feed).order_by(_d.id.desc())))


def document(connection: Connection, feed: str, id: int) -> bytes | None:
    """The bytes of one."""
    query = sa.select(_d.body).where(_d.feed == feed, _d.id == id)
    found = connection.execute(query).scalar_one_or_none()
    return zlib.decompress(found) if found is not None else None


def people(connection: Connection, zones: Sequence[str]) -> int:
    """Subscribers of these zones who can be reached at all."""
    ways = [sa.and_(_s[way].is_not(None), _s[f"{way}_out"].is_(None)) for way in ("phone", "email")]
    query = sa.select(sa.func.count()).select_from(subscribers).where(sa.or_(*ways), of_zones(zones))
    return int(connection.execute(query).scalar_one())


def shown_of(connection: Connection, id: int) -> list[Row[Any]]:
    """How an entry stood on the page: state and since when."""
    query = sa.select(shown.c.state, shown.c.at, shown.c.zones).where(shown.c.entry == id).order_by(shown.c.at)
    return list(connection.execute(query))
