"""All rows out of a database and into another, SQLite or PostgreSQL alike."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.store.engine import Database
from broadcaster.store.schema import metadata

PASSING = frozenset({"heartbeats", "leases", "sessions", "challenges"})  # true of one moment only
RECORD = ("alerts", "audit_entries", "subscribers", "users", "zones", "feed_entries")  # rows here: not empty
CHUNK = 1000
TIME, BYTES = "$time", "$bytes"


def tables() -> list[sa.Table]:
    """The tables worth keeping, those that others refer to first."""
    return [table for table in metadata.sorted_tables if table.name not in PASSING]


@contextmanager
def snapshot(database: Database) -> Iterator[Connection]:
    """One consistent moment for many reads, while others write."""
    if database.sqlite:
        with database.read() as connection:
            yield connection
        return
    engine = database.engine.execution_options(isolation_level="REPEATABLE READ")
    with engine.connect() as connection:
        yield connection


def rows(connection: Connection, table: sa.Table) -> Iterator[dict[str, Any]]:
    """Every row as JSON-ready values, ordered by primary key."""
    for row in connection.execute(sa.select(table).order_by(*table.primary_key.columns)).mappings():
        yield {name: _out(value) for name, value in row.items()}


def occupied(connection: Connection) -> list[str]:
    """Tables of the record that hold rows."""
    return [name for name in RECORD if connection.execute(sa.select(metadata.tables[name]).limit(1)).first()]


def clear(connection: Connection) -> None:
    """Remove all rows, those that refer to others first."""
    for table in reversed(metadata.sorted_tables):
        connection.execute(table.delete())


def fill(connection: Connection, table: sa.Table, found: Iterator[dict[str, Any]]) -> int:
    """Insert rows that ``rows`` gave; returns how many. Afterwards the table numbers new rows behind them.

    Raises KeyError for a row whose columns are not the table's.
    """
    waiting: list[dict[str, Any]] = []
    count = 0
    for row in found:
        waiting.append({column.name: _in(column, row.pop(column.name)) for column in table.c})
        if row:
            raise KeyError(*row)
        count += 1
        if len(waiting) == CHUNK:
            connection.execute(table.insert(), waiting)
            waiting = []
    if waiting:
        connection.execute(table.insert(), waiting)
    _number_on(connection, table)
    return count


def _number_on(connection: Connection, table: sa.Table) -> None:
    column = table.autoincrement_column
    if connection.dialect.name != "postgresql" or column is None:
        return
    sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
    highest = sa.select(sa.func.max(column)).scalar_subquery()
    connection.execute(sa.select(sa.func.setval(sequence, sa.func.coalesce(highest, 1), highest.is_not(None))))


def _out(value: Any) -> Any:
    if isinstance(value, datetime):
        return {TIME: value.isoformat()}
    if isinstance(value, bytes):
        return {BYTES: base64.b64encode(value).decode("ascii")}
    return value


def _in(column: sa.Column[Any], value: Any) -> Any:
    if isinstance(column.type, sa.JSON) or not isinstance(value, dict):
        return value
    return datetime.fromisoformat(value[TIME]) if TIME in value else base64.b64decode(value[BYTES])
