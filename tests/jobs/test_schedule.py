"""Periodic work as data."""

from broadcaster.jobs.schedule import FUNCTIONS, PERIODIC, Periodic, Schedule

FAST, SLOW = Periodic("fast", 2, "a.fast"), Periodic("slow", 30, "a.slow")


def test_everything_is_due_at_first() -> None:
    assert Schedule((FAST, SLOW)).due(-1000.0) == [FAST, SLOW]


def test_each_entry_comes_back_after_its_own_period_and_not_before() -> None:
    schedule = Schedule((FAST, SLOW))
    schedule.due(100.0)
    assert schedule.due(101.9) == []
    assert schedule.due(102.0) == [FAST]
    assert schedule.due(103.9) == []
    assert schedule.due(130.0) == [FAST, SLOW]


def test_what_was_missed_is_made_up_once() -> None:
    schedule = Schedule((FAST,))
    schedule.due(0.0)
    assert schedule.due(1000.0) == [FAST]
    assert schedule.due(1000.1) == []


def test_feeds_are_looked_at_each_second_and_the_page_is_checked_twice_a_minute() -> None:
    assert {"poll": 1, "sweep": 2, "publish": 30}.items() <= {p.name: p.every for p in PERIODIC}.items()
    assert set(FUNCTIONS) == {p.name for p in PERIODIC}
