"""The road of an alert in Spanish: its form, its review, its live page."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from broadcaster.domain.config import Config
from broadcaster.services.system import System
from tests.console.conftest import Visitor
from tests.console.test_spanish import ENGLISH, seen
from tests.services.agency import agency, in_review, live, settle_people


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return replace(agency(tmp_path), feeds=())


def test_the_road_of_an_alert_holds_no_english(house: System, visitor: Callable[..., Visitor]) -> None:
    settle_people(house)
    waiting, on_air = in_review(house), live(house)
    reader = visitor("chief")
    reader.post("/console/language", lang="es")
    paths = [
        "/console/new?template=evacuation_order",
        "/console/new?bundle=evacuation",
        f"/console/alerts/{waiting.id}/review",
        f"/console/alerts/{on_air.id}",
        f"/console/alerts/{on_air.id}/error",
        f"/console/alerts/{on_air.id}/lift",
        f"/console/alerts/{on_air.id}/extend",
        f"/console/incidents/{on_air.incident}",
        "/console/",
    ]
    pages = {path: reader.get(path) for path in paths}
    assert {path for path, page in pages.items() if page.status_code != 200} == set()
    theirs = f"{re.escape(on_air.content.infos[0].headline)}|https?://\\S+"  # written by people, and addresses
    texts = {path: re.sub(theirs, " ", seen(page.get_data(as_text=True))) for path, page in pages.items()}
    assert {path: found for path, text in texts.items() if (found := ENGLISH.findall(text))} == {}
