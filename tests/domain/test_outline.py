"""Outlines are small, honest about how far they are off, and never a reason to fail."""

from __future__ import annotations

import math
from typing import Any

import pytest
from shapely.geometry import shape

from broadcaster.domain.outline import MOST, outline

SQUARE = {"type": "Polygon", "coordinates": [[[-120, 38], [-119, 38], [-119, 39], [-120, 39], [-120, 38]]]}


def circle(corners: int) -> dict[str, Any]:
    turn = 2 * math.pi / corners
    ring = [[round(math.cos(turn * n), 7), round(math.sin(turn * n), 7)] for n in range(corners)]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def test_a_simple_shape_stays_as_it_is() -> None:
    made, slack = outline(SQUARE)
    assert made is not None
    assert shape(made).equals(shape(SQUARE))
    assert slack == 12


def test_a_shape_of_many_corners_keeps_few_and_says_how_far_it_may_be_off() -> None:
    rough = circle(20_000)
    made, slack = outline(rough)
    assert made is not None
    assert len(made["coordinates"][0]) <= MOST
    off = shape(made).boundary.hausdorff_distance(shape(rough).boundary) * 111_195
    assert off <= slack
    assert slack > 12


@pytest.mark.parametrize(
    "broken",
    [
        None,
        {},
        {"type": "Polygon"},
        {"type": "Polygon", "coordinates": []},
        {"type": "Nothing", "coordinates": [1]},
        {"type": "Point", "coordinates": [1, 2]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]},
    ],
)
def test_what_has_no_area_or_cannot_be_read_is_nothing(broken: Any) -> None:
    assert outline(broken) == (None, 0)
