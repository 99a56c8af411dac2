"""Several alerts of one incident under one digest and one signature: their order, what they share, what holds together.

An Order for A, a Warning for B and a Shelter for C are decided as one: somebody who approves the Order without the
Warning would leave B without a word. Pure; the services act on it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from broadcaster.domain.alert import Alert, State
from broadcaster.domain.errors import Refused
from broadcaster.domain.lifecycle import PENDING

ENDINGS = ("lifted", "cancelled")
SENT_FIRST = ("evacuation_order", "evacuation_warning", "shelter_in_place")  # templates; all others follow
BY_RANK = (0, 5)  # wording.priority of evacuations and of corrections: all other classes begin at 10


def rank(template: str, earlier: Iterable[str] = ()) -> int:
    """A part's place among the evacuation words: 0 order, 1 warning, 2 shelter, 3 whatever else.

    ``earlier``: templates of what it replaces. "Sent in error" about an order stands where the order stood.
    """
    if template in SENT_FIRST:
        return SENT_FIRST.index(template)
    return min((rank(one) for one in earlier), default=len(SENT_FIRST))


def ordered(alerts: Iterable[Alert], earlier: Mapping[str, str]) -> tuple[Alert, ...]:
    """In the order in which they are read and sent. ``earlier``: an alert that one of them replaces -> its template."""

    def place(alert: Alert) -> tuple[int, datetime, str]:
        about = [earlier[id_] for id_ in alert.replaces if id_ in earlier]
        return rank(alert.content.template, about), alert.created, alert.id

    return tuple(sorted(alerts, key=place))


def members(alerts: Iterable[Alert], earlier: Mapping[str, str] = MappingProxyType({})) -> tuple[Alert, ...]:
    """The parts that still count, ``ordered``.

    A part that was put away before it ever went out (discarded, rejected, expired as a draft) stands in it no more.
    """
    return ordered((one for one in alerts if one.state in PENDING or one.identifier is not None), earlier)


def together(alert: Alert, parts: Iterable[Alert]) -> tuple[Alert, ...]:
    """All that one follow-up on ``alert`` can be about: those of its incident (``parts``) that are live in its mode and
    neither an all clear nor a correction; where it is none of them, itself alone."""
    found = tuple(p for p in parts if p.state == State.LIVE and p.mode == alert.mode and p.ending not in ENDINGS)
    return found if alert.id in {part.id for part in found} else (alert,)


def digest_of(digests: Sequence[str]) -> str:
    """Hex SHA-256 over the parts' own digests in their order: what one signature answers for."""
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def priority_in(base: int, place: int) -> int:
    """A part's place in the senders' queue by its ``rank``: orders, or corrections of orders, first in their class."""
    return base + place if base in BY_RANK else base


def check_together(parts: Sequence[Alert]) -> None:
    """Can these be decided as one? Raises Refused("mixed_modes", "zone_twice")."""
    if len({part.mode for part in parts}) > 1:
        raise Refused("mixed_modes", "A drill and the real thing never share a signature. Make two bundles.")
    twice = zones_twice([part for part in parts if part.ending not in ENDINGS])  # an ending is about one alert
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
