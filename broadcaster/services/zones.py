"""Zones in from GeoJSON: all of a file or nothing of it. SQL is the record; config/zones only seeds it."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import mapping, shape

from broadcaster.domain.errors import Invalid
from broadcaster.services import audit, publish
from broadcaster.services.system import Actor, System
from broadcaster.store import zones as store
from broadcaster.store.zones import Zone

OTHER_CODES = ("EMMA_ID", "NUTS", "CLC")
LARGEST = 64 * 1024 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Imported:
    """How many zones a file added, changed and left as they were."""

    added: int
    updated: int
    unchanged: int


def import_geojson(system: System, actor: Actor, path: Path) -> Imported:
    """Take a FeatureCollection of zones (``properties.id``, ``name``, optional ``slug``, the codes it goes by:
    ``ugc``, ``same``, ``emma_id``, ``nuts``, ``clc``, or any as ``codes: {"WARNCELLID": ["..."]}``).

    Raises Invalid naming every bad feature by its index; nothing is changed then. Zones that the file does not
    name stay: absence is never a deletion. The page shows what changed from this transaction on.
    """
    wanted = read(path)
    with system.database.write() as connection:
        added, updated = store.merge(connection, wanted)
        at, detail = system.now(), {"added": added, "updated": updated}
        version = publish.publish(system, connection, at) if added or updated else None
        audit.record(system, connection, actor, "zones.import", path.name, at, **detail, version=version)
    if version is not None:
        publish.tell(system, version)
    return Imported(added, updated, len(wanted) - added - updated)


@dataclass(frozen=True, slots=True)
class Change:
    """What a file would do to one zone: new, changed (``parts``: name, outline, codes) or the same."""

    id: str
    name: str
    kind: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """A file beside what stands. ``kept`` are zones that the file does not name: they stay as they are."""

    changes: tuple[Change, ...]
    kept: tuple[str, ...]


def compare(system: System, path: Path) -> Comparison:
    """What ``import_geojson`` of this file would change, without changing it. Raises Invalid."""
    wanted = read(path)
    with system.database.read() as connection:
        known = {zone.id: zone for zone in store.every(connection)}
    named = {zone.id for zone in wanted}
    changes = tuple(_change(zone, known.get(zone.id)) for zone in wanted)
    return Comparison(changes, tuple(zone.name for zone in known.values() if zone.id not in named))


def _change(new: Zone, old: Zone | None) -> Change:
    if old is None:
        return Change(new.id, new.name, "new")
    differs = {
        "name": new.name != old.name,
        "outline": new.geometry != old.geometry,
        "codes": (new.ugc, new.same, new.codes) != (old.ugc, old.same, old.codes),
    }
    parts = tuple(part for part, yes in differs.items() if yes)
    return Change(new.id, new.name, "changed" if parts else "same", parts)


def read(path: Path) -> list[Zone]:
    """The zones of a file. Raises Invalid."""
    features = _features(path)
    made: list[Zone] = []
    wrong: list[str] = []
    for index, feature in enumerate(features):
        try:
            made.append(_zone(feature, made))
        except ValueError as error:
            wrong.append(f"feature {index}: {error}")
    if wrong:
        more = f" and {len(wrong) - 20} more" if len(wrong) > 20 else ""
        raise Invalid("zones", f"{path}: {'; '.join(wrong[:20])}{more}. Nothing was changed")
    return made


def slug_of(name: str) -> str:
    """A name as a piece of an address: ASCII letters and digits, dashes between."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def _features(path: Path) -> list[Any]:
    try:
        if path.stat().st_size > LARGEST:
            raise Invalid("zones_large", f"{path} is larger than {LARGEST // 1024 // 1024} MB; simplify its outlines")
        tree = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise Invalid("zones_unreadable", f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise Invalid("zones_json", f"{path} is not JSON: {error}") from error
    if not isinstance(tree, dict) or tree.get("type") != "FeatureCollection":
        raise Invalid("zones_geojson", f"{path} is no GeoJSON FeatureCollection")
    features = tree.get("features")
    if not isinstance(features, list) or not features:
        raise Invalid("zones_geojson", f"{path} holds no features")
    return features


def _zone(feature: Any, earlier: list[Zone]) -> Zone:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise ValueError("is no GeoJSON Feature")
    properties = feature.get("properties")
    if not isinstance(properties, dict):
        raise ValueError("has no properties")
    id_, name = _text(properties, "id"), _text(properties, "name")
    slug = slug_of(_text(properties, "slug", default=name)) or slug_of(id_)
    if any(zone.id == id_ for zone in earlier):
        raise ValueError(f"the id {id_} stands twice")
    if not slug:
        raise ValueError(f"neither name nor id of {id_} holds letters or digits for an address")
    if any(zone.slug == slug for zone in earlier):
        slug = f"{slug}-{slug_of(id_)}"
    if any(zone.slug == slug for zone in earlier):
        raise ValueError(f"the address {slug} stands twice; give the feature a slug")
    codes = _other_codes(properties)
    return Zone(id_, slug, name, _codes(properties, "ugc"), _codes(properties, "same"), _geometry(feature), codes)


def _text(properties: dict[str, Any], key: str, default: str = "") -> str:
    found = properties.get(key, default)
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)  # numbers as ids are common in exports of GIS programs
    if not isinstance(found, str) or not found.strip():
        raise ValueError(f"properties.{key} is missing or no text")
    if key == "id" and re.search(r"[;,\s]", found.strip()):
        raise ValueError(f"the id {found!r} holds a space, comma or semicolon")
    return found.strip()


def _codes(properties: dict[str, Any], key: str) -> tuple[str, ...]:
    found = properties.get(key)
    codes = [found] if isinstance(found, str) else found if found is not None else []
    if not isinstance(codes, list) or not all(isinstance(code, str) and code.strip() for code in codes):
        raise ValueError(f"properties.{key} is no list of codes")
    return tuple(code.strip() for code in codes)


def _other_codes(properties: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    named = [(kind, code) for kind in OTHER_CODES for code in _codes(properties, kind.lower())]
    more = properties.get("codes", {})
    if not isinstance(more, dict):
        raise ValueError('properties.codes is no object such as {"WARNCELLID": ["109180000"]}')
    return tuple(dict.fromkeys([*named, *((str(kind), code) for kind in more for code in _codes(more, kind))]))


def _geometry(feature: dict[str, Any]) -> dict[str, Any]:
    raw = feature.get("geometry")
    if not isinstance(raw, dict) or raw.get("type") not in ("Polygon", "MultiPolygon"):
        raise ValueError("its geometry is no Polygon or MultiPolygon")
    try:
        made = shapely.force_2d(shape(raw))
    except (ValueError, TypeError, IndexError, KeyError, AttributeError, shapely.errors.ShapelyError) as error:
        raise ValueError(f"its coordinates cannot be read ({error})") from error
    if made.is_empty:
        raise ValueError("its outline is empty")
    if not made.is_valid:
        raise ValueError(f"its outline is wrong: {shapely.is_valid_reason(made)}")
    west, south, east, north = made.bounds
    if west < -180 or east > 180 or south < -90 or north > 90:
        raise ValueError("its coordinates are no longitude and latitude in degrees (WGS 84)")
    return json.loads(json.dumps(mapping(made)))  # type: ignore[no-any-return]


def seed(system: System) -> int:
    """Fill an empty table of zones from config/zones/*.geojson; returns how many. SQL is the record ever after."""
    files = sorted((Path(system.settings.config) / "zones").glob("*.geojson"))
    with system.database.read() as connection:
        if not files or store.count(connection):
            return 0
    return sum(import_geojson(system, Actor("system", "seed"), path).added for path in files)
