"""When each channel was last asked whether it can be used."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.store import upsert
from broadcaster.store.schema import channel_states

_c = channel_states.c


def last(connection: Connection) -> dict[str, datetime]:
    """Channel -> when."""
    query = sa.select(_c.name, _c.checked).where(_c.checked.is_not(None))
    return {row.name: row.checked for row in connection.execute(query)}


def put(connection: Connection, channel: str, at: datetime) -> None:
    """It was asked at that time."""
    made = upsert.insert(connection, channel_states).values(name=channel, reason="", checked=at)
    connection.execute(made.on_conflict_do_update(index_elements=[_c.name], set_={"checked": at}))
