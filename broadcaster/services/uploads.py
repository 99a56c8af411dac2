"""Files that people hand in through the console: kept for a day in a folder of their own, then gone."""

from __future__ import annotations

import re
import shutil
import uuid
from datetime import timedelta
from pathlib import Path
from typing import IO

from broadcaster.domain.errors import NotFound
from broadcaster.services.system import System

KEPT = timedelta(days=1)


def keep(system: System, name: str, file: IO[bytes]) -> tuple[str, Path]:
    """Write an upload down, readable by our user alone; (its key, its path). What is older than a day goes."""
    root = _root(system)
    root.mkdir(mode=0o700, exist_ok=True)
    limit = system.now().timestamp() - KEPT.total_seconds()
    for old in root.iterdir():
        if old.stat().st_mtime < limit:
            shutil.rmtree(old, ignore_errors=True)
    key = uuid.uuid4().hex
    folder = root / key
    folder.mkdir(mode=0o700)
    path = folder / (re.sub(r"[^\w.-]+", "_", Path(name).name).strip(".") or "upload")
    with path.open("wb") as out:
        shutil.copyfileobj(file, out)
    return key, path


def find(system: System, key: str) -> Path:
    """The one file that is kept under this key. Raises NotFound."""
    folder = _root(system) / key
    if re.fullmatch(r"[0-9a-f]{32}", key) and folder.is_dir():
        for path in folder.iterdir():
            return path
    raise NotFound("no_upload", "This file is not kept any more; choose it again.")


def drop(system: System, key: str) -> None:
    """Forget an upload."""
    shutil.rmtree(find(system, key).parent, ignore_errors=True)


def _root(system: System) -> Path:
    return Path(system.settings.data) / "uploads"
