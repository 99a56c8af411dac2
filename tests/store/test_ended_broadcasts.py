"""What is unsent of a broadcast that is over, and of a channel that rests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from broadcaster.services import deliveries as service
from broadcaster.services import expand
from broadcaster.services.system import System
from broadcaster.store import deliveries as store
from broadcaster.store.engine import now
from broadcaster.store.schema import broadcasts, deliveries
from tests.providers.base import served
from tests.providers.twilio import Twilio, TwilioFaults
from tests.sending import go_live, people, sms, with_channels


@pytest.fixture
def ground(system: System) -> System:
    """Two broadcasts of two queued deliveries each."""
    with served(Twilio(TwilioFaults())) as provider:
        made = with_channels(system, sms(provider), sms(provider, "backup"))
    people(made, 2)
    go_live(made, "one", channels=("sms",))
    go_live(made, "two", channels=("sms",))
    expand.resume(made)
    return made


def told(system: System, alert: str) -> list[tuple[str, str, str]]:
    with system.database.read() as connection:
        d = deliveries.c
        query = sa.select(d.channel, d.state, d.reason).join(broadcasts, broadcasts.c.id == d.broadcast)
        rows: list[Any] = list(connection.execute(query.where(broadcasts.c.alert == alert).order_by(d.channel, d.id)))
    return [(row.channel, row.state, row.reason) for row in rows]


def test_only_the_stopped_broadcast_is_suppressed_and_says_so(ground: System) -> None:
    with ground.database.write() as connection:
        service.stop_broadcast(connection, "one", ground.now())
    assert service.suppress_ended(ground) == 2
    assert told(ground, "one") == [("sms", "suppressed", "stopped")] * 2
    assert told(ground, "two") == [("sms", "queued", "")] * 2


def test_an_ended_broadcast_says_why(ground: System) -> None:
    with ground.database.write() as connection:
        service.end_broadcasts(connection, ["one"], "lifted", ground.now())
    service.suppress_ended(ground)
    assert told(ground, "one") == [("sms", "suppressed", "lifted")] * 2


def test_a_broadcast_past_its_end_is_suppressed_as_expired(ground: System) -> None:
    ended = broadcasts.update().where(broadcasts.c.alert == "two")
    with ground.database.write() as connection:
        connection.execute(ended.values(expires=ground.now() - timedelta(seconds=1)))
    service.suppress_ended(ground)
    assert told(ground, "two") == [("sms", "suppressed", "expired")] * 2
    assert told(ground, "one") == [("sms", "queued", "")] * 2


def test_ending_twice_keeps_the_first_reason(ground: System) -> None:
    with ground.database.write() as connection:
        service.end_broadcasts(connection, ["one"], "lifted", ground.now())
        service.end_broadcasts(connection, ["one"], "expired", ground.now())
    service.suppress_ended(ground)
    assert told(ground, "one") == [("sms", "suppressed", "lifted")] * 2


def test_what_waits_is_suppressed_too_and_what_was_begun_is_not(ground: System) -> None:
    with ground.database.write() as connection:
        at = now(connection)
        first, second = store.claim(connection, "sms", "me", 2, at)
        store.begin(connection, [(first, "a1")], "me", at)
        connection.execute(deliveries.update().where(deliveries.c.id == second.id).values(state="waiting"))
        for alert in ("one", "two"):
            service.stop_broadcast(connection, alert, at)
        chunks = [store.suppress_ended(connection, at, limit=1) for _ in range(3)]  # at most one of each a time
    assert chunks == [2, 1, 0]
    assert sorted(state for _, state, _ in told(ground, "one") + told(ground, "two")) == [
        "sending",
        "suppressed",
        "suppressed",
        "suppressed",
    ]


def test_moving_to_the_fallback_leaves_who_has_it_there_already(ground: System) -> None:
    with ground.database.write() as connection:
        d = deliveries.c
        taken = connection.execute(sa.select(deliveries).order_by(d.id).limit(1)).one()
        there = {**taken._mapping, "channel": "backup", "state": "accepted"}
        connection.execute(deliveries.insert().values({k: v for k, v in there.items() if k != "id"}))
        assert store.move(connection, "sms", "backup", now(connection)) == 3
    assert ("sms", "queued", "") in told(ground, "one")
    assert told(ground, "two") == [("backup", "queued", "")] * 2
