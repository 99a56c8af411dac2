"""rules.toml while the system runs: read again when it has changed, looked at once a second at most.

A file that is wrong, gone or being written changes nothing: the last good rules stay in force, and ``wrong`` says why
(``services.rules_watch`` tells those on duty). Who acts takes them once for the whole of a transaction.
"""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import replace
from pathlib import Path

from broadcaster.domain.config import Config, RuleConfig
from broadcaster.domain.errors import ConfigError
from broadcaster.settings import load_rules

log = logging.getLogger(__name__)
EVERY = 1.0  # seconds between two looks at the file
Mark = tuple[int, int, int]
GONE: Mark = (0, 0, 0)
UNREAD: Mark = (-1, 0, 0)


class RulesFile:
    """The file of one process. ``wrong``: why what stands there now is not in force; None where it is."""

    def __init__(self, path: Path, config: Config, every: float = EVERY) -> None:
        """``config`` as it was read at the start, whose rules hold until the file says something else."""
        self.path = path
        self.wrong: ConfigError | None = None
        self._every, self._looked = every, time.monotonic()
        self._config = config
        self._mark = GONE if _mark(path) == GONE else UNREAD

    def rules(self) -> tuple[RuleConfig, ...]:
        """Those in force now; the same object for as long as they are the same."""
        if time.monotonic() - self._looked >= self._every:
            self.look()
        return self._config.rules

    def look(self) -> None:
        """Read the file where it has changed since."""
        self._looked = time.monotonic()
        mark = _mark(self.path)
        if mark == self._mark:
            return
        try:
            rules = self._read(mark)
        except ConfigError as error:
            log.error("rules.toml was not taken, the rules before it stay in force: %s", error)
            self._mark, self.wrong = mark, error
            return
        if _mark(self.path) != mark:
            return  # somebody is writing it: the next look reads it
        self._mark, self.wrong = mark, None
        if rules != self._config.rules:
            self._config = replace(self._config, rules=rules)

    def _read(self, mark: Mark) -> tuple[RuleConfig, ...]:
        if mark == GONE:
            hint = "put it back, or make an empty one where there are to be no rules"
            raise ConfigError("C019", str(self.path), "is gone", hint)
        return load_rules(self.path, self._config)


def digest_of(path: Path) -> str:
    """Hex SHA-256 of the file's bytes; of none where it is not there. Raises ConfigError where it cannot be read."""
    return hashlib.sha256(bytes_of(path)).hexdigest()


def bytes_of(path: Path) -> bytes:
    """The file as it stands, b"" where it is not there. Raises ConfigError where it cannot be read."""
    try:
        return path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise ConfigError("C002", str(path), f"cannot be read: {error.strerror}", "give a readable file") from error


def _mark(path: Path) -> Mark:
    """What changes whenever the file is written or replaced."""
    try:
        found = path.stat()
    except OSError:
        return GONE
    return found.st_mtime_ns, found.st_size, found.st_ino
