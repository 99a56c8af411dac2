"""Who does what is done once: a row with a holder and an end, by the database's clock."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.store import upsert
from broadcaster.store.engine import now
from broadcaster.store.schema import leases


def take(connection: Connection, name: str, holder: str, seconds: float) -> bool:
    """Take or renew the lease for ``seconds``; False while another holder has it."""
    at = now(connection)
    values = {"holder": holder, "until": at + timedelta(seconds=seconds)}
    row = (
        upsert.insert(connection, leases)
        .values(name=name, **values)
        .on_conflict_do_update(
            index_elements=["name"], set_=values, where=sa.or_(leases.c.until < at, leases.c.holder == holder)
        )
        .returning(leases.c.holder)
    )
    return connection.execute(row).first() is not None


def give(connection: Connection, name: str, holder: str) -> None:
    """Give the lease back, if it is ours."""
    connection.execute(leases.delete().where(leases.c.name == name, leases.c.holder == holder))
