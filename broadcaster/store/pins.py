"""Posts at the top of an account: which ought to be there, and which no longer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from broadcaster.store import upsert
from broadcaster.store.schema import alerts, attempts, broadcasts, deliveries, pins

a, d = attempts.c, deliveries.c
ALL_CLEAR = ("lifted", "cancelled")


def wanted(connection: Connection, channels: Sequence[str]) -> list[Row[tuple[int, str, str]]]:
    """(delivery, channel, the provider's id) of posts of dangers in force that are not at the top yet.

    Of a thread the first post; all clears and corrections need not stay there.
    """
    query = _posts().outerjoin(pins, pins.c.delivery == d.id)
    first = sa.and_(d.subscriber.is_(None), d.after.is_(None), d.edits.is_(None))
    danger = sa.or_(alerts.c.ending.is_(None), alerts.c.ending.not_in(ALL_CLEAR))
    where = (pins.c.delivery.is_(None), alerts.c.state == "live", danger, first, d.channel.in_(list(channels)))
    return _read(connection, query, *where)


def over(connection: Connection, channels: Sequence[str]) -> list[Row[tuple[int, str, str]]]:
    """The same of posts at the top whose alert has ended."""
    query = _posts().join(pins, pins.c.delivery == d.id)
    return _read(connection, query, ~pins.c.refused, alerts.c.state != "live", d.channel.in_(list(channels)))


def put(connection: Connection, delivery: int, refused: bool, at: datetime) -> None:
    """It is at the top, or the account refused that for good."""
    made = upsert.insert(connection, pins).values(delivery=delivery, refused=refused, at=at)
    connection.execute(made.on_conflict_do_nothing())


def drop(connection: Connection, delivery: int) -> None:
    """It is no longer at the top."""
    connection.execute(pins.delete().where(pins.c.delivery == delivery))


def _posts() -> sa.Join:
    return (
        sa.join(alerts, broadcasts, broadcasts.c.alert == alerts.c.id)
        .join(deliveries, d.broadcast == broadcasts.c.id)
        .join(attempts, a.delivery == d.id)
    )


def _read(
    connection: Connection, source: sa.FromClause, *where: sa.ColumnElement[bool]
) -> list[Row[tuple[int, str, str]]]:
    stands = sa.and_(a.provider_id.is_not(None), a.state.in_(("accepted", "delivered")))
    query = sa.select(d.id, d.channel, a.provider_id).select_from(source).where(stands, *where).order_by(d.id)
    return list(connection.execute(query))
