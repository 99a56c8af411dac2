"""Zones in SQL. Functions take a ``Connection``; callers own the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.errors import Invalid
from broadcaster.store.schema import zones


@dataclass(frozen=True, slots=True)
class Zone:
    """A named area. ``geometry`` is GeoJSON (longitude first), ``ugc`` and ``same`` are codes of feeds, ``codes``
    those of other kinds: (name, value)."""

    id: str
    slug: str
    name: str
    ugc: tuple[str, ...]
    same: tuple[str, ...]
    geometry: dict[str, Any]
    codes: tuple[tuple[str, str], ...] = ()


def every(connection: Connection) -> list[Zone]:
    """All zones, by name."""
    rows = connection.execute(sa.select(zones).order_by(zones.c.name, zones.c.id))
    return [
        Zone(r.id, r.slug, r.name, tuple(r.ugc), tuple(r.same), r.geometry, tuple((a, b) for a, b in r.codes or ()))
        for r in rows
    ]


def state(connection: Connection) -> tuple[tuple[str, datetime | None], ...]:
    """What tells whether any zone came or changed since: cheap, without outlines."""
    found = connection.execute(sa.select(zones.c.id, zones.c.changed).order_by(zones.c.id))
    return tuple((row.id, row.changed) for row in found)


def merge(connection: Connection, wanted: Sequence[Zone]) -> tuple[int, int]:
    """Add and update; returns both counts. Raises Invalid where a slug belongs to another zone already.

    A zone that stands keeps its slug: its address may be printed somewhere.
    """
    known = {zone.id: zone for zone in every(connection)}
    slugs = {zone.slug: zone.id for zone in known.values()}
    added = updated = 0
    for zone in wanted:
        old = known.get(zone.id)
        if old is None:
            if slugs.get(zone.slug, zone.id) != zone.id:
                raise Invalid("zone_slug", f"the address {zone.slug} of {zone.id} belongs to zone {slugs[zone.slug]}")
            connection.execute(zones.insert().values(**_row(zone)))
            added += 1
        elif (row := _row(zone) | {"slug": old.slug}) != _row(old):
            connection.execute(zones.update().where(zones.c.id == zone.id).values(**row))
            updated += 1
    return added, updated


def count(connection: Connection) -> int:
    """How many zones there are."""
    return int(connection.execute(sa.select(sa.func.count()).select_from(zones)).scalar_one())


def _row(zone: Zone) -> dict[str, Any]:
    return {
        "id": zone.id,
        "slug": zone.slug,
        "name": zone.name,
        "ugc": list(zone.ugc),
        "same": list(zone.same),
        "geometry": zone.geometry,
        "codes": [list(pair) for pair in zone.codes],
    }
