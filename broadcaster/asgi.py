"""One port for everything: the page's front, and Flask behind a bridge. Run by ``part web``.

serve(settings)                      binds PORT and serves until SIGTERM
python -m broadcaster.asgi FD        one more web process on a socket bound by its parent
"""

from __future__ import annotations

import logging
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from broadcaster.api.receipts import ReceiptDoor
from broadcaster.bridge import Bridge, Wsgi
from broadcaster.domain.config import Config, Settings
from broadcaster.domain.errors import ConfigError
from broadcaster.process import die_with_parent
from broadcaster.public.front import Front
from broadcaster.public.site import Site
from broadcaster.rules_file import config_at_start
from broadcaster.services.system import System
from broadcaster.settings import load_settings

log = logging.getLogger(__name__)
BACKLOG = 4096
UNREAD_MILLISECONDS = 30_000  # the kernel drops a connection whose reader takes nothing for so long
GRACE = 5  # seconds that requests in flight get at the end
RETRY_FLASK = 5.0


class Flask:
    """The console's app, loaded beside the page (``load``) or at the first request that needs it. Where it
    cannot load, this part says so (503) and tries again later; the page stands."""

    def __init__(self) -> None:
        self._app: Wsgi | None = None
        self._again = 0.0
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        app = self.load()
        if app is not None:
            return app(environ, start_response)
        start_response("503 Service Unavailable", [("Content-Type", "text/plain"), ("Retry-After", "5")])
        return [b"This part is being repaired. The public page works: go to /\n"]

    def load(self) -> Wsgi | None:
        """The app, made once; None where that fails, and until it is time to try again."""
        with self._lock:
            if self._app is None and time.monotonic() >= self._again:
                try:
                    from broadcaster.app import create_app

                    self._app = create_app()
                except Exception:  # the edge: whatever keeps Flask from loading must not take the page along
                    log.exception("the console cannot start; the public page stands without it")
                    self._again = time.monotonic() + RETRY_FLASK
            return self._app


class Server(uvicorn.Server):
    """uvicorn waits for open streams to end before it stops; so the first signal ends them."""

    def __init__(self, config: uvicorn.Config, front: Front) -> None:
        super().__init__(config)
        self._front = front

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """First end ``/live``, then what uvicorn does."""
        self._front.close()
        super().handle_exit(sig, frame)


def serve(settings: Settings, config: Config | None = None) -> None:
    """Bind PORT and serve until SIGTERM or SIGINT. Raises ConfigError where the port is taken."""
    bound = bind(settings)
    try:
        if settings.web_concurrency <= 1:
            run(bound, settings, config or config_at_start(settings))
        else:
            _serve_many(bound, settings.web_concurrency)
    finally:
        bound.close()


def bind(settings: Settings) -> socket.socket:
    """The listening socket: all addresses in production, loopback in development."""
    host = "0.0.0.0" if settings.production else "127.0.0.1"  # noqa: S104 - a server's work
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MILLISECONDS)
    try:
        bound.bind((host, settings.port))
    except OSError as error:
        bound.close()
        raise ConfigError(
            "S020", "PORT", f"port {settings.port} cannot be used: {error.strerror}", "stop what uses it, or set PORT"
        ) from error
    bound.listen(BACKLOG)
    bound.set_inheritable(True)
    return bound


def run(bound: socket.socket, settings: Settings, config: Config) -> None:
    """One web process: front, site thread and Flask."""
    _take_all_files()
    folder = Path(settings.data) / "site"
    flask = Flask()
    system = System.open(settings, config)
    front = Front(folder, ReceiptDoor(system, Bridge(flask)))
    site = Site(settings, config, folder, front.notice)
    site.start()
    threading.Thread(target=flask.load, name="flask", daemon=True).start()
    options = uvicorn.Config(
        front,
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        backlog=BACKLOG,
    )
    try:
        Server(options, front).run(sockets=[bound])
    finally:
        site.stop()
        system.close()


def _take_all_files() -> None:
    """Each reader is an open file, and systems commonly start a program with room for 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _serve_many(bound: socket.socket, count: int) -> None:
    """``count`` processes on one socket; one that dies comes back. uvicorn's own --workers leaves orphans."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    children = [_child(bound) for _ in range(count)]
    while not stopping.wait(0.5):
        children = [child if child.poll() is None else _child(bound) for child in children]
    for child in children:
        child.terminate()
    for child in children:
        child.wait()


def _child(bound: socket.socket) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "broadcaster.asgi", str(bound.fileno()), str(os.getpid())]
    return subprocess.Popen(command, pass_fds=[bound.fileno()])  # noqa: S603 - our own module


def main(arguments: list[str]) -> None:
    """A child of ``_serve_many``: the socket's number and the parent's pid."""
    die_with_parent(int(arguments[1]))
    settings = load_settings()
    with socket.socket(fileno=int(arguments[0])) as bound:
        run(bound, settings, config_at_start(settings))


if __name__ == "__main__":
    main(sys.argv[1:])
