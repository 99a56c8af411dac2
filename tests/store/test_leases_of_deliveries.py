"""Leases: only their holder renews, gives back or begins; others' rows stay as they are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from redis import Redis
from rq import Queue

from broadcaster.services import expand, settle
from broadcaster.services.system import System
from broadcaster.store import deliveries as store
from broadcaster.store.engine import now
from broadcaster.store.schema import deliveries
from tests.providers.base import served
from tests.providers.twilio import Twilio, TwilioFaults
from tests.sending import go_live, people, sms, with_channels


@pytest.fixture
def ground(system: System) -> System:
    """Three queued deliveries."""
    with served(Twilio(TwilioFaults())) as provider:
        made = with_channels(system, sms(provider))
    people(made, 3)
    go_live(made)
    expand.resume(made)
    return made


def rows(system: System) -> list[Any]:
    with system.database.read() as connection:
        return list(connection.execute(sa.select(deliveries).order_by(deliveries.c.id)))


def test_a_claim_takes_what_is_due_now_and_no_more_than_asked(ground: System) -> None:
    with ground.database.write() as connection:
        at = now(connection)
        assert store.claim(connection, "sms", "me", 5, at - timedelta(hours=1)) == []
        assert store.claim(connection, "other", "me", 5, at) == []
        assert len(store.claim(connection, "sms", "me", 2, at)) == 2
        assert len(store.claim(connection, "sms", "other", 5, at)) == 1


@pytest.mark.parametrize(("holder", "state"), [("me", "queued"), ("other", "leased")])
def test_only_the_holder_gives_back(ground: System, holder: str, state: str) -> None:
    with ground.database.write() as connection:
        (leased,) = store.claim(connection, "sms", "me", 1, now(connection))
        store.release(connection, [leased.id], holder)
    assert rows(ground)[0].state == state


def test_what_was_begun_is_not_given_back(ground: System) -> None:
    with ground.database.write() as connection:
        at = now(connection)
        (leased,) = store.claim(connection, "sms", "me", 1, at)
        store.begin(connection, [(leased, "a1")], "me", at)
        store.release(connection, [leased.id], "me")
    assert rows(ground)[0].state == "sending"


@pytest.mark.parametrize(("holder", "renewed"), [("me", True), ("other", False)])
def test_only_the_holder_renews(ground: System, holder: str, renewed: bool) -> None:
    with ground.database.write() as connection:
        at = now(connection)
        (leased,) = store.claim(connection, "sms", "me", 1, at)
        store.renew(connection, [leased.id], holder, at + timedelta(seconds=9))
    assert (rows(ground)[0].lease > at + timedelta(seconds=20)) is renewed


def test_a_row_given_back_is_not_renewed(ground: System) -> None:
    with ground.database.write() as connection:
        at = now(connection)
        (leased,) = store.claim(connection, "sms", "me", 1, at)
        connection.execute(deliveries.update().where(deliveries.c.id == leased.id).values(state="queued", lease=None))
        store.renew(connection, [leased.id], "me", at)
    assert rows(ground)[0].lease is None


def test_what_is_begun_is_what_was_asked_for_and_the_other_claims_stay(ground: System) -> None:
    with ground.database.write() as connection:
        at = now(connection)
        first, *_ = store.claim(connection, "sms", "me", 3, at)
        assert store.begin(connection, [], "me", at) == set()
        assert store.begin(connection, [(first, "a1")], "me", at) == {first.id}
    assert [row.state for row in rows(ground)] == ["sending", "leased", "leased"]
    assert [row.tries for row in rows(ground)] == [1, 0, 0]


def test_what_is_renewed_or_given_back_is_what_was_asked_for(ground: System) -> None:
    with ground.database.write() as connection:
        at = now(connection)
        first, second, _ = store.claim(connection, "sms", "me", 3, at)
        store.renew(connection, [first.id], "me", at + timedelta(seconds=9))
        store.release(connection, [second.id], "me")
    assert [row.state for row in rows(ground)] == ["leased", "queued", "leased"]
    assert [row.lease and row.lease > at + timedelta(seconds=20) for row in rows(ground)] == [True, None, False]


def test_a_row_is_begun_by_its_holder_alone_and_once(ground: System) -> None:
    with ground.database.write() as connection:
        at = now(connection)
        (leased,) = store.claim(connection, "sms", "me", 1, at)
        assert store.begin(connection, [(leased, "a0")], "other", at) == set()
        assert store.begin(connection, [(leased, "a1")], "me", at)
        assert store.begin(connection, [(leased, "a2")], "me", at) == set()


def test_a_sweep_wakes_the_senders_where_something_is_queued_and_not_else(ground: System, redis: Redis) -> None:
    settle.settle(ground)
    assert Queue("send", connection=redis).count == 1
    redis.flushall()
    with ground.database.write() as connection:
        connection.execute(deliveries.update().values(state="accepted"))
    settle.settle(ground)
    assert Queue("send", connection=redis).count == 0
