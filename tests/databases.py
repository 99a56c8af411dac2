"""Databases for tests: SQLite files are copied, PostgreSQL databases are emptied and used again.

Making and dropping a PostgreSQL database costs a checkpoint each time; emptying one costs a few milliseconds.
"""

from __future__ import annotations

import itertools
import os

import sqlalchemy as sa

from broadcaster.domain.audit import GENESIS
from broadcaster.store.engine import Database
from broadcaster.store.schema import audit_head, metadata

_numbers = itertools.count()
_OTHERS = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = :name"
_EMPTY = """
DO $$ DECLARE item text; filled boolean; BEGIN
  SET LOCAL session_replication_role = replica;
  FOREACH item IN ARRAY ARRAY[{tables}] LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', item) INTO filled;
    IF filled THEN EXECUTE format('DELETE FROM %I', item); END IF;
  END LOOP;
  PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false)
    FROM pg_sequences WHERE last_value IS NOT NULL;
END $$
"""


def fill(database: Database) -> None:
    """All tables, and the rows every installation starts with (as the first migration does)."""
    metadata.create_all(database.engine)
    _first_rows(database)


def _first_rows(database: Database) -> None:
    with database.write() as connection:
        connection.execute(audit_head.insert().values(id=1, entry=0, mac=GENESIS))


class Postgres:
    """The databases of one test process on a cluster that others may share."""

    def __init__(self, url: str) -> None:
        self._admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        self._free: list[str] = []
        self._made: list[str] = []

    def take(self) -> str:
        """The name of a database with all tables and nothing else in them."""
        return self._free.pop() if self._free else self._new()

    def give_back(self, name: str) -> None:
        """Empty it for the next test; one whose tables a test has changed is thrown away."""
        with self._admin.connect() as connection:
            connection.execute(sa.text(_OTHERS), {"name": name})
        database = Database(self.url(name))
        try:
            if set(sa.inspect(database.engine).get_table_names()) != set(metadata.tables):
                return
            tables = ", ".join(f"'{table}'" for table in metadata.tables)
            with database.engine.begin() as connection:
                connection.execute(sa.text(_EMPTY.format(tables=tables)))
            _first_rows(database)
            self._free.append(name)
        finally:
            database.close()

    def bare(self) -> str:
        """The name of a database without tables."""
        name = f"test_{os.getpid()}_{next(_numbers)}"  # a given server is shared by parallel runs
        with self._admin.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        self._made.append(name)
        return name

    def url(self, name: str) -> str:
        """Its address."""
        return self._admin.url.set(database=name).render_as_string(hide_password=False)

    def close(self) -> None:
        """Drop all that was made."""
        with self._admin.connect() as connection:
            for name in self._made:
                connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        self._admin.dispose()

    def _new(self) -> str:
        name = self.bare()
        database = Database(self.url(name))
        fill(database)
        database.close()
        return name
