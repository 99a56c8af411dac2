"""The map stays small, names what it shows, and never speaks by colour alone."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

import pytest

from broadcaster.domain.outline import MOST as CORNERS
from broadcaster.domain.outline import outline
from broadcaster.domain.wording import EVACUATION_LEVELS, Level
from broadcaster.rendering.drawing import HIGHEST, MOST, PATTERNS, WIDTH, Chart
from tests.public.scenes import NAMES, shape_of, slug


def place(id: str, shape: Any, name: str = "") -> dict[str, Any]:
    found, slack = outline(shape)
    return {"id": id, "slug": id, "name": name or id, "codes": [], "shape": found, "slack": slack}


def county() -> list[dict[str, Any]]:
    return [
        place(slug(name), shape_of(column, row), name)
        for row, names in enumerate(NAMES)
        for column, name in enumerate(names)
    ]


def alert(*zones: str, geometry: Any = None) -> dict[str, Any]:
    return {"zones": list(zones), "areas": [{"geometry": geometry}]}


def ragged(corners: int) -> dict[str, Any]:
    """A circle with teeth."""
    turn = 2 * math.pi / corners
    ring = [
        [-120 + math.cos(turn * n) * (1 + 0.02 * (n % 2)), 40 + math.sin(turn * n) * (1 + 0.02 * (n % 2))]
        for n in range(corners)
    ]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def test_every_level_and_evacuation_level_has_a_pattern_of_its_own() -> None:
    kinds = {level.value for level in Level} | {"ended"}
    kinds |= {f"evacuation-{key}" for steps in EVACUATION_LEVELS.values() for key in steps if key != "lifted"}
    assert kinds == set(PATTERNS)
    assert len(set(PATTERNS.values())) == len(PATTERNS)


def test_an_overview_draws_every_zone_and_paints_the_worst_last() -> None:
    drawn = Chart(county()).overview([("act_now", alert("judge-valley")), ("be_aware", alert("judge-valley"))])
    assert drawn is not None
    assert drawn["body"].count('class="z"') == 12
    assert drawn["body"].index("url(#be_aware)") < drawn["body"].index("url(#act_now)")
    assert drawn["body"].count("<pattern") == 2
    assert "Judge Valley" in drawn["body"]
    assert 150 <= drawn["height"] <= HIGHEST


def test_a_focus_is_outlined_and_named_first() -> None:
    drawn = Chart(county()).overview([], "dry-wash")
    assert drawn is not None
    assert drawn["body"].count('class="focus"') == 1
    assert drawn["body"].index("Dry Wash") < drawn["body"].index("Clear Lake")


def test_a_close_up_shows_the_drawn_area_and_not_the_whole_zones() -> None:
    square = {"type": "Polygon", "coordinates": [[[-120.8, 44.4], [-120.7, 44.4], [-120.7, 44.45], [-120.8, 44.4]]]}
    chart = Chart(county())
    by_area, by_zone = (chart.close_up("act_now", alert("judge-valley", geometry=g)) for g in (square, None))
    assert by_area is not None
    assert by_zone is not None
    assert by_area["body"].count('class="a"') == 1
    assert by_area["body"] != by_zone["body"]


def test_a_place_without_any_shape_has_no_map() -> None:
    assert Chart([place("a", None)]).overview([]) is None
    assert Chart([]).close_up("act_now", alert("a")) is None
    assert Chart([]).overview([("act_now", alert("a"))]) is None


@pytest.mark.parametrize("corners", [10, 5_000])
def test_outlines_of_any_detail_become_small_paths(corners: int) -> None:
    places = [place(f"z{n}", ragged(corners)) for n in range(20)]
    drawn = Chart(places).overview([("act_now", alert("z0", geometry=ragged(corners)))], "z1")
    assert drawn is not None
    assert len(drawn["body"]) < MOST * 1.6
    numbers = [place["shape"]["coordinates"][0] for place in places]
    assert max(len(ring) for ring in numbers) <= CORNERS


def test_names_from_outside_are_escaped() -> None:
    drawn = Chart([place("bad", shape_of(0, 0), "<script>")]).overview([])
    assert drawn is not None
    assert "<script>" not in drawn["body"]
    assert "&lt;script&gt;" in drawn["body"]


def test_a_name_moves_within_its_zone_before_it_is_left_out_and_alerts_are_named_first() -> None:
    low = {"type": "Polygon", "coordinates": [[[-120, 44.1], [-119, 44.1], [-119, 44.35], [-120, 44.35], [-120, 44.1]]]}
    names = [place(f"z{n}", low, f"Quite a long name {n}") for n in range(9)]
    drawn = Chart(names).overview([("act_now", alert("z8"))])
    assert drawn is not None
    shown = re.findall(r"<text>.*?</text>", drawn["body"])
    spots = [tuple(map(int, re.findall(r'[xy]="(\d+)"', one)[:2])) for one in shown]
    assert 3 <= len(shown) < 9
    assert "name 8" in shown[0]
    assert len(set(spots)) == len(spots)
    assert all(abs(a[0] - b[0]) > 60 or abs(a[1] - b[1]) >= 26 for a, b in itertools.combinations(spots, 2))
    assert Chart(names).overview([("act_now", alert("z8"))]) == drawn


def test_every_zone_of_a_county_is_named_where_there_is_room() -> None:
    drawn = Chart(county()).overview([("act_now", alert("judge-valley"))])
    assert drawn is not None
    assert drawn["body"].count("<text>") == 12


def test_a_picture_is_as_wide_as_a_phone() -> None:
    drawn = Chart([place("flat", shape_of(0, 0))]).overview([])
    assert drawn is not None
    assert drawn["width"] == WIDTH


def square(west: float, wide: float) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[[west, 45], [west + wide, 45], [west + wide, 45.2], [west, 45.2]]]}


def names(*painted: str, strip: float = 0.04, font: float = 13) -> list[str]:
    """On a close-up of Valley, which has a broad neighbour and one (Lakeshore) that is narrower than its name."""
    zones = [("Valley", -122, 0.2), ("Riverside", -121.8, 0.2), ("Lakeshore", -122 - strip, strip)]
    places = [place(name, square(west, wide)) for name, west, wide in zones]
    drawn = Chart(places).close_up("act_now", alert("Valley", *painted), 0.5, font)
    assert drawn is not None
    return sorted(" ".join(lines) for lines, _, _ in drawn["names"])


def test_a_neighbours_name_never_lies_over_what_is_painted() -> None:
    assert names() == ["Riverside", "Valley"]
    assert names("Lakeshore") == ["Lakeshore", "Riverside", "Valley"]


def test_a_name_far_larger_than_its_zone_is_left_out() -> None:
    assert names("Lakeshore", strip=0.01) == ["Riverside", "Valley"]
    assert names(font=45) == ["Valley"]
