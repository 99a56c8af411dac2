"""One night in a real browser on the real thing: `serve` with the demonstration agency, from login to phones and page.

With BROADCASTER_SHOTS naming a folder it leaves the README's pictures there (`make pictures`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.console.conftest import browser
from tests.journey.installation import Installation
from tests.servers import free_port

__all__ = ["browser"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(400), pytest.mark.filterwarnings("ignore::ResourceWarning")]
SLOW = 60_000  # milliseconds; a machine that runs other tests too


@pytest.fixture
def demonstration(tmp_path: Path) -> Iterator[Installation]:
    """What `make run` starts on a fresh machine."""
    port = free_port()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("BROADCASTER", "TWILIO", "REDIS", "DATABASE"))}
    kept |= {"BROADCASTER_DATA": str(tmp_path / "var"), "BROADCASTER_CONFIG": str(tmp_path / "none"), "PORT": str(port)}
    made = Installation(tmp_path, port, kept)
    try:
        made.start()
        yield made
    finally:
        made.stop()


class Person:
    """Somebody at a browser; counts what they do, each tap and each field filled."""

    def __init__(self, house: Installation, browser: Browser, email: str, width: int, height: int = 844) -> None:
        words = (house.folder / "var" / "demo-logins.txt").read_text()
        self.email, self.password = email, dict(line.split() for line in words.splitlines())[email]
        self.page = browser.new_context(viewport={"width": width, "height": height}, locale="en").new_page()
        self.page.set_default_timeout(SLOW)
        self.home = f"http://localhost:{house.port}"
        self.actions = 0

    def tap(self, what: Locator) -> None:
        self.actions += 1
        what.click()

    def fill(self, what: Locator, text: str) -> None:
        self.actions += 1
        what.fill(text)

    def log_in(self, path: str) -> None:
        self.page.goto(self.home + path)
        self.fill(self.page.locator("#email"), self.email)
        self.fill(self.page.locator("#password"), self.password)
        self.tap(self.page.locator("main form button:not([name=lang])").last)
        self.page.wait_for_url(lambda address: "/login" not in address)


def shoot(page: Page, name: str) -> None:
    """What a person sees of it, not the whole length."""
    if folder := os.environ.get("BROADCASTER_SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")


def write_the_bundle(author: Person) -> None:
    page = author.page
    author.tap(page.get_by_role("link", name="New alert"))
    author.tap(page.get_by_role("link", name="Evacuation: orders, warnings, shelter"))
    for zone, word in (("Clearwater Valley", "Order"), ("Clearwater Hills", "Warning"), ("Riverside", "Shelter")):
        author.tap(page.get_by_role("group", name=zone).get_by_role("radio", name=word))
    author.actions += 1
    page.locator("[name='f.hazard']").select_option("Wildfire")
    author.fill(page.locator("[name='evacuation_order-f.route']"), "Go south on Highway 9")
    author.fill(page.locator("[name='evacuation_order-f.route.es']"), "Vaya al sur por Highway 9")
    author.fill(page.locator("[name='evacuation_order-f.shelter']"), "Clearwater High School, 12 Oak Street")
    expect(page.locator("[data-check]")).to_contain_text("Leave Clearwater Valley now")
    page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
    shoot(page, "compose")
    author.tap(page.get_by_role("button", name="Submit all for approval"))
    page.wait_for_url(re.compile(r"/console/(alerts|bundles|review)/"))


def test_from_a_fresh_start_to_phones_page_and_correction(demonstration: Installation, browser: Browser) -> None:
    author = Person(demonstration, browser, "author@example.org", 1280, 860)
    author.log_in("/console/")
    write_the_bundle(author)
    assert author.actions <= 14
    approver = Person(demonstration, browser, "approver@example.org", 390)
    approver.log_in("/console/")
    approver.page.locator("main a[href$='/review']").first.click()
    page, approver.actions = approver.page, 2  # from the link in a text the address is filled in: password, log in
    shoot(page, "review-phone")
    approver.tap(page.locator("#understood"))
    approver.fill(page.locator("main #password"), approver.password)
    approver.tap(page.locator("#decide .btn-primary"))
    expect(page.locator(".state-live").first).to_be_visible()
    assert approver.actions <= 5
    the_public_sees_it(demonstration, browser)
    the_phones_have_it(author)
    live = page.url
    expect(page.locator("main")).to_contain_text(re.compile(r"Sent to \d+ of \d+"))
    author.page.goto(author.home + "/console/")
    expect(author.page.locator("main")).to_contain_text("Evacuation order")
    shoot(author.page, "watch")
    author.page.goto(live)
    shoot(author.page, "live")
    correct(approver)


def the_public_sees_it(demonstration: Installation, browser: Browser) -> None:
    reader = browser.new_context(viewport={"width": 390, "height": 844}, locale="en").new_page()
    reader.goto(demonstration.url + "/")
    expect(reader.locator("main")).to_contain_text("leave Clearwater Valley now")
    expect(reader.locator("main")).to_contain_text("Evacuation warning")
    shoot(reader, "page-phone")
    wide = browser.new_context(viewport={"width": 1280, "height": 860}, locale="en").new_page()
    wide.goto(demonstration.url + "/")
    shoot(wide, "page")


def the_phones_have_it(author: Person) -> None:
    author.page.goto(author.home + "/console/simulated")
    expect(author.page.locator(".phone").first).to_contain_text("Clearwater County")
    expect(author.page.locator(".phone p[lang=es]").first).to_be_visible()
    shoot(author.page, "phones")


def correct(approver: Person) -> None:
    """To everybody ever attempted, in three actions from the live alert."""
    page, approver.actions = approver.page, 0
    approver.tap(page.get_by_role("link", name="Sent in error").first)
    approver.fill(page.locator("main #password"), approver.password)
    approver.tap(page.locator("main .btn-danger").first)
    expect(page.locator(".said").first).to_contain_text("The correction is on its way")
    assert approver.actions <= 3
