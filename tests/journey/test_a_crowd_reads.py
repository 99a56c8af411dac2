"""Thousands read the page while everything behind it is killed: all of them learn what is new, none is told wrong.

CROWD sets how many (10,000 by hand; the suite takes fewer, because the machine also runs other tests then).
"""

from __future__ import annotations

import json
import os
import resource
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journey.crowd import crowd
from tests.journey.installation import Installation, installed
from tests.waiting import until

READERS = int(os.environ.get("CROWD", "2000"))
PASSWORD = "right horse battery"
CHANNELS = """
[[channel]]
name = "sms"
kind = "simulated"
"""
ZONES = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"id": "valley", "name": "Judge Valley"},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[-121, 44], [-120, 44], [-120, 45], [-121, 45], [-121, 44]]],
            },
        }
    ],
}
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Installation]:
    (tmp_path / "zones.geojson").write_text(json.dumps(ZONES))
    with installed(tmp_path, CHANNELS) as made:
        for email, role in (("author@judge.example", "author"), ("approver@judge.example", "approver")):
            done = made.command("users", "add", email, "--role", role, "--password-stdin", stdin=f"{PASSWORD}\n")
            assert done.returncode == 0, done.stderr
        assert made.command("zones", "import", str(tmp_path / "zones.geojson")).returncode == 0
        yield made


def version(house: Installation) -> int:
    found: int = json.loads(house.get("/version.json")[1])["version"]
    return found


def put_on_air(house: Installation, token: str, hazard: str) -> None:
    """One alert from a partner to live: by API, submitted by token, approved by a person at the command line."""
    body = {"template": "evacuation_order", "fields": {"hazard": hazard}, "zones": ["valley"], "languages": ["en"]}
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    asked = urllib.request.Request(house.url + "/api/v1/alerts", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(asked, timeout=60) as answer:
        made = json.load(answer)["id"]
    submit = urllib.request.Request(f"{house.url}/api/v1/alerts/{made}/submit", b"", headers, method="POST")
    urllib.request.urlopen(submit, timeout=60).close()
    digest = house.json("alerts", "show", made)["digest"]
    words = ("alerts", "approve", made, "--as", "approver@judge.example", "--digest", digest, "--password-stdin")
    done = house.command(*words, stdin=f"{PASSWORD}\n")
    assert done.returncode == 0, done.stderr


def test_everybody_learns_of_an_alert_while_redis_sender_worker_and_clock_are_killed(house: Installation) -> None:
    token = house.command("tokens", "add", "partner", "--scope", "submit").stdout.strip()
    web = house.part("web")
    assert web is not None
    assert web.rlimit(resource.RLIMIT_NOFILE)[0] == web.rlimit(resource.RLIMIT_NOFILE)[1]  # each reader is a file
    with crowd(house.port, READERS) as readers:
        for name in ("redis", "sender", "worker", "clock"):
            house.kill(name)
        until(lambda: house.get("/readyz")[0] == 200, 60, house.log)
        before = version(house)
        house.kill("redis")
        readers.ask(before + 1)
        put_on_air(house, token, "wildfire")
        answer = readers.answer()
        assert answer["cut"] == 0
        assert version(house) > before
        house.kill("web")
        until(lambda: house.get("/version.json")[0] == 200, 60, house.log)
        readers.ask(version(house))
        assert readers.answer()["cut"] >= READERS
