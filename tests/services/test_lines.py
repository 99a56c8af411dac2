"""A channel's line when the database refuses, is slow, or the sender is told to stop: no outcome is lost."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from broadcaster.domain.delivery import LEASE_SECONDS, START_NEEDS_SECONDS
from broadcaster.services import expand
from broadcaster.services.line import RENEW_BELOW_SECONDS
from broadcaster.services.send import Sender
from broadcaster.services.system import System
from broadcaster.store.engine import Database
from tests.providers.twilio import Twilio
from tests.sending import attempt_rows, go_live, people, sms, states, with_channels
from tests.services.texting import Holding, due_now, work
from tests.waiting import until


@contextmanager
def before(database: Database, statement: str, act: Callable[[], None]) -> Iterator[None]:
    """``act`` just before the driver gets a statement that starts so."""

    def heard(connection: object, cursor: object, sql: str, *more: object) -> None:
        if sql.startswith(statement):
            act()

    sa.event.listen(database.engine, "before_cursor_execute", heard)
    try:
        yield
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", heard)


def refusing(times: int) -> Callable[[], None]:
    """Refuses the first ``times`` times, as a driver does whose server is away."""
    left = [times]

    def act() -> None:
        if left[0]:
            left[0] -= 1
            raise OperationalError("the server closed the connection", None, ConnectionError())

    return act


@pytest.mark.parametrize("statement", ["UPDATE attempts", "INSERT INTO attempts", "UPDATE deliveries"])
def test_while_the_database_refuses_results_and_rows_are_kept_and_nobody_gets_it_twice(
    ground: System, twilio: Twilio, statement: str
) -> None:
    people(ground, 120)
    go_live(ground)
    with before(ground.database, statement, refusing(2)):
        work(ground)
    work(ground)
    assert states(ground) == {"accepted": 120}
    assert set(Counter(text.to for text in twilio.accepted).values()) == {1}


def stopped_in_flight(system: System, twilio: Holding) -> list[BaseException]:
    """A sender that is told to stop while its requests are under way. Returns what its job raised."""
    twilio.hold_after = 0
    sender, raised = Sender(system), []

    def job() -> None:
        try:
            sender.work(100)
        except OperationalError as error:
            raised.append(error)

    thread = threading.Thread(target=job)
    thread.start()
    until(lambda: twilio.requests > 0)
    sender.stop()
    twilio.hold_after = None
    thread.join()
    sender.close()
    return raised


def test_results_that_the_database_refused_at_the_end_of_a_job_are_written_by_a_second_try(
    ground: System, twilio: Holding
) -> None:
    people(ground, 10)
    go_live(ground)
    with before(ground.database, "UPDATE attempts", refusing(1)):
        assert len(stopped_in_flight(ground, twilio)) == 1
    assert states(ground) == {"accepted": 10}


def test_a_sender_that_is_told_to_stop_waits_for_its_answers_and_gives_back_the_rest(
    ground: System, twilio: Holding
) -> None:
    people(ground, 400)
    go_live(ground)
    assert stopped_in_flight(ground, twilio) == []
    told = states(ground)
    assert told["accepted"] == len(twilio.accepted) == twilio.requests
    due_now(ground)
    work(ground)
    assert states(ground) == {"accepted": 400}
    assert set(Counter(text.to for text in twilio.accepted).values()) == {1}


def test_a_line_claims_no_more_than_two_seconds_of_its_pace(system: System, twilio: Holding) -> None:
    """So that an evacuation overtakes what is queued, and a second sender finds something to do."""
    ground = with_channels(system, sms(twilio, per_second=10))
    people(ground, 100)
    go_live(ground)
    assert expand.resume(ground) == 100
    with before(ground.database, "INSERT INTO attempts", lambda: leased.append(states(ground).get("leased", 0))):
        leased: list[int] = []
        assert stopped_in_flight(ground, twilio) == []
    assert 1 <= max(leased) <= 20
    assert "leased" not in states(ground)


def test_a_row_with_too_little_of_its_lease_left_is_not_begun_and_those_still_held_get_a_new_lease(
    system: System, twilio: Twilio
) -> None:
    """As when the sender's process was suspended after it had marked the row."""
    ground = with_channels(system, sms(twilio, per_second=2))
    people(ground, 4)
    go_live(ground)
    expand.resume(ground)
    away = LEASE_SECONDS - START_NEEDS_SECONDS + 0.2
    slow: list[float] = [away]
    renewed: list[int] = []
    began = time.monotonic()
    with (
        before(ground.database, "INSERT INTO attempts", lambda: time.sleep(slow.pop() if slow else 0)),
        before(ground.database, "UPDATE deliveries SET lease", lambda: renewed.append(states(ground)["leased"])),
    ):
        work(ground)
    since = time.monotonic() - began - away
    first = attempt_rows(ground)[0]
    assert (first.state, first.code) == ("not_sent", "")
    assert renewed[0] == 3
    assert len(renewed) <= 2 + since / (LEASE_SECONDS - RENEW_BELOW_SECONDS)  # each is good for two seconds
    due_now(ground)
    work(ground)
    assert [row.state for row in attempt_rows(ground)] == ["not_sent", *["accepted"] * 4]
    assert twilio.requests == len(twilio.accepted) == 4
