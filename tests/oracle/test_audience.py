"""Who is told: the number before the operator, the deliveries written and a plain count of people are the same."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from broadcaster.domain.config import Config, FeedConfig, RuleConfig
from broadcaster.services import expand, feed_desk, show
from broadcaster.services.approve import approve
from broadcaster.services.ingest import ingest
from broadcaster.services.system import Actor, System
from broadcaster.store.schema import broadcasts, deliveries, feed_entries, subscriber_zones, subscribers
from tests.conftest import Clock
from tests.oracle.judge import barred, read_cap, touched
from tests.oracle.test_replay import GRID, made_up, settle
from tests.services.agency import CHIEF, agency

CAP = FeedConfig("cap", "cap", trust="official")
WHO = Actor("someone", "cli:someone@host")
PEOPLE = 60


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return replace(agency(tmp_path), feeds=(CAP,), rules=(RuleConfig("all", "submit"),))


def settle_people(system: System) -> dict[str, set[str]]:
    """People of up to three zones each, every fifth of whom has opted out: phone -> zones of those who can be told."""
    draw, told = random.Random(3), {}
    with system.database.write() as connection:
        for n in range(PEOPLE):
            phone, own = f"+1555010{n:04d}", draw.sample([zone.id for zone in GRID], draw.randrange(1, 4))
            row = {
                "phone": phone,
                "language": "en",
                "groups": [],
                "phone_out": datetime.now(UTC) if n % 5 == 0 else None,
            }
            made = connection.execute(subscribers.insert().values(**row, consent_source="test", created=system.now()))
            assert made.inserted_primary_key
            id_ = made.inserted_primary_key[0]
            connection.execute(subscriber_zones.insert(), [{"zone": zone, "subscriber": id_} for zone in own])
            if n % 5:
                told[phone] = set(own)
    return told


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_number_shown_the_deliveries_and_a_plain_count_of_people_are_the_same(system: System, clock: Clock) -> None:
    clock.at = clock.at.replace(microsecond=0)
    settle(system, GRID)
    told = settle_people(system)
    counted = []
    for body in (body for seed in range(5, 9) for body in made_up(seed, clock.at)):
        if len(counted) == 3:
            break
        (said,) = read_cap(body)
        zones, perhaps = touched(said, GRID)
        result = ingest(system, CAP, body, {}, WHO).entries[0]
        if barred(said) or perhaps or not zones or said.kind != "Alert" or not result.alert:
            continue
        found = show.alert(system, result.alert)
        if found["state"] == "in_review":
            approve(system, CHIEF, result.alert, found["digest"])
            expand.resume(system)
            counted.append((shown_people(system, said.identifier), written(system, result.alert)))
            plain = {phone for phone, own in told.items() if own & zones}
            assert counted[-1] == (len(plain), plain)
    assert len(counted) == 3


def shown_people(system: System, identifier: str) -> int:
    e = feed_entries.c
    with system.database.read() as connection:
        id_ = connection.execute(sa.select(e.id).where(e.identifier == identifier)).scalar_one()
    return feed_desk.entry(system, id_).people


def written(system: System, alert: str) -> set[str]:
    query = sa.select(subscribers.c.phone).join(deliveries, deliveries.c.subscriber == subscribers.c.id)
    query = query.join(broadcasts, broadcasts.c.id == deliveries.c.broadcast).where(broadcasts.c.alert == alert)
    with system.database.read() as connection:
        return set(connection.execute(query).scalars())
