"""The editor of rules in a real browser: by keyboard on a phone without script, and at every size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from broadcaster.domain.config import Config, FeedConfig
from broadcaster.rules_file import RulesFile
from broadcaster.services.ingest import ingest
from broadcaster.services.system import Actor
from broadcaster.settings import load_rules
from tests.browser.console.conftest import Desk, every_size, tab_to
from tests.services.feed_documents import document

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]
NWS = FeedConfig("nws", "cap", url="https://feed.example/", trust="official", enabled=False)
TEXT = """[[rule]]
name = "severe weather"
feeds = ["nws"]
match = { severity = ["Extreme", "Severe"] }
action = "submit"

[[rule]]
name = "the rest by night"
match = { hours = ["22:00-06:00"] }
action = "draft"
"""


@pytest.fixture
def config(config: Config) -> Config:
    return replace(config, feeds=(NWS,))


def test_a_rule_is_written_by_keyboard_on_a_phone_without_script_and_its_pages_pass_axe(
    desk: Desk, tmp_path: Path
) -> None:
    over = document(polygon="44.02,-121.39 44.02,-121.35 44.05,-121.35 44.02,-121.39")
    ingest(desk.system, NWS, over, {}, Actor("feed:nws", "test"))
    path = tmp_path / "rules.toml"
    path.write_text(TEXT)
    file = RulesFile(path, replace(desk.system.config, rules=load_rules(path, desk.system.config)), every=0)
    object.__setattr__(desk.system, "rules_file", file)  # the app that serves the desk holds this very System
    plain = desk.go(desk.page("admin", script=False), "/console/rule/new")
    tab_to(plain, "#name")
    plain.keyboard.type("tornado")
    tab_to(plain, "#place")
    plain.keyboard.press("Home")
    tab_to(plain, "input[name=action]")
    plain.keyboard.press("ArrowUp")  # from "submits" to "drafts"
    tab_to(plain, "#events")
    plain.keyboard.type("Tornado Warning")
    tab_to(plain, ".act button")
    plain.keyboard.press("Enter")
    expect(plain.locator("main")).to_contain_text("submitted for approval → a draft")
    assert plain.evaluate("document.documentElement.scrollWidth <= innerWidth")
    desk.shoot(plain, "rule-change-390-plain")
    page = desk.page("admin")
    every_size(desk, desk.go(page, "/console/rules"), "rules")
    every_size(desk, desk.go(page, "/console/rules/severe weather/change"), "rule-form")
    every_size(desk, desk.go(page, "/console/rules/severe weather/remove"), "rule-change")
