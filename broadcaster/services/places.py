"""Which of our zones an area touches: by shape, else by codes (``domain.geometry``)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Area, CapMessage
from broadcaster.domain.geometry import ZoneShape, touched
from broadcaster.store import zones as store


def zones_for(connection: Connection, areas: Iterable[Area]) -> tuple[str, ...]:
    """Ids of the zones that overlap the areas by more than nothing, or share a code where an area has no shape."""
    wanted = tuple(dict.fromkeys(areas))
    return touched(wanted, shapes(connection)) if wanted else ()


def shapes(connection: Connection) -> list[ZoneShape]:
    """All zones, ready to be compared with many areas."""
    return [ZoneShape(zone.id, zone.geometry, zone.ugc, zone.same) for zone in store.every(connection)]


def areas_of(message: CapMessage) -> tuple[Area, ...]:
    """The areas of all infos, each once."""
    return tuple(dict.fromkeys(area for info in message.infos for area in info.areas))
