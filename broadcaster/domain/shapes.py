"""CAP areas as GeoJSON geometry (RFC 7946: longitude first, closed rings)."""

from __future__ import annotations

import itertools
import math
from typing import Any

from broadcaster.domain.alert import Area, Circle, Ring

KM_PER_DEGREE = 111.195  # mean earth radius 6371.0 km
CORNERS = 64


def geometry(area: Area) -> dict[str, Any] | None:
    """Polygon or MultiPolygon of an area's polygons and circles; None where it has only codes."""
    rings = [_ring(ring) for ring in area.polygons] + [_circle(c) for c in area.circles if c.radius_km > 0]
    points = [[c.centre[1], c.centre[0]] for c in area.circles if c.radius_km <= 0]
    if not rings:
        return {"type": "MultiPoint", "coordinates": points} if points else None
    if len(rings) == 1:
        return {"type": "Polygon", "coordinates": [rings[0]]}
    return {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]}


def _ring(ring: Ring) -> list[list[float]]:
    """Longitude first, counter-clockwise as RFC 7946 section 3.1.6 asks."""
    turned = [[longitude, latitude] for latitude, longitude in ring]
    return turned if _doubled_area(turned) >= 0 else turned[::-1]


def _doubled_area(ring: list[list[float]]) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(ring))


def _circle(circle: Circle) -> list[list[float]]:
    """A circle as a ring of ``CORNERS`` corners; good to a few metres for the radii that warnings have."""
    latitude, longitude = circle.centre
    high = circle.radius_km / KM_PER_DEGREE
    wide = high / max(0.01, math.cos(math.radians(latitude)))
    angles = [2 * math.pi * i / CORNERS for i in range(CORNERS)]
    ring = [[round(longitude + wide * math.cos(a), 6), round(latitude + high * math.sin(a), 6)] for a in angles]
    return [*ring, ring[0]]
