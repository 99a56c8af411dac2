"""Brings the database to this version's tables: in ``serve``, ``migrate`` and releases, never in the web part."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config as Alembic
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from broadcaster.domain.errors import ConfigError
from broadcaster.store.engine import Database
from broadcaster.store.schema import metadata

FOLDER = Path(__file__).parents[1] / "store" / "migrations"
LOCK = 0x62636173  # PostgreSQL advisory lock: two hosts may start at once


def migrate(database: Database) -> tuple[str, str]:
    """Upgrade to the newest revision in one transaction; returns (before, after), "" for an empty database.

    Raises ConfigError where the database is newer than this code.
    """
    with database.rebuild() as connection:
        if not database.sqlite:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        before = revision(connection)
        _known(before)
        command.upgrade(_alembic(connection), "head")
        return before, revision(connection)


def revision(connection: Connection) -> str:
    """The revision the database stands at; "" where it has no tables yet."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def newest() -> str:
    """The revision this code wants."""
    return ScriptDirectory(str(FOLDER)).get_current_head() or ""


def pending(database: Database) -> bool:
    """Whether ``migrate`` has something to do."""
    with database.read() as connection:
        return revision(connection) != newest()


def differences(connection: Connection) -> list[object]:
    """How the tables differ from the schema; empty where migrations and schema agree."""
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


def write(message: str, database: Database, number: str) -> None:
    """Write the migration that takes ``database`` to the schema (for developers: CONTRIBUTING.md)."""
    with database.write() as connection:
        command.revision(_alembic(connection), message, autogenerate=True, rev_id=number)


def _alembic(connection: Connection) -> Alembic:
    config = Alembic()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


def _known(found: str) -> None:
    known = {script.revision for script in ScriptDirectory(str(FOLDER)).walk_revisions()}
    if found and found not in known:
        raise ConfigError(
            "S020",
            "DATABASE_URL",
            f"the database stands at revision {found}, which this version does not know",
            "run the newer version, or restore a backup of this one",
        )
