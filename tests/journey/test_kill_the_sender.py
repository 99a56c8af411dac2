"""kill -9 of the sender, again and again, in the middle of sending: nobody is lost, nobody is told twice."""

from __future__ import annotations

import json
import os
import urllib.request
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from broadcaster.services.system import System
from broadcaster.settings import load_config, load_settings
from broadcaster.store.engine import now
from broadcaster.store.schema import attempts, deliveries
from tests.bench.transport import provider_process
from tests.journey.installation import Installation, installed
from tests.providers.twilio import ACCOUNT, SERVICE, TOKEN
from tests.sending import go_live, people, states
from tests.waiting import until

EACH = 150  # messages between two kills
KILLS = int(os.environ.get("KILLS", "4"))
UNSENT_MOVES = timedelta(seconds=20)  # docs/delivery.md, "What loses nothing"
UNKNOWN_SETTLES = timedelta(seconds=60)
CHANNELS = f"""
[[channel]]
name = "sms"
kind = "twilio_sms"
account_sid = "{ACCOUNT}"
auth_token = "env:TWILIO_AUTH_TOKEN"
messaging_service_sid = "{SERVICE}"
base_url = "%s"
segments_per_second = 250
"""


def system_of(made: Installation) -> System:
    settings = load_settings(made.env)
    return System.open(settings, load_config(settings, made.env))


@dataclass(frozen=True)
class Killed:
    """What a killed sender left: rows it had claimed and not begun, attempts it had begun."""

    at: datetime
    unsent: frozenset[int]
    begun: frozenset[str]


def kill(made: Installation, system: System) -> Killed:
    """``kill -9``, and what it left, by the database's clock."""
    with system.database.read() as connection:
        at = now(connection)
    made.kill("sender")
    with system.database.read() as connection:
        leased = sa.select(deliveries.c.id).where(deliveries.c.state == "leased")
        begun = sa.select(attempts.c.id).where(attempts.c.state == "sending")
        return Killed(
            at, frozenset(connection.execute(leased).scalars()), frozenset(connection.execute(begun).scalars())
        )


def moved_and_settled_in_time(system: System, kills: list[Killed], restart: timedelta) -> None:
    """The bounds that docs/delivery.md promises, by the attempts' own times; they begin when a sender is back."""
    with system.database.read() as connection:
        rows = connection.execute(sa.select(attempts)).all()
    started: dict[int, list[datetime]] = defaultdict(list)
    for row in rows:
        started[row.delivery].append(row.started)
    settled = {row.id: row.changed for row in rows if row.state not in ("sending", "unknown")}
    for one in kills:
        again = [min(at for at in started[id_] if at > one.at) for id_ in one.unsent]
        assert all(at - one.at <= UNSENT_MOVES + restart for at in again), max(again) - one.at
        assert all(settled[id_] - one.at <= UNKNOWN_SETTLES + restart for id_ in one.begun), one
    assert any(one.unsent for one in kills)
    assert any(one.begun for one in kills)


def asked(base_url: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(base_url + path, data=data), timeout=10) as answer:
        return json.load(answer)


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("kind", "kills"), [("sqlite", KILLS), ("postgresql", KILLS - 1)])
def test_kills_again_and_again_lose_nobody_and_tell_nobody_twice(
    kind: str, kills: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    env = {"TWILIO_AUTH_TOKEN": TOKEN}
    if kind == "postgresql":
        env["DATABASE_URL"] = request.getfixturevalue("empty_postgres")
    with provider_process() as base_url, installed(tmp_path, CHANNELS % base_url, **env) as made:
        system = system_of(made)
        count = EACH * (kills + 3)
        people(system, count)
        go_live(system)
        killed: list[Killed] = []
        for number in range(kills):
            until(lambda: len(asked(base_url, "/_log")["accepted"]) >= EACH * (number + 1), 60, made.log)  # noqa: B023
            killed.append(kill(made, system))
        until(lambda: states(system) == {"accepted": count}, 120, made.log)
        told = Counter(text["to"] for text in asked(base_url, "/_log")["accepted"])
        moved_and_settled_in_time(system, killed, made.started_in)
        system.close()
    assert len(told) == count
    assert set(told.values()) == {1}


@pytest.mark.timeout(200)
def test_redis_killed_and_emptied_in_the_middle_loses_nobody(tmp_path: Path) -> None:
    with provider_process() as base_url, installed(tmp_path, CHANNELS % base_url, TWILIO_AUTH_TOKEN=TOKEN) as made:
        system = system_of(made)
        people(system, 800)
        go_live(system)
        until(lambda: len(asked(base_url, "/_log")["accepted"]) >= 200, 60, made.log)
        with system.database.read() as connection:
            at = now(connection)
        made.kill("redis")
        for left in (tmp_path / "var").glob("redis/**/*"):
            if left.is_file():
                left.unlink(missing_ok=True)
        until(lambda: states(system) == {"accepted": 800}, 90, made.log)
        with system.database.read() as connection:
            moved = connection.execute(sa.select(sa.func.min(attempts.c.started)).where(attempts.c.started > at))
            assert moved.scalar_one() - at <= UNSENT_MOVES + made.started_in
        told = Counter(text["to"] for text in asked(base_url, "/_log")["accepted"])
        system.close()
    assert len(told) == 800
    assert set(told.values()) == {1}


@pytest.mark.timeout(200)
def test_sigterm_in_the_middle_leaves_nothing_in_doubt(tmp_path: Path) -> None:
    with provider_process() as base_url, installed(tmp_path, CHANNELS % base_url, TWILIO_AUTH_TOKEN=TOKEN) as made:
        system = system_of(made)
        people(system, 1000)
        go_live(system)
        until(lambda: len(asked(base_url, "/_log")["accepted"]) >= 200, 60, made.log)
        made.stop()
        left = states(system)
        assert set(left) <= {"accepted", "queued", "waiting"}, left
        assert left["accepted"] == len(asked(base_url, "/_log")["accepted"])
        system.close()
