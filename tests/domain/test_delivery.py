"""The fold over attempts: proof is never lowered, whatever order words arrive in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.domain.channel import Verdict
from broadcaster.domain.delivery import ANSWERED, CONFIRMED, MACHINE, Life, Tried, fold, raised, says_more, wait_seconds
from broadcaster.domain.delivery import AttemptState as A
from broadcaster.domain.delivery import DeliveryState as D

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LIFE = Life(NOW, NOW + timedelta(hours=1), False, 6)
STATES = st.sampled_from(list(A))


def failed(verdict: Verdict, code: str = "x") -> Tried:
    return Tried(A.FAILED, code, verdict)


@given(st.lists(STATES, min_size=1, max_size=6))
def test_words_about_an_attempt_end_alike_in_any_order(words: list[A]) -> None:
    ends = set()
    for order in list(permutations(words))[:50]:
        state = order[0]
        for word in order[1:]:
            state = raised(state, word)
        ends.add(state)
    assert len(ends) == 1


@given(STATES, STATES)
def test_a_word_never_lowers_what_is_proven(old: A, new: A) -> None:
    order = list(A)
    assert order.index(raised(old, new)) >= order.index(old)


@given(st.lists(st.builds(Tried, STATES), max_size=4), st.lists(st.builds(Tried, STATES), max_size=4))
def test_delivered_of_any_attempt_wins(before: list[Tried], after: list[Tried]) -> None:
    assert fold([*before, Tried(A.DELIVERED), *after], LIFE).state is D.DELIVERED


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ([A.SENDING], D.SENDING),
        ([A.UNKNOWN], D.UNKNOWN),
        ([A.ACCEPTED], D.ACCEPTED),
        ([A.UNKNOWN, A.SENDING], D.SENDING),
        ([A.ACCEPTED, A.UNKNOWN], D.UNKNOWN),
        ([A.FAILED, A.ACCEPTED], D.ACCEPTED),
    ],
)
def test_the_least_settled_attempt_is_shown_until_one_is_delivered(states: list[A], told: D) -> None:
    assert fold([Tried(state) for state in states], LIFE).state is told


def test_who_opted_out_is_suppressed_and_no_failure() -> None:
    told = fold([failed(Verdict.OPTED_OUT, "21610")], LIFE)
    assert (told.state, told.code, told.reason) == (D.SUPPRESSED, "21610", "opted_out")


@pytest.mark.parametrize("verdict", [Verdict.PERMANENT, Verdict.ALARM, None])
def test_a_permanent_refusal_fails_at_once(verdict: Verdict | None) -> None:
    assert fold([Tried(A.FAILED, "x", verdict)], LIFE).state is D.FAILED


def test_a_retryable_refusal_waits_while_the_alert_lives() -> None:
    told = fold([failed(Verdict.RETRY, "30003")], LIFE)
    assert (told.state, told.due) == (D.WAITING, NOW + timedelta(seconds=5))


@pytest.mark.parametrize(("seconds", "state"), [(4, D.FAILED), (5, D.FAILED), (6, D.WAITING)])
def test_nothing_waits_until_the_end_of_the_alert_or_past_it(seconds: int, state: D) -> None:
    life = Life(NOW, NOW + timedelta(seconds=seconds), False, 6)
    assert fold([failed(Verdict.RETRY)], life).state is state


def test_nothing_waits_once_the_broadcast_is_over() -> None:
    assert fold([failed(Verdict.RETRY)], Life(NOW, None, True, 6)).state is D.FAILED


def test_an_alert_until_lifted_has_no_end_to_wait_for() -> None:
    assert fold([failed(Verdict.RETRY)], Life(NOW, None, False, 6)).state is D.WAITING


@pytest.mark.parametrize(("failures", "state"), [(1, D.WAITING), (2, D.FAILED), (3, D.FAILED)])
def test_one_more_try_means_one(failures: int, state: D) -> None:
    assert fold([failed(Verdict.RETRY_ONCE)] * failures, LIFE).state is state


@pytest.mark.parametrize(("failures", "state"), [(5, D.WAITING), (6, D.FAILED)])
def test_tries_are_bounded(failures: int, state: D) -> None:
    assert fold([failed(Verdict.RETRY)] * failures, Life(NOW, None, False, 6)).state is state


def test_what_the_provider_never_took_does_not_use_up_a_try() -> None:
    tries = [Tried(A.NOT_SENT, "20429", Verdict.BACK_OFF, 1.0)] * 40
    assert fold(tries, LIFE).due == NOW + timedelta(seconds=1)


def test_a_proof_of_never_sent_is_tried_again_at_once() -> None:
    assert wait_seconds([Tried(A.NOT_SENT)]) == 0


def test_waits_double_and_end_at_five_minutes() -> None:
    waits = [wait_seconds([failed(Verdict.RETRY)] * count) for count in range(1, 10)]
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_where_nobody_answers_the_waits_end_at_half_a_minute() -> None:
    nobody = Tried(A.NOT_SENT, "connect", Verdict.BACK_OFF)
    assert [wait_seconds([nobody] * count) for count in range(1, 7)] == [5, 10, 20, 30, 30, 30]


@pytest.mark.parametrize(
    ("old", "word", "more"),
    [
        (Tried(A.ACCEPTED), (A.DELIVERED, ""), True),
        (Tried(A.DELIVERED), (A.ACCEPTED, CONFIRMED), False),
        (Tried(A.DELIVERED), (A.FAILED, "30005"), False),
        (Tried(A.DELIVERED, ANSWERED), (A.DELIVERED, CONFIRMED), True),
        (Tried(A.DELIVERED, CONFIRMED), (A.DELIVERED, ANSWERED), False),
        (Tried(A.DELIVERED, CONFIRMED), (A.DELIVERED, CONFIRMED), False),
        (Tried(A.DELIVERED), (A.DELIVERED, MACHINE), True),
        (Tried(A.DELIVERED), (A.DELIVERED, "30005"), False),
        (Tried(A.FAILED, "busy"), (A.FAILED, "no_answer"), False),
    ],
)
def test_a_confirmation_says_more_than_that_a_call_was_taken(old: Tried, word: tuple[A, str], more: bool) -> None:
    assert says_more(old, *word) is more


def test_the_surest_word_of_what_is_delivered_is_shown() -> None:
    told = fold([Tried(A.DELIVERED, MACHINE), Tried(A.DELIVERED, CONFIRMED), Tried(A.FAILED, "busy")], LIFE)
    assert (told.state, told.code) == (D.DELIVERED, CONFIRMED)
    assert fold([Tried(A.DELIVERED, "30005")], LIFE).code == ""


def test_a_busy_line_is_called_again_minutes_apart_and_not_for_ever() -> None:
    waits = [wait_seconds([failed(Verdict.RETRY_LATER, "busy")] * count) for count in range(1, 6)]
    assert waits == [180, 360, 720, 900, 900]
    assert fold([failed(Verdict.RETRY_LATER)] * 5, Life(NOW, None, False, 6)).state is D.WAITING
    assert fold([failed(Verdict.RETRY_LATER)] * 6, Life(NOW, None, False, 6)).state is D.FAILED


def test_what_the_provider_took_and_then_had_no_room_for_is_tried_again() -> None:
    assert fold([failed(Verdict.BACK_OFF, "10004")], LIFE).state is D.WAITING
