"""rules.toml while the system runs: read again when it has changed, looked at once a second at most.

A file that is wrong, gone or being written changes nothing: the last good rules stay in force, and ``wrong`` says why
(``services.rules_watch`` tells those on duty). Who acts takes them once for the whole of a transaction.

The last good text is kept in the data folder: a part that starts again while the file is broken starts with that.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from broadcaster.domain.config import Config, RuleConfig, Settings
from broadcaster.domain.errors import ConfigError
from broadcaster.settings import config_folder, load_config, load_rules

log = logging.getLogger(__name__)
EVERY = 1.0  # seconds between two looks at the file
Mark = tuple[int, int, int]
NAME = "rules.toml"
GONE: Mark = (0, 0, 0)
UNREAD: Mark = (-1, 0, 0)


def config_at_start(settings: Settings, environ: Mapping[str, str] | None = None) -> Config:
    """The configuration as a part starts with it. Raises ConfigError for all that is wrong, but where rules.toml alone
    is, and a good text of it was kept: then that is in force, and ``RulesFile`` finds the file wrong at its first look.
    """
    path, kept = config_folder(settings) / NAME, kept_at(settings)
    before = _text(path)
    try:
        config = load_config(settings, environ)
    except ConfigError as error:
        if not kept.exists():
            raise
        try:
            config = load_config(settings, environ, kept)
        except ConfigError:
            raise error from None
        log.error("rules.toml was not taken, this starts with the last good one (%s): %s", kept, error)
        return config
    if before is not None and before == _text(path):
        _keep(kept, before)
    return config


def kept_at(settings: Settings) -> Path:
    """Where the last good text is kept, apart for each folder of a configuration."""
    folder = hashlib.sha256(os.fsencode(config_folder(settings).resolve())).hexdigest()[:16]
    return Path(settings.data) / "rules" / f"good-{folder}" / NAME


class RulesFile:
    """The file of one process. ``wrong``: why what stands there now is not in force; None where it is."""

    def __init__(self, path: Path, config: Config, every: float = EVERY, kept: Path | None = None) -> None:
        """``config`` as it was read at the start, whose rules hold until the file says something else. ``kept``: where
        its last good text is kept, None: nowhere."""
        self.path, self.kept = path, kept
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
        text = _text(self.path)
        try:
            rules = self._read(mark)
        except ConfigError as error:
            log.error("rules.toml was not taken, the rules before it stay in force: %s", error)
            self._mark, self.wrong = mark, error
            return
        if _mark(self.path) != mark:
            return  # somebody is writing it: the next look reads it
        self._mark, self.wrong = mark, None
        if self.kept is not None and text is not None:
            _keep(self.kept, text)
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


def _text(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _keep(kept: Path, text: bytes) -> None:
    """Replace the kept text at once; a data folder that cannot be written holds up nothing."""
    if _text(kept) == text:
        return
    try:
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=kept.parent, prefix=".rules-")  # readable by its owner alone
        with os.fdopen(handle, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, kept)
    except OSError as error:
        log.warning("the last good rules.toml could not be kept: %s", error)
