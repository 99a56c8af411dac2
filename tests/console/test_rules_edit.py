"""The editor of rules: nothing typed is lost, what a change means is said before, and two admins decide."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from broadcaster.domain.config import Config, FeedConfig
from broadcaster.rules_file import RulesFile
from broadcaster.services import proposals, rules_watch
from broadcaster.services.ingest import ingest
from broadcaster.services.system import Actor, System
from broadcaster.settings import load_rules
from tests.console.conftest import Visitor
from tests.people import PASSWORD
from tests.services.agency import agency, settle_people
from tests.services.feed_documents import document

Visit = Callable[..., Visitor]
NWS = FeedConfig("nws", "cap", trust="official")
TEXT = """[[rule]]
name = "storms"
feeds = ["nws"]
match = { severity = ["extreme", "Severe"] }
action = "submit"

[[rule]]
name = "rest"
action = "keep"
"""
KEPT = {"name": "tornado", "feeds": ["nws"], "event": ["Tornado Warning"], "place": "0", "action": "keep"}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return replace(agency(tmp_path), feeds=(NWS,))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config" / "rules.toml"
    path.parent.mkdir()
    path.write_text(TEXT)
    return path


@pytest.fixture
def house(house: System, file: Path) -> System:
    """The house with a rules.toml, a tornado and a flood in its record."""
    config = replace(house.config, rules=load_rules(file, house.config))
    made = replace(house, config=config, rules_file=RulesFile(file, config, every=0))
    settle_people(made)
    quiet = replace(made, config=replace(config, rules=()), rules_file=None)
    for body in (document(), document("flood", event="Flood Warning", severity="Minor")):
        ingest(quiet, NWS, body, {}, Actor("x", "test"))
    return made


def hidden(page: str) -> dict[str, list[str]]:
    """The form that a page carries on."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page):
        found.setdefault(name, []).append(unescape(value))
    return {name: values for name, values in found.items() if name != "csrf_token"}


def base(visitor: Visitor, path: str) -> str:
    return hidden(visitor.get(path).text)["base"][0]


def told(page: str) -> str:
    """The words of a page."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def test_a_rule_is_written_looked_at_proposed_read_by_another_admin_and_confirmed(
    house: System, visitor: Visit, file: Path
) -> None:
    admin, chief = visitor("admin"), visitor("chief")
    form = {**KEPT, "base": base(admin, "/console/rule/new"), "parameters": "tornadoDamageThreat = CATASTROPHIC, X"}
    page = admin.post("/console/rule/new", {**form, "parameters": ""}).text
    words = told(page)
    assert "1 entry : submitted for approval → kept for people" in words
    assert "Beware: 1 warning would be hidden" in words
    assert "its event is Tornado Warning" in words
    assert "It is asked first of all" in words
    carried = hidden(page)
    refused = admin.post("/console/rule/new", {**carried, "do": "propose"}, password="wrong")
    assert (refused.status_code, hidden(refused.text)) == (401, carried)
    done = admin.post("/console/rule/new", {**carried, "do": "propose"}, password=PASSWORD)
    assert "Another admin must confirm it" in done.text
    assert file.read_text() == TEXT
    (waiting,) = [one for one in proposals.listing(house) if one["waits"]]
    read = f"/console/rule/proposed/{waiting['id']}"
    assert read in chief.get("/console/powers").text
    assert "Beware: 1 warning would be hidden" in told(chief.get(read).text)
    assert "another admin confirms" in admin.get(read).text
    assert 'name="refuse"' not in visitor("author").get(read).text
    assert f'name="confirm" value="{waiting["id"]}"' in chief.get(read).text
    chief.post("/console/powers/decide", confirm=waiting["id"], password=PASSWORD)
    assert [rule.name for rule in house.ruled().config.rules] == ["tornado", "storms", "rest"]
    assert "tornado" in admin.get("/console/rules").text


@pytest.mark.parametrize(
    ("fields", "about", "why"),
    [
        ({"name": "storms"}, "name", "stands twice"),
        ({"name": ""}, "name", "is empty"),
        ({"action": "release"}, "zones", "must say it"),
        ({"hours": "six"}, "hours", "no span of a day"),
        ({"parameters": "= X"}, "parameters", "is no parameter"),
        ({"max_per_hour": "many"}, "max_per_hour", "whole number"),
        ({"severity": ["Bad"]}, "severity", "would never match"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_all_that_was_typed_stays(
    visitor: Visit, fields: dict[str, Any], about: str, why: str
) -> None:
    form = {**KEPT, "severity": ["Severe"], "events": "Dust Devil", **fields}
    if fields.get("action") == "release":
        form["max_per_hour"] = "2"
    answer = visitor("admin").post("/console/rule/new", form)
    assert answer.status_code == 422
    slot = re.search(rf'data-slot="{about}">(.*?)</div>', answer.text, re.DOTALL)
    assert slot is not None
    assert why in unescape(slot[1])
    assert ">Dust Devil</textarea>" in answer.text
    assert 'name="feeds" value="nws" checked' in answer.text


def test_a_form_that_is_sent_back_unchanged_changes_nothing(visitor: Visit) -> None:
    admin = visitor("admin")
    page = admin.get("/console/rules/storms/change").text
    assert page.count(" checked") == 4  # feed, action, two severities
    form = {"name": "storms", "feeds": ["nws"], "severity": ["Severe", "Extreme"], "action": "submit", "place": "0"}
    answer = admin.post("/console/rules/storms/change", form)
    assert (answer.status_code, "nothing would change" in answer.text) == (409, True)


def test_rules_move_and_go_by_the_same_page_and_one_that_can_never_match_is_named(visitor: Visit, file: Path) -> None:
    admin = visitor("admin")
    move = "/console/rules/rest/move?place=0"
    page = admin.get(move)
    assert "storms can never match: rest is asked before it" in told(page.text)
    assert "1 entry : submitted for approval → kept for people" in told(page.text)
    done = admin.post(move, {**hidden(page.text), "do": "propose"}, password=PASSWORD)
    assert "Another admin must confirm it" in done.text
    gone = told(admin.get("/console/rules/storms/remove").text)
    assert "What it means now" in gone
    assert file.read_text() == TEXT
    assert admin.get("/console/rules/none/remove").status_code == 404
    assert visitor("author").get("/console/rules/storms/change").status_code == 403


def test_a_file_changed_by_hand_meanwhile_is_said_and_nothing_typed_is_lost(visitor: Visit, file: Path) -> None:
    admin, chief = visitor("admin"), visitor("chief")
    carried = hidden(admin.post("/console/rule/new", {**KEPT, "base": base(admin, "/console/rule/new")}).text)
    file.write_text(TEXT.replace('"keep"', '"draft"'))
    late = admin.post("/console/rule/new", {**carried, "do": "propose"}, password=PASSWORD)
    assert (late.status_code, "rules.toml has changed since" in late.text) == (409, True)
    again = hidden(late.text)
    assert {**again, "base": 0} == {**carried, "base": 0}
    admin.post("/console/rule/new", {**again, "do": "propose"}, password=PASSWORD)
    file.write_text(TEXT)
    page = chief.get("/console/powers").text
    (path,) = set(re.findall(r"/console/rule/proposed/\d+", page))
    read = chief.get(path).text
    assert "cannot be confirmed" in read
    assert ('name="confirm"' in read, 'name="refuse"' in read) == (False, True)
    (anew,) = re.findall(r"/console/rule/new\?proposal=\d+", read)
    assert 'value="tornado"' in chief.get(anew).text


def test_where_the_file_cannot_be_written_it_is_said_before_and_the_text_to_paste_is_there(
    house: System, visitor: Visit, file: Path
) -> None:
    file.write_text('rule = [{ name = "odd", action = "keep" }]\n')
    admin = visitor("admin")
    page = admin.post("/console/rule/new", {**KEPT, "base": base(admin, "/console/rule/new")}).text
    assert "The rules cannot be changed from here." in page
    assert "name = &#34;tornado&#34;" in page
    assert 'value="propose"' not in page
    file.write_text("[[rule]\n")
    rules_watch.watch(house)
    first = admin.get("/console/").text
    assert "the last good rules stay in force" in first
    assert "at line 1" in first
    for path in ("/console/rules", "/console/rule/new"):
        assert "Mend it there first" in admin.get(path).text
    lost = admin.post("/console/rule/new", KEPT)
    assert hidden(lost.text)["name"] == ["tornado"]
