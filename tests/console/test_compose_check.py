"""What is wrong or costs is named beside it; two people in one draft never overwrite silently."""

from __future__ import annotations

import re

from flask import Flask

from broadcaster.services.system import System
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
from tests.services.agency import live


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
    assert "The alert is live" in answer.get_data(True)
