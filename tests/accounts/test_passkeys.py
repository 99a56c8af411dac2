"""Passkeys: a key logs in and proves its own person, for a challenge asked for, once, here and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa

from broadcaster.accounts.passkeys import Site
from broadcaster.domain.errors import Forbidden, Invalid, NotFound, Refused, Unauthenticated
from broadcaster.domain.lockout import MAX_FAILURES
from broadcaster.services import account, passkeys, roster, users
from broadcaster.services.system import Actor, System
from broadcaster.store.schema import challenges
from tests.accounts.authenticator import Authenticator
from tests.conftest import Clock
from tests.people import PASSWORD, SHELL, hire

ONCE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # decided above SQL

ANNA, BEN = "anna@judge.example", "ben@judge.example"


def proven(email: str) -> Actor:
    return Actor(email, "console:x", frozenset({"approver"}), verified=True)


@pytest.fixture
def staff(system: System) -> System:
    hire(system, {email: ["approver"] for email in (ANNA, BEN)}, PASSWORD)
    return system


def registered(system: System, email: str = ANNA, **about: object) -> Authenticator:
    """A key of that person."""
    made = Authenticator(**about)  # type: ignore[arg-type]
    passkeys.register(system, proven(email), made.create(passkeys.ask_new(system, proven(email))), "my phone")
    return made


def test_a_key_logs_in_without_an_email_and_proves_its_person_anew(staff: System) -> None:
    key = registered(staff)
    actor = passkeys.login(staff, key.get(passkeys.ask_login(staff)), "console:y")
    assert actor == Actor(ANNA, "console:y", frozenset({"approver"}), verified=True)
    again = passkeys.reverify(staff, ANNA, key.get(passkeys.ask_proof(staff, ANNA)), "console:y")
    assert (again.name, again.verified) == (ANNA, True)


@ONCE
def test_with_a_key_the_password_alone_does_not_log_in_any_more(staff: System) -> None:
    registered(staff)
    with pytest.raises(Unauthenticated):
        users.verify(staff, ANNA, PASSWORD, "", "cli:x")
    [code, *_] = account.first_codes(staff, proven(ANNA))
    assert users.verify(staff, ANNA, PASSWORD, code, "cli:x").verified


def test_an_answer_is_good_once(staff: System) -> None:
    key = registered(staff)
    for ask, use in (
        (lambda: passkeys.ask_login(staff), lambda answer: passkeys.login(staff, answer, "c:x")),
        (lambda: passkeys.ask_proof(staff, ANNA), lambda answer: passkeys.reverify(staff, ANNA, answer, "c:x")),
    ):
        answer = key.get(ask())
        assert use(answer).verified
        with pytest.raises(Unauthenticated):
            use(answer)


@ONCE
def test_an_answer_comes_within_five_minutes(staff: System, clock: Clock) -> None:
    key = registered(staff)
    answer = key.get(passkeys.ask_login(staff))
    clock.forward(seconds=300)
    with pytest.raises(Unauthenticated):
        passkeys.login(staff, answer, "c:x")


def test_old_challenges_are_forgotten(staff: System, clock: Clock) -> None:
    passkeys.ask_login(staff)
    clock.forward(seconds=301)
    passkeys.ask_login(staff)
    with staff.database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(challenges)).scalar_one() == 1


@ONCE
@pytest.mark.parametrize(
    "lie",
    [
        {"origin": "http://localhost:8001"},
        {"origin": "https://evil.example"},
        {"host": "evil.example"},
        {"verified": False},
    ],
)
def test_a_key_of_another_site_or_not_unlocked_is_refused(staff: System, lie: dict[str, object]) -> None:
    key = registered(staff)
    with pytest.raises(Unauthenticated):
        passkeys.login(staff, replace(key, **lie).get(passkeys.ask_login(staff)), "c:x")
    with pytest.raises(Unauthenticated):
        registered(staff, BEN, **lie)


@ONCE
def test_another_key_with_the_same_id_is_refused(staff: System) -> None:
    key = registered(staff)
    with pytest.raises(Unauthenticated):
        passkeys.login(staff, Authenticator(id=key.id, handle=key.handle).get(passkeys.ask_login(staff)), "c:x")
    with pytest.raises(Unauthenticated):
        passkeys.login(staff, Authenticator().get(passkeys.ask_login(staff)), "c:x")


@ONCE
def test_somebody_else_s_key_proves_nobody_in_this_session(staff: System) -> None:
    mine, theirs = registered(staff, ANNA), registered(staff, BEN)
    with pytest.raises(Unauthenticated):
        passkeys.reverify(staff, ANNA, theirs.get(passkeys.ask_proof(staff, ANNA)), "c:x")
    with pytest.raises(Unauthenticated):
        passkeys.reverify(staff, ANNA, mine.get(passkeys.ask_proof(staff, BEN)), "c:x")


@ONCE
def test_what_was_asked_for_the_login_proves_nobody_and_the_other_way_round(staff: System) -> None:
    key = registered(staff)
    with pytest.raises(Unauthenticated):
        passkeys.reverify(staff, ANNA, key.get(passkeys.ask_login(staff)), "c:x")
    with pytest.raises(Unauthenticated):
        passkeys.login(staff, key.get(passkeys.ask_proof(staff, ANNA)), "c:x")


@ONCE
def test_a_key_is_kept_only_for_whom_it_was_asked(staff: System) -> None:
    options = passkeys.ask_new(staff, proven(ANNA))
    with pytest.raises(Unauthenticated):
        passkeys.register(staff, proven(BEN), Authenticator().create(options), "stolen")
    login = passkeys.ask_login(staff) | {"user": options["user"]}
    with pytest.raises(Unauthenticated):
        passkeys.register(staff, proven(ANNA), Authenticator().create(login), "without proof")


@ONCE
def test_a_copied_key_is_noticed_by_its_count(staff: System) -> None:
    key = registered(staff, count=5)
    key.count = 9
    assert passkeys.login(staff, key.get(passkeys.ask_login(staff)), "c:x").verified
    key.count = 8
    with pytest.raises(Unauthenticated):
        passkeys.login(staff, key.get(passkeys.ask_login(staff)), "c:x")


@ONCE
def test_a_lock_that_a_stranger_caused_leaves_the_key_working(staff: System) -> None:
    key = registered(staff)
    for _ in range(MAX_FAILURES):
        with pytest.raises(Unauthenticated):
            users.verify(staff, ANNA, "wrong", "", "c:x")
    with pytest.raises(Forbidden):
        users.verify(staff, ANNA, PASSWORD, "", "c:x")
    assert passkeys.login(staff, key.get(passkeys.ask_login(staff)), "c:x").verified


@ONCE
def test_a_login_that_is_off_opens_by_no_key(staff: System) -> None:
    key = registered(staff)
    users.add(staff, SHELL, "admin@judge.example", PASSWORD, ["admin"])
    roster.disable(staff, Actor("admin@judge.example", "x", frozenset({"admin"}), verified=True), ANNA)
    with pytest.raises(Unauthenticated):
        passkeys.login(staff, key.get(passkeys.ask_login(staff)), "c:x")


@ONCE
@pytest.mark.parametrize(
    "answer", ["", "{}", "[]", "null", "x", '{"response": {"clientDataJSON": "e30"}}', "{" * 30_000]
)
def test_what_is_no_answer_is_refused_and_not_an_error(staff: System, answer: str) -> None:
    with pytest.raises(Unauthenticated):
        passkeys.login(staff, answer, "c:x")
    with pytest.raises(Unauthenticated):
        passkeys.register(staff, proven(ANNA), answer, "x")


@ONCE
def test_a_real_challenge_round_rubbish_is_refused(staff: System) -> None:
    key = registered(staff)
    for spoil in ("rawId", "response"):
        answer = json.loads(key.get(passkeys.ask_login(staff)))
        answer.pop(spoil)
        with pytest.raises(Unauthenticated):
            passkeys.login(staff, json.dumps(answer), "c:x")
    answer = json.loads(key.get(passkeys.ask_login(staff)))
    answer["response"]["signature"] = answer["response"]["authenticatorData"]
    with pytest.raises(Unauthenticated):
        passkeys.login(staff, json.dumps(answer), "c:x")


def test_the_same_key_is_registered_once_and_needs_a_name(staff: System) -> None:
    key = registered(staff)
    with pytest.raises(Refused, match="registered already"):
        passkeys.register(staff, proven(ANNA), key.create(passkeys.ask_new(staff, proven(ANNA))), "again")
    for name in ("", "  ", "x" * 61):
        with pytest.raises(Invalid):
            passkeys.register(staff, proven(ANNA), "{}", name)


@ONCE
def test_people_remove_their_own_keys_and_nobody_else_s(staff: System) -> None:
    key = registered(staff)
    [row] = passkeys.rows(staff, ANNA)
    with pytest.raises(NotFound):
        passkeys.remove(staff, proven(BEN), row.id)
    passkeys.remove(staff, proven(ANNA), row.id)
    with pytest.raises(Unauthenticated):
        passkeys.login(staff, key.get(passkeys.ask_login(staff)), "c:x")
    with pytest.raises(Refused, match="no passkey"):
        passkeys.ask_proof(staff, ANNA)


@ONCE
def test_options_ask_for_an_unlocked_key_that_needs_no_email(staff: System) -> None:
    registered(staff)
    made, used = passkeys.ask_new(staff, proven(ANNA)), passkeys.ask_login(staff)
    assert made["authenticatorSelection"]["residentKey"] == "required"
    assert made["authenticatorSelection"]["userVerification"] == used["userVerification"] == "required"
    assert len(made["excludeCredentials"]) == 1
    assert used.get("allowCredentials", []) == []
    assert len(passkeys.ask_proof(staff, ANNA)["allowCredentials"]) == 1


@ONCE
@pytest.mark.parametrize(
    ("url", "usable"),
    [
        ("http://localhost:8000", True),
        ("https://alerts.example", True),
        ("https://alerts.example:8443", True),
        ("http://alerts.example", False),
        ("http://127.0.0.1:8000", False),
        ("https://[::1]:8000", False),
        ("https://10.1.2.3", False),
    ],
)
def test_keys_need_a_host_name_under_tls(staff: System, url: str, usable: bool) -> None:
    assert Site.of(url, "Judge County").usable is usable
    system = replace(staff, settings=replace(staff.settings, console_url=url))
    ask: Callable[[], object] = lambda: passkeys.ask_login(system)  # noqa: E731
    if usable:
        assert ask()
    else:
        with pytest.raises(Refused, match="CONSOLE_URL"):
            ask()
