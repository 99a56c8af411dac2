"""Which of two areas overlap, worked out plainly: exact fractions, no library, nothing shared with the product.

A ring is a list of (longitude, latitude). What is asked is whether two interiors have a point in common; borders that
only touch have none. Neighbouring corners are taken to be joined the short way round the earth; a ring that goes all
the way round holds the pole that is nearer to it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

Point = tuple[Fraction, Fraction]
Line = tuple[Point, Point]
Rings = list[list[Point]]  # their winding numbers add up: a hole runs against what it is cut out of
EARTH_KM = 6371.0
STEP = Fraction(2, 10**6)  # degrees: overlaps narrower than some decimetres are borders that touch


def ring(points: Sequence[tuple[Any, Any]]) -> list[Point]:
    """Closed, exact, unrolled over the antimeridian, closed over a pole where it goes round one."""
    exact = [(Fraction(str(x)), Fraction(str(y))) for x, y in points]
    exact = exact if exact[0] == exact[-1] else [*exact, exact[0]]
    rolled = exact[:1]
    for x, y in exact[1:]:
        while x - rolled[-1][0] > 180:
            x -= 360
        while rolled[-1][0] - x > 180:
            x += 360
        rolled.append((x, y))
    if rolled[0][0] != rolled[-1][0]:
        pole = Fraction(90 if sum(y for _, y in rolled) > 0 else -90)
        rolled += [(rolled[-1][0], pole), (rolled[0][0], pole), rolled[0]]
    return exact if not doubled(rolled) and doubled(exact) else rolled


def doubled(points: list[Point]) -> Fraction:
    """Twice the area, positive where it runs against the clock."""
    return sum((a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(points)), Fraction(0))


def zone_rings(geometry: dict[str, Any]) -> list[Rings]:
    """GeoJSON as parts: an outer ring against the clock and its holes with it."""
    parts = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    return [[turned(ring(one), n == 0) for n, one in enumerate(part)] for part in parts]


def turned(points: list[Point], outer: bool) -> list[Point]:
    return points if (doubled(points) > 0) == outer else points[::-1]


def moved(rings: Rings, by: int) -> Rings:
    return [[(x + by, y) for x, y in one] for one in rings]


def sides(rings: Rings) -> list[Line]:
    return [(a, b) for one in rings for a, b in itertools.pairwise(one) if a != b]


def overlap(mine: Rings, theirs: Rings) -> bool:
    """Have they a point in common that is inside both, here or a turn round the earth away?"""
    return any(_overlap(mine, moved(theirs, turn)) for turn in (-360, 0, 360))


def _overlap(mine: Rings, theirs: Rings) -> bool:
    box, other = _box(mine), _box(theirs)
    if box[0] >= other[2] or other[0] >= box[2] or box[1] >= other[3] or other[1] >= box[3]:
        return False
    beside = (point for a, b in ((mine, theirs), (theirs, mine)) for point in _beside(a, b))
    return any(inside(point, mine) and inside(point, theirs) for point in beside)


def _box(rings: Rings) -> tuple[Fraction, ...]:
    xs, ys = [x for one in rings for x, _ in one], [y for one in rings for _, y in one]
    return min(xs), min(ys), max(xs), max(ys)


def _beside(rings: Rings, others: Rings) -> Iterator[Point]:
    """Points on both sides, very near, of every piece into which the others' sides cut these sides."""
    across = sides(others)
    for a, b in sides(rings):
        cuts = {Fraction(0), Fraction(1)}
        for c, d in across:
            if _near(a, b, c, d):
                cuts |= set(_cuts(a, b, c, d))
        places = sorted(cuts)
        for low, high in itertools.pairwise(places):
            t, step = (low + high) / 2, STEP / max(abs(b[0] - a[0]), abs(b[1] - a[1]))
            x, y = a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])
            for sign in (1, -1):
                yield x - sign * step * (b[1] - a[1]), y + sign * step * (b[0] - a[0])


def _near(a: Point, b: Point, c: Point, d: Point) -> bool:
    return all(max(a[n], b[n]) >= min(c[n], d[n]) and max(c[n], d[n]) >= min(a[n], b[n]) for n in (0, 1))


def _cuts(a: Point, b: Point, c: Point, d: Point) -> Iterator[Fraction]:
    """Where along a-b the line meets c-d."""
    ux, uy, vx, vy = b[0] - a[0], b[1] - a[1], d[0] - c[0], d[1] - c[1]
    cross = ux * vy - uy * vx
    if cross:
        t = ((c[0] - a[0]) * vy - (c[1] - a[1]) * vx) / cross
        s = ((c[0] - a[0]) * uy - (c[1] - a[1]) * ux) / cross
        if 0 <= t <= 1 and 0 <= s <= 1:
            yield t
    elif (c[0] - a[0]) * uy == (c[1] - a[1]) * ux:
        for x, y in (c, d):
            t = (x - a[0]) / ux if ux else (y - a[1]) / uy
            if 0 < t < 1:
                yield t


def inside(point: Point, rings: Rings) -> bool | None:
    """By winding number; None on the border."""
    x, y = point
    winding = 0
    for (ax, ay), (bx, by) in sides(rings):
        turn = (bx - ax) * (y - ay) - (x - ax) * (by - ay)
        if turn == 0 and min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by):
            return None
        if ay <= y < by and turn > 0:
            winding += 1
        elif by <= y < ay and turn < 0:
            winding -= 1
    return winding != 0


def distance_km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Along the earth's surface (haversine, a sphere)."""
    a, b = math.radians(latitude), math.radians(other_latitude)
    half = math.sin((b - a) / 2) ** 2
    half += math.cos(a) * math.cos(b) * math.sin(math.radians(other_longitude - longitude) / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))


def away_km(latitude: float, longitude: float, part: Rings) -> float:
    """How far a place is from a shape; 0 inside. Sides are walked in steps, finer where it is nearest."""
    at = (Fraction(str(longitude)), Fraction(str(latitude)))
    if any(inside(at, moved(part, turn)) is not False for turn in (-360, 0, 360)):
        return 0.0
    return min(_away(latitude, longitude, side) for side in sides(part))


def _away(latitude: float, longitude: float, side: Line) -> float:
    (ax, ay), (bx, by) = ((float(x), float(y)) for x, y in side)

    def there(t: float) -> float:
        return distance_km(latitude, longitude, ay + t * (by - ay), ax + t * (bx - ax))

    low, high = 0.0, 1.0
    for _ in range(4):
        steps = [low + (high - low) * n / 50 for n in range(51)]
        best = min(range(51), key=lambda n: there(steps[n]))
        low, high = steps[max(0, best - 1)], steps[min(50, best + 1)]
    return there((low + high) / 2)
