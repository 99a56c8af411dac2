"""Which of our zones an area touches: shapes by an index, codes where an area has no shape. Pure.

An area that only a name describes touches no zone and is not elsewhere either: a person must look at it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from broadcaster.domain.alert import Area, Pair
from broadcaster.domain.geometry import mended, shape_of
from broadcaster.domain.geometry_codes import Code, codes_of, tell_apart, wider

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

SMALLEST = 1e-10  # square degrees, about one square metre: borders that only touch stay below


@dataclass(frozen=True, slots=True)
class ZoneShape:
    """What is needed of a zone: its GeoJSON geometry and the codes it goes by (``others``: name and value)."""

    id: str
    geometry: Mapping[str, Any]
    ugc: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    others: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """``zones``: ids of those touched. ``elsewhere``: it is certain that there are none; where an area cannot be
    laid on our map, or there are no zones at all, nothing is certain and a person must look."""

    zones: tuple[str, ...] = ()
    elsewhere: bool = False


class ZoneIndex:
    """All zones, made once and asked often; safe to share between threads."""

    def __init__(self, zones: Sequence[ZoneShape]) -> None:
        import shapely

        self._ids = [zone.id for zone in zones]
        self._codes = [_codes_of_zone(zone) for zone in zones]
        self._named: dict[Code, set[int]] = defaultdict(set)  # by their own codes
        self._inside: dict[Code, set[int]] = defaultdict(set)  # by every code that covers them
        for n, codes in enumerate(self._codes):
            for code in codes:
                self._named[code].add(n)
                for wide in wider(code):
                    self._inside[wide].add(n)
        outlines = [(n, _outline(zone)) for n, zone in enumerate(zones)]
        self._drawn = [(n, outline) for n, outline in outlines if outline is not None]
        shapely.prepare([outline for _, outline in self._drawn])
        self._tree = shapely.STRtree([outline for _, outline in self._drawn])

    def place(self, areas: Iterable[Area]) -> Place:
        """Where areas lie, each for itself."""
        found: set[int] = set()
        certain = bool(self._ids)
        none = True
        for area in areas:
            none = False
            shape = shape_of(area)
            if shape is not None:
                found |= self._under(shape)
            else:
                codes = {code for name, value in area.geocodes for code in codes_of(name, value)}
                found |= self._by_codes(codes)
                certain = certain and all(tell_apart(codes, theirs) for theirs in self._codes)
        return Place(tuple(sorted(self._ids[n] for n in found)), certain and not none and not found)

    def _under(self, shape: BaseGeometry) -> set[int]:
        return {
            self._drawn[i][0]
            for i in self._tree.query(shape, predicate="intersects")
            if _overlap(self._drawn[i][1], shape)
        }

    def _by_codes(self, codes: Iterable[Code]) -> set[int]:
        found: set[int] = set()
        for code in codes:
            found |= self._inside.get(code, set())
            for wide in wider(code):
                found |= self._named.get(wide, set())
        return found


def _overlap(outline: BaseGeometry, shape: BaseGeometry) -> bool:
    return bool(outline.contains(shape) or outline.intersection(shape).area > SMALLEST)


def _codes_of_zone(zone: ZoneShape) -> frozenset[Code]:
    pairs = [("UGC", one) for one in zone.ugc] + [("SAME", one) for one in zone.same] + list(zone.others)
    return frozenset(code for name, value in pairs for code in codes_of(name, value))


def _outline(zone: ZoneShape) -> BaseGeometry | None:
    """The zone's shape, made valid; None where its geometry cannot be read."""
    import shapely
    from shapely.geometry import shape

    try:
        return mended(shape(dict(zone.geometry)))
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, shapely.errors.ShapelyError):
        return None
