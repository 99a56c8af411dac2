"""Where a CAP area lies, and which zones it touches. Pure; shapely (loaded where used) does the planes.

Coordinates are WGS 84 degrees, longitude first as in GeoJSON. Where an area has a polygon or circle that can be used,
its codes do not widen it (CAP 1.2 section 3.2.4).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from broadcaster.domain.alert import Area, Circle, Pair, Ring
from broadcaster.domain.shapes import KM_PER_DEGREE

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

SMALLEST = 1e-10  # square degrees, about one square metre: borders that only touch stay below
POINT_KM = 0.01  # a circle of radius 0 is a place: this much round it, so that it lies in a zone
CORNERS = 64
GROUP = 20  # sides looked up at once; each may meet all others
MOST_CROSSINGS = 1000  # mending takes longer than their square: 400 random points took a minute, 50,000 all memory
_COUNTY_CODES = frozenset(["same", "fips6", "fips"])


@dataclass(frozen=True, slots=True)
class ZoneShape:
    """What is needed of a zone: its GeoJSON geometry, and the UGC and SAME codes it goes by."""

    id: str
    geometry: Mapping[str, Any]
    ugc: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    cache: list[Any] = field(default_factory=list, compare=False, repr=False)  # its shape, made once


def touched(areas: Iterable[Area], zones: Sequence[ZoneShape]) -> tuple[str, ...]:
    """Ids of the zones that overlap an area's shape by more than nothing, or share a code where it has no shape."""
    found: set[str] = set()
    for area in areas:
        shape = shape_of(area)
        for zone in zones:
            if zone.id not in found and (_overlaps(zone, shape) if shape is not None else shares_code(area, zone)):
                found.add(zone.id)
    return tuple(sorted(found))


def elsewhere(areas: Sequence[Area], zones: Sequence[ZoneShape]) -> bool:
    """Is it certain that these areas touch none of the zones? Not where an area cannot be laid on our map: no shape,
    no codes of a kind that our zones go by, or no zones at all. Then a person must look."""
    return bool(areas and zones) and all(_placed(area, zones) for area in areas) and not touched(areas, zones)


def _placed(area: Area, zones: Sequence[ZoneShape]) -> bool:
    if shape_of(area) is not None:
        return True
    names = {name.strip().casefold() for name, _ in area.geocodes}
    return ("ugc" in names and any(zone.ugc for zone in zones)) or (
        bool(names & _COUNTY_CODES) and any(zone.same for zone in zones)
    )


def shape_of(area: Area) -> BaseGeometry | None:
    """The area's polygons and circles as one valid shape; None where it has none that covers anything."""
    import shapely

    parts = [ring_shape(ring) for ring in area.polygons] + [circle_shape(circle) for circle in area.circles]
    known = [part for part in parts if part is not None]
    whole = _hull(known) if len(known) > 1 and _tangled(known) else shapely.union_all(known)
    return None if whole.is_empty else whole


def ring_shape(ring: Ring) -> BaseGeometry | None:
    """A ring in either direction, mended where it crosses itself; None where it covers nothing.

    A tangle (more than ``MOST_CROSSINGS``) counts as all that lies inside its outermost points: rather too wide, for
    a person to see in review, than a process that hangs."""
    from shapely.geometry import Polygon

    points = _unwrapped([(longitude, latitude) for latitude, longitude in ring])
    return _mended(_on_map(Polygon(points))) if len(points) >= 4 else None


def circle_shape(circle: Circle) -> BaseGeometry | None:
    """A circle as a polygon of ``CORNERS`` corners, good to a percent up to some hundred kilometres."""
    from shapely.geometry import Polygon

    latitude, longitude = circle.centre
    high = max(circle.radius_km, POINT_KM) / KM_PER_DEGREE
    wide = min(180.0, high / max(0.01, math.cos(math.radians(latitude))))
    angles = [2 * math.pi * i / CORNERS for i in range(CORNERS)]
    corners = [(longitude + wide * math.cos(a), max(-90.0, min(90.0, latitude + high * math.sin(a)))) for a in angles]
    return _mended(_on_map(Polygon(corners)))


def _unwrapped(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Neighbours never more than half a world apart: a ring over the antimeridian goes beyond 180 instead of round."""
    found = points[:1]
    for longitude, latitude in points[1:]:
        turns = round((found[-1][0] - longitude) / 360)
        found.append((longitude + 360 * turns, latitude))
    return found


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


def _mended(shape: BaseGeometry) -> BaseGeometry | None:
    """The parts of a valid version that cover something."""
    import shapely

    parts = [part for part in shapely.get_parts(_valid(shape)) if part.area > 0]
    parts = [inner for part in parts for inner in shapely.get_parts(part) if inner.area > 0]
    return shapely.union_all(parts) if parts else None


def _overlaps(zone: ZoneShape, shape: BaseGeometry) -> bool:
    outline = _outline(zone)
    return outline is not None and outline.intersects(shape) and outline.intersection(shape).area > SMALLEST


def _outline(zone: ZoneShape) -> BaseGeometry | None:
    """The zone's shape, made valid; None where its geometry cannot be read."""
    import shapely
    from shapely.geometry import shape

    if not zone.cache:
        try:
            zone.cache.append(_mended(shape(dict(zone.geometry))))
        except (ValueError, TypeError, KeyError, AttributeError, IndexError, shapely.errors.ShapelyError):
            zone.cache.append(None)
    found: BaseGeometry | None = zone.cache[0]
    return found


def shares_code(area: Area, zone: ZoneShape) -> bool:
    """Does a UGC or a SAME (FIPS6) code of the area belong to the zone?"""
    return any(_is_code_of(pair, zone) for pair in area.geocodes)


def _is_code_of(pair: Pair, zone: ZoneShape) -> bool:
    name, value = pair[0].strip().casefold(), pair[1].strip().upper()
    if name == "ugc":
        return value in {code.upper() for code in zone.ugc}
    return name in _COUNTY_CODES and any(_same_county(value, code) for code in zone.same)


def _same_county(wide: str, code: str) -> bool:
    """SAME is PSSCCC: part, state, county (47 CFR 11.31). County 000 is the whole state, 000000 the country."""
    if not (wide.isascii() and wide.isdigit() and code.isascii() and code.isdigit()):
        return False
    wide, code = wide.zfill(6)[-5:], code.zfill(6)[-5:]
    return wide in (code, code[:2] + "000", "00000")
