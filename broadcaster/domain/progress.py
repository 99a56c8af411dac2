"""How far a broadcast is, when it will end, whether it falls short, what differs between two texts. Pure arithmetic."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

FEW = 20  # known numbers in a zone, below which texts alone are no warning
LATE_SHARE = 0.10  # not confirmed by then: news (Notify's thresholds; rules.md section 4)
LATE_AT_MOST = timedelta(minutes=10)
LEAST = 4  # messages below which a share says nothing
STEPS = (5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600)  # seconds of a chart's columns
COLUMNS = 30
KEPT_FROM = 5000  # messages whose sums by zone and time cost some ten milliseconds


@dataclass(frozen=True, slots=True)
class Arrival:
    """Seconds from now until a channel's first and last message of an alert leave."""

    first: float
    last: float


@dataclass(frozen=True, slots=True)
class Counts:
    """Messages of one channel: all, taken by the provider, confirmed, refused for good, still to go, kept back."""

    total: int
    gone: int
    confirmed: int
    failed: int
    left: int
    suppressed: int

    @property
    def missed(self) -> int:
        """Refused for good or kept back: nobody got these."""
        return self.failed + self.suppressed

    @property
    def percent(self) -> int:
        """Confirmed of those the provider took; rounded down, so that 100 means all."""
        return 100 * self.confirmed // self.gone if self.gone else 0


@dataclass(frozen=True, slots=True)
class Shortfall:
    """``kind``: "failed" (refused for good) or "late" (not confirmed in time); ``count`` of ``total``."""

    channel: str
    kind: str
    count: int
    total: int

    @property
    def percent(self) -> int:
        """How many of a hundred."""
        return round(100 * self.count / self.total)


def counts(states: Mapping[str, int]) -> Counts:
    """Of ``deliveries.totals``' numbers by state."""
    n = {name: states.get(name, 0) for name in states}
    left = sum(n.get(name, 0) for name in ("queued", "waiting", "sending", "unknown"))
    gone = n.get("accepted", 0) + n.get("delivered", 0)
    total = n.get("total", left + gone + n.get("failed", 0) + n.get("suppressed", 0))
    return Counts(total, gone, n.get("delivered", 0), n.get("failed", 0), left, n.get("suppressed", 0))


def added(parts: Sequence[Counts]) -> Counts:
    """All of them as one."""
    names = Counts.__slots__
    return Counts(*(sum(getattr(part, name) for part in parts) for name in names))


def arrival(ahead: int, own: int, pace: float) -> Arrival:
    """``ahead``: units queued before it, ``own``: its own units, ``pace``: units a second."""
    return Arrival(ahead / pace, (ahead + max(0, own - 1)) / pace)


def shortfalls(
    channels: Mapping[str, Counts], failed_share: float, age: timedelta, life: timedelta | None
) -> tuple[Shortfall, ...]:
    """What is news while the alert is alive. ``life`` None: it holds until lifted."""
    late = min(LATE_AT_MOST, life / 4) if life is not None else LATE_AT_MOST
    found = []
    for name, one in channels.items():
        asked = one.total - one.suppressed
        if asked < LEAST:
            continue
        if one.failed >= failed_share * asked:
            found.append(Shortfall(name, "failed", one.failed, asked))
        elif age >= late and asked - one.confirmed >= LATE_SHARE * asked:
            found.append(Shortfall(name, "late", asked - one.confirmed, asked))
    return tuple(found)


def kept_seconds(total: int) -> int:
    """How old the sums by zone and time may be, of so many messages: nothing is kept of what is worked out at once."""
    return min(15, total // KEPT_FROM)


# --- the chart ----------------------------------------------------------------------------------------------------
def step_of(span: timedelta) -> int:
    """Seconds of one column, so that there are at most ``COLUMNS``."""
    return next((step for step in STEPS if span.total_seconds() <= step * COLUMNS), STEPS[-1])


@dataclass(frozen=True, slots=True)
class Column:
    """Up to this moment: how many were sent, and confirmed, in all."""

    at: datetime
    sent: int
    confirmed: int


def coarser(seconds: Mapping[int, int], step: int) -> dict[int, int]:
    """Sums by seconds since the epoch as sums by steps of so many seconds."""
    found: dict[int, int] = {}
    for second, n in seconds.items():
        found[second - second % step] = found.get(second - second % step, 0) + n
    return found


def columns(sent: Mapping[int, int], confirmed: Mapping[int, int], step: int, zone: datetime) -> tuple[Column, ...]:
    """Running sums. Keys are seconds since the epoch, multiples of ``step``; ``zone``: a moment in the zone wanted."""
    keys = sorted({*sent, *confirmed})
    if not keys:
        return ()
    last = min(keys[-1], keys[0] + step * 4 * COLUMNS)
    found, all_sent, all_confirmed = [], 0, 0
    for key in range(keys[0], last + step, step):
        all_sent += sent.get(key, 0)
        all_confirmed += confirmed.get(key, 0)
        found.append(Column(datetime.fromtimestamp(key + step, zone.tzinfo), all_sent, all_confirmed))
    return tuple(found)


# --- what differs -------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of two texts: ``kind`` same, gone or new."""

    kind: str
    text: str


def words_changed(old: str, new: str) -> tuple[Piece, ...]:
    """The two texts word by word; empty where they are the same."""
    if old == new:
        return ()
    before, after = _words(old), _words(new)
    found: list[Piece] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append(Piece("same", "".join(before[a:b])))
            continue
        found += [Piece("gone", "".join(before[a:b]))] if a < b else []
        found += [Piece("new", "".join(after[c:d]))] if c < d else []
    return tuple(found)


def _words(text: str) -> list[str]:
    return re.findall(r"\S+|\s+", text)
