"""Which zones an area touches: the product's index against planes worked out with fractions, and circles by haversine.

``ORACLE=all`` compares thousands instead of some."""

from __future__ import annotations

import os
import random

import pytest

from broadcaster.domain.alert import Area, Circle
from broadcaster.domain.geometry_zones import ZoneIndex, ZoneShape
from tests.oracle import shapes
from tests.oracle.judge import Place, Zone, _touches

MANY = os.environ.get("ORACLE") == "all"


LESS_THAN_A_SQUARE_METRE = {  # what they share is a tip: the product takes less than that for touching
    *((name, "a metre in") for name in ("spike", "star", "concave", "triangle")),
    *((name, "a metre in above") for name in ("star", "concave", "triangle")),
}


def product(area: Area, zone: Zone) -> bool:
    index = ZoneIndex([ZoneShape(zone.id, zone.geometry, zone.ugc, zone.same, ())])
    return bool(index.place([area]).zones)


def ring_of(pairs: shapes.Pairs) -> Area:
    return Area("", polygons=(tuple((y, x) for x, y in pairs),))


def oracle(pairs: shapes.Pairs, zone: Zone) -> bool | None:
    return _touches(Place(rings=[pairs]), zone)


@pytest.mark.parametrize("name", shapes.areas())
def test_zones_round_an_area_are_touched_as_plain_planes_say(name: str) -> None:
    area = shapes.areas()[name]
    wrong = []
    for where, geometry in shapes.about(area):
        if (name, where) in LESS_THAN_A_SQUARE_METRE:
            continue
        zone = Zone(where, geometry)
        if product(ring_of(area), zone) != oracle(area, zone):
            wrong.append((where, oracle(area, zone)))
    assert wrong == []


def test_areas_of_any_corners_touch_what_plain_planes_say() -> None:
    wrong = []
    for seed in range(5000 if MANY else 150):
        area, geometry = shapes.anywhere(seed)
        zone = Zone("z", geometry)
        if len({*area}) > 2 and product(ring_of(area), zone) != oracle(area, zone):
            wrong.append(seed)
    assert wrong == []


def test_circles_reach_as_far_as_the_earth_is_round() -> None:
    wrong = []
    draw = random.Random(1)
    for n in range(3000 if MANY else 150):
        latitude, longitude = draw.uniform(-75, 75), draw.uniform(-180, 180)
        radius = draw.choice([0.5, 5, 40, 150, 300, 1000, 3000])
        x, y = longitude + draw.uniform(-1, 1) * radius / 60, latitude + draw.uniform(-1, 1) * radius / 90
        if abs(y) > 84:
            continue
        x = (x + 180) % 360 - 180
        zone = Zone("z", shapes.on_map(shapes.rectangle(x, y, x + 0.2, y + 0.1)))
        said = _touches(Place(circles=[(latitude, longitude, radius)]), zone)
        if said is not None and product(Area("", circles=(Circle((latitude, longitude), radius),)), zone) != said:
            wrong.append((n, latitude, longitude, radius, x, y, said))
    assert wrong == []
