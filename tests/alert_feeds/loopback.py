"""A real HTTP server on loopback whose answers a test writes as functions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Loopback:
    """Its address, and the requests that reached it."""

    port: int = 0
    seen: list[web.Request] = field(default_factory=list)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """An address of this server."""
        return f"http://{host}:{self.port}{path}"


@asynccontextmanager
async def loopback(**answers: Answer) -> AsyncIterator[Loopback]:
    """Serve ``answers`` by the first word of the path."""
    state = Loopback()

    async def dispatch(request: web.Request) -> web.StreamResponse:
        state.seen.append(request)
        return await answers[request.path.strip("/").partition("/")[0]](request)

    runner = web.ServerRunner(web.Server(dispatch), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    state.port = runner.addresses[0][1]
    try:
        yield state
    finally:
        await runner.cleanup()


def says(status: int = 200, body: bytes = b"", **headers: str) -> Answer:
    """Always the same answer; underscores in header names stand for hyphens."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return answer
