"""The folders of an installation. Light to import: every part needs it at its start."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path
from urllib.parse import unquote

from broadcaster.domain.config import Settings
from broadcaster.domain.errors import ConfigError


def data_folder(folder: Path) -> None:
    """Make it, readable by its owner alone, and try to write there."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError as error:
        raise ConfigError(
            "S010", "BROADCASTER_DATA", f"{folder} cannot be written: {error.strerror}", "give a folder of your own"
        ) from error


def secret_key(folder: Path) -> None:
    """Make ``secret_key`` at the first start: it signs sessions and the audit chain, so it is kept for ever."""
    path = folder / "secret_key"
    if path.exists():
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48))


def socket_folder(settings: Settings) -> None:
    """The folder of the embedded Redis's socket, ours alone."""
    folder = Path(unquote(settings.redis_url.removeprefix("unix://"))).parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    if status.st_uid != os.getuid():
        raise ConfigError(
            "S011", str(folder), "belongs to somebody else", "remove it, or set a shorter BROADCASTER_DATA"
        )
