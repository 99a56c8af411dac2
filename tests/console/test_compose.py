"""Writing an alert without script: what is typed is kept, what is wrong is said, nothing is chosen by itself."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from broadcaster.app import create_app
from broadcaster.domain.alert import Alert, Mode, State
from broadcaster.domain.config import Config
from broadcaster.services.system import System
from broadcaster.store import alerts as store
from tests.conftest import Clock
from tests.console.compose_forms import Writer, fields
from tests.services.agency import CHIEF, ORDER, agency, live, settle_people

ORDER_PAGE = "/console/new/evacuation_order"
WEATHER_PAGE = "/console/new/severe_weather"
PART = {"X-Part": "1"}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return agency(tmp_path)


@pytest.fixture
def system(house: System) -> System:
    settle_people(house)
    return house


@pytest.fixture
def app(system: System) -> Flask:
    return create_app(system)


@pytest.fixture
def author(app: Flask) -> Writer:
    return Writer.of(app, "author@judge.example")


def alerts(system: System) -> list[Alert]:
    with system.database.read() as connection:
        return store.in_states(connection)


def only(system: System) -> Alert:
    (found,) = alerts(system)
    return found


def drafted(author: Writer, system: System, **changes: object) -> str:
    """A draft kept through the form; the path of its page."""
    filled = {"zone": "valley", "f__hazard": "wildfire", **changes}
    answer = author.send(ORDER_PAGE, author.form(ORDER_PAGE), "save", **filled)
    assert answer.status_code == 302, answer.get_data(True)
    return answer.headers["Location"]


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


# --- check ------------------------------------------------------------------------------------------------------
def test_the_script_gets_the_check_alone_and_nothing_is_written(author: Writer, system: System) -> None:
    form = author.form(ORDER_PAGE)
    form.setlist("zone", ["valley"])
    form["f.hazard"] = "wildfire"
    form["do"] = "preview"
    page = author.client.post(ORDER_PAGE, data=form, headers=PART).get_data(True)
    assert "<html" not in page
    assert "Leave Judge Valley now" in page
    assert "Salga ya de Judge Valley" in page
    assert "3 people by sms" in page
    assert "Nothing stands in the way" in page
    assert alerts(system) == []


def test_what_must_be_mended_stands_first_and_leads_to_its_place(author: Writer) -> None:
    answer = author.send(ORDER_PAGE, author.form(ORDER_PAGE), "preview", f__route="Go south", tried="1")
    page = answer.get_data(True)
    assert "2 things stand in the way" in page
    assert '<a href="#said-where">It names no area. Give it zones.</a>' in page
    assert '<a href="#said-field-hazard">Hazard is needed.</a>' in page
    assert "Way out is not said in Spanish" in page
    assert re.search(r'data-slot="field:hazard"><p class="finding blocking">Hazard is needed', page)


def test_a_fresh_form_does_not_scold(author: Writer) -> None:
    page = author.client.get(ORDER_PAGE).get_data(True)
    assert re.search(r'data-slot="field:hazard"></div>', page)
    assert "2 things stand in the way" in page


def test_a_costly_sign_is_named_and_replaced_by_one_press(author: Writer, system: System) -> None:
    form = author.form(ORDER_PAGE)
    answer = author.send(ORDER_PAGE, form, "preview", zone="valley", f__hazard="flood", f__route="Don’t wait")
    fix = re.search(r'name="fix" value="([^"]+)"', answer.get_data(True))
    assert fix
    assert fix[1] == "f.route=Don&#39;t wait"
    answer = author.send(ORDER_PAGE, fields(answer), "preview", fix="f.route=Don't wait")
    assert fields(answer)["f.route"] == "Don't wait"
    assert 'class="cost"' not in answer.get_data(True)


def test_a_letter_keeps_its_accent_and_texts_get_a_plain_word(author: Writer, system: System) -> None:
    filled = {"zone": "valley", "f__hazard": "flood", "f__route": "Go south", "f__route__es": "Vaya al Río"}
    answer = author.send(ORDER_PAGE, author.form(ORDER_PAGE), "preview", **filled)
    assert 'value="f.route.es_plain=Vaya al Rio"' in answer.get_data(True)
    answer = author.send(ORDER_PAGE, fields(answer), "preview", fix="f.route.es_plain=Vaya al Rio")
    form = fields(answer)
    assert (form["f.route.es"], form["f.route.es_plain"]) == ("Vaya al Río", "Vaya al Rio")
    author.send(ORDER_PAGE, form, "save")
    assert only(system).content.fields["route.es_plain"] == "Vaya al Rio"


def test_everything_typed_is_text_and_never_markup(author: Writer) -> None:
    nasty = '"><script>alert(1)</script>'
    form = author.form(ORDER_PAGE)
    filled = {
        "f__route": nasty,
        "f__hazard": "~other",
        "o__hazard": nasty,
        "shape": nasty,
        "expires": nasty,
        "zone": nasty,
    }
    page = author.send(ORDER_PAGE, form, "preview", **filled).get_data(True)
    assert "<script>alert" not in page


# --- two people -------------------------------------------------------------------------------------------------
def test_two_people_in_one_draft_never_overwrite_silently(author: Writer, app: Flask, system: System) -> None:
    page = drafted(author, system, f__route="Go south")
    other = Writer.of(app, "approver@judge.example")
    mine, theirs = author.form(page), other.form(page)
    assert other.send(page, theirs, "save", f__route="Go north", zone=["hills"]).status_code == 302
    answer = author.send(page, mine, "save", f__route="Go west", f__movement="from the east")
    assert answer.status_code == 409
    text = answer.get_data(True)
    assert "approver@judge.example kept another version" in text
    assert "Go west" in text
    assert "Go north" in text
    assert "Judge Hills" in text
    assert only(system).content.fields["route"] == "Go north"


def test_choosing_row_by_row_keeps_what_was_chosen(author: Writer, app: Flask, system: System) -> None:
    page = drafted(author, system, f__route="Go south")
    other = Writer.of(app, "approver@judge.example")
    mine, theirs = author.form(page), other.form(page)
    other.send(page, theirs, "save", f__route="Go north", zone=["hills"])
    carried = fields(author.send(page, mine, "save", f__route="Go west", f__movement="from the east"), which="")
    left = author.send(page, carried, "resolve", **{"pick.where": "theirs", "pick.f.route": "mine"})
    assert left.status_code == 422
    assert "Choose in every row." in left.get_data(True)
    picks = {"pick.where": "theirs", "pick.f.route": "mine", "pick.f.movement": "theirs"}
    assert author.send(page, carried, "resolve", **picks).status_code == 302
    found = only(system)
    assert found.zones == ("hills",)
    assert found.content.fields == {"hazard": "wildfire", "route": "Go west"}


def test_a_third_version_meanwhile_asks_again(author: Writer, app: Flask, system: System) -> None:
    page = drafted(author, system, f__route="Go south")
    other = Writer.of(app, "approver@judge.example")
    mine = author.form(page)
    other.send(page, other.form(page), "save", f__route="Go north")
    carried = fields(author.send(page, mine, "save", f__route="Go west"), which="")
    other.send(page, other.form(page), "save", f__route="Go east")
    answer = author.send(page, carried, "resolve", **{"pick.f.route": "mine"})
    assert answer.status_code == 409
    assert "Go east" in answer.get_data(True)


def test_an_autosave_says_what_became_of_it(author: Writer, app: Flask, system: System) -> None:
    page = drafted(author, system)
    form, old = author.form(page), author.form(page)
    form["f.route"], form["do"] = "Go south", "autosave"
    answer = author.client.post(page, data=form, headers=PART)
    assert answer.get_json()["values"] == {"revision": 2}
    old["f.route"], old["do"] = "Go north", "autosave"
    again = author.client.post(page, data=old, headers=PART)
    assert again.status_code == 409
    assert only(system).content.fields["route"] == "Go south"


def test_nothing_is_kept_by_itself_before_somebody_keeps_it(author: Writer, system: System) -> None:
    form = author.form(ORDER_PAGE)
    form["do"] = "autosave"
    assert author.client.post(ORDER_PAGE, data=form, headers=PART).status_code == 422
    assert alerts(system) == []


def test_what_went_to_review_meanwhile_is_not_edited(author: Writer, app: Flask, system: System) -> None:
    page = drafted(author, system)
    other = Writer.of(app, "approver@judge.example")
    form = author.form(page)
    other.send(page, other.form(page), "submit")
    answer = author.send(page, form, "save", f__route="Go west")
    assert answer.status_code == 409
    assert "in review" in answer.get_data(True)
    assert fields(answer)["f.route"] == "Go west"


def test_the_page_of_what_is_no_draft_says_where_it_stands(author: Writer, system: System) -> None:
    answer = author.client.get(f"/console/alerts/{live(system).id}/edit")
    assert answer.status_code == 409
    assert "the alert is live" in answer.get_data(True)


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
