"""Before anything starts: the data folder, the secret key, the tables. What is wrong is one ConfigError."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from broadcaster.domain.errors import ConfigError
from broadcaster.rules_file import config_at_start
from broadcaster.services import zones
from broadcaster.services.folders import data_folder, secret_key
from broadcaster.services.migrate import migrate
from broadcaster.services.system import System
from broadcaster.settings import load_settings, value


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
    config = config_at_start(settings, env)
    try:
        return System.open(settings, config)
    except (ValueError, ArgumentError) as error:
        raise ConfigError(
            "S006", "DATABASE_URL", f"is no address: {error}", "postgresql+psycopg://user@host/name"
        ) from error


def tables(system: System) -> None:
    """Migrate; a database that is away or refuses us is one clear line."""
    try:
        migrate(system.database)
    except (SQLAlchemyError, OSError, ValueError) as error:  # a wrong port is a ValueError, no folder an OSError
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        raise ConfigError(
            "S021", "DATABASE_URL", f"the database cannot be used: {reason}", "start it, or mend the address"
        ) from error
