"""An installation with a real web process, and what a reader sees of it."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from broadcaster.services import publish
from broadcaster.services.system import System
from tests.public import scenes, server
from tests.public.made import put_zones
from tests.public.room import Answer, Room
from tests.servers import _die_with_parent, free_port
from tests.waiting import until

ROOT = Path(__file__).parents[2]


class Stream:
    """A reader of /live that can also be a slow one."""

    def __init__(self, port: int, headers: str = "", buffer: int = 0) -> None:
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(60)
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(f"GET /live HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())
        self.file = self.socket.makefile("rb")

    def event(self) -> dict[str, str]:
        """The next event's fields."""
        found: dict[str, str] = {}
        while "data" not in found:
            line = self.file.readline().decode().rstrip("\r\n")
            name, _, value = line.partition(": ")
            if name in ("id", "event", "data", "retry"):
                found[name] = value
        return found

    def version(self) -> int:
        return int(self.event()["id"])

    def rest(self) -> bytes:
        """Everything until the server ends the stream."""
        return self.file.read()

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@dataclass
class House:
    """An installation: its record, its folder, its web process."""

    system: System
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    streams: list[Stream] = field(default_factory=list)
    stale_after: int = 180

    def start(self) -> None:
        s = self.system.settings
        command = [sys.executable, "-m", "tests.public.server", s.data, str(self.port), s.database_url, s.redis_url]
        with (self.folder / "web.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, str(self.stale_after)], cwd=ROOT, stdout=log, stderr=log, preexec_fn=_die_with_parent
            )
        until(self.answers, log=self.log)

    def log(self) -> str:
        """What the web process printed."""
        return (self.folder / "web.log").read_text(errors="replace")[-6000:]

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)

    def answers(self) -> bool:
        try:
            return self.get("/healthz").status == 200
        except OSError:
            return False

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
            found = connection.getresponse()
            return Answer(found.status, {k.lower(): v for k, v in found.getheaders()}, found.read())
        finally:
            connection.close()

    def version(self) -> int:
        found = self.get("/version.json")
        return int(found.json["version"]) if found.status == 200 else 0

    def shows(self, number: int) -> None:
        until(lambda: self.version() == number)

    def live(self, headers: str = "", buffer: int = 0) -> Stream:
        self.streams.append(Stream(self.port, headers, buffer))
        return self.streams[-1]

    def publish(self, *change: Callable[[Any], None]) -> int:
        """One transaction with a publication at its end, and the announcement after it."""
        with self.system.database.write() as connection:
            for one in change:
                one(connection)
            number = publish.publish(self.system, connection, self.system.now())
        publish.tell(self.system, number)
        return number

    def lose_database(self) -> None:
        self.system.database.close()
        for path in self.folder.glob("record.db*"):
            path.unlink()
        shutil.rmtree(self.folder / "record", ignore_errors=True)


@pytest.fixture
def house(tmp_path: Path, sqlite_model: Path, redis_url: str) -> Iterator[House]:
    """Not started yet. Its time is the real one; Redis is there until a test says otherwise."""
    with housed(tmp_path, sqlite_model, redis_url) as made:
        yield made


@contextmanager
def housed(folder: Path, model: Path, redis_url: str) -> Iterator[House]:
    """A house in a folder, with two zones, until the block ends."""
    port = free_port()
    settings = server.settings(str(folder), port, f"sqlite:///{folder}/record.db", redis_url)
    shutil.copyfile(model, folder / "record.db")
    system = System.open(settings, server.config())
    with system.database.write() as connection:
        put_zones(connection)
    made = House(system, folder, port)
    try:
        yield made
    finally:
        for stream in made.streams:
            stream.close()
        if made.process is not None and made.process.poll() is None:
            os.kill(made.process.pid, signal.SIGKILL)
            made.process.wait()
        system.close()


@pytest.fixture
def room(tmp_path: Path, sqlite_model: Path, redis_url: str) -> Iterator[Room]:
    """Two zones and nothing published; no web process."""
    with roomed(tmp_path, sqlite_model, redis_url) as made:
        yield made


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory, sqlite_model: Path, redis_url: str) -> Iterator[Room]:
    """A county with five alerts of all levels, published once for all tests of a file: they only read."""
    with roomed(tmp_path_factory.mktemp("five"), sqlite_model, redis_url) as made:
        at = made.system.now().replace(microsecond=0) - timedelta(minutes=5)
        made.publish(scenes.put_county, lambda connection: scenes.five(connection, at))
        yield made


@contextmanager
def roomed(folder: Path, model: Path, redis_url: str) -> Iterator[Room]:
    """A room in a folder, with two zones, until the block ends."""
    shutil.copyfile(model, folder / "record.db")
    settings = server.settings(str(folder), 8000, f"sqlite:///{folder}/record.db", redis_url)
    system = System.open(settings, server.config())
    with system.database.write() as connection:
        put_zones(connection)
    try:
        yield Room(system, folder / "site")
    finally:
        system.close()
