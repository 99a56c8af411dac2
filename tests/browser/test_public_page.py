"""The page in a real browser: it renews itself, speaks to screen readers, and says by itself when it is old."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.public.conftest import House, house
from tests.public.made import alert, info, put

__all__ = ["house"]
pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


def _chromium() -> str | None:
    """Given, the system's, or None for Playwright's own."""
    found = os.environ.get("TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    return found or shutil.which("google-chrome")


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=_chromium(), args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 320, "height": 800})
        browser.close()


def test_the_page_renews_itself_and_tells_it_without_moving_the_reader(house: House, page: Page) -> None:
    house.start()
    house.shows(1)
    page.goto(f"http://127.0.0.1:{house.port}/")
    expect(page.locator("main")).to_contain_text("No alerts from Judge County as of")
    house.publish(lambda c: put(c, alert("a1", house.system.now())))
    expect(page.locator("main")).to_contain_text("Leave Judge Valley now")
    expect(page.locator("#urgent")).to_have_text("Act now: Leave Judge Valley now")
    wind = (info("be_aware", headline="Wind tonight"),)
    house.publish(lambda c: put(c, alert("a2", house.system.now(), infos=wind)))
    expect(page.locator("#news")).to_contain_text("Wind tonight")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_paused_page_waits(house: House, page: Page) -> None:
    house.start()
    house.shows(1)
    page.goto(f"http://127.0.0.1:{house.port}/")
    page.get_by_role("button", name="Pause updates").click()
    house.shows(house.publish(lambda c: put(c, alert("a1", house.system.now()))))
    page.evaluate("fetch('/version.json')")
    expect(page.locator("main")).to_contain_text("No alerts from")
    page.get_by_role("button", name="Resume updates").click()
    expect(page.locator("main")).to_contain_text("Leave Judge Valley now")


def test_a_page_whose_server_is_gone_says_so_by_itself(house: House, page: Page) -> None:
    house.start()
    house.shows(1)
    page.clock.install()
    page.goto(f"http://127.0.0.1:{house.port}/")
    expect(page.locator("#stale")).to_have_count(0)
    house.stop(signal.SIGKILL)
    page.clock.fast_forward(200_000)
    expect(page.locator("#stale")).to_contain_text("This page may be out of date")
    expect(page.locator("#stale")).to_contain_text("KJDG 98.1 FM")


def test_a_visitors_wrong_clock_makes_nothing_stale(house: House, page: Page) -> None:
    house.start()
    house.shows(1)
    page.clock.install(time=4_000_000_000)
    page.goto(f"http://127.0.0.1:{house.port}/")
    page.clock.run_for(5_000)
    expect(page.locator("#stale")).to_have_count(0)


def test_nothing_breaks_the_pages_own_rules(house: House, page: Page) -> None:
    from axe_playwright_python.sync_playwright import Axe

    seen: list[str] = []
    page.on("console", lambda message: seen.append(message.text))
    page.on("pageerror", lambda error: seen.append(str(error)))
    house.start()
    house.shows(house.publish(lambda c: put(c, alert("a1", house.system.now()))))
    for path in ("/", "/es", "/alerts/evacuation-order-a1", "/zones", "/zones/judge-valley", "/archive", "/embed"):
        page.goto(f"http://127.0.0.1:{house.port}{path}")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    assert seen == []
