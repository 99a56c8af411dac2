"""What may still be sent, and what goes free, to the moment: the database's time is given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from broadcaster.services import expand
from broadcaster.services.system import System
from broadcaster.store import deliveries as store
from broadcaster.store.schema import alerts, broadcasts, deliveries, subscribers
from tests.providers.base import served
from tests.providers.twilio import Twilio, TwilioFaults
from tests.sending import go_live, people, sms, with_channels

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def ground(system: System) -> System:
    """Three queued deliveries of one broadcast that ends an hour after ``AT``, due a second before it."""
    with served(Twilio(TwilioFaults())) as provider:
        made = with_channels(system, sms(provider))
    people(made, 3)
    go_live(made)
    expand.resume(made)
    with made.database.write() as connection:
        connection.execute(broadcasts.update().values(expires=AT + timedelta(hours=1)))
        connection.execute(deliveries.update().values(due=AT - SECOND))
    return made


def set_(system: System, table: sa.Table, **values: Any) -> None:
    with system.database.write() as connection:
        connection.execute(table.update().values(**values))


def states(system: System) -> set[str]:
    with system.database.read() as connection:
        return set(connection.execute(sa.select(deliveries.c.state)).scalars())


@pytest.mark.parametrize(
    ("table", "values", "obstacle"),
    [
        (broadcasts, {"priority": 1}, ""),
        (broadcasts, {"expires": None}, ""),
        (broadcasts, {"expires": AT + SECOND}, ""),
        (broadcasts, {"expires": AT}, "expired"),
        (broadcasts, {"stopped": AT}, "stopped"),
        (broadcasts, {"ended": AT, "ended_reason": "lifted"}, "lifted"),
        (broadcasts, {"ended": AT}, "ended"),
        (broadcasts, {"mode": "exercise"}, "mode_mismatch"),
        (alerts, {"mode": "test"}, "mode_mismatch"),
        (alerts, {"state": "cancelled"}, "cancelled"),
    ],
)
def test_what_stands_against_sending_more(
    ground: System, table: sa.Table, values: dict[str, Any], obstacle: str
) -> None:
    set_(ground, table, **values)
    with ground.database.read() as connection:
        ids = list(connection.execute(sa.select(broadcasts.c.id)).scalars())
        told = store.authority(connection, ids, AT)
    assert [told[id_].obstacle for id_ in ids] == [obstacle]


@pytest.mark.parametrize(
    ("address", "values", "gone"),
    [
        ("phone", {"language": "en"}, False),
        ("phone", {"phone_out": AT}, True),
        ("phone", {"email_out": AT}, False),
        ("email", {"email_out": AT}, True),
        ("email", {"email": None}, True),
    ],
)
def test_who_left_by_an_address_has_left_by_it_alone(
    ground: System, address: str, values: dict[str, Any], gone: bool
) -> None:
    with ground.database.write() as connection:
        connection.execute(subscribers.update().where(subscribers.c.id == 2).values(**values))
        assert store.left(connection, [1, 2, 99], address) == ({2, 99} if gone else {99})


@pytest.mark.parametrize(("lease", "freed"), [(AT - SECOND, 3), (AT, 0), (AT + SECOND, 0)])
def test_a_lease_holds_to_its_last_moment(ground: System, lease: datetime, freed: int) -> None:
    set_(ground, deliveries, state="leased", holder="me", lease=lease)
    with ground.database.write() as connection:
        assert store.free_expired(connection, AT) == freed
    assert states(ground) == {"queued" if freed else "leased"}


def test_a_row_under_way_is_not_freed_by_its_lease(ground: System) -> None:
    set_(ground, deliveries, state="sending", holder="me", lease=AT - SECOND)
    with ground.database.write() as connection:
        assert store.free_expired(connection, AT) == 0
    assert states(ground) == {"sending"}


@pytest.mark.parametrize(
    ("state", "due", "moved"),
    [("waiting", AT, 3), ("waiting", AT + SECOND, 0), ("leased", AT, 0), ("failed", AT, 0), ("sending", AT, 0)],
)
def test_what_waits_goes_back_when_its_time_has_come(ground: System, state: str, due: datetime, moved: int) -> None:
    set_(ground, deliveries, state=state, due=due)
    with ground.database.write() as connection:
        assert store.promote(connection, AT) == moved


@pytest.mark.parametrize(("due", "claimed"), [(AT, 3), (AT + SECOND, 0)])
def test_what_is_due_now_is_claimed(ground: System, due: datetime, claimed: int) -> None:
    set_(ground, deliveries, due=due)
    with ground.database.write() as connection:
        assert len(store.claim(connection, "sms", "me", 10, AT)) == claimed


@pytest.mark.parametrize(
    ("values", "suppressed"),
    [
        ({"priority": 1}, []),
        ({"expires": AT + SECOND}, []),
        ({"expires": None}, []),
        ({"expires": AT}, ["expired"]),
        ({"stopped": AT}, ["stopped"]),
        ({"ended": AT, "ended_reason": "lifted"}, ["lifted"]),
        ({"stopped": AT, "ended": AT, "ended_reason": "lifted"}, ["stopped"]),
    ],
)
def test_what_is_unsent_of_a_broadcast_that_is_over_is_suppressed(
    ground: System, values: dict[str, Any], suppressed: list[str]
) -> None:
    set_(ground, broadcasts, **values)
    with ground.database.write() as connection:
        assert store.suppress_ended(connection, AT) == 3 * len(suppressed)
    with ground.database.read() as connection:
        found = sa.select(deliveries.c.reason).where(deliveries.c.state == "suppressed").distinct()
        assert list(connection.execute(found).scalars()) == suppressed


@pytest.mark.parametrize("state", ["leased", "sending", "unknown", "accepted", "delivered", "failed"])
def test_what_is_in_other_hands_or_done_is_not_suppressed_by_an_end(ground: System, state: str) -> None:
    set_(ground, deliveries, state=state)
    set_(ground, broadcasts, stopped=AT)
    with ground.database.write() as connection:
        assert store.suppress_ended(connection, AT) == 0
    assert states(ground) == {state}


@pytest.mark.parametrize(
    ("holder", "alive", "freed"),
    [("here:1", False, 3), ("here:1", True, 0), ("there:1", False, 0), ("herer:1", False, 0)],
)
def test_only_rows_of_a_dead_process_of_this_host_go_back(ground: System, holder: str, alive: bool, freed: int) -> None:
    set_(ground, deliveries, state="leased", holder=holder, lease=AT)
    with ground.database.write() as connection:
        assert store.free_dead(connection, "here", lambda pid: alive and pid == 1) == freed


def test_rows_of_the_living_stay_where_rows_of_the_dead_go_back(ground: System) -> None:
    with ground.database.write() as connection:
        store.claim(connection, "sms", "here:1", 1, AT)
        store.claim(connection, "sms", "here:2", 1, AT)
        assert store.free_dead(connection, "here", lambda pid: pid == 2) == 1
        held = sa.select(deliveries.c.holder).where(deliveries.c.state == "leased")
        assert list(connection.execute(held).scalars()) == ["here:2"]


def test_what_a_dead_process_had_begun_does_not_go_back(ground: System) -> None:
    """Nobody knows whether it was sent: it is asked about, never sent again for that."""
    with ground.database.write() as connection:
        begun, _ = store.claim(connection, "sms", "here:1", 2, AT)
        store.begin(connection, [(begun, "a1")], "here:1", AT)
        assert store.free_dead(connection, "here", lambda pid: False) == 1
        sending = sa.select(deliveries.c.id).where(deliveries.c.state == "sending")
        assert list(connection.execute(sending).scalars()) == [begun.id]
