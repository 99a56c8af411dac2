"""Periodic work as data. All of it is idempotent, so that two clocks, or a clock and a fall-back, do no harm."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Periodic:
    """``function`` (dotted, called with the System) at least every ``every`` seconds."""

    name: str
    every: float
    function: str


PERIODIC = (
    Periodic("poll", 1, "broadcaster.services.poll.poll_due"),
    Periodic("sweep", 2, "broadcaster.services.sweep.sweep"),
    Periodic("ask", 2, "broadcaster.services.settle.ask"),
    Periodic("tell", 2, "broadcaster.services.tell.tell"),
    Periodic("pins", 10, "broadcaster.services.pins.keep"),
    Periodic("shortfall", 10, "broadcaster.services.progress.ring_shortfalls"),
    Periodic("feeds", 10, "broadcaster.services.feed_health.ring"),
    Periodic("publish", 30, "broadcaster.services.publish.checked"),
    Periodic("arming", 30, "broadcaster.services.arm.watch"),
    Periodic("rules", 10, "broadcaster.services.rules_watch.watch"),
    Periodic("learn", 60, "broadcaster.services.learn.learn"),  # asks each provider every 15 minutes
    Periodic("token_life", 600, "broadcaster.services.token_life.look"),  # asks each channel once a day
)
FUNCTIONS = {periodic.name: periodic.function for periodic in PERIODIC}


class Schedule:
    """What is due now. Everything is due at first; what was missed is made up once, at once."""

    def __init__(self, periodic: Iterable[Periodic] = PERIODIC) -> None:
        self._next = dict.fromkeys(periodic, float("-inf"))

    def due(self, at: float) -> list[Periodic]:
        """Entries due at ``at`` (monotonic seconds); they count as done until their next turn."""
        found = [periodic for periodic, moment in self._next.items() if moment <= at]
        for periodic in found:
            self._next[periodic] = at + periodic.every
        return found
