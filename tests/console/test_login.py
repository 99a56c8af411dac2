"""The login: e-mail, password, code or recovery code; where it leads; what it counts; what it never says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from broadcaster.console.login import inside
from broadcaster.domain.lockout import MAX_FAILURES
from broadcaster.services import account, login_hint, users
from broadcaster.services.system import Actor, System
from tests.conftest import Clock
from tests.console.conftest import PASSWORD, STAFF, Visitor

Visit = Callable[..., Visitor]
EMAIL = "approver@judge.example"
ME = Actor(EMAIL, "console:x", frozenset({"approver"}), verified=True)


def enrolled(system: System, clock: Clock) -> tuple[str, list[str]]:
    """An app for the approver: its secret, and the recovery codes that came with it."""
    secret = account.new_secret(system)
    codes = account.confirm_app(system, ME, secret, users.totp(system).code_at(secret, clock.at))
    clock.forward(seconds=60)
    return secret, codes


def test_password_and_code_lead_in_and_the_code_only_once(house: System, visitor: Visit, clock: Clock) -> None:
    secret, _ = enrolled(house, clock)
    code = users.totp(house).code_at(secret, clock.at)
    assert visitor().login("approver").status_code == 200
    assert visitor().login("approver", code=code).status_code == 302
    assert "is not right" in visitor().login("approver", code=code).get_data(True)


def test_the_code_that_confirmed_the_app_does_not_log_in_as_well(house: System, visitor: Visit, clock: Clock) -> None:
    secret = account.new_secret(house)
    code = users.totp(house).code_at(secret, clock.at)
    account.confirm_app(house, ME, secret, code)
    assert visitor().login("approver", code=code).status_code == 200


def test_a_recovery_code_stands_in_for_the_app_once(house: System, visitor: Visit, clock: Clock) -> None:
    _, codes = enrolled(house, clock)
    assert len(codes) == len(set(codes)) == 10
    assert visitor().login("approver", code=codes[3].upper()).status_code == 302
    assert visitor().login("approver", code=codes[3]).status_code == 200
    assert visitor().login("approver", code=codes[4].replace("-", "  ")).status_code == 302
    assert account.codes_left(house, EMAIL) == 8


def test_a_recovery_code_never_replaces_the_password(house: System, visitor: Visit, clock: Clock) -> None:
    _, codes = enrolled(house, clock)
    assert visitor().login("approver", password="wrong", code=codes[0]).status_code == 200
    assert account.codes_left(house, EMAIL) == 10


def test_somebody_else_s_recovery_code_opens_nothing(house: System, visitor: Visit, clock: Clock) -> None:
    enrolled(house, clock)
    other = account.new_codes(house, Actor("author@judge.example", "console:x"))
    assert visitor().login("approver", code=other[0]).status_code == 200


def test_new_recovery_codes_end_the_old_ones(house: System, visitor: Visit, clock: Clock) -> None:
    _, codes = enrolled(house, clock)
    newer = account.new_codes(house, ME)
    assert visitor().login("approver", code=codes[0]).status_code == 200
    assert visitor().login("approver", code=newer[0]).status_code == 302


def test_wrong_tries_at_the_login_and_inside_a_session_are_counted_together(visitor: Visit) -> None:
    inside_ = visitor("admin")
    for _ in range(2):
        visitor().login("admin", password="wrong")
    for _ in range(MAX_FAILURES - 2):
        inside_.post("/console/account/recovery", password="wrong")
    assert "wait 15 minutes" in visitor().login("admin").get_data(True)
    answer = inside_.post("/console/account/recovery", password=PASSWORD)
    assert answer.status_code == 403
    assert "too many wrong tries" in answer.get_data(True)


def test_the_login_says_the_same_of_a_stranger_and_of_a_wrong_password(visitor: Visit) -> None:
    known = visitor().login("author", password="wrong").get_data(True)
    unknown = visitor().post("/console/login", email="x@judge.example", password="wrong").get_data(True)
    alike = [text.partition('id="login-wrong"')[2].partition("</p>")[0] for text in (known, unknown)]
    assert alike[0] == alike[1] != ""


@pytest.mark.parametrize(
    "path",
    [
        "/console/",
        "/console/alerts/A1?x=1&y=a%20b",
        "/console/people/a@b.example",
        "/console/alerts/A1#top",
        "/console",
    ],
)
def test_a_path_of_the_console_is_gone_on_to(path: str) -> None:
    assert inside(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/",
        "//evil.example/console/",
        "/\\evil.example",
        "\\\\evil.example/console/",
        "/console/../unsubscribe/x",
        "/console/%2e%2E/healthz",
        "/console/./x",
        "/consoles/",
        "/",
        "/api/v1/alerts",
        "javascript:alert(1)//console/",
        "http:/console/",
        " /console/",
        "/console/\r\nSet-Cookie: a=b",
        "/console/\t//evil.example",
        "/console/login?next=/console/login",
        "/console/ñ",
        '/console/"onload="x',
        "",
        None,
    ],
)
def test_anything_else_leads_to_the_first_screen(path: str | None) -> None:
    assert inside(path) == "/console/"


def test_the_login_goes_on_to_the_page_that_was_asked_for_and_to_no_other_site(visitor: Visit) -> None:
    first = visitor().get("/console/account?tab=1")
    assert first.headers["Location"] == "/console/login?next=%2Fconsole%2Faccount%3Ftab%3D1"
    new = visitor()
    page = new.get(first.headers["Location"]).get_data(True)
    assert 'name="next" value="/console/account?tab=1"' in page
    assert new.login("author", next="/console/account?tab=1").headers["Location"] == "/console/account?tab=1"
    assert visitor().login("author", next="//evil.example").headers["Location"] == "/console/"


def test_a_link_in_a_text_fills_in_the_email_and_leads_on(house: System, visitor: Visit) -> None:
    hint = login_hint.signed(house, EMAIL)
    assert EMAIL not in hint
    there = visitor().get(f"/console/account?for={hint}").headers["Location"]
    assert there == f"/console/login?next=%2Fconsole%2Faccount&for={hint}"
    assert f'value="{EMAIL}"' in visitor().get(there).get_data(True)


def test_a_forged_old_or_foreign_hint_fills_in_nothing(house: System, clock: Clock) -> None:
    hint = login_hint.signed(house, EMAIL)
    id_, day, mac = hint.split(".")
    assert login_hint.read(house, hint) == EMAIL
    for forged in (
        f"{int(id_) + 1}.{day}.{mac}",
        f"{id_}.{int(day) + 1}.{mac}",
        f"{id_}.{day}.",
        "..",
        "x",
        f"{hint}x",
    ):
        assert login_hint.read(house, forged) == ""
    clock.forward(days=7)
    assert login_hint.read(house, hint) == EMAIL
    clock.forward(days=1)
    assert login_hint.read(house, hint) == ""
    assert login_hint.signed(house, "nobody@judge.example") == ""


def test_a_hint_for_somebody_switched_off_says_nothing(house: System) -> None:
    from broadcaster.services import roster

    hint = login_hint.signed(house, EMAIL)
    roster.disable(house, Actor("admin@judge.example", "x", frozenset({"admin"}), verified=True), EMAIL)
    assert login_hint.read(house, hint) == ""


def test_too_many_tries_from_one_address_are_stopped_whoever_they_are_for(visitor: Visit) -> None:
    one = visitor()
    token = one.token()
    form = {"password": "wrong", "csrf_token": token}
    people = ["p1@x.example", *(f"{name}@judge.example" for name in STAFF)]  # a stranger's password is hashed in full
    answers = [one.client.post("/console/login", data=form | {"email": people[n % 5]}).status_code for n in range(31)]
    assert [status == 429 for status in answers] == [False] * 30 + [True]


def test_somebody_logged_in_is_led_past_the_login(visitor: Visit) -> None:
    assert visitor("author").get("/console/login?next=/console/account").headers["Location"] == "/console/account"


def test_an_approver_with_nothing_but_a_password_is_told_and_an_author_is_not(visitor: Visit) -> None:
    assert "nothing but a password" in visitor("approver").get("/console/").get_data(True)
    assert "nothing but a password" not in visitor("author").get("/console/").get_data(True)


def test_a_lock_ends_by_itself(visitor: Visit, clock: Clock) -> None:
    for _ in range(MAX_FAILURES):
        visitor().login("author", password="wrong")
    clock.at += timedelta(minutes=15)
    assert visitor().login("author").status_code == 302


def test_the_packages_own_pages_do_not_exist(visitor: Visit) -> None:
    one = visitor("admin")
    for path in ("/console/verify", "/login", "/logout", "/register", "/reset", "/change", "/wan-signin", "/tf-setup"):
        assert one.get(path).status_code == 404
    answer = one.client.post("/console/login?include_auth_token", json={"email": EMAIL, "password": PASSWORD})
    assert "token" not in answer.get_data(True)
