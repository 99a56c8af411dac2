"""Whether rules.toml can be changed from here, and writing it: whole or not at all, with its earlier text kept."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.engine import Connection

from broadcaster.domain.errors import Refused
from broadcaster.rules_file import digest_of
from broadcaster.services.system import System
from broadcaster.settings import DEMO_AGENCY, config_folder
from broadcaster.store import heartbeats
from broadcaster.store.engine import now

ALIVE = timedelta(minutes=2)  # whose last sign of life is older does not run any more
NEW_FILE = 0o644
MOUNTS = Path("/proc/self/mountinfo")


def path_of(system: System) -> Path:
    """The file that this process reads."""
    return system.rules_file.path if system.rules_file is not None else config_folder(system.settings) / "rules.toml"


def hindrance(system: System, connection: Connection) -> Refused | None:
    """Why the rules cannot be changed from here, in words that say what to do; None where they can."""
    path = path_of(system)
    if system.rules_file is not None:
        system.rules_file.look()
    if system.rules_file is not None and (wrong := system.rules_file.wrong) is not None:
        text = f"rules.toml was changed by hand and cannot be read. Mend it there first: {wrong.text} ({wrong.hint})."
        return Refused("rules_broken", text)
    if path.parent == DEMO_AGENCY / "config":
        text = "These are the demonstration's own files. Make your agency's first: python -m broadcaster init."
        return Refused("rules_demo", text)
    if not _writable(path):
        return _unwritable()
    hosts = _hosts(connection)
    if len(hosts) > 1:
        text = f"This installation runs on several machines ({', '.join(hosts)}). Change rules.toml on each of them."
        return Refused("rules_machines", text)
    return None


def write(path: Path, data: bytes) -> None:
    """Replace the file at once, with its mode and owner as they were. Raises Refused where that cannot be."""
    real = path.resolve()
    try:
        old = real.stat() if real.exists() else None
        handle, name = tempfile.mkstemp(dir=real.parent, prefix=".rules-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                os.fchmod(handle, old.st_mode & 0o7777 if old else NEW_FILE)
                if old and (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(handle, old.st_uid, old.st_gid)
                file.flush()
                os.fsync(handle)
            os.replace(name, real)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
        _settled(real.parent)
    except OSError as error:
        raise _unwritable() from error


def keep(system: System, data: bytes, at: datetime) -> str:
    """Keep an earlier text under the data folder, readable by its owner alone; its path there."""
    folder = Path(system.settings.data) / "rules"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{at:%Y%m%dT%H%M%SZ}-{digest_of(path_of(system))[:12]}.toml"
    with open(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    _settled(folder)
    return f"rules/{name}"


# --- the parts --------------------------------------------------------------------------------------------------
def _writable(path: Path) -> bool:
    """May files be made beside it, and is it no mount of its own (a file that a container is handed alone)?"""
    real = path.resolve()
    if not os.access(real.parent, os.W_OK | os.X_OK):
        return False
    mounts = MOUNTS.read_text(encoding="utf-8").splitlines() if MOUNTS.exists() else []
    return str(real) not in (line.split()[4] for line in mounts)


def _unwritable() -> Refused:
    return Refused(
        "rules_unwritable",
        "rules.toml cannot be written from here: its folder is read-only, or not this system's. "
        "Whoever looks after this installation changes it where it is kept.",
    )


def _hosts(connection: Connection) -> list[str]:
    since = now(connection) - ALIVE
    alive = (one for one in heartbeats.every(connection) if one.seen >= since and one.state != heartbeats.DOWN)
    return sorted({one.holder.rpartition(":")[0] for one in alive})


def _settled(folder: Path) -> None:
    """Make a rename or a new name last."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
