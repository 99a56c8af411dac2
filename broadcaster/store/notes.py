"""An incident's notes. Functions take the caller's connection."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.store.schema import notes


def add(connection: Connection, incident: str, by: str, at: datetime, text: str) -> None:
    """Append one; notes are never changed."""
    connection.execute(notes.insert().values(incident=incident, by=by, at=at, text=text))


def of_incident(connection: Connection, incident: str) -> list[dict[str, Any]]:
    """Newest first."""
    query = sa.select(notes.c.by, notes.c.at, notes.c.text).where(notes.c.incident == incident)
    return [dict(row) for row in connection.execute(query.order_by(notes.c.id.desc())).mappings()]
