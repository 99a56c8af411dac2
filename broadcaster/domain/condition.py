"""Whether a feed is well, from what its last polls came to. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

FAILURES = 3  # one failed poll is weather; three in a row are a fault
SILENT_POLLS = 10
SILENT_AT_LEAST = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class FeedFacts:
    """``last_ok`` is the last poll that worked, None where none ever did; ``failures`` are those in a row since."""

    poll_seconds: int
    last_ok: datetime | None
    failures: int
    first_due: datetime | None = None


def feed_fault(feed: FeedFacts, now: datetime) -> str:
    """In one word: "failing" (three polls in a row), "never" (none ever worked), "silent" (none for long).

    "" where it is well.
    """
    if feed.failures and feed.last_ok is None:
        return "never"
    if feed.failures >= FAILURES:
        return "failing"
    longest = max(SILENT_AT_LEAST, timedelta(seconds=feed.poll_seconds * SILENT_POLLS))
    last = feed.last_ok or feed.first_due
    return "silent" if last is not None and now - last > longest else ""


_CAUSES = (  # what stands in the reason of a failed poll -> one word for what to do; the first that fits
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
)


def feed_cause(error: str) -> str:
    """What kind of failure a poll's reason tells of: refused gone too_often their_fault address network unreadable.

    "" where it is none of these, or there is no error.
    """
    return next((cause for part, cause in _CAUSES if part in error), "")
