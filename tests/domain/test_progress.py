"""How far a broadcast is, when it ends, whether it falls short, and what differs between two texts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from broadcaster.domain.progress import (
    COLUMNS,
    LEAST,
    STEPS,
    Arrival,
    Counts,
    Piece,
    Shortfall,
    added,
    arrival,
    coarser,
    columns,
    counts,
    kept_seconds,
    shortfalls,
    step_of,
    words_changed,
)

MINUTE = timedelta(minutes=1)


def of(total: int, confirmed: int = 0, failed: int = 0, gone: int = 0, suppressed: int = 0) -> Counts:
    return Counts(total, gone or confirmed, confirmed, failed, total - confirmed - failed - suppressed, suppressed)


def test_numbers_by_state_become_what_people_read() -> None:
    states = {"total": 15, "queued": 1, "waiting": 2, "sending": 1, "unknown": 1, "accepted": 3, "delivered": 4}
    found = counts({**states, "failed": 2, "suppressed": 1, "errors": 0})
    assert found == Counts(total=15, gone=7, confirmed=4, failed=2, left=5, suppressed=1)
    assert counts({}) == Counts(0, 0, 0, 0, 0, 0)
    assert counts({"delivered": 2, "queued": 1}).total == 3


def test_percent_is_of_what_was_sent_and_a_hundred_means_all() -> None:
    assert Counts(2000, 1000, 999, 0, 0, 0).percent == 99
    assert Counts(1000, 1000, 1000, 0, 0, 0).percent == 100
    assert Counts(10, 0, 0, 0, 10, 0).percent == 0


def test_several_channels_are_added() -> None:
    assert added([Counts(1, 2, 3, 4, 5, 6), Counts(10, 20, 30, 40, 50, 60)]) == Counts(11, 22, 33, 44, 55, 66)
    assert added([]) == Counts(0, 0, 0, 0, 0, 0)


def test_the_first_text_waits_for_what_is_ahead_the_last_for_its_own_too() -> None:
    assert arrival(ahead=100, own=51, pace=10) == Arrival(10.0, 15.0)
    assert arrival(0, 1, 10) == Arrival(0.0, 0.0)
    assert arrival(0, 0, 10) == Arrival(0.0, 0.0)


def test_a_quarter_refused_for_good_is_news_at_once() -> None:
    assert shortfalls({"sms": of(100, failed=25)}, 0.25, 0 * MINUTE, None) == (Shortfall("sms", "failed", 25, 100),)
    assert shortfalls({"sms": of(100, failed=24)}, 0.25, 0 * MINUTE, None) == ()
    assert Shortfall("sms", "failed", 1, 3).percent == 33


def test_those_who_left_are_no_shortfall() -> None:
    assert shortfalls({"sms": of(100, confirmed=50, suppressed=50)}, 0.25, 60 * MINUTE, None) == ()
    assert shortfalls({"sms": of(100, failed=20, suppressed=20)}, 0.25, 0 * MINUTE, None) != ()


@pytest.mark.parametrize(
    ("life", "age", "news"),
    [(None, 10, True), (None, 9.9, False), (20, 5, True), (20, 4.9, False), (600, 10, True), (600, 9.9, False)],
)
def test_a_tenth_not_confirmed_is_news_after_a_quarter_of_its_life_at_most_ten_minutes(
    life: float | None, age: float, news: bool
) -> None:
    lives = None if life is None else life * MINUTE
    assert bool(shortfalls({"sms": of(100, confirmed=90)}, 0.25, age * MINUTE, lives)) is news
    assert shortfalls({"sms": of(100, confirmed=91)}, 0.25, age * MINUTE, lives) == ()


def test_of_too_few_a_share_says_nothing() -> None:
    assert shortfalls({"sms": of(LEAST - 1, failed=LEAST - 1)}, 0.25, 60 * MINUTE, None) == ()
    assert shortfalls({"sms": of(LEAST, failed=LEAST)}, 0.25, 60 * MINUTE, None) != ()


def test_a_chart_has_at_most_so_many_columns() -> None:
    assert step_of(timedelta(0)) == STEPS[0]
    assert step_of(timedelta(seconds=STEPS[0] * COLUMNS)) == STEPS[0]
    assert step_of(timedelta(seconds=STEPS[0] * COLUMNS + 1)) == STEPS[1]
    assert step_of(timedelta(days=400)) == STEPS[-1]


def test_columns_are_running_sums_without_holes() -> None:
    found = columns({100: 2, 110: 1}, {105: 2}, 5, datetime.now(UTC))
    assert [(int(one.at.timestamp()), one.sent, one.confirmed) for one in found] == [
        (105, 2, 0),
        (110, 2, 2),
        (115, 3, 2),
    ]
    assert columns({}, {}, 5, datetime.now(UTC)) == ()


def test_sums_by_second_become_sums_by_step() -> None:
    assert coarser({0: 1, 5: 2, 10: 3, 14: 4}, 10) == {0: 3, 10: 7}


def test_sums_grow_older_with_what_they_cost_and_never_old() -> None:
    assert [kept_seconds(total) for total in (0, 4999, 5000, 50_000, 10_000_000)] == [0, 0, 1, 10, 15]


def test_what_differs_is_told_word_by_word() -> None:
    assert words_changed("Go south on 9", "Go south on 9") == ()
    assert words_changed("Go south now", "Go north now") == (
        Piece("same", "Go "),
        Piece("gone", "south"),
        Piece("new", "north"),
        Piece("same", " now"),
    )
    found = words_changed("a b", "a b c")
    assert "".join(p.text for p in found if p.kind != "gone") == "a b c"
    assert "".join(p.text for p in found if p.kind != "new") == "a b"
