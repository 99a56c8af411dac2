"""Status callbacks at the ASGI edge: proven in the event loop, kept in groups, answered once they are kept.

The same rules as Flask's view (``services.webhooks``), which any WSGI server still has. A provider calls
twice for each text and gives up after some seconds: through Flask's threads 10,000 callbacks of one broadcast
took 28 s beside a busy sender, and every eighth was late.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote

from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import MultiDict

from broadcaster.bridge import Receive, Scope, Send, read_body
from broadcaster.domain.channel import Receipt
from broadcaster.domain.errors import BroadcasterError, Invalid, Unavailable
from broadcaster.services import receipts, webhooks
from broadcaster.services.system import System
from broadcaster.services.webhooks import Hook

log = logging.getLogger(__name__)
App = Callable[[Scope, Receive, Send], Awaitable[None]]
PATH = re.compile(r"/hooks/twilio/([^/]+)/status")
LARGEST_BODY = 64 * 1024  # bytes
BODY_SECONDS = 10.0
MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class _Waiting:
    channel: str
    receipt: Receipt
    kept: asyncio.Future[None]


class ReceiptDoor:
    """An ASGI app that answers POST /hooks/twilio/<channel>/status and hands everything else to ``other``."""

    def __init__(self, system: System, other: App) -> None:
        self._system = system
        self._other = other
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        found = PATH.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if found is None:
            await self._other(scope, receive, send)
            return
        try:
            await self._take(unquote(found[1]), scope, receive)
        except BroadcasterError as error:
            await _refuse(send, error)
            return
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def _take(self, channel: str, scope: Scope, receive: Receive) -> None:
        hook = Hook(channel, _called(scope), await _form(receive), _header(scope, b"x-twilio-signature"))
        attempt = parse_qs(scope["query_string"].decode("ascii", "replace")).get("a", [""])[0]
        receipt = webhooks.receipt(self._system, hook, attempt)
        if receipt is not None:
            await self._keep(channel, receipt)

    async def _keep(self, channel: str, receipt: Receipt) -> None:
        """Returns once the receipt is kept; those that come meanwhile are kept together."""
        kept = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(channel, receipt, kept))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await kept

    async def _write(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            refusal: Unavailable | None = None
            try:
                await asyncio.to_thread(self._receive, group)
            except SQLAlchemyError:
                log.exception("receipts could not be kept; the provider will repeat them")
                refusal = Unavailable("receipts", "nothing can be kept now; send it again")
            for one in group:
                _settle(one.kept, refusal)

    def _receive(self, group: list[_Waiting]) -> None:
        for channel in {one.channel for one in group}:
            receipts.receive(self._system, channel, [one.receipt for one in group if one.channel == channel])


def _settle(kept: asyncio.Future[None], refusal: Unavailable | None) -> None:
    if kept.done():
        return  # its client has left
    if refusal is None:
        kept.set_result(None)
    else:
        kept.set_exception(refusal)


async def _form(receive: Receive) -> MultiDict[str, str]:
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await read_body(receive, LARGEST_BODY)
    except TimeoutError:
        raise Invalid("body", "the body came too slowly") from None
    if body is None or len(body) > LARGEST_BODY:
        raise Invalid("body", f"a callback holds {LARGEST_BODY} bytes at most")
    return MultiDict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _called(scope: Scope) -> str:
    """Path and query exactly as they were called: the signature covers them."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return (path.split(b"?")[0] + (b"?" + query if query else b"")).decode("ascii", "replace")


def _header(scope: MutableMapping[str, Any], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


async def _refuse(send: Send, error: BroadcasterError) -> None:
    words = {"type": "about:blank", "title": type(error).__name__, "status": error.status}
    body = json.dumps(words | {"code": error.code, "detail": error.text}).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
