"""Before anything starts: the data folder, the secret key, the tables. What is wrong is one ConfigError."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from broadcaster.domain.config import Settings
from broadcaster.domain.errors import ConfigError
from broadcaster.services import zones
from broadcaster.services.migrate import migrate
from broadcaster.services.system import System
from broadcaster.settings import load_config, load_settings, value


def prepare(environ: Mapping[str, str] | None = None) -> System:
    """A System whose folder, key and tables are there, zones seeded. Raises ConfigError, Invalid (a seed's fault)."""
    system = opened(environ)
    tables(system)
    zones.seed(system)
    return system


def opened(environ: Mapping[str, str] | None = None) -> System:
    """A System whose folder and key are there; its tables may be missing. Raises ConfigError."""
    env = os.environ if environ is None else environ
    first = load_settings(env)
    data_folder(Path(first.data))
    if not value("SECRET_KEY", env):
        secret_key(Path(first.data))
    settings = load_settings(env)
    return System.open(settings, load_config(settings, env))


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


def tables(system: System) -> None:
    """Migrate; a database that is away or refuses us is one clear line."""
    try:
        migrate(system.database)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        raise ConfigError(
            "S021", "DATABASE_URL", f"the database cannot be used: {reason}", "start it, or mend the address"
        ) from error


def socket_folder(settings: Settings) -> None:
    """The folder of the embedded Redis's socket, ours alone."""
    folder = Path(settings.redis_url.removeprefix("unix://")).parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    if status.st_uid != os.getuid():
        raise ConfigError(
            "S011", str(folder), "belongs to somebody else", "remove it, or set a shorter BROADCASTER_DATA"
        )
