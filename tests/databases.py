"""Databases for tests: a SQLite file is put back, a PostgreSQL database is emptied, and both are used again.

Making and dropping a PostgreSQL database costs a checkpoint each time; emptying one costs a few milliseconds. The
``Database`` stays too: a fresh one compiles every statement anew, which was a fifth of the time of most tests.
"""

from __future__ import annotations

import itertools
import os
import shutil
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import event

from broadcaster.domain.audit import GENESIS
from broadcaster.services import migrate
from broadcaster.store.engine import Database
from broadcaster.store.schema import audit_head, metadata

_numbers = itertools.count()
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
_SEQUENCES = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'"
_OTHERS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> ALL(%s) AND pid <> pg_backend_pid()
"""
_EMPTY = """
CREATE FUNCTION pg_temp.empty_all() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
  SET LOCAL session_replication_role = replica;
  {deletions}
  {sequences}
END $$
"""  # of this session alone: what a test sees of its database is as an installation has it
_DELETE = "IF EXISTS (SELECT 1 FROM {0}) THEN DELETE FROM {0}; END IF;"
_RESTART = "IF (SELECT is_called FROM {0}) THEN PERFORM setval('{0}', 1, false); END IF;"


def fill(database: Database) -> None:
    """All tables, and the rows every installation starts with (as the first migration does)."""
    metadata.create_all(database.engine)
    _first_rows(database)


def stamp(database: Database) -> None:
    """Its tables are those of the newest migration (tests/store/test_migrations.py): say so, as a migration would."""
    with database.write() as connection:
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
        connection.execute(sa.text("INSERT INTO alembic_version VALUES (:newest)"), {"newest": migrate.newest()})


def _first_rows(database: Database) -> None:
    with database.write() as connection:
        connection.execute(audit_head.insert().values(id=1, entry=0, mac=GENESIS))


class Sqlite:
    """The SQLite databases of one test process: each is the model's copy when it is taken."""

    def __init__(self, folder: Path, model: Path) -> None:
        self._folder, self._model = folder, model
        self._free: list[Database] = []

    def take(self) -> Database:
        """A database with all tables and nothing else in them."""
        database = self._free.pop() if self._free else self._new()
        path = Path(str(database.engine.url.database))
        for end in ("", "-wal", "-shm"):  # a new file each time: a thread left over from a test writes into the old one
            path.with_name(path.name + end).unlink(missing_ok=True)
        shutil.copyfile(self._model, path)
        return database

    def give_back(self, database: Database) -> None:
        """The next test may have it."""
        database.close()
        self._free.append(database)

    def _new(self) -> Database:
        database = Database(f"sqlite:///{self._folder}/{next(_numbers)}.db")

        @event.listens_for(database.engine, "connect")
        def no_waiting_for_the_disk(connection: Any, _: object) -> None:
            connection.execute("PRAGMA synchronous=OFF")  # as the cluster's fsync=off: no test cuts the power

        return database


class _Sweeper:
    """Empties one PostgreSQL database again and again over a connection that stays, with plans that stay."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pids: set[int] = set()
        event.listen(database.engine, "connect", lambda made, _: self._pids.add(made.info.backend_pid))
        event.listen(database.engine, "close", lambda made, _: self._pids.discard(made.info.backend_pid))
        url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection = psycopg.connect(url, autocommit=True)
        sequences = [row[0] for row in self._connection.execute(_SEQUENCES)]  # type: ignore[call-overload]
        deletions = "\n".join(_DELETE.format(table) for table in metadata.tables)
        restarts = "\n".join(_RESTART.format(name) for name in sequences)
        self._connection.execute(_EMPTY.format(deletions=deletions, sequences=restarts))  # type: ignore[call-overload]

    def sweep(self) -> bool:
        """Empty it, whoever still holds connections; False where a test has dropped tables."""
        pool: Any = self._database.engine.pool
        if pool.checkedout():  # some thread outlived its test: its connection ends with the others
            self._database.close()
            self._pids.clear()
        self._connection.execute(_OTHERS, (list(self._pids),))
        there = {row[0] for row in self._connection.execute(_TABLES)}
        if set(metadata.tables) - there:
            return False
        for more in there - set(metadata.tables):
            self._connection.execute(f"DROP TABLE {more}")  # type: ignore[call-overload]
        self._connection.execute("SELECT pg_temp.empty_all()")
        _first_rows(self._database)
        return True

    def close(self) -> None:
        self._database.close()
        self._connection.close()


class Postgres:
    """The databases of one test process on a cluster that others may share."""

    def __init__(self, url: str) -> None:
        self._admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        self._sweepers: dict[Database, _Sweeper] = {}
        self._free: list[Database] = []
        self._made: list[str] = []

    def take(self) -> Database:
        """A database with all tables and nothing else in them."""
        return self._free.pop() if self._free else self._new()

    def give_back(self, database: Database) -> None:
        """Empty it for the next test; one whose tables a test has dropped is thrown away."""
        if self._sweepers[database].sweep():
            self._free.append(database)
        else:
            self._sweepers.pop(database).close()

    def bare(self) -> str:
        """The URL of a database without tables."""
        name = f"test_{os.getpid()}_{next(_numbers)}"  # a given server is shared by parallel runs
        with self._admin.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        self._made.append(name)
        return self._admin.url.set(database=name).render_as_string(hide_password=False)

    def close(self) -> None:
        """Drop all that was made."""
        for sweeper in self._sweepers.values():
            sweeper.close()
        with self._admin.connect() as connection:
            for name in self._made:
                connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        self._admin.dispose()

    def _new(self) -> Database:
        database = Database(self.bare())
        fill(database)
        self._sweepers[database] = _Sweeper(database)
        return database
