"""What HTTP channels share: how long a provider asks us to wait, and what of its words may stand in a log."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from broadcaster.channels.http import LONGEST_TEXT, retry_after, said

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": " 0 "}, 0),
        ({"Retry-After": "Sun, 22 Nov 2026 06:00:30 GMT"}, 30),
        ({"Retry-After": "Sun, 22 Nov 2026 05:00:00 GMT"}, 0),
        ({"X-RateLimit-Reset": "2026-11-22T06:01:00.000Z"}, 60),
        ({"X-RateLimit-Reset": "2026-11-22T06:01:00"}, 60),
        ({"Retry-After": "5", "X-RateLimit-Reset": "2026-11-22T06:01:00Z"}, 5),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_how_long_a_provider_asks_us_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


def test_secrets_numbers_and_lines_do_not_reach_a_log() -> None:
    assert said("token t0k\n refused +15005550101", "t0k", "") == "token [secret] refused [number]"


def test_a_long_answer_is_cut() -> None:
    assert len(said("no " * 500)) == LONGEST_TEXT
