"""When to ask again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alert_feeds.retry import LEAST, LONGEST, MOST, delay, judge, retry_after

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("999999999", LONGEST),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("Sun, 22 Nov 2026 12:00:30 -0000", 30.0),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("²", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    assert retry_after({"Retry-After": text}, NOW) == seconds


def test_a_304_is_an_answer_only_to_a_conditional_request() -> None:
    assert judge(304, {}, NOW, True).ok
    assert not judge(304, {}, NOW, False).ok
    assert judge(200, {}, NOW, False).ok


def test_retry_after_counts_only_where_trying_again_can_help() -> None:
    assert judge(404, {"Retry-After": "9"}, NOW, False).retry_after is None
    assert judge(503, {"retry-after": "9"}, NOW, False).retry_after == 9.0


@given(st.integers(1, 10_000), st.floats(0, 10_000), st.one_of(st.none(), st.floats(0, LONGEST)), st.floats(0, 0.999))
def test_the_delay_is_never_shorter_than_asked_and_never_endless(
    failures: int, pace: float, asked: float | None, draw: float
) -> None:
    found = delay(failures, pace, asked, draw)
    assert found >= max(LEAST, asked or 0.0)
    assert found <= max(MOST, asked or 0.0)


def test_the_span_doubles_with_each_failure_and_the_draw_is_over_all_of_it() -> None:
    assert [delay(n, 60, None, 0.5) for n in (1, 2, 3)] == [60.0, 120.0, 240.0]
    assert delay(3, 60, None, 0.0) == LEAST
    assert delay(1, 0, None, 0.9) == 9.0
