"""Kill switches in SQL. Functions take a ``Connection``; callers own the transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.switches import channel_of
from broadcaster.store.schema import switches
from broadcaster.store.upsert import insert

_c = switches.c
_LOCK = 0x5357495443484553  # an advisory lock of PostgreSQL: "SWITCHES"


@dataclass(frozen=True, slots=True)
class Stopped:
    """Something that a person has stopped: ``name`` is sending, rules or channel:NAME."""

    name: str
    by: str
    at: datetime
    reason: str


def stopped(connection: Connection) -> tuple[Stopped, ...]:
    """All that is stopped now, the widest first (sending, rules, then channels by name)."""
    query = sa.select(_c.name, _c.by, _c.at, _c.reason).where(_c.on.is_(True))
    found = [Stopped(row.name, row.by, row.at, row.reason) for row in connection.execute(query)]
    return tuple(sorted(found, key=lambda one: ({"sending": 0, "rules": 1}.get(one.name, 2), one.name)))


def any_on(connection: Connection, *names: str) -> bool:
    """Is one of these stopped?"""
    return (
        connection.execute(sa.select(_c.name).where(_c.name.in_(names), _c.on.is_(True)).limit(1)).first() is not None
    )


def stopped_channels(connection: Connection) -> set[str]:
    """Names of the channels that a person rests."""
    return {name for one in stopped(connection) if (name := channel_of(one.name))}


def hold(connection: Connection) -> None:
    """Let nobody's stop be answered before this transaction ends: what it reads of the switches is then still true.

    PostgreSQL; SQLite writes alone anyway. Those who hold it do not hinder one another.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(_LOCK)))


def stop(connection: Connection, name: str, by: str, at: datetime, reason: str) -> bool:
    """Stop it. False where somebody had stopped it already; who was first stays. Waits for those who ``hold``."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    values = {"on": True, "by": by, "at": at, "reason": reason}
    made = insert(connection, switches).values(name=name, **values)
    done = made.on_conflict_do_update(index_elements=[_c.name], set_=values, where=_c.on.is_(False))
    return connection.execute(done.returning(_c.name)).first() is not None


def resume(connection: Connection, name: str, by: str, at: datetime, reason: str) -> bool:
    """Let it go on. False where it was not stopped."""
    values = {"on": False, "by": by, "at": at, "reason": reason}
    return connection.execute(switches.update().where(_c.name == name, _c.on.is_(True)).values(**values)).rowcount == 1
