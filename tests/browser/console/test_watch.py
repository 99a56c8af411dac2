"""The watch and the kill switches in a real browser: what needs whom, live without reload, one tap to stop."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from broadcaster.domain.alert import Mode
from broadcaster.services import approve, compose, expand, override, publish, submit, switches
from broadcaster.services.compose import Draft
from broadcaster.store import alarms, heartbeats
from tests.browser.console.conftest import PASSWORD, Desk, every_size, no_violations

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]
ORDER = Draft(
    template="evacuation_order",
    fields={"hazard": "wildfire", "route": "Go south on Highway 9", "route.es": "Vaya al sur por Highway 9"},
    zones=("judge-hills", "judge-valley"),
)


def in_review(desk: Desk, draft: Draft = ORDER) -> tuple[str, str]:
    author = desk.actor("author")
    waiting = submit.submit(desk.system, author, compose.create(desk.system, author, draft).id)
    return waiting.id, str(waiting.digest)


def night(desk: Desk) -> None:
    """A busy one: a review, a live alert half sent, one released alone, an exercise, an alarm."""
    system, approver = desk.system, desk.actor("approver")
    live = in_review(desk)
    approve.approve(system, approver, *live)
    expand.resume(system)
    alone = in_review(desk, replace(ORDER, zones=("north-judge",)))
    override.override(system, desk.actor("second"), *alone, "the other approver does not answer")
    in_review(desk, replace(ORDER, fields={**ORDER.fields, "hazard": "flood"}))
    in_review(desk, replace(ORDER, mode=Mode.EXERCISE))
    compose.create(system, desk.actor("author"), replace(ORDER, zones=("north-judge",)))
    with system.database.write() as connection:
        alarms.ring(
            connection, "channel:sms:30007", "channel", "sms: the phone companies filter our text", system.now()
        )


def test_a_busy_watch_passes_axe_at_every_size(desk: Desk) -> None:
    night(desk)
    switches.stop(desk.system, desk.actor("approver"), "rules", "the feed sends rubbish")
    page = desk.page("approver")
    for name, path in (("watch-busy", "/console/"), ("switches-stopped", "/console/switches")):
        desk.go(page, path)
        every_size(desk, page, name)


def test_a_calm_watch_says_so(desk: Desk) -> None:
    publish.checked(desk.system)
    with desk.system.database.write() as connection:
        for part in ("sender", "worker", "clock"):
            heartbeats.beat(connection, part, "host:1", desk.system.now() + timedelta(minutes=10))
    page = desk.page("author")
    desk.go(page, "/console/")
    expect(page.get_by_text("Nothing needs you.")).to_be_visible()
    every_size(desk, page, "watch-calm")


def test_a_review_appears_by_itself_and_says_whose_it_is(desk: Desk) -> None:
    mine, others = desk.page("approver"), desk.page("author")
    for page in (mine, others):
        desk.go(page, "/console/")
    in_review(desk)
    expect(mine.get_by_text("For you to decide.")).to_be_visible()
    expect(others.get_by_text("You submitted it, so somebody else must decide.")).to_be_visible()
    expect(mine.locator("#told")).to_contain_text("things need somebody")


def test_one_tap_and_a_confirmation_stop_everything_and_everybody_sees_it(desk: Desk) -> None:
    stopper, other = desk.page("approver"), desk.page("author")
    desk.go(stopper, "/console/")
    desk.go(other, "/console/account")
    stopper.locator("summary").filter(has_text="Stop everything").click()
    no_violations(stopper)
    desk.shoot(stopper, "watch-stop-390-light")
    stopper.get_by_role("button", name="Stop all sending now").click()
    expect(stopper.locator(".band.stopped")).to_contain_text("ALL SENDING IS STOPPED by approver@judge.example")
    expect(other.locator(".band.stopped")).to_contain_text("ALL SENDING IS STOPPED")
    assert switches.listing(desk.system)[0].stopped


def test_letting_it_go_on_needs_the_password(desk: Desk) -> None:
    switches.stop(desk.system, desk.actor("approver"), "sending", "wrong county")
    page = desk.page("approver")
    desk.go(page, "/console/switches")
    page.get_by_label("Password").fill("wrong password here")
    page.get_by_role("button", name="Let all sending go on").click()
    expect(page.locator("#proof-wrong")).to_be_visible()
    assert switches.listing(desk.system)[0].stopped
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Let all sending go on").click()
    expect(page.locator(".band.stopped")).to_have_count(0)
    assert not switches.listing(desk.system)[0].stopped
    desk.errors.clear()  # the browser reports the refused form's status


def test_an_author_sees_what_is_stopped_and_cannot_stop(desk: Desk) -> None:
    page = desk.page("author")
    desk.go(page, "/console/")
    expect(page.locator("summary").filter(has_text="Stop everything")).to_have_count(0)
    desk.go(page, "/console/switches")
    expect(page.locator("form[action='/console/switches/stop']")).to_have_count(0)
    status = page.evaluate(
        "fetch('/console/switches/stop', {method: 'POST', headers: {'X-CSRFToken': document.querySelector("
        "'[name=csrf_token]').value}, body: new URLSearchParams({name: 'sending'})}).then(a => a.status)"
    )
    assert status == 403
    assert not switches.listing(desk.system)[0].stopped
    desk.errors.clear()


def test_a_real_alert_is_never_hatched_and_an_exercise_always_is(desk: Desk) -> None:
    real, drill = in_review(desk)[0], in_review(desk, replace(ORDER, mode=Mode.EXERCISE))[0]
    page = desk.page("approver")
    for path in (f"/console/alerts/{drill}", f"/console/alerts/{drill}/review"):
        desk.go(page, path)
        expect(page.locator("header .hatch")).to_contain_text("EXERCISE")
        expect(page).to_have_title(re.compile("^EXERCISE"))
    page.locator("summary").filter(has_text="More").click()
    page.get_by_role("button", name="Exercise mode").click()
    for path in (f"/console/alerts/{real}", f"/console/alerts/{real}/review"):
        desk.go(page, path)
        expect(page.locator("header .hatch")).to_have_count(0)
        expect(page.locator("header .band").filter(has_text="THIS ALERT IS REAL")).to_be_visible()
        expect(page).not_to_have_title(re.compile("EXERCISE"))
    desk.go(page, "/console/")
    expect(page.locator("header .hatch")).to_be_visible()


def test_a_part_that_fails_is_told_of_though_the_others_answer(desk: Desk) -> None:
    page = desk.page("author")
    desk.go(page, "/console/")
    expect(page.locator("#lost")).to_be_hidden()
    page.route("**/console/", lambda route: route.fulfill(status=500, body="broken"))
    expect(page.locator("#lost")).to_be_visible()
    expect(page.locator("#lost [data-since]")).to_have_text(re.compile(r"^\d\d:\d\d P[SD]T$"))  # the agency's zone
    page.unroute("**/console/")
    expect(page.locator("#lost")).to_be_hidden()
    desk.errors.clear()  # the failures that this test made
