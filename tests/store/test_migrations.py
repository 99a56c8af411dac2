"""Migrations lead to exactly the schema, on both databases, once or at the same time."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from broadcaster.domain.audit import GENESIS
from broadcaster.domain.errors import ConfigError
from broadcaster.services import migrate
from broadcaster.store import incidents
from broadcaster.store.engine import Database
from broadcaster.store.schema import audit_head, broadcast_messages, deliveries, messages, metadata


@pytest.fixture
def empty(database: Database) -> Iterator[Database]:
    """A database without any table."""
    metadata.drop_all(database.engine)
    yield database
    with database.write() as connection:
        connection.execute(sa.text("DROP TABLE IF EXISTS alembic_version"))


def test_migrations_lead_to_the_schema_of_the_code(empty: Database) -> None:
    assert migrate.migrate(empty) == ("", migrate.newest())
    with empty.read() as connection:
        assert migrate.differences(connection) == []


def test_partial_indexes_are_the_same_as_in_the_schema(tmp_path: Path) -> None:
    query = sa.text("SELECT name, replace(replace(sql, '\"', ''), ' ', '') FROM sqlite_master WHERE type = 'index'")
    found = []
    for name in ("migrated", "created"):
        database = Database(f"sqlite:///{tmp_path}/{name}.db")
        if name == "migrated":
            migrate.migrate(database)
        else:
            metadata.create_all(database.engine)
        with database.read() as connection:
            rows = connection.execute(query).all()
        found.append({row[0]: row[1] for row in rows if row[1]})
        database.close()
    assert found[0] == found[1]


def test_the_audit_chain_can_begin_at_once(empty: Database) -> None:
    migrate.migrate(empty)
    with empty.read() as connection:
        assert connection.execute(sa.select(audit_head)).one() == (1, 0, GENESIS)


def test_migrating_twice_changes_nothing(empty: Database) -> None:
    migrate.migrate(empty)
    assert migrate.migrate(empty) == (migrate.newest(), migrate.newest())


def test_two_hosts_may_migrate_at_the_same_time(empty: Database) -> None:
    failures: list[BaseException] = []

    def go() -> None:
        try:
            migrate.migrate(empty)
        except (sa.exc.SQLAlchemyError, ConfigError) as error:
            failures.append(error)

    threads = [threading.Thread(target=go) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_what_is_pending_is_known(empty: Database) -> None:
    assert migrate.pending(empty)
    migrate.migrate(empty)
    assert not migrate.pending(empty)


def test_a_database_of_a_newer_version_is_refused_by_name(empty: Database) -> None:
    migrate.migrate(empty)
    with empty.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError) as caught:
        migrate.migrate(empty)
    assert "9999" in caught.value.text


def test_a_failing_migration_leaves_nothing_behind(empty: Database) -> None:
    with empty.write() as connection:
        connection.execute(sa.text("CREATE TABLE zones (id INTEGER)"))  # in the way of the first migration
    with pytest.raises(sa.exc.SQLAlchemyError):
        migrate.migrate(empty)
    assert sa.inspect(empty.engine).get_table_names() == ["zones"]


def test_what_an_earlier_version_wrote_is_still_there_after_migrating(empty: Database) -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    with empty.write() as connection:
        command.upgrade(migrate._alembic(connection), "0002")
        old = sa.MetaData()
        old.reflect(connection)
        for table, row in _an_alert_on_its_way(at):
            connection.execute(old.tables[table].insert().values(**row))
    assert migrate.migrate(empty) == ("0002", migrate.newest())
    with empty.read() as connection:
        assert migrate.differences(connection) == []
        m, b, d = messages.c, broadcast_messages.c, deliveries.c
        assert [tuple(r) for r in connection.execute(sa.select(m.text, m.number))] == [("Leave now.", 0)]
        assert [tuple(r) for r in connection.execute(sa.select(b.id, b.text, b.number))] == [(7, "Leave now.", 0)]
        assert [tuple(r) for r in connection.execute(sa.select(d.message, d.state, d.after, d.edits))] == [
            (7, "queued", None, None)
        ]
        assert incidents.hashtag(connection, "i") == ""
    with pytest.raises(sa.exc.IntegrityError), empty.write() as connection:  # what held rows together still does
        connection.execute(broadcast_messages.delete())


def _an_alert_on_its_way(at: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "incidents", {"id": "i", "title": "Fire", "created": at}
    alert = {"id": "a", "slug": "a", "incident": "i", "state": "live", "revision": 1, "mode": "actual", "digest": "d"}
    alert |= {"msg_type": "Alert", "content": {"template": "tornado"}, "zones": ["v"], "channels": ["sms"]}
    yield "alerts", alert | {"created": at, "until_lifted": False, "unresolved": [], "signature_owed": False}
    text = {"channel": "sms", "language": "en", "subject": "", "text": "Leave now.", "segments": 1}
    yield "messages", text | {"alert": "a", "characters": 10}
    cast = {"id": "b", "alert": "a", "mode": "actual", "digest": "d", "created": at, "priority": 1, "audience": {}}
    cast |= {"channels": ["sms"], "languages": ["en"], "people": {}, "highest_subscriber": 0, "cursor": 0}
    yield "broadcasts", cast | {"cursor_channel": 0}
    yield "broadcast_messages", text | {"id": 7, "broadcast": "b"}
    row = {"id": 9, "broadcast": "b", "channel": "sms", "recipient": "+15005550101", "message": 7, "state": "queued"}
    yield "deliveries", row | {"priority": 1, "due": at, "tries": 0, "code": "", "reason": "", "changed": at}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # PostgreSQL watches the ties all the time
def test_a_rebuilding_that_would_leave_rows_without_what_they_name_is_taken_back(database: Database) -> None:
    with database.write() as connection:
        for name, row in _an_alert_on_its_way(datetime(2026, 11, 22, tzinfo=UTC)):
            extra = {"number": 0} if name.endswith("messages") else {}
            connection.execute(metadata.tables[name].insert().values(**row, **extra))
    with pytest.raises(sa.exc.IntegrityError, match="name none"), database.rebuild() as connection:
        connection.execute(broadcast_messages.delete())
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(broadcast_messages)).scalar_one() == 1
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
