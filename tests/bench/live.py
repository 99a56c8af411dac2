"""10,000 readers of ``/live``: how long until the last one has the new version, against a bare asyncio server.

The readers live in a process of their own that only watches for the first bytes (edge-triggered epoll) and reads
them after the round, so that it takes less than half a core; its share is printed. Both servers are measured in
turn in the same run. BENCH_READERS and BENCH_LIVE_ROUNDS make it smaller.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from tests.bench.row import Row
from tests.servers import _die_with_parent, free_port

READERS = int(os.environ.get("BENCH_READERS", "10000"))
ROUNDS = int(os.environ.get("BENCH_LIVE_ROUNDS", "3"))
TELLS = 5
WANTED = 0.5  # the bare server's time over ours: within two times
REQUEST = b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n"


def run() -> list[Row]:
    """The table's row; the readers' own share of a core goes to stderr."""
    times: dict[str, list[float]] = {"ours": [], "bare": []}
    shares: list[float] = []
    for _ in range(ROUNDS):
        for kind, found in times.items():
            told, share = _round(kind)
            found += told
            shares.append(share)
    ours, bare = (statistics.median(times[kind]) * 1000 for kind in ("ours", "bare"))
    print(f"live: {READERS} readers take {statistics.median(shares):.2f} of a core", file=sys.stderr)
    ratio = bare / ours
    return [
        Row(
            f"live, {READERS} readers: ms to the last, bare asyncio over ours",
            ours,
            bare,
            ratio,
            WANTED,
            ratio >= WANTED,
        )
    ]


def _round(kind: str) -> tuple[list[float], float]:
    with tempfile.TemporaryDirectory() as folder, _server(kind, folder) as (port, tell), _readers(port) as watch:
        told = []
        for number in range(2, 2 + TELLS):
            begun = tell()
            told.append(float(watch(number)) - begun)
        return told, float(watch(0))


@contextlib.contextmanager
def _server(kind: str, folder: str) -> Iterator[tuple[int, object]]:
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.live_servers", kind, str(port), folder]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, preexec_fn=_die_with_parent)
    assert process.stdin
    assert process.stdout
    _wait(port)

    def tell() -> float:
        assert process.stdin
        assert process.stdout
        process.stdin.write("\n")
        process.stdin.flush()
        return float(process.stdout.readline())

    try:
        yield port, tell
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


@contextlib.contextmanager
def _readers(port: int) -> Iterator[object]:
    """A process of readers; ask it for a version to hear when the last had it, for 0 to hear its share of a core."""
    command = [sys.executable, "-m", "tests.bench.live", str(port)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=_die_with_parent
    )
    assert process.stdin
    assert process.stdout
    process.stdout.readline()  # all connected and served

    def watch(number: int) -> str:
        assert process.stdin
        assert process.stdout
        process.stdin.write(f"{number}\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())  # type: ignore[no-any-return]

    try:
        yield watch
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


# --- the readers' process ---------------------------------------------------------------------------------------
class Readers:
    """All connections, watched edge-triggered: one cheap event each, read after the round."""

    def __init__(self, port: int) -> None:
        self.epoll = select.epoll()
        self.sockets = {}
        for _ in range(READERS):
            made = socket.create_connection(("127.0.0.1", port))
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            made.sendall(REQUEST)
            made.settimeout(60)
            self.sockets[made.fileno()] = made
        for made in self.sockets.values():
            _event(made, 1)
            made.setblocking(False)
            self.epoll.register(made, select.EPOLLIN | select.EPOLLET)
        self.cpu = self.wall = 0.0

    def watch(self, number: int) -> float:
        """Monotonic time at which the last reader had its bytes; raises where what came is not that version."""
        wall, cpu, told = time.monotonic(), time.process_time(), set()
        while len(told) < READERS:
            told |= {fd for fd, _ in self.epoll.poll(30, READERS)}
        last = time.monotonic()
        self.wall += last - wall
        self.cpu += time.process_time() - cpu
        for made in self.sockets.values():
            made.setblocking(True)
            made.settimeout(30)
            _event(made, number)
            made.setblocking(False)
        return last


def _event(made: socket.socket, number: int) -> None:
    """Read up to the end of that version's event."""
    found = b""
    while b'"version":%d,' % number not in found or not found.endswith(b"\n\n\r\n"):
        data = made.recv(65536)
        if not data:
            raise RuntimeError(f"a reader was cut off before version {number}")
        found += data


def _read(port: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    readers = Readers(port)
    print("ready", flush=True)
    for line in sys.stdin:
        number = int(line)
        print(json.dumps(readers.watch(number) if number else readers.cpu / readers.wall), flush=True)


def _wait(port: int) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise TimeoutError("the server did not start")


if __name__ == "__main__":
    _read(int(sys.argv[1]))
