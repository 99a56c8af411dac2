"""Coordinates as a person types them: one area a line, "latitude,longitude" pairs with spaces between."""

from __future__ import annotations

import re

from broadcaster.domain.alert import Point, Ring

_PAIR = re.compile(r"\s*(-?\d{1,3}(?:\.\d+)?)\s*,\s*(-?\d{1,3}(?:\.\d+)?)(?=\s|$)")


class BadCoordinates(ValueError):
    """Which line cannot be read and how to write it; the text is for the person who typed it."""


def rings(text: str) -> tuple[Ring, ...]:
    """Closed rings in CAP's order (latitude first, WGS 84); empty lines are nothing. Raises BadCoordinates."""
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    return tuple(_ring(number, line) for number, line in lines if line)


def written(ring: Ring) -> str:
    """A ring as ``rings`` reads it."""
    return " ".join(f"{latitude!r},{longitude!r}" for latitude, longitude in ring)


def _ring(number: int, line: str) -> Ring:
    points: list[Point] = []
    place = 0
    while place < len(line):
        found = _PAIR.match(line, place)
        if found is None:
            odd = line[place : place + 20].strip()
            raise BadCoordinates(f"Line {number}: {odd!r} is no pair like 44.05,-121.3 (latitude,longitude).")
        points.append(_point(number, float(found[1]), float(found[2])))
        place = found.end()
    closed = points if points[0] == points[-1] and len(points) > 1 else [*points, points[0]]
    if len(set(closed)) < 3:
        raise BadCoordinates(f"Line {number}: an area needs three corners at least.")
    return tuple(closed)


def _point(number: int, latitude: float, longitude: float) -> Point:
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise BadCoordinates(f"Line {number}: {latitude:g},{longitude:g} is no place. Latitude stands first.")
    return latitude, longitude
