"""The sender: one line per channel, side by side. SQL decides, RQ only wakes (docs/delivery.md has the protocol).

A line claims rows by lease, and in one transaction per group writes the results of the last group, checks
authority and writes the attempts of the next; only then do its requests start. So a crash leaves at most the
requests in flight plus one group in doubt.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from broadcaster.domain.channel import Channel
from broadcaster.domain.config import ChannelConfig
from broadcaster.services import expand
from broadcaster.services.channels import open_channel, pace_of
from broadcaster.services.exchange import Exchange
from broadcaster.services.line import Line
from broadcaster.services.system import System
from broadcaster.services.verdicts import verdicts
from broadcaster.store import alarms
from broadcaster.store import deliveries as store
from broadcaster.store.engine import now
from broadcaster.transport.pace import Pace

log = logging.getLogger(__name__)
WORK_SECONDS = 60.0


class Sender:
    """Keeps its event loop and the channels' connections over jobs; one per process."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._runner = asyncio.Runner()
        self._channels: dict[str, Channel] = {}
        self._lines: list[Line] = []
        self._holder = f"{socket.gethostname()}:{os.getpid()}"

    def work(self, seconds: float = WORK_SECONDS) -> None:
        """Send what is queued, for at most ``seconds``. SIGTERM ends it: nothing new is claimed."""
        with self._ending_on_signals():
            try:
                self._runner.run(self._work(time.monotonic() + seconds))
            except BaseException:  # a second SIGTERM arrives as SystemExit: requests end as unknown, and are written
                self._runner.run(_cancel_rest())
                raise

    def stop(self) -> None:
        """Claim no more; settle what is under way, for at most 10 s."""
        for line in self._lines:
            line.stopping = True

    def close(self) -> None:
        """Give the channels' connections back."""
        self._runner.run(self._close())
        self._runner.close()

    async def _work(self, until: float) -> None:
        with self._system.database.write() as connection:
            at = now(connection)
            store.promote(connection, at)
            store.free_dead(connection, socket.gethostname(), _alive)
            resting = alarms.paused(connection, at)
        self._lines = [self._line(c) for c in self._system.config.channels if c.enabled and c.name not in resting]
        expanding = asyncio.create_task(asyncio.to_thread(expand.resume, self._system))
        try:
            ended = await asyncio.gather(
                *(line.run(until, lambda: not expanding.done()) for line in self._lines), return_exceptions=True
            )
            for failed in (e for e in ended if isinstance(e, BaseException)):
                raise failed
        finally:
            self._lines = []
            await expanding

    def _line(self, config: ChannelConfig) -> Line:
        channel = self._channels.get(config.name)
        if channel is None:
            channel = self._channels[config.name] = open_channel(self._system, config)
        limits = channel.limits()
        rate = pace_of(config, limits)
        verdict = verdicts(self._system)
        exchange = Exchange(self._system, config, limits, self._holder, verdict)
        pace = Pace(self._system.redis, config.name, rate, self._system.settings.sender_processes)
        return Line(config.name, channel, exchange, pace, rate, verdict)

    async def _close(self) -> None:
        for channel in self._channels.values():
            await channel.close()
        self._channels.clear()

    @contextmanager
    def _ending_on_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT stop the lines first and then reach whoever had them before (RQ's worker)."""
        before: dict[signal.Signals, Any] = {}

        def heard(number: int, frame: FrameType | None) -> None:
            self.stop()
            handler = before.get(signal.Signals(number))
            if callable(handler):
                handler(number, frame)

        try:
            for number in (signal.SIGTERM, signal.SIGINT):
                before[number] = signal.signal(number, heard)
        except ValueError:  # not the main thread: its owner calls stop()
            before.clear()
        try:
            yield
        finally:
            for number, previous in before.items():
                signal.signal(number, previous)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


async def _cancel_rest() -> None:
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
