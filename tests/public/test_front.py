"""The page as a reader meets it: a real web process, and what is left of it when all else is gone."""

from __future__ import annotations

import gzip
import json
import re
import signal
import socket
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from broadcaster.services import publish
from broadcaster.services.system import System
from broadcaster.transport.connection import connect
from tests.public import server
from tests.public.conftest import House
from tests.public.made import alert, cancel, info, put, put_shown
from tests.public.room import Room
from tests.waiting import until


def going_live(house: House | Room, id: str = "a1", **more: object):
    return lambda connection: put(connection, alert(id, house.system.now(), **more))


# --- what it shows -----------------------------------------------------------------------------------------------
def test_a_fresh_installation_says_explicitly_that_there_is_no_alert(house: House) -> None:
    house.start()
    house.shows(1)
    page = house.get("/").text
    assert "No alerts from Judge County as of" in page
    assert "Not every danger appears here. In danger call 911." in page
    assert re.search(r"\d{1,2}:\d\d [ap]m P[SD]T, |midday|midnight", page)
    assert '<noscript><meta http-equiv="refresh"' in page
    assert "<!--" not in page


def test_an_approval_reaches_page_zones_feeds_and_files(house: House) -> None:
    house.start()
    house.shows(1)
    house.shows(house.publish(going_live(house), lambda c: put_shown(c, house.system.now())))
    assert "Leave Judge Valley now" in house.get("/").text
    assert "Red Flag Warning" in house.get("/").text
    assert "No alerts from" not in house.get("/").text
    assert "Act now" in house.get("/zones/judge-valley").text
    found = {a["id"]: a for a in house.get("/alerts.json").json["alerts"]}
    assert found["a1"]["identifier"] == "judge-a1"
    assert found["a1"]["infos"][1]["language"] == "es"
    assert found["a1"]["areas"][0]["geometry"]["type"] == "Polygon"
    assert found["a1"]["areas"][0]["geometry"]["coordinates"][0][0] == [-120.0, 38.0]
    shapes = house.get("/alerts.geojson").json
    assert {f["properties"]["id"] for f in shapes["features"]} == {"a1", "s1"}
    assert b"<identifier>judge-a1</identifier>" in house.get("/cap/judge-a1.xml").body
    assert b"/cap/judge-a1.xml" in house.get("/feed.atom").body
    zones = {z["id"]: (z["status"], z["alert"]) for z in house.get("/version.json").json["zones"]}
    assert zones == {"judge-valley": ("act_now", "a1"), "judge-hills": ("act_soon", "s1")}
    assert "issuer" in house.get("/alerts/red-flag-warning-s1").text
    assert "NWS Sacramento, in its own words" in house.get("/alerts/red-flag-warning-s1").text


def test_the_page_speaks_spanish_too_and_marks_what_is_in_another_language(room: Room) -> None:
    only_english = (info("be_ready", headline="Wind tonight", event="Wind"),)
    wind = {"infos": only_english, "template": "severe_weather"}
    room.publish(going_live(room), going_live(room, "a2", **wind))
    page = room.get("/es").text
    assert '<html lang="es" dir="ltr">' in page
    assert '<h2 lang="es" dir="ltr"><a href="/es/alerts/evacuation-order-a1">Salga de Judge Valley ahora</a>' in page
    assert '<p class="original" lang="en" dir="ltr">Wind tonight</p>' in page
    assert "Esta parte solo está disponible en inglés." in room.get("/es/alerts/evacuation-order-a2").text
    assert "Esta parte solo está disponible en inglés." not in room.get("/es/alerts/evacuation-order-a1").text
    assert 'href="/es"' in room.get("/").text


def test_text_from_outside_is_escaped_everywhere(room: Room) -> None:
    bad = (info("act_now", headline="<script>alert(1)</script> & co", description="<b>x</b>\x0b"),)
    room.publish(going_live(room, infos=bad))
    for path in ("/", "/alerts/evacuation-order-a1", "/zones/judge-valley", "/archive", "/embed", "/feed.atom"):
        assert b"<script>alert" not in room.get(path).body
        assert b"&lt;script&gt;" in room.get(path).body


def test_the_four_endings_have_four_words(room: Room) -> None:
    now = room.system.now()
    made = [
        alert(state, now - timedelta(hours=2), state=state, ended_at=now, expires=now + timedelta(hours=1))
        for state in ("lifted", "cancelled", "superseded")
    ]
    made.append(alert("expired", now - timedelta(hours=2), expires=now - timedelta(hours=1)))
    made.append(cancel("correction", now, "cancelled", "sent_in_error"))
    room.publish(lambda c: put(c, *made))
    words = {
        "lifted": "Lifted",
        "cancelled": "Sent in error: no danger",
        "superseded": "Replaced",
        "expired": "Expired: not declared safe",
    }
    for state, word in words.items():
        page = room.get(f"/alerts/evacuation-order-{state}").text
        assert [w for w in words.values() if f"<span>{w}</span>" in page] == [word]
        assert room.get("/").text.count(f"<span>{word}</span>") == 1  # of the error and its correction, the latter's
    assert "No alerts from Judge County as of" in room.get("/").text
    assert "safe to return" not in room.get("/alerts/evacuation-order-expired").text


def test_an_alert_keeps_its_address_for_ever(room: Room) -> None:
    now = room.system.now()
    old = alert("old", now - timedelta(days=40), state="lifted", ended_at=now - timedelta(days=39))
    room.publish(lambda c: put(c, old))
    room.publish(going_live(room))
    page = room.get("/alerts/evacuation-order-old")
    assert page.status == 200
    assert "<span>Lifted</span>" in page.text
    assert room.get("/es/alerts/evacuation-order-old").status == 200
    assert room.get("/cap/judge-old.xml").status == 200
    assert "/alerts/evacuation-order-old" in room.get("/archive").text
    assert "evacuation-order-old" not in room.get("/").text


def test_in_force_until_lifted_says_when_it_was_last_confirmed(room: Room) -> None:
    room.publish(going_live(room, until_lifted=True, expires=None))
    assert re.search(r"In force until lifted</strong> · last confirmed <time[^>]*>[^<]+ P[SD]T", room.get("/").text)


# --- how it answers --------------------------------------------------------------------------------------------------
def test_files_are_compressed_tagged_and_answered_by_304(room: Room) -> None:
    room.publish()
    whole, zipped = room.get("/"), room.get("/", accept_encoding="gzip")
    assert zipped.headers["content-encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == whole.body
    again = room.get("/", if_none_match=whole.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert room.get("/", if_none_match='"other"').status == 200
    head = room.get("/", "HEAD")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(whole.body)))
    assert room.get("/", "POST").status == 405
    assert room.get("/archive/").status == 200
    assert room.get("/live", "POST").status == 405
    assert room.get("/live", "HEAD").status == 405


def test_unknown_pages_are_404_and_every_answer_is_guarded(room: Room) -> None:
    room.publish()
    for path, status in (("/alerts/none", 404), ("/zones/none", 404), ("/cap/none.xml", 404), ("/", 200)):
        found = room.get(path)
        assert found.status == status
        policy = found.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'self'" in policy
        assert found.headers["x-content-type-options"] == "nosniff"
        assert found.headers["cache-control"] == "no-cache"
    assert "frame-ancestors *" in room.get("/embed").headers["content-security-policy"]
    assert room.get("/alerts.json").headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in room.get("/").headers


def test_the_page_needs_nothing_from_elsewhere(room: Room) -> None:
    room.publish(going_live(room))
    page = room.get("/").text
    for address in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert address.startswith(("/", "#", "data:,"))
        if address.startswith("/") and "/subscribe" not in address:
            assert room.get(address.split("#")[0]).status == 200
    assert "style=" not in page
    assert "<script>" not in page


# --- /live ------------------------------------------------------------------------------------------------------------
def test_a_reader_gets_the_current_version_at_once_and_then_each_newer_one(house: House) -> None:
    house.start()
    house.shows(1)
    stream = house.live()
    first = stream.event()
    assert (first["id"], first["event"]) == ("1", "version")
    assert 1000 <= int(first["retry"]) <= 10000
    assert json.loads(first["data"]) == house.get("/version.json").json
    number = house.publish(going_live(house))
    told = stream.event()
    assert told["id"] == str(number)
    assert json.loads(told["data"])["alerts"][0]["id"] == "a1"


def test_a_reader_that_comes_back_gets_the_current_version_at_once(house: House) -> None:
    house.start()
    house.shows(1)
    number = house.publish(going_live(house))
    house.shows(number)
    assert house.live(f"Last-Event-ID: {number}\r\n").version() == number
    assert house.live("Last-Event-ID: 999\r\n").version() == number


def test_without_redis_readers_are_told_all_the_same(house: House) -> None:
    settings = replace(house.system.settings, redis_url="unix:///nonexistent/s")
    house.system = System(settings, house.system.config, house.system.database, connect(settings.redis_url))
    house.start()
    stream = house.live()
    stream.version()
    number = house.publish(going_live(house))
    assert stream.version() == number


def test_a_slow_reader_never_holds_the_others(house: House) -> None:
    house.start()
    house.shows(1)
    slow = house.live(buffer=2048)
    quick = house.live()
    quick.version()
    for n in range(30):  # 30 versions of a few KB each go past the one that never reads
        words = (info("act_now", headline=f"Version {n}", description="x" * 200),)
        number = house.publish(going_live(house, f"b{n}", infos=words))
    until(lambda: quick.version() == number)
    slow.close()


def test_streams_end_when_the_server_stops(house: House) -> None:
    house.start()
    house.shows(1)
    streams = [house.live() for _ in range(20)]
    for stream in streams:
        stream.version()
    assert house.stop() in (0, -signal.SIGTERM)
    for stream in streams:
        stream.rest()
    assert "in ASGI application" not in (house.folder / "web.log").read_text()


# --- standing alone ---------------------------------------------------------------------------------------------------
def test_the_page_stands_with_database_and_redis_gone(house: House) -> None:
    settings = replace(house.system.settings, redis_url="unix:///nonexistent/s")
    house.system = System(settings, house.system.config, house.system.database, connect(settings.redis_url))
    house.start()
    house.shows(house.publish(going_live(house)))
    house.lose_database()
    time.sleep(1.2)  # a look or two at what is no longer there
    paths = ["/", "/alerts/evacuation-order-a1", "/zones/judge-valley", "/cap/judge-a1.xml", "/feed.atom", "/healthz"]
    assert [house.get(path).status for path in paths] == [200] * len(paths)
    assert house.live().version() == house.version()
    house.stop(signal.SIGKILL)
    house.start()  # and also after a restart, from its folder alone
    assert "Leave Judge Valley now" in house.get("/").text
    assert house.live().version() == house.version()


def test_an_expiry_passes_with_everything_else_dead(house: House) -> None:
    began = house.system.now()
    house.start()
    ends = house.system.now() + timedelta(seconds=5) + 3 * (house.system.now() - began)  # time to show it
    number = house.publish(going_live(house, expires=ends))
    house.shows(number)
    until(lambda: (house.folder / "site" / "versions" / f"{number}.json").exists())
    stream = house.live()
    assert stream.version() == number
    house.lose_database()
    told = stream.event()
    assert told["id"] == str(number + 1)
    assert json.loads(told["data"])["alerts"][0]["state"] == "expired"
    assert house.system.now() >= ends
    page = house.get("/").text
    assert "Expired: not declared safe" in page
    assert "Nobody has declared it safe" in page
    zone = next(z for z in house.get("/version.json").json["zones"] if z["id"] == "judge-valley")
    assert zone["status"] == "expired"


def test_a_page_whose_publisher_is_silent_says_so_by_itself(house: House) -> None:
    house.stale_after = 1
    house.system = replace(house.system, config=server.config(1))
    house.start()
    house.shows(1)
    until(lambda: 'class="stale"' in house.get("/").text)
    page = house.get("/").text
    assert "This page may be out of date" in page
    assert "Ask KJDG 98.1 FM" in page
    assert 'id="stale" class="stale" role="status"' in house.get("/es").text
    assert 'id="stale"' in house.get("/embed").text
    publish.checked(replace(house.system, now=lambda: house.system.now() + timedelta(hours=1)))
    until(lambda: 'class="stale"' not in house.get("/").text)


def test_the_clock_time_follows_the_heartbeat_without_a_new_version(house: House) -> None:
    house.start()
    house.shows(1)
    before = house.get("/version.json").json
    page = house.get("/").text
    publish.checked(replace(house.system, now=lambda: house.system.now() + timedelta(minutes=2)))
    after = until(lambda: (v := house.get("/version.json").json)["checked"] != before["checked"] and v)
    assert after["version"] == before["version"]
    assert house.get("/").text != page
    assert after["checked_words"]["en"] in house.get("/").text


def test_what_flask_cannot_answer_does_not_touch_the_page(house: House) -> None:
    house.start()
    house.shows(1)
    assert house.get("/console/").status != 200 or house.get("/").status == 200
    assert house.get("/").status == 200


def test_a_taken_port_is_one_clear_line(house: House) -> None:
    from broadcaster.asgi import bind
    from broadcaster.domain.errors import ConfigError

    with socket.socket() as holder:
        holder.bind(("127.0.0.1", house.port))
        holder.listen()
        with pytest.raises(ConfigError, match=f"port {house.port} cannot be used"):
            bind(house.system.settings)
