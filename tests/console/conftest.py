"""The console through its forms: an app on SQLite with people of each role, and visitors with cookies of their own."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import redis as redis_package
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from broadcaster.app import create_app
from broadcaster.domain.config import Config, Settings
from broadcaster.services.system import System
from broadcaster.store.engine import Database
from tests.conftest import Clock
from tests.people import PASSWORD, hire

STAFF = {
    "author": ["author"],
    "approver": ["approver"],
    "admin": ["admin"],
    "chief": ["admin", "approver"],
}


@pytest.fixture
def house(
    settings: Settings, config: Config, sqlite_database: Database, redis: redis_package.Redis, clock: Clock
) -> System:
    """A System on SQLite (databases are tested below the doors) with one person of each role, and two admins."""
    made = System(settings, config, sqlite_database, redis, clock)
    hire(made, STAFF)
    return made


@dataclass
class Visitor:
    """A browser: cookies, and the form token of its session."""

    client: FlaskClient
    base: str = "http://localhost"
    pages: list[str] = field(default_factory=list)

    def get(self, path: str, **headers: str) -> TestResponse:
        """A page."""
        return self.client.get(path, base_url=self.base, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def token(self, path: str = "/console/account/password") -> str:
        """The CSRF token on a page: by default a small one, which leads those outside to the login."""
        answer = self.client.get(path, base_url=self.base, follow_redirects=True)
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', answer.get_data(True))
        assert found, answer.get_data(True)
        return found[1]

    def post(self, path: str, form: dict[str, Any] | None = None, **fields: Any) -> TestResponse:
        """Send a form as its page would, with the token."""
        body = (form or {}) | fields | {"csrf_token": self.token()}
        headers = {"Referer": f"{self.base}{path}"}  # as browsers do under https, where Flask-WTF asks for it
        return self.client.post(path, data=body, base_url=self.base, headers=headers)

    def login(self, who: str, password: str = PASSWORD, code: str = "", **more: str) -> TestResponse:
        """The login form. ``who`` is a name of ``STAFF``."""
        return self.post("/console/login", email=f"{who}@judge.example", password=password, code=code, **more)

    @property
    def cookie(self) -> str:
        """The session cookie as it stands now."""
        name = "__Host-console" if self.base.startswith("https") else "console"
        found = self.client.get_cookie(name)
        assert found is not None
        return found.value

    def inside(self) -> bool:
        """Does this cookie open the console?"""
        return self.get("/console/account").status_code == 200


@pytest.fixture
def site(house: System) -> Flask:
    """The app on ``house``."""
    return create_app(house)


@pytest.fixture
def visitor(site: Flask) -> Callable[..., Visitor]:
    """``visitor()`` is a new browser; ``visitor("author")`` one that has logged in."""

    def make(who: str = "") -> Visitor:
        made = Visitor(site.test_client())
        if who:
            assert made.login(who).status_code == 302
        return made

    return make


@pytest.fixture
def production(house: System) -> Visitor:
    """A visitor of the same house in production, under https."""
    system = replace(house, settings=replace(house.settings, production=True, console_url="https://alerts.example"))
    return Visitor(create_app(system).test_client(), "https://alerts.example")
