"""Times that name no zone, read in the one in which their feed writes them.

The zone is the agency's word (feeds.toml), else the format's own default, else UTC. In the hour that is there twice in
autumn the first counts, and one that is skipped in spring is read by the clock before the change (PEP 495, fold=0);
both are said as doubtful, which no rule releases.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

ASSUMED, DOUBTFUL = "time_zone_assumed", "time_zone"
_own: ContextVar[tuple[str, bool]] = ContextVar("own_zone", default=("", False))


@contextmanager
def used(name: str, *, configured: bool) -> Iterator[None]:
    """Within, what names no zone is of this one (an IANA name; "": UTC). ``configured``: by the agency, not by us."""
    token = _own.set((name, configured))
    try:
        yield
    finally:
        _own.reset(token)


def read(naive: datetime) -> tuple[datetime, str, str]:
    """The time as aware UTC, the code of the finding, and what was made of it in words. Raises OverflowError."""
    name, configured = _own.get()
    if not name:
        return naive.replace(tzinfo=UTC), DOUBTFUL, "it was read as UTC"
    zone = ZoneInfo(name)
    found = naive.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None, fold=0) != naive:
        return found, DOUBTFUL, f"and {name} skipped that hour; it was read by the clock before"
    if naive.replace(tzinfo=zone, fold=1).astimezone(UTC) != found:
        return found, DOUBTFUL, f"and {name} had that hour twice; the first was taken"
    if not configured:
        return found, DOUBTFUL, f"it was read as {name}, as this format writes it"
    return found, ASSUMED, f"it was read as {name}, the feed's own"
