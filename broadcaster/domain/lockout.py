"""How many wrong passwords or codes one account takes, whatever door they come through (console, command line)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

MAX_FAILURES = 5
LOCK = timedelta(minutes=15)
FORGET = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Failures:
    """What is remembered of an account: tries without success so far, the last one, and a lock."""

    count: int
    last: datetime
    locked_until: datetime | None = None


def locked(known: Failures, now: datetime) -> bool:
    """Whether another try is refused before anything is compared."""
    return known.locked_until is not None and now < known.locked_until


def after_try(known: Failures, now: datetime) -> Failures:
    """What to remember once a try begins: it counts as wrong until it has proved right.

    Counting first means that many tries side by side cannot all slip in before the first one is counted.
    """
    count = 1 if now - known.last >= FORGET else known.count + 1
    return Failures(count, now, now + LOCK if count >= MAX_FAILURES else None)
