"""After the commit the senders are woken and the web parts told: at once, so that nobody waits for a sweep."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from redis import Redis
from rq import Queue

from broadcaster.domain.alert import Alert
from broadcaster.services.approve import approve
from broadcaster.services.end import expire
from broadcaster.services.override import override
from broadcaster.services.system import System
from broadcaster.store.schema import versions
from broadcaster.transport.announce import STREAM
from tests.conftest import Clock
from tests.services.agency import CHIEF, DEPUTY, WEATHER, in_review, live, rows
from tests.services.judge import config, people  # noqa: F401  (fixtures)


def told(redis: Redis) -> list[str]:
    """Numbers of the versions that were announced."""
    return [entry[1][b"data"].decode() for entry in redis.xrange(STREAM)]  # type: ignore[union-attr, index]


def published(system: System) -> list[str]:
    return [
        f'{{"version": {row[0]}}}' for row in rows(system, sa.select(versions.c.number).order_by(versions.c.number))
    ]


def by_two(system: System, alert: Alert) -> Alert:
    return approve(system, CHIEF, alert.id, str(alert.digest))


def by_one(system: System, alert: Alert) -> Alert:
    return override(system, CHIEF, alert.id, str(alert.digest), "no time")


@pytest.mark.parametrize("release", [by_two, by_one])
def test_what_goes_live_wakes_the_senders_and_is_announced(
    system: System, redis: Redis, release: Callable[[System, Alert], Alert]
) -> None:
    waiting = in_review(system)
    redis.flushall()
    release(system, waiting)
    assert Queue("send", connection=redis).count == 1
    assert told(redis) == published(system) != []


def test_a_signature_puts_nothing_on_air_and_tells_nobody(system: System, redis: Redis) -> None:
    released = by_one(system, in_review(system))
    redis.flushall()
    assert not approve(system, DEPUTY, released.id, str(released.digest)).signature_owed
    assert Queue("send", connection=redis).count == 0
    assert told(redis) == []


def test_what_time_ends_is_announced_and_a_draft_that_time_ends_is_not(
    system: System, redis: Redis, clock: Clock
) -> None:
    in_review(system, WEATHER)
    clock.forward(hours=24)
    assert len(expire(system)) == 1
    assert told(redis) == []
    live(system, WEATHER)
    redis.flushall()
    clock.forward(hours=24)
    assert len(expire(system)) == 1
    assert told(redis) == published(system)[-1:]
