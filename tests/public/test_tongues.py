"""The front in the reader's language, a search without script, and how few bytes the first view takes."""

from __future__ import annotations

import re
import socket
from datetime import timedelta

import pytest

from broadcaster.rendering.phrasebook import evacuation_words
from tests.public import scenes
from tests.public.conftest import House
from tests.public.made import alert, info, put
from tests.public.room import Room

MOST = 14 * 1024  # bytes over the wire for the first view with five alerts


def wire(port: int, path: str) -> int:
    """Bytes of an answer as they come over the wire, head included."""
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip, br\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        size = 0
        while part := connection.recv(65536):
            size += len(part)
    return size


def test_the_first_view_with_five_alerts_fits_into_fourteen_kilobytes(house: House) -> None:
    house.start()
    at = house.system.now().replace(microsecond=0) - timedelta(minutes=5)
    house.shows(house.publish(scenes.put_county, lambda connection: scenes.five(connection, at)))
    assert house.get("/").text.count('<article class="card') >= 5
    for language in ("", "/ar", "/vi"):
        sizes = {path: wire(house.port, path) for path in (language or "/", "/site.css", "/site.js")}
        assert sum(sizes.values()) <= MOST, sizes
    assert house.get("/", accept_encoding="gzip").headers["content-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Wildfire, moving from the north. {lawful}\nArea: Judge Valley.\nMore.", "Wildfire, moving from the north."),
        ("It burns in the\nhills today. It may\nspread.", "It burns in the hills today. It may spread."),
        ("Smoke. It hurts.\n\nArea: Judge Valley.", "Smoke. It hurts."),
        ("Fire" * 60 + ".", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_a_card_says_first_what_the_danger_is(room: Room, said: str, shown: str) -> None:
    lawful = evacuation_words("california", "order", "en")[1]
    made = alert("a1", room.system.now(), infos=(info(description=said.format(lawful=lawful)),))
    room.publish(lambda connection: put(connection, made))
    page = room.get("/").text
    assert re.findall(r'<p class="hazard"[^>]*>([^<]*)</p>', page) == [shown] * bool(shown)
    assert page.count(lawful) == 1
    if shown:
        assert page.index(shown) < page.index(lawful)


def test_the_browsers_language_chooses_at_the_root_and_the_address_elsewhere(five: Room) -> None:
    spanish = five.get("/", accept_language="es-MX,en;q=0.5")
    assert '<html lang="es"' in spanish.text
    assert spanish.headers["content-language"] == "es"
    assert "accept-language" in spanish.headers["vary"]
    assert 'href="/es/zones"' in spanish.text
    assert '<html lang="en"' in five.get("/", accept_language="de").text
    assert '<html lang="zh-Hans"' in five.get("/zones/judge-valley", accept_language="zh-CN").text
    named = five.get("/en/zones/judge-valley", accept_language="es")
    assert '<html lang="en"' in named.text
    assert 'href="/en/zones"' in named.text
    assert "accept-language" not in named.headers["vary"]
    assert "<!--" not in named.text
    assert five.get("/en").status == five.get("/en/archive").status == 200
    assert five.get("/", if_none_match=spanish.headers["etag"], accept_language="es").status == 304
    assert five.get("/", if_none_match=spanish.headers["etag"]).status == 200


def test_every_link_in_every_language_leads_somewhere(five: Room) -> None:
    seen: set[str] = set()
    waiting = ["/", "/en", "/ar", "/zh/zones"]
    while waiting:
        path = waiting.pop()
        found = five.get(path)
        assert found.status == 200, path
        assert b"<!--" not in found.body, path
        if "html" in found.headers["content-type"] and path.count("/") < 3:
            links = set(re.findall(r'(?:href|src)="(/[^"#?]*)', found.text)) - seen
            seen |= links
            waiting += [link for link in links if "subscribe" not in link]
    assert len(seen) > 60


def test_an_unknown_page_is_missing_in_its_own_language(five: Room) -> None:
    french = five.get("/fr/alerts/none")
    assert french.status == 404
    assert "Cette page n’existe pas" in french.text
    assert "No existe esa página" in five.get("/zones/none", accept_language="es").text


def test_a_place_is_found_by_name_or_code_without_script(five: Room) -> None:
    page = five.get("/zones?q=caz003").text
    assert "1 zone fits “<bdi>caz003</bdi>”." in page
    answer = page.split('id="matches"')[1].split("</div>")[0]
    assert 'href="/zones/old-mill"' in answer
    assert "Shelter in place" in answer
    assert 'value="caz003"' in page
    assert "2 zonas corresponden a «<bdi>judge</bdi>»." in five.get("/es/zones?q=judge").text
    assert 'href="/en/zones/judge-hills"' in five.get("/en/zones?q=judge").text
    none = five.get("/zones?q=atlantis").text
    assert "No zone fits “<bdi>atlantis</bdi>”. Look through the list below, or ask 555-0100." in none
    assert "zones fit" not in five.get("/zones?q=").text


@pytest.mark.parametrize("attack", ["%3Cscript%3Ealert(1)%3C/script%3E", "%22%3E%3Czzz%3E", "%3C!--checked--%3E"])
def test_what_is_searched_for_is_only_ever_text(five: Room, attack: str) -> None:
    page = five.get(f"/zones?q={attack}").text
    assert "<script>alert" not in page
    assert '"><zzz>' not in page
    assert "No zone fits" in page


def test_a_cap_file_is_xml_to_a_browser_and_cap_to_a_machine(room: Room) -> None:
    room.publish(lambda connection: put(connection, alert("a1", room.system.now())))
    machine = room.get("/cap/judge-a1.xml")
    browser = room.get("/cap/judge-a1.xml", accept="text/html,application/xhtml+xml,*/*;q=0.8")
    assert machine.headers["content-type"].startswith("application/cap+xml")
    assert browser.headers["content-type"].startswith("application/xml")
    assert machine.body == browser.body
    assert "accept" in browser.headers["vary"].split(", ")
    assert room.get("/feed.atom").headers["content-type"].startswith("application/atom+xml")
    assert room.get("/alerts/evacuation-order-a1.png").status in (200, 404)  # it comes a moment after the page
