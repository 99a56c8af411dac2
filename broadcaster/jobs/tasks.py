"""What RQ calls in the sender: work on every channel. Lost or doubled, it does no harm."""

from __future__ import annotations

from functools import lru_cache

from broadcaster.jobs.opened import system
from broadcaster.services.send import Sender


@lru_cache(maxsize=1)
def sender() -> Sender:
    """One per process: it keeps its event loop and connections over jobs."""
    return Sender(system())


def work() -> None:
    """Send what is queued, for at most a minute; the next wake or look goes on."""
    sender().work()
