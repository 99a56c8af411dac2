"""Every page in every language at three widths, light and dark: no violation, nothing wider than the screen."""

from __future__ import annotations

import os
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from broadcaster.rendering.phrasebook import ORDER
from tests.browser.public.conftest import address
from tests.public.conftest import House

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning"), pytest.mark.timeout(400)]
Scheme = Literal["light", "dark"]
PATHS = (
    "/",
    "/alerts/evacuation-order-order",
    "/alerts/evacuation-order-e0",
    "/zones",
    "/zones?q=judge",
    "/zones/judge-valley",
    "/zones/ferry-landing",
    "/archive",
    "/data",
    "/embed",
    "/alerts/none",
)
WIDTHS: tuple[int, ...] = (320, 390, 1280)
EVERY: list[tuple[int, Scheme]] = [(width, scheme) for width in WIDTHS for scheme in ("light", "dark")]
EACH: list[tuple[int, Scheme]] = [(320, "light"), (390, "dark"), (1280, "light")]  # each width, each scheme
ALL = os.environ.get("AXE") == "all"  # every pair in every language, a matter of minutes
ALIKE = ("/alerts/evacuation-order-e0", "/zones", "/zones/ferry-landing", "/embed")  # others show the same parts
WIDE = "document.documentElement.scrollWidth - innerWidth"
SMALL = """() => [...document.querySelectorAll('a,button,summary,input')].filter(e => {
  const b = e.getBoundingClientRect(), inline = getComputedStyle(e).display === 'inline';
  return b.width > 0 && !inline && !e.closest('.unseen,.skip') && (b.width < 24 || b.height < 24);
}).map(e => e.outerHTML.slice(0, 90))"""


@pytest.mark.parametrize("language", ORDER)
def test_every_page_is_accessible_in_every_language_width_and_scheme(busy: House, page: Page, language: str) -> None:
    axe, first = Axe(), language == "en"  # the others differ in their words alone
    for path in PATHS if ALL or first else [path for path in PATHS if path not in ALIKE]:
        page.goto(address(busy, f"/{language}{path}".rstrip("/")))
        for width, scheme in EVERY if ALL else EACH if first else EACH[:1]:
            page.set_viewport_size({"width": width, "height": 844})
            page.emulate_media(color_scheme=scheme)
            found = axe.run(page)
            assert found.violations_count == 0, f"{path} {width} {scheme}: {found.generate_report()}"
            assert page.evaluate(WIDE) <= 0, f"{path} is wider than {width}"
        assert page.evaluate(SMALL) == [], path


def test_nothing_is_lost_where_text_is_twice_as_large(busy: House, page: Page) -> None:
    page.set_viewport_size({"width": 640, "height": 844})
    for path in ("/", "/zones", "/alerts/evacuation-order-order", "/ar"):
        page.goto(address(busy, path))
        page.evaluate("document.documentElement.style.fontSize = '36px'")
        assert page.evaluate(WIDE) <= 0, path


def test_a_page_of_forced_colours_keeps_its_borders_and_words(busy: House, page: Page) -> None:
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    page.goto(address(busy, "/"))
    expect(page.locator(".band.act_now .level").first).to_have_text("Act now")
    assert page.evaluate("getComputedStyle(document.querySelector('.band')).borderTopWidth") == "2px"
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_a_printed_alert_carries_its_code_and_no_buttons(busy: House, page: Page) -> None:
    page.goto(address(busy, "/alerts/evacuation-order-order"))
    expect(page.locator(".sheet svg")).to_be_hidden()
    page.emulate_media(media="print", color_scheme="dark")  # paper is white whatever the screen prefers
    assert page.evaluate("getComputedStyle(document.querySelector('.map>svg')).backgroundColor") == "rgb(240, 239, 233)"
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light only"
    expect(page.locator(".sheet svg")).to_be_visible()
    expect(page.locator(".sheet")).to_contain_text("/alerts/evacuation-order-order")
    expect(page.locator("nav")).to_be_hidden()
    expect(page.locator(".share").first).to_be_hidden()
    expect(page.locator("h1")).to_be_visible()


def test_feed_and_cap_file_read_as_pages(busy: House, page: Page, complaints: list[str]) -> None:
    page.goto(address(busy, "/feed.atom"))
    entry = page.locator("entry").first
    expect(entry).to_be_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('entry')).borderTopWidth") == "2px"
    entry.locator("a").first.click()
    expect(page.locator("h1")).to_contain_text("leave Judge Valley and Judge Hills now")
    page.goto(address(busy, "/cap/judge-order.xml"))
    expect(page.locator("h1").first).to_contain_text("leave Judge Valley and Judge Hills now")
    expect(page.locator("dl").first).to_contain_text("Immediate")
    expect(page.locator("xslt-warning-banner")).to_be_hidden()
    assert [text for text in complaints if "XSLT" not in text and "inline" not in text] == []
