"""The guided drill of a new approver: its steps, each proved by what really happened. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from broadcaster.domain.alert import Alert, Mode

INSTRUCTOR = "instructor"  # who writes and submits the exercises of a guided drill; never a person, never approves


def guided(alerts: Iterable[Alert]) -> bool:
    """Is one of these an exercise of a guided drill? Then nobody is called to it: who practises sits before it."""
    return any(alert.created_by == INSTRUCTOR and alert.mode == Mode.EXERCISE for alert in alerts)


class Step(StrEnum):
    """In the order in which they are done."""

    OPEN = "open"
    RETURN = "return"
    RESUBMITTED = "resubmitted"
    APPROVE = "approve"
    WATCH = "watch"
    CORRECT = "correct"
    SECOND = "second"
    LIFT = "lift"


@dataclass(frozen=True, slots=True)
class Did:
    """One step of a review: its verb and who took it."""

    verb: str
    by: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the record says of one person's drill.

    ``first`` and ``second``: the reviews of the two exercises; ``corrected`` and ``lifted``: those of the messages
    that the person began about them ("sent in error", the all clear). ``opened`` and ``watched`` are in the audit.
    """

    person: str
    opened: bool = False
    watched: bool = False
    first: Sequence[Did] = ()
    corrected: Sequence[Did] = ()
    second: Sequence[Did] = ()
    lifted: Sequence[Did] = ()


def done(facts: Facts) -> tuple[Step, ...]:
    """The steps that are done, in order; a later one counts only when all before it are."""
    returned = _place(facts.first, "return", facts.person)
    proofs = {
        Step.OPEN: facts.opened or returned is not None,
        Step.RETURN: returned is not None,
        Step.RESUBMITTED: returned is not None and _place(facts.first[returned:], "submit", INSTRUCTOR) is not None,
        Step.APPROVE: _took(facts.first, facts.person, "approve"),
        Step.WATCH: facts.watched,
        Step.CORRECT: _took(facts.corrected, facts.person, "override", "approve"),
        Step.SECOND: _took(facts.second, facts.person, "approve"),
        Step.LIFT: _took(facts.lifted, facts.person, "submit"),
    }
    found: list[Step] = []
    for step in Step:
        if not proofs[step]:
            break
        found.append(step)
    return tuple(found)


def _took(steps: Sequence[Did], person: str, *verbs: str) -> bool:
    return any(_place(steps, verb, person) is not None for verb in verbs)


def _place(steps: Sequence[Did], verb: str, by: str) -> int | None:
    return next((n for n, step in enumerate(steps) if (step.verb, step.by.casefold()) == (verb, by.casefold())), None)
