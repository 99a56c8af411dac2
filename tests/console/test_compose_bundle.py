"""Several alerts on one page without script: a zone gets one of them, shared facts are said once."""

from __future__ import annotations

from flask import Flask

from broadcaster.domain.alert import Alert, Mode, State
from broadcaster.services import bundles as bundle_service
from broadcaster.services.system import System
from broadcaster.store import alerts as store
from broadcaster.store import bundles as bundle_store
from tests.console.compose_forms import (  # noqa: F401
    Writer,
    fields,
    judge_app,
    judge_author,
    judge_config,
    judge_system,
)
from tests.services.agency import AUTHOR

PAGE = "/console/new/bundle/evacuation"
PLACES = {"part.valley": "evacuation_order", "part.hills": "evacuation_warning"}
SAID = {**PLACES, "f.hazard": "wildfire", "evacuation_order-f.route": "Go south"}


def alerts(system: System) -> dict[str, Alert]:
    with system.database.read() as connection:
        return {alert.content.template: alert for alert in store.in_states(connection)}


def kept(author: Writer, **more: object) -> str:
    """A bundle kept as a draft; the path of its page."""
    answer = author.send(PAGE, author.form(PAGE), "save", **{**SAID, **more})
    assert answer.status_code == 302, answer.get_data(True)
    return answer.headers["Location"]


def test_one_press_submits_all_parts_and_leaves_out_those_without_a_place(author: Writer, system: System) -> None:
    answer = author.send(PAGE, author.form(PAGE), "submit", **SAID)
    found = alerts(system)
    assert set(found) == {"evacuation_order", "evacuation_warning"}
    assert {alert.state for alert in found.values()} == {State.IN_REVIEW}
    assert len({(alert.bundle, alert.incident) for alert in found.values()}) == 1
    assert found["evacuation_order"].content.fields == {"hazard": "wildfire", "route": "Go south"}
    assert found["evacuation_warning"].content.fields == {"hazard": "wildfire"}
    assert answer.headers["Location"] == f"/console/alerts/{found['evacuation_order'].id}"


def test_the_same_bundle_pressed_twice_is_one(author: Writer, system: System) -> None:
    form = author.form(PAGE)
    author.send(PAGE, form, "save", **SAID)
    author.send(PAGE, form, "save", **SAID)
    assert len(alerts(system)) == 2
    with system.database.read() as connection:
        assert len(store.in_states(connection)) == 2


def test_a_zone_in_two_parts_is_refused_in_words(author: Writer, system: System) -> None:
    twice = {**SAID, "part.valley": ["evacuation_order", "evacuation_warning"]}
    looked = author.send(PAGE, author.form(PAGE), "preview", **twice)
    assert "Judge Valley would get two messages at once" in looked.get_data(True)
    answer = author.send(PAGE, author.form(PAGE), "submit", **twice)
    assert "It is kept as a draft and not submitted" in author.client.get(answer.headers["Location"]).get_data(True)
    assert {alert.state for alert in alerts(system).values()} == {State.DRAFT}


def test_a_drawn_area_counts_as_a_place_of_its_part(author: Writer, system: System) -> None:
    shape = {"shelter_in_place-shape": "38.01,-120.99 38.01,-120.95 38.05,-120.95", "f.hazard": "hazmat"}
    answer = author.send(PAGE, author.form(PAGE), "save", **shape)
    (alert,) = alerts(system).values()
    assert (alert.content.template, alert.zones) == ("shelter_in_place", ("valley",))
    assert author.form(answer.headers["Location"])["shelter_in_place-shape"].startswith("38.01,-120.99")


def test_without_any_place_nothing_is_kept_and_it_says_why(author: Writer, system: System) -> None:
    answer = author.send(PAGE, author.form(PAGE), "submit", **{"f.hazard": "flood"})
    assert answer.status_code == 422
    assert "No zone has been given a message" in answer.get_data(True)
    assert fields(answer)["f.hazard"] == "flood"
    assert alerts(system) == {}


def test_what_is_missing_in_all_parts_is_said_once(author: Writer) -> None:
    page = author.send(PAGE, author.form(PAGE), "preview", **PLACES, tried="1").get_data(True)
    assert "1 thing stands in the way" in page
    assert page.count('<a href="#said-field-hazard">Hazard is needed.</a>') == 1


def test_an_emoji_in_a_shared_field_is_said_to_stand_there(author: Writer) -> None:
    looked = author.send(PAGE, author.form(PAGE), "preview", **SAID, **{"f.movement": "from the north \U0001f525"})
    page = looked.get_data(True)
    where = 'No plain character says the same. Take it out of: <a href="#said-field-movement">'
    assert page.count(where) == page.count('<div class="cost">') >= 2  # in the texts of both parts
    assert "It stands in the template or in a name." not in page


def test_a_lost_character_of_a_shared_field_is_said_once_beside_it(author: Writer, system: System) -> None:
    answer = author.send(PAGE, author.form(PAGE), "save", **SAID, **{"f.movement": "a\x07b"})
    page = answer.get_data(True)
    assert answer.status_code == 422
    assert "1 thing stands in the way" in page
    assert 'data-slot="field:movement"><p class="finding blocking">The text' in page
    assert alerts(system) == {}


def test_a_bundle_comes_back_as_it_was_typed(author: Writer) -> None:
    form = author.form(kept(author, **{"f.movement": "from the north", "f.movement.es": "desde el norte"}))
    assert (form["part.valley"], form["part.hills"]) == ("evacuation_order", "evacuation_warning")
    assert (form["f.hazard"], form["f.movement"], form["f.movement.es"]) == (
        "wildfire",
        "from the north",
        "desde el norte",
    )
    assert form["evacuation_order-f.route"] == "Go south"
    assert form["evacuation_warning-f.route"] == ""


def test_a_part_may_lose_its_last_place_and_come_back(author: Writer, system: System) -> None:
    page = kept(author)
    author.send(page, author.form(page), "save", **{"part.hills": ""})
    assert alerts(system)["evacuation_warning"].state == State.DISCARDED
    form = author.form(page)
    assert form["f.hazard"] == "wildfire"
    assert author.send(page, form, "save", **{"part.hills": "shelter_in_place"}).status_code == 302
    with system.database.read() as connection:
        parts = bundle_store.parts(connection, page.split("/")[3])
    assert [(part.content.template, part.zones) for part in parts] == [
        ("evacuation_order", ("valley",)),
        ("shelter_in_place", ("hills",)),
    ]
    assert parts[1].content.fields == {"hazard": "wildfire"}


def test_a_form_that_still_names_a_part_put_away_makes_a_new_one(author: Writer, system: System) -> None:
    page = kept(author)
    old = author.form(page)
    author.send(page, author.form(page), "save", **{"part.hills": ""})
    carried = fields(author.send(page, old, "save"), which="")
    assert author.send(page, carried, "resolve", **{"pick.where": "mine"}).status_code == 302
    with system.database.read() as connection:
        assert len(bundle_store.parts(connection, page.split("/")[3])) == 2


def test_two_people_in_one_bundle_never_overwrite_silently(author: Writer, app: Flask, system: System) -> None:
    page = kept(author)
    other = Writer.of(app, "approver@judge.example")
    mine = author.form(page)
    theirs = {"f.hazard": "flood", "evacuation_order-f.route": "Go north", "part.hills": "shelter_in_place"}
    assert other.send(page, other.form(page), "save", **theirs).status_code == 302
    answer = author.send(page, mine, "save", **{"f.hazard": "tsunami", "evacuation_warning-f.route": "Go west"})
    assert answer.status_code == 409
    text = answer.get_data(True)
    assert "Two people wrote in this draft" in text
    assert text.count('<fieldset class="versions">') == 3  # the hazard once for all parts, the order's route, where
    assert "Order: Way out" in text
    assert alerts(system)["evacuation_order"].content.fields["hazard"] == "flood"
    carried = fields(answer, which="")
    left = author.send(page, carried, "resolve", **{"pick.f.hazard": "mine"})
    assert left.status_code == 422
    assert "Choose in every row." in left.get_data(True)
    picks = {"pick.f.hazard": "mine", "pick.where": "theirs", "pick.evacuation_order-f.route": "theirs"}
    assert author.send(page, carried, "resolve", **picks).status_code == 302
    found = alerts(system)
    assert found["evacuation_order"].content.fields == {"hazard": "tsunami", "route": "Go north"}
    assert found["shelter_in_place"].content.fields == {"hazard": "tsunami"}
    assert found["shelter_in_place"].zones == ("hills",)
    assert found["evacuation_warning"].state == State.DISCARDED


def test_an_autosave_of_a_bundle_hands_back_ids_and_revisions(author: Writer, system: System) -> None:
    page = kept(author)
    form = author.form(page)
    form["f.hazard"], form["do"] = "flood", "autosave"
    values = author.client.post(page, data=form, headers={"X-Part": "1"}).get_json()["values"]
    found = alerts(system)
    assert values["revision.evacuation_order"] == found["evacuation_order"].revision == 2
    assert values["id.evacuation_warning"] == found["evacuation_warning"].id
    assert values["revision.shelter_in_place"] == ""
    assert author.client.post(page, data=form, headers={"X-Part": "1"}).status_code == 409


def test_a_bundle_begun_as_an_exercise_stays_one(author: Writer, system: System) -> None:
    token = author.form(PAGE)["csrf_token"]
    author.client.post("/console/exercise", data={"csrf_token": token, "on": "1"})
    form = author.form(PAGE)
    author.client.post("/console/exercise", data={"csrf_token": token, "on": "0"})
    page = author.send(PAGE, form, "save", **SAID).headers["Location"]
    assert author.send(page, author.form(page), "save", mode="actual").status_code == 302
    assert {alert.mode for alert in alerts(system).values()} == {Mode.EXERCISE}
    assert 'class="exercise"' in author.client.get(page).get_data(True)


def test_what_is_in_review_is_not_written_anew(author: Writer, system: System) -> None:
    page = kept(author)
    form = author.form(page)
    bundle_service.submit(system, AUTHOR, page.split("/")[3])
    answer = author.send(page, form, "save", **{"f.hazard": "flood"})
    assert answer.status_code == 409
    assert "in review" in answer.get_data(True)


def test_an_unknown_bundle_is_said(author: Writer) -> None:
    assert author.client.get("/console/new/bundle/nothing").status_code == 422
    assert author.client.get("/console/bundles/nothing/edit").status_code == 404


def test_a_bundle_is_put_away_whole(author: Writer, system: System) -> None:
    page = kept(author)
    token = author.form(PAGE)["csrf_token"]
    away = page.replace("/edit", "/discard")
    assert author.client.post(away, data={"csrf_token": token, "reason": "wrong fire"}).status_code == 302
    assert {alert.state for alert in alerts(system).values()} == {State.DISCARDED}
    assert author.client.post(away, data={"csrf_token": token}).status_code == 404


def test_a_bundle_in_review_is_not_put_away(author: Writer, system: System) -> None:
    page = kept(author)
    bundle_service.submit(system, AUTHOR, page.split("/")[3])
    away, token = page.replace("/edit", "/discard"), author.form(PAGE)["csrf_token"]
    assert author.client.post(away, data={"csrf_token": token}).status_code == 409
    assert {alert.state for alert in alerts(system).values()} == {State.IN_REVIEW}
