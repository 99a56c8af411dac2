"""In an exercise every control that sends, ends, lifts, extends or corrects says so first; none of the real thing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import html

from broadcaster.domain.alert import Mode
from broadcaster.domain.config import Config
from broadcaster.services import bundles, compose
from broadcaster.services.approve import approve
from broadcaster.services.override import override
from broadcaster.services.submit import submit
from broadcaster.services.system import System
from tests.console.conftest import Visitor
from tests.services.agency import AUTHOR, CHIEF, ORDER, agency, settle_people
from tests.services.test_bundles import VALLEY, WARNING

Visit = Callable[..., Visitor]
ACTS = re.compile(r"/(decide|override|stop|extend|update|lift|error)(\?.*)?$")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Judge County's channels."""
    return agency(tmp_path)


@pytest.fixture
def county(house: System) -> System:
    settle_people(house)
    return house


def controls(page: str, path: str) -> dict[str, str]:
    """What a person can press that acts on an alert: its words -> where it leads."""
    tree = html.fromstring(page)
    found: dict[str, str] = {}
    for button in tree.xpath("//main//form[translate(@method, 'POST', 'post')='post']//button[not(@disabled)]"):
        [form] = button.xpath("ancestor::form")
        leads = button.get("formaction") or form.get("action") or path
        if ACTS.search(leads) or button.get("value") == "submit":
            found[_words(button)] = leads
    for link in tree.xpath("//main//a[contains(@class, 'btn')][@href]"):
        if ACTS.search(link.get("href")):
            found[_words(link)] = link.get("href")
    for summary in tree.xpath("//main//summary[contains(@class, 'btn')]"):
        if summary.xpath("..//form"):
            found[_words(summary)] = "folded form"
    return found


def _words(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def scene(system: System, name: str, mode: Mode) -> list[str]:
    """An alert of that mode in the state that is named; the pages on which somebody acts on it."""
    if "bundle" in name:
        drafts = [replace(part, mode=mode) for part in (VALLEY, WARNING)]
        made = bundles.create(system, AUTHOR, "evacuation", drafts)
        first, edit = str(bundles.show(system, made)["alerts"][0]["id"]), f"bundles/{made}/edit"
    else:
        first = compose.create(system, AUTHOR, replace(ORDER, mode=mode)).id
        edit = f"alerts/{first}/edit"
    if "draft" in name:
        return [edit]
    waiting = submit(system, AUTHOR, first)
    if "review" in name:
        return [f"alerts/{waiting.id}/review", f"alerts/{waiting.id}/override"]
    seen = str(bundles.show(system, made)["digest"]) if "bundle" in name else str(waiting.digest)
    act = override if name == "signature owed" else approve
    live = act(system, CHIEF, waiting.id, seen, "nobody answers").id
    whole = "?whole=1" if "bundle" in name else ""
    verbs = [f"alerts/{live}/{verb}{whole}" for verb in ("extend", "lift", "error")]
    return [f"alerts/{live}", *([f"alerts/{live}/review"] if name == "signature owed" else verbs)]


SCENES = ["draft", "in review", "signature owed", "live", "draft bundle", "bundle in review", "live bundle"]


@pytest.mark.parametrize("name", SCENES)
def test_every_control_of_an_exercise_says_so_first(county: System, visitor: Visit, name: str) -> None:
    people = [visitor("approver"), visitor("author")]
    for mode in (Mode.EXERCISE, Mode.ACTUAL):
        for place in scene(county, name, mode):
            path = f"/console/{place}"
            pages = [one.get(path).get_data(True) for one in people]
            found = {words: leads for page in pages for words, leads in controls(page, path).items()}
            assert found, path
            marked = [words for words in found if words.startswith("EXERCISE: ")]
            wrong = set(found) - set(marked) if mode == Mode.EXERCISE else set(marked)
            assert not wrong, (path, wrong)
