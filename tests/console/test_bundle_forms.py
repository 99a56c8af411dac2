"""A live bundle through forms: one card, one correction, one all clear; and each alert by itself all the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import sqlalchemy as sa
from markupsafe import escape

from broadcaster.services import audit, bundles, expand, show
from broadcaster.services.approve import approve
from broadcaster.services.correct import correct
from broadcaster.services.extend import extend
from broadcaster.services.lift import lift
from broadcaster.services.return_ import return_
from broadcaster.services.system import System
from broadcaster.store.schema import alarms, broadcasts, deliveries, reviews, versions
from tests.console.compose_forms import judge_config, judge_system  # noqa: F401
from tests.console.conftest import Visitor
from tests.people import PASSWORD
from tests.services.agency import AUTHOR, CHIEF, rows
from tests.services.test_bundles import VALLEY, WARNING

New = Callable[..., Visitor]
DRAFTED = re.compile(r'<fieldset class="zone-row"')


def waiting(system: System) -> tuple[str, list[str]]:
    """A bundle in review, written with the warning first: its id, and its alerts in order."""
    id_ = bundles.create(system, AUTHOR, "evacuation", [WARNING, VALLEY])
    return id_, [part.id for part in bundles.submit(system, AUTHOR, id_)]


def live(system: System) -> list[str]:
    """The order and the warning of a bundle on air."""
    id_, ids = waiting(system)
    approve(system, CHIEF, ids[0], bundles.show(system, id_)["digest"])
    return ids


def states(system: System, ids: list[str]) -> list[str]:
    return [str(show.alert(system, id_)["state"]) for id_ in ids]


def followed(system: System, ids: list[str]) -> list[dict[str, object]]:
    """What replaces these, in their order."""
    every = show.listing(system)["alerts"]
    found = {one["replaces"][0]: one for one in (show.alert(system, row["id"]) for row in every) if one["replaces"]}
    return [found[id_] for id_ in ids]


def page(visitor: Visitor, path: str) -> str:
    return visitor.get(f"/console{path}").get_data(True)


# --- sent in error ------------------------------------------------------------------------------------------------
def test_all_of_a_live_bundle_is_corrected_by_one_form_and_signed_once(system: System, visitor: New) -> None:
    ids, one = live(system), visitor("approver")
    expand.resume(system)
    with system.database.write() as connection:
        connection.execute(deliveries.update().values(state="delivered"))
    assert f'href="/console/alerts/{ids[1]}/error?whole=1"' in page(one, f"/alerts/{ids[1]}")
    asked = page(one, f"/alerts/{ids[1]}/error?whole=1")
    assert "All 2 were sent in error" in asked
    assert "Tell about 4 people now" in asked
    before = len(rows(system, sa.select(versions.c.number)))
    assert one.post(f"/console/alerts/{ids[1]}/error?whole=1", password=PASSWORD).status_code == 302
    assert states(system, ids) == ["cancelled", "cancelled"]
    made = followed(system, ids)
    assert {part["state"] for part in made} == {"live"}
    assert len({part["bundle"]["id"] for part in made}) == 1
    assert made[0]["bundle"]["alerts"] == [part["id"] for part in made]
    assert len(rows(system, sa.select(versions.c.number))) == before + 1
    told = dict(rows(system, sa.select(broadcasts.c.alert, broadcasts.c.priority)))
    assert [told[part["id"]] for part in made] == [5, 6]  # the order's people first
    owed = rows(system, sa.select(alarms.c.key).where(alarms.c.kind == "signature_owed", alarms.c.cleared.is_(None)))
    assert [row.key for row in owed] == [f"signature:{made[0]['id']}"]
    first = page(visitor("chief"), "/")
    assert first.count("Your signature is owed.") == 1
    approve(system, CHIEF, made[1]["id"], made[0]["bundle"]["digest"])
    assert {show.alert(system, part["id"])["signature_owed"] for part in made} == {False}
    assert audit.verify(system) == []


def test_without_proof_nothing_of_a_bundle_is_corrected(system: System, visitor: New) -> None:
    ids = live(system)
    answer = visitor("approver").post(f"/console/alerts/{ids[0]}/error?whole=1", password="wrong horse battery")
    assert answer.status_code == 401
    assert 'action="/console/alerts/' + ids[0] + '/error?whole=1"' in answer.get_data(True)
    assert visitor("author").post(f"/console/alerts/{ids[0]}/error?whole=1", password=PASSWORD).status_code == 403
    assert states(system, ids) == ["live", "live"]
    assert len(show.listing(system)["alerts"]) == 2


def test_one_of_a_live_bundle_is_corrected_alone(system: System, visitor: New) -> None:
    ids, one = live(system), visitor("approver")
    assert "All 2 that are live of this incident" in page(one, f"/alerts/{ids[1]}/error")
    assert one.post(f"/console/alerts/{ids[1]}/error", password=PASSWORD).status_code == 302
    assert states(system, ids) == ["live", "cancelled"]
    alone = page(one, f"/alerts/{ids[0]}")
    assert "whole=1" not in alone
    assert f'href="/console/alerts/{ids[0]}/error"' in alone
    assert one.post(f"/console/alerts/{ids[0]}/error?whole=1", password=PASSWORD).status_code == 302
    assert states(system, ids) == ["cancelled", "cancelled"]


def test_what_waits_for_all_is_handed_in_once_and_released_instead_of_a_second(system: System, visitor: New) -> None:
    ids, author = live(system), visitor("author")
    for id_ in (*ids, ids[0]):
        assert author.post(f"/console/alerts/{id_}/error?whole=1", do="review").status_code == 302
    made = followed(system, ids)
    assert [part["state"] for part in made] == ["in_review", "in_review"]
    assert len(show.listing(system)["alerts"]) == 4
    waits = page(visitor("approver"), "/")
    assert waits.count("For you to decide.") == 1
    assert "2 alerts, decided together" in waits
    correct(system, CHIEF, ids[1], "drill", whole=True)
    assert [part["state"] for part in followed(system, ids)] == ["live", "live"]
    assert len(show.listing(system)["alerts"]) == 4


def test_a_correction_of_one_never_releases_what_waits_for_all(system: System, visitor: New) -> None:
    ids = live(system)
    visitor("author").post(f"/console/alerts/{ids[0]}/error?whole=1", do="review")
    correct(system, CHIEF, ids[0], "this one only")
    assert states(system, ids) == ["cancelled", "live"]
    waiting_all = [row for row in show.listing(system)["alerts"] if row["state"] == "in_review"]
    assert len(waiting_all) == 2


def test_what_a_part_became_since_is_corrected_with_the_others(system: System, visitor: New) -> None:
    ids, one = live(system), visitor("approver")
    newer = extend(system, AUTHOR, ids[0])
    approve(system, CHIEF, newer.id, str(newer.digest))
    assert "All 2 were sent in error" in page(one, f"/alerts/{newer.id}/error?whole=1")
    assert one.post(f"/console/alerts/{ids[1]}/error?whole=1", password=PASSWORD).status_code == 302
    assert states(system, [newer.id, ids[1]]) == ["cancelled", "cancelled"]
    assert show.alert(system, ids[0])["state"] == "superseded"


# --- lifting and extending all ------------------------------------------------------------------------------------
def test_all_of_a_bundle_is_lifted_and_confirmed_together_and_approved_as_one(system: System, visitor: New) -> None:
    ids, author = live(system), visitor("author")
    asked = page(author, f"/alerts/{ids[0]}/extend?whole=1")
    assert "Confirm that all 2 still hold" in asked
    assert author.post(f"/console/alerts/{ids[0]}/extend?whole=1").status_code == 302
    again = followed(system, ids)
    assert [part["template"] for part in again] == ["evacuation_order", "evacuation_warning"]
    edit = f"/bundles/{again[0]['bundle']['id']}/edit"
    assert len(DRAFTED.findall(page(author, edit))) == 2  # the same words have the bundle's own page
    approve(system, CHIEF, str(again[0]["id"]), again[0]["bundle"]["digest"])
    ids = [str(part["id"]) for part in again]
    assert states(system, ids) == ["live", "live"]
    assert "Lift all 2: declare them over" in page(author, f"/alerts/{ids[1]}/lift?whole=1")
    assert author.post(f"/console/alerts/{ids[1]}/lift?whole=1").status_code == 302
    clear = followed(system, ids)
    assert [part["zones"] for part in clear] == [["valley"], ["hills"]]
    approve(system, CHIEF, str(clear[1]["id"]), clear[0]["bundle"]["digest"])
    assert states(system, ids) == ["lifted", "lifted"]


def test_a_returned_all_clear_of_several_is_mended_part_by_part(system: System, visitor: New) -> None:
    ids, author = live(system), visitor("author")
    made = lift(system, AUTHOR, ids[0], whole=True)
    return_(system, CHIEF, made.id, "not before noon")
    assert f'href="/console/bundles/{made.bundle}/edit"' in page(author, "/")
    answer = author.get(f"/console/bundles/{made.bundle}/edit")
    assert answer.headers["Location"] == f"/console/alerts/{made.id}/edit"
    form = page(author, f"/alerts/{made.id}/edit")
    assert "Returned by chief@judge.example:</strong> not before noon" in form
    assert "It is submitted and decided together with:" in form


# --- one card -----------------------------------------------------------------------------------------------------
def test_a_bundle_is_one_card_on_the_watch_and_in_the_list_with_its_parts_named(system: System, visitor: New) -> None:
    one = visitor("approver")
    id_, ids = waiting(system)
    for path in ("/", "/alerts"):
        found = page(one, path)
        assert found.count("2 alerts, decided together") == 1
        assert found.index(f'href="/console/alerts/{ids[0]}"') < found.index(f'href="/console/alerts/{ids[1]}"')
    approve(system, CHIEF, ids[0], bundles.show(system, id_)["digest"])
    first = page(one, "/")
    assert "<h2>Live (1)</h2>" in first
    assert first.count('<article class="item live"') == 1
    assert page(one, "/alerts?show=live").count('<article class="item live">') == 1
    correct(system, CHIEF, ids[1], "only the warning")
    assert "2 alerts, decided together" not in page(one, "/alerts?show=live")
    assert "<h2>Live (2)</h2>" in page(one, "/")


def test_a_returned_bundle_says_on_top_who_returned_it_and_why(system: System, visitor: New) -> None:
    id_, ids = waiting(system)
    author = visitor("author")
    assert 'id="returned"' not in page(author, f"/bundles/{id_}/edit")
    return_(system, CHIEF, ids[1], "the road is <open>")
    form = page(author, f"/bundles/{id_}/edit")
    assert "Returned by chief@judge.example:</strong> the road is &lt;open&gt;" in form
    assert form.index('id="returned"') < form.index('id="compose"')
    assert page(author, "/").count("Mend it and submit it again.") == 1


# --- the review ---------------------------------------------------------------------------------------------------
def test_what_decides_stands_before_the_decision_and_every_text_is_on_the_page(system: System, visitor: New) -> None:
    _, ids = waiting(system)
    found = page(visitor("approver"), f"/alerts/{ids[0]}/review")
    marks = [
        'class="facts"',
        'class="finding',
        "1. Evacuation order",
        "2. Evacuation warning",
        "data-map",
        'id="decide"',
    ]
    places = [found.index(mark) for mark in [*marks, 'id="words"']]
    assert places == sorted(places)
    texts = [m for id_ in ids for m in show.alert(system, id_)["messages"]]
    assert {f'id="text-{id_}-{m["channel"]}-{m["language"]}"' for id_ in ids for m in texts} <= set(
        re.findall(r'id="text-[^"]+"', found)
    )
    plain = re.sub(r'<span class="link">(.*?)</span>', r"\1", found)
    assert all(str(escape(m["text"])) in plain for m in texts)
    opened = re.findall(r'<details class="one-text[^>]* id="text-([^"]+)" open>', found)
    assert opened == [f"{id_}-sms-en" for id_ in ids]


def test_an_alert_without_text_messages_opens_its_first_text(system: System, visitor: New) -> None:
    id_ = bundles.create(system, AUTHOR, "evacuation", [replace(VALLEY, channels=("county",))])
    (part,) = bundles.submit(system, AUTHOR, id_)
    found = page(visitor("approver"), f"/alerts/{part.id}/review")
    assert re.findall(r' id="text-([^"]+)" open>', found) == [f"{part.id}-county-en"]


# --- what is offered ----------------------------------------------------------------------------------------------
def test_a_shortfalls_link_chooses_its_channels(system: System, visitor: New) -> None:
    ids, author = live(system), visitor("author")
    form = page(author, f"/alerts/{ids[0]}/update?channels=county,nothing")
    assert re.findall(r'name="channel" value="(\w+)" checked', form) == ["county"]
    assert re.findall(r'name="channel" value="(\w+)" checked', page(author, f"/alerts/{ids[0]}/update")) == [
        "sms",
        "county",
    ]
    assert f'action="/console/alerts/{ids[0]}/update"' in form


def test_a_correction_and_an_all_clear_offer_no_ending_of_their_own(system: System, visitor: New) -> None:
    ids, one = live(system), visitor("approver")
    clear = lift(system, AUTHOR, ids[1])
    approve(system, CHIEF, clear.id, str(clear.digest))
    for made in (correct(system, CHIEF, ids[0], "no fire"), clear):
        shown = page(one, f"/alerts/{made.id}")
        assert f"/alerts/{made.id}/update" in shown
        for act in ("error", "lift", "extend"):
            assert f"/alerts/{made.id}/{act}" not in shown


def test_a_refused_stop_says_why(system: System, visitor: New) -> None:
    _, ids = waiting(system)
    answer = visitor("approver").post(f"/console/alerts/{ids[0]}/stop")
    assert answer.status_code == 409
    summary = answer.get_data(True).partition("data-refused>")[2].partition("</div>")[0]
    assert "The sending was not stopped:" in summary
    assert "in review" in summary
    assert rows(system, sa.select(reviews.c.verb).where(reviews.c.alert == ids[0])) == [("submit",)]
