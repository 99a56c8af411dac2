"""States of deliveries and attempts, and the pure fold that decides them.

State is a fold over attempts and receipts. Proof is never lowered: ``delivered`` of any attempt wins for
ever, a late ``failed`` after ``accepted`` counts, nothing raises a state without proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DeliveryState(StrEnum):
    """architecture.md, "Delivery: states"."""

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
    """One try."""

    SENDING = "sending"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"
    NOT_SENT = "not_sent"  # proven never to have reached the provider


OPEN = frozenset(
    {DeliveryState.QUEUED, DeliveryState.LEASED, DeliveryState.SENDING, DeliveryState.UNKNOWN, DeliveryState.WAITING}
)
UNSENT = frozenset({DeliveryState.QUEUED, DeliveryState.LEASED, DeliveryState.WAITING})
_RANK = {
    AttemptState.SENDING: 0,
    AttemptState.UNKNOWN: 1,
    AttemptState.NOT_SENT: 2,
    AttemptState.ACCEPTED: 3,
    AttemptState.FAILED: 4,
    AttemptState.DELIVERED: 5,
}


@dataclass(frozen=True, slots=True)
class Tried:
    """What the fold sees of an attempt, oldest first."""

    state: AttemptState


def raised(old: AttemptState, new: AttemptState) -> AttemptState:
    """What is known after one more word about an attempt; a word that proves less changes nothing."""
    return new if _RANK[new] > _RANK[old] else old
