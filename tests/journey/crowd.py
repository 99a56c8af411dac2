"""Many readers of ``/live`` in one process, as browsers are: each reconnects by itself when it is cut off.

    python -m tests.journey.crowd PORT READERS

Prints a line once all have been served. A number on stdin: answers when every reader has that version or a newer one,
with {"seconds", "cut"} (how long that took since asked, how many connections were lost so far).
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

REQUEST = b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n"
AT_ONCE = 200  # connections being opened at a time


class Reader(asyncio.Protocol):
    """One connection: knows the last version it was told."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._rest = b""
        self.version = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        lines = (self._rest + data).split(b"\n")
        self._rest = lines[-1]
        for line in lines[:-1]:
            if line.startswith(b"id: "):
                self._crowd.told(self, int(line[4:]))

    def connection_lost(self, error: Exception | None) -> None:
        self._crowd.lost(self)


class Crowd:
    """All readers, and how many of them are behind a version."""

    def __init__(self, port: int, count: int) -> None:
        self._port = port
        self._count = count
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._news = asyncio.Event()
        self._readers: set[Reader] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.cut = 0

    def start(self) -> None:
        for _ in range(self._count):
            self._open(0)

    def told(self, reader: Reader, version: int) -> None:
        reader.version = version
        self._readers.add(reader)
        self._news.set()

    def lost(self, reader: Reader) -> None:
        self._readers.discard(reader)
        self.cut += 1
        self._open(random.uniform(0.2, 2))

    async def until(self, version: int) -> float:
        """Seconds until everybody has that version."""
        begun = time.monotonic()
        while len(self._readers) < self._count or any(reader.version < version for reader in self._readers):
            self._news.clear()
            await self._news.wait()
            await asyncio.sleep(0.05)
        return time.monotonic() - begun

    def _open(self, wait: float) -> None:
        task = asyncio.create_task(self._connect(wait))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, wait: float) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(wait)
            async with self._gate:
                try:
                    await loop.create_connection(lambda: Reader(self), "127.0.0.1", self._port)
                except OSError:
                    wait = random.uniform(0.5, 2)
                else:
                    return


async def _main(port: int, count: int) -> None:
    crowd = Crowd(port, count)
    crowd.start()
    await crowd.until(1)
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        took = await crowd.until(int(line))
        print(json.dumps({"seconds": took, "cut": crowd.cut}), flush=True)


class Watch:
    """The crowd's process, asked from a test."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, version: int) -> None:
        """Begin to wait for a version."""
        assert self._process.stdin
        self._process.stdin.write(f"{version}\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """What came of ``ask``; the test's own time limit ends the wait."""
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())


@contextmanager
def crowd(port: int, count: int) -> Iterator[Watch]:
    """``count`` readers, all served once."""
    command = [sys.executable, "-m", "tests.journey.crowd", str(port), str(count)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    try:
        assert process.stdout.readline() == "ready\n"
        yield Watch(process)
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


if __name__ == "__main__":
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2])))
