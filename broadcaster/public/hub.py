"""Readers of ``/live``. A version is written to all of them in one turn of the event loop.

Each reader's bytes go straight to its transport: through the server's own protocol layer the last of 10,000
readers heard five times later (measured). Nothing queues for a reader that lags: it is owed the newest
version, gets it once its buffer is empty, and is cut off where that takes longer than ``SLOW``.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from typing import Any, Protocol

HEARTBEAT = 15.0  # seconds between comments; the promise is 20
SLOW = 10.0  # seconds that a reader may take to empty its buffer
SWEEP = 1.0
BEAT = b": still here\n\n"
PARTS = 16  # heartbeats go to a part of the readers at a time, so that no second is heavy


class Transport(Protocol):
    """What is used of asyncio's."""

    def write(self, data: bytes) -> None: ...

    def get_write_buffer_size(self) -> int: ...

    def is_closing(self) -> bool: ...

    def close(self) -> None: ...

    def abort(self) -> None: ...


class Reader:
    """One open stream. ``chunked`` is HTTP/1.1's framing; HTTP/1.0 (many proxies) takes bytes as they are."""

    __slots__ = ("chunked", "lagging", "owed", "transport")

    def __init__(self, transport: Transport, chunked: bool) -> None:
        self.transport = transport
        self.chunked = chunked
        self.owed = False
        self.lagging: float | None = None  # loop time since when its buffer is not empty

    def end(self) -> None:
        """A proper end, so that the reader comes back."""
        if self.chunked:
            self.transport.write(b"0\r\n\r\n")
        self.transport.close()


class Hub:
    """The current version's event, and everybody who listens. All in one event loop."""

    def __init__(self) -> None:
        self.number = 0
        self._event = b""
        self._parts: list[set[Reader]] = [set() for _ in range(PARTS)]
        self._count = 0
        self._timers: list[asyncio.Task[None]] = []
        self._closed = False

    def join(self, transport: Transport, chunked: bool) -> Reader:
        """A new reader; it gets the current version at once."""
        reader = Reader(transport, chunked)
        self._count += 1
        self._parts[self._count % PARTS].add(reader)
        _write((reader,), _retry() + (self._event or BEAT))
        if self._closed:
            reader.end()
        return reader

    def leave(self, reader: Reader) -> None:
        """It is gone."""
        for part in self._parts:
            part.discard(reader)

    def tell(self, number: int, data: bytes) -> None:
        """Set the current version; everybody hears it where its number is another. The same number with other
        data (a later heartbeat) is for readers that come from now on."""
        news = number != self.number
        self.number, self._event = number, event(number, data)
        for part in self._parts if news else ():
            _write(part, self._event)

    def beat(self, part: int) -> None:
        """A comment for one part of the readers; who lags needs none."""
        _write([r for r in self._parts[part] if r.transport.get_write_buffer_size() == 0], BEAT)

    def sweep(self, now: float) -> None:
        """Pay what is owed to those who can take it, and cut off who could not for too long."""
        for part in self._parts:
            for reader in part:
                if reader.transport.get_write_buffer_size() == 0:
                    reader.lagging = None
                    if reader.owed:
                        reader.owed = False
                        _write((reader,), self._event)
                elif reader.lagging is None:
                    reader.lagging = now
                elif now - reader.lagging > SLOW:
                    reader.transport.abort()

    def start(self) -> None:
        """Heartbeats and sweeps from now on (in the event loop)."""
        if not self._timers:
            self._timers = [asyncio.create_task(self._beats()), asyncio.create_task(self._sweeps())]

    def close(self) -> None:
        """End all streams, so that the server can stop."""
        self._closed = True
        for reader in [reader for part in self._parts for reader in part]:
            reader.end()
        for timer in self._timers:
            timer.cancel()

    async def _beats(self) -> None:
        while True:
            for part in range(PARTS):
                await asyncio.sleep(HEARTBEAT / PARTS)
                self.beat(part)

    async def _sweeps(self) -> None:
        while True:
            await asyncio.sleep(SWEEP)
            self.sweep(asyncio.get_running_loop().time())


def _write(readers: Iterable[Reader], data: bytes) -> None:
    framed = b"%x\r\n%s\r\n" % (len(data), data)
    for reader in readers:
        if reader.transport.get_write_buffer_size():
            reader.owed = True
        elif not reader.transport.is_closing():
            reader.transport.write(framed if reader.chunked else data)


def event(number: int, data: bytes) -> bytes:
    """One Server-Sent Event; data must hold no line break."""
    return b"id: %d\nevent: version\ndata: %s\n\n" % (number, data)


def _retry() -> bytes:
    """When to come back: spread over three seconds, so that ten thousand do not return at once."""
    return b"retry: %d\n\n" % random.randint(2000, 5000)


def transport_of(send: Any) -> Transport | None:
    """The transport below an ASGI ``send`` of uvicorn; None under another server."""
    found: Transport | None = getattr(getattr(send, "__self__", None), "transport", None)
    return found
