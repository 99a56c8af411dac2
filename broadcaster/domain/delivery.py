"""States of deliveries and attempts, and the pure fold that decides them.

A delivery's state is a fold over its attempts, whatever order words about them arrive in. Proof is never
lowered: ``delivered`` of any attempt wins for ever, a late ``failed`` after ``accepted`` counts, and nothing
raises a state without proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from broadcaster.domain.channel import Verdict


class DeliveryState(StrEnum):
    """One message to one recipient or account."""

    QUEUED = "queued"
    LEASED = "leased"
    SENDING = "sending"
    UNKNOWN = "unknown"
    WAITING = "waiting"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


class AttemptState(StrEnum):
    """One try. ``not_sent`` is proof that the provider never took it."""

    SENDING = "sending"
    UNKNOWN = "unknown"
    NOT_SENT = "not_sent"
    ACCEPTED = "accepted"
    FAILED = "failed"
    DELIVERED = "delivered"


UNSETTLED = ("queued", "leased", "sending", "unknown", "waiting")
UNSENT = ("queued", "waiting")
UNDER_WAY = ("queued", "waiting", "leased", "sending", "unknown")  # a post may yet come of it
REACHED = ("sending", "unknown", "accepted", "delivered")
LEASE_SECONDS = 15.0
REQUEST_SECONDS = 10.0
START_NEEDS_SECONDS = 12.0
UNKNOWN_AFTER_SECONDS = REQUEST_SECONDS + 5.0
NOT_FOUND_TWICE_SECONDS = 10.0
LATER_SECONDS, LATEST_SECONDS = 180.0, 900.0  # between calls to a line that is busy or that nobody answers
ANSWERED, MACHINE, CONFIRMED = "answered", "machine", "confirmed"  # codes of what is delivered: how a call was taken
ANSWERS = ("", MACHINE, ANSWERED, CONFIRMED)  # each says more than those before it
_RANK = {state: rank for rank, state in enumerate(AttemptState)}


@dataclass(frozen=True, slots=True)
class Tried:
    """What the fold sees of an attempt. ``verdict`` is what its code means, None where it has none."""

    state: AttemptState
    code: str = ""
    verdict: Verdict | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """What bounds trying again: now, the end (None = until lifted), whether the broadcast still goes."""

    now: datetime
    ends: datetime | None
    ended: bool
    retry_max: int


@dataclass(frozen=True, slots=True)
class Fold:
    """Where a delivery stands. ``due`` is set for ``waiting`` alone."""

    state: DeliveryState
    code: str = ""
    reason: str = ""
    due: datetime | None = None


def raised(old: AttemptState, new: AttemptState) -> AttemptState:
    """What is known of an attempt after one more word; a word that proves less changes nothing."""
    return new if _RANK[new] > _RANK[old] else old


def says_more(old: Tried, state: AttemptState, code: str) -> bool:
    """Does one more word about an attempt say anything new? Of what is delivered, how it was taken."""
    if state is AttemptState.DELIVERED is old.state:
        return _sureness(code) > _sureness(old.code)
    return raised(old.state, state) is not old.state


def _sureness(code: str) -> int:
    return ANSWERS.index(code) if code in ANSWERS else 0


def fold(tries: Sequence[Tried], life: Life) -> Fold:
    """The state of a delivery with at least one attempt, oldest first."""
    states = {tried.state for tried in tries}
    if AttemptState.DELIVERED in states:
        codes = [tried.code for tried in tries if tried.state is AttemptState.DELIVERED]
        return Fold(DeliveryState.DELIVERED, ANSWERS[max(map(_sureness, codes))])
    for proof, state in _PROOFS:
        if proof in states:
            return Fold(state)
    return _after_failure(tries, life)


_PROOFS = (
    (AttemptState.SENDING, DeliveryState.SENDING),
    (AttemptState.UNKNOWN, DeliveryState.UNKNOWN),
    (AttemptState.ACCEPTED, DeliveryState.ACCEPTED),
)


def _after_failure(tries: Sequence[Tried], life: Life) -> Fold:
    last = tries[-1]
    if last.verdict is Verdict.OPTED_OUT:
        return Fold(DeliveryState.SUPPRESSED, last.code, "opted_out")
    due = life.now + timedelta(seconds=wait_seconds(tries))
    if not _may_retry(tries, life, due):
        return Fold(DeliveryState.FAILED, last.code, "provider")
    return Fold(DeliveryState.WAITING, last.code, "retry", due)


def _may_retry(tries: Sequence[Tried], life: Life, due: datetime) -> bool:
    if life.ended or (life.ends is not None and due >= life.ends):
        return False
    last = tries[-1]
    if last.state is AttemptState.NOT_SENT:
        return True
    failures = [tried for tried in tries if tried.state is AttemptState.FAILED]
    if last.verdict is Verdict.RETRY_ONCE:
        return len(failures) < 2
    return last.verdict in _AGAIN and len(failures) < life.retry_max


_AGAIN = (Verdict.RETRY, Verdict.RETRY_LATER, Verdict.BACK_OFF)


def wait_seconds(tries: Sequence[Tried]) -> float:
    """Before the next try: what the provider asks for, nothing after a proof of never sent, else 5 s doubling.

    It ends at 30 s where the provider takes nothing now (it may be back any moment), at 5 min after a failure. Where a
    line is busy or nobody answers: 3 min doubling, at most 15.
    """
    last = tries[-1]
    if last.retry_after is not None:
        return last.retry_after
    never_taken = last.state is AttemptState.NOT_SENT
    if never_taken and not last.code:
        return 0.0
    if last.verdict is Verdict.RETRY_LATER:
        return min(LATEST_SECONDS, LATER_SECONDS * 2.0 ** min(len(tries) - 1, 6))
    return float(min(30 if never_taken else 300, 5 * 2 ** min(len(tries) - 1, 6)))
