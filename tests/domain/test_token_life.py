"""What a token's end means, and when a channel is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from broadcaster.domain.channel import Check
from broadcaster.domain.token_life import is_due, lasting

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WEEK, SECOND = timedelta(days=7), timedelta(seconds=1)


@pytest.mark.parametrize(
    ("ok", "until", "well"),
    [
        (True, None, True),
        (True, NOW + WEEK, True),
        (True, NOW + WEEK - SECOND, False),
        (True, NOW - WEEK, False),
        (False, NOW + 9 * WEEK, False),
    ],
)
def test_a_token_that_dies_within_a_week_is_not_well(ok: bool, until: datetime | None, well: bool) -> None:
    assert lasting(Check(ok, "text", "hint", until), NOW) == Check(well, "text", "hint", until)


@pytest.mark.parametrize(
    ("last", "rung", "due"),
    [
        (None, False, True),
        (NOW - timedelta(days=1), False, True),
        (NOW - timedelta(days=1) + SECOND, False, False),
        (NOW - timedelta(hours=1), True, True),
        (NOW - timedelta(hours=1) + SECOND, True, False),
    ],
)
def test_a_channel_is_asked_once_a_day_and_each_hour_while_its_alarm_rings(
    last: datetime | None, rung: bool, due: bool
) -> None:
    assert is_due(last, rung, NOW) is due
