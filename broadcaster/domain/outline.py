"""Outlines of zones small enough to travel with every version of the page. Pure.

An outline is the zone's shape with fewer corners, and how far it may lie from the real edge, so that whoever
asks "am I inside" can count people near the edge in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from shapely.errors import ShapelyError
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

MOST = 160  # corners of one zone
FINEST = 0.0001  # degrees, about 11 m
METRES = 111_195  # of one degree of latitude
DIGITS = 5  # about 1 m
Json = dict[str, Any]


def outline(geometry: Mapping[str, Any] | None) -> tuple[Json | None, int]:
    """(GeoJSON of polygons, metres it may be off); (None, 0) where there is nothing with an area."""
    return _outline(json.dumps(geometry, sort_keys=True)) if geometry else (None, 0)


@lru_cache(maxsize=4096)
def _outline(text: str) -> tuple[Json | None, int]:
    try:
        whole = shape(json.loads(text))
    except (ShapelyError, ValueError, TypeError, AttributeError, KeyError, IndexError):
        return None, 0  # a zone without a readable shape is found by its name
    if whole.is_empty or not whole.area:
        return None, 0
    slack = FINEST
    made = whole.simplify(slack)
    while _corners(made) > MOST and slack < 1:
        slack *= 2
        made = whole.simplify(slack)
    return _rounded(mapping(made)), round(slack * METRES) + 1


def _corners(made: BaseGeometry) -> int:
    parts = getattr(made, "geoms", [made])
    return sum(len(part.exterior.coords) + sum(len(r.coords) for r in part.interiors) for part in _polygons(parts))


def _polygons(parts: Any) -> list[Any]:
    return [part for part in parts if part.geom_type == "Polygon"]


def _rounded(value: Any) -> Any:
    if isinstance(value, float | int):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {key: _rounded(item) if key != "type" else item for key, item in value.items()}
    return [_rounded(item) for item in value]
