"""What the clock enqueues."""

from __future__ import annotations

from broadcaster.jobs.aside import ASIDE
from broadcaster.jobs.opened import system
from broadcaster.jobs.schedule import FUNCTIONS

PERIODIC = "broadcaster.jobs.run.periodic"


def periodic(name: str) -> bool:
    """Start the periodic work of that name in this process, unless it still runs."""
    return ASIDE.start(name, FUNCTIONS[name], system)
