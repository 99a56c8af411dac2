"""The page in a real browser: it renews itself, speaks to screen readers, and says by itself when it is old."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import chromium
from tests.public.conftest import House, house
from tests.public.made import alert, info, put

__all__ = ["house"]
pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for all tests here."""
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A small phone's window."""
    made = browser.new_page(viewport={"width": 320, "height": 800})  # in a context of its own
    yield made
    made.close()


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


def test_a_push_message_is_shown_as_it_was_meant_and_an_update_takes_its_place(house: House, page: Page) -> None:
    house.start()
    house.shows(1)
    page.context.grant_permissions(["notifications"], origin=f"http://127.0.0.1:{house.port}")
    devtools = page.context.new_cdp_session(page)
    workers: list[str] = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: workers.extend(one["registrationId"] for one in event["registrations"]),
    )
    devtools.send("ServiceWorker.enable")
    page.goto(f"http://127.0.0.1:{house.port}/")
    page.evaluate(READY)
    arabic = {"title": "أمر إخلاء", "body": "غادروا الآن", "language": "ar", "tag": "fire", "url": "/alerts/a1"}
    for words in ('{"title": "Leave", "tag": "fire"}', json.dumps(arabic | {"sent": "2026-11-22T18:30:00Z"}), "plain"):
        devtools.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": f"http://127.0.0.1:{house.port}", "registrationId": workers[-1], "data": words},
        )
    page.wait_for_function(f"{SHOWN}.then(all => all.some(one => one.title === 'plain'))")
    told = page.evaluate(
        f"{SHOWN}.then(all => all.map(one => [one.title, one.body, one.lang, one.tag, one.requireInteraction]))"
    )
    assert sorted(told) == sorted([["أمر إخلاء", "غادروا الآن", "ar", "fire", True], ["plain", "plain", "", "", True]])
    sent = page.evaluate(f"{SHOWN}.then(all => all.find(one => one.tag === 'fire').timestamp)")
    assert sent == datetime(2026, 11, 22, 18, 30, tzinfo=UTC).timestamp() * 1000


SHOWN = "navigator.serviceWorker.getRegistration('/push/').then(one => one.getNotifications())"
READY = """navigator.serviceWorker.register('/push-worker.js', {scope: '/push/'}).then(one => new Promise(done => {
  const worker = one.installing || one.waiting || one.active;
  if (worker.state === 'activated') return done();
  worker.addEventListener('statechange', () => worker.state === 'activated' && done());
}))"""
