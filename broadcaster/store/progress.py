"""Numbers of one broadcast for a live screen; each question one query. Functions take a ``Connection``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from broadcaster.store.schema import attempts, broadcast_messages, broadcasts, deliveries, subscriber_zones

_d, _b, _a, _m = deliveries.c, broadcasts.c, attempts.c, broadcast_messages.c


def broadcast(connection: Connection, alert_id: str) -> Row[Any] | None:
    """The alert's broadcast: id, created, stopped, ended, ended_reason, expanded, priority, people."""
    query = sa.select(_b.id, _b.created, _b.stopped, _b.ended, _b.ended_reason, _b.expanded, _b.priority, _b.people)
    rows: list[Row[Any]] = list(connection.execute(query.where(_b.alert == alert_id)))
    return rows[0] if rows else None


def by_zone(connection: Connection, broadcast_id: str, zones: Sequence[str]) -> dict[str, dict[str, int]]:
    """Zone -> state -> messages to its people; somebody of two zones counts in both.

    The zones are chosen here and not in SQL: asked for them, SQLite looks up each of them for each delivery, which took
    nine times as long for thirty zones.
    """
    z = subscriber_zones.c
    query = (
        sa.select(z.zone, _d.state, sa.func.count().label("n"))
        .join(subscriber_zones, z.subscriber == _d.subscriber)
        .where(_d.broadcast == broadcast_id)
        .group_by(z.zone, _d.state)
    )
    found: dict[str, dict[str, int]] = {zone: {} for zone in zones}
    for row in connection.execute(query):
        if row.zone in found:
            state = "queued" if row.state == "leased" else row.state
            found[row.zone][state] = found[row.zone].get(state, 0) + row.n
    return found


def over_time(connection: Connection, broadcast_id: str, step: int) -> tuple[dict[int, int], dict[int, int]]:
    """Sent and confirmed messages by the second they began and were confirmed, in steps of so many seconds."""
    taken = _a.state.in_(("accepted", "delivered"))
    sent = _by_time(connection, _a.started, taken, broadcast_id, step)
    return sent, _by_time(connection, _a.changed, _a.state == "delivered", broadcast_id, step)


def _by_time(
    connection: Connection, moment: sa.Column[Any], where: sa.ColumnElement[bool], broadcast_id: str, step: int
) -> dict[int, int]:
    second = sa.extract("epoch", moment)
    key = (second - second % step).label("key")
    query = sa.select(key, sa.func.count().label("n")).join(deliveries, _d.id == _a.delivery)
    rows = connection.execute(query.where(_d.broadcast == broadcast_id, where).group_by(key))
    return {int(row.key): row.n for row in rows}


def ahead(connection: Connection, channels: Sequence[str], priority: int) -> dict[str, int]:
    """Channel -> units (segments) that are queued before a new broadcast of this priority."""
    query = (
        sa.select(_d.channel, sa.func.sum(_m.segments).label("n"))
        .join(broadcast_messages, _m.id == _d.message)
        .join(broadcasts, _b.id == _d.broadcast)
        .where(_d.state.in_(("queued", "leased", "waiting")), _d.channel.in_(list(channels)))
        .where(_d.priority <= priority, _b.stopped.is_(None), _b.ended.is_(None))
        .group_by(_d.channel)
    )
    return {row.channel: int(row.n) for row in connection.execute(query)}


def segments(connection: Connection, broadcast_id: str) -> Mapping[str, int]:
    """Channel -> the most parts that one of its texts has."""
    query = sa.select(_m.channel, sa.func.max(_m.segments).label("n")).where(_m.broadcast == broadcast_id)
    return {row.channel: row.n for row in connection.execute(query.group_by(_m.channel))}
