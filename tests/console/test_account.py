"""My account: nothing of how somebody logs in changes without proof, and secrets are shown once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa

from broadcaster.domain.errors import Forbidden
from broadcaster.services import account, users
from broadcaster.services.system import Actor, System
from broadcaster.store.schema import users as table
from tests.conftest import Clock
from tests.console.conftest import PASSWORD, Visitor

Visit = Callable[..., Visitor]
EMAIL = "approver@judge.example"
NEW = "seven quiet otters"


def app_code(system: System, one: Visitor, clock: Clock) -> str:
    """What the app shows whose secret this session is about to confirm."""
    with one.client.session_transaction() as held:
        return users.totp(system).code_at(held["app_secret"], clock.at)


def test_an_app_counts_after_proof_and_a_code_and_brings_recovery_codes_once(
    house: System, visitor: Visit, clock: Clock
) -> None:
    one = visitor("approver")
    assert one.post("/console/account/app", act="start", password="wrong").status_code == 401
    assert one.post("/console/account/app", act="start", password=PASSWORD).status_code == 302
    page = one.get("/console/account/app").get_data(True)
    assert 'src="data:image/svg+xml;base64,' in page
    secret = re.search(r'<code class="key">([A-Z2-7 ]+)</code>', page)
    assert secret
    assert users.find(house, EMAIL).totp is None
    assert one.post("/console/account/app/confirm", code="000000").status_code == 401
    assert users.find(house, EMAIL).totp is None
    shown = one.post("/console/account/app/confirm", code=app_code(house, one, clock)).get_data(True)
    codes = re.findall(r"<code>([a-z0-9]{4}(?:-[a-z0-9]{4}){3})</code>", shown)
    assert len(codes) == 10
    assert users.find(house, EMAIL).totp is not None
    for path in ("/console/account", "/console/account/recovery", "/console/account/app"):
        assert codes[0] not in one.get(path).get_data(True)
    with house.database.read() as connection:
        kept = str(connection.execute(sa.select(table)).all())
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)


def test_no_app_is_confirmed_that_was_not_asked_for_with_proof(visitor: Visit) -> None:
    assert visitor("approver").post("/console/account/app/confirm", code="123456").headers["Location"].endswith("/app")


def test_a_code_of_the_app_proves_anew_but_only_once(house: System, visitor: Visit, clock: Clock) -> None:
    one = visitor("approver")
    one.post("/console/account/app", act="start", password=PASSWORD)
    one.post("/console/account/app/confirm", code=app_code(house, one, clock))
    clock.forward(seconds=60)
    secret = users.find(house, EMAIL).totp
    assert secret
    code = users.totp(house).code_at(secret, clock.at)
    assert one.post("/console/account/recovery", code=code).status_code == 200
    assert one.post("/console/account/recovery", code=code).status_code == 401
    assert one.post("/console/account/app", act="remove", code=code).status_code == 401
    assert one.post("/console/account/app", act="remove", password=PASSWORD).status_code == 302
    assert users.find(house, EMAIL).totp is None


def test_a_recovery_code_proves_nobody_inside_a_session(house: System, visitor: Visit) -> None:
    codes = account.new_codes(house, Actor(EMAIL, "console:x"))
    assert visitor("approver").post("/console/account/recovery", code=codes[0]).status_code == 401


@pytest.mark.parametrize(
    ("new", "again", "why"),
    [
        ("short", "short", "at least 12"),
        ("x" * 129, "x" * 129, "at most 128"),
        ("password2026!", "password2026!", "try this password first"),
        ("judge-county-911", "judge-county-911", "try this password first"),
        ("approverapprover", "approverapprover", "try this password first"),
        ("qwertyuiop123", "qwertyuiop123", "try this password first"),
        (NEW, NEW + "x", "not the same"),
        (PASSWORD, PASSWORD, "take another"),
    ],
)
def test_a_password_that_nobody_should_use_is_refused_with_the_reason(
    visitor: Visit, new: str, again: str, why: str
) -> None:
    answer = visitor("approver").post("/console/account/password", password=PASSWORD, new=new, again=again)
    assert answer.status_code == 422
    assert why in answer.get_data(True)


def test_while_it_is_typed_a_new_password_is_judged_as_it_will_be(visitor: Visit) -> None:
    page = visitor("approver").get("/console/account/password").get_data(True)
    assert 'data-strength="/console/strength" hidden' in page
    assert "data-show" in page
    stranger = visitor()  # somebody invited

    def said(new: str) -> dict[str, object]:
        found: dict[str, object] = stranger.post("/console/strength", new=new, username=EMAIL).get_json()
        return found

    assert said(NEW) == {"good": True, "said": "Good."}
    assert not said("wolverhampton")["good"]
    assert "stolen" in str(said("wolverhampton")["said"])
    assert "first" in str(said("approver judge")["said"])


def test_a_telephone_for_notices_is_set_with_proof(visitor: Visit) -> None:
    one = visitor("approver")
    assert one.post("/console/account/phone", phone="+1 503 555 0100").status_code == 401
    assert one.post("/console/account/phone", phone="12", password=PASSWORD).status_code == 422
    assert one.post("/console/account/phone", phone="(503) 555-0100", password=PASSWORD).status_code == 302
    assert "+15035550100" in one.get("/console/account").get_data(True)
    assert one.post("/console/account/phone", phone="", password=PASSWORD).status_code == 302
    assert "+15035550100" not in one.get("/console/account").get_data(True)


def test_a_new_password_needs_the_old_one_even_with_an_app(house: System, visitor: Visit) -> None:
    answer = visitor("approver").post("/console/account/password", password="wrong", new=NEW, again=NEW)
    assert answer.status_code == 422
    assert visitor().login("approver", password=NEW).status_code == 200


def test_long_passwords_with_spaces_and_signs_of_any_script_are_fine(visitor: Visit) -> None:
    new = "ñandú 雨 🦦 и двери " * 4
    one = visitor("approver")
    assert one.post("/console/account/password", password=PASSWORD, new=new, again=new).status_code == 302
    assert visitor().login("approver", password=new).status_code == 302
    assert visitor().login("approver", password=new[:-1]).status_code == 200


def test_language_and_duty_are_kept(house: System, visitor: Visit) -> None:
    one = visitor("approver")
    assert one.post("/console/account/preferences", language="es").status_code == 302
    assert 'lang="es"' in one.get("/console/account").get_data(True)
    with house.database.read() as connection:
        row = connection.execute(sa.select(table).where(table.c.email == EMAIL)).one()
    assert (row.language, row.on_duty) == ("es", False)
    one.post("/console/account/preferences", language="en", on_duty="1")
    with house.database.read() as connection:
        row = connection.execute(sa.select(table).where(table.c.email == EMAIL)).one()
    assert (row.language, row.on_duty) == ("en", True)
    assert one.post("/console/account/preferences", language="xx").status_code == 422


def test_where_the_policy_asks_for_it_nobody_releases_without_a_second_factor(house: System, clock: Clock) -> None:
    strict = replace(house.config, policy=replace(house.config.policy, require_second_factor=True))
    system = replace(house, config=strict)
    with pytest.raises(Forbidden, match="second_factor"):
        users.reverify(system, EMAIL, PASSWORD, "", "console:x")
    with pytest.raises(Forbidden, match="second_factor"):
        users.verify(system, EMAIL, PASSWORD, "", "cli:x")
    assert users.verify(system, "author@judge.example", PASSWORD, "", "cli:x").verified
    me = users.reverify(system, EMAIL, PASSWORD, "", "console:x", mending=True)
    secret = account.new_secret(system)
    account.confirm_app(system, me, secret, users.totp(system).code_at(secret, clock.at))
    assert users.reverify(system, EMAIL, PASSWORD, "", "console:x").verified


def test_a_password_that_somebody_else_gave_opens_only_the_change_of_it(
    house: System, visitor: Visit, clock: Clock
) -> None:
    from datetime import timedelta

    until = clock.at + timedelta(hours=72)
    with house.database.write() as connection:
        connection.execute(table.update().where(table.c.email == EMAIL).values(password_until=until))
    with pytest.raises(Forbidden, match="own_password"):
        users.verify(house, EMAIL, PASSWORD, "", "cli:x")
    one = visitor("approver")
    for path in ("/console/", "/console/account", "/console/powers"):
        assert one.get(path).headers["Location"] == "/console/account/password"
    assert one.post("/console/account/recovery", password=PASSWORD).headers["Location"] == "/console/account/password"
    assert one.post("/console/account/password", password=PASSWORD, new=NEW, again=NEW).status_code == 302
    assert one.get("/console/").status_code == 200
    assert users.verify(house, EMAIL, NEW, "", "cli:x").verified


def test_a_given_password_is_worth_nothing_after_its_time(house: System, visitor: Visit, clock: Clock) -> None:
    with house.database.write() as connection:
        connection.execute(table.update().where(table.c.email == EMAIL).values(password_until=clock.at))
    assert visitor().login("approver").status_code == 200
