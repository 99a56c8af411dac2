"""Sessions: a new id at each login, an end everywhere, time-outs, and cookies that stay where they belong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import sqlalchemy as sa

from broadcaster.services import roster, sessions
from broadcaster.services.system import Actor, System
from broadcaster.store.schema import audit_entries
from broadcaster.store.schema import sessions as table
from tests.conftest import Clock
from tests.console.conftest import PASSWORD, Visitor

Visit = Callable[..., Visitor]
ADMIN = Actor("admin@judge.example", "console:x", frozenset({"admin"}), verified=True)


def test_a_cookie_copied_before_the_login_opens_nothing_after_it(visitor: Visit) -> None:
    victim, thief = visitor(), visitor()
    victim.get("/console/login")
    thief.client.set_cookie("console", victim.cookie)
    assert victim.login("author").status_code == 302
    assert victim.inside()
    assert not thief.inside()


def test_a_second_login_ends_the_first_session_of_that_browser(house: System, visitor: Visit) -> None:
    one = visitor("author")
    copy = visitor()
    copy.client.set_cookie("console", one.cookie)
    with house.database.read() as connection:
        before = connection.execute(sa.select(table.c.hash)).scalars().all()
    assert copy.inside()
    one.post("/console/logout")
    assert not copy.inside()
    one.login("author")
    with house.database.read() as connection:
        after = connection.execute(sa.select(table.c.hash)).scalars().all()
    assert len(before) == len(after) == 1
    assert before != after


def test_logging_out_ends_a_copied_cookie_too(visitor: Visit) -> None:
    one, copy = visitor("author"), visitor()
    copy.client.set_cookie("console", one.cookie)
    assert copy.inside()
    one.post("/console/logout")
    assert not copy.inside()
    assert not one.inside()


def test_all_other_sessions_are_logged_out_and_this_one_stays(visitor: Visit) -> None:
    here, there, somebody = visitor("author"), visitor("author"), visitor("approver")
    assert "Log out all other sessions" in here.get("/console/account").get_data(True)
    here.post("/console/account/sessions")
    assert here.inside()
    assert not there.inside()
    assert somebody.inside()


def test_a_new_password_ends_the_other_sessions(visitor: Visit) -> None:
    here, there = visitor("author"), visitor("author")
    new = "seven quiet otters"
    answer = here.post("/console/account/password", password=PASSWORD, new=new, again=new)
    assert answer.status_code == 302
    assert here.inside()
    assert not there.inside()
    assert visitor().login("author").status_code == 200
    assert visitor().login("author", password=new).status_code == 302


def test_somebody_switched_off_is_out_at_once(house: System, visitor: Visit) -> None:
    one = visitor("author")
    roster.disable(house, ADMIN, "author@judge.example")
    assert not one.inside()
    assert visitor().login("author").status_code == 200


def test_a_role_taken_away_is_gone_at_the_next_click(house: System, visitor: Visit) -> None:
    one = visitor("chief")
    assert one.get("/console/people").status_code == 200
    roster.take_roles(house, ADMIN, "chief@judge.example", ["admin"])
    assert one.get("/console/people").status_code == 403
    assert one.inside()


def test_a_session_ends_when_nobody_uses_it(visitor: Visit, clock: Clock) -> None:
    one = visitor("author")
    clock.forward(minutes=719)
    assert one.inside()
    clock.forward(minutes=719)
    assert one.inside()
    clock.forward(hours=12)
    assert not one.inside()


def test_a_page_that_renews_itself_does_not_keep_a_session_alive(visitor: Visit, clock: Clock) -> None:
    one = visitor("author")
    for _ in range(11):
        clock.forward(hours=1)
        assert one.get("/console/", X_Part="1").status_code == 200
    clock.forward(hours=1)
    assert one.get("/console/", X_Part="1").status_code == 302


def test_a_session_ends_after_a_day_whoever_is_there(visitor: Visit, clock: Clock) -> None:
    one = visitor("author")
    for _ in range(23):
        clock.forward(hours=1)
        assert one.inside()
    clock.forward(hours=1)
    assert not one.inside()


def test_the_policy_sets_both_times(house: System, clock: Clock) -> None:
    short = replace(house.config.policy, session_idle_minutes=30, session_hours=1)
    system = replace(house, config=replace(house.config, policy=short))
    who = Actor("author@judge.example", "console:x")
    id_ = sessions.begin(system, who, "browser", "password")
    clock.forward(minutes=29)
    assert sessions.alive(system, id_, somebody=True) is not None
    clock.forward(minutes=30)
    assert sessions.alive(system, id_, somebody=True) is None


def test_the_cookie_of_production_is_bound_to_the_host_and_closed_to_scripts(production: Visitor) -> None:
    answer = production.login("author")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-console=")
    for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert flag in cookie
    assert "Domain" not in cookie
    assert "Expires" not in cookie
    assert production.inside()


def test_the_record_keeps_no_id_that_opens_a_session(house: System, visitor: Visit) -> None:
    one = visitor("author")
    with one.client.session_transaction() as held:
        id_ = held["sid"]
    with house.database.read() as connection:
        kept = str(connection.execute(sa.select(table)).all())
        trail = connection.execute(sa.select(audit_entries.c.verb).order_by(audit_entries.c.id)).scalars().all()
    assert id_ not in kept
    assert "user.login" in trail


def test_a_signed_cookie_with_an_unknown_id_opens_nothing(visitor: Visit) -> None:
    one, other = visitor("author"), visitor("approver")
    with one.client.session_transaction() as mine, other.client.session_transaction() as theirs:
        mine["sid"] = theirs["sid"]
    assert not one.inside()
    with one.client.session_transaction() as mine:
        mine["sid"] = "made up"
    assert not one.inside()


def test_a_form_without_its_token_or_with_somebody_else_s_changes_nothing(visitor: Visit) -> None:
    one, other = visitor("author"), visitor("approver")
    stolen = other.token("/console/account")
    for form in ({}, {"csrf_token": ""}, {"csrf_token": stolen}):
        assert one.client.post("/console/account/sessions", data=form).status_code == 400
        assert one.client.post("/console/logout", data=form).status_code == 400
    assert one.inside()


def test_a_token_of_a_machine_opens_no_screen(house: System, visitor: Visit) -> None:
    from broadcaster.services import tokens

    text = tokens.add(house, ADMIN, "partner", "submit")
    stranger = visitor()
    for headers in ({"Authorization": f"Bearer {text}"}, {"Authentication-Token": text}):
        assert stranger.client.get("/console/account", headers=headers).status_code == 302
    assert stranger.get(f"/console/account?auth_token={text}").status_code == 302


def test_a_session_of_a_person_opens_no_door_of_machines(visitor: Visit) -> None:
    one = visitor("admin")
    assert one.get("/api/v1/alerts").status_code == 401


def test_proofs_inside_a_session_are_limited_by_the_minute_too(visitor: Visit) -> None:
    one, other = visitor("author"), visitor("approver")
    token = one.token("/console/account")
    form = {"csrf_token": token, "password": "wrong"}
    answers = [one.client.post("/console/account/recovery", data=form).status_code for _ in range(31)]
    assert answers == [401] * 5 + [403] * 25 + [429]
    assert other.post("/console/account/recovery", password=PASSWORD).status_code == 200
