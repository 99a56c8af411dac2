"""When to ask again: which answers are errors, what Retry-After says, and back-off with full jitter. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LEAST = 5.0  # seconds; the weather service asks for about that (rules.md section 2)
MOST = 3600.0  # seconds between two tries of a feed that fails, whatever its own pace
LONGEST = 86_400.0  # seconds; no Retry-After beyond a day is believed
_TRANSIENT = frozenset([403, 408, 425, 429])


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an HTTP status means. ``permanent``: asking again unchanged cannot help. ``retry_after`` in seconds."""

    ok: bool
    permanent: bool = False
    retry_after: float | None = None


def judge(status: int, headers: Mapping[str, str], now: datetime, conditional: bool) -> Verdict:
    """200 is an answer, and so is 304 to a conditional request. Everything else is an error.

    429, 403, 408, 425 and all 5xx may pass; other 4xx (and 2xx and 3xx that carry no document) will not.
    """
    if status == 200 or (status == 304 and conditional):
        return Verdict(True)
    passing = status in _TRANSIENT or status >= 500
    return Verdict(False, not passing, retry_after(headers, now) if passing else None)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Retry-After in seconds (RFC 9110 section 10.2.3: seconds or a date); None where it is absent or nonsense."""
    text = next((value.strip() for name, value in headers.items() if name.lower() == "retry-after"), "")
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST)
    try:
        then = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    then = then.replace(tzinfo=UTC) if then.tzinfo is None else then
    return min(max((then - now).total_seconds(), 0.0), LONGEST)


def delay(failures: int, pace: float, asked: float | None, draw: float) -> float:
    """Seconds until the next try after ``failures`` in a row (1 or more): full jitter over a doubling span.

    ``pace`` is the feed's own interval, ``asked`` the server's Retry-After, ``draw`` a random number in [0, 1).
    """
    span = min(MOST, max(pace, LEAST) * 2.0 ** min(failures, 12))
    return max(LEAST, asked or 0.0, draw * span)
