"""The public page's own server, a plain ASGI app: files from memory, ``/live``, and all else handed inwards.

It needs nothing but the folder that ``public.site`` filled: database, Redis, Flask and workers may be down.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from broadcaster.public.hub import Hub, transport_of
from broadcaster.public.reading import Body, Checked, Library, Shelf

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

log = logging.getLogger(__name__)
LOOK = 0.5  # seconds between looks at the folder
INWARDS = ("/console", "/api", "/hooks", "/readyz", "/metrics", "/subscribe", "/unsubscribe", "/static")
OURS = ("/alerts/", "/zones/", "/cap/")
HTML, JSON, PLAIN = "text/html; charset=utf-8", "application/json", "text/plain; charset=utf-8"
EMPTY = Body(
    b"This page is starting and says nothing about dangers yet. In danger call 911 (or your emergency number).\n"
)
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors "
)
SAFE: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"geolocation=(self)"),
    (b"cache-control", b"no-cache"),
    (b"vary", b"accept-encoding"),
]
STREAM: Headers = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"access-control-allow-origin", b"*"),
]


class Front:
    """``inner`` gets what is not the page's; ``clock`` is the time that boundaries are compared with."""

    def __init__(self, folder: Path, inner: App, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.hub = Hub()
        self._library = Library(folder)
        self._inner = inner
        self._clock = clock
        self._shelf: Shelf | None = None
        self._checked = Checked()
        self._stale = False
        self._notice = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watcher: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            self._start()
            await self._request(scope, receive, send)

    def notice(self) -> None:
        """From any thread: a new version lies in the folder."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._notice.set)

    def close(self) -> None:
        """From a signal handler: end the open streams, so that the server can stop."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.hub.close)

    # --- what is shown ----------------------------------------------------------------------------------------
    def _start(self) -> None:
        if self._watcher is None:
            self._loop = asyncio.get_running_loop()
            self._look()
            self._watcher = asyncio.create_task(self._watch())
            self.hub.start()

    async def _watch(self) -> None:
        while True:
            boundary = self._library.next_boundary(self._clock())
            seconds = (boundary - self._clock()).total_seconds() if boundary else LOOK
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._notice.wait(), max(0.001, min(LOOK, seconds)))
            self._notice.clear()
            try:
                self._look()
            except (OSError, ValueError, KeyError):  # a half-copied folder: keep what we have, look again
                log.exception("the folder of the page cannot be read; showing what was there before")

    def _look(self) -> None:
        """Take a newer version, a passed boundary or a heartbeat, whichever came."""
        fresh, now = self._library.refresh(), self._clock()
        checked = Checked.load(self._library.folder)
        state = self._library.due(now)
        if state is None or self._library.manifest is None:
            return
        changed = self._shelf is None or fresh or state["number"] != self._shelf.number
        if changed:
            self._shelf = Shelf(self._library.folder, self._library.manifest, state, self._shelf)
        assert self._shelf is not None
        checked = checked if checked.at else self._checked
        stale = checked.age(now) > self._shelf.stale_after
        if changed or (checked.at, stale) != (self._checked.at, self._stale):
            self._checked, self._stale = checked, stale
            self._shelf.mark(checked, stale)
            self.hub.tell(self._shelf.number, self._shelf.version_json())

    # --- answers -----------------------------------------------------------------------------------------------
    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].rstrip("/") or "/"
        if path == "/healthz":
            await _send(scope, send, 200, Body(b"ok\n"), PLAIN)
        elif path.startswith(INWARDS):
            await self._inner(scope, receive, send)
        elif path == "/live":
            await self._live(scope, receive, send)
        elif (found := self._find(path)) is not None:
            await _file(scope, send, *found)
        elif path.startswith(OURS):
            await self._missing(scope, send)
        else:
            await self._inner(scope, receive, send)

    def _find(self, path: str) -> tuple[int, Body, str] | None:
        if self._shelf is None:
            return (503, EMPTY, PLAIN) if path in ("/", "/version.json", "/alerts.json", "/feed.atom") else None
        if path == "/version.json":
            return 200, Body(self._shelf.version_json()), JSON
        found = self._shelf.get(path)
        return (200, *found) if found else None

    async def _missing(self, scope: Scope, send: Send) -> None:
        found = self._shelf.get("/404") if self._shelf else None
        body, kind = found or (Body(b"There is no such page.\n"), PLAIN)
        await _send(scope, send, 404, body, kind)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The stream: the head goes the server's way, the events straight to the transport."""
        if scope["method"] != "GET":
            await _send(scope, send, 405, Body(b"/live is read by GET.\n"), PLAIN)
            return
        transport = transport_of(send)
        if transport is None:
            await _send(scope, send, 503, Body(b"/live needs this program's own server. Ask /version.json\n"), PLAIN)
            return
        await send({"type": "http.response.start", "status": 200, "headers": STREAM})
        await send({"type": "http.response.body", "body": b": hello\n\n", "more_body": True})
        reader = self.hub.join(transport, scope["http_version"] == "1.1")
        try:
            while (await receive())["type"] != "http.disconnect":
                continue
        finally:
            self.hub.leave(reader)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        self._start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.hub.close()
        if self._watcher is not None:
            self._watcher.cancel()
        await send({"type": "lifespan.shutdown.complete"})


async def _file(scope: Scope, send: Send, status: int, body: Body, kind: str) -> None:
    """A file by GET or HEAD, 304 where the reader has it."""
    if scope["method"] not in ("GET", "HEAD"):
        await _send(scope, send, 405, Body(b"Only GET and HEAD work here.\n"), PLAIN)
        return
    tags = dict(scope["headers"]).get(b"if-none-match", b"")
    if status == 200 and body.etag in [tag.strip().removeprefix(b"W/") for tag in tags.split(b",")]:
        await _send(scope, send, 304, Body(b""), kind, body.etag)
        return
    await _send(scope, send, status, body, kind, body.etag)


async def _send(scope: Scope, send: Send, status: int, body: Body, kind: str, etag: bytes = b"") -> None:
    zipped = len(body.raw) > 600 and b"gzip" in dict(scope["headers"]).get(b"accept-encoding", b"")
    data = body.zipped if zipped else body.raw
    embedded = scope["path"].rstrip("/").endswith("/embed")
    headers = [*SAFE, (b"content-type", kind.encode()), (b"content-security-policy", _policy(embedded))]
    if status != 304:
        headers.append((b"content-length", str(len(data)).encode()))
    if zipped:
        headers.append((b"content-encoding", b"gzip"))
    if etag:
        headers.append((b"etag", b"W/" + etag))  # weak: the same tag stands for the compressed bytes
    if status == 405:
        headers.append((b"allow", b"GET, HEAD"))
    if kind != HTML:
        headers.append((b"access-control-allow-origin", b"*"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else data})


def _policy(embedded: bool) -> bytes:
    return (POLICY + ("*" if embedded else "'self'")).encode()
