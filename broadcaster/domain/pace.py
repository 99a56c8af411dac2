"""Pace: the generic cell rate algorithm as pure arithmetic; the shared one runs the same in Redis (Lua).

``tat`` is the theoretical arrival time of the next unit, in seconds on the caller's clock. A sender may lag by
2 % of a second and catch up, never more; a new pace starts without credit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

TOLERANCE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Slots:
    """Start times (seconds from now, ascending) for the first messages asked about; ``wait`` for the next one."""

    starts: tuple[float, ...]
    wait: float


def take(tat: float | None, now: float, rate: float, costs: Sequence[int], horizon: float) -> tuple[Slots, float]:
    """Slots for as many of ``costs`` (units each) as start within ``horizon`` seconds, and the new ``tat``."""
    arrival = now if tat is None else max(tat, now - TOLERANCE_SECONDS)
    starts = []
    for cost in costs:
        if arrival > now + horizon:
            break
        starts.append(max(0.0, arrival - now))
        arrival += cost / rate
    return Slots(tuple(starts), max(0.0, arrival - now)), arrival
