"""Signs of life of the parts. Times are the database's clock, so that several hosts compare."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from broadcaster.store.schema import heartbeats

OK = "ok"
STARTING = "starting"  # came back after a death and has not yet lived through one beat
DOWN = "down"
KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Beat:
    """The last sign of one process. ``holder`` is "host:pid"."""

    part: str
    holder: str
    seen: datetime
    state: str


def beat(connection: Connection, part: str, holder: str, at: datetime, state: str = OK) -> None:
    """Write the sign of life of one process."""
    kind = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    row = kind(heartbeats).values(part=part, holder=holder, seen=at, state=state)
    connection.execute(row.on_conflict_do_update(index_elements=["part", "holder"], set_={"seen": at, "state": state}))


def mark_down(connection: Connection, holder: str) -> None:
    """What is known to be dead says so at once, instead of growing stale. ``holder`` as in ``Beat``."""
    connection.execute(heartbeats.update().where(heartbeats.c.holder == holder).values(state=DOWN))


def mark_host_down(connection: Connection, host: str) -> None:
    """A supervisor starts: whatever ran on this host before it is gone."""
    connection.execute(
        heartbeats.update().where(heartbeats.c.holder.startswith(f"{host}:", autoescape=True)).values(state=DOWN)
    )


def forget(connection: Connection, at: datetime) -> None:
    """Drop the signs of processes long gone."""
    connection.execute(heartbeats.delete().where(heartbeats.c.seen < at - KEPT))


def every(connection: Connection) -> tuple[Beat, ...]:
    """All signs kept, the newest first."""
    rows = connection.execute(sa.select(heartbeats).order_by(heartbeats.c.seen.desc()))
    return tuple(Beat(row.part, row.holder, row.seen, row.state) for row in rows)
