"""Rules in the console: read, tested, armed by two, disarmed; and what a notice of a release leads to."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from broadcaster.domain.config import Config, FeedConfig, Match, RuleConfig
from broadcaster.services import arm, show
from broadcaster.services.ingest import ingest
from broadcaster.services.system import Actor, System
from tests.console.conftest import Visitor
from tests.people import PASSWORD
from tests.services.agency import agency, settle_people
from tests.services.feed_documents import START, document

NWS = FeedConfig("nws", "cap", trust="official")
RULE = RuleConfig(
    "tornado",
    "release",
    feeds=("nws",),
    match=Match(event=("Tornado Warning",), severity=("Extreme",), zones=("valley",)),
    max_per_hour=2,
)
PAGE = "/console/rules/tornado"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    made = agency(tmp_path)
    policy = replace(made.policy, release_oldest_minutes=120)
    return replace(made, policy=policy, feeds=(NWS,), rules=(RULE,))


@pytest.fixture(autouse=True)
def county(house: System) -> None:
    settle_people(house)


def digest(page: str) -> str:
    found = re.search(r'name="digest" value="([0-9a-f]{64})"', page)
    return found[1] if found else ""


def test_two_approvers_arm_a_tested_rule_and_a_release_can_be_stopped_from_its_notice(
    house: System, visitor: Callable[..., Visitor]
) -> None:
    author, chief, approver = visitor("author"), visitor("chief"), visitor("approver")
    assert "tornado" in author.get("/console/rules").text
    assert digest(chief.get(PAGE).text) == ""
    assert author.post(f"{PAGE}/test").status_code == 302
    read = digest(chief.get(PAGE).text)
    assert digest(author.get(PAGE).text) == ""
    assert author.post(f"{PAGE}/arm", digest=read, password=PASSWORD).status_code == 403
    assert chief.post(f"{PAGE}/arm", digest=read, password="wrong").status_code == 401
    assert chief.post(f"{PAGE}/arm", digest=read, password=PASSWORD).status_code == 302
    again = chief.post(f"{PAGE}/arm", digest=read, password=PASSWORD)
    assert (again.status_code, "another person must sign now" in again.text) == (403, True)
    assert approver.post(f"{PAGE}/arm", digest=read, password=PASSWORD).status_code == 302
    assert "Armed: it releases by itself." in chief.get(PAGE).text
    made = ingest(house, NWS, document(), {}, Actor("x", "test")).entries[0].alert
    assert show.alert(house, str(made))["state"] == "live"
    assert "Released by the rule tornado, by itself." in author.get("/console/").text
    page = chief.get(f"/console/alerts/{made}/released").text
    assert "The rule tornado put it on air by itself." in page
    assert f'action="/console/alerts/{made}/stop"' in page
    assert 'action="/console/switches/stop"' in page
    assert 'action="/console/alerts' not in author.get(f"/console/alerts/{made}/released").text
    assert author.post(f"{PAGE}/disarm").status_code == 403
    assert approver.post(f"{PAGE}/disarm", reason="enough").status_code == 302
    assert arm.state(house, "tornado").why


def test_the_page_of_a_release_needs_a_login_and_changes_nothing(visitor: Callable[..., Visitor]) -> None:
    assert visitor().get("/console/alerts/abc/released").status_code == 302
    assert visitor("author").get("/console/alerts/abc/released").status_code == 404
    assert visitor("author").get("/console/rules/none").status_code == 404


def test_where_an_event_outlasts_its_message_the_console_names_both_ends(
    house: System, visitor: Callable[..., Visitor]
) -> None:
    later = "<parameter><valueName>eventEndingTime</valueName><value>{}</value></parameter><area>"
    for hours, named in ((5, True), (1, False)):
        ends = later.format((START + timedelta(hours=hours)).isoformat()).encode()
        body = document(f"lasts{hours}").replace(b"<area>", ends)
        made = ingest(house, NWS, body, {}, Actor("x", "test")).entries[0].alert
        page = visitor("chief").get(f"/console/alerts/{made}/review").text
        assert ("the event itself until" in page) is named
