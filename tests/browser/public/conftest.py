"""A county with much going on behind a real web process, and a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.chromium import chromium
from tests.public import scenes, server
from tests.public.conftest import House, house, housed

__all__ = ["house"]


BUSY = ("five", "endings")


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    """One for a file's tests."""
    with chromium() as started:
        yield started


@pytest.fixture
def page(chrome: Browser) -> Iterator[Page]:
    """A phone's window; what the browser complained of fails the test (``complaints``)."""
    context = chrome.new_context(viewport={"width": 390, "height": 844})
    made = context.new_page()
    yield made
    context.close()


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """All that the page's console and scripts said."""
    seen: list[str] = []
    page.on("console", lambda message: seen.append(message.text))
    page.on("pageerror", lambda error: seen.append(str(error)))
    return seen


@pytest.fixture
def county(house: House) -> Callable[..., House]:
    """Twelve zones, the scenes asked for, and the web process started."""

    def started(*names: str) -> House:
        at = house.system.now().replace(microsecond=0) - timedelta(minutes=12)
        changes: list[Any] = [scenes.put_county]
        changes += [lambda connection, name=name: scenes.SCENES[name](connection, at) for name in names]
        house.start()
        house.shows(house.publish(*changes))
        return house

    return started


@pytest.fixture(scope="session")
def busy(tmp_path_factory: pytest.TempPathFactory, sqlite_model: Path, redis_url: str) -> Iterator[House]:
    """A county with five alerts and all endings, served once for all tests that only read it."""
    with housed(tmp_path_factory.mktemp("busy"), sqlite_model, redis_url) as made:
        at = made.system.now().replace(microsecond=0) - timedelta(minutes=12)
        changes: list[Any] = [lambda connection, name=name: scenes.SCENES[name](connection, at) for name in BUSY]
        made.stale_after = 86_400  # nobody's clock beats here
        made.system = replace(made.system, config=server.config(made.stale_after))
        made.start()
        made.shows(made.publish(scenes.put_county, *changes))
        yield made


def address(house: House, path: str) -> str:
    """Of a page."""
    return f"http://127.0.0.1:{house.port}{path}"
