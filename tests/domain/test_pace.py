"""The pace as arithmetic: spaced starts, 2 % of a second to catch up, no credit at first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from broadcaster.domain.pace import TOLERANCE_SECONDS, take


def test_a_new_pace_starts_without_credit() -> None:
    slots, tat = take(None, 100.0, 10, [1] * 5, 0.25)
    assert slots.starts == (0.0, 0.09999999999999432, 0.19999999999998863)
    assert round(tat - 100, 6) == 0.3
    assert round(slots.wait, 6) == 0.3


def test_a_text_of_three_parts_costs_three_slots() -> None:
    slots, _ = take(None, 0.0, 10, [3, 1], 1.0)
    assert [round(start, 6) for start in slots.starts] == [0.0, 0.3]


def test_nothing_starts_beyond_the_horizon() -> None:
    slots, _ = take(10.0, 0.0, 10, [1], 0.1)
    assert slots.starts == ()
    assert slots.wait == 10.0


def test_what_starts_at_the_horizon_is_still_within_it() -> None:
    slots, _ = take(None, 0.0, 4, [1, 1, 1], 0.25)
    assert slots.starts == (0.0, 0.25)


def test_a_long_pause_gives_no_burst_beyond_the_tolerance() -> None:
    slots, _ = take(0.0, 1000.0, 100, [1] * 100, 0.0)
    assert len(slots.starts) <= TOLERANCE_SECONDS * 100 + 1


@given(st.floats(1, 1000), st.lists(st.floats(0, 2), min_size=1, max_size=30))
def test_no_stretch_of_time_holds_more_than_the_pace_and_its_tolerance(rate: float, pauses: list[float]) -> None:
    now, tat, starts = 0.0, None, []
    for pause in pauses:
        now += pause
        slots, tat = take(tat, now, rate, [1] * 20, 0.1)
        starts += [now + start for start in slots.starts]
    starts.sort()
    for first in range(len(starts)):
        for last in range(first + 1, len(starts)):
            allowed = (starts[last] - starts[first] + TOLERANCE_SECONDS) * rate + 1
            assert last - first <= allowed + 1e-6
