"""Areas as agencies draw them and zones made round them: inside, touching, a metre off, enclosing, with holes, over the
antimeridian, round a pole, crossing themselves, turned round."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

METRE = 0.00001  # degrees of latitude, roughly
Pairs = list[tuple[float, float]]  # longitude, latitude


def rectangle(west: float, south: float, east: float, north: float) -> Pairs:
    return [(west, south), (east, south), (east, north), (west, north), (west, south)]


def polygon(*rings: Pairs) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[list(point) for point in ring] for ring in rings]}


def several(*parts: Pairs) -> dict[str, Any]:
    return {"type": "MultiPolygon", "coordinates": [[[list(point) for point in ring]] for ring in parts]}


def areas() -> dict[str, Pairs]:
    """By name, longitude first."""
    box = rectangle(-121.5, 38, -121, 38.5)
    return {
        "box": box,
        "reversed": box[::-1],
        "open": box[:-1],
        "repeated corners": [point for point in box for _ in range(3)],
        "spike": [*box[:2], (-120, 38.2), (-121, 38.2), *box[2:]],
        "bow tie": [(-121.5, 38), (-121, 38.5), (-121, 38), (-121.5, 38.5), (-121.5, 38)],
        "star": [(-121.25, 38.5), (-121.1, 38.02), (-121.48, 38.32), (-121.02, 38.32), (-121.4, 38.02)],
        "thin": rectangle(-121.5, 38.2, -121, 38.2 + METRE),
        "triangle": [(-121.5, 38), (-121, 38.01), (-121.2, 38.5), (-121.5, 38)],
        "concave": [(-121.5, 38), (-121, 38), (-121, 38.5), (-121.4, 38.05), (-121.5, 38.5), (-121.5, 38)],
        "antimeridian": [(179.5, -17), (-179.5, -17), (-179.5, -16), (179.5, -16), (179.5, -17)],
        "antimeridian, beyond 180": rectangle(179.5, -17, 180.5, -16),
        "antimeridian, split at it": [(179.5, -17), (180, -17), (-180, -17), (-179.5, -17), (-179.5, -16),
                                      (-180, -16), (180, -16), (179.5, -16), (179.5, -17)],
        "up to 180": rectangle(179, 60, 180, 61),
        "north pole": [(0, 80), (90, 80), (180, 80), (-90, 80), (0, 80)],
        "south pole": [(0, -80), (-90, -80), (180, -80), (90, -80), (0, -80)],
        "the earth": rectangle(-180, -90, 180, 90),
        "a band round the earth": rectangle(-180, 30, 180, 40),
        "half the earth": rectangle(-180, -90, 0, 90),
        "big": rectangle(-130, 20, -60, 50),
    }  # fmt: skip


def about(area: Pairs) -> Iterator[tuple[str, dict[str, Any]]]:
    """Zones round an area's box, by name."""
    west, south = min(x for x, _ in area), min(y for _, y in area)
    east, north = max(x for x, _ in area), max(y for _, y in area)
    if east - west > 350:  # written over the antimeridian
        xs = [x % 360 for x, _ in area]
        west, east = (min(xs), max(xs)) if max(xs) - min(xs) < 350 else (-180.0, 180.0)
    wide, high = (east - west) / 4 or 0.1, (north - south) / 4 or 0.1
    mx, my = (west + east) / 2, (south + north) / 2
    for name, box in {
        "the same": (west, south, east, north),
        "enclosing": (west - wide, south - high, east + wide, north + high),
        "inside": (mx - wide / 3, my - high / 3, mx + wide / 3, my + high / 3),
        "edge": (east, south, east + wide, north),
        "edge above": (west, north, east, north + high),
        "corner": (east, north, east + wide, north + high),
        "a metre off": (east + METRE, south, east + wide, north),
        "a metre off above": (west, north + METRE, east, north + high),
        "a metre in": (east - METRE, south, east + wide, north),
        "a metre in above": (west, north - METRE, east, north + high),
        "across": (mx - wide / 8, south - high, mx + wide / 8, north + high),
        "left half": (west - wide, south, mx, north),
        "lower right": (mx, south, east, my),
    }.items():
        if box[1] >= -90 and box[3] <= 90:
            yield name, on_map(rectangle(*box))
    hole = rectangle(west - wide / 2, max(-89.0, south - high / 2), east + wide / 2, min(89.0, north + high / 2))
    outer = rectangle(west - wide, max(-89.5, south - high), east + wide, min(89.5, north + high))
    if east + wide < 180 and west - wide > -180:
        yield "a ring with the area in its hole", polygon(outer, hole)
        small = rectangle(mx - wide / 3, my - high / 3, mx + wide / 3, my + high / 3)
        yield "a ring whose hole lies in the area", polygon(outer, small)
        yield "two parts, one of them inside", several(rectangle(west - 3, 10, west - 2, 11), small)
    else:
        yield "east of it", polygon(rectangle(-180, south, -179.8, north))
        yield "west of it", polygon(rectangle(179.8, south, 180, north))


def on_map(box: Pairs) -> dict[str, Any]:
    """A box as GeoJSON wants it: cut in two at the antimeridian (RFC 7946, section 3.1.9)."""
    west, south, east, north = box[0][0], box[0][1], box[2][0], box[2][1]
    if east - west >= 360:
        return polygon(rectangle(-180, south, 180, north))
    if west >= 180 or east <= -180:
        by = -360 if west >= 180 else 360
        return polygon(rectangle(west + by, south, east + by, north))
    if east > 180:
        return several(rectangle(west, south, 180, north), rectangle(-180, south, east - 360, north))
    if west < -180:
        return several(rectangle(west + 360, south, 180, north), rectangle(-180, south, east, north))
    return polygon(box)


def anywhere(seed: int) -> tuple[Pairs, dict[str, Any]]:
    """An area of some corners drawn at random, and a zone near it: coordinates of few digits, so that borders meet."""
    draw = random.Random(seed)
    west, south = draw.choice([(-121, 38), (179, -17), (-1, 51), (20, 69)])

    def corner() -> tuple[float, float]:
        x = round(west + draw.randrange(0, 21) / 10, 1)
        return (x if x <= 180 else round(x - 360, 1)), round(south + draw.randrange(0, 21) / 10, 1)

    area = [corner() for _ in range(draw.randrange(3, 8))]
    low, left = draw.randrange(0, 18), draw.randrange(0, 18)
    right, top = left + draw.randrange(1, 4), low + draw.randrange(1, 4)
    box = (west + left / 10, south + low / 10, west + right / 10, south + top / 10)
    return area, on_map(rectangle(*(round(side, 1) for side in box)))
