"""What operators look at of subscribers: counts, and a few found ones. Functions take a ``Connection``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from broadcaster.store.schema import subscriber_channels, subscriber_zones, subscribers, zones

_s = subscribers.c
_here = sa.or_(
    sa.and_(_s.phone.is_not(None), _s.phone_out.is_(None)),
    sa.and_(_s.email.is_not(None), _s.email_out.is_(None)),
    _s.push.is_not(None),
)


def counts(connection: Connection) -> Any:
    """people, by_phone, by_email (each reachable now), left (by every address)."""

    def many(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)

    phone = sa.and_(_s.phone.is_not(None), _s.phone_out.is_(None))
    email = sa.and_(_s.email.is_not(None), _s.email_out.is_(None))
    return connection.execute(
        sa.select(
            many(_here).label("people"),
            many(phone).label("by_phone"),
            many(email).label("by_email"),
            many(~_here).label("left"),
        )
    ).one()


def by_language(connection: Connection) -> dict[str, int]:
    """Language -> people who can be reached."""
    query = sa.select(_s.language, sa.func.count().label("n")).where(_here).group_by(_s.language)
    return {row.language: row.n for row in connection.execute(query.order_by(sa.desc("n")))}


def by_zone(connection: Connection) -> list[Row[Any]]:
    """Every zone with its name and the people who can be reached in it, by name."""
    told = sa.case((_here, 1), else_=0)
    query = (
        sa.select(zones.c.id, zones.c.name, sa.func.coalesce(sa.func.sum(told), 0).label("people"))
        .outerjoin(subscriber_zones, subscriber_zones.c.zone == zones.c.id)
        .outerjoin(subscribers, _s.id == subscriber_zones.c.subscriber)
        .group_by(zones.c.id, zones.c.name)
        .order_by(zones.c.name)
    )
    return list(connection.execute(query))


def by_channel(connection: Connection) -> dict[str, int]:
    """Channel -> people who chose it by name."""
    query = sa.select(subscriber_channels.c.channel, sa.func.count().label("n"))
    return {row.channel: row.n for row in connection.execute(query.group_by(subscriber_channels.c.channel))}


def find(connection: Connection, parts: Sequence[str], zone: str, limit: int) -> list[Row[Any]]:
    """People whose phone or e-mail holds all of ``parts``, in the zone if one is given; by id."""
    query = sa.select(subscribers).order_by(_s.id).limit(limit)
    for part in parts:
        query = query.where(sa.or_(_s.phone.contains(part, autoescape=True), _s.email.icontains(part, autoescape=True)))
    if zone:
        query = query.where(_s.id.in_(sa.select(subscriber_zones.c.subscriber).where(subscriber_zones.c.zone == zone)))
    return list(connection.execute(query))


def zones_of(connection: Connection, ids: Sequence[int]) -> dict[int, list[str]]:
    """Subscriber -> names of the zones."""
    found: dict[int, list[str]] = {}
    query = sa.select(subscriber_zones.c.subscriber, zones.c.name).join(zones, zones.c.id == subscriber_zones.c.zone)
    for row in connection.execute(query.where(subscriber_zones.c.subscriber.in_(list(ids))).order_by(zones.c.name)):
        found.setdefault(row.subscriber, []).append(row.name)
    return found


def remove(connection: Connection, id: int) -> Row[Any] | None:
    """Forget a person: the row with all its zones and channels. The row as it was, None where there was none."""
    row = connection.execute(sa.select(subscribers).where(_s.id == id)).first()
    connection.execute(subscribers.delete().where(_s.id == id))
    return row
