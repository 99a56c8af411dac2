"""What pages say and hold, from the record to the bytes that the front reads."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from broadcaster.domain.alert import Mode, State
from broadcaster.public.pages import ROWS
from broadcaster.public.reading import Shelf
from broadcaster.public.site import Writer
from broadcaster.services import publish
from broadcaster.services.system import System
from broadcaster.store.schema import versions
from tests.public import scenes
from tests.public.made import alert, info
from tests.public.test_site import ONCE, county, folder, go, manifest, shelf, text

__all__ = ["county", "folder"]
pytestmark = ONCE


def test_what_changed_is_told_along_the_chain(county: System, folder: Path) -> None:
    at = county.now()
    with county.database.write() as connection:
        scenes.put_county(connection)
        scenes.evacuations(connection, at)
        publish.publish(county, connection, at)
    Writer(folder).write(county)
    page = text(folder, "/alerts/evacuation-order-order")
    assert '<h2 id="changed">What changed (2)</h2>' in page
    assert "<li>Now also: Judge Hills</li>" in page
    assert "<li>Evacuation warning became Evacuation order</li>" in page
    assert "<li>Level: Act soon became Act now</li>" in page
    assert 'href="/alerts/evacuation-order-o1"' in page
    assert "De Advertencia de evacuación a Orden de evacuación" in text(folder, "/es/alerts/evacuation-order-order")
    assert "#changed" in text(folder, "/")
    assert "What changed" not in text(folder, "/alerts/evacuation-order-shelter")


def test_a_language_without_a_text_gets_the_typed_facts_and_a_word_about_the_rest(county: System, folder: Path) -> None:
    go(county, alert("a1", county.now()))
    Writer(folder).write(county)
    page = text(folder, "/ar/alerts/evacuation-order-a1")
    assert '<html lang="ar" dir="rtl">' in page
    assert "<h1>أمر إخلاء: Judge Valley</h1>" in page
    assert '<p class="original" lang="en" dir="ltr">Leave Judge Valley now</p>' in page
    note, action = "هذا الجزء متاح باللغة الإنجليزية فقط.", '<div class="action"><p>غادر الآن.</p></div>'
    english = '<div class="action" lang="en" dir="ltr"><p>Go south on Highway 9.</p></div>'
    assert page.count(f'<p class="foreign">{note}</p>') == 3  # the headline, what to do, the details
    assert page.index(action) < page.index(english)
    assert page[page.index(action) : page.index(english)].count(note) == 1
    home = text(folder, "/ar")
    assert home.index('<p class="action">غادر الآن.</p>') < home.index(note) < home.index("Go south on Highway 9.")
    assert "خطر فوري على الحياة" in page
    assert not [word for word in ("original", "foreign") if word in text(folder, "/es/alerts/evacuation-order-a1")]
    assert "<p>请立即撤离。</p>" in text(folder, "/zh/alerts/evacuation-order-a1")


@pytest.mark.parametrize("template", ["cap", "gone", "severe_weather"])
def test_what_a_template_cannot_say_is_marked_as_anothers_language(county: System, folder: Path, template: str) -> None:
    go(county, alert("a1", county.now(), template=template, infos=(info("act_now", event="Wind"),)))
    Writer(folder).write(county)
    page = text(folder, "/fr/alerts/evacuation-order-a1")
    assert '<h1 lang="en" dir="ltr">Leave Judge Valley now</h1>' in page
    assert page.count("n’est disponible qu’en anglais.") == 3
    assert "<h2>Que faire</h2>" in page


def cards(folder: Path) -> list[str]:
    return re.findall(r'<article class="card[^"]*" id="evacuation-order-([^"]+)"', text(folder, "/"))


def test_what_stands_in_a_card_has_no_second_card_among_what_ended(county: System, folder: Path) -> None:
    at = county.now()
    over = {"state": State.SUPERSEDED, "ended_at": at}
    both = ("judge-valley", "judge-hills")
    then = [at - timedelta(hours=n) for n in range(5)]
    go(
        county,
        alert("first", then[4], **over),
        alert("second", then[3], replaces=("first",), **over),
        alert("now", then[2], replaces=("second",), ending="superseded"),
        alert("wide", then[4], zones=both, **over),
        alert("part", then[1], replaces=("wide",), ending="superseded"),  # in the hills nothing came of it
        alert("alone", then[4], **over),
        alert("drawn", then[4], zones=(), **over),
        alert("gone", then[4], zones=(), state=State.LIFTED, ended_at=at),
        alert("clear", then[0], zones=(), template="lifted", ending="lifted", replaces=("gone",)),
    )
    Writer(folder).write(county)
    assert sorted(cards(folder)) == ["alone", "clear", "drawn", "now", "part", "wide"]


LIFTED = {  # what somebody chose -> what the page calls it, in English and in Arabic
    "": ("Lifted", "رُفع"),
    "water_safe": ("Lifted: the water is safe to drink", "رُفع: الماء صالح للشرب"),
    "The road is open again": ("Lifted: the road is open again", "رُفع: أُعيد فتح الطريق"),
    "The bridge holds": ("Lifted", "رُفع"),
}


@pytest.mark.parametrize("days", [0, 9])
@pytest.mark.parametrize("guidance", LIFTED)
def test_a_lifted_alert_says_what_was_declared_and_no_more(
    county: System, folder: Path, guidance: str, days: int
) -> None:
    at = county.now() - timedelta(days=days)
    old = alert("old", at, template="boil_water", state=State.LIFTED, ended_at=at)
    clear = {"template": "lifted", "ending": "lifted", "replaces": ("old",), "fields": {"guidance": guidance}}
    over = {"state": State.EXPIRED, "ended_at": at} if days else {}
    go(county, old, alert("clear", at, infos=(info("be_aware", headline="It is over"),), **clear, **over))
    Writer(folder).write(county)
    english, arabic = LIFTED[guidance]
    assert f"<span>{english}</span>" in text(folder, "/alerts/evacuation-order-old")
    assert f"<span>{english}</span>" in text(folder, "/alerts/evacuation-order-clear")
    assert f"<span>{arabic}</span>" in text(folder, "/ar/alerts/evacuation-order-old")
    assert text(folder, "/archive").count(f"<span>{english}</span>") == 2
    assert ("safe" in text(folder, "/archive").split("<main")[1]) == (guidance == "water_safe")
    if not days:
        assert f"<span>{english}</span>" in text(folder, "/zones/judge-valley")
        assert f"<title>{english}: It is over</title>" in text(folder, "/feed.atom")
        assert {a["label"] for a in shelf(folder).version["alerts"]} == {english}


def test_words_of_ones_own_in_one_language_are_no_declared_choice(county: System, folder: Path) -> None:
    said = {"guidance": "road_open", "guidance.es": "El puente aguanta"}
    go(county, alert("clear", county.now(), template="lifted", ending="lifted", fields=said))
    Writer(folder).write(county)
    assert "<span>Lifted</span>" in text(folder, "/alerts/evacuation-order-clear")


@pytest.mark.parametrize("mode", [Mode.EXERCISE, Mode.TEST])
def test_a_drill_is_on_no_page_and_in_no_file(county: System, folder: Path, mode: Mode) -> None:
    go(county, replace(alert("drill", county.now()), mode=mode), alert("real", county.now()))
    Writer(folder).write(county)
    found = shelf(folder)
    for path in manifest(folder)["states"][0]["files"]:
        body = found.get(path)
        assert body is not None
        assert b"drill" not in body[0].raw, path
    assert text(folder, "/alerts/evacuation-order-real")


def test_a_preview_tells_level_action_time_and_source(county: System, folder: Path) -> None:
    go(county, alert("a1", county.now(), until_lifted=True, expires=None))
    Writer(folder).write(county)
    page = text(folder, "/alerts/evacuation-order-a1")
    url = county.settings.public_url
    meta = dict(re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)"', page))
    assert meta["og:title"] == "Act now: Leave Judge Valley now"
    assert meta["og:url"] == f"{url}/alerts/evacuation-order-a1"
    assert meta["og:image"] == f"{url}/alerts/evacuation-order-a1.png"
    assert meta["twitter:card"] == "summary_large_image"
    assert meta["og:description"] == meta["og:image:alt"] == meta["description"]
    assert meta["og:description"].startswith("Act now. Leave Judge Valley now. In force until lifted · last confirmed ")
    assert meta["og:description"].endswith("· Judge County")
    chinese = text(folder, "/zh/alerts/evacuation-order-a1")
    assert f'content="{url}/zh/alerts/evacuation-order-a1.png"' in chinese


def test_pictures_follow_for_every_alert_and_language_that_can_have_one(county: System, folder: Path) -> None:
    go(county, alert("a1", county.now()))
    Writer(folder).write(county)
    files = manifest(folder)["states"][0]["files"]
    assert files["/alerts/evacuation-order-a1.png"][1] == "image/png"
    assert {path for path in files if path.endswith(".png")} == {
        f"{prefix}/alerts/evacuation-order-a1.png" for prefix in ("", "/es", "/fr", "/vi", "/zh", "/ar")
    }
    body = shelf(folder).get("/alerts/evacuation-order-a1.png")
    assert body is not None
    assert body[0].raw.startswith(b"\x89PNG")
    first = json.loads((folder / "versions" / "1-now.json").read_bytes())["states"][0]["files"]
    assert not [path for path in first if path.endswith(".png")]


def test_the_printed_code_leads_to_the_permanent_page(county: System, folder: Path) -> None:
    go(county, alert("a1", county.now()))
    Writer(folder).write(county)
    page = text(folder, "/es/alerts/evacuation-order-a1")
    address = f"{county.settings.public_url}/alerts/evacuation-order-a1"
    assert f'role="img" aria-label="{address}"' in page
    assert f'<link rel="canonical" href="{address}">' in page


def test_the_archive_is_paged_from_its_oldest_end(county: System, folder: Path) -> None:
    at = county.now() - timedelta(days=30)
    ended = {"state": State.LIFTED, "ended_at": at + timedelta(hours=1)}
    many = [alert(f"n{n:03}", at + timedelta(minutes=n), **ended) for n in range(2 * ROWS + 7)]
    go(county, *many)
    Writer(folder).write(county)
    pages = [text(folder, path) for path in ("/archive", "/archive/1")]
    rows = [re.findall(r"/alerts/evacuation-order-(n\d+)", page) for page in pages]
    assert [len(found) for found in rows] == [ROWS + 7, ROWS]
    assert rows[0] + rows[1] == [f"n{n:03}" for n in reversed(range(2 * ROWS + 7))]
    assert 'rel="next" href="/archive/1"' in pages[0]
    assert 'rel="prev" href="/archive"' in pages[1]
    assert shelf(folder).get("/archive/2") is None


def test_an_archive_of_one_page_has_no_way_to_another(county: System, folder: Path) -> None:
    go(county, alert("a1", county.now()))
    Writer(folder).write(county)
    assert "In force" in text(folder, "/archive")
    assert "rel=" not in text(folder, "/archive").split("<main")[1]


def test_pages_of_long_ago_are_read_only_when_asked_for_and_proven(county: System, folder: Path) -> None:
    at = county.now() - timedelta(days=9)
    go(county, alert("old", at, state=State.LIFTED, ended_at=at + timedelta(hours=1)))
    Writer(folder).write(county)
    path = "/alerts/evacuation-order-old"
    [kept] = manifest(folder)["kept"].values()
    object_of = folder / "objects" / kept[path][0]
    found = shelf(folder)
    object_of.write_bytes(b"changed")
    assert found.get(path) is None
    object_of.unlink()
    assert found.get(path) is None
    assert Shelf(folder, manifest(folder), manifest(folder)["states"][0]).get("/") is not None


def test_the_zones_file_has_outlines_and_codes(county: System, folder: Path) -> None:
    with county.database.write() as connection:
        scenes.put_county(connection)
    go(county)
    Writer(folder).write(county)
    found = {f["id"]: f for f in json.loads(text(folder, "/zones.geojson"))["features"]}
    assert len(found) == 12
    assert found["judge-valley"]["properties"]["codes"] == ["CAZ001", "0060001"]
    assert found["judge-valley"]["geometry"]["type"] == "Polygon"
    assert "shape" not in json.dumps(shelf(folder).version)


def test_a_cap_file_names_its_stylesheet_and_is_the_same_message(county: System, folder: Path) -> None:
    go(county, alert("a1", county.now()))
    Writer(folder).write(county)
    document = etree.fromstring(text(folder, "/cap/judge-a1.xml").encode())
    first = document.getprevious()
    assert first is not None
    assert (first.target, first.text) == ("xml-stylesheet", 'type="text/xsl" href="/cap.xsl"')
    assert document.find("{*}identifier").text == "judge-a1"
    etree.XSLT(etree.fromstring(text(folder, "/cap.xsl").encode()))
    feed = etree.fromstring(text(folder, "/feed.atom").encode())
    assert feed.getprevious().text == 'type="text/css" href="/feed.css"'
    assert feed.findtext("{*}entry/{*}title") == "Act now: Leave Judge Valley now"
    assert "Go south on Highway 9." in feed.findtext("{*}entry/{*}content/{*}div/{*}p")


def test_what_older_code_published_is_published_again(county: System, folder: Path) -> None:
    number = go(county, alert("a1", county.now()))
    with county.database.write() as connection:
        row = publish.newest(county)
        assert row is not None
        connection.execute(versions.update().values(bundle={**row["bundle"], "format": 2}))
    assert Writer(folder).write(county) is True
    assert manifest(folder)["number"] > number
    assert "Act now" in text(folder, "/")


def test_the_agencys_first_language_stands_at_the_root(county: System, folder: Path) -> None:
    vietnamese = replace(county, config=replace(county.config, agency=replace(county.config.agency, languages=("vi",))))
    go(vietnamese, alert("a1", county.now(), infos=(info("act_now", "vi", "Rời Judge Valley ngay"),)))
    Writer(folder).write(vietnamese)
    assert "Hành động ngay" in text(folder, "/")
    assert "Act now" in text(folder, "/en")
    assert manifest(folder)["languages"][0] == "vi"


def test_less_pressing_alerts_are_shorter_on_the_first_page(county: System, folder: Path) -> None:
    long = "Stay off the water.\n\nSecure what the wind can carry."
    wind = (info("be_ready", headline="Wind", event="Wind", instruction=long),)
    go(county, alert("a1", county.now(), infos=wind, template="severe_weather"))
    Writer(folder).write(county)
    assert "Stay off the water." in text(folder, "/")
    assert "Secure what the wind" not in text(folder, "/")
    assert "Secure what the wind" in text(folder, "/alerts/evacuation-order-a1")


def test_a_page_read_as_plain_text_has_its_words_apart_and_nothing_dead(county: System, folder: Path) -> None:
    go(county, alert("a1", county.now()))
    Writer(folder).write(county)

    def plain(path: str) -> str:
        return " ".join(re.sub(r"<[^>]+>", "", text(folder, path).split("<main")[1]).split())

    assert "Act now, Evacuation order" in plain("/")
    assert "立即行动， 疏散命令" in plain("/zh")
    assert "Judge Valley, Evacuation order, Act now, Leave Judge Valley now" in plain("/zones")
    assert "Leave Judge Valley now, In force, Issued" in plain("/archive")
    assert plain("/alerts/evacuation-order-a1").count("Judge Valley") == 5  # headline, where, and thrice in the map
    assert [path for path in ("/", "/alerts/evacuation-order-a1", "/archive") if "<button" in text(folder, path)] == []
