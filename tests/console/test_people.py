"""People and powers through forms: nobody widens power alone while there is a second admin, however they try."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
import sqlalchemy as sa

from broadcaster.services import alarms, audit, proposals, roster, users
from broadcaster.services.system import Actor, System
from broadcaster.store.schema import audit_entries, invitations
from tests.conftest import Clock
from tests.console.conftest import PASSWORD, Visitor
from tests.people import hire

Visit = Callable[..., Visitor]
NEW = "seven quiet otters"
WHO = "new@judge.example"


def secret(page: str) -> str:
    """The link, password or token that a page shows."""
    found = re.search(r'id="secret" readonly value="([^"]+)"', page)
    return unescape(found[1]) if found else ""


def propose(one: Visitor, how: str = "invite", roles: tuple[str, ...] = ("author",)) -> str:
    """Ask for a new person; the page that says what became of it."""
    answer = one.post("/console/people/new", {"roles": list(roles)}, email=WHO, how=how, password=PASSWORD)
    return answer.get_data(True)


def waiting(system: System) -> int:
    """The proposal that waits."""
    [one] = [one for one in proposals.listing(system) if one["waits"]]
    return int(one["id"])


def alone(system: System) -> None:
    """From now on admin@ is the only admin."""
    chief = Actor("chief@judge.example", "x", frozenset({"admin"}), verified=True)
    roster.take_roles(system, chief, "chief@judge.example", ["admin"])


def there(system: System, email: str) -> bool:
    return email in [one["email"] for one in roster.listing(system)]


def test_an_invitation_waits_for_the_second_admin_and_then_lets_one_person_in(house: System, visitor: Visit) -> None:
    admin, chief = visitor("admin"), visitor("chief")
    page = propose(admin)
    assert "Another admin must confirm it" in page
    assert secret(page) == ""
    assert WHO in chief.get("/console/powers").get_data(True)
    link = secret(chief.post("/console/powers/decide", confirm=waiting(house), password=PASSWORD).get_data(True))
    path = link.removeprefix(house.settings.console_url)
    stranger = visitor()
    assert WHO in stranger.get(path).get_data(True)
    assert WHO in stranger.get(path).get_data(True)
    assert stranger.post(path, password="short", again="short").status_code == 200
    assert stranger.post(path, password=NEW, again="other").status_code == 200
    assert not there(house, WHO)
    assert stranger.post(path, password=NEW, again=NEW).headers["Location"] == "/console/account"
    assert stranger.inside()
    assert roster.one(house, WHO)["roles"] == ["author"]
    assert visitor().get(path).status_code == 409
    assert visitor().post(path, password=NEW, again=NEW).status_code == 409
    assert audit.verify(house) == []


def test_an_invitation_ends_after_a_day_and_by_a_newer_one(house: System, visitor: Visit, clock: Clock) -> None:
    alone(house)
    admin = visitor("admin")
    first, second = (secret(propose(admin)).removeprefix(house.settings.console_url) for _ in range(2))
    assert visitor().get(first).status_code == 409
    assert visitor().get(second).status_code == 200
    clock.forward(hours=24)
    assert visitor().get(second).status_code == 409
    assert visitor().get("/console/join/made-up").status_code == 409


def test_the_record_keeps_no_link_password_or_token(house: System, visitor: Visit) -> None:
    alone(house)
    admin = visitor("admin")
    token = secret(propose(admin)).rpartition("/")[2]
    password = secret(admin.post("/console/people/approver@judge.example", act="password", password=PASSWORD).text)
    api = secret(admin.post("/console/tokens", name="cad", scope="submit", password=PASSWORD).text)
    assert len(token) > 40
    assert len(password) == 20
    assert api.startswith("bc_")
    with house.database.read() as connection:
        kept = str([connection.execute(sa.select(t)).all() for t in invitations.metadata.sorted_tables])
    assert not any(one in kept for one in (token, password, api))


def test_nobody_confirms_their_own_proposal(house: System, visitor: Visit) -> None:
    admin = visitor("admin")
    propose(admin)
    answer = admin.post("/console/powers/decide", confirm=waiting(house), password=PASSWORD)
    assert answer.status_code == 403
    assert "another admin must confirm it" in answer.get_data(True)
    other_window = visitor("admin")
    assert other_window.post("/console/powers/decide", confirm=waiting(house), password=PASSWORD).status_code == 403
    assert waiting(house)


def test_another_admin_s_session_does_not_confirm_with_one_s_own_password(house: System, visitor: Visit) -> None:
    hire(house, {"other": ["admin"]}, "nine green lanterns")
    propose(visitor("admin"))
    victim = visitor()
    victim.post("/console/login", email="other@judge.example", password="nine green lanterns")
    assert victim.post("/console/powers/decide", confirm=waiting(house), password=PASSWORD).status_code == 401
    assert victim.post("/console/powers/decide", confirm=waiting(house)).status_code == 401
    assert waiting(house)


def test_a_form_cannot_say_who_acts(house: System, visitor: Visit) -> None:
    admin = visitor("admin")
    propose(admin)
    forged = {"by": "chief@judge.example", "email": "chief@judge.example", "actor": "chief@judge.example"}
    answer = admin.post("/console/powers/decide", forged, confirm=waiting(house), password=PASSWORD)
    assert answer.status_code == 403


def test_a_proposal_is_decided_once(house: System, visitor: Visit) -> None:
    admin, chief = visitor("admin"), visitor("chief")
    propose(admin, "add")
    id_ = waiting(house)
    first = secret(chief.post("/console/powers/decide", confirm=id_, password=PASSWORD).get_data(True))
    assert len(first) == 20
    assert chief.post("/console/powers/decide", confirm=id_, password=PASSWORD).status_code == 409
    assert chief.post("/console/powers/decide", refuse=id_, password=PASSWORD).status_code == 409
    assert chief.post("/console/powers/decide", confirm=id_ + 1, password=PASSWORD).status_code == 404
    assert chief.post("/console/powers/decide", confirm="x", password=PASSWORD).status_code == 404
    assert visitor().post("/console/login", email=WHO, password=first).headers["Location"] == "/console/"


def test_what_was_refused_or_is_too_old_is_never_done(house: System, visitor: Visit, clock: Clock) -> None:
    admin, chief = visitor("admin"), visitor("chief")
    propose(admin)
    assert chief.post("/console/powers/decide", refuse=waiting(house), password=PASSWORD).status_code == 302
    assert alarms.open_(house) == []
    propose(admin)
    clock.forward(hours=72)
    answer = visitor("chief").post("/console/powers/decide", confirm=waiting(house), password=PASSWORD)
    assert answer.status_code == 409
    assert "older than three days" in answer.get_data(True)
    assert not there(house, WHO)


def test_a_proposal_of_somebody_who_is_no_admin_any_more_is_not_done(house: System, visitor: Visit) -> None:
    propose(visitor("admin"))
    chief = visitor("chief")
    chief.post("/console/people/admin@judge.example", act="disable", password=PASSWORD)
    answer = chief.post("/console/powers/decide", confirm=waiting(house), password=PASSWORD)
    assert "no active admin any more" in answer.get_data(True)


@pytest.mark.parametrize("act", ["enable", "factor", "password"])
def test_what_widens_power_over_a_login_waits_for_the_second_admin(house: System, visitor: Visit, act: str) -> None:
    admin = visitor("admin")
    if act == "enable":
        admin.post("/console/people/author@judge.example", act="disable", password=PASSWORD)
    assert "Another admin" in admin.post("/console/people/author@judge.example", act=act, password=PASSWORD).text
    assert roster.one(house, "author@judge.example")["active"] == (act != "enable")
    assert users.find(house, "author@judge.example").password_until is None
    chief = visitor("chief")
    assert chief.post("/console/powers/decide", confirm=waiting(house), password=PASSWORD).status_code == 200
    assert roster.one(house, "author@judge.example")["active"]
    assert (users.find(house, "author@judge.example").password_until is not None) == (act == "password")


def test_an_author_made_approver_needs_two_admins_and_one_made_less_needs_one(house: System, visitor: Visit) -> None:
    admin = visitor("admin")
    page = "/console/people/author@judge.example"
    answer = admin.post(page, {"roles": ["author", "approver"]}, act="roles", password=PASSWORD)
    assert "Another admin" in answer.text
    assert roster.one(house, "author@judge.example")["roles"] == ["author"]
    visitor("chief").post("/console/powers/decide", confirm=waiting(house), password=PASSWORD)
    assert roster.one(house, "author@judge.example")["roles"] == ["approver", "author"]
    assert admin.post(page, {"roles": ["author"]}, act="roles", password=PASSWORD).status_code == 302
    assert roster.one(house, "author@judge.example")["roles"] == ["author"]
    assert admin.post(page, {"roles": ["author"]}, act="roles", password=PASSWORD).status_code == 422
    assert admin.post(page, act="roles", password=PASSWORD).status_code == 422
    assert admin.post(page, {"roles": ["boss", "author"]}, act="roles", password=PASSWORD).status_code == 422


def test_a_lone_admin_acts_at_once_and_the_alarm_stands_until_somebody_else_has_looked(
    house: System, visitor: Visit
) -> None:
    alone(house)
    admin = visitor("admin")
    assert "only active admin" in admin.get("/console/people/new").get_data(True)
    link = secret(propose(admin))
    assert "/console/join/" in link
    [alarm] = alarms.open_(house)
    assert "admin@judge.example alone chose to invite new@judge.example as author. Somebody else" in alarm["text"]
    [done] = proposals.listing(house)
    assert admin.post(f"/console/powers/{done['id']}/seen").status_code == 403
    assert alarms.open_(house)
    author = visitor("author")
    assert author.post(f"/console/powers/{done['id']}/seen").status_code == 302
    assert alarms.open_(house) == []
    assert author.post(f"/console/powers/{done['id']}/seen").status_code == 409
    with house.database.read() as connection:
        verbs = connection.execute(sa.select(audit_entries.c.verb).order_by(audit_entries.c.id)).scalars().all()
    assert verbs[-1] == "power.seen"
    assert "power.invite" in verbs


def test_the_last_admin_can_neither_go_nor_be_made_less(house: System, visitor: Visit) -> None:
    alone(house)
    admin = visitor("admin")
    page = "/console/people/admin@judge.example"
    for answer in (
        admin.post(page, act="disable", password=PASSWORD),
        admin.post(page, {"roles": ["author"]}, act="roles", password=PASSWORD),
    ):
        assert answer.status_code in (409, 422)
    widened = admin.post(page, {"roles": ["admin", "author"]}, act="roles", password=PASSWORD)
    assert widened.status_code == 200
    assert admin.post(page, {"roles": ["author"]}, act="roles", password=PASSWORD).status_code == 409
    assert admin.get("/console/people").status_code == 200


def test_a_lock_is_taken_off_by_an_admin(house: System, visitor: Visit) -> None:
    for _ in range(5):
        visitor().login("author", password="wrong")
    admin = visitor("admin")
    assert "locked after wrong tries" in admin.get("/console/people").get_data(True)
    assert admin.post("/console/people/author@judge.example", act="unlock", password=PASSWORD).status_code == 302
    assert visitor().login("author").status_code == 302


def test_sessions_of_somebody_else_are_ended(visitor: Visit) -> None:
    author = visitor("author")
    visitor("admin").post("/console/people/author@judge.example", act="sessions", password=PASSWORD)
    assert not author.inside()


@pytest.mark.parametrize("act", ["disable", "unlock", "sessions", "enable", "factor", "password", "roles", "", "x"])
def test_no_act_is_done_without_proof_in_the_same_form(house: System, visitor: Visit, act: str) -> None:
    before = roster.listing(house)
    form = {"roles": ["author", "admin"]}
    answer = visitor("admin").post("/console/people/author@judge.example", form, act=act)
    assert answer.status_code == 401
    assert [one | {"last_login": None} for one in roster.listing(house)] == [o | {"last_login": None} for o in before]
    assert proposals.listing(house) == []


def test_a_token_is_shown_once_and_revoked_by_one_admin(house: System, visitor: Visit) -> None:
    admin, chief = visitor("admin"), visitor("chief")
    form = {"name": "cad", "scope": "submit", "owner": "author@judge.example"}
    assert secret(admin.post("/console/tokens", form, password=PASSWORD).text) == ""
    text = secret(chief.post("/console/powers/decide", confirm=waiting(house), password=PASSWORD).text)
    headers = {"Authorization": f"Bearer {text}"}
    assert visitor().client.get("/api/v1/alerts", headers=headers).status_code == 200
    assert text not in admin.get("/console/tokens").text
    assert admin.post("/console/tokens", revoke="cad").status_code == 401
    assert admin.post("/console/tokens", revoke="cad", password=PASSWORD).status_code == 302
    assert visitor().client.get("/api/v1/alerts", headers=headers).status_code == 401


def test_two_at_once_with_one_email_make_one_login(house: System, visitor: Visit) -> None:
    admin, chief = visitor("admin"), visitor("chief")
    propose(admin, "add")
    first = waiting(house)
    propose(admin, "add")
    second = next(one["id"] for one in proposals.listing(house) if one["waits"] and one["id"] != first)
    assert chief.post("/console/powers/decide", confirm=first, password=PASSWORD).status_code == 200
    assert chief.post("/console/powers/decide", confirm=second, password=PASSWORD).status_code == 409
    assert [one["email"] for one in roster.listing(house)].count(WHO) == 1
