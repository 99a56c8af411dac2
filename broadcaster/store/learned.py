"""What providers say they carry, the last word of each, by channel."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.channel import Learned
from broadcaster.store import upsert
from broadcaster.store.schema import channel_states

_c = channel_states.c


def last(connection: Connection) -> dict[str, tuple[Learned, datetime]]:
    """Channel -> (what its provider said, when)."""
    query = sa.select(_c.name, _c.length, _c.url_length, _c.learned_from, _c.learned).where(_c.learned.is_not(None))
    return {name: (Learned(length, url, source), at) for name, length, url, source, at in connection.execute(query)}


def put(connection: Connection, channel: str, learned: Learned, at: datetime) -> None:
    """Keep a provider's word, whatever stood there."""
    values = {"length": learned.length, "url_length": learned.url, "learned_from": learned.source, "learned": at}
    made = upsert.insert(connection, channel_states).values(name=channel, reason="", **values)
    connection.execute(made.on_conflict_do_update(index_elements=[_c.name], set_=values))
