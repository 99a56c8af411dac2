"""The guided drill walked through on the real screens, by one approver, with what each step really needs."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from broadcaster.services import drill, expand
from tests.browser.console.conftest import PASSWORD, Desk, every_size, no_violations

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


def approve(page: Page) -> None:
    """On the review's screen: the sentence, the password, the button."""
    page.get_by_label("EXERCISE: I understand this practice message").check()
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("#decide .btn-primary").click()
    page.wait_for_url(lambda address: not address.endswith(("/review", "/decide")))


def test_the_drill_is_walked_through_on_the_real_screens_and_the_admin_sees_it(desk: Desk) -> None:
    page = desk.page("approver")
    page.emulate_media(reduced_motion="reduce")
    desk.go(page, "/console/drill")
    no_violations(page)
    page.get_by_role("button", name="Begin the drill").click()
    page.get_by_role("button", name="Open it").click()
    expect(page.locator("header .hatch")).to_contain_text("EXERCISE")
    page.locator("summary").filter(has_text="Return or reject it").click()
    page.get_by_label("Why? Its author reads this.").fill("It is a tornado, not a flood")
    page.get_by_role("button", name="Return:").click()
    desk.go(page, "/console/drill")
    expect(page.get_by_role("button", name="Let the instructor correct it")).to_be_visible()
    every_size(desk, page, "drill")
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Let the instructor correct it").click()
    page.get_by_role("link", name="Go to the exercise").click()
    approve(page)
    expand.resume(desk.system)
    desk.go(page, "/console/drill")
    page.get_by_role("button", name="Watch it").click()
    page.get_by_role("link", name="Sent in error").first.click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="that it was an error").click()
    desk.go(page, "/console/drill")
    page.get_by_role("button", name="Ask for the second exercise").click()
    page.get_by_role("link", name="Go to the second exercise").click()
    approve(page)
    desk.go(page, "/console/drill")
    page.get_by_role("link", name="Go to the live exercise").click()
    page.get_by_role("link", name="Lift it: declare it over").click()
    page.get_by_role("button", name="Submit the all clear for approval").click()
    desk.go(page, "/console/drill")
    page.get_by_role("button", name="Finish the drill").click()
    expect(page.get_by_text("You finished the drill")).to_be_visible()
    assert [one.finished is not None for one in drill.trained(desk.system)] == [False, True, False]
    admin = desk.page("admin", 1280)
    desk.go(admin, "/console/drill")
    no_violations(admin)
    expect(admin.get_by_role("row", name="second@judge.example")).to_contain_text("not yet")
    expect(admin.get_by_role("row", name="approver@judge.example")).not_to_contain_text("not yet")


def test_an_author_is_told_how_to_practise(desk: Desk) -> None:
    page = desk.page("author")
    desk.go(page, "/console/drill")
    expect(page.get_by_text("switch to exercise mode in the menu")).to_be_visible()
    expect(page.get_by_role("button", name="Begin the drill")).to_have_count(0)
