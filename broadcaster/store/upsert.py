"""INSERT … ON CONFLICT in the words that SQLite and PostgreSQL share."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection


def insert(connection: Connection, table: sa.Table) -> Any:
    """An insert with ``on_conflict_do_nothing`` and ``on_conflict_do_update``, for this connection's database."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
