"""Migrations lead to exactly the schema, on both databases, once or at the same time."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from broadcaster.domain.audit import GENESIS
from broadcaster.domain.errors import ConfigError
from broadcaster.services import migrate
from broadcaster.store.engine import Database
from broadcaster.store.schema import audit_head, metadata


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
