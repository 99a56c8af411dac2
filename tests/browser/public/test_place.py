"""Is my place in it: by the phone's location, which never leaves it, by typing, and without any script."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.public.conftest import address
from tests.public.conftest import House

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]
IN_THE_VALLEY = {"latitude": 44.45, "longitude": -120.84, "accuracy": 20}
NOWHERE = {"latitude": 10.0, "longitude": 10.0, "accuracy": 20}
OUTSIDE_BUT_NEAR = {"latitude": 44.45, "longitude": -120.905, "accuracy": 1500}


def locate(page: Page) -> None:
    page.get_by_role("button", name="Use this phone's location").click()


def test_the_phone_tells_its_zone_and_tells_nobody_else(busy: House, page: Page, complaints: list[str]) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url + (request.post_data or "")))
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation(IN_THE_VALLEY)
    page.goto(address(busy, "/zones"))
    locate(page)
    place = page.locator("#place")
    expect(place).to_contain_text("You are in Judge Valley.")
    expect(place).to_contain_text("Evacuation order: leave Judge Valley and Judge Hills now")
    expect(place).to_contain_text("Act now")
    assert [url for url in asked if "44.4" in url or "120.8" in url] == []
    assert complaints == []


def test_who_stands_near_the_edge_is_counted_in(busy: House, page: Page) -> None:
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation(OUTSIDE_BUT_NEAR)
    page.goto(address(busy, "/zones"))
    locate(page)
    expect(page.locator("#place")).to_contain_text("close to the edge of Judge Valley")


def test_outside_and_refused_are_said_in_words(busy: House, page: Page) -> None:
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation(NOWHERE)
    page.goto(address(busy, "/es/zones"))
    page.get_by_role("button", name="Usar la ubicación de este teléfono").click()
    expect(page.locator("#place")).to_contain_text("fuera de todas las zonas de Judge County")
    page.context.clear_permissions()
    page.goto(address(busy, "/zones"))
    locate(page)
    expect(page.locator("#place")).to_contain_text("may not use your location")


def test_the_list_narrows_while_one_types(busy: House, page: Page) -> None:
    page.goto(address(busy, "/zones"))
    page.get_by_label("Zone, place or code").fill("caz001")
    expect(page.locator("#zones li:visible")).to_have_count(1)
    expect(page.locator("#zones li:visible")).to_contain_text("Judge Valley")
    page.get_by_label("Zone, place or code").fill("Jugde Valey")  # the list never shrinks to nothing
    expect(page.locator("#zones li:visible")).to_have_count(12)
    expect(page.locator("#place")).to_contain_text("No zone fits “Jugde Valey”.")
    page.get_by_label("Zone, place or code").press("Enter")
    expect(page.locator("#found")).to_contain_text("Did you mean one of these?")
    expect(page.locator("#matches li").first).to_contain_text("Evacuation order")


def test_without_script_a_form_answers_and_nothing_is_dead(busy: House, chrome: Browser) -> None:
    context = chrome.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address(busy, "/fr/zones"))
    page.get_by_label("Zone, lieu ou code").fill("judge")
    page.get_by_role("button", name="Chercher").click()
    expect(page.locator("#matches")).to_contain_text("2 zones correspondent à « judge ».")
    expect(page.locator("#matches li")).to_have_count(2)
    expect(page.locator(".share")).to_have_count(0)
    page.locator("#matches a").first.click()
    expect(page.locator(".share").first).to_be_hidden()
    expect(page.locator("h1")).to_contain_text("Judge")
    context.close()
