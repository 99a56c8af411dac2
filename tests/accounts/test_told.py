"""Whose way in was changed hears of it, by every channel, whoever did it (on SQLite: no database matters here)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import redis as redis_package
import sqlalchemy as sa

from broadcaster.accounts import people, recovery
from broadcaster.domain.config import Settings
from broadcaster.domain.notice import CHANGES
from broadcaster.services import account, passkeys, powers, tell, users
from broadcaster.services.powers import Act
from broadcaster.services.system import Actor, System
from broadcaster.store.engine import Database
from broadcaster.store.schema import notices
from tests.accounts.authenticator import Authenticator
from tests.conftest import Clock
from tests.people import PASSWORD, hire
from tests.services.agency import agency

ANNA = "anna@judge.example"
PHONE, OTHER = "+15550200010", "+15550200020"
ME = Actor(ANNA, "console:x", frozenset({"approver"}), verified=True)
ADMIN = Actor("boss@judge.example", "console:y", frozenset({"admin"}), verified=True)


@pytest.fixture
def system(
    settings: Settings, sqlite_database: Database, tmp_path: Path, redis: redis_package.Redis, clock: Clock
) -> System:
    """Anna, who reads Spanish, off duty, in an agency that texts."""
    made = System(settings, agency(tmp_path), sqlite_database, redis, clock)
    hire(made, {"anna": ["approver"], "boss": ["admin"]}, anna=PHONE)
    with made.database.write() as connection:
        people.change(connection, users_id(made), language="es", on_duty=False)
    return made


def users_id(system: System) -> int:
    return users.find(system, ANNA).id


def told(system: System) -> list[tuple[str, str, str]]:
    """Change, address and text of each notice, in order; all are Anna's."""
    with system.database.read() as connection:
        rows = connection.execute(sa.select(notices).order_by(notices.c.id)).all()
    assert {row.person for row in rows} <= {ANNA}
    return [(row.about.split(":")[1], row.address, row.text) for row in rows]


def changes(system: System) -> list[str]:
    return [change for change, _, _ in told(system)]


def with_app(system: System) -> None:
    secret = account.new_secret(system)
    account.confirm_app(system, ME, secret, users.totp(system).code_at(secret, system.now()))


def with_a_key(system: System) -> None:
    made = Authenticator()
    passkeys.register(system, ME, made.create(passkeys.ask_new(system, ME)), "my phone")


def key_removed(system: System) -> None:
    with_a_key(system)
    passkeys.remove(system, ME, passkeys.rows(system, ANNA)[0].id)


def by_an_admin(kind: str) -> Callable[[System], None]:
    def act(system: System) -> None:
        with system.database.write() as connection:
            powers.KINDS[kind].perform(Act(system, connection, ADMIN, {"email": ANNA}, system.now()))

    return act


def code_used(system: System) -> None:
    users.enroll(system, ADMIN, ANNA)
    [code, *_] = account.first_codes(system, ME)
    assert recovery.looks_like(code)
    users.verify(system, ANNA, PASSWORD, code, "console:x")


def own_password(system: System) -> None:
    account.change_password(system, ANNA, PASSWORD, "seven quiet otters", "console:x", "")


def app_removed(system: System) -> None:
    with_app(system)
    account.remove_app(system, ME)


def new_codes(system: System) -> None:
    with_app(system)  # with its first codes, which are no change of anything
    account.new_codes(system, ME)


@pytest.mark.parametrize(
    ("act", "heard"),
    [
        (own_password, ["password"]),
        (with_app, ["app"]),
        (app_removed, ["app", "app_off"]),
        (new_codes, ["app", "codes"]),
        (code_used, ["app", "code_used"]),
        (by_an_admin("password"), ["reset"]),
        (by_an_admin("factor"), ["factors_off"]),
        (with_a_key, ["passkey"]),
        (key_removed, ["passkey", "passkey_off"]),
    ],
)
def test_a_changed_password_or_factor_is_told_to_its_person(
    system: System, act: Callable[[System], None], heard: list[str]
) -> None:
    act(system)
    assert changes(system) == heard
    text = told(system)[-1][2]
    assert CHANGES[heard[-1]]["es"] in text
    assert "Si no fue usted" in text


def test_a_changed_telephone_is_told_to_the_old_number_too(system: System, clock: Clock) -> None:
    account.set_phone(system, ME, OTHER)
    assert [(change, to) for change, to, _ in told(system)] == [("phone", OTHER), ("phone", PHONE)]
    account.set_phone(system, ME, OTHER)
    assert len(told(system)) == 2
    clock.forward(seconds=1)
    account.set_phone(system, ME, "")
    assert [to for _, to, _ in told(system)][2:] == [OTHER]


def test_such_a_notice_goes_at_once_and_alone_with_a_link_to_the_account(system: System, clock: Clock) -> None:
    with_app(system)
    account.new_codes(system, ME)
    assert tell.tell(system) == 2
    account.set_phone(system, ME, OTHER)
    clock.forward(hours=2)
    assert tell.tell(system) == 2
    assert all("/console/account?for=" in text for _, _, text in told(system))
