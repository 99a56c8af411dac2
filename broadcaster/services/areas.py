"""Where an alert holds: zones of ours, their names, and CAP areas for what we publish."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from broadcaster.domain.alert import Area, Ring
from broadcaster.domain.errors import Invalid
from broadcaster.domain.message import Finding
from broadcaster.services.places import zones_for
from broadcaster.store.schema import zones as table
from broadcaster.store.zones import every

PART = "Part of "  # opens the description of a shape that a person drew


@dataclass(frozen=True, slots=True)
class Where:
    """``zones`` ids with their ``names`` in the same order; ``areas`` as CAP writes them."""

    zones: tuple[str, ...]
    names: tuple[str, ...]
    areas: tuple[Area, ...]
    findings: tuple[Finding, ...] = ()


def locate(connection: Connection, zones: Sequence[str], areas: Sequence[Area]) -> Where:
    """Zones given by name, else those that the areas touch. Never a default: no area is a blocking finding.

    Raises Invalid for a zone that does not exist.
    """
    ids = tuple(dict.fromkeys(zones)) or _touched(connection, areas)
    rows = {row.id: row for row in connection.execute(sa.select(table).where(table.c.id.in_(ids)))}
    unknown = [id_ for id_ in ids if id_ not in rows]
    if unknown:
        raise Invalid("unknown_zone", f"There is no zone {', '.join(unknown)}. Zones are named by their id.")
    names = tuple(rows[id_].name for id_ in ids)
    own = tuple(areas) or tuple(_area(rows[id_]) for id_ in ids)
    return Where(ids, names, own, _findings(ids, areas))


def of_zones(connection: Connection, zones: Sequence[str]) -> tuple[Area, ...]:
    """CAP areas of these zones."""
    return locate(connection, zones, ()).areas


def spread(
    connection: Connection, chosen: Sequence[str], shapes: Sequence[Area]
) -> tuple[tuple[str, ...], tuple[Area, ...]]:
    """Zones chosen one by one together with those that shapes touch: (zone ids, areas of all of it).

    A shape without a description is called a part of the zones it touches. Without shapes the zones' own areas hold.
    """
    if not shapes:
        return tuple(dict.fromkeys(chosen)), ()
    names = {zone.id: zone.name for zone in every(connection)}
    named = []
    for shape in shapes:
        where = ", ".join(names[id_] for id_ in _touched(connection, [shape]))
        named.append(replace(shape, description=shape.description or f"{PART}{where}" if where else "Marked area"))
    zones = tuple(dict.fromkeys([*chosen, *_touched(connection, shapes)]))
    return zones, (*of_zones(connection, tuple(dict.fromkeys(chosen))), *named)


def taken_apart(connection: Connection, zones: Sequence[str], areas: Sequence[Area]) -> tuple[list[str], list[Area]]:
    """What ``spread`` put together: the zones chosen one by one, and the shapes."""
    own = dict(zip(zones, of_zones(connection, zones), strict=True)) if zones else {}
    return [id_ for id_, area in own.items() if area in areas], [a for a in areas if a not in own.values()]


def _touched(connection: Connection, areas: Sequence[Area]) -> tuple[str, ...]:
    return tuple(zones_for(connection, tuple(areas))) if areas else ()


def _findings(ids: Sequence[str], areas: Sequence[Area]) -> tuple[Finding, ...]:
    if ids:
        return ()
    text = "Its area touches no zone of ours, so nobody would be told." if areas else "It names no area."
    return (Finding("no_area", f"{text} Give it zones.", blocking=True, about="where"),)


def _area(row: Row[Any]) -> Area:
    """A zone as CAP writes it: outer rings, latitude first, and its codes."""
    codes = [("UGC", code) for code in row.ugc] + [("SAME", code) for code in row.same]
    return Area(row.name, polygons=_rings(row.geometry or {}), geocodes=tuple(codes))


def _rings(geometry: dict[str, Any]) -> tuple[Ring, ...]:
    kind, coordinates = geometry.get("type"), geometry.get("coordinates", [])
    polygons = [coordinates] if kind == "Polygon" else coordinates if kind == "MultiPolygon" else []
    return tuple(tuple((float(p[1]), float(p[0])) for p in polygon[0]) for polygon in polygons if polygon)
