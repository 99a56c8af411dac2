"""An alert's states and moves, as one table, and what time alone decides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from broadcaster.domain.alert import Alert, State
from broadcaster.domain.errors import Refused


class Verb(StrEnum):
    """What can happen to an alert."""

    EDIT = "edit"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    RETURN = "return"
    REJECT = "reject"
    APPROVE = "approve"
    OVERRIDE = "override"
    RELEASE = "release"
    SUPERSEDE = "supersede"
    CANCEL = "cancel"
    LIFT = "lift"
    EXPIRE = "expire"
    DISCARD = "discard"
    STOP = "stop"


MOVES: Mapping[tuple[State, Verb], State] = {
    (State.DRAFT, Verb.EDIT): State.DRAFT,
    (State.RETURNED, Verb.EDIT): State.RETURNED,
    (State.DRAFT, Verb.SUBMIT): State.IN_REVIEW,
    (State.RETURNED, Verb.SUBMIT): State.IN_REVIEW,
    (State.IN_REVIEW, Verb.WITHDRAW): State.DRAFT,
    (State.IN_REVIEW, Verb.RETURN): State.RETURNED,
    (State.IN_REVIEW, Verb.REJECT): State.REJECTED,
    (State.IN_REVIEW, Verb.APPROVE): State.LIVE,
    (State.IN_REVIEW, Verb.OVERRIDE): State.LIVE,
    (State.IN_REVIEW, Verb.RELEASE): State.LIVE,
    (State.LIVE, Verb.STOP): State.LIVE,
    (State.LIVE, Verb.SUPERSEDE): State.SUPERSEDED,
    (State.LIVE, Verb.CANCEL): State.CANCELLED,
    (State.LIVE, Verb.LIFT): State.LIFTED,
    (State.LIVE, Verb.EXPIRE): State.EXPIRED,
    **{
        (state, verb): to
        for state in (State.DRAFT, State.IN_REVIEW, State.RETURNED)
        for verb, to in (
            (Verb.SUPERSEDE, State.SUPERSEDED),
            (Verb.EXPIRE, State.EXPIRED),
            (Verb.DISCARD, State.DISCARDED),
        )
    },
}
PENDING = frozenset({State.DRAFT, State.IN_REVIEW, State.RETURNED})
ENDED = frozenset(State) - PENDING - {State.LIVE}
ENDING_VERBS: Mapping[str, Verb] = {"superseded": Verb.SUPERSEDE, "cancelled": Verb.CANCEL, "lifted": Verb.LIFT}
_SAID = {
    State.DRAFT: "a draft",
    State.IN_REVIEW: "in review",
    State.RETURNED: "returned to its author",
    State.REJECTED: "rejected",
    State.LIVE: "live",
    State.SUPERSEDED: "replaced by a later alert",
    State.CANCELLED: "cancelled",
    State.LIFTED: "lifted",
    State.EXPIRED: "expired",
    State.DISCARDED: "discarded",
}


def move(state: State, verb: Verb) -> State:
    """Where the verb leads from here; raises Refused where the table has no such move."""
    to = MOVES.get((state, verb))
    if to is None:
        fitting = " or ".join(sorted(_SAID[s] for s, v in MOVES if v == verb))
        raise Refused("wrong_state", f"The alert is {_SAID[state]}; {verb} is possible where it is {fitting}.")
    return to


def expired(alert: Alert, now: datetime) -> bool:
    """Is its time over? What is in force until lifted is never ended by a clock."""
    return not alert.until_lifted and alert.expires is not None and alert.expires <= now


def review_due(alert: Alert, now: datetime) -> bool:
    """Must somebody confirm or lift it? Asked only of what is live and in force until lifted."""
    due = alert.review_at is not None and alert.review_at <= now
    return due and alert.until_lifted and alert.state == State.LIVE


def takes_effect_on(state: State, ending: str) -> Verb:
    """What a later alert going live does to this one it replaces: ends it if live, else puts its draft away."""
    if state in PENDING:
        return Verb.SUPERSEDE if ending == "superseded" else Verb.DISCARD
    return ENDING_VERBS[ending]
