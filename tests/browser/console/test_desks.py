"""The desks in a real browser: every screen at every width, light and dark, and what one does on them."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from broadcaster.domain.config import Config, FeedConfig
from broadcaster.services import switches
from broadcaster.services.ingest import ingest
from broadcaster.services.subscribers_csv import export_csv
from broadcaster.services.system import Actor
from tests.browser.console.conftest import PASSWORD, Desk, every_size, no_violations
from tests.services.feed_documents import document

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]
DESKS = {
    "subscribers": "/console/subscribers?q=1000",
    "zones": "/console/zones",
    "feeds": "/console/feeds",
    "feed": "/console/feeds/nws",
    "entry": "/console/entries/1",
    "channels": "/console/channels",
    "channel": "/console/channels/sms",
    "templates": "/console/templates",
    "template": "/console/templates/evacuation_order",
    "audit": "/console/audit",
    "audit-entry": "/console/audit/1",
    "settings": "/console/settings",
    "switches": "/console/switches",
}
NWS = FeedConfig("nws", "cap", url="https://feed.example/", trust="official", enabled=False)


@pytest.fixture
def config(config: Config) -> Config:
    return replace(config, feeds=(NWS,))


def entry_of(desk: Desk) -> None:
    """A warning over Judge Hills, kept, waiting for somebody."""
    over = document(polygon="44.02,-121.39 44.02,-121.35 44.05,-121.35 44.02,-121.39")
    ingest(desk.system, NWS, over, {}, Actor("feed:nws", "test"))


@pytest.mark.parametrize("name", DESKS)
def test_every_desk_passes_axe_at_every_size(desk: Desk, name: str) -> None:
    entry_of(desk)
    page = desk.page("admin")
    desk.go(page, DESKS[name])
    page.locator("main details.help summary").click()
    every_size(desk, page, name)


def test_a_file_of_subscribers_comes_in_and_its_bad_rows_come_back(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("phone,email,language,zones,channels\n+15035559999,,en,judge-hills,\n+1503,,en,judge-hills,\n")
    page = desk.page("admin")
    desk.go(page, "/console/subscribers")
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Import this file").click()
    expect(page.get_by_text("1 new, 0 changed")).to_be_visible()
    no_violations(page)
    desk.shoot(page, "subscribers-imported-390-light")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the rows that were not taken").click()
    assert "+1503" in Path(download.value.path()).read_text()


def test_the_export_asks_for_the_password_and_holds_everybody(desk: Desk) -> None:
    page = desk.page("admin")
    desk.go(page, "/console/subscribers")
    page.get_by_label("Password").fill(PASSWORD)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export all addresses").click()
    whole = io.StringIO()
    export_csv(desk.system, desk.actor("admin"), whole)
    assert Path(download.value.path()).read_text() == whole.getvalue()


def test_zones_show_what_would_change_before_anything_does(desk: Desk, tmp_path: Path) -> None:
    ring = "[[-121.0,45.0],[-120.9,45.0],[-120.9,45.1],[-121.0,45.1],[-121.0,45.0]]"
    file = tmp_path / "zones.geojson"
    file.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"id":"east","name":"East Judge"},'
        f'"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}]}}'
    )
    page = desk.page("admin")
    desk.go(page, "/console/zones")
    page.get_by_label("GeoJSON file").set_input_files(file)
    page.get_by_role("button", name="See what would change").click()
    expect(page.get_by_text("East Judge")).to_be_visible()
    no_violations(page)
    desk.shoot(page, "zones-import-390-light")
    page.get_by_role("button", name="Add 1 and change 0 zones").click()
    expect(page.get_by_role("cell", name="East Judge")).to_be_visible()


def test_a_test_message_goes_to_oneself_and_is_refused_while_all_is_stopped(desk: Desk) -> None:
    switches.stop(desk.system, desk.actor("approver"), "sending")
    page = desk.page("approver")
    desk.go(page, "/console/channels/sms")
    expect(page.get_by_text("You have given no number for it.")).to_be_visible()
    page.get_by_role("button", name="Check it now").click()
    expect(page.locator("main .parts li").first).to_be_visible()


def test_an_entry_is_put_aside_with_a_reason(desk: Desk) -> None:
    entry_of(desk)
    page = desk.page("author")
    desk.go(page, "/console/entries/1")
    page.get_by_label("Nothing is made of it, because").fill("It does not concern us")
    page.get_by_role("button", name="Put it aside").click()
    desk.go(page, "/console/entries/1")
    expect(page.get_by_text("It does not concern us")).to_be_visible()


def test_words_are_signed_by_whoever_answers_for_them(desk: Desk) -> None:
    page = desk.page("approver")
    desk.go(page, "/console/templates/evacuation_order")
    page.get_by_role("button", name="I have read the words in English").click()
    expect(page.get_by_role("heading", name="signed by approver@judge.example")).to_be_visible()


def test_the_audit_finds_a_person_and_says_that_the_chain_is_whole(desk: Desk) -> None:
    page = desk.page("approver")
    desk.go(page, "/console/audit?person=system")
    expect(page.locator("main .trail li")).to_have_count(4)
    page.get_by_role("button", name="Check the chain").click()
    expect(page.get_by_text("The chain is whole")).to_be_visible()
