"""api.weather.gov's alerts: what golden documents do not say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alert_feeds import cap, nws
from broadcaster.domain.feed_entry import FeedEntry, ParsedFeed

GOOD: dict[str, Any] = {
    "id": "urn:oid:1",
    "sender": "w@noaa.example",
    "sent": "2026-11-22T12:00:00Z",
    "status": "Actual",
    "messageType": "Alert",
    "event": "Wind",
    "severity": "Severe",
    "certainty": "Likely",
    "urgency": "Expected",
    "areaDesc": "Judge",
    "expires": "2026-11-22T14:00:00Z",
}


def parse(document: object) -> ParsedFeed:
    return nws.parse(json.dumps(document).encode(), {})


def one(**changes: Any) -> FeedEntry:
    properties = {**GOOD, **changes}
    (entry,) = parse(
        {"type": "Feature", "geometry": properties.pop("geometry", None), "properties": properties}
    ).entries
    return entry


def test_a_feature_whose_type_is_wrong_can_be_read_again_from_its_bytes() -> None:
    (entry,) = parse({"features": [{"type": "Feat", "properties": GOOD}]}).entries
    assert [again.message for again in nws.parse(entry.raw, {}).entries] == [entry.message]
    assert parse({"properties": 7}).problems[0].code == "not_geojson"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty"),
        (b"<alert/>", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"[]", "not_geojson"),
        (b"{}", "not_geojson"),
        (b'{"features": {}}', "not_geojson"),
        (b'{"type": "FeatureCollection", "features"', "not_json"),
    ],
)
def test_what_is_no_alerts_document_is_a_problem_with_its_bytes(body: bytes, code: str) -> None:
    parsed = nws.parse(body, {})
    assert [(problem.code, problem.raw) for problem in parsed.problems] == [(code, body)]


def test_an_error_document_is_quoted() -> None:
    (problem,) = parse({"title": "Unexpected Problem", "status": 500}).problems
    assert "Unexpected Problem" in problem.text


def test_an_empty_collection_is_quiet() -> None:
    assert parse({"type": "FeatureCollection", "features": []}) == ParsedFeed()


def test_a_single_feature_is_read() -> None:
    assert one().message.identifier == "urn:oid:1"


@pytest.mark.parametrize("name", ["id", "sender", "sent", "status", "messageType"])
@pytest.mark.parametrize("value", [None, "", [], {}, True])
def test_a_feature_without_a_required_part_is_a_problem_and_its_neighbour_is_read(name: str, value: object) -> None:
    bad, good = ({"type": "Feature", "properties": p} for p in ({**GOOD, name: value}, GOOD))
    parsed = parse({"features": [bad, good]})
    assert [entry.message.identifier for entry in parsed.entries] == ["urn:oid:1"]
    (problem,) = parsed.problems
    assert (problem.code, problem.text.split()[0]) == ("required", name)
    assert json.loads(problem.raw)["properties"] == {**GOOD, name: value}


@pytest.mark.parametrize(
    "geometry",
    [
        7,
        [],
        {},
        {"type": "Polygon"},
        {"type": "Polygon", "coordinates": None},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[["a", "b"]]]},
        {"type": "Polygon", "coordinates": [[[1, True]]]},
        {"type": "MultiPolygon", "coordinates": {}},
        {"type": "MultiPolygon", "coordinates": [7]},
        {"type": "Point", "coordinates": [1, 2]},
        {"type": "Polygon", "coordinates": [[[1, 1e999], [2, 2], [3, 3]]]},
    ],
)
def test_a_geometry_that_is_none_is_left_out_with_a_finding(geometry: object) -> None:
    entry = one(geometry=geometry)
    assert entry.message.infos[0].areas[0].polygons == ()
    assert {finding.code for finding in entry.findings} == {"polygon"}


def test_polygons_in_a_collection_of_geometries_are_read() -> None:
    square = {"type": "Polygon", "coordinates": [[[1, 2], [3, 2], [3, 4], [1, 2]]]}
    entry = one(geometry={"type": "GeometryCollection", "geometries": [square, {"type": "Point"}, 7]})
    assert entry.message.infos[0].areas[0].polygons == (((2, 1), (2, 3), (4, 3), (2, 1)),)


@pytest.mark.parametrize("parameters", [7, [], {"VTEC": None}, {"VTEC": {"a": 1}}, {"x": [None, {}]}])
def test_odd_parameters_do_no_harm(parameters: object) -> None:
    assert one(parameters=parameters).message.infos[0].parameters == ()


def test_the_events_end_comes_from_ends_before_the_parameter() -> None:
    both = one(ends="2026-11-22T15:00:00Z", parameters={"eventEndingTime": ["2026-11-22T16:00:00Z"]})
    assert both.message.infos[0].ends is not None
    assert both.message.infos[0].ends.hour == 15


def test_characters_that_databases_refuse_are_left_out() -> None:
    text = json.dumps({"features": [{"properties": {**GOOD, "event": "a\x00b\x1fc"}}]})
    (entry,) = nws.parse(text.replace("Judge", "J\\ud800udge").encode(), {}).entries
    assert entry.message.infos[0].event == "abc"
    assert entry.message.infos[0].areas[0].description == "Judge"
    entry.raw.decode()


def test_one_message_as_json_and_as_cap_says_the_same_references() -> None:
    """The identifier is the same in both forms, so an Update in one finds an original in the other."""
    xml = b"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>urn:oid:1</identifier>
    <sender>w@noaa.example</sender><sent>2026-11-22T12:00:00-00:00</sent><status>Actual</status><msgType>Alert</msgType>
    <scope>Public</scope></alert>"""
    assert cap.parse(xml, {}).entries[0].message.reference == one().message.reference


def test_more_features_than_anybody_sends_are_cut_with_a_problem() -> None:
    parsed = parse({"features": [{"properties": GOOD}] * (nws.MAX_FEATURES + 1)})
    assert len(parsed.entries) == nws.MAX_FEATURES
    assert [problem.code for problem in parsed.problems] == ["too_many"]
