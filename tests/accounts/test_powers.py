"""What must hold in the record itself, on both databases, when two things happen at once."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from broadcaster.accounts import people
from broadcaster.domain.errors import BroadcasterError, Forbidden, Unauthenticated
from broadcaster.services import account, audit, proposals, roster, users
from broadcaster.services.system import Actor, System
from tests.people import PASSWORD, hire

ONCE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # decided above SQL

A, B = "a@judge.example", "b@judge.example"


def admin(email: str, verified: bool = True) -> Actor:
    return Actor(email, "console:x", frozenset({"admin"}), verified=verified)


@pytest.fixture
def two(system: System) -> System:
    hire(system, {email: ["admin"] for email in (A, B)}, PASSWORD)
    return system


def together(*works: Callable[[], object]) -> list[str]:
    """Run them side by side; "done" or the code of the refusal, sorted."""
    found: list[str] = []

    def run(work: Callable[[], object]) -> None:
        try:
            work()
            found.append("done")
        except BroadcasterError as refused:
            found.append(refused.code)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(found)


def test_two_admins_who_switch_each_other_off_leave_one(two: System) -> None:
    done = together(lambda: roster.disable(two, admin(A), B), lambda: roster.disable(two, admin(B), A))
    assert done == ["done", "last_admin"]
    with two.database.read() as connection:
        assert len(people.active_admins(connection)) == 1


def test_a_proposal_confirmed_and_refused_at_once_has_one_end(two: System) -> None:
    made = proposals.propose(two, admin(A), "add", {"email": "n@judge.example", "roles": ["author"], "phone": None})
    assert not made.done
    confirm, refuse = proposals.confirm, proposals.refuse
    done = together(
        lambda: confirm(two, admin(B), made.id),
        lambda: refuse(two, admin(A), made.id),
        lambda: confirm(two, admin(B), made.id),
    )
    assert done == ["decided", "decided", "done"]
    [row] = proposals.listing(two)
    there = "n@judge.example" in [one["email"] for one in roster.listing(two)]
    assert there == (row["outcome"] == "confirmed")
    assert audit.verify(two) == []


def test_one_recovery_code_used_by_two_at_once_lets_one_in(two: System) -> None:
    secret = account.new_secret(two)
    code = users.totp(two).code_at(secret, two.now())
    codes = account.confirm_app(two, admin(A), secret, code)
    done = together(*[lambda: users.verify(two, A, PASSWORD, codes[0], "c:x")] * 3)
    assert done == ["credentials", "credentials", "done"]
    assert account.codes_left(two, A) == 9


@ONCE
@pytest.mark.parametrize(
    "act",
    [
        lambda system, who: proposals.propose(system, who, "factor", {"email": A}),
        lambda system, who: proposals.confirm(system, who, 1),
        lambda system, who: proposals.refuse(system, who, 1),
        lambda system, who: roster.disable(system, who, A),
        lambda system, who: roster.take_roles(system, who, A, ["admin"]),
        lambda system, who: roster.unlock(system, who, A),
        lambda system, who: roster.end_sessions(system, who, A),
    ],
)
def test_only_a_proven_admin_acts_whatever_door_they_come_through(
    two: System, act: Callable[[System, Actor], object]
) -> None:
    proposals.propose(two, admin(A), "factor", {"email": B})
    with pytest.raises(Forbidden, match="not_verified"):
        act(two, admin(B, verified=False))
    with pytest.raises(Forbidden, match="role"):
        act(two, Actor(B, "x", frozenset({"author", "approver"}), verified=True))


@ONCE
def test_an_unknown_kind_is_refused(two: System) -> None:
    with pytest.raises(BroadcasterError, match="nothing that can be proposed"):
        proposals.propose(two, admin(A), "everything", {"email": B})


@ONCE
def test_a_wrong_password_beside_a_right_code_still_proves_and_counts_one_try(two: System) -> None:
    secret = account.new_secret(two)
    account.confirm_app(two, admin(A), secret, users.totp(two).code_at(secret, two.now()))
    two.now.forward(seconds=60)  # type: ignore[attr-defined]
    code = users.totp(two).code_at(secret, two.now())
    assert users.reverify(two, A, "autofilled", code, "c:x").verified
    with pytest.raises(Unauthenticated):
        users.reverify(two, A, "", "", "c:x")
    with pytest.raises(Unauthenticated):
        users.reverify(two, A, "", code, "c:x")
