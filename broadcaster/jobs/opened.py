"""The System of this process for what RQ calls: opened at the first job and kept over jobs."""

from __future__ import annotations

from functools import lru_cache

from broadcaster.rules_file import config_at_start
from broadcaster.services.system import System
from broadcaster.settings import load_settings


@lru_cache(maxsize=1)
def system() -> System:
    """One System per process. Raises ConfigError."""
    settings = load_settings()
    return System.open(settings, config_at_start(settings))
