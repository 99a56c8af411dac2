"""Several alerts of one incident under one digest and one signature: their order, what they share, what holds together.

An Order for A, a Warning for B and a Shelter for C are decided as one: somebody who approves the Order without the
Warning would leave B without a word. Pure; the services act on it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from broadcaster.domain.alert import Alert
from broadcaster.domain.errors import Refused
from broadcaster.domain.lifecycle import PENDING

SENT_FIRST = ("evacuation_order", "evacuation_warning", "shelter_in_place")  # templates; all others follow
EVACUATION = 0  # wording.priority of the evacuation class


def rank(alert: Alert) -> int:
    """Its place among the evacuation words: 0 order, 1 warning, 2 shelter, 3 whatever else."""
    template = alert.content.template
    return SENT_FIRST.index(template) if template in SENT_FIRST else len(SENT_FIRST)


def members(alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    """The parts that still count, in the order in which they are read and sent.

    A part that was put away before it ever went out (discarded, rejected, expired as a draft) stands in it no more.
    """
    held = [alert for alert in alerts if alert.state in PENDING or alert.identifier is not None]
    return tuple(sorted(held, key=lambda alert: (rank(alert), alert.created, alert.id)))


def digest_of(digests: Sequence[str]) -> str:
    """Hex SHA-256 over the parts' own digests in their order: what one signature answers for."""
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def priority_in(base: int, alert: Alert) -> int:
    """A part's place in the senders' queue: orders first within the evacuation class, others by their own priority."""
    return rank(alert) if base == EVACUATION else base


def check_together(parts: Sequence[Alert]) -> None:
    """Can these be decided as one? Raises Refused("mixed_modes", "zone_twice")."""
    if len({part.mode for part in parts}) > 1:
        raise Refused("mixed_modes", "A drill and the real thing never share a signature. Make two bundles.")
    twice = zones_twice(parts)
    if twice:
        text = f"In one bundle a place gets one message: {', '.join(twice)} stand in two parts. Take them out of one."
        raise Refused("zone_twice", text)


def zones_twice(parts: Sequence[Alert]) -> tuple[str, ...]:
    """Zones that stand in more than one part, by id."""
    seen: set[str] = set()
    twice: set[str] = set()
    for part in parts:
        twice |= seen & set(part.zones)
        seen |= set(part.zones)
    return tuple(sorted(twice))
