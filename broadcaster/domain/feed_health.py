"""Whether a feed is well, from what its last polls came to and what is usual for it; what to do where it is not. Pure.

A feed that says nothing is never "no danger": whatever keeps warnings from us is a fault, told in plain words.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

FAILURES = 3  # one failed poll is weather; three in a row are a fault
SILENT_POLLS = 10
SILENT_AT_LEAST = timedelta(minutes=15)
KEPT = 20  # figures remembered of each kind
REGULAR = 10  # changes after which a feed's rhythm is known
STALE_AT_LEAST = timedelta(minutes=30)
SLOW = 8_000  # milliseconds; a fetch is given up after 20 s
SLOW_POLLS = 3
MANY = 10  # entries from which a sudden loss means something
SHRUNK_TO = 0.2
SHRUNK_LASTS = timedelta(hours=2)  # then it is how the feed is now
FASTEST_LIVE = 15  # seconds between polls while an alert of the feed is live


@dataclass(frozen=True, slots=True)
class Memory:
    """What is usual for a feed, the newest last: seconds between two changes, entries (or links) of a document,
    milliseconds that the last polls took. ``unread`` of ``size`` things of the last document could not be used.
    ``shrunk``: entries before and after, since when (RFC 3339)."""

    gaps: tuple[int, ...] = ()
    sizes: tuple[int, ...] = ()
    took: tuple[int, ...] = ()
    unread: int = 0
    shrunk: tuple[int, int, str] | None = None

    @classmethod
    def of(cls, kept: Mapping[str, Any] | None) -> Memory:
        """From its row."""
        values: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in (kept or {}).items()}
        return cls(**values)

    def as_dict(self) -> dict[str, Any]:
        """For its row."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Look:
    """One poll that worked. ``gap``: seconds since the document last changed, None where it did not change now (or
    for the first time); ``size`` and ``unread`` are None where the document was the same."""

    at: datetime
    took: int
    gap: int | None = None
    size: int | None = None
    unread: int = 0


@dataclass(frozen=True, slots=True)
class FeedFacts:
    """``last_ok`` is the last poll that worked, None where none ever did; ``failures`` are those in a row since, with
    the last one's ``error``. ``stale_minutes`` 0: by what is usual. ``changed``: when the document last did."""

    poll_seconds: int
    last_ok: datetime | None
    failures: int
    error: str = ""
    stale_minutes: int = 0
    changed: datetime | None = None
    memory: Memory = Memory()


def learnt(memory: Memory, look: Look) -> Memory:
    """With one more poll that worked."""
    made = replace(memory, took=(*memory.took, look.took)[-SLOW_POLLS:])
    if look.gap is not None:
        made = replace(made, gaps=(*made.gaps, look.gap)[-KEPT:])
    if look.size is None:
        return made
    shrunk = _shrunk(memory, look.size, look.at)
    return replace(made, sizes=(*made.sizes, look.size)[-KEPT:], unread=look.unread, shrunk=shrunk)


def _shrunk(memory: Memory, size: int, at: datetime) -> tuple[int, int, str] | None:
    if memory.shrunk is not None and size < memory.shrunk[0] / 2:
        return memory.shrunk
    usual = statistics.median(memory.sizes[-MANY:]) if len(memory.sizes) >= SLOW_POLLS else 0
    if usual >= MANY and size <= usual * SHRUNK_TO:
        return round(usual), size, at.isoformat()
    return None


def feed_fault(feed: FeedFacts, now: datetime) -> str:
    """In one word, the worst first; "" where it is well.

    never (no poll ever worked), refused (three in a row), format (unreadable, or most of it), failing (three in a row
    otherwise), silent (not asked for long: our own fault), shrunk (most entries gone at once), stale (no change where
    one is due), slow.
    """
    if feed.failures and feed.last_ok is None:
        return "never"
    if feed.failures >= FAILURES:
        return {"refused": "refused", "too_often": "refused", "unreadable": "format"}.get(
            feed_cause(feed.error), "failing"
        )
    longest = max(SILENT_AT_LEAST, timedelta(seconds=feed.poll_seconds * SILENT_POLLS))
    if feed.last_ok is not None and now - feed.last_ok > longest:
        return "silent"
    return _change_for_the_worse(feed, now)


def _change_for_the_worse(feed: FeedFacts, now: datetime) -> str:
    memory = feed.memory
    size = memory.sizes[-1] if memory.sizes else 0
    if memory.unread >= 2 and memory.unread >= size:
        return "format"
    if memory.shrunk is not None and now - datetime.fromisoformat(memory.shrunk[2]) < SHRUNK_LASTS:
        return "shrunk"
    due = change_due(feed.stale_minutes, memory)
    if due is not None and feed.changed is not None and now - feed.changed > due:
        return "stale"
    return "slow" if len(memory.took) >= SLOW_POLLS and min(memory.took) >= SLOW else ""


def change_due(stale_minutes: int, memory: Memory) -> timedelta | None:
    """After how long without a change a feed is stale; None where nobody says and it has no rhythm.

    Learnt only of feeds that change as a clock does (a heartbeat, an index with its own time): calm between storms
    is no fault.
    """
    if stale_minutes:
        return timedelta(minutes=stale_minutes)
    if len(memory.gaps) < REGULAR or max(memory.gaps) > 3 * statistics.median(memory.gaps):
        return None
    return max(STALE_AT_LEAST, timedelta(seconds=4 * max(memory.gaps)))


def pace(poll_seconds: int, live: bool) -> int:
    """Seconds to the next poll: half as many while an alert of the feed is live, but not below ``FASTEST_LIVE``."""
    return min(poll_seconds, max(FASTEST_LIVE, poll_seconds // 2)) if live else poll_seconds


_CAUSES = (  # what stands in the reason of a failed poll -> one word for what to do; the first that fits
    ("login: ", "refused"),
    ("folder: ", "gone"),
    ("answered 401", "refused"),
    ("answered 403", "refused"),
    ("answered 404", "gone"),
    ("answered 410", "gone"),
    ("answered 429", "too_often"),
    ("answered 5", "their_fault"),
    ("redirect", "address"),
    ("cannot be asked", "address"),
    ("private", "address"),
    ("No connection", "network"),
    ("No complete answer", "network"),
    ("broke off", "network"),
    ("Not finished", "network"),
    ("not_", "unreadable"),
    ("doctype", "unreadable"),
    ("empty", "unreadable"),
    ("too_", "unreadable"),
    ("no_alert", "unreadable"),
)


def feed_cause(error: str) -> str:
    """What kind of failure a poll's reason tells of: refused gone too_often their_fault address network unreadable.

    "" where it is none of these, or there is no error.
    """
    return next((cause for part, cause in _CAUSES if part in error), "")


_SAID = {
    "never": "has never answered. Check its address in feeds.toml.",
    "refused": "is refused by its server. Check the address and the key, and ask the feed's owner.",
    "format": "can no longer be read: its format has changed, or its address leads elsewhere.",
    "failing": "fails. We keep trying.",
    "shrunk": "has lost most of its entries at once ({before} before, {after} now). They may be missing, not over.",
    "stale": "has not changed for {minutes} minutes, which is unusual. Its source may stand still.",
    "slow": "answers very slowly, so its warnings come late.",
}
RINGING = frozenset(_SAID)  # "silent" is not: then our own clock stands still, which is watched as a part


def told(name: str, fault: str, feed: FeedFacts, now: datetime) -> str:
    """An alarm's words: what is wrong, and what to do."""
    before, after, _ = feed.memory.shrunk or (0, 0, "")
    minutes = round((now - feed.changed).total_seconds() / 60) if feed.changed else 0
    said = _SAID[fault].format(before=before, after=after, minutes=minutes)
    return f"The feed {name} {said} Look at its source yourself until it is well."
