"""An app on real parts, zones with people in them, and tokens."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from broadcaster.app import create_app
from broadcaster.channels.simulated import Options as Simulated
from broadcaster.channels.twilio_sms import Options as Twilio
from broadcaster.domain.channel import DataPath, Secret
from broadcaster.domain.config import Agency, ChannelConfig, Config
from broadcaster.services import tokens, users
from broadcaster.services.system import Actor, System
from broadcaster.store.schema import subscriber_zones, subscribers, zones
from tests.people import PASSWORD, SHELL, hire

SQUARE = [[[-121.0, 44.0], [-120.0, 44.0], [-120.0, 45.0], [-121.0, 45.0], [-121.0, 44.0]]]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A county with simulated phones and posts, and two accounts at Twilio."""
    folder = DataPath(str(tmp_path / "simulated"))
    channels = (
        ChannelConfig("sms", "simulated", options=Simulated(folder=folder)),
        ChannelConfig("social", "simulated", languages=("en",), options=Simulated(speaks="post", folder=folder)),
        ChannelConfig("one", "twilio_sms", enabled=False, options=_twilio("AC" + "1" * 32, "token-one")),
        ChannelConfig("two", "twilio_sms", enabled=False, options=_twilio("AC" + "2" * 32, "token-two")),
    )
    return Config(Agency(name="Judge County", cap_sender="a@judge.example", timezone="UTC"), channels=channels)


def _twilio(sid: str, token: str) -> Twilio:
    return Twilio(account_sid=sid, auth_token=Secret(token), from_="+15005550006")


@pytest.fixture
def filled(system: System) -> System:
    """One zone with two people in it."""
    with system.database.write() as connection:
        geometry = {"type": "Polygon", "coordinates": SQUARE}
        row = {"id": "north", "slug": "north", "name": "North", "ugc": ["CWZ001"], "same": [], "geometry": geometry}
        connection.execute(zones.insert().values(**row))
        for number in range(2):
            row = {"phone": f"+1555555010{number}", "language": "en", "groups": [], "consent_source": ""}
            made = connection.execute(
                subscribers.insert().values(**row, created=system.now()).returning(subscribers.c.id)
            )
            connection.execute(subscriber_zones.insert().values(zone="north", subscriber=made.scalar_one()))
    return system


@pytest.fixture
def app(filled: System) -> Flask:
    return create_app(filled)


@dataclass
class Machine:
    """A client with a token."""

    client: FlaskClient
    token: str

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, headers=self._headers())

    def post(self, path: str, data: Any = None, type_: str = "", json: Any = None, **headers: str) -> TestResponse:
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        if json is not None:
            return self.client.post(path, json=json, headers=self._headers() | more)
        return self.client.post(path, data=data, content_type=type_ or None, headers=self._headers() | more)

    def cap(self, body: str | bytes, **headers: str) -> TestResponse:
        return self.post("/api/v1/alerts", body, "application/cap+xml", **headers)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@pytest.fixture
def partner(app: Flask, filled: System) -> Machine:
    return Machine(app.test_client(), tokens.add(filled, SHELL, "partner", "submit"))


@pytest.fixture
def reader(app: Flask, filled: System) -> Machine:
    return Machine(app.test_client(), tokens.add(filled, SHELL, "reader", "read"))


@pytest.fixture
def approver(filled: System) -> Actor:
    hire(filled, {"approver": ["approver"]}, PASSWORD)
    return users.verify(filled, "approver@judge.example", PASSWORD, "", "cli:x@y")
