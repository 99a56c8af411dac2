"""One way to the database, SQLite or PostgreSQL: engine, write transactions, aware times.

SQLite writers queue behind one ``flock`` on a side file, because its own busy waiting is unfair: two hot
senders starved the web part for seconds (measured; worst wait with the lock 34-48 ms).
"""

from __future__ import annotations

import fcntl
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.types import TypeDecorator

log = logging.getLogger(__name__)
T = TypeVar("T")
PAUSE_SECONDS = (0.02, 0.1)
BROKEN_OFF = ("40P01", "40001")  # deadlock_detected, serialization_failure


class Time(TypeDecorator[datetime]):
    """Aware UTC datetimes in and out; refuses naive ones. timestamptz in PostgreSQL, ISO text in SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime: times are aware UTC everywhere")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """The record. ``read()`` gives a snapshot connection, ``write()`` a transaction that commits at its end."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sqlite = url.startswith("sqlite")
        self.engine = _sqlite(url) if self.sqlite else _postgresql(url)
        self._gate = _Gate(url) if self.sqlite else None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One write transaction; on SQLite BEGIN IMMEDIATE behind the gate. Never nest."""
        if self._gate is None:
            with self.engine.begin() as connection:
                yield connection
            return
        with self._gate, self.engine.begin() as connection:
            yield connection

    @contextmanager
    def rebuild(self) -> Iterator[Connection]:
        """A write transaction that may make tables anew, for migrations. SQLite refuses to drop a table whose rows
        others name, so what ties rows together is not watched meanwhile and looked at once before the commit
        (sqlite.org/lang_altertable.html, section 7). Raises IntegrityError; then nothing was changed."""
        if self._gate is None:
            with self.write() as connection:
                yield connection
            return
        with self._gate, self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection  # the pragma does nothing once a transaction began
            driver.execute("PRAGMA foreign_keys=OFF")
            try:
                with connection.begin():
                    yield connection
                    _untied(connection)
            finally:
                driver.execute("PRAGMA foreign_keys=ON")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading; whatever is written on it is rolled back."""
        engine = self.engine.execution_options(broadcaster_read=True)
        with engine.connect() as connection:
            yield connection

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()
        if self._gate is not None:
            self._gate.close()


def _untied(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        raise sa.exc.IntegrityError(
            "PRAGMA foreign_key_check", None, ValueError(f"{len(broken)} rows name none: {broken[:3]}")
        )


def again(work: Callable[[], T], tries: int = 3) -> T:
    """Run ``work``, one whole transaction, anew where PostgreSQL broke it off to end a deadlock: it was rolled back
    then, so nothing of it was done. Nothing but the transaction may stand in ``work`` (no request, no wake-up)."""
    for _ in range(tries - 1):
        try:
            return work()
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "sqlstate", None) not in BROKEN_OFF:
                raise
            log.warning("a transaction was broken off (%s) and is run again", error.orig.sqlstate)  # type: ignore[union-attr]
            time.sleep(random.uniform(*PAUSE_SECONDS))  # else it may lock again before the other wakes
    return work()


def now(connection: Connection) -> datetime:
    """The database's clock: leases of several hosts are compared by it alone."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    moment: datetime = connection.execute(sa.text("SELECT clock_timestamp()")).scalar_one()
    return moment.astimezone(UTC)


class _Gate:
    """First come, nearly first served, over threads and processes; an unfair lock would starve the web part."""

    def __init__(self, url: str) -> None:
        path = sa.engine.make_url(url).database or ""
        self._path = Path(f"{path}.lock")
        self._threads = threading.Lock()
        self._file: Any = None

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            if self._file is None:
                self._file = self._path.open("a")
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except BaseException:
            self._threads.release()
            raise

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self._threads.release()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _sqlite(url: str) -> Engine:
    engine = sa.create_engine(url, connect_args={"isolation_level": None, "timeout": 30}, pool_size=20)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: object) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-65536"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("broadcaster_read")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _postgresql(url: str) -> Engine:
    waits = {"connect_timeout": 3}  # seconds; a host that is silent must not hold /readyz
    return sa.create_engine(url, pool_size=10, max_overflow=20, pool_pre_ping=True, connect_args=waits)
