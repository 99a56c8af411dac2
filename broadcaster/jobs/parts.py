"""The parts that do the work: what each process runs once settings are read."""

from __future__ import annotations

import importlib
import logging
import time
from collections.abc import Callable

from broadcaster.jobs import clock, worker
from broadcaster.jobs.aside import ASIDE
from broadcaster.jobs.beat import Beat, Pulse
from broadcaster.jobs.opened import system as opened
from broadcaster.jobs.schedule import Schedule
from broadcaster.process import Stop
from broadcaster.services.system import System
from broadcaster.transport import queue

log = logging.getLogger(__name__)
SENDER_LIMIT = 150.0  # a run of the sender lasts up to 60 s and settles for 10
WORKER_LIMIT = 60.0
CLOCK_LIMIT = 30.0


def sender(stop: Stop) -> None:
    """Sends what SQL says; RQ wakes it, and in silence it looks by itself every second."""
    system, pulse = opened(), Pulse(SENDER_LIMIT)
    module, _, name = queue.WAKE.rpartition(".")
    work = getattr(importlib.import_module(module), name)

    def look() -> None:
        pulse.touch()
        work()

    _beating(system, "sender", pulse, lambda: worker.run(system.settings.redis_url, queue.SEND, look, look, stop))


def work(stop: Stop) -> None:
    """Runs the periodic work that the clock puts into the queue; without Redis by its own schedule."""
    system, pulse, schedule = opened(), Pulse(WORKER_LIMIT), Schedule()

    def idle() -> None:
        pulse.touch()
        if ASIDE.hung():
            log.error("%s hangs: leaving, to be started anew", ASIDE.hung())
            stop.set()

    def away() -> None:
        idle()
        for periodic in schedule.due(time.monotonic()):
            clock.here(system, periodic)

    _beating(system, "worker", pulse, lambda: worker.run(system.settings.redis_url, queue.WORK, idle, away, stop))


def tick(stop: Stop) -> None:
    """The clock."""
    system, pulse = opened(), Pulse(CLOCK_LIMIT)
    _beating(system, "clock", pulse, lambda: clock.run(system, pulse, stop))


def _beating(system: System, part: str, pulse: Pulse, run: Callable[[], None]) -> None:
    beat = Beat(system.database, part, pulse.beats)
    beat.start()
    try:
        run()
    finally:
        beat.leave()
        system.close()
