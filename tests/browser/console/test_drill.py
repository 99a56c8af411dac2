"""The guided drill walked through on the real screens, by one approver, with what each step really needs."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from broadcaster.services import approve, cancel, drill, lift, override, return_, show
from tests.browser.console.conftest import Desk, every_size, no_violations

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


def test_the_drill_is_walked_through_and_the_admin_sees_it(desk: Desk) -> None:
    system, who = desk.system, desk.actor("approver")
    page = desk.page("approver")
    page.emulate_media(reduced_motion="reduce")
    desk.go(page, "/console/drill")
    no_violations(page)
    page.get_by_role("button", name="Begin the drill").click()
    page.get_by_role("button", name="Open it").click()
    alert = page.url.split("/")[-2]
    expect(page.locator(".hatch").first).to_contain_text("EXERCISE")
    return_.return_(system, who, alert, "It is a tornado, not a flood")
    desk.go(page, "/console/drill")
    every_size(desk, page, "drill")
    page.get_by_role("button", name="Let the instructor correct it").click()
    expect(page.get_by_role("link", name="Go to the exercise")).to_be_visible()
    approve.approve(system, who, alert, show.alert(system, alert)["digest"])
    page.get_by_role("button", name="Watch it").click()  # the screen renews itself
    wrong = cancel.cancel(system, who, alert, "practised")
    override.override(system, who, wrong.id, str(wrong.digest), "practised")
    desk.go(page, "/console/drill")
    page.get_by_role("button", name="Ask for the second exercise").click()
    expect(page.get_by_role("link", name="Go to the second exercise")).to_be_visible()
    found = drill.current(system, who.name)
    assert found is not None
    approve.approve(system, who, found.alerts[1], show.alert(system, found.alerts[1])["digest"])
    lift.lift(system, who, found.alerts[1], "over")
    desk.go(page, "/console/drill")
    page.get_by_role("button", name="Finish the drill").click()
    expect(page.get_by_text("You finished the drill")).to_be_visible()
    admin = desk.page("admin", 1280)
    desk.go(admin, "/console/drill")
    no_violations(admin)
    expect(admin.get_by_role("row", name="second@judge.example")).to_contain_text("not yet")
    expect(admin.get_by_role("row", name="approver@judge.example")).not_to_contain_text("not yet")
