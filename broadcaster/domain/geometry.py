"""The shape of a CAP area. Pure; shapely (loaded where used) does the planes.

Coordinates are WGS 84 degrees, longitude first as in GeoJSON. Where an area has a polygon or circle that can be used,
its codes do not widen it (CAP 1.2 section 3.2.4).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from broadcaster.domain.alert import Area, Circle, Ring
from broadcaster.domain.shapes import KM_PER_DEGREE

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

POINT_KM = 0.01  # a circle of radius 0 is a place: this much round it, so that it lies in a zone
CORNERS = 96
GROUP = 20  # sides looked up at once; each may meet all others
MOST_CROSSINGS = 1000  # mending takes longer than their square: 400 random points took a minute, 50,000 all memory


def shape_of(area: Area) -> BaseGeometry | None:
    """The area's polygons and circles as one valid shape; None where it has none that covers anything."""
    import shapely

    parts = [ring_shape(ring) for ring in area.polygons] + [circle_shape(circle) for circle in area.circles]
    known = [part for part in parts if part is not None]
    whole = _hull(known) if len(known) > 1 and _tangled(known) else shapely.union_all(known)
    return None if whole.is_empty else whole


def ring_shape(ring: Ring) -> BaseGeometry | None:
    """A ring in either direction, open or closed, mended where it crosses itself; None where it covers nothing.

    One that goes round the world lies round a pole, the nearer one; a frame round all of it is all of it. A tangle
    (more than ``MOST_CROSSINGS``) counts as all that lies inside its outermost points: rather too wide, for a person to
    see in review, than a process that hangs."""
    from shapely.geometry import Polygon

    corners = [(longitude, latitude) for latitude, longitude in ring]
    written = [*corners, *corners[:1]] if corners[:1] != corners[-1:] else corners
    points = _round_the_pole(_unwrapped(written))
    if len(points) < 4:
        return None
    return mended(_on_map(Polygon(points))) or mended(_on_map(Polygon(written)))


def circle_shape(circle: Circle) -> BaseGeometry | None:
    """A circle on a sphere as a polygon of ``CORNERS`` corners that holds all of it, a pole too where it goes round
    one. One that reaches half round the earth is all of it."""
    from shapely.geometry import Polygon, box

    latitude, longitude = circle.centre
    away = math.radians(max(circle.radius_km, POINT_KM) / KM_PER_DEGREE) / math.cos(math.pi / CORNERS)
    if away >= math.pi / 2:
        return box(-180, -90, 180, 90)
    corners = [_from(latitude, longitude, 2 * math.pi * i / CORNERS, away) for i in range(CORNERS)]
    points = _round_the_pole(_unwrapped([*corners, corners[0]]), math.copysign(90.0, latitude))
    return mended(_on_map(Polygon(points)))


def _from(latitude: float, longitude: float, bearing: float, away: float) -> tuple[float, float]:
    """Longitude and latitude of the place that lies that way (radians from north) and that far (radians) from one."""
    north = math.radians(latitude)
    there = math.asin(math.sin(north) * math.cos(away) + math.cos(north) * math.sin(away) * math.cos(bearing))
    east = math.atan2(
        math.sin(bearing) * math.sin(away) * math.cos(north), math.cos(away) - math.sin(north) * math.sin(there)
    )
    return longitude + math.degrees(east), math.degrees(there)


def _unwrapped(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Neighbours never more than half a world apart: a ring over the antimeridian goes beyond 180 instead of round."""
    found = points[:1]
    for longitude, latitude in points[1:]:
        turns = round((found[-1][0] - longitude) / 360)
        found.append((longitude + 360 * turns, latitude))
    return found


def _round_the_pole(points: list[tuple[float, float]], pole: float | None = None) -> list[tuple[float, float]]:
    """A ring that does not come back to its longitude has gone round a pole, which is inside: up to it and back.
    Without ``pole`` (its latitude) it is the one nearer to the ring."""
    if not points or abs(points[-1][0] - points[0][0]) < 180:
        return points
    pole = pole or math.copysign(90.0, sum(latitude for _, latitude in points))
    return [*points, (points[-1][0], pole), (points[0][0], pole), points[0]]


def _on_map(shape: BaseGeometry) -> BaseGeometry:
    """With copies a turn to the west and east where the shape leaves -180 to 180: zones on both sides meet it."""
    import shapely
    from shapely.affinity import translate

    west, _, east, _ = shape.bounds
    if west >= -180 and east <= 180:
        return shape
    copies = [_valid(shape), *(_valid(translate(shape, turn)) for turn in (-360, 360))]
    return shapely.union_all(copies)


def _valid(shape: BaseGeometry) -> BaseGeometry:
    import shapely

    if shape.is_valid:
        return shape
    if _tangled([shape]):
        return _hull([shape])
    return shapely.make_valid(shape, method="structure", keep_collapsed=False)


def _hull(shapes: Sequence[BaseGeometry]) -> BaseGeometry:
    import shapely

    return shapely.MultiPoint(shapely.get_coordinates(shapes)).convex_hull


def _tangled(shapes: Sequence[BaseGeometry]) -> bool:
    """Do the borders meet each other more than ``MOST_CROSSINGS`` times? Counted in groups, so that it ends early."""
    import shapely

    sides = [side for ring in shapely.get_rings(list(shapes)) for side in _sides(ring)]
    tree, found = shapely.STRtree(sides), 0
    for start in range(0, len(sides), GROUP):
        group = sides[start : start + GROUP]
        found += tree.query(group, predicate="crosses").shape[1] // 2
        if found > MOST_CROSSINGS:
            return True
    return False


def _sides(ring: BaseGeometry) -> Sequence[BaseGeometry]:
    import numpy
    import shapely

    points = shapely.get_coordinates(ring)
    pairs = numpy.stack((points[:-1], points[1:]), axis=1)
    made: Any = shapely.linestrings(pairs)
    return list(made)


def mended(shape: BaseGeometry) -> BaseGeometry | None:
    """The parts of a valid version that cover something."""
    import shapely

    parts = [part for part in shapely.get_parts(_valid(shape)) if part.area > 0]
    parts = [inner for part in parts for inner in shapely.get_parts(part) if inner.area > 0]
    return shapely.union_all(parts) if parts else None
