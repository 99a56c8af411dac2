"""When a channel is asked whether it can be used, and what its token's end means."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from broadcaster.domain.channel import Check

AHEAD = timedelta(days=7)  # time to make a new token, over a weekend and a holiday
EVERY = timedelta(days=1)
AGAIN = timedelta(hours=1)  # after an alarm, so that it is over soon after somebody acted


def lasting(check: Check, now: datetime) -> Check:
    """The same check; one whose token dies within a week is not well any more."""
    ending = check.ok and check.until is not None and check.until - now < AHEAD
    return replace(check, ok=False) if ending else check


def is_due(last: datetime | None, rung: bool, now: datetime) -> bool:
    """Whether to ask now: never asked, a day ago, or an hour ago with an alarm."""
    return last is None or now - last >= (AGAIN if rung else EVERY)
