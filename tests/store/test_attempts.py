"""Which attempts are in doubt, to the second: silent senders, unknowns, and accepted ones without a receipt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from broadcaster.services import expand
from broadcaster.services.system import System
from broadcaster.store import attempts as store
from broadcaster.store import deliveries
from broadcaster.store.schema import attempts
from tests.providers.base import served
from tests.providers.twilio import Twilio, TwilioFaults
from tests.sending import attempt_rows, go_live, people, sms, with_channels

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
LOST = AT - timedelta(seconds=100)


def ago(seconds: float) -> datetime:
    return AT - timedelta(seconds=seconds)


@pytest.fixture
def ground(system: System) -> System:
    """One attempt under way, "a1", begun and changed an hour ago."""
    with served(Twilio(TwilioFaults())) as provider:
        made = with_channels(system, sms(provider))
    people(made, 1)
    go_live(made)
    expand.resume(made)
    with made.database.write() as connection:
        leased = deliveries.claim(connection, "sms", "me", 1, datetime.now(UTC))
        deliveries.begin(connection, [(leased[0], "a1")], "me", ago(3600))
    return made


def is_(system: System, state: str, **values: object) -> None:
    with system.database.write() as connection:
        connection.execute(attempts.update().values(state=state, **values))


def ids(rows: list[Any]) -> list[str]:
    return [row.id for row in rows]


@pytest.mark.parametrize(
    ("state", "seconds", "found"),
    [
        ("sending", 15, []),
        ("sending", 15.001, ["a1"]),
        *((state, 60, []) for state in ("unknown", "accepted", "failed")),
    ],
)
def test_a_sender_is_silent_once_its_request_and_the_slack_are_over(
    ground: System, state: str, seconds: float, found: list[str]
) -> None:
    is_(ground, state, started=ago(seconds))
    with ground.database.read() as connection:
        assert store.silent(connection, AT) == found


@pytest.mark.parametrize(
    ("state", "asked", "found"),
    [
        ("unknown", None, ["a1"]),
        ("unknown", 5, ["a1"]),
        ("unknown", 4.999, []),
        ("sending", None, []),
        ("accepted", None, []),
        ("not_sent", 60, []),
    ],
)
def test_an_unknown_is_asked_about_every_five_seconds(
    ground: System, state: str, asked: float | None, found: list[str]
) -> None:
    is_(ground, state, asked=None if asked is None else ago(asked))
    with ground.database.read() as connection:
        assert ids(store.in_doubt(connection, AT)) == found


@pytest.mark.parametrize(
    ("state", "changed", "asked", "found"),
    [
        ("accepted", 600, None, ["a1"]),
        ("accepted", 599.999, None, []),
        ("accepted", 600, 600, ["a1"]),
        ("accepted", 600, 599.999, []),
        ("delivered", 600, None, []),
        ("unknown", 600, None, []),
    ],
)
def test_an_accepted_message_is_asked_about_once_it_was_quiet_for_that_long(
    ground: System, state: str, changed: float, asked: float | None, found: list[str]
) -> None:
    is_(ground, state, changed=ago(changed), asked=None if asked is None else ago(asked))
    with ground.database.read() as connection:
        assert ids(store.without_receipt(connection, AT, 600)) == found


@pytest.mark.parametrize(("days", "found"), [(1.999, ["a1"]), (2, [])])
def test_after_two_days_nobody_asks_any_more(ground: System, days: float, found: list[str]) -> None:
    is_(ground, "accepted", started=AT - timedelta(days=days), changed=ago(3600))
    with ground.database.read() as connection:
        assert ids(store.without_receipt(connection, AT, 600)) == found


@pytest.mark.parametrize(
    ("started", "changed", "asked", "found"),
    [
        (100, 30, None, ["a1"]),
        (99.999, 30, None, []),
        (100, 29.999, None, []),
        (200, 60, 100, ["a1"]),
        (200, 60, 99.999, []),
    ],
)
def test_what_began_before_redis_was_found_empty_is_asked_about_once(
    ground: System, started: float, changed: float, asked: float | None, found: list[str]
) -> None:
    is_(ground, "accepted", started=ago(started), changed=ago(changed), asked=None if asked is None else ago(asked))
    with ground.database.read() as connection:
        assert ids(store.without_receipt(connection, AT, 600, LOST)) == found
        assert store.without_receipt(connection, AT, 600) == []


def test_the_first_time_that_nothing_was_found_stands(ground: System) -> None:
    with ground.database.write() as connection:
        store.mark_not_found(connection, "a1", ago(20))
        store.mark_not_found(connection, "a1", ago(5))
        store.mark_not_found(connection, "other", ago(5))
        store.mark_asked(connection, [], AT)
        store.mark_asked(connection, ["other"], AT)
    (row,) = attempt_rows(ground)
    assert (row.not_found, row.asked) == (ago(20), None)


def test_ids_are_known_by_the_number_they_went_to(ground: System) -> None:
    with ground.database.read() as connection:
        assert store.known_ids(connection, ["+12020000001"]) == {}
    is_(ground, "accepted", provider_id="SM1")
    with ground.database.read() as connection:
        assert store.known_ids(connection, ["+12020000001", "+12020000002"]) == {"+12020000001": {"SM1": "a1"}}
        assert store.known_ids(connection, ["+12020000002"]) == {}
