"""What ``tests.bench.live`` compares: our web front and a bare asyncio server. Each line on stdin is one new version.

    python -m tests.bench.live_servers ours|bare PORT FOLDER

Prints the monotonic time at which it began to tell. The bare server writes the same bytes to every transport in
one loop and knows nothing else: no HTTP parsing, no slow readers, no heartbeat.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn

from broadcaster.asgi import BACKLOG, Server
from broadcaster.public.front import Front

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
START = "2026-01-01T00:00:00.000Z"


def version(number: int) -> dict[str, Any]:
    """A version.json of usual size: four alerts, twelve zones, about 2 KB."""
    words = {"headline": "Evacuation order: leave Judge Valley now. Go south on Highway 9", "state": "live"}
    alerts = [{"id": f"a{n}", "slug": f"evacuation-order-judge-valley-{n}", **words} for n in range(4)]
    zones = [
        {"id": f"z{n}", "slug": f"zone-{n}", "name": f"Zone {n}", "status": "act_now", "alert": "a1"} for n in range(12)
    ]
    return {"version": number, "published": START, "stale_after": 180, "alerts": alerts, "zones": zones}


def manifest(number: int) -> dict[str, Any]:
    """As ``public.site`` writes it, without files."""
    state = {"number": number, "from": START, "version": version(number), "files": {}}
    about = {"languages": ["en"], "kept": {}, "stale": {}}
    return {"number": number, "stale_after": 180, "states": [state], **about}


def flip(folder: Path, number: int) -> None:
    """What ``public.site`` does at the end."""
    (folder / "versions").mkdir(parents=True, exist_ok=True)
    (folder / "versions" / f"{number}.json").write_text(json.dumps(manifest(number)))
    link = folder / ".current"
    link.symlink_to(f"versions/{number}.json")
    link.rename(folder / "current")


def ours(port: int, folder: Path) -> None:
    """The real front under the real server."""
    flip(folder, 1)
    front = Front(folder, _nobody)

    def tell(number: int) -> None:
        flip(folder, number)
        front.notice()

    _follow(tell)
    options = uvicorn.Config(
        front, host="127.0.0.1", port=port, lifespan="on", log_level="error", access_log=False, backlog=BACKLOG
    )
    Server(options, front).run()


async def _nobody(scope: Any, receive: Any, send: Any) -> None:
    raise RuntimeError("only /live is asked here")


class Bare(asyncio.Protocol):
    """One reader: the answer's head and the current event at its first bytes."""

    readers: set[asyncio.Transport] = set()  # noqa: RUF012 - of the process
    event = b""
    transport: asyncio.Transport

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(HEAD + Bare.event)
        Bare.readers.add(self.transport)

    def connection_lost(self, error: Exception | None) -> None:
        Bare.readers.discard(self.transport)

    @classmethod
    def tell(cls, number: int) -> None:
        """Everybody, in one loop."""
        data = json.dumps({**version(number), "checked": None, "checked_words": {}}, separators=(",", ":")).encode()
        body = b"id: %d\nevent: version\ndata: %s\n\n" % (number, data)
        cls.event = b"%x\r\n%s\r\n" % (len(body), body)
        for transport in cls.readers:
            transport.write(cls.event)


async def bare(port: int) -> None:
    """Until killed."""
    loop = asyncio.get_running_loop()
    Bare.tell(1)
    _follow(lambda number: loop.call_soon_threadsafe(Bare.tell, number))
    server = await loop.create_server(Bare, "127.0.0.1", port, backlog=BACKLOG)
    await server.serve_forever()


def _follow(tell: Callable[[int], Any]) -> None:
    def read() -> None:
        for number, _ in enumerate(sys.stdin, start=2):
            begun = time.monotonic()
            tell(number)
            print(begun, flush=True)

    threading.Thread(target=read, daemon=True).start()


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if sys.argv[1] == "ours":
        ours(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        asyncio.run(bare(int(sys.argv[2])))
