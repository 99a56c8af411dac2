"""Readers of ``/live``: each waits for "a version newer than mine", so that a slow one skips and never queues.

Everything runs in one event loop. A reader costs one future, no timer; two timers serve all of them.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

HEARTBEAT = 15.0  # seconds between comments; the promise is 20
SLOW = 10.0  # seconds that one write may take
SWEEP = 1.0
BEAT = b": still here\n\n"
SHELVES = 16  # heartbeats go to a part of the readers at a time, so that no second is heavy
Write = Callable[[bytes], Awaitable[None]]


class Hub:
    """The current version's event and everybody who waits for the next."""

    def __init__(self) -> None:
        self.number = 0
        self.closed = False
        self._event = b""
        self._waiting: list[set[asyncio.Future[bool]]] = [set() for _ in range(SHELVES)]
        self._writing: dict[asyncio.Task[Any], float] = {}
        self._readers = 0
        self._timers: list[asyncio.Task[None]] = []

    def tell(self, number: int, data: bytes) -> None:
        """Set the current version; wake everybody where its number is another. The same number with other
        data (a later heartbeat) is for readers that come from now on."""
        news = number != self.number
        self.number, self._event = number, event(number, data)
        for shelf in self._waiting if news else ():
            _wake(shelf, True)

    def close(self) -> None:
        """End all streams and take no more, so that the server can stop."""
        self.closed = True
        for shelf in self._waiting:
            _wake(shelf, True)
        for timer in self._timers:
            timer.cancel()

    async def serve(self, write: Write) -> None:
        """One reader: the current version at once, then each newer one, until it leaves, lags or we close."""
        self._start_timers()
        self._readers += 1
        shelf = self._waiting[self._readers % SHELVES]
        task = asyncio.current_task()
        assert task is not None
        mine = self.number
        await self._write(task, write, retry() + (self._event or BEAT))
        while not self.closed:
            if mine == self.number and not await self._news(shelf):
                await self._write(task, write, BEAT)
            elif mine != self.number:
                mine = self.number
                await self._write(task, write, self._event)

    async def _news(self, shelf: set[asyncio.Future[bool]]) -> bool:
        """Wait: True for a newer version or the end, False for a heartbeat."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        shelf.add(future)
        try:
            return await future
        finally:
            shelf.discard(future)

    async def _write(self, task: asyncio.Task[Any], write: Write, data: bytes) -> None:
        self._writing[task] = asyncio.get_running_loop().time()
        try:
            await write(data)
        finally:
            del self._writing[task]

    def _start_timers(self) -> None:
        if not self._timers:
            self._timers = [asyncio.create_task(self._beat()), asyncio.create_task(self._drop_slow())]

    async def _beat(self) -> None:
        while True:
            for shelf in self._waiting:
                await asyncio.sleep(HEARTBEAT / SHELVES)
                _wake(shelf, False)

    async def _drop_slow(self) -> None:
        while True:
            await asyncio.sleep(SWEEP)
            late = asyncio.get_running_loop().time() - SLOW
            for task in [task for task, since in self._writing.items() if since < late]:
                task.cancel()


def _wake(shelf: set[asyncio.Future[bool]], news: bool) -> None:
    waiting = list(shelf)
    shelf.clear()
    for future in waiting:
        if not future.done():
            future.set_result(news)


def event(number: int, data: bytes) -> bytes:
    """One Server-Sent Event; data must hold no line break."""
    return b"id: %d\nevent: version\ndata: %s\n\n" % (number, data)


def retry() -> bytes:
    """When to come back: spread over three seconds, so that ten thousand do not return at once."""
    return b"retry: %d\n\n" % random.randint(2000, 5000)
