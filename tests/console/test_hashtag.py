"""The incident's hashtag in the form that begins it and on its page, without script."""

from __future__ import annotations

from broadcaster.domain.alert import State
from broadcaster.services import show
from broadcaster.services.incident_tag import name_incident
from broadcaster.services.system import System
from tests.console.compose_forms import (  # noqa: F401
    ORDER_PAGE,
    Writer,
    drafted,
    judge_app,
    judge_author,
    judge_config,
    judge_system,
    only,
)
from tests.console.test_compose_bundle import PAGE, SAID, alerts
from tests.services.agency import CHIEF, ORDER, live


def posts(system: System, id_: str) -> list[str]:
    return [m["text"] for m in show.alert(system, id_)["messages"] if m["channel"] == "county"]


def test_what_is_typed_is_shown_as_it_will_be_posted_and_is_kept_as_a_hashtag(author: Writer, system: System) -> None:
    form = author.form(ORDER_PAGE)
    assert form["hashtag"] == ""
    shown = author.send(ORDER_PAGE, form, "preview", zone="valley", f__hazard="wildfire", hashtag="oak fire")
    assert shown.get_data(True).count(">#OakFire</span></p>") == 2  # a post in each language
    page = drafted(author, system, hashtag="Bear Creek Fire")
    assert author.form(page)["hashtag"] == "#BearCreekFire"
    assert all(post.endswith(" #BearCreekFire") for post in posts(system, only(system).id))


def test_no_warning_waits_for_a_hashtag_that_is_nearly_one(author: Writer, system: System) -> None:
    form = author.form(ORDER_PAGE)
    told = {"zone": "valley", "f__hazard": "flood", "hashtag": "St. Mary's!"}
    page = author.send(ORDER_PAGE, form, "preview", **told).get_data(True)
    assert "Posts will say #StMarys:" in page.split('data-slot="hashtag"')[1].split("</div>")[0]
    assert author.send(ORDER_PAGE, form, "submit", **told).status_code == 302
    assert (only(system).state, only(system).content.hashtag) == (State.IN_REVIEW, "StMarys")


def test_what_cannot_be_one_is_said_beside_it_and_all_else_is_checked(author: Writer) -> None:
    answer = author.send(ORDER_PAGE, author.form(ORDER_PAGE), "save", zone="valley", f__hazard="flood", hashtag="9-1-1")
    page = answer.get_data(True)
    assert answer.status_code == 422
    assert "needs a letter" in page.split('data-slot="hashtag"')[1].split("</div>")[0]
    assert 'value="9-1-1"' in page
    assert "Judge Valley now" in page


def test_nobody_is_asked_in_an_exercise_or_by_an_update_which_takes_it_over(author: Writer, system: System) -> None:
    old = live(system, ORDER)
    name_incident(system, CHIEF, old.incident, "BearCreekFire")
    page = f"/console/alerts/{old.id}/update"
    form = author.form(page)
    assert "hashtag" not in form
    made = author.send(page, form, "submit", f__route="Go east").headers["Location"].rsplit("/", 1)[1]
    assert all(post.endswith(" #BearCreekFire") for post in posts(system, made))
    author.client.post("/console/exercise", data={"csrf_token": form["csrf_token"], "on": "1"})
    assert "hashtag" not in author.form(ORDER_PAGE)


def test_of_two_hashtags_somebody_chooses_one(author: Writer, system: System) -> None:
    page = drafted(author, system, hashtag="#Mine")
    form = author.form(page)
    name_incident(system, CHIEF, only(system).incident, "#Theirs")
    asked = author.send(page, form, "save")
    assert asked.status_code == 409
    assert asked.get_data(True).count("#Theirs") == 1
    carried = {"revision": str(only(system).revision)}
    assert author.send(page, form, "resolve", pick__hashtag="theirs", **carried).status_code == 302
    assert only(system).content.hashtag == "Theirs"
    author.send(page, form, "resolve", pick__hashtag="mine", revision=str(only(system).revision))
    assert only(system).content.hashtag == "Mine"


def test_a_bundle_is_asked_once_for_all_its_parts(author: Writer, system: System) -> None:
    form = author.form(PAGE)
    answer = author.send(PAGE, form, "save", **{**SAID, "hashtag": "Bear Creek Fire"})
    page = answer.headers["Location"]
    assert {one.content.hashtag for one in alerts(system).values()} == {"BearCreekFire"}
    opened = author.form(page)
    assert opened.getlist("hashtag") == ["#BearCreekFire"]
    part = next(iter(alerts(system).values()))
    assert "hashtag" not in author.form(f"/console/alerts/{part.id}/edit")
    author.send(page, opened, "save", hashtag="")
    assert {one.content.hashtag for one in alerts(system).values()} == {""}


def test_the_incidents_page_shows_it_and_changes_it(author: Writer, system: System) -> None:
    old = live(system, ORDER)
    path = f"/console/incidents/{old.incident}"
    assert "Posts carry none." in author.client.get(path).get_data(True)
    token = {"csrf_token": author.form(ORDER_PAGE)["csrf_token"]}
    wrong = author.client.post(f"{path}/hashtag", data={**token, "hashtag": "911"})
    assert wrong.status_code == 422
    assert "needs a letter" in wrong.get_data(True)
    assert 'value="911"' in wrong.get_data(True)
    assert author.client.post(f"{path}/hashtag", data={**token, "hashtag": "bear creek fire"}).status_code == 302
    page = author.client.get(path).get_data(True)
    assert "Posts carry #BearCreekFire." in page
    assert 'value="#BearCreekFire"' in page
    assert author.client.post("/console/incidents/none/hashtag", data={**token, "hashtag": "x"}).status_code == 404
