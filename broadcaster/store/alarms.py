"""Alarms: what somebody must act on, one row per key; and pauses of channels."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.store import upsert
from broadcaster.store.schema import alarms, channel_states

PAUSE_SECONDS = 60


def ring(connection: Connection, key: str, kind: str, text: str, at: datetime) -> None:
    """Raise or renew an alarm."""
    values = {"kind": kind, "text": text, "at": at, "cleared": None}
    if connection.execute(alarms.update().where(alarms.c.key == key).values(**values)).rowcount == 0:
        connection.execute(alarms.insert().values(key=key, **values))


def clear(connection: Connection, key: str, at: datetime) -> None:
    """What the alarm was about is over."""
    connection.execute(alarms.update().where(alarms.c.key == key, alarms.c.cleared.is_(None)).values(cleared=at))


def known(connection: Connection, key: str) -> bool:
    """Did this alarm ever ring?"""
    return connection.execute(sa.select(alarms.c.key).where(alarms.c.key == key)).first() is not None


def open_alarms(connection: Connection) -> list[sa.Row[tuple[str, str, str, datetime]]]:
    """Alarms nobody has cleared, the newest first."""
    query = sa.select(alarms.c.key, alarms.c.kind, alarms.c.text, alarms.c.at).where(alarms.c.cleared.is_(None))
    return list(connection.execute(query.order_by(alarms.c.at.desc())))


def pause(connection: Connection, channel: str, reason: str, at: datetime) -> None:
    """Nothing goes out on this channel for a minute; then it is tried again."""
    values = {"paused": at, "reason": reason}
    made = upsert.insert(connection, channel_states).values(name=channel, **values)
    connection.execute(made.on_conflict_do_update(index_elements=[channel_states.c.name], set_=values))


def paused(connection: Connection, at: datetime) -> dict[str, str]:
    """Channels that rest now, each with the reason."""
    since = at - timedelta(seconds=PAUSE_SECONDS)
    query = sa.select(channel_states.c.name, channel_states.c.reason).where(channel_states.c.paused > since)
    return {row.name: row.reason for row in connection.execute(query)}
