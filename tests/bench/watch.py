"""The watch of an agency with 500 alerts and 50 feeds against the same screen where nothing has happened yet.

Its baseline is in the same run, so that the ratio says what the alerts cost and not how fast this machine is.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from redis import Redis

from broadcaster.app import create_app
from broadcaster.domain.alert import State
from broadcaster.domain.config import FeedConfig
from broadcaster.services import compose
from broadcaster.services.approve import approve
from broadcaster.services.submit import submit
from broadcaster.services.system import System
from broadcaster.store.engine import Database
from broadcaster.store.schema import alerts, deliveries, feed_states
from tests.bench.row import Row
from tests.conftest import settings_of
from tests.console.conftest import Visitor
from tests.databases import fill
from tests.people import hire
from tests.servers import redis_server
from tests.services.agency import AUTHOR, CHIEF, ORDER, agency, settle_people

ROUNDS = 30
FEEDS = 50
STATES = {State.LIVE: 40, State.IN_REVIEW: 20, State.DRAFT: 60, State.CANCELLED: 380}  # 500
TEXTS = 200  # to each live alert's people
BOUND = 50.0  # milliseconds


@contextmanager
def house(folder: Path) -> Iterator[System]:
    """An empty agency with 50 feeds, on SQLite and a Redis of its own."""
    with redis_server() as url:
        database = Database(f"sqlite:///{folder}/bench.db")
        fill(database)
        feeds = tuple(FeedConfig(f"feed{n}", "cap", url="https://feeds.example/cap") for n in range(FEEDS))
        config = replace(agency(folder), feeds=feeds)
        redis = Redis.from_url(url)
        system = System(settings_of(folder, url), config, database, redis)
        settle_people(system)
        hire(system, {"author": ["author"], "chief": ["approver", "admin"]})
        yield system
        redis.close()
        database.close()


def crowd(system: System) -> None:
    """Alerts as their verbs leave them: one of each is made, the others are its rows again."""
    made = {
        State.DRAFT: compose.create(system, AUTHOR, ORDER).id,
        State.IN_REVIEW: submit(system, AUTHOR, compose.create(system, AUTHOR, ORDER).id).id,
    }
    live = submit(system, AUTHOR, compose.create(system, AUTHOR, ORDER).id)
    made[State.LIVE] = made[State.CANCELLED] = approve(system, CHIEF, live.id, str(live.digest)).id
    with system.database.write() as connection:
        for state, count in STATES.items():
            row = dict(connection.execute(sa.select(alerts).where(alerts.c.id == made[state])).mappings().one())
            rows = [
                row | {"id": f"{state}{n}", "slug": f"{state}{n}", "state": state, "identifier": f"{state}{n}"}
                for n in range(count - 1)
            ]
            connection.execute(alerts.insert(), rows)
        states = [_state(n, system) for n in range(FEEDS)]
        connection.execute(feed_states.insert(), states)
    _texts(system, made[State.LIVE])


def _texts(system: System, alert_id: str) -> None:
    """Each live alert has a broadcast of its own with messages on their way."""
    tables = alerts.metadata.tables
    broadcasts, messages = tables["broadcasts"], tables["broadcast_messages"]
    with system.database.write() as connection:
        cast = dict(connection.execute(sa.select(broadcasts).where(broadcasts.c.alert == alert_id)).mappings().one())
        text = dict(
            connection.execute(sa.select(messages).where(messages.c.broadcast == cast["id"])).mappings().first()
        )  # type: ignore[arg-type]
        del text["id"]
        for n in range(STATES[State.LIVE] - 1):
            id_ = f"b{n}"
            connection.execute(broadcasts.insert().values(**cast | {"id": id_, "alert": f"live{n}"}))
            key = connection.execute(messages.insert().values(**text | {"broadcast": id_})).inserted_primary_key
            assert key is not None
            row = {"broadcast": id_, "channel": "sms", "message": key[0], "state": "delivered", "priority": 1}
            row |= {"due": system.now(), "tries": 1, "code": "", "reason": "", "changed": system.now()}
            connection.execute(deliveries.insert(), [row | {"recipient": f"+1503{i:07d}"} for i in range(TEXTS)])


def _state(n: int, system: System) -> dict[str, Any]:
    at = system.now()
    row = {"name": f"feed{n}", "due": at, "etag": "", "last_modified": "", "failures": n % 5, "last_ok": at}
    return row | {"last_error": "", "last_ok": at - timedelta(minutes=n)}


def median(visitor: Visitor) -> float:
    """Milliseconds of an answer, as the screen asks every three seconds."""
    took = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        answer = visitor.get("/console/", X_Part="1")
        took.append(1000 * (time.perf_counter() - begun))
        assert answer.status_code == 200
    return statistics.median(took)


def run() -> list[Row]:
    """One row: how many times what an empty watch costs; a fifth part of ``BOUND`` is what that costs here."""
    folder = Path(tempfile.mkdtemp(prefix="bench"))
    with house(folder) as system:
        visitor = Visitor(create_app(system).test_client())
        assert visitor.login("chief").status_code == 302
        empty = median(visitor)
        crowd(system)
        full = median(visitor)
    shutil.rmtree(folder)
    name = f"the watch with {sum(STATES.values())} alerts and {FEEDS} feeds (ms; 50 is wanted of a quiet machine)"
    return [Row(name, full, empty, empty / full, 0.2, full / empty <= 5)]


if __name__ == "__main__":
    print(*run(), sep="\n")
