"""Coordinates as people type them, and a place's own clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from broadcaster.domain import coordinates, local_time
from broadcaster.domain.coordinates import BadCoordinates
from broadcaster.domain.local_time import NoSuchTime

PACIFIC = "America/Los_Angeles"


def test_an_open_ring_is_closed_and_a_closed_one_stays() -> None:
    ring = ((44.05, -121.3), (44.1, -121.3), (44.1, -121.2), (44.05, -121.3))
    assert coordinates.rings("44.05,-121.3 44.1,-121.3 44.1,-121.2") == (ring,)
    assert coordinates.rings("44.05, -121.3   44.1, -121.3 44.1,-121.2 44.05,-121.3") == (ring,)


def test_each_line_is_an_area_and_empty_lines_are_nothing() -> None:
    one = "44,-121 44.1,-121 44.1,-121.2"
    assert len(coordinates.rings(f"{one}\n\n  \r\n{one}\n")) == 2
    assert coordinates.rings("  \n") == ()


def test_what_is_written_is_read_as_the_same() -> None:
    ring = ((44.05001, -121.30007), (-0.1, 180.0), (90.0, -180.0), (44.05001, -121.30007))
    assert coordinates.rings(coordinates.written(ring)) == (ring,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("north of town", "Line 1: 'north of town' is no pair"),
        ("\n44.05,-121.3 44.1;-121.3", "Line 2: '44.1;-121.3' is no pair"),
        ("44.05,-121.3x", "is no pair"),
        ("44.05,-121.3 44.1,-121.3", "three corners at least"),
        ("44,-121 44,-121 44,-121", "three corners at least"),
        ("91,0 1,1 2,2", "91,0 is no place"),
        ("-121.3,44.05 -121.3,44.1 -121.2,44.1", "Latitude stands first"),
        ("0,181 1,1 2,2", "0,181 is no place"),
    ],
)
def test_what_is_no_area_is_said_with_its_line(text: str, said: str) -> None:
    with pytest.raises(BadCoordinates, match=said):
        coordinates.rings(text)


def test_the_ends_of_the_world_are_places() -> None:
    assert coordinates.rings("90,180 -90,-180 0,0")


def test_a_local_time_is_that_places_clock_in_summer_and_winter() -> None:
    assert local_time.read("2026-11-22T18:30", PACIFIC) == datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
    assert local_time.read("2026-07-01T18:30", PACIFIC) == datetime(2026, 7, 2, 1, 30, tzinfo=UTC)
    assert local_time.read(" 2026-11-22T18:30:00-05:00 ", PACIFIC) == datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert local_time.write(datetime(2026, 11, 23, 2, 30, tzinfo=UTC), PACIFIC) == "2026-11-22T18:30"


def test_an_hour_that_comes_twice_is_taken_at_its_first_coming() -> None:
    assert local_time.read("2026-11-01T01:30", PACIFIC) == datetime(2026, 11, 1, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(("text", "said"), [("2027-03-14T02:30", "clocks go forward"), ("soon", "is no time")])
def test_a_time_that_does_not_exist_is_said(text: str, said: str) -> None:
    with pytest.raises(NoSuchTime, match=said):
        local_time.read(text, PACIFIC)
