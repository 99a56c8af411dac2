"""Two people at once, with real transactions on both databases: exactly one outcome."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from broadcaster.domain.config import Config, FeedConfig, RuleConfig
from broadcaster.domain.errors import BroadcasterError
from broadcaster.services import audit, compose, show
from broadcaster.services.approve import approve
from broadcaster.services.cancel import cancel
from broadcaster.services.end import expire
from broadcaster.services.extend import extend
from broadcaster.services.ingest import EntryResult, ingest
from broadcaster.services.lift import lift
from broadcaster.services.reject import reject
from broadcaster.services.return_ import return_
from broadcaster.services.stop import stop
from broadcaster.services.submit import submit
from broadcaster.services.system import Actor, System
from broadcaster.services.withdraw import withdraw
from broadcaster.store.engine import again
from broadcaster.store.schema import alerts, audit_head, broadcasts, versions, zones
from tests.conftest import Clock
from tests.services.agency import (
    AUTHOR,
    CHIEF,
    DEPUTY,
    FEED,
    ORDER,
    WEATHER,
    agency,
    cap,
    cap_draft,
    in_review,
    live,
    rows,
    settle_people,
)
from tests.services.feed_documents import document, named
from tests.waiting import until

ROUNDS = 5


@pytest.fixture
def config(tmp_path: object) -> Config:
    return agency(tmp_path)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def people(system: System) -> None:
    settle_people(system)


def at_once(*calls: Callable[[], object]) -> list[str]:
    """What became of each: "done" or the code of its refusal."""
    gate, outcomes = threading.Barrier(len(calls)), [""] * len(calls)

    def run(n: int) -> None:
        gate.wait()
        try:
            calls[n]()
            outcomes[n] = "done"
        except BroadcasterError as error:
            outcomes[n] = error.code

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_of_two_approvers_exactly_one_puts_it_on_air(system: System) -> None:
    for _ in range(ROUNDS):
        waiting = in_review(system)
        digest = str(waiting.digest)
        outcomes = at_once(
            lambda: approve(system, CHIEF, waiting.id, digest),  # noqa: B023
            lambda: approve(system, DEPUTY, waiting.id, digest),  # noqa: B023
        )
        assert sorted(outcomes) == ["done", "wrong_state"]
    assert len(rows(system, sa.select(broadcasts.c.id))) == ROUNDS
    assert len(rows(system, sa.select(versions.c.number))) == ROUNDS
    assert audit.verify(system) == []


@pytest.mark.parametrize("other", ["withdraw", "reject"])
def test_approving_against_taking_back_has_one_winner(system: System, other: str) -> None:
    verbs = {
        "withdraw": lambda id_: withdraw(system, AUTHOR, id_),
        "reject": lambda id_: reject(system, DEPUTY, id_, "not now"),
    }
    for _ in range(ROUNDS):
        waiting = in_review(system)
        outcomes = at_once(
            lambda: approve(system, CHIEF, waiting.id, str(waiting.digest)),  # noqa: B023
            lambda: verbs[other](waiting.id),  # noqa: B023
        )
        assert sorted(outcomes) == ["done", "wrong_state"]
        state = show.alert(system, waiting.id)["state"]
        frozen = rows(system, sa.select(broadcasts.c.id).where(broadcasts.c.alert == waiting.id))
        assert (state == "live", len(frozen)) == (outcomes[0] == "done", 1 if outcomes[0] == "done" else 0)
    assert audit.verify(system) == []


def test_the_same_document_twice_at_once_makes_one_alert(system: System) -> None:
    for n in range(ROUNDS):
        draft = cap_draft(cap(f"urn:{n}"), zones=("valley",))
        assert at_once(*[lambda: compose.receive(system, FEED, draft)] * 2) == ["done", "done"]  # noqa: B023
        assert len(show.listing(system)["alerts"]) == n + 1


def test_an_approval_against_a_newer_word_of_the_issuer_has_one_outcome(system: System) -> None:
    """The entry locks the live alert and the waiting Update, the approval both too: in the same order."""
    nws = FeedConfig("nws", "cap", trust="official")
    ruled = replace(system, config=replace(system.config, feeds=(nws,), rules=(RuleConfig("all", "submit"),)))

    def read(*documents: bytes) -> EntryResult:
        return [ingest(ruled, nws, each, {}, Actor("someone", "test")).entries[0] for each in documents][-1]

    for n in range(ROUNDS if system.database.sqlite else 2 * ROUNDS):
        first, second, third = (f"{word}-{n}" for word in ("first", "second", "third"))
        old = str(read(document(first, 1)).alert)
        approve(ruled, CHIEF, old, show.alert(ruled, old)["digest"])
        update = document(second, 2, "Update", [named(first, 1)])
        waiting = str(read(update).alert)
        digest = show.alert(ruled, waiting)["digest"]
        newer = document(third, 3, "Update", [named(first, 1), named(second, 2)])
        results: list[EntryResult] = []
        outcomes = at_once(
            lambda: approve(ruled, CHIEF, waiting, digest),  # noqa: B023
            lambda: results.append(read(newer)),  # noqa: B023
        )
        assert outcomes in (["done", "done"], ["wrong_state", "done"]), (outcomes, results)
        assert results[0].decision == "update"
        states = [show.alert(ruled, id_)["state"] for id_ in (old, waiting, str(results[0].alert))]
        won = outcomes[0] == "done"
        assert states == ["superseded" if won else "live", "live" if won else "superseded", "in_review"]
    assert audit.verify(ruled) == []


def test_a_transaction_that_the_database_broke_off_is_run_again(system: System) -> None:
    """Two that lock two rows crosswise: PostgreSQL breaks one off, and both are done in the end."""
    zone = zones.c
    gate = threading.Barrier(2, timeout=60)
    runs = []

    def crosswise(one: str, other: str) -> None:
        met: list[str] = []

        def work() -> None:
            runs.append(one)
            with system.database.write() as connection:
                connection.execute(zones.update().where(zone.id == one).values(name="x"))
                if not met and not system.database.sqlite:
                    met.append(one)
                    gate.wait()
                connection.execute(zones.update().where(zone.id == other).values(name="x"))

        again(work)

    outcomes = at_once(lambda: crosswise("valley", "hills"), lambda: crosswise("hills", "valley"))
    assert outcomes == ["done", "done"]
    assert len(runs) == 2 if system.database.sqlite else len(runs) > 2


def test_other_failures_are_not_tried_again(system: System) -> None:
    runs = []

    def work() -> None:
        runs.append(1)
        with system.database.write() as connection:
            connection.execute(sa.text("SELECT 1 FROM no_such_table"))

    with pytest.raises(sa.exc.DBAPIError):
        again(work)
    assert len(runs) == 1


VERBS: dict[str, Callable[[System, str], object]] = {
    "withdraw": lambda system, id_: withdraw(system, AUTHOR, id_),
    "reject": lambda system, id_: reject(system, CHIEF, id_, "no"),
    "return": lambda system, id_: return_(system, CHIEF, id_, "no"),
    "submit": lambda system, id_: submit(system, AUTHOR, id_),
    "cancel": lambda system, id_: cancel(system, AUTHOR, id_),
    "extend": lambda system, id_: extend(system, AUTHOR, id_),
    "lift": lambda system, id_: lift(system, AUTHOR, id_),
    "stop": lambda system, id_: stop(system, CHIEF, id_),
    "expire": lambda system, id_: expire(system),
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_that_the_database_breaks_off_to_end_a_deadlock_is_done_all_the_same(
    system: System, clock: Clock, verb: str
) -> None:
    """Somebody holds the head of the audit and then wants the row that the verb holds while it waits for the head."""
    if system.database.sqlite:
        pytest.skip("SQLite writes one after the other")
    if verb in ("withdraw", "reject", "return"):
        alert = in_review(system)
    elif verb == "submit":
        alert = compose.create(system, AUTHOR, ORDER)
    else:
        alert = live(system, WEATHER)
    clock.forward(hours=24 if verb == "expire" else 0)
    row = broadcasts.update().where(broadcasts.c.alert == alert.id).values(priority=broadcasts.c.priority)
    if verb != "stop":
        row = alerts.update().where(alerts.c.id == alert.id).values(revision=alerts.c.revision)
    done: list[object] = []
    acting = threading.Thread(target=lambda: done.append(VERBS[verb](system, alert.id)))
    with contextlib.suppress(OperationalError):  # on a busy machine it may be us whom the database breaks off
        with system.database.write() as connection:
            connection.execute(sa.select(audit_head).with_for_update())
            acting.start()
            waits_for_a_lock(system)
            connection.execute(row)
    acting.join()
    assert len(done) == 1
    assert audit.verify(system) == []


def waits_for_a_lock(system: System) -> None:
    """Until another connection of this database waits for us."""
    query = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )

    def waits() -> bool:
        with system.database.read() as connection:
            return bool(connection.execute(query).scalar_one())

    until(waits)
