"""GeoRSS (simple and GML, OGC 17-002r1), and W3C's geo:lat and geo:long, as CAP polygons and circles.

Everything is WGS 84, latitude first. A line has no width, so it is widened by ``LINE_DEGREES``; where a polygon, box,
line or circle stands, points beside it are its labels and are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lxml import etree

from alert_feeds.cap_info import words
from alert_feeds.document import children, local, namespace
from alert_feeds.values import Notes, closed
from broadcaster.domain.alert import Area, Circle, Point, Ring

LINE_DEGREES = 0.001  # about 100 m on either side
MAX_CORNERS = 300  # of a line; of one with more, or one that crosses itself, everything that lies inside counts
MAX_SHAPES = 200
MAX_POINTS = 20_000
_GEORSS = ("point", "line", "polygon", "box", "circle")


@dataclass(slots=True)
class _Found:
    rings: list[Ring] = field(default_factory=list)
    circles: list[Circle] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)


def areas(item: etree._Element, description: str, notes: Notes) -> tuple[Area, ...]:
    """One area with all shapes of an item; none where it has neither shape nor description."""
    found = _Found()
    for element in _elements(item, notes):
        _read(element, found, notes)
    _w3c(item, found, notes)
    circles = found.circles
    if not found.rings and not circles:
        circles = [Circle(point, 0) for point in dict.fromkeys(found.points)]
    if not description and not found.rings and not circles:
        return ()
    return (Area(description, tuple(dict.fromkeys(found.rings)), tuple(circles)),)


def _elements(item: etree._Element, notes: Notes) -> Iterator[etree._Element]:
    """The elements with coordinates, whatever holds them."""
    count = 0
    for element in item.iter("{*}*"):
        space, name = namespace(element), local(element)
        if ("georss" in space and name in _GEORSS) or ("opengis.net/gml" in space and name in _GML):
            count += 1
            if count > MAX_SHAPES:
                notes.add("too_many_shapes", f"The item has more than {MAX_SHAPES} shapes; the rest was left out.")
                return
            yield element


def _read(element: etree._Element, found: _Found, notes: Notes) -> None:
    name, gml = local(element), "gml" in namespace(element)
    numbers = _numbers(words(element) if not gml else _gml_text(element), name, notes)
    if numbers is None:
        return
    if name == "circle":
        _circle(numbers, 1000, found, notes)
    elif name == "CircleByCenterPoint":
        _circle(numbers, _unit(element), found, notes)
    elif name in ("box", "Envelope"):
        _box(numbers, found, notes)
    else:
        _points(name.casefold(), numbers, found, notes)


def _points(name: str, numbers: Sequence[float], found: _Found, notes: Notes) -> None:
    points = list(zip(numbers[::2], numbers[1::2], strict=False))
    if len(numbers) % 2 or not points:
        notes.add("shape", f"A {name} has no pairs of numbers and was left out.")
    elif name in ("polygon", "linearring"):
        ring = closed(points, notes)
        found.rings += [ring] if ring else []
    elif name in ("line", "linestring") and len(points) > 1:
        found.rings += list(_widened(points, notes))
    else:
        found.points += [point for point in points if _on_earth(point, notes)]


def _numbers(text: str, name: str, notes: Notes) -> list[float] | None:
    parts = text.replace(",", " ").split()
    try:
        numbers = [float(part) for part in parts[: 2 * MAX_POINTS]]
    except ValueError:
        numbers = [math.nan]
    if len(parts) > 2 * MAX_POINTS or not all(math.isfinite(number) for number in numbers):
        notes.add("shape", f"A {name} cannot be read and was left out: {text[:80]!r}")
        return None
    return numbers


def _circle(numbers: Sequence[float], per_km: float, found: _Found, notes: Notes) -> None:
    if len(numbers) == 3 and _on_earth((numbers[0], numbers[1]), notes) and 0 <= numbers[2] / per_km <= 20_040:
        found.circles.append(Circle((numbers[0], numbers[1]), numbers[2] / per_km))
    else:
        notes.add("circle", f"A circle is not latitude, longitude and radius: {list(numbers[:4])}; it was left out.")


def _box(numbers: Sequence[float], found: _Found, notes: Notes) -> None:
    if len(numbers) != 4:
        notes.add("shape", f"A box has {len(numbers)} numbers instead of 4 and was left out.")
        return
    south, west, north, east = numbers
    ring = closed([(south, west), (south, east), (north, east), (north, west), (south, west)], notes)
    found.rings += [ring] if ring else []


def _widened(points: Sequence[Point], notes: Notes) -> Iterator[Ring]:
    """A line as the narrow polygon round it."""
    if not all(_on_earth(point, notes) for point in points):
        return
    import shapely

    line = shapely.LineString([(longitude, latitude) for latitude, longitude in points]).simplify(LINE_DEGREES / 2)
    tangled = len(line.coords) > MAX_CORNERS or not line.is_simple  # each crossing costs time when it is widened
    shape = (line.convex_hull if tangled else line).buffer(LINE_DEGREES, quad_segs=1)
    notes.add("line", f"A line was widened by {LINE_DEGREES} degrees on either side, so that it covers something.")
    for polygon in shapely.get_parts(shape):
        ring = [(round(y, 6), round(x, 6)) for x, y in polygon.exterior.coords] if not polygon.is_empty else []
        made = closed(ring, notes)
        if made:
            yield made


def _on_earth(point: Point, notes: Notes) -> bool:
    good = abs(point[0]) <= 90 and abs(point[1]) <= 360
    if not good:
        notes.add("shape", f"The place {point[0]:.10g} {point[1]:.10g} is not on earth and was left out.")
    return good


_GML = ("Point", "LineString", "LinearRing", "Envelope", "CircleByCenterPoint")
_GML_PARTS = ("pos", "posList", "coordinates", "lowerCorner", "upperCorner", "radius")


def _gml_text(element: etree._Element) -> str:
    """The numbers of a GML shape; old ``coordinates`` have longitude first and are turned."""
    texts = []
    for child in element.iter("{*}*"):
        if local(child) == "coordinates":
            pairs = [pair.split(",") for pair in words(child).split()]
            texts += [f"{pair[1]} {pair[0]}" if len(pair) > 1 else "?" for pair in pairs]
        elif local(child) in _GML_PARTS:
            texts.append(words(child))
    return " ".join(texts)


def _unit(circle: etree._Element) -> float:
    """How many of the radius's unit make a kilometre; GML's default is the metre."""
    radius = next((child for child in circle.iter("{*}radius")), None)
    unit = (radius.get("uom") or "") if radius is not None else ""
    return 1 if unit.lower().endswith(("km", "kilometer", "kilometre")) else 1000


def _w3c(item: etree._Element, found: _Found, notes: Notes) -> None:
    """geo:lat and geo:long, in the item or in a geo:Point of it."""
    holders = [item, *(child for child in children(item) if local(child) == "Point" and "geo" in namespace(child))]
    for holder in holders:
        parts = {local(child): words(child) for child in children(holder) if "wgs84_pos" in namespace(child)}
        if "lat" in parts and ("long" in parts or "lon" in parts):
            numbers = _numbers(f"{parts['lat']} {parts.get('long', parts.get('lon', ''))}", "point", notes)
            _points("point", numbers or [], found, notes)
