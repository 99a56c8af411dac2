"""Writing an alert without script: what is typed is kept, what is wrong is said, nothing is chosen by itself."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from broadcaster.app import create_app
from broadcaster.domain.alert import Mode, State
from broadcaster.services.system import System
from broadcaster.store import alerts as store
from tests.conftest import Clock
from tests.console.compose_forms import (  # noqa: F401
    ORDER_PAGE,
    PART,
    WEATHER_PAGE,
    Writer,
    alerts,
    drafted,
    fields,
    judge_app,
    judge_author,
    judge_config,
    judge_system,
    only,
)
from tests.services.agency import CHIEF, ORDER, live


# --- choosing ---------------------------------------------------------------------------------------------------
def test_the_most_urgent_stands_first_and_what_ends_an_alert_is_not_offered(author: Writer) -> None:
    page = author.client.get("/console/new").get_data(True)
    order = re.findall(r'href="/console/new/([a-z_/]+)"', page)
    assert order[:3] == ["bundle/evacuation", "evacuation_order", "evacuation_warning"]
    assert {"tornado", "wildfire_smoke"} <= set(order)
    assert not {"lifted", "sent_in_error", "cap"} & set(order)


@pytest.mark.parametrize("path", ["/console/new", ORDER_PAGE, "/console/zones.geojson", "/console/alerts/x/edit"])
def test_nobody_writes_without_a_login(app: Flask, path: str) -> None:
    assert app.test_client().get(path).status_code == 302


def test_an_unknown_template_or_alert_is_said(author: Writer) -> None:
    assert author.client.get("/console/new/nothing").status_code == 422
    assert author.client.get("/console/alerts/nothing/edit").status_code == 404


def test_the_map_gets_every_zone_with_its_people(author: Writer) -> None:
    found = author.client.get("/console/zones.geojson").get_json()["features"]
    assert {f["properties"]["id"]: f["properties"]["people"] for f in found} == {"valley": 3, "hills": 1}
    assert found[0]["geometry"]["type"] == "Polygon"


# --- nothing is chosen by itself --------------------------------------------------------------------------------
def test_a_new_form_names_no_place_and_all_channels_and_languages(author: Writer) -> None:
    form = author.form(ORDER_PAGE)
    assert form.getlist("zone") == []
    assert form["shape"] == ""
    assert form.getlist("channel") == ["sms", "county"]
    assert form.getlist("language") == ["en", "es"]
    assert form["end"] == "lifted"


def test_only_what_the_link_said_is_chosen(author: Writer, system: System) -> None:
    assert author.form(f"{ORDER_PAGE}?zone=hills").getlist("zone") == ["hills"]
    old = live(system)
    assert sorted(author.form(f"{WEATHER_PAGE}?like={old.id}").getlist("zone")) == ["hills", "valley"]


def test_without_an_area_it_is_kept_and_not_submitted(author: Writer, system: System) -> None:
    answer = author.send(ORDER_PAGE, author.form(ORDER_PAGE), "submit", f__hazard="wildfire")
    page = author.client.get(answer.headers["Location"]).get_data(True)
    assert "It names no area." in page
    assert only(system).state == State.DRAFT
    assert only(system).zones == ()


# --- submitting -------------------------------------------------------------------------------------------------
def test_one_press_keeps_and_submits(author: Writer, system: System) -> None:
    answer = author.send(ORDER_PAGE, author.form(ORDER_PAGE), "submit", zone="valley", f__hazard="flood")
    made = only(system)
    assert answer.headers["Location"] == f"/console/alerts/{made.id}"
    assert (made.state, made.submitted_by, made.until_lifted) == (State.IN_REVIEW, "author@judge.example", True)
    assert made.content.fields == {"hazard": "flood"}


def test_the_same_form_pressed_twice_is_one_alert(author: Writer, system: System) -> None:
    form = author.form(ORDER_PAGE)
    first = author.send(ORDER_PAGE, form, "submit", zone="valley", f__hazard="flood")
    second = author.send(ORDER_PAGE, form, "submit", zone="valley", f__hazard="flood")
    assert first.headers["Location"] == second.headers["Location"]
    assert only(system).state == State.IN_REVIEW


def test_the_same_form_with_other_words_after_submitting_is_refused_and_keeps_them(
    author: Writer, system: System
) -> None:
    form = author.form(ORDER_PAGE)
    author.send(ORDER_PAGE, form, "submit", zone="valley", f__hazard="flood")
    answer = author.send(ORDER_PAGE, form, "submit", zone="valley", f__hazard="tsunami")
    assert answer.status_code == 409
    assert fields(answer)["f.hazard"] == "tsunami"
    assert only(system).content.fields == {"hazard": "flood"}


def test_a_form_with_an_id_of_its_own_making_gets_a_new_one(author: Writer, system: System) -> None:
    author.send(ORDER_PAGE, author.form(ORDER_PAGE), "save", id="my-own-id", zone="valley")
    assert re.fullmatch(r"[a-z0-9]{10}", only(system).id)


def test_who_returned_it_may_keep_it_and_not_submit_it(app: Flask, system: System, author: Writer) -> None:
    from broadcaster.services.return_ import return_

    author.send(ORDER_PAGE, author.form(ORDER_PAGE), "submit", zone="valley", f__hazard="flood")
    return_(system, CHIEF, only(system).id, "which road?")
    chief, page = Writer.of(app, CHIEF.name), f"/console/alerts/{only(system).id}/edit"
    answer = chief.send(page, chief.form(page), "submit", f__hazard="tsunami")
    assert answer.headers["Location"].startswith(page)
    assert "You returned this alert" in chief.client.get(answer.headers["Location"]).get_data(True)
    assert only(system).content.fields == {"hazard": "tsunami"}
    assert only(system).state == State.RETURNED


# --- typed is kept ----------------------------------------------------------------------------------------------
def test_a_draft_comes_back_as_it_was_typed(author: Writer, system: System) -> None:
    page = drafted(
        author,
        system,
        f__hazard="~other",
        o__hazard="Falling rocks",
        f__hazard__es="Rocas",
        f__route="Go  south",
        f__next_update="2026-12-01T18:30",
        channel=["sms"],
        language=["en"],
        shape="38.01,-120.99 38.01,-120.95 38.05,-120.95",
    )
    form = author.form(page)
    assert (form["f.hazard"], form["o.hazard"], form["f.hazard.es"]) == ("~other", "Falling rocks", "Rocas")
    assert form["f.route"] == "Go  south"
    assert form["f.next_update"] == "2026-12-01T18:30"
    assert form.getlist("channel") == ["sms"]
    assert form.getlist("language") == ["en"]
    assert form.getlist("zone") == ["valley"]
    assert form["shape"].startswith("38.01,-120.99 38.01,-120.95")
    assert only(system).content.fields["next_update"] == "2026-12-01T18:30:00-08:00"
    assert only(system).content.fields["hazard"] == "Falling rocks"


def test_words_of_a_list_are_not_overruled_by_a_forgotten_translation(author: Writer, system: System) -> None:
    drafted(author, system, f__hazard="flood", f__hazard__es="Rocas", o__hazard="rocks")
    assert only(system).content.fields == {"hazard": "flood"}


def test_what_cannot_be_read_is_said_and_stands_as_typed(author: Writer, system: System) -> None:
    answer = author.send(ORDER_PAGE, author.form(ORDER_PAGE), "save", shape="44.05 north", f__route="Go <south>")
    assert answer.status_code == 422
    assert fields(answer)["shape"] == "44.05 north"
    assert fields(answer)["f.route"] == "Go <south>"
    assert "is no pair like 44.05,-121.3" in answer.get_data(True)
    assert alerts(system) == []


@pytest.mark.parametrize(
    ("expires", "said"),
    [
        ("", "Say until when it holds"),
        ("tomorrow", "is no time"),
        ("2027-03-14T02:30", "the clocks go forward"),
    ],
)
def test_an_end_that_is_no_time_is_said_beside_it(author: Writer, system: System, expires: str, said: str) -> None:
    answer = author.send(WEATHER_PAGE, author.form(WEATHER_PAGE), "save", zone="valley", end="at", expires=expires)
    assert answer.status_code == 422
    assert said in answer.get_data(True)
    assert fields(answer)["expires"] == expires


def test_times_are_the_agencys(author: Writer, system: System, clock: Clock) -> None:
    end = clock.at.astimezone(ZoneInfo("America/Los_Angeles")) + timedelta(hours=3)
    typed = end.strftime("%Y-%m-%dT%H:%M")
    filled = {"zone": "valley", "f__event": "flood", "f__guidance": "stay_home", "end": "at", "expires": typed}
    author.send(WEATHER_PAGE, author.form(WEATHER_PAGE), "save", **filled)
    found = only(system)
    assert found.expires is not None
    assert abs(found.expires - (clock.at + timedelta(hours=3))) < timedelta(minutes=1)
    assert author.form(f"/console/alerts/{found.id}/edit")["expires"] == typed


def test_hours_may_be_added_without_script(author: Writer, system: System, clock: Clock) -> None:
    answer = author.send(ORDER_PAGE, author.form(ORDER_PAGE), "preview", plus="3", f__route="Go south")
    assert fields(answer)["end"] == "at"
    assert fields(answer)["expires"] != ""
    assert fields(answer)["f.route"] == "Go south"
    assert alerts(system) == []


def test_a_character_that_cannot_be_carried_is_refused_with_all_else_kept(author: Writer, system: System) -> None:
    form = author.form(ORDER_PAGE)
    answer = author.send(ORDER_PAGE, form, "save", zone="valley", f__route="a\x07b", f__movement="from the north")
    assert answer.status_code == 422
    assert "U+0007" in answer.get_data(True)
    assert fields(answer)["f.movement"] == "from the north"


# --- where ------------------------------------------------------------------------------------------------------
def test_a_drawn_area_takes_the_zones_it_touches_and_nothing_else(author: Writer, system: System) -> None:
    author.send(
        ORDER_PAGE,
        author.form(ORDER_PAGE),
        "save",
        shape="38.01,-120.99 38.01,-120.95 38.05,-120.95",
        f__hazard="flood",
    )
    found = only(system)
    assert found.zones == ("valley",)
    (area,) = found.content.areas
    assert area.polygons == (((38.01, -120.99), (38.01, -120.95), (38.05, -120.95), (38.01, -120.99)),)
    assert area.description == "Part of Judge Valley"
    form = author.form(f"/console/alerts/{found.id}/edit")
    assert form.getlist("zone") == []
    assert form["shape"] != ""


def test_a_zone_and_a_drawn_area_hold_together(author: Writer, system: System) -> None:
    drafted(author, system, zone="hills", shape="38.01,-120.99 38.01,-120.95 38.05,-120.95")
    found = only(system)
    assert set(found.zones) == {"hills", "valley"}
    assert [area.description for area in found.content.areas] == ["Judge Hills", "Part of Judge Valley"]


def test_an_area_beside_all_zones_is_said(author: Writer) -> None:
    form = author.form(ORDER_PAGE)
    answer = author.send(ORDER_PAGE, form, "preview", shape="10,10 10,11 11,11", f__hazard="flood", tried="1")
    assert "touches no zone of ours" in answer.get_data(True)


# --- who and how ------------------------------------------------------------------------------------------------
def test_an_exercise_says_so_and_stays_one_whatever_the_session_says_later(author: Writer, system: System) -> None:
    form = author.form("/console/")
    token = author.form(ORDER_PAGE)["csrf_token"]
    author.client.post("/console/exercise", data={"csrf_token": token, "on": "1"})
    form = author.form(ORDER_PAGE)
    author.client.post("/console/exercise", data={"csrf_token": token, "on": "0"})
    answer = author.send(ORDER_PAGE, form, "save", zone="valley", f__hazard="flood")
    assert only(system).mode == Mode.EXERCISE
    page = author.client.get(answer.headers["Location"]).get_data(True)
    assert 'class="exercise"' in page
    assert "EXERCISE: " in page
    assert "never in an exercise" in page


def test_an_exercise_offers_only_what_carries_it(system: System) -> None:
    channels = tuple(replace(c, drills=c.name == "sms") for c in system.config.channels)
    author = Writer.of(
        create_app(replace(system, config=replace(system.config, channels=channels))), "author@judge.example"
    )
    token = author.form(ORDER_PAGE)["csrf_token"]
    author.client.post("/console/exercise", data={"csrf_token": token, "on": "1"})
    page = author.client.get(ORDER_PAGE).get_data(True)
    assert 'value="sms"' in page
    assert 'value="county"' not in page


def test_what_was_made_as_the_real_thing_stays_that(author: Writer, system: System) -> None:
    page = drafted(author, system)
    assert author.send(page, author.form(page), "save", mode="exercise").status_code == 302
    assert only(system).mode == Mode.ACTUAL


def test_without_a_language_nothing_is_kept(author: Writer, system: System) -> None:
    answer = author.send(ORDER_PAGE, author.form(ORDER_PAGE), "save", zone="valley", language=[])
    assert answer.status_code == 422
    assert "Choose one language at least." in answer.get_data(True)


# --- putting away, updating -------------------------------------------------------------------------------------
def test_a_draft_is_put_away_with_or_without_a_reason(author: Writer, system: System) -> None:
    drafted(author, system)
    id_, token = only(system).id, author.form(ORDER_PAGE)["csrf_token"]
    done = author.client.post(f"/console/alerts/{id_}/discard", data={"csrf_token": token, "reason": "too late"})
    assert done.status_code == 302
    assert only(system).state == State.DISCARDED
    with system.database.read() as connection:
        assert [step.reason for step in store.reviews_of(connection, id_)] == ["too late"]


def test_what_is_in_review_is_not_put_away(author: Writer, system: System) -> None:
    author.send(ORDER_PAGE, author.form(ORDER_PAGE), "submit", zone="valley", f__hazard="flood")
    token = author.form(ORDER_PAGE)["csrf_token"]
    answer = author.client.post(f"/console/alerts/{only(system).id}/discard", data={"csrf_token": token})
    assert answer.status_code == 409
    assert only(system).state == State.IN_REVIEW


def test_an_update_begins_with_the_live_alert_and_replaces_it(author: Writer, system: System) -> None:
    old = live(system, ORDER)
    page = f"/console/alerts/{old.id}/update"
    form = author.form(page)
    assert sorted(form.getlist("zone")) == ["hills", "valley"]
    assert form["f.route"] == "Go south on Highway 9"
    answer = author.send(page, form, "submit", f__route="Go east")
    new = answer.headers["Location"].rsplit("/", 1)[1]
    with system.database.read() as connection:
        made = store.get(connection, new)
    assert (made.replaces, str(made.msg_type), made.incident) == ((old.id,), "Update", old.incident)
    assert made.content.fields["route"] == "Go east"


def test_an_update_of_some_zones_takes_those_the_link_names(author: Writer, system: System) -> None:
    old = live(system, ORDER)
    assert author.form(f"/console/alerts/{old.id}/update?zone=hills").getlist("zone") == ["hills"]


def test_an_update_may_change_the_kind_of_alert(author: Writer, system: System) -> None:
    old = live(system, ORDER)
    page = f"/console/alerts/{old.id}/update?template=evacuation_warning"
    answer = author.send(page, author.form(page), "submit", f__hazard="wildfire")
    with system.database.read() as connection:
        made = store.get(connection, answer.headers["Location"].rsplit("/", 1)[1])
    assert (made.content.template, made.replaces) == ("evacuation_warning", (old.id,))


def test_what_is_not_live_is_not_updated(author: Writer, system: System) -> None:
    drafted(author, system)
    assert author.client.get(f"/console/alerts/{only(system).id}/update").status_code == 409


def test_the_browser_is_told_which_forms_were_kept(author: Writer, system: System) -> None:
    answer = author.send(ORDER_PAGE, author.form(ORDER_PAGE), "save", zone="valley", f__hazard="flood")
    cookie = answer.headers["Set-Cookie"]
    assert f"composed={only(system).id}-1;" in cookie
    assert "Path=/console" in cookie


def test_the_screens_speak_spanish(author: Writer) -> None:
    token = author.form(ORDER_PAGE)["csrf_token"]
    author.client.post("/console/language", data={"csrf_token": token, "lang": "es"})
    page = author.client.get(ORDER_PAGE).get_data(True)
    assert "Peligro" in page
    assert '<html lang="es"' in page
    assert json.dumps("Hazard") not in page
