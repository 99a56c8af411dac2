"""Whom a notice reaches, when, and in what words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from broadcaster.domain.alert import Mode
from broadcaster.domain.notice import (
    CHANGES,
    GIVEN_UP,
    LINK,
    MOST_RESENDS,
    MOST_TRIES,
    Facts,
    Kind,
    Told,
    after_doubt,
    after_refusal,
    groups,
    must_wait,
    pause,
    steps_due,
    subject,
    text,
    together,
    unanswered,
)
from broadcaster.domain.text_sms import count

AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FACTS = Facts("Evacuation order: Judge Valley", by="author@judge.example", reason="nobody answers.")


def person(name: str, order: int = 0, reachable: bool = True) -> Told:
    return Told(name, order, frozenset({"approver"}), "en", {"sms": "+15550100"} if reachable else {})


def test_those_of_one_order_are_told_together_the_next_later() -> None:
    first, twin, second = person("a"), person("b"), person("c", 2)
    assert groups([second, first, twin], None) == [[first, twin], [second]]


def test_neither_the_submitter_nor_who_cannot_be_reached_is_a_step() -> None:
    assert groups([person("A@x"), person("b", 1, reachable=False), person("c", 2)], "a@X") == [[person("c", 2)]]
    assert groups([person("a@x")], "a@x") == []


@pytest.mark.parametrize(("minutes", "due"), [(0, 1), (2.99, 1), (3, 2), (6, 3), (600, 3)])
def test_the_first_step_is_due_at_once_each_next_after_so_many_minutes(minutes: float, due: int) -> None:
    assert steps_due(AT, AT + minutes * MINUTE, 3, known=3) == due


def test_no_step_is_due_before_the_submission_or_without_anybody() -> None:
    assert steps_due(AT, AT, 3, known=0) == 0
    assert steps_due(AT, AT - 10 * MINUTE, 3, known=2) == 0


def test_nobody_answers_once_the_last_steps_time_is_over() -> None:
    assert not unanswered(AT, AT + 5.9 * MINUTE, 3, known=2)
    assert unanswered(AT, AT + 6 * MINUTE, 3, known=2)


def test_a_second_text_within_the_minute_waits_unless_something_is_on_air_already() -> None:
    soon, later = AT + timedelta(seconds=59), AT + timedelta(seconds=60)
    assert must_wait(Kind.REVIEW, AT, soon)
    assert must_wait(Kind.ALARM, AT, soon)
    assert not must_wait(Kind.REVIEW, AT, later)
    assert not must_wait(Kind.OVERRIDE, AT, soon)
    assert not must_wait(Kind.REVIEW, None, AT)


def test_a_refusal_is_tried_again_within_bounds() -> None:
    assert after_refusal(1, MINUTE, permanent=False) == "queued"
    assert after_refusal(1, MINUTE, permanent=True) == "failed"
    assert after_refusal(MOST_TRIES - 1, MINUTE, permanent=False) == "queued"
    assert after_refusal(MOST_TRIES, MINUTE, permanent=False) == "failed"
    assert after_refusal(1, GIVEN_UP, permanent=False) == "failed"


def test_what_nobody_knows_is_sent_again_within_bounds() -> None:
    assert after_doubt(MOST_RESENDS, MINUTE) == "queued"
    assert after_doubt(MOST_RESENDS + 1, MINUTE) == "failed"
    assert after_doubt(1, GIVEN_UP) == "failed"


def test_the_pause_is_the_providers_else_it_doubles() -> None:
    assert [pause(n, None).total_seconds() for n in (1, 2, 3)] == [5, 10, 20]
    assert pause(3, 7.0).total_seconds() == 7
    assert pause(1, 9999.0).total_seconds() == 300


def test_a_notice_says_what_waits_who_submitted_and_where() -> None:
    said = text(Kind.REVIEW, "Judge County", FACTS, "en")
    assert said == (
        "Judge County: waits for your approval: Evacuation order: Judge Valley. From author@judge.example. " + LINK
    )
    assert "2 alerts" in text(Kind.REVIEW, "Judge County", Facts("Order", parts=2), "en")
    assert "espera su aprobacion" in text(Kind.REVIEW, "Judge County", FACTS, "es-US")
    assert "Reason: nobody answers. A second" in text(Kind.OVERRIDE, "Judge County", FACTS, "en")


@pytest.mark.parametrize(("language", "word"), [("en", "EXERCISE"), ("es", "SIMULACRO"), ("fr", "EXERCICE")])
def test_an_exercise_says_so_first_and_last(language: str, word: str) -> None:
    for said in (
        text(Kind.REVIEW, "Judge County", Facts("Order", mode=Mode.EXERCISE), language),
        together("Judge County", ["one", "two"], Mode.EXERCISE, language),
    ):
        assert said.startswith(word)
        assert said.endswith(word)
    assert subject(Kind.REVIEW, Facts("Order", mode=Mode.EXERCISE), language).startswith(word)
    assert "EXERCISE" not in text(Kind.REVIEW, "Judge County", FACTS, "en")


def test_several_things_are_one_text_and_long_words_never_push_out_the_link() -> None:
    said = together("Judge County", ["Order. ", "Warning", "Shelter", "More"], Mode.ACTUAL, "en")
    assert said == f"Judge County: 4 things wait for you: Order; Warning; Shelter .... {LINK}"
    long = text(Kind.OVERRIDE, "Judge County", Facts("word " * 100, by="a@x", reason="why " * 100), "en")
    assert LINK in long
    assert len(long) < 400


@pytest.mark.parametrize("change", sorted(CHANGES))
@pytest.mark.parametrize("language", ["en", "es"])
def test_a_changed_login_is_told_in_letters_that_every_text_carries(change: str, language: str) -> None:
    said = text(Kind.ACCOUNT, "Judge County", Facts(change), language)
    assert CHANGES[change][language] in said
    assert (count(said).encoding, count(said).segments <= 2) == ("GSM-7", True)
