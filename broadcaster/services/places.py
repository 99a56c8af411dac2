"""Which of our zones an area touches: by shape, else by codes (``domain.geometry``)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Area, CapMessage
from broadcaster.domain.geometry_zones import Place, ZoneIndex, ZoneShape
from broadcaster.store import zones as store

MOST_DATABASES = 4
_indexes: dict[str, tuple[object, ZoneIndex]] = {}  # by database; one, but for tests


def zones_for(connection: Connection, areas: Iterable[Area]) -> tuple[str, ...]:
    """Ids of the zones that overlap the areas by more than nothing, or share a code where an area has no shape."""
    return place_of(connection, areas).zones


def place_of(connection: Connection, areas: Iterable[Area]) -> Place:
    """Which of our zones the areas touch, and whether it is certain that they touch none."""
    wanted = tuple(dict.fromkeys(areas))
    return index(connection).place(wanted) if wanted else Place()


def index(connection: Connection) -> ZoneIndex:
    """All zones as they stand now; made anew only when one of them was written since."""
    key, state = str(connection.engine.url), store.state(connection)
    known = _indexes.get(key)
    if known is not None and known[0] == state:
        return known[1]
    made = ZoneIndex([ZoneShape(z.id, z.geometry, z.ugc, z.same, z.codes) for z in store.every(connection)])
    if len(_indexes) >= MOST_DATABASES:
        _indexes.clear()
    _indexes[key] = (state, made)
    return made


def areas_of(message: CapMessage) -> tuple[Area, ...]:
    """The areas of all infos, each once."""
    return tuple(dict.fromkeys(area for info in message.infos for area in info.areas))
