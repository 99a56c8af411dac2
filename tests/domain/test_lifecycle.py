"""States and moves: one table, and nothing beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.domain.alert import Alert, AlertContent, Mode, MsgType, State
from broadcaster.domain.errors import Refused
from broadcaster.domain.lifecycle import ENDED, MOVES, PENDING, Verb, expired, move, review_due, takes_effect_on

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
ALERT = Alert("a", "i", State.LIVE, 1, Mode.ACTUAL, MsgType.ALERT, AlertContent("x"), ("z",), ("sms",), NOW)
# architecture.md, "Alert: states", written out a second time
PICTURE = {
    State.DRAFT: {State.DRAFT, State.IN_REVIEW, State.SUPERSEDED, State.EXPIRED, State.DISCARDED},
    State.RETURNED: {State.RETURNED, State.IN_REVIEW, State.SUPERSEDED, State.EXPIRED, State.DISCARDED},
    State.IN_REVIEW: {
        State.LIVE,
        State.RETURNED,
        State.DRAFT,
        State.REJECTED,
        State.SUPERSEDED,
        State.EXPIRED,
        State.DISCARDED,
    },
    State.LIVE: {State.LIVE, State.SUPERSEDED, State.CANCELLED, State.LIFTED, State.EXPIRED},
}


def test_the_table_makes_exactly_the_moves_of_the_picture() -> None:
    made: dict[State, set[State]] = {}
    for (state, _), to in MOVES.items():
        made.setdefault(state, set()).add(to)
    assert made == PICTURE


@pytest.mark.parametrize(
    ("state", "verb", "to"),
    [
        (State.DRAFT, Verb.SUBMIT, State.IN_REVIEW),
        (State.RETURNED, Verb.SUBMIT, State.IN_REVIEW),
        (State.IN_REVIEW, Verb.WITHDRAW, State.DRAFT),
        (State.IN_REVIEW, Verb.RETURN, State.RETURNED),
        (State.IN_REVIEW, Verb.REJECT, State.REJECTED),
        (State.IN_REVIEW, Verb.APPROVE, State.LIVE),
        (State.IN_REVIEW, Verb.OVERRIDE, State.LIVE),
        (State.LIVE, Verb.STOP, State.LIVE),
        (State.LIVE, Verb.CANCEL, State.CANCELLED),
        (State.LIVE, Verb.LIFT, State.LIFTED),
        (State.LIVE, Verb.SUPERSEDE, State.SUPERSEDED),
        (State.LIVE, Verb.EXPIRE, State.EXPIRED),
    ],
)
def test_each_verb_leads_where_it_should(state: State, verb: Verb, to: State) -> None:
    assert move(state, verb) == to


@given(st.lists(st.sampled_from(list(Verb)), max_size=12))
def test_no_illegal_state_is_reachable_by_any_sequence(verbs: list[Verb]) -> None:
    state, went_through_review = State.DRAFT, False
    for verb in verbs:
        if (state, verb) not in MOVES:
            with pytest.raises(Refused, match="wrong_state"):
                move(state, verb)
            continue
        to = move(state, verb)
        assert to in PICTURE[state]
        went_through_review = went_through_review or to == State.IN_REVIEW
        if to == State.LIVE:
            assert went_through_review
            assert state in (State.IN_REVIEW, State.LIVE)
        state = to


def test_a_refusal_says_where_it_stands_and_what_it_needs() -> None:
    with pytest.raises(Refused) as caught:
        move(State.LIVE, Verb.SUBMIT)
    assert caught.value.text == "The alert is live; submit is possible where it is a draft or returned to its author."


def test_nothing_leads_out_of_an_end() -> None:
    assert {state for state, _ in MOVES} & ENDED == set()
    assert ENDED | PENDING | {State.LIVE} == set(State)
    assert len(ENDED) == 6


@pytest.mark.parametrize(("seconds", "over"), [(-1, False), (0, True), (1, True)])
def test_an_alert_expires_at_its_end_and_not_before(seconds: int, over: bool) -> None:
    assert expired(replace(ALERT, expires=NOW), NOW + timedelta(seconds=seconds)) is over


def test_no_clock_ends_what_is_in_force_until_lifted_or_has_no_end() -> None:
    for_years = NOW + timedelta(days=4000)
    assert not expired(replace(ALERT, expires=NOW, until_lifted=True), for_years)
    assert not expired(ALERT, for_years)


@pytest.mark.parametrize(("seconds", "due"), [(-1, False), (0, True), (1, True)])
def test_somebody_is_asked_when_the_review_is_due(seconds: int, due: bool) -> None:
    alert = replace(ALERT, until_lifted=True, review_at=NOW)
    assert review_due(alert, NOW + timedelta(seconds=seconds)) is due


def test_nobody_is_asked_about_what_has_an_end_or_is_over() -> None:
    alert = replace(ALERT, until_lifted=True, review_at=NOW)
    assert not review_due(replace(alert, until_lifted=False), NOW)
    assert not review_due(replace(alert, state=State.LIFTED), NOW)
    assert not review_due(replace(alert, review_at=None), NOW)


@pytest.mark.parametrize(
    ("state", "ending", "verb"),
    [
        (State.LIVE, "superseded", Verb.SUPERSEDE),
        (State.LIVE, "cancelled", Verb.CANCEL),
        (State.LIVE, "lifted", Verb.LIFT),
        (State.DRAFT, "superseded", Verb.SUPERSEDE),
        (State.IN_REVIEW, "cancelled", Verb.DISCARD),
        (State.RETURNED, "lifted", Verb.DISCARD),
    ],
)
def test_going_live_ends_what_is_live_and_puts_away_what_is_not(state: State, ending: str, verb: Verb) -> None:
    assert takes_effect_on(state, ending) == verb
