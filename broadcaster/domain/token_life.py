"""When a channel is asked whether it can be used, and what its token's end means."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from broadcaster.domain.channel import Check

AHEAD = timedelta(days=7)  # time to make a new token, over a weekend and a holiday
EVERY = timedelta(days=1)
AGAIN = timedelta(hours=1)  # after an alarm, so that it is over soon after somebody acted


def ends_soon(check: Check, now: datetime) -> bool:
    """Whether the token of this check dies within a week, or is dead."""
    return check.until is not None and check.until - now < AHEAD


def lasting(check: Check, now: datetime) -> Check:
    """The same check; one whose token ends soon is not well any more."""
    return replace(check, ok=False) if ends_soon(check, now) else check


def is_due(last: datetime | None, rung: bool, now: datetime) -> bool:
    """Whether to ask now: never asked, a day ago, or an hour ago with an alarm."""
    return last is None or now - last >= (AGAIN if rung else EVERY)
