"""What every screen of the console has: login, menu, two languages, exercise mode, light and dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.console.conftest import LOOKS, Desk, no_violations

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_the_first_screens_pass_axe_at_every_width_light_and_dark(desk: Desk, width: int, dark: bool) -> None:
    page = desk.page(width=width, dark=dark)
    desk.go(page, "/console/login")
    no_violations(page)
    desk.shoot(page, f"login-{width}-{'dark' if dark else 'light'}")
    page = desk.page("author", width, dark)
    no_violations(page)
    desk.shoot(page, f"watch-empty-{width}-{'dark' if dark else 'light'}")


def test_the_menu_opens_and_closes_by_keyboard(desk: Desk) -> None:
    page = desk.page("author")
    page.locator("summary").filter(has_text="More").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Log out")).to_be_hidden()


def test_exercise_mode_marks_every_screen(desk: Desk) -> None:
    page = desk.page("author")
    page.locator("summary").filter(has_text="More").click()
    page.get_by_role("button", name="Exercise mode").click()
    expect(page.locator(".hatch").first).to_contain_text("EXERCISE")
    expect(page.get_by_role("link", name="New exercise")).to_be_visible()
    no_violations(page)
    desk.shoot(page, "exercise-390-light")
