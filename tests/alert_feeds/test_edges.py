"""What no small document of a format shows: mixed feeds, links, old GML, lines that cross themselves."""

from __future__ import annotations

import pytest
import shapely
from lxml import etree

from alert_feeds import airnow, georss, jma, meteoalarm, open311, uk_flood, usgs
from alert_feeds.georss_shapes import areas
from alert_feeds.items import is_web
from alert_feeds.values import Notes
from tests.alert_feeds.golden import DATA

ALERT = (
    '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>c</identifier><sender>s</sender>'
    "<sent>2026-11-22T08:00:00-00:00</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope></alert>"
)
SPACES = 'xmlns:georss="http://www.georss.org/georss" xmlns:gml="http://www.opengis.net/gml"'

GEO = 'xmlns:geo="http://www.w3.org/2003/01/geo/wgs84_pos#"'
ROUND = "<gml:CircleByCenterPoint><gml:pos>38.8 -122.7</gml:pos>{}</gml:CircleByCenterPoint>"


def test_items_beside_one_that_holds_cap_are_read_too() -> None:
    item = "<item><guid>1</guid><title>t</title><pubDate>Sun, 22 Nov 2026 07:00:00 GMT</pubDate></item>"
    holds = f"<item><guid>2</guid><description>{ALERT}</description></item>"
    body = f"<rss><channel><title>f</title>{item}{holds}</channel></rss>"
    assert [entry.message.identifier for entry in georss.parse(body.encode(), {}).entries] == ["c", "1"]


def test_an_item_that_holds_broken_cap_is_its_problem_alone_and_its_neighbours_are_read() -> None:
    item = "<item><guid>1</guid><title>t</title><pubDate>Sun, 22 Nov 2026 07:00:00 GMT</pubDate></item>"
    broken = f"<item><guid>2</guid><title>t</title><description>{ALERT.replace('Actual', 'Odd')}</description></item>"
    parsed = georss.parse(f"<rss><channel><title>f</title>{item}{broken}</channel></rss>".encode(), {})
    assert [entry.message.identifier for entry in parsed.entries] == ["1"]
    assert [problem.text[:12] for problem in parsed.problems] == ["status 'Odd'"]


def test_an_address_without_a_host_is_no_link() -> None:
    assert [is_web(text) for text in ("https://a.example/x", "https://", "//a.example", "ftp://a.example")] == [
        *(True, False, False, False)
    ]


def test_an_item_inside_an_item_is_its_part_and_no_item() -> None:
    entry = "<entry><id>{}</id><title>t</title><updated>2026-11-22T07:00:00Z</updated>{}</entry>"
    body = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>f</title>{entry.format(1, entry.format(2, ""))}</feed>'
    (found,) = georss.parse(body.encode(), {}).entries
    assert found.message.identifier == "1"
    assert [again.message for again in georss.parse(found.raw, {}).entries] == [found.message]


def test_an_entry_with_whole_infos_keeps_them_all() -> None:
    infos = "".join(
        f"<c:info><c:event>{n}</c:event><c:area><c:areaDesc>{n}</c:areaDesc></c:area></c:info>" for n in "ab"
    )
    head = "<c:sent>2026-11-22T07:00:00Z</c:sent><c:status>Actual</c:status><c:msgType>Alert</c:msgType>"
    entry = f"<entry><id>e</id><author><name>s</name></author>{head}<c:scope>Public</c:scope>{infos}</entry>"
    space = 'xmlns="http://www.w3.org/2005/Atom" xmlns:c="urn:oasis:names:tc:emergency:cap:1.2"'
    (found,) = meteoalarm.parse(f"<feed {space}>{entry}</feed>".encode(), {}).entries
    assert [(info.event, info.areas[0].description) for info in found.message.infos] == [("a", "a"), ("b", "b")]


def test_a_document_linked_by_many_entries_is_one_link_with_its_newest_time() -> None:
    entry = (
        '<entry><id>{0}</id><updated>{1}</updated><link type="application/cap+xml" href="https://a.example/x"/></entry>'
    )
    times = ["2026-11-22T06:00:00Z", "2026-11-22T07:00:00Z", "2026-11-22T05:00:00Z"]
    entries = "".join(entry.format(number, time) for number, time in enumerate(times))
    parsed = meteoalarm.parse(f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'.encode(), {})
    assert [(link.id, link.updated) for link in parsed.links] == [("1", times[1])]


def test_one_quake_alone_is_read() -> None:
    quake = b'{"type": "Feature", "id": "q", "properties": {"updated": 1795334400000, "mag": 3}}'
    assert [entry.message.identifier for entry in usgs.parse(quake, {}).entries] == ["q"]


@pytest.mark.parametrize(
    ("inside", "rings", "circles", "noted"),
    [
        ("<gml:Point><gml:coordinates>-122.7,38.8</gml:coordinates></gml:Point>", 0, [(38.8, -122.7, 0)], []),
        (ROUND.format('<gml:radius uom="km">3</gml:radius>'), 0, [(38.8, -122.7, 3)], []),
        (ROUND.format("<gml:radius>500</gml:radius>"), 0, [(38.8, -122.7, 0.5)], []),
        ("<georss:circle>38.8 -122.7</georss:circle>", 0, [], ["circle"]),
        ("<georss:circle>38.8 -122.7 -5</georss:circle>", 0, [], ["circle"]),
        ("<georss:box>1 2 3</georss:box>", 0, [], ["shape"]),
        ("<georss:point>91 10</georss:point>", 0, [], ["shape"]),
        ("<georss:point>1e999 10</georss:point>", 0, [], ["shape"]),
        ("<georss:line>38 -122 39 -121 39 -122 38 -121</georss:line>", 1, [], ["line"]),
        ("<georss:line>38 -122 99 -121</georss:line>", 0, [], ["shape"]),
        ("<georss:line>38 -122</georss:line>", 0, [(38, -122, 0)], []),
        (f"<geo:lat {GEO}>38</geo:lat>", 0, [], []),
        (f"<geo:long {GEO}>38</geo:long>", 0, [], []),
        (f"<geo:lat {GEO}>north</geo:lat><geo:long {GEO}>-122</geo:long>", 0, [], ["shape", "shape"]),
        (f"<geo:lat {GEO}>38</geo:lat><geo:lon {GEO}>-122</geo:lon>", 0, [(38, -122, 0)], []),
    ],
)
def test_shapes(inside: str, rings: int, circles: list[tuple[float, float, float]], noted: list[str]) -> None:
    notes = Notes()
    found = areas(etree.fromstring(f"<item {SPACES}>{inside}</item>"), "", notes)
    assert [len(area.polygons) for area in found] == ([rings] if rings or circles else [])
    assert [(*one.centre, one.radius_km) for area in found for one in area.circles] == circles
    assert [note.code for note in notes.found] == noted


REQUEST = '{"service_request_id": "1", "service_name": "Tree", "requested_datetime": "2026-11-22T07:00:00Z", %s}'


@pytest.mark.parametrize(
    ("given", "areas_", "noted"),
    [
        ('"lat": 38.8, "long": -122.7', [("", 1)], []),
        ('"address": "Main St"', [("Main St", 0)], []),
        ('"code": 7', [], []),
        ('"lat": 38.8', [], ["shape"]),
        ('"long": "west"', [], ["shape"]),
        ('"lat": 38.8, "long": -122.7, "address": "Main St"', [("Main St", 1)], []),
    ],
)
def test_places_of_service_requests(given: str, areas_: list[tuple[str, int]], noted: list[str]) -> None:
    (entry,) = open311.parse(f"[{REQUEST % given}]".encode(), {}).entries
    assert [(area.description, len(area.circles)) for area in entry.message.infos[0].areas] == areas_
    assert [finding.code for finding in entry.findings] == noted


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("xml.kishou.go.jp/jmaxml1/", "other.example/", "no_alert"),
        ("Report", "Reports", "no_alert"),
        ("<Title>震源・震度に関する情報</Title>", "", "required"),
        ("訓練", "不明", "required"),
    ],
)
def test_what_is_no_report_of_japan_is_not_read_as_one(old: str, new: str, code: str) -> None:
    text = (DATA / "quake.jma.xml").read_text()
    assert old in text
    parsed = jma.parse(text.replace(old, new).encode(), {})
    assert (parsed.entries, [problem.code for problem in parsed.problems]) == ((), [code])


@pytest.mark.parametrize("flood", ['{"floodAreaID": "a"}', '{"timeRaised": "2026-11-22T07:00:00Z"}', "7"])
def test_a_flood_without_area_or_time_is_a_problem(flood: str) -> None:
    parsed = uk_flood.parse(f'{{"items": [{flood}]}}'.encode(), {})
    assert (parsed.entries, [problem.code for problem in parsed.problems]) == ((), ["required"])


ZIGZAG = " ".join(f"{38 + n % 2} {-122 + n / 20}" for n in range(401))


@pytest.mark.parametrize(
    ("line", "inside"),
    [
        ("38 -122 38 -121 39 -121", False),
        (" ".join(ZIGZAG.split()[:100]), False),
        ("38 -122 39 -121 39 -122 38 -121", True),  # it crosses itself
        (ZIGZAG, True),  # it has too many corners
    ],
)
def test_of_a_tangled_line_all_that_lies_inside_counts(line: str, inside: bool) -> None:
    (area,) = areas(etree.fromstring(f"<item {SPACES}><georss:line>{line}</georss:line></item>"), "", Notes())
    (ring,) = area.polygons
    within = shapely.Polygon(ring).contains(shapely.Point(38.5, -121.02))
    assert within == inside


@pytest.mark.parametrize(
    ("title", "text", "problems", "forecast"),
    [
        ("Napa - Current AQI", "<b>Good</b> 40 AQI", [], False),
        ("Napa - Forecast", "<b>Good</b> 40 AQI", [], True),
        ("", "<b>Location:</b> Napa, CA", ["required"], False),
        ("Napa - Forecast beside it", "11/22/26 7:00 AM PST", [], False),
    ],
)
def test_air_without_area_or_title_is_a_problem_and_a_forecast_says_so(
    title: str, text: str, problems: list[str], forecast: bool
) -> None:
    held = f"<title>{title}</title><description>{text.replace('<', '&lt;')}</description>"
    item = f"<item>{held}<pubDate>Sun, 22 Nov 2026 07:00:00 GMT</pubDate></item>"
    parsed = airnow.parse(f"<rss><channel><title>f</title>{item}</channel></rss>".encode(), {})
    assert [problem.code for problem in parsed.problems] == problems
    said = [("forecast", "yes") in info.parameters for entry in parsed.entries for info in entry.message.infos]
    assert said == [forecast] * (1 - len(problems))


def test_air_is_of_the_place_that_it_names_else_of_its_title_at_its_items_time() -> None:
    row = "<title>Napa - Now</title><description>{}Good - 40 AQI</description>"
    row += "<pubDate>Sun, 22 Nov 2026 07:00:00 GMT</pubDate>"
    items = "".join(f"<item>{row.format(place)}</item>" for place in ("Location: Cobb, CA\n", ""))
    found = airnow.parse(f"<rss><channel><title>f</title>{items}</channel></rss>".encode(), {}).entries
    infos = [entry.message.infos[0] for entry in found]
    assert [info.areas[0].description for info in infos] == ["Cobb, CA", "Napa"]
    assert [dict(info.parameters)["aqi"] for info in infos] == ["40", "40"]
    assert {entry.message.sent.isoformat() for entry in found} == {"2026-11-22T07:00:00+00:00"}
    assert "pollutant" not in dict(infos[0].parameters)
