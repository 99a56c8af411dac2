"""Two people at once, with real transactions on both databases: exactly one outcome."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from broadcaster.domain.config import Config
from broadcaster.domain.errors import BroadcasterError
from broadcaster.services import audit, compose, show
from broadcaster.services.approve import approve
from broadcaster.services.reject import reject
from broadcaster.services.system import System
from broadcaster.services.withdraw import withdraw
from broadcaster.store.schema import broadcasts, versions
from tests.services.agency import AUTHOR, CHIEF, DEPUTY, FEED, agency, cap, cap_draft, in_review, rows, settle_people

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
