"""A page that is left open: announcements, a wrong clock, sharing, and an alert that ends while nobody writes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from broadcaster.store.schema import alerts
from tests.browser.public.conftest import address
from tests.public import scenes
from tests.public.conftest import House
from tests.public.made import alert, put

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


def test_an_alert_ends_before_the_readers_eyes(county: Callable[..., House], page: Page) -> None:
    house = county()
    page.goto(address(house, "/zones/judge-valley"))
    house.publish(lambda connection: put(connection, alert("a1", house.system.now())))
    expect(page.locator("#urgent")).to_contain_text("Act now: Leave Judge Valley now")
    ends = house.system.now() + timedelta(seconds=2)
    house.publish(lambda connection: connection.execute(alerts.update().values(expires=ends)))
    expect(page.locator("main")).to_contain_text("Expired: not declared safe")
    expect(page.locator("main")).not_to_contain_text("Act now")
    expect(page.locator("#news")).to_contain_text("Expired: not declared safe")


def test_relative_times_go_by_the_servers_clock(busy: House, page: Page) -> None:
    page.clock.install(time=busy.system.now() + timedelta(hours=2))  # a phone that is two hours off
    page.goto(address(busy, "/"))
    expect(page.locator(".ago").first).to_have_text(re.compile(r"^\(\d\d minutes ago\)$"))
    expect(page.locator("#stale")).to_have_count(0)


def test_focus_stays_where_it_was_when_the_page_changes(county: Callable[..., House], page: Page) -> None:
    house = county()
    at = house.system.now()
    house.shows(house.publish(lambda connection: put(connection, alert("a1", at))))
    page.goto(address(house, "/"))
    page.get_by_role("link", name="Judge Valley", exact=True).focus()
    house.publish(lambda connection: put(connection, scenes.evacuation("order", at, ("Riverside",), id="more")))
    expect(page.locator("#urgent")).to_contain_text("leave Riverside now")
    assert page.evaluate("document.activeElement.textContent") == "Judge Valley"


def test_a_link_is_copied_where_nothing_can_be_shared(busy: House, chrome: Browser) -> None:
    context = chrome.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(address(busy, "/es"))
    page.get_by_role("button", name="Copiar el enlace").first.click()
    expect(page.locator("#news")).to_have_text("Se copió el enlace.")
    assert page.evaluate("navigator.clipboard.readText()") == address(busy, "/alerts/evacuation-order-order")
    context.close()


def test_the_browsers_language_is_spoken_and_the_menu_overrules_it(busy: House, chrome: Browser) -> None:
    context = chrome.new_context(locale="vi-VN")
    page = context.new_page()
    page.goto(address(busy, "/alerts/evacuation-order-order"))
    expect(page.locator("html")).to_have_attribute("lang", "vi")
    expect(page.locator("h1")).to_have_text("Lệnh sơ tán: Judge Valley, Judge Hills")
    expect(page.locator(".original")).to_have_attribute("lang", "en")
    expect(page.locator(".foreign").first).to_have_text("Phần này chỉ có bằng Tiếng Anh.")
    page.locator(".languages summary").click()
    page.get_by_role("link", name="English").click()
    expect(page.locator("h1")).to_have_text("Evacuation order: leave Judge Valley and Judge Hills now")
    page.get_by_role("link", name="Judge Hills").first.click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    context.close()
