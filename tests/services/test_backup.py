"""What was backed up comes back, whole or not at all, on either database."""

import json
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from broadcaster.domain.errors import Invalid, Refused
from broadcaster.services import audit, backup, migrate
from broadcaster.services.system import SYSTEM, System
from broadcaster.store import dump, heartbeats
from broadcaster.store.engine import Database, Time, now
from broadcaster.store.schema import audit_entries, feed_entries, incidents, subscribers
from tests.databases import Postgres, Sqlite, stamp

ONCE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # the archive, whatever the database

T = datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def full(system: System, monkeypatch: pytest.MonkeyPatch) -> System:
    """A migrated installation with a row of each difficult kind, its key in the data folder."""
    monkeypatch.delenv("SECRET_KEY", raising=False)
    stamp(system.database)
    Path(system.settings.data, "secret_key").write_text(system.settings.secret_key)
    Path(system.settings.config).mkdir()
    Path(system.settings.config, "agency.toml").write_text("[agency]\n")
    with system.database.write() as connection:
        connection.execute(incidents.insert().values(id="i1", title="Fire – Ωmega", created=T))
        connection.execute(subscribers.insert(), [subscriber(1), subscriber(7)])
        connection.execute(feed_entries.insert().values(**feed_entry()))
        audit.record(system, connection, SYSTEM, "test", "x", T, words={"$time": "not a time"})
    return system


def subscriber(number: int) -> dict[str, Any]:
    row = {c.name: None for c in subscribers.c}
    return row | {
        "id": number,
        "phone": f"+1202555010{number}",
        "language": "es",
        "groups": [],
        "consent_source": "",
        "created": T,
    }


def feed_entry() -> dict[str, Any]:
    given: dict[type, Any] = {sa.String: "x", sa.Text: "x", sa.BigInteger: 1, sa.LargeBinary: b"\x00\xff<alert/>"}
    given |= {Time: T, sa.JSON: []}
    row = {c.name: None if c.nullable else given[type(c.type)] for c in feed_entries.c if not c.foreign_keys}
    return row | {"references": [{"a": 1}]}


@pytest.fixture(params=["sqlite", "postgresql"])
def other(request: pytest.FixtureRequest, tmp_path: Path, full: System) -> Iterator[System]:
    """An empty installation of either kind, on another folder."""
    databases: Sqlite | Postgres = request.getfixturevalue("sqlite" if request.param == "sqlite" else "postgres")
    database = databases.take()
    stamp(database)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "secret_key").write_text("another key")
    settings = replace(full.settings, data=str(folder), config=str(folder / "config"), secret_key="another key")
    yield replace(full, settings=settings, database=database)
    databases.give_back(database)


def contents(database: Database) -> dict[str, list[dict[str, Any]]]:
    with database.read() as connection:
        return {table.name: list(dump.rows(connection, table)) for table in dump.tables()}


def test_every_row_comes_back_on_either_database(full: System, other: System, tmp_path: Path) -> None:
    backup.backup(full, SYSTEM, tmp_path / "b.zip")
    before = contents(full.database)
    counts = backup.restore(other, SYSTEM, tmp_path / "b.zip")
    after = contents(other.database)
    assert counts["subscribers"] == 2
    entry = after["audit_entries"].pop()
    assert (entry["verb"], entry["detail"]) == ("restore", {"rows": sum(counts.values())})
    noted = before["audit_entries"].pop()  # written after the snapshot
    assert noted["verb"] == "backup"
    del before["audit_head"], after["audit_head"]
    assert after == before


@ONCE
def test_the_key_and_the_configuration_come_along_and_the_chain_is_whole(
    full: System, other: System, tmp_path: Path
) -> None:
    backup.backup(full, SYSTEM, tmp_path / "b.zip")
    backup.restore(other, SYSTEM, tmp_path / "b.zip")
    kept = Path(other.settings.data, "secret_key")
    assert kept.read_text() == full.settings.secret_key
    assert stat.S_IMODE(kept.stat().st_mode) & 0o077 == 0 or kept.stat().st_mode & 0o777 == 0o644
    assert Path(other.settings.config, "agency.toml").read_text() == "[agency]\n"
    assert audit.verify(replace(other, settings=full.settings)) == []


def test_new_rows_are_numbered_behind_the_old_ones(full: System, other: System, tmp_path: Path) -> None:
    backup.backup(full, SYSTEM, tmp_path / "b.zip")
    backup.restore(other, SYSTEM, tmp_path / "b.zip")
    row = {name: value for name, value in subscriber(9).items() if name != "id"}
    with other.database.write() as connection:
        made = connection.execute(subscribers.insert().values(row)).inserted_primary_key
    assert made is not None
    assert made[0] == 8


@ONCE
def test_a_backup_is_its_owners_alone_and_never_overwrites(full: System, tmp_path: Path) -> None:
    file = tmp_path / "b.zip"
    backup.backup(full, SYSTEM, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    size = file.stat().st_size
    with pytest.raises(Refused):
        backup.backup(full, SYSTEM, file)
    assert file.stat().st_size == size
    assert list(tmp_path.glob("*.part")) == []


@ONCE
def test_a_backup_that_cannot_be_written_leaves_nothing(full: System, tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        backup.backup(full, SYSTEM, tmp_path / "no" / "b.zip")


def test_a_database_with_rows_is_refused_unless_forced(full: System, tmp_path: Path) -> None:
    backup.backup(full, SYSTEM, tmp_path / "b.zip")
    with pytest.raises(Refused, match="not_empty"):
        backup.restore(full, SYSTEM, tmp_path / "b.zip")
    with full.database.write() as connection:
        connection.execute(incidents.insert().values(id="later", title="", created=T))
    backup.restore(full, SYSTEM, tmp_path / "b.zip", force=True)
    assert [row["id"] for row in contents(full.database)["incidents"]] == ["i1"]


@ONCE
def test_running_parts_are_refused_even_when_forced(full: System, tmp_path: Path) -> None:
    backup.backup(full, SYSTEM, tmp_path / "b.zip")
    with full.database.write() as connection:
        heartbeats.beat(connection, "sender", "h:1", now(connection))
    with pytest.raises(Refused, match="sender still run"):
        backup.restore(full, SYSTEM, tmp_path / "b.zip", force=True)


@ONCE
def test_a_key_that_the_environment_gives_never_gives_way_to_the_backups(
    full: System, other: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file would be replaced, and the next start would read the environment all the same."""
    backup.backup(full, SYSTEM, tmp_path / "b.zip")
    monkeypatch.setenv("SECRET_KEY", other.settings.secret_key)
    with pytest.raises(Refused, match="backup_key"):
        backup.restore(other, SYSTEM, tmp_path / "b.zip")
    assert Path(other.settings.data, "secret_key").read_text() == other.settings.secret_key
    assert contents(other.database)["subscribers"] == []


@ONCE
def test_another_secret_key_in_the_environment_is_refused(full: System, tmp_path: Path) -> None:
    backup.backup(full, SYSTEM, tmp_path / "b.zip")
    Path(full.settings.data, "secret_key").unlink()
    wrong = replace(full, settings=replace(full.settings, secret_key="given by the environment"))
    with pytest.raises(Refused, match="backup_key"):
        backup.restore(wrong, SYSTEM, tmp_path / "b.zip", force=True)


def rewritten(file: Path, change: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    target = file.with_name("changed.zip")
    with zipfile.ZipFile(target, "w") as archive:
        for name, body in (parts | change).items():
            archive.writestr(name, body)
    return target


def changed(file: Path, name: str, old: bytes, new: bytes) -> Path:
    with zipfile.ZipFile(file) as archive:
        body = archive.read(name)
    assert old in body
    return rewritten(file, {name: body.replace(old, new)})


@ONCE
@pytest.mark.parametrize(
    ("name", "old", "new", "code"),
    [
        ("tables/audit_entries.jsonl", b'"verb": "test"', b'"verb": "tost"', "chain_broken"),
        ("tables/incidents.jsonl", b"\n", b'\n{"id": "i2", "title": "", "created": null}\n', "backup_file"),
        ("tables/subscribers.jsonl", b"\n", b"", "backup_file"),
        ("manifest.json", f'"{migrate.newest()}"'.encode(), b'"0000"', "backup_version"),
        ("manifest.json", b'"format": 1', b'"format": 2', "backup_version"),
    ],
)
def test_a_backup_that_was_changed_restores_nothing(
    full: System, tmp_path: Path, name: str, old: bytes, new: bytes, code: str
) -> None:
    backup.backup(full, SYSTEM, tmp_path / "b.zip")
    before = contents(full.database)
    with pytest.raises((Refused, Invalid), match=code):
        backup.restore(full, SYSTEM, changed(tmp_path / "b.zip", name, old, new), force=True)
    assert contents(full.database) == before


@ONCE
@pytest.mark.parametrize("body", [b"", b"no zip at all"])
def test_a_file_that_is_no_backup_is_refused_by_name(full: System, tmp_path: Path, body: bytes) -> None:
    (tmp_path / "x").write_bytes(body)
    with pytest.raises(Invalid, match="backup_file"):
        backup.restore(full, SYSTEM, tmp_path / "x", force=True)


@ONCE
@pytest.mark.parametrize("manifest", [b"[]", b"{}", b"{", b"null"])
def test_an_archive_of_something_else_is_refused_by_name(full: System, tmp_path: Path, manifest: bytes) -> None:
    backup.backup(full, SYSTEM, tmp_path / "b.zip")
    with pytest.raises(Invalid, match="backup_file"):
        backup.restore(full, SYSTEM, rewritten(tmp_path / "b.zip", {"manifest.json": manifest}), force=True)


@ONCE
def test_configuration_never_lands_outside_its_folder(full: System, tmp_path: Path) -> None:
    backup.backup(full, SYSTEM, tmp_path / "b.zip")
    Path(full.settings.config, "agency.toml").unlink()
    file = rewritten(tmp_path / "b.zip", {"config/../../escaped.toml": b"x"})
    backup.restore(full, SYSTEM, file, force=True)
    assert not (tmp_path / "escaped.toml").exists()
    assert not (tmp_path.parent / "escaped.toml").exists()
    assert Path(full.settings.config, "agency.toml").exists()


def test_the_backup_itself_is_audited(full: System, tmp_path: Path) -> None:
    backup.backup(full, SYSTEM, tmp_path / "b.zip")
    with full.database.read() as connection:
        verbs = connection.execute(sa.select(audit_entries.c.verb).order_by(audit_entries.c.id)).scalars().all()
    assert verbs == ["test", "backup"]
    assert audit.verify(full) == []
    manifest = json.loads(zipfile.ZipFile(tmp_path / "b.zip").read("manifest.json"))
    assert full.settings.secret_key not in json.dumps(manifest)
