"""The public page's own server, a plain ASGI app: files from memory, ``/live``, and all else handed inwards.

It needs nothing but the folder that ``public.site`` filled: database, Redis, Flask and workers may be down.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from broadcaster.public import asking
from broadcaster.public.hub import Hub, transport_of
from broadcaster.public.reading import Body, Checked, Library, Shelf

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

log = logging.getLogger(__name__)
LOOK = 0.5  # seconds between looks at the folder
INWARDS = ("/console", "/api", "/hooks", "/readyz", "/metrics", "/subscribe", "/unsubscribe", "/static", "/cards")
OURS = ("/alerts/", "/zones/", "/cap/")
HTML, JSON, PLAIN = "text/html; charset=utf-8", "application/json", "text/plain; charset=utf-8"
XML = "application/xml; charset=utf-8"
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
]
STREAM: Headers = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"access-control-allow-origin", b"*"),
]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent. ``varies`` names the headers that chose it."""

    status: int
    body: Body
    kind: str
    language: str = ""
    varies: tuple[bytes, ...] = ()
    tagged: bool = False


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
            self._look_again()
            self._watcher = asyncio.create_task(self._watch())
            self.hub.start()

    async def _watch(self) -> None:
        while True:
            boundary = self._library.next_boundary(self._clock())
            seconds = (boundary - self._clock()).total_seconds() if boundary else LOOK
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._notice.wait(), max(0.001, min(LOOK, seconds)))
            self._notice.clear()
            self._look_again()

    def _look_again(self) -> None:
        try:
            self._look()
        except (OSError, ValueError, KeyError):  # half-copied, or of another release: keep what we have, look again
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
            await _send(scope, send, Answer(200, Body(b"ok\n"), PLAIN))
        elif path.startswith(INWARDS):
            await self._inner(scope, receive, send)
        elif path == "/live":
            await self._live(scope, receive, send)
        elif (found := self._find(path, scope)) is not None:
            await _file(scope, send, found)
        elif self._split(path)[1].startswith(OURS):
            await self._missing(path, scope, send)
        else:
            await self._inner(scope, receive, send)

    def _find(self, path: str, scope: Scope) -> Answer | None:
        if self._shelf is None:
            return Answer(503, EMPTY, PLAIN) if path in ("/", "/version.json", "/alerts.json", "/feed.atom") else None
        if path == "/version.json":
            return Answer(200, Body(self._shelf.version_json()), JSON, tagged=True)
        return self._shelved(self._shelf, path, scope)

    def _shelved(self, shelf: Shelf, path: str, scope: Scope) -> Answer | None:
        """A file. A page at the root is in the reader's language where it is spoken; every other address, and
        the first language's under its own name, says which."""
        named, inner = self._split(path)
        if not shelf.is_page(inner):
            other = shelf.get(path)
            return other and Answer(200, *other, tagged=True)
        first = shelf.languages[0]
        language = named or asking.language(_header(scope, b"accept-language"), shelf.languages)
        where = inner if language == first else f"/{language}{inner}".rstrip("/")
        prefix = f"/{first}" if named == first else ""
        query = asking.query(scope.get("query_string", b"")) if inner == "/zones" else ""
        found = shelf.search(where, prefix, language, query) if query else shelf.get(where, prefix)
        varies = () if named else (b"accept-language",)
        return found and Answer(200, *found, language, varies, tagged=not query)

    def _split(self, path: str) -> tuple[str, str]:
        """(language that an address names or "", the rest)."""
        first, _, rest = path[1:].partition("/")
        named = first if self._shelf and first in self._shelf.languages else ""
        return (named, f"/{rest}") if named else ("", path)

    async def _missing(self, path: str, scope: Scope, send: Send) -> None:
        named = self._split(path)[0]
        found = self._shelf and self._shelved(self._shelf, f"/{named}/404" if named else "/404", scope)
        found = found or Answer(404, Body(b"There is no such page.\n"), PLAIN)
        await _send(scope, send, Answer(404, found.body, found.kind, found.language, found.varies))

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The stream: the head goes the server's way, the events straight to the transport."""
        if scope["method"] != "GET":
            await _send(scope, send, Answer(405, Body(b"/live is read by GET.\n"), PLAIN))
            return
        transport = transport_of(send)
        if transport is None:
            text = b"/live needs this program's own server. Ask /version.json\n"
            await _send(scope, send, Answer(503, Body(text), PLAIN))
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


async def _file(scope: Scope, send: Send, found: Answer) -> None:
    """A file by GET or HEAD, 304 where the reader has it."""
    if scope["method"] not in ("GET", "HEAD"):
        await _send(scope, send, Answer(405, Body(b"Only GET and HEAD work here.\n"), PLAIN))
        return
    tags = [tag.strip().removeprefix(b"W/") for tag in _header(scope, b"if-none-match").split(b",")]
    known = found.status == 200 and found.tagged and found.body.etag in tags
    await _send(scope, send, replace(found, status=304) if known else found)


async def _send(scope: Scope, send: Send, answer: Answer) -> None:
    body, plain = answer.body, answer.status == 304
    small = len(body.raw) <= 600 or answer.kind.startswith("image/")
    zipped = not plain and not small and b"gzip" in _header(scope, b"accept-encoding")
    data = b"" if plain else body.zipped if zipped else body.raw
    kind, varies = _kind(scope, answer.kind)
    embedded = scope["path"].rstrip("/").endswith("/embed")
    headers = [*SAFE, (b"content-type", kind.encode()), (b"content-security-policy", _policy(embedded))]
    headers.append((b"vary", b", ".join((b"accept-encoding", *varies, *answer.varies))))
    if not plain:
        headers.append((b"content-length", str(len(data)).encode()))
    if zipped:
        headers.append((b"content-encoding", b"gzip"))
    if answer.language:
        headers.append((b"content-language", answer.language.encode()))
    if answer.tagged:
        headers.append((b"etag", b"W/" + body.etag))  # weak: the same tag stands for the compressed bytes
    if answer.status == 405:
        headers.append((b"allow", b"GET, HEAD"))
    if answer.kind != HTML:
        headers.append((b"access-control-allow-origin", b"*"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else data})


def _kind(scope: Scope, kind: str) -> tuple[str, tuple[bytes, ...]]:
    """Feeds and CAP files are plain XML to a browser, which would offer a download instead of showing them."""
    if "+xml" not in kind:
        return kind, ()
    return XML if b"text/html" in _header(scope, b"accept") else kind, (b"accept",)


def _header(scope: Scope, name: bytes) -> bytes:
    return dict(scope["headers"]).get(name, b"")  # type: ignore[no-any-return]


def _policy(embedded: bool) -> bytes:
    return (POLICY + ("*" if embedded else "'self'")).encode()
