"""Zones come in as GeoJSON: all of a file, or nothing of it with every wrong feature named."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcaster.domain.alert import Area
from broadcaster.domain.errors import Invalid
from broadcaster.services import audit, publish, zones
from broadcaster.services.places import zones_for
from broadcaster.services.system import Actor, System
from broadcaster.store import zones as store
from broadcaster.transport.announce import STREAM

SHELL = Actor("system", "cli:root@test")
SQUARE = [[[-105.0, 40.0], [-104.0, 40.0], [-104.0, 41.0], [-105.0, 41.0], [-105.0, 40.0]]]


def feature(id_: Any = "north", name: Any = "North Valley", coordinates: Any = SQUARE, **more: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"id": id_, "name": name, **more},
        "geometry": {"type": "Polygon", "coordinates": coordinates},
    }


def write(folder: Path, *features: Any) -> Path:
    path = folder / "zones.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features)}))
    return path


def standing(system: System) -> list[store.Zone]:
    with system.database.read() as connection:
        return store.every(connection)


def test_zones_are_added_then_updated_then_left_alone(system: System, tmp_path: Path) -> None:
    path = write(tmp_path, feature(ugc=["COZ039"], same="008069"), feature("south", "South Valley"))
    assert zones.import_geojson(system, SHELL, path) == zones.Imported(2, 0, 0)
    assert zones.import_geojson(system, SHELL, path) == zones.Imported(0, 0, 2)
    path = write(tmp_path, feature(name="North Valley and Hills"))
    assert zones.import_geojson(system, SHELL, path) == zones.Imported(0, 1, 0)
    north, south = standing(system)
    assert (north.id, north.slug, north.name) == ("north", "north-valley", "North Valley and Hills")
    assert south.id == "south"


def test_the_page_shows_zones_at_once_and_only_what_changed_makes_a_version(system: System, tmp_path: Path) -> None:
    def shown() -> tuple[int, list[str]]:
        newest = publish.newest(system)
        assert newest is not None
        return newest["number"], [place["name"] for place in newest["bundle"]["places"]]

    zones.import_geojson(system, SHELL, write(tmp_path, feature()))
    assert shown() == (1, ["North Valley"])
    zones.import_geojson(system, SHELL, write(tmp_path, feature()))
    assert shown() == (1, ["North Valley"])
    zones.import_geojson(system, SHELL, write(tmp_path, feature(name="North Hills")))
    assert shown() == (2, ["North Hills"])
    assert system.redis.xlen(STREAM) == 2
    assert audit.verify(system) == []


def test_codes_and_outline_are_kept_and_a_third_coordinate_is_dropped(system: System, tmp_path: Path) -> None:
    high = [[[x, y, 1600.0] for x, y in SQUARE[0]]]
    zones.import_geojson(system, SHELL, write(tmp_path, feature(coordinates=high, ugc=["COZ039"], same="008069")))
    (zone,) = standing(system)
    assert (zone.ugc, zone.same) == (("COZ039",), ("008069",))
    assert zone.geometry == {"type": "Polygon", "coordinates": SQUARE}


def test_two_zones_of_one_name_have_two_addresses_and_numbers_serve_as_ids(system: System, tmp_path: Path) -> None:
    zones.import_geojson(system, SHELL, write(tmp_path, feature(1, "Área Uno"), feature(2, "Area Uno")))
    assert [zone.slug for zone in standing(system)] == ["area-uno-2", "area-uno"]


BOWTIE = [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("text", "no GeoJSON Feature"),
        ({"type": "Feature"}, "no properties"),
        (feature(id_=None), "properties.id"),
        (feature(id_="a;b"), "comma or semicolon"),
        (feature(name=" "), "properties.name"),
        (feature(name="北", id_="北"), "letters or digits"),
        (feature(id_="first"), "stands twice"),
        (feature(ugc=[1]), "properties.ugc"),
        (feature(coordinates=BOWTIE), "outline is wrong"),
        (feature(coordinates=[[[0, 0], [1, 1], [0, 0], [0, 0]]]), "outline"),
        (feature(coordinates=[[[0, 0]]]), "coordinates"),
        (feature(coordinates="x"), "coordinates"),
        (feature(coordinates=[[[5e5, 4e6], [6e5, 4e6], [6e5, 5e6], [5e5, 4e6]]]), "longitude"),
        ({**feature(), "geometry": {"type": "Point", "coordinates": [0, 0]}}, "no Polygon"),
        ({**feature(), "geometry": None}, "no Polygon"),
    ],
)
def test_one_bad_feature_is_named_by_its_index_and_nothing_is_changed(
    system: System, tmp_path: Path, bad: Any, reason: str
) -> None:
    with pytest.raises(Invalid, match="feature 1") as refused:
        zones.import_geojson(system, SHELL, write(tmp_path, feature("first", "First"), bad))
    assert reason in refused.value.text
    assert standing(system) == []


@pytest.mark.parametrize("text", ["", "[]", "{", '{"type": "FeatureCollection"}', '{"type": "Feature"}', "[" * 100000])
def test_a_file_that_is_no_feature_collection_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "zones.geojson"
    path.write_text(text)
    with pytest.raises(Invalid):
        zones.read(path)
    with pytest.raises(Invalid, match="cannot be read"):
        zones.read(tmp_path / "none.geojson")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_codes_of_any_kind_are_kept_and_places_are_found_by_what_stands_now(system: System, tmp_path: Path) -> None:
    def found() -> tuple[str, ...]:
        with system.database.read() as connection:
            return zones_for(connection, [Area("", geocodes=(("NUTS3", "DE212"),))])

    zones.import_geojson(system, SHELL, write(tmp_path, feature(emma_id="DE001", codes={"WARNCELLID": "109180000"})))
    assert standing(system)[0].codes == (("EMMA_ID", "DE001"), ("WARNCELLID", "109180000"))
    assert found() == ()
    zones.import_geojson(system, SHELL, write(tmp_path, feature(nuts=["DE21"])))
    assert found() == ("north",)
    with pytest.raises(Invalid, match="codes"):
        zones.read(write(tmp_path, feature(codes=["DE21"])))


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(json_values, json_values)
@settings(max_examples=150, deadline=None)
def test_any_geometry_and_properties_are_read_or_refused(tmp_path_factory: Any, geometry: Any, ugc: Any) -> None:
    folder = tmp_path_factory.mktemp("zones")
    for made in (
        geometry,
        {"type": "Polygon", "coordinates": geometry},
        {"type": "MultiPolygon", "coordinates": geometry},
    ):
        with contextlib.suppress(Invalid):
            (zone,) = zones.read(write(folder, {**feature(ugc=ugc), "geometry": made}))
            assert zone.geometry["type"] in ("Polygon", "MultiPolygon")
