"""JSON of unknown honesty: the document, and texts, times and positions out of it. Raises only ``Unreadable``.

Values of the wrong type are read as absent, so that one bad field costs itself and not its neighbours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from alert_feeds.document import Unreadable, decode
from alert_feeds.values import Notes, closed, moment
from broadcaster.domain.alert import Pair, Point, Ring

Json = Mapping[str, Any]
_UNCLEAN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def document(body: bytes, headers: Mapping[str, str]) -> Any:
    """The JSON value. Raises Unreadable."""
    text, _ = decode(body, headers)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable("not_json", f"Not JSON: {error}"[:300]) from error


def looks_like_json(body: bytes) -> bool:
    """Does the document begin as an object or a list, whatever its encoding?"""
    return body[:100].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")[:1] in (b"{", b"[")


def written(value: Any) -> bytes:
    """A part of a document as bytes that the same parser reads again."""
    return json.dumps(value, ensure_ascii=True).encode()


def clean(value: Any) -> str:
    """A string without what XML and databases refuse; numbers as text; "" for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return _UNCLEAN.sub("", value if isinstance(value, str) else repr(value)).strip()


def text(of: Json, name: str) -> str:
    """The text of that name, "" for none."""
    return clean(of.get(name))


def texts(value: Any) -> list[str]:
    """One text or a list of them; what is no text is left out."""
    items = value if isinstance(value, list) else [value]
    return [found for found in (clean(item) for item in items) if found]


def part(of: Json, name: str) -> Json:
    """The object of that name, an empty one for anything else."""
    found = of.get(name)
    return found if isinstance(found, dict) else {}


def pairs(value: Any) -> Iterator[Pair]:
    """{"UGC": ["ORZ001", ...], ...} as pairs in the document's order."""
    for name, items in value.items() if isinstance(value, dict) else ():
        for found in texts(items):
            yield clean(name), found


def named(of: Json, names: Sequence[str]) -> tuple[Pair, ...]:
    """The named texts that are there, as parameters of an entry."""
    return tuple((name, found) for name in names if (found := text(of, name)))


def time(of: Json, name: str, notes: Notes) -> datetime | None:
    """CAP's dateTime of that name; None with a note where it is none."""
    found = text(of, name)
    return moment(found, name, notes) if found else None


def since_1970(value: Any, name: str, notes: Notes) -> datetime | None:
    """Milliseconds since 1970, as USGS counts."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**13 * 4:
        return _EPOCH + timedelta(milliseconds=value)
    if value is not None:
        notes.add("time", f"{name} {clean(value)[:40]!r} is no number of milliseconds since 1970 and was left out.")
    return None


def coordinate(value: Any) -> float:
    """A finite number. Raises TypeError or OverflowError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise TypeError(value)
    return float(value)


def point(latitude: Any, longitude: Any) -> Point | None:
    """A place on earth from two numbers or their texts; None where it is none."""
    try:
        found = float(clean(latitude)[:40]), float(clean(longitude)[:40])
    except ValueError:
        return None
    return found if abs(found[0]) <= 90 and abs(found[1]) <= 360 else None


def polygons(geometry: Any, notes: Notes) -> Iterator[Ring]:
    """Outer rings, latitude first. Holes are left out: a warning is better too wide than too narrow."""
    if geometry is None:
        return
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    coordinates = geometry.get("coordinates") if isinstance(geometry, dict) else None
    if isinstance(geometry, dict) and kind == "GeometryCollection" and isinstance(geometry.get("geometries"), list):
        for inner in geometry["geometries"][:100]:
            if isinstance(inner, dict) and inner.get("type") in ("Polygon", "MultiPolygon"):
                yield from polygons(inner, notes)
        return
    found = [coordinates] if kind == "Polygon" else coordinates if kind == "MultiPolygon" else None
    if not isinstance(found, list):
        notes.add("polygon", f"The geometry {clean(kind)!r} is no polygon and was left out.")
        return
    for polygon in found:
        points = _points(polygon)
        ring = closed(points, notes) if points is not None else None
        if points is None:
            notes.add("polygon", "A polygon cannot be read and was left out.")
        if ring:
            yield ring


def _points(polygon: Any) -> list[Point] | None:
    """The outer ring as (latitude, longitude); None where it is not made of numbers."""
    try:
        return [(coordinate(position[1]), coordinate(position[0])) for position in polygon[0]]
    except (TypeError, IndexError, KeyError, ValueError, OverflowError):
        return None
