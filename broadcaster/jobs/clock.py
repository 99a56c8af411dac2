"""The clock: one leader by a lease row, a tick each second, periodic work put into the queue.

Where Redis is away the work runs here, and in the worker, whoever takes its turn first.
"""

from __future__ import annotations

import logging
import time

from sqlalchemy.exc import SQLAlchemyError

from broadcaster.jobs import run as jobs
from broadcaster.jobs.aside import ASIDE
from broadcaster.jobs.beat import Pulse
from broadcaster.jobs.schedule import Periodic, Schedule
from broadcaster.process import Stop, holder
from broadcaster.services.system import System
from broadcaster.store import leases
from broadcaster.transport import queue

log = logging.getLogger(__name__)
TICK = 1.0
LEADS_SECONDS = 5.0


def run(system: System, pulse: Pulse, stop: Stop) -> None:
    """Tick until ``stop``."""
    schedule = Schedule()
    while not stop.wait(TICK):
        pulse.touch()
        if ASIDE.hung():
            log.error("%s hangs: leaving, to be started anew", ASIDE.hung())
            return
        tick(system, schedule, time.monotonic())


def tick(system: System, schedule: Schedule, at: float) -> list[Periodic]:
    """Cause what is due, where this clock leads; returns it."""
    if not _mine(system, "clock", LEADS_SECONDS):
        return []
    due = schedule.due(at)
    for periodic in due:
        if not queue.enqueue(system.redis, queue.WORK, jobs.PERIODIC, periodic.name, name=periodic.name):
            here(system, periodic)
    return due


def here(system: System, periodic: Periodic) -> bool:
    """Run it in this process, unless another did within its period; False where it was not our turn."""
    if not _mine(system, f"turn:{periodic.name}", periodic.every):
        return False
    return ASIDE.start(periodic.name, periodic.function, lambda: system)


def _mine(system: System, name: str, seconds: float) -> bool:
    try:
        with system.database.write() as connection:
            return leases.take(connection, name, holder(), seconds)
    except SQLAlchemyError as error:
        log.warning("the database is away: %s", type(error).__name__)
        return False
