"""Areas and zones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcaster.domain.alert import Area, Circle
from broadcaster.domain.geometry import circle_shape, ring_shape, shape_of
from broadcaster.domain.geometry_zones import ZoneIndex, ZoneShape


def box(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def ring(west: float, south: float, east: float, north: float) -> tuple[tuple[float, float], ...]:
    return ((south, west), (south, east), (north, east), (north, west), (south, west))


WEST = ZoneShape("west", box(-121, 38, -120, 39), ("CAC017", "CAZ069"), ("006017",))
EAST = ZoneShape("east", box(-120, 38, -119, 39), ("NVC005",), ("32005",))
ZONES = (WEST, EAST)


def touched(areas: Sequence[Area], zones: Sequence[ZoneShape]) -> tuple[str, ...]:
    return ZoneIndex(zones).place(areas).zones


def elsewhere(areas: Sequence[Area], zones: Sequence[ZoneShape]) -> bool:
    return ZoneIndex(zones).place(areas).elsewhere


def polygon(*edges: float) -> Area:
    return Area("somewhere", polygons=(ring(*edges),))


def test_a_zone_that_overlaps_is_touched_and_one_that_shares_only_a_border_is_not() -> None:
    assert touched([polygon(-120.5, 38.2, -120, 38.8)], ZONES) == ("west",)
    assert touched([polygon(-120.5, 38.2, -119.9, 38.8)], ZONES) == ("east", "west")
    assert touched([polygon(-118, 38, -117, 39)], ZONES) == ()


def test_the_direction_of_a_polygon_does_not_matter() -> None:
    turned = Area("", polygons=(ring(-120.5, 38.2, -120.1, 38.8)[::-1],))
    assert touched([turned], ZONES) == ("west",)


def test_a_polygon_that_crosses_itself_is_mended() -> None:
    bow = Area("", polygons=(((38.2, -120.8), (38.8, -120.2), (38.2, -120.2), (38.8, -120.8), (38.2, -120.8)),))
    assert touched([bow], ZONES) == ("west",)


def test_a_polygon_that_is_not_closed_is_closed() -> None:
    assert touched([Area("", polygons=(((38.2, -120.5), (38.2, -120.1), (38.8, -120.1)),))], ZONES) == ("west",)


def test_a_ring_round_the_world_holds_the_nearer_pole() -> None:
    north = tuple((70.0, float(x)) for x in (-180, -90, 0, 90, 180))
    south = tuple((-60.0, float(x)) for x in (170, 50, -70, -190))
    zones = [ZoneShape("svalbard", box(15, 78, 16, 79)), ZoneShape("mcmurdo", box(166, -78, 167, -77)), *ZONES]
    assert touched([Area("", polygons=(north,))], zones) == ("svalbard",)
    assert touched([Area("", polygons=(south,))], zones) == ("mcmurdo",)
    for centre, zone in (((85.0, -164.5), "svalbard"), ((-85.0, -13.5), "mcmurdo")):  # over the pole to the other side
        assert touched([Area("", circles=(Circle(centre, 1950.0),))], zones) == (zone,)
        assert touched([Area("", circles=(Circle(centre, 1700.0),))], zones) == ()


def test_a_polygon_that_covers_nothing_is_no_shape_and_leaves_the_codes() -> None:
    line = ((38.2, -120.8), (38.8, -120.8), (38.5, -120.8), (38.2, -120.8))
    assert ring_shape(line) is None
    assert touched([Area("", polygons=(line,), geocodes=(("UGC", "NVC005"),))], ZONES) == ("east",)


def test_where_a_polygon_stands_codes_do_not_widen_it() -> None:
    both = Area("", polygons=(ring(-120.5, 38.2, -120.1, 38.8),), geocodes=(("UGC", "NVC005"),))
    assert touched([both], ZONES) == ("west",)
    far = Area("", polygons=(ring(0, 0, 1, 1),), geocodes=(("UGC", "NVC005"),))
    assert touched([far], ZONES) == ()


def test_each_area_counts_for_itself() -> None:
    areas = [polygon(-120.5, 38.2, -120.1, 38.8), Area("", geocodes=(("UGC", "NVC005"),))]
    assert touched(areas, ZONES) == ("east", "west")


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("UGC", "CAC017", ("west",)),
        ("ugc", " caz069 ", ("west",)),
        ("UGC", "CAC018", ()),
        ("SAME", "006017", ("west",)),
        ("SAME", "106017", ("west",)),
        ("FIPS6", "006017", ("west",)),
        ("FIPS", "06017", ("west",)),
        ("SAME", "032005", ("east",)),
        ("SAME", "006000", ("west",)),
        ("SAME", "000000", ("east", "west")),
        ("SAME", "006018", ()),
        ("SAME", "nonsense", ()),
        ("EMMA_ID", "CAC017", ()),
        ("UGC", "CAZ000", ("west",)),
        ("UGC", "NVCALL", ("east",)),
        ("UGC", "CAZ017", ()),
    ],
)
def test_codes_match_zones_where_no_shape_stands(name: str, value: str, found: tuple[str, ...]) -> None:
    assert touched([Area("", geocodes=((name, value),))], ZONES) == found


OTHERS = ZoneShape("bayern", box(11, 48, 12, 49), others=(("NUTS", "DE212"), ("EMMA_ID", "DE001"), ("CLC", "041100")))
COUNTY = ZoneShape("lake", box(0, 0, 1, 1), same=("006033",))
STATE = ZoneShape("california", box(0, 0, 1, 1), same=("006000",))


@pytest.mark.parametrize(
    ("zone", "name", "value", "found"),
    [
        (OTHERS, "NUTS2", "de21", True),  # the region that holds ours
        (OTHERS, "NUTS3", "DE2129", True),  # a part of ours
        (OTHERS, "NUTS", "DE213", False),
        (OTHERS, "NUTS", "D", False),
        (OTHERS, "EMMA_ID", "DE001", True),
        (OTHERS, "EMMA_ID", "DE00", False),
        (OTHERS, "layer:EC-MSC-SMC:1.1:CLC", "041100", True),
        (OTHERS, "CLC", "041110", False),
        (COUNTY, "UGC", "CAC033", True),  # the weather service's word for the county 06033
        (COUNTY, "UGC", "CAZ033", False),  # a forecast zone has numbers of its own
        (STATE, "SAME", "006017", True),
        (STATE, "SAME", "032005", False),
    ],
)
def test_codes_nest_as_their_kind_says(zone: ZoneShape, name: str, value: str, found: bool) -> None:
    assert bool(touched([Area("", geocodes=((name, value),))], [zone])) is found


def test_canadian_locations_nest_by_their_digits() -> None:
    zone = ZoneShape("ottawa", box(0, 0, 1, 1), others=(("profile:CAP-CP:Location:0.3", "3506008"),))
    named = [
        Area("", geocodes=(("profile:CAP-CP:Location:0.3", value),)) for value in ("35", "3506", "3506008", "3507")
    ]
    assert [bool(touched([area], [zone])) for area in named] == [True, True, True, False]


def test_a_zone_with_a_code_that_is_no_number_matches_no_county() -> None:
    odd = ZoneShape("odd", box(0, 0, 1, 1), (), ("ALL",))
    assert touched([Area("", geocodes=(("SAME", "000000"),))], [odd]) == ()


def test_a_circle_reaches_as_far_as_its_radius() -> None:
    # At 38.5 degrees north one degree of longitude is 87 km; the border is 43.5 km away.
    centre = (38.5, -120.5)
    assert touched([Area("", circles=(Circle(centre, 43.0),))], ZONES) == ("west",)
    assert touched([Area("", circles=(Circle(centre, 44.0),))], ZONES) == ("east", "west")


def test_a_circle_of_radius_nought_is_a_place_in_its_zone() -> None:
    assert touched([Area("", circles=(Circle((38.5, -120.5), 0.0),))], ZONES) == ("west",)
    widened = Area("", circles=(Circle((38.5, -120.5), 0.0),), geocodes=(("UGC", "NVC005"),))
    assert touched([widened], ZONES) == ("west",)


def test_shapes_over_the_antimeridian_meet_zones_on_both_sides() -> None:
    fiji = (ZoneShape("e", box(179, -18, 180, -17)), ZoneShape("w", box(-180, -18, -179, -17)))
    far = ZoneShape("far", box(0, -18, 1, -17))
    over = Area("", polygons=(((-17.9, 179.5), (-17.9, -179.5), (-17.1, -179.5), (-17.1, 179.5), (-17.9, 179.5)),))
    assert touched([over], [*fiji, far]) == ("e", "w")
    assert touched([Area("", circles=(Circle((-17.5, 179.9), 50.0),))], [*fiji, far]) == ("e", "w")


def test_a_zone_whose_geometry_cannot_be_read_is_touched_by_its_codes_alone() -> None:
    for geometry in ({}, {"type": "Polygon"}, {"type": "Polygon", "coordinates": [["x"]]}, {"type": "Odd"}):
        broken = ZoneShape("broken", geometry, ("CAC017",))
        assert touched([polygon(-120.5, 38.2, -120.1, 38.8)], [broken]) == ()
        assert touched([Area("", geocodes=(("UGC", "CAC017"),))], [broken]) == ("broken",)


def test_an_area_without_anything_touches_nothing() -> None:
    assert shape_of(Area("nowhere")) is None
    assert touched([Area("nowhere")], ZONES) == ()
    assert touched([], ZONES) == ()


@pytest.mark.parametrize(
    ("area", "certain"),
    [
        (polygon(0, 0, 1, 1), True),
        (polygon(-120.5, 38.2, -120.1, 38.8), False),
        (Area("", geocodes=(("UGC", "ORZ001"),)), True),
        (Area("", geocodes=(("SAME", "041001"),)), True),
        (Area("", geocodes=(("UGC", "CAC017"),)), False),
        (Area("", geocodes=(("EMMA_ID", "DE001"),)), False),
        (Area("words alone"), False),
    ],
)
def test_only_what_can_be_laid_on_our_map_is_certainly_elsewhere(area: Area, certain: bool) -> None:
    assert elsewhere([area], ZONES) is certain
    assert not elsewhere([area, Area("words alone")], ZONES)
    assert not elsewhere([area], [])


def test_a_code_says_nothing_of_a_zone_that_goes_by_none() -> None:
    """The county's lake has no code of its own: a person must look, rather than nobody be told."""
    bare = ZoneShape("bare", box(0, 0, 1, 1))
    assert not elsewhere([Area("", geocodes=(("UGC", "CAC001"),))], [COUNTY, bare])
    assert elsewhere([Area("", geocodes=(("UGC", "CAC001"),))], [COUNTY])
    assert not elsewhere([Area("", geocodes=(("UGC", "CAZ001"),))], [COUNTY])
    assert elsewhere([Area("", geocodes=(("UGC", "NVZ001"),))], [COUNTY])
    assert not elsewhere([Area("", geocodes=(("UGC", "PZZ530"),))], [COUNTY])


def test_codes_that_none_of_our_zones_goes_by_tell_nothing() -> None:
    bare = [ZoneShape("bare", box(0, 0, 1, 1))]
    assert not elsewhere([Area("", geocodes=(("UGC", "ORZ001"), ("SAME", "041001")))], bare)
    assert not elsewhere([], ZONES)


numbers = st.floats(-90, 90)
points = st.tuples(numbers, st.floats(-360, 360))


@settings(max_examples=100, deadline=None)
@given(st.lists(points, min_size=0, max_size=8), points, st.floats(0, 20_040))
def test_no_numbers_break_it(corners: list[tuple[float, float]], centre: tuple[float, float], radius: float) -> None:
    shape = ring_shape((*corners, *corners[:1]))
    assert shape is None or (shape.is_valid and shape.area > 0)
    round_ = circle_shape(Circle(centre, radius))
    assert round_ is None or round_.is_valid
    touched([Area("", polygons=((*corners, *corners[:1]),), circles=(Circle(centre, radius),))], ZONES)


def test_a_tangle_of_a_polygon_is_read_as_all_that_lies_inside_its_outermost_points() -> None:
    """Mending it would take a minute at 400 points and all memory at 50,000; a web process was killed by it."""
    spots = [(38.1 + i * 7 % 11 * 0.05, -120.9 + i * 5 % 13 * 0.05) for i in range(3000)]
    shape = shape_of(Area("", polygons=((*spots, spots[0]),)))
    assert shape is not None
    assert shape.bounds == pytest.approx((-120.9, 38.1, -120.3, 38.6))
    assert shape.equals(shape.convex_hull)


def test_many_polygons_that_cross_each_other_often_are_one_wide_shape_too() -> None:
    needles = tuple(
        (
            (38.1, -120.9 + i * 0.005),
            (38.9, -120.1 - i * 0.005),
            (38.9, -120.1001 - i * 0.005),
            (38.1, -120.9 + i * 0.005),
        )
        for i in range(100)
    )
    shape = shape_of(Area("", polygons=needles))
    assert shape is not None
    assert shape.equals(shape.convex_hull)
    few = shape_of(Area("", polygons=needles[:5]))
    assert few is not None
    assert not few.equals(few.convex_hull)


def test_one_spike_in_a_long_outline_does_not_widen_it() -> None:
    """Fine lines of 400 corners and one wrong one: mended, not rounded up to its outermost points."""
    comb = [(38.0 + (i % 2) * 0.4, -120.9 + i * 0.001) for i in range(400)]
    outline = [(37.9, -120.9), *comb, (37.9, -120.4), (38.05, -120.9), (37.9, -120.9)]
    shape = shape_of(Area("", polygons=(tuple(outline),)))
    assert shape is not None
    assert shape.area < shape.convex_hull.area * 0.8
