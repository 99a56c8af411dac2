"""The review on a phone: from the link in a text to live in five actions, and every state pleasant to read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import Locator, Page, expect

from broadcaster.domain.alert import Mode
from broadcaster.services import bundles, compose, login_hint, show
from broadcaster.services.drafting import Draft
from broadcaster.services.return_ import return_
from broadcaster.services.submit import submit
from broadcaster.services.withdraw import withdraw
from tests.browser.console.conftest import LOOKS, PASSWORD, Desk, no_violations, tab_to

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]
SAID = {"hazard": "wildfire", "route": "Go south on Highway 9", "route.es": "Vaya al sur por Highway 9"}
ORDER = Draft("evacuation_order", fields=SAID, zones=("judge-valley", "judge-hills"))
WARNING = Draft("evacuation_warning", fields=SAID, zones=("north-judge",))


class Hands:
    """Counts what a person does: each tap and each field filled is one."""

    def __init__(self) -> None:
        self.actions = 0

    def tap(self, what: Locator) -> None:
        self.actions += 1
        what.click()

    def fill(self, what: Locator, text: str) -> None:
        self.actions += 1
        what.fill(text)


def in_review(desk: Desk, draft: Draft = ORDER) -> str:
    author = desk.actor("author")
    return submit(desk.system, author, compose.create(desk.system, author, draft).id).id


def prove(page: Page) -> None:
    page.locator("#understood").check()
    page.locator("main #password").fill(PASSWORD)


def primary(page: Page) -> Locator:
    return page.locator("#decide .btn-primary")


def test_from_the_link_in_a_text_to_live_in_five_actions_on_a_phone(desk: Desk) -> None:
    id_ = in_review(desk)
    link = f"/console/alerts/{id_}/review?for={login_hint.signed(desk.system, 'approver@judge.example')}"
    page, hands = desk.page(width=390), Hands()
    desk.go(page, link)
    expect(page.locator("#email")).to_have_value("approver@judge.example")
    hands.fill(page.locator("#password"), PASSWORD)
    hands.tap(page.locator("main form button:not([name=lang])").last)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Evacuation order")
    hands.tap(page.locator("#understood"))
    hands.fill(page.locator("main #password"), PASSWORD)
    hands.tap(primary(page))
    expect(page.locator(".state-live")).to_be_visible()
    assert hands.actions <= 5
    assert show.alert(desk.system, id_)["state"] == "live"
    desk.shoot(page, "alert-live-390-light")


def test_approving_and_taking_back_by_keyboard_alone(desk: Desk) -> None:
    id_ = in_review(desk)
    page = desk.page(width=390)
    desk.go(page, f"/console/alerts/{id_}/review?for={login_hint.signed(desk.system, 'approver@judge.example')}")
    keys = page.keyboard
    tab_to(page, "#password")
    keys.type(PASSWORD)
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Evacuation order")
    tab_to(page, "#understood")
    keys.press("Space")
    tab_to(page, "main #password")
    keys.type(PASSWORD)
    tab_to(page, "#decide .btn-primary")
    keys.press("Enter")
    expect(page.locator(".state-live")).to_be_visible()
    tab_to(page, "a[href$='/error']")
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sent in error")
    tab_to(page, "main #password")
    keys.type(PASSWORD)
    tab_to(page, ".btn-danger")
    keys.press("Enter")
    expect(page.locator(".said").first).to_contain_text("The correction is on its way")
    assert show.alert(desk.system, id_)["state"] == "cancelled"


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_every_state_of_the_review_passes_axe(desk: Desk, width: int, dark: bool) -> None:
    shade = f"{width}-{'dark' if dark else 'light'}"
    id_ = in_review(desk)
    page = desk.page("approver", width, dark)
    desk.go(page, f"/console/alerts/{id_}/review")
    expect(page.locator("[data-map] svg")).to_be_visible()
    no_violations(page)
    desk.shoot(page, f"review-{shade}")
    primary(page).click()
    expect(page.locator("#proof-wrong")).to_contain_text("Tick the sentence")
    expect(page.locator("[data-refused]")).to_be_focused()
    desk.errors.clear()  # the browser itself notes an answer that is a refusal
    no_violations(page)
    desk.shoot(page, f"review-refused-{shade}")
    desk.go(page, f"/console/alerts/{id_}/override")
    no_violations(page)
    desk.shoot(page, f"override-{shade}")
    own = desk.page("author", width, dark)
    desk.go(own, f"/console/alerts/{id_}/review")
    expect(own.locator(".deciding")).to_contain_text("approver@judge.example")
    no_violations(own)
    desk.shoot(own, f"review-own-{shade}")


@pytest.mark.parametrize(("width", "dark"), [(390, False), (1280, True)])
def test_a_bundle_is_one_decision_with_the_order_first_and_one_correction(desk: Desk, width: int, dark: bool) -> None:
    author = desk.actor("author")
    id_ = bundles.create(desk.system, author, "evacuation", [WARNING, ORDER])
    parts = bundles.submit(desk.system, author, id_)
    page = desk.page("approver", width, dark)
    desk.go(page, f"/console/alerts/{parts[1].id}/review")
    heads = page.locator(".part-head").all_text_contents()
    assert heads[0].startswith("1. Evacuation order")
    assert heads[1].startswith("2. Evacuation warning")
    expect(primary(page)).to_contain_text("Alert about 120 people")
    no_violations(page)
    desk.shoot(page, f"review-bundle-{width}-{'dark' if dark else 'light'}")
    prove(page)
    primary(page).click()
    expect(page.locator(".state-live")).to_be_visible()
    assert {show.alert(desk.system, part.id)["state"] for part in parts} == {"live"}
    no_violations(page)
    desk.shoot(page, f"alert-bundle-{width}-{'dark' if dark else 'light'}")
    hands = Hands()
    hands.tap(page.get_by_role("link", name="All 2 sent in error"))
    page.wait_for_url("**/error?whole=1")
    no_violations(page)
    desk.shoot(page, f"error-bundle-{width}-{'dark' if dark else 'light'}")
    hands.fill(page.locator("main #password"), PASSWORD)
    hands.tap(page.locator("main .btn-danger"))
    expect(page.locator(".said").first).to_contain_text("The correction is on its way")
    assert hands.actions <= 3
    assert {show.alert(desk.system, part.id)["state"] for part in parts} == {"cancelled"}


def test_a_page_from_before_a_change_is_refused_and_shows_what_changed(desk: Desk) -> None:
    id_ = in_review(desk)
    page = desk.page("approver", 390)
    desk.go(page, f"/console/alerts/{id_}/review")
    prove(page)
    author = desk.actor("author")
    withdraw(desk.system, author, id_)
    changed = {**SAID, "route": "Go north on Highway 9"}
    compose.edit(desk.system, author, id_, replace(ORDER, fields=changed))
    submit(desk.system, author, id_)
    expect(page.locator("[data-live] .wrong")).to_contain_text("It has changed since you opened this page")
    primary(page).click()
    expect(page.locator("#refused")).to_contain_text("changed since you looked")
    desk.errors.clear()  # the browser itself notes an answer that is a refusal
    expect(page.locator(".changes del").first).to_contain_text("south")
    expect(page.locator(".changes ins").first).to_contain_text("north")
    expect(page.locator("#understood")).not_to_be_checked()
    assert show.alert(desk.system, id_)["state"] == "in_review"
    no_violations(page)
    desk.shoot(page, "review-changed-390-light")


def test_what_changed_since_it_was_returned_is_shown(desk: Desk) -> None:
    id_ = in_review(desk)
    return_(desk.system, desk.actor("approver"), id_, "The highway is open to the north only.")
    author = desk.actor("author")
    compose.edit(desk.system, author, id_, replace(ORDER, fields={**SAID, "route": "Go north on Highway 9"}))
    submit(desk.system, author, id_)
    page = desk.page("second", 1280)
    desk.go(page, f"/console/alerts/{id_}/review")
    expect(page.locator(".changes summary").first).to_contain_text("since it was returned")
    expect(page.locator(".changes ins").first).to_contain_text("north")
    no_violations(page)
    desk.shoot(page, "review-returned-1280-light")


def test_somebody_elses_decision_shows_without_reloading(desk: Desk) -> None:
    id_ = in_review(desk)
    page = desk.page("approver", 390)
    desk.go(page, f"/console/alerts/{id_}/review")
    withdraw(desk.system, desk.actor("author"), id_)
    expect(page.locator("[data-live] .said")).to_contain_text("taken back")


def test_one_person_alone_releases_it_and_another_signs(desk: Desk) -> None:
    id_ = in_review(desk)
    page = desk.page("approver", 390)
    desk.go(page, f"/console/alerts/{id_}/review")
    page.get_by_role("link", name="Release it alone").click()
    page.locator("#reason").fill("Nobody answers, the fire is at the road")
    prove(page)
    page.locator(".btn-danger").click()
    expect(page.locator(".waits.owed")).to_contain_text("second signature is owed")
    desk.shoot(page, "alert-owed-390-light")
    other = desk.page("second", 390)
    desk.go(other, f"/console/alerts/{id_}/review")
    expect(primary(other)).to_contain_text("Sign")
    no_violations(other)
    desk.shoot(other, "review-sign-390-light")
    prove(other)
    primary(other).click()
    expect(other.locator(".said").first).to_contain_text("Signed")
    assert not show.alert(desk.system, id_)["signature_owed"]


def test_an_exercise_says_so_and_has_its_own_sentence(desk: Desk) -> None:
    id_ = in_review(desk, replace(ORDER, mode=Mode.EXERCISE))
    page = desk.page("approver", 390)
    desk.go(page, f"/console/alerts/{id_}/review")
    expect(page.locator(".tick")).to_contain_text(
        "EXERCISE: I understand this practice message goes to dozens of people."
    )
    expect(page.locator(".marks .hatch")).to_be_visible()
    no_violations(page)
    desk.shoot(page, "review-exercise-390-light")


@pytest.mark.parametrize("language", ["es"])
def test_the_review_is_read_in_spanish_too(desk: Desk, language: str) -> None:
    page = desk.page("approver", 390, language=language)
    desk.go(page, f"/console/alerts/{in_review(desk)}/review")
    no_violations(page)
    desk.shoot(page, "review-390-es")


def test_returning_needs_no_script(desk: Desk) -> None:
    id_ = in_review(desk)
    page = desk.page("approver", 390, script=False)
    desk.go(page, f"/console/alerts/{id_}/review")
    page.locator("#send-back summary").click()
    page.locator("#send-back textarea").fill("Wrong road")
    page.get_by_role("button", name="Return").click()
    assert show.alert(desk.system, id_)["state"] == "returned"
