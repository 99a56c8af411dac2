"""Flask behind an ASGI server: the body is read in the event loop, then one hop into a bounded thread pool.

Why not a2wsgi's own middleware: it reads bodies in its threads, so that a dozen stalled uploads block every
page, and a chunked body arrives empty without a word.
"""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

from a2wsgi.wsgi import build_environ

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Answer = tuple[int, list[tuple[bytes, bytes]], bytes]

LARGEST_BODY = 16 * 1024 * 1024  # bytes; a subscribers' CSV of a large county is about 10 MB
BODY_SECONDS = 30.0
THREADS = 16


class Bridge:
    """An ASGI app over a WSGI app. Answers 413 for too large a body and 408 for too slow a one."""

    def __init__(self, wsgi: Wsgi, largest: int = LARGEST_BODY, seconds: float = BODY_SECONDS) -> None:
        self._wsgi = wsgi
        self._largest = largest
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="wsgi")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        try:
            async with asyncio.timeout(self._seconds):
                body = await read_body(receive, self._largest)
        except TimeoutError:
            await _answer(send, _refusal(scope, 408, "The request's body came too slowly. Send it again."))
            return
        if body is None:
            return
        if len(body) > self._largest:
            await _answer(send, _refusal(scope, 413, f"A request may hold {self._largest} bytes at most."))
            return
        loop = asyncio.get_running_loop()
        await _answer(send, await loop.run_in_executor(self._threads, self._call, _environ(scope, body)))

    def _call(self, environ: dict[str, Any]) -> Answer:
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
            started[:] = [(status, headers)]

        parts = self._wsgi(environ, start_response)
        try:
            body = b"".join(parts)
        finally:
            close = getattr(parts, "close", None)
            if close is not None:
                close()
        status, headers = started[0]
        made = [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers]
        if body and b"content-length" not in dict(made):
            made.append((b"content-length", str(len(body)).encode()))
        return int(status[:3]), made, body


async def read_body(receive: Receive, largest: int) -> bytes | None:
    """The whole body; None where the client left; more than ``largest`` bytes where it is too large."""
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if not message.get("more_body") or size > largest:
            return b"".join(parts)


def _environ(scope: Scope, body: bytes) -> dict[str, Any]:
    """WSGI's environ. A header named X_Forwarded_For would be merged into X-Forwarded-For, hence dropped."""
    headers = [
        (k, v) for k, v in scope["headers"] if b"_" not in k and k not in (b"transfer-encoding", b"content-length")
    ]
    headers.append((b"content-length", str(len(body)).encode()))
    environ: dict[str, Any] = dict(build_environ({**scope, "headers": headers}, io.BytesIO(body)))  # type: ignore[arg-type,typeddict-item]
    environ["wsgi.input_terminated"] = True
    environ["wsgi.multiprocess"] = False
    return environ


def _refusal(scope: Scope, status: int, text: str) -> Answer:
    """Text for people; for machines what ``api.problems`` writes, which cannot be loaded here."""
    kind, body = "text/plain; charset=utf-8", text
    if scope["path"].startswith("/api/"):
        title = HTTPStatus(status).phrase
        code = title.lower().replace(" ", "_")
        told = {"type": "about:blank", "title": title, "status": status, "code": code, "detail": text}
        kind, body = "application/problem+json", json.dumps(told)
    headers = [(b"content-type", kind.encode()), (b"connection", b"close")]
    return status, [*headers, (b"content-length", str(len(body)).encode())], body.encode()


async def _answer(send: Send, answer: Answer) -> None:
    status, headers, body = answer
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
