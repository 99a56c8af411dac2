"""What an incident has besides its alerts: its hashtag, without the sign."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.store.schema import incidents


def hashtag(connection: Connection, incident: str) -> str:
    """The incident's hashtag; "" where it has none, or is not there yet."""
    query = sa.select(incidents.c.hashtag).where(incidents.c.id == incident)
    return connection.execute(query).scalar_one_or_none() or ""


def put_hashtag(connection: Connection, incident: str, tag: str) -> None:
    """Give it one, or none ("")."""
    connection.execute(incidents.update().where(incidents.c.id == incident).values(hashtag=tag or None))
