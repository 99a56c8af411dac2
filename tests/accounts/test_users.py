"""People prove who they are by password and code; guesses are counted whatever door they come through."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from broadcaster.domain.errors import Forbidden, Invalid, NotFound, Refused, Unauthenticated
from broadcaster.domain.lockout import LOCK, MAX_FAILURES, Failures, after_try, locked
from broadcaster.services import audit, users
from broadcaster.services.system import Actor, System
from broadcaster.store.schema import audit_entries
from broadcaster.store.schema import users as users_table
from tests.conftest import Clock
from tests.people import hire

ONCE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # decided above SQL

SHELL = Actor("system", "cli:root@test")
PASSWORD = "right horse battery"


@pytest.fixture
def anna(system: System) -> str:
    hire(system, {"Anna@Judge.Example": ["author", "approver"]}, PASSWORD)
    return "anna@judge.example"


def code(system: System, email: str, at: datetime) -> str:
    """What the person's authenticator shows."""
    person = users.find(system, email)
    assert person.totp is not None
    return users.totp(system).code_at(person.totp, at)


@ONCE
def test_the_right_password_gives_a_verified_actor_with_roles_whatever_case_the_email_has(
    system: System, anna: str
) -> None:
    actor = users.verify(system, "ANNA@judge.example", PASSWORD, "", "cli:x@y")
    assert actor == Actor(anna, "cli:x@y", frozenset({"author", "approver"}), verified=True)


def test_the_password_is_kept_as_argon2id_and_nowhere_else(system: System) -> None:
    users.add(system, SHELL, "Anna@Judge.Example", PASSWORD, ["author", "approver"], "+15005550001")
    with system.database.read() as connection:
        row = connection.execute(sa.select(users_table)).one()
        trail = connection.execute(sa.select(audit_entries).order_by(audit_entries.c.id)).all()
    assert row.password.startswith("$argon2id$")
    assert PASSWORD not in str(row)
    assert PASSWORD not in str(trail)
    assert row.email == "anna@judge.example"
    assert users.verify(system, row.email, PASSWORD, "", "cli:x@y").verified


@ONCE
def test_wrong_password_unknown_person_and_inactive_person_hear_the_same(system: System, anna: str) -> None:
    hire(system, {"gone": ["author"]}, PASSWORD)
    with system.database.write() as connection:
        connection.execute(users_table.update().where(users_table.c.email == "gone@judge.example").values(active=False))
    texts = set()
    for email, password in ((anna, "wrong"), ("nobody@x.example", PASSWORD), ("gone@judge.example", PASSWORD)):
        with pytest.raises(Unauthenticated) as refused:
            users.verify(system, email, password, "", "cli:x@y")
        texts.add((refused.value.code, refused.value.text))
    assert len(texts) == 1


@ONCE
def test_after_five_wrong_tries_even_the_right_password_waits_a_quarter_of_an_hour(
    system: System, anna: str, clock: Clock
) -> None:
    for _ in range(MAX_FAILURES):
        with pytest.raises(Unauthenticated):
            users.verify(system, anna, "wrong", "", "console:1.2.3.4")
    with pytest.raises(Forbidden, match="locked"):
        users.verify(system, anna, PASSWORD, "", "cli:x@y")
    clock.forward(seconds=LOCK.total_seconds() - 1)
    with pytest.raises(Forbidden, match="locked"):
        users.verify(system, anna, PASSWORD, "", "cli:x@y")
    clock.forward(seconds=1)
    assert users.verify(system, anna, PASSWORD, "", "cli:x@y").verified


@ONCE
def test_the_lock_leaves_one_audit_entry(system: System, anna: str) -> None:
    for _ in range(MAX_FAILURES):
        with pytest.raises(Unauthenticated):
            users.verify(system, anna, "wrong", "", "console:1.2.3.4")
    with system.database.read() as connection:
        found = connection.execute(sa.select(audit_entries).where(audit_entries.c.verb == "user.locked")).all()
    assert [(row.actor, row.origin, row.detail["tries"]) for row in found] == [(anna, "console:1.2.3.4", 5)]
    assert audit.verify(system) == []


@ONCE
def test_a_right_password_wipes_the_slate(system: System, anna: str) -> None:
    for _ in range(2):
        for _ in range(MAX_FAILURES - 1):
            with pytest.raises(Unauthenticated):
                users.verify(system, anna, "wrong", "", "cli:x@y")
        assert users.verify(system, anna, PASSWORD, "", "cli:x@y").verified


@ONCE
def test_one_persons_lock_leaves_the_others_alone(system: System, anna: str) -> None:
    for _ in range(MAX_FAILURES + 1):
        with pytest.raises((Unauthenticated, Forbidden)):
            users.verify(system, "other@judge.example", "wrong", "", "cli:x@y")
    assert users.verify(system, anna, PASSWORD, "", "cli:x@y").verified


def test_guesses_side_by_side_are_all_counted(system: System, anna: str) -> None:
    outcomes: list[str] = []

    def guess() -> None:
        try:
            users.verify(system, anna, "wrong", "", "cli:x@y")
        except (Unauthenticated, Forbidden) as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=guess) for _ in range(MAX_FAILURES + 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["credentials"] * MAX_FAILURES + ["locked"] * 3


@ONCE
def test_an_enrolled_factor_is_asked_for_and_each_code_works_once(system: System, anna: str, clock: Clock) -> None:
    users.enroll(system, SHELL, anna)
    with pytest.raises(Unauthenticated):
        users.verify(system, anna, PASSWORD, "", "cli:x@y")
    now = code(system, anna, clock.at)
    assert users.verify(system, anna, PASSWORD, now, "cli:x@y").verified
    with pytest.raises(Unauthenticated):
        users.verify(system, anna, PASSWORD, now, "cli:x@y")
    clock.forward(seconds=30)
    assert users.verify(system, anna, PASSWORD, code(system, anna, clock.at), "cli:x@y").verified


@ONCE
def test_a_code_of_the_last_step_counts_and_an_older_one_does_not(system: System, anna: str, clock: Clock) -> None:
    users.enroll(system, SHELL, anna)
    with pytest.raises(Unauthenticated):
        users.verify(system, anna, PASSWORD, code(system, anna, clock.at - timedelta(seconds=90)), "cli:x@y")
    assert users.verify(system, anna, PASSWORD, code(system, anna, clock.at - timedelta(seconds=30)), "c:x@y").verified


@ONCE
def test_the_right_code_does_not_help_a_wrong_password_and_is_not_used_up(
    system: System, anna: str, clock: Clock
) -> None:
    users.enroll(system, SHELL, anna)
    now = code(system, anna, clock.at)
    with pytest.raises(Unauthenticated):
        users.verify(system, anna, "wrong", now, "cli:x@y")
    assert users.verify(system, anna, PASSWORD, now, "cli:x@y").verified


def test_one_code_used_by_two_requests_at_once_lets_one_in(system: System, anna: str, clock: Clock) -> None:
    users.enroll(system, SHELL, anna)
    now = code(system, anna, clock.at)
    inside: list[bool] = []

    def enter() -> None:
        try:
            inside.append(users.verify(system, anna, PASSWORD, now, "cli:x@y").verified)
        except Unauthenticated:
            inside.append(False)

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(inside) == [False, False, False, True]


@ONCE
def test_the_stored_secret_is_encrypted(system: System, anna: str) -> None:
    enrolment = users.enroll(system, SHELL, anna)
    with system.database.read() as connection:
        stored = connection.execute(sa.select(users_table.c.tf_totp_secret)).scalar_one()
    assert enrolment.secret not in stored
    assert enrolment.uri.startswith("otpauth://totp/")


@ONCE
@pytest.mark.parametrize(
    ("email", "password", "roles", "problem"),
    [
        ("no-at-sign", PASSWORD, ["author"], "email"),
        ("a@b@c", PASSWORD, ["author"], "email"),
        ("x@judge.example", "short12", ["author"], "password"),
        ("x@judge.example", PASSWORD, ["boss"], "role"),
        ("x@judge.example", PASSWORD, [], "role"),
    ],
)
def test_a_person_with_a_mistake_is_refused(
    system: System, email: str, password: str, roles: list[str], problem: str
) -> None:
    with pytest.raises(Invalid) as refused:
        users.add(system, SHELL, email, password, roles)
    assert refused.value.code == problem


def test_a_second_person_with_the_same_email_is_refused(system: System, anna: str) -> None:
    with pytest.raises(Refused, match="has a login already"):
        users.add(system, SHELL, "ANNA@judge.example", PASSWORD, ["author"])
    with pytest.raises(NotFound):
        users.find(system, "nobody@judge.example")


def test_the_lockout_rule_counts_forgets_and_locks(clock: Clock) -> None:
    known = Failures(0, clock.at)
    for number in range(1, MAX_FAILURES + 1):
        assert not locked(known, clock.at)
        known = after_try(known, clock.at)
        assert known.count == number
    assert locked(known, clock.at)
    assert after_try(known, clock.at + timedelta(minutes=15)).count == 1
    assert after_try(known, clock.at + timedelta(minutes=14)).count == MAX_FAILURES + 1


def test_several_are_added_together_or_not_at_all(system: System, anna: str) -> None:
    new = [users.NewPerson(email, PASSWORD, ["author"]) for email in ("ben@judge.example", anna)]
    with pytest.raises(Refused, match="user_exists"):
        users.add_all(system, SHELL, new)
    with pytest.raises(NotFound):
        users.find(system, "ben@judge.example")
    with pytest.raises(Invalid):
        users.add_all(system, SHELL, [new[0], users.NewPerson("cleo@judge.example", "short", ["author"])])
    added = users.add_all(system, SHELL, [new[0], users.NewPerson("Cleo@judge.example", PASSWORD, ["approver"])])
    assert [(person.email, set(person.roles)) for person in added] == [
        ("ben@judge.example", {"author"}),
        ("cleo@judge.example", {"approver"}),
    ]
    assert audit.verify(system) == []
