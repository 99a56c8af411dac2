"""The console in a real browser: a small agency on real parts behind a real HTTP server, and people who log in."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from werkzeug.serving import BaseWSGIServer, make_server

from broadcaster.app import create_app
from broadcaster.channels.simulated import Options as Simulated
from broadcaster.domain.channel import DataPath
from broadcaster.domain.config import Agency, ChannelConfig, Config, Policy, Settings
from broadcaster.services import users
from broadcaster.services.system import Actor, System
from broadcaster.store.schema import subscriber_zones, subscribers, zones
from tests.browser.chromium import PATIENCE, chromium
from tests.people import PASSWORD, hire

PEOPLE = {
    "author": ["author"],
    "approver": ["approver"],
    "second": ["approver"],
    "admin": ["admin"],
}
NAMES = {"judge-hills": "Judge Hills", "judge-valley": "Judge Valley", "north-judge": "North Judge"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for a file's tests."""
    with chromium() as started:
        yield started


@pytest.fixture
def pace() -> float:
    """Texts a second; a test that watches them go asks for fewer."""
    return 200


@pytest.fixture
def config(tmp_path: Path, pace: float) -> Config:
    """Simulated phones, posts and mails; all may carry exercises."""
    folder = DataPath(str(tmp_path / "simulated"))
    channels = (
        ChannelConfig("sms", "simulated", drills=True, per_second=pace, options=Simulated(folder=folder)),
        ChannelConfig(
            "social",
            "simulated",
            languages=("en", "es"),
            drills=True,
            per_second=200,
            options=Simulated(speaks="post", folder=folder),
        ),
    )
    agency = Agency(
        name="Judge County",
        cap_sender="alerts@judge.example",
        timezone="America/Los_Angeles",
        contact="503 555 0100",
        other_source="KJDG 88.1 FM",
    )
    return Config(agency, policy=Policy(), channels=channels)


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """On SQLite: what differs between databases is tested below the browser."""
    return replace(settings, demo=False)


@dataclass
class Desk:
    """The console at ``url``. Pages are closed, and their scripts' errors counted, at the end of the test."""

    system: System
    url: str
    browser: Browser
    errors: list[str] = field(default_factory=list)

    def page(
        self, who: str = "", width: int = 390, dark: bool = False, language: str = "en", script: bool = True
    ) -> Page:
        """A browser window of its own; ``who`` (author, approver, second, admin) is logged in by the real form."""
        context = self.browser.new_context(
            viewport={"width": width, "height": 844 if width < 600 else 900},
            color_scheme="dark" if dark else "light",
            locale=language,
            timezone_id="America/Los_Angeles",
            java_script_enabled=script,
        )
        made = context.new_page()
        made.set_default_timeout(PATIENCE)
        made.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        made.on("pageerror", lambda error: self.errors.append(str(error)))
        if who:
            made.goto(f"{self.url}/console/login")
            made.locator("#email").fill(f"{who}@judge.example")
            made.locator("#password").fill(PASSWORD)
            made.locator("main form button:not([name=lang])").last.click()
            made.wait_for_url(lambda address: "/login" not in address)
        return made

    def go(self, page: Page, path: str) -> Page:
        """Open a path of the console."""
        page.goto(self.url + path)
        return page

    def shoot(self, page: Page, name: str) -> None:
        """A picture of the whole page, kept where BROADCASTER_SHOTS names a folder."""
        folder = os.environ.get("BROADCASTER_SHOTS")
        if folder:
            page.screenshot(path=f"{folder}/{name}.png", full_page=True)

    def actor(self, who: str) -> Actor:
        """The person as services know them, proven."""
        return users.verify(self.system, f"{who}@judge.example", PASSWORD, "", "console:test")


def no_violations(page: Page) -> None:
    """axe-core finds nothing, and nothing is wider than the window."""
    found = Axe().run(page).response["violations"]
    told = [(one["id"], [node["html"][:160] for node in one["nodes"]][:4]) for one in found]
    assert told == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until that has the focus."""
    for _ in range(120):
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by the Tab key")


ALL_LOOKS = [(width, dark) for width in (320, 390, 1280) for dark in (False, True)]
# The far ends, each scheme once; AXE=all looks at every pair (three times as long).
LOOKS = ALL_LOOKS if os.environ.get("AXE") == "all" else [(320, False), (1280, True)]


def every_size(desk: Desk, page: Page, name: str) -> None:
    """axe at each of ``LOOKS``, and a picture of the wider ones (AXE=all: at 390 and 1280, light and dark)."""
    for width, dark in LOOKS:
        page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        no_violations(page)
        if width > 320:
            desk.shoot(page, f"{name}-{width}-{'dark' if dark else 'light'}")


@pytest.fixture
def sqlite_system(
    settings: Settings, config: Config, sqlite_model: Path, tmp_path: Path, redis_url: str
) -> Iterator[System]:
    """The agency's System on a SQLite file, by the real clock, with zones, people on phones and people with logins."""
    database = tmp_path / "desk.db"
    shutil.copyfile(sqlite_model, database)
    url = f"sqlite:///{database}"
    system = System.open(replace(settings, database_url=url), config)
    system.redis.flushall()
    hire(system, PEOPLE)
    _zones(system)
    yield system
    system.close()


@pytest.fixture
def desk(sqlite_system: System, browser: Browser) -> Iterator[Desk]:
    """The console served to the browser; fails at the end where a page's script or policy complained."""
    server = make_server("localhost", 0, create_app(sqlite_system), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made = Desk(sqlite_system, _address(server), browser)
    yield made
    for context in browser.contexts:
        context.close()
    server.shutdown()
    thread.join(5)
    server.server_close()
    assert made.errors == []


def _address(server: BaseWSGIServer) -> str:
    return f"http://localhost:{server.port}"


def _zones(system: System) -> None:
    """Three squares beside each other, 40 people in each, every fourth reads Spanish."""
    with system.database.write() as connection:
        for n, (id_, name) in enumerate(NAMES.items()):
            west, south = -121.4 + n * 0.1, 44.0
            ring = [[west, south], [west + 0.1, south], [west + 0.1, south + 0.1], [west, south + 0.1], [west, south]]
            shape = {"type": "Polygon", "coordinates": [ring]}
            row = {"id": id_, "slug": id_, "name": name, "ugc": [f"ORZ{n + 1:03d}"], "same": [], "geometry": shape}
            connection.execute(zones.insert().values(**row))
            for person in range(40):
                number = n * 40 + person
                about = {
                    "phone": f"+1503555{number + 1000:04d}",
                    "language": "es" if person % 4 == 0 else "en",
                    "groups": [],
                    "consent_source": "test",
                    "created": system.now(),
                }
                made = connection.execute(subscribers.insert().values(**about).returning(subscribers.c.id))
                connection.execute(subscriber_zones.insert().values(zone=id_, subscriber=made.scalar_one()))
