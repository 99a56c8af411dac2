"""One file that holds an installation: the rows as JSON lines, the configuration, and the key kept in the data folder.

It does not depend on the kind of database, so a restore also moves from SQLite to PostgreSQL and back. It
holds people's addresses and a key: it is readable by its owner alone and belongs on encrypted storage.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from broadcaster.domain.errors import Invalid, Refused
from broadcaster.services import audit, migrate
from broadcaster.services.health import PARTS, of_part
from broadcaster.services.system import Actor, System
from broadcaster.settings import value
from broadcaster.store import audit as chain
from broadcaster.store import dump, heartbeats
from broadcaster.store.engine import now

FORMAT = 1
MANIFEST = "manifest.json"


def backup(system: System, actor: Actor, file: Path) -> dict[str, int]:
    """Write ``file`` (mode 0600); returns rows by table. Raises Refused where the file exists already."""
    if file.exists():
        raise Refused("backup_exists", f"{file} is there already; give another name")
    part = file.with_name(f"{file.name}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as raw, zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
            counts = _write(system, archive)
        part.replace(file)
    except OSError as error:
        raise Invalid("backup_file", f"{file} cannot be written: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
    with system.database.write() as connection:
        audit.record(system, connection, actor, "backup", file.name, system.now(), rows=sum(counts.values()))
    return counts


def restore(system: System, actor: Actor, file: Path, *, force: bool = False) -> dict[str, int]:
    """Bring back what ``backup`` wrote, whole or not at all; returns rows by table.

    Raises Invalid for a file that is none of ours, Refused for one of another version, into a database with
    rows (``force`` replaces them), while parts run, or where the secret key or the audit chain does not fit.
    """
    with _opened(file) as archive:
        manifest = _manifest(archive)
        key = _key(system, archive, manifest, force)
        with system.database.write() as connection:
            _allowed(connection, force)
            counts = _rows(connection, archive, manifest)
            wrong = list(chain.verify(connection, key))
            if wrong:
                raise Refused(
                    "chain_broken", f"the backup's audit chain is not whole: {wrong[0]}; nothing was restored"
                )
            chain.append(
                connection,
                key,
                system.now(),
                actor.name,
                actor.origin,
                "restore",
                file.name,
                {"rows": sum(counts.values())},
            )
        _files(system, archive)
    return counts


def _write(system: System, archive: zipfile.ZipFile) -> dict[str, int]:
    counts: dict[str, int] = {}
    with dump.snapshot(system.database) as connection:
        revision = migrate.revision(connection)
        for table in dump.tables():
            with archive.open(f"tables/{table.name}.jsonl", "w") as out:
                counts[table.name] = 0
                for row in dump.rows(connection, table):
                    out.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
                    counts[table.name] += 1
    for path in _config_files(Path(system.settings.config)):
        archive.write(path, f"config/{path.relative_to(system.settings.config)}")
    kept = Path(system.settings.data) / "secret_key"
    if kept.exists() and kept.read_text(encoding="ascii").strip() == system.settings.secret_key:
        archive.write(kept, "secret_key")
    manifest = {
        "format": FORMAT,
        "revision": revision,
        "made": system.now().isoformat(),
        "key": fingerprint(system.settings.secret_key),
        "rows": counts,
    }
    archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
    return counts


def fingerprint(key: str) -> str:
    """Tells keys apart without giving them away."""
    return hashlib.sha256(b"broadcaster backup\n" + key.encode()).hexdigest()[:32]


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except (OSError, zipfile.BadZipFile) as error:
        raise Invalid("backup_file", f"{file} cannot be read as a backup: {error}") from error


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
        made_by, known = (manifest["format"], manifest["revision"]), (FORMAT, migrate.newest())
    except (KeyError, ValueError, TypeError) as error:
        raise Invalid("backup_file", "this is no backup of the broadcaster") from error
    if made_by != known:
        raise Refused(
            "backup_version", f"made at {made_by[1]}, this version is at {known[1]}: restore it with its own version"
        )
    return manifest


def _key(system: System, archive: zipfile.ZipFile, manifest: dict[str, Any], force: bool) -> str:
    """The key the rows were signed with: ours, or the one in the backup where ours may give way."""
    ours = system.settings.secret_key
    if fingerprint(ours) == manifest["key"]:
        return ours
    kept = Path(system.settings.data) / "secret_key"
    given = value("SECRET_KEY", os.environ)  # outweighs the file at every start, so the file alone cannot give way
    replaceable = not given and kept.exists() and kept.read_text(encoding="ascii").strip() == ours
    if "secret_key" in archive.namelist() and replaceable:
        return archive.read("secret_key").decode("ascii").strip()
    raise Refused(
        "backup_key", "made with another SECRET_KEY: set that one, else nobody could log in or check the audit"
    )


def _allowed(connection: Connection, force: bool) -> None:
    at, beats = now(connection), heartbeats.every(connection)
    running = [part for part in (*PARTS, "web") if of_part(part, beats, at).ok]
    if running:
        raise Refused("running", f"{', '.join(running)} still run: stop them first")
    held = dump.occupied(connection)
    if held and not force:
        raise Refused("not_empty", f"the database holds {', '.join(held)}; --force replaces everything in it")


def _rows(connection: Connection, archive: zipfile.ZipFile, manifest: dict[str, Any]) -> dict[str, int]:
    try:
        return _read(connection, archive, manifest)
    except (KeyError, TypeError, ValueError, zipfile.BadZipFile, IntegrityError) as error:
        raise Invalid("backup_file", f"the backup is damaged, nothing was restored: {error}") from error


def _read(connection: Connection, archive: zipfile.ZipFile, manifest: dict[str, Any]) -> dict[str, int]:
    dump.clear(connection)
    counts: dict[str, int] = {}
    for table in dump.tables():
        with archive.open(f"tables/{table.name}.jsonl") as lines:
            counts[table.name] = dump.fill(connection, table, (json.loads(line) for line in lines))
    if counts != manifest["rows"]:
        raise Invalid("backup_file", "the backup does not hold as many rows as it says; nothing was restored")
    return counts


def _files(system: System, archive: zipfile.ZipFile) -> None:
    """The key, where it was kept in the data folder; configuration only where there is none."""
    if "secret_key" in archive.namelist():
        kept = Path(system.settings.data) / "secret_key"
        descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(archive.read("secret_key"))
    folder = Path(system.settings.config)
    if (folder / "agency.toml").exists():
        return
    for name in archive.namelist():
        target = (folder / name.removeprefix("config/")).resolve()
        if name.startswith("config/") and target.is_relative_to(folder.resolve()):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(name))


def _config_files(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.toml"), *folder.glob("zones/*.geojson")])
