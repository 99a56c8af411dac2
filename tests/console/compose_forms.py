"""A browser without script, for the compose pages: fills in what a page shows and sends it; and Judge County's author.

Import ``judge_config``, ``judge_system``, ``judge_app`` and ``judge_author`` to write there: the fixtures
config, system, app and author.
"""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from broadcaster.app import create_app
from broadcaster.domain.alert import Alert
from broadcaster.domain.config import Config
from broadcaster.services.system import System
from broadcaster.store import alerts as store
from tests.people import PASSWORD
from tests.services.agency import agency, settle_people

ORDER_PAGE = "/console/new/evacuation_order"
WEATHER_PAGE = "/console/new/severe_weather"
PART = {"X-Part": "1"}


class _Reader(HTMLParser):
    """The fields of the form with id compose, as a browser would send them."""

    def __init__(self, which: str) -> None:
        super().__init__()
        self.which = which
        self.inside = False
        self.fields: MultiDict[str, str] = MultiDict()
        self.area: str | None = None
        self.select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        if tag == "form":
            self.inside = has.get("id") == self.which or (not self.which and "/logout" not in str(has.get("action")))
        name = has.get("name")
        if not self.inside:
            return
        if tag == "input" and name and "disabled" not in has:
            if has.get("type") not in ("checkbox", "radio") or "checked" in has:
                self.fields.add(name, has.get("value") or "")
        elif tag == "textarea" and name:
            self.area = name
            self.fields.add(name, "")
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and "selected" in has:
            self.fields.add(self.select, has.get("value") or "")

    def handle_data(self, data: str) -> None:
        if self.area:
            self.fields[self.area] = self.fields[self.area] + data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.area = None
        if tag == "select":
            self.select = None
        if tag == "form":
            self.inside = False


@dataclass
class Writer:
    """A person logged in, without script."""

    client: FlaskClient

    @classmethod
    def of(cls, app: Flask, email: str) -> Writer:
        """Logged in through the form."""
        made = cls(app.test_client())
        form = made.form("/console/login", which="")
        answer = made.client.post("/console/login", data={**form, "email": email, "password": PASSWORD})
        assert answer.status_code == 302
        return made

    def form(self, path: str, which: str = "compose") -> MultiDict[str, str]:
        """What the page's form would send as it stands."""
        return fields(self.client.get(path), which)

    def send(self, path: str, form: MultiDict[str, str], do: str, **changes: Any) -> TestResponse:
        """The form with changes ("__" in a name is "."), sent by the button ``do``."""
        filled = MultiDict(form)
        for name, value in changes.items():
            filled.setlist(name.replace("__", "."), [value] if isinstance(value, str) else value)
        filled["do"] = do
        return self.client.post(path, data=filled)


def fields(answer: TestResponse, which: str = "compose") -> MultiDict[str, str]:
    """The form of an answer."""
    reader = _Reader(which)
    reader.feed(answer.get_data(as_text=True))
    return reader.fields


@pytest.fixture(name="config")
def judge_config(tmp_path: Path) -> Config:
    """Judge County's channels."""
    return agency(tmp_path)


@pytest.fixture(name="system")
def judge_system(house: System) -> System:
    """Its zones and people."""
    settle_people(house)
    return house


@pytest.fixture(name="app")
def judge_app(system: System) -> Flask:
    """The console on it."""
    return create_app(system)


@pytest.fixture(name="author")
def judge_author(app: Flask) -> Writer:
    """Its author, logged in."""
    return Writer.of(app, "author@judge.example")


def alerts(system: System) -> list[Alert]:
    """All there are, newest first."""
    with system.database.read() as connection:
        return store.in_states(connection)


def only(system: System) -> Alert:
    """The only one."""
    (found,) = alerts(system)
    return found


def drafted(author: Writer, system: System, **changes: object) -> str:
    """A draft kept through the form; the path of its page."""
    filled = {"zone": "valley", "f__hazard": "wildfire", **changes}
    answer = author.send(ORDER_PAGE, author.form(ORDER_PAGE), "save", **filled)
    assert answer.status_code == 302, answer.get_data(True)
    return answer.headers["Location"]
