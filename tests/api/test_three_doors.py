"""What four eyes forbid is tried as a form, at the command line and at the API: each refuses, and nothing moves.

One installation (SQLite, bundled agency) serves all cases; each has an alert of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from broadcaster.accounts import people
from broadcaster.app import create_app
from broadcaster.cli.main import cli
from broadcaster.domain.alert import Mode
from broadcaster.services import compose, prepare, show, tokens, users
from broadcaster.services.approve import approve
from broadcaster.services.lift import lift
from broadcaster.services.override import override
from broadcaster.services.return_ import return_
from broadcaster.services.submit import submit
from broadcaster.services.system import Actor, System
from broadcaster.settings import DEMO_AGENCY
from broadcaster.store.schema import alarms, alerts, audit_entries, broadcasts, deliveries, reviews
from tests.api.conftest import Machine
from tests.console.compose_forms import Writer, fields
from tests.console.conftest import Visitor
from tests.people import PASSWORD, SHELL, hire
from tests.services.agency import ORDER

STAFF = {
    "author": ["author"],
    "approver": ["approver"],
    "chief": ["approver", "author"],
    "guarded": ["approver"],  # has an authenticator app
}
WATCHED = (audit_entries, alerts, reviews, broadcasts, deliveries, alarms)
VERBS = ("approve", "override", "reject", "return", "withdraw", "stop", "cancel", "lift", "extend", "sign")


def person(name: str) -> Actor:
    return Actor(f"{name}@judge.example", "test", frozenset(STAFF[name]), verified=True)


@dataclass
class Town:
    """The installation, with a browser for each person, and a machine whose token each of them owns."""

    system: System
    app: Flask
    visitors: dict[str, Visitor]
    machines: dict[str, Machine]
    secret: str = ""
    spent: dict[str, str] = field(default_factory=dict)

    def state(self) -> list[Any]:
        """Everything that a refused step must leave as it was."""
        with self.system.database.read() as connection:
            keys = [table.primary_key.columns.values()[0] for table in WATCHED]
            pairs = zip(WATCHED, keys, strict=True)
            return [connection.execute(sa.select(table).order_by(key)).all() for table, key in pairs]

    def waiting(self, by: str = "author", **changed: Any) -> str:
        """An alert that this person submitted."""
        return submit(self.system, person(by), self.draft(by, **changed)).id

    def draft(self, by: str = "author", **changed: Any) -> str:
        return compose.create(self.system, person(by), replace(ORDER, **changed)).id

    def live(self, by: str = "author", approver: str = "approver", **changed: Any) -> str:
        id_ = self.waiting(by, **changed)
        return approve(self.system, person(approver), id_, self.digest(id_)).id

    def digest(self, id_: str) -> str:
        return str(show.alert(self.system, id_)["digest"])

    def ago(self, minutes: int) -> Town:
        """The same, so long ago."""
        then = self.system.now() - timedelta(minutes=minutes)
        return replace(self, system=replace(self.system, now=lambda: then))


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[Town]:
    folder: Path = tmp_path_factory.mktemp("town")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATABASE_URL", "BROADCASTER_ENV", "SECRET_KEY", "PUBLIC_URL", "CONSOLE_URL"):
            patch.delenv(name, raising=False)
        patch.setenv("BROADCASTER_DATA", str(folder / "var"))
        patch.setenv("BROADCASTER_CONFIG", str(DEMO_AGENCY / "config"))
        patch.setenv("REDIS_URL", redis_url)
        system = prepare.prepare(os.environ)
        hire(system, STAFF)
        app = create_app(system)
        visitors = {name: Visitor(app.test_client()) for name in STAFF}
        machines = {
            name: Machine(app.test_client(), tokens.add(system, SHELL, name, "submit", f"{name}@judge.example"))
            for name in STAFF
        }
        for name, visitor in visitors.items():
            assert visitor.login(name).status_code == 302
        yield Town(system, app, visitors, machines, _app_of(system, "guarded"))
        system.close()


def _app_of(system: System, name: str) -> str:
    """An authenticator app for that person, after the login: its encrypted secret."""
    secret = str(users.totp(system).generate_totp_secret())
    with system.database.write() as connection:
        people.enroll(connection, users.find(system, f"{name}@judge.example").id, secret)
    return secret


@dataclass(frozen=True)
class Case:
    """A forbidden step. ``prepare`` gives the alert; ``code``: the command line's word, ``status``: the form's."""

    name: str
    prepare: Callable[[Town], str]
    verb: str
    who: str
    code: str
    status: int
    digest: str = "right"
    reason: str = "nobody answers"
    password: str = PASSWORD
    more: dict[str, str] = field(default_factory=dict)


def spent_code(town: Town) -> str:
    """An alert, and a code of the app that was used a moment ago for something else."""
    code = users.totp(town.system).code_at(town.secret, town.system.now())
    users.verify(town.system, "guarded@judge.example", PASSWORD, code, "test")
    town.spent["guarded"] = code
    return town.waiting()


def too_old(town: Town) -> str:
    return town.ago(241).waiting()


def over(town: Town) -> str:
    earlier = town.ago(180)
    return earlier.waiting(until_lifted=False, expires=earlier.system.now() + timedelta(hours=2))


def by_token(town: Town) -> str:
    """What the chief's machine handed in."""
    body = {"template": ORDER.template, "fields": dict(ORDER.fields), "zones": ["hills"]}
    made = town.machines["chief"].post("/api/v1/alerts", json=body)
    id_ = str(made.get_json()["id"])
    assert town.machines["chief"].post(f"/api/v1/alerts/{id_}/submit").status_code == 200
    return id_


def owed(town: Town) -> str:
    """Released by the approver alone."""
    id_ = town.waiting()
    return override(town.system, person("approver"), id_, town.digest(id_), "nobody answers").id


def lifted(town: Town) -> str:
    id_ = town.live()
    clear = lift(town.system, person("author"), id_, "the fire is out")
    approve(town.system, person("approver"), clear.id, town.digest(clear.id))
    return id_


def returned(town: Town) -> str:
    """What the chief sent back; the author has not looked at it yet."""
    id_ = town.waiting()
    return_(town.system, person("chief"), id_, "wrong road")
    return id_


CASES = (
    Case("one's own", lambda t: t.waiting("chief"), "approve", "chief", "four_eyes", 403),
    Case("one's own token's", by_token, "approve", "chief", "four_eyes", 403),
    Case("without the role", lambda t: t.waiting("chief"), "approve", "author", "role", 403),
    Case("not what was seen", lambda t: t.waiting(), "approve", "approver", "digest", 409, digest="0" * 64),
    Case("waited too long", too_old, "approve", "approver", "review_too_old", 409),
    Case("its end has passed", over, "approve", "approver", "expired", 409),
    Case("wrong password", lambda t: t.waiting(), "approve", "approver", "credentials", 401, password="wrong horse"),
    Case("a code used before", spent_code, "approve", "guarded", "credentials", 401, password=""),
    Case("on air already", lambda t: t.live(), "approve", "chief", "wrong_state", 409),
    Case("override without a reason", lambda t: t.waiting(), "override", "approver", "no_reason", 409, reason=" "),
    Case("override without the role", lambda t: t.waiting(), "override", "author", "role", 403),
    Case("override of something else", lambda t: t.waiting(), "override", "approver", "digest", 409, digest="0"),
    Case("override too late", too_old, "override", "approver", "review_too_old", 409),
    Case("signing one's own override", owed, "approve", "approver", "four_eyes", 403),
    Case("signing without the role", owed, "approve", "author", "role", 403),
    Case("rejecting without a reason", lambda t: t.waiting(), "reject", "approver", "no_reason", 409, reason=""),
    Case("rejecting without the role", lambda t: t.waiting(), "reject", "author", "role", 403),
    Case("returning without a reason", lambda t: t.waiting(), "return", "approver", "no_reason", 409, reason=" "),
    Case("returning without the role", lambda t: t.waiting(), "return", "author", "role", 403),
    Case("taking back another's", lambda t: t.waiting(), "withdraw", "approver", "not_submitter", 403),
    Case("stopping without the role", lambda t: t.live(), "stop", "author", "role", 403),
    Case("lifting twice", lifted, "lift", "author", "not_live", 409),
    Case("extending what is lifted", lifted, "extend", "author", "not_live", 409),
    Case("correcting what is lifted", lifted, "cancel", "author", "not_live", 409),
    Case("lifting a draft", lambda t: t.draft(), "lift", "author", "not_live", 409),
)


def by_form(town: Town, case: Case, id_: str) -> int:
    """What the page would send, and its answer's status."""
    digest = town.digest(id_) if case.digest == "right" else case.digest
    proof = {"password": case.password, "code": town.spent.get(case.who, "")}
    form = {"digest": digest, "understood": "1", "reason": case.reason, "do": case.verb, **proof}
    path = {"override": "override", "stop": "stop", "lift": "lift", "extend": "extend", "cancel": "error"}
    if case.verb == "lift":
        form["zone"] = "hills"
    if case.verb == "cancel":
        form["do"] = "review"
    return town.visitors[case.who].post(f"/console/alerts/{id_}/{path.get(case.verb, 'decide')}", form).status_code


def by_command(town: Town, case: Case, id_: str) -> tuple[int, str]:
    """The exit code, and what stands on stderr."""
    digest = town.digest(id_) if case.digest == "right" else case.digest
    seen = ["--digest", digest] if case.verb in ("approve", "override") else []
    arguments = ["alerts", case.verb, id_, "--as", f"{case.who}@judge.example", "--password-stdin", *seen]
    stdin = f"{case.password or PASSWORD}\n{town.spent.get(case.who, '')}\n"
    done = CliRunner().invoke(cli, [*arguments, "--reason", case.reason], input=stdin)
    return done.exit_code, done.stderr


def by_machine(town: Town, case: Case, id_: str) -> int:
    """A token of that person's tries the same."""
    body = {"digest": town.digest(id_), "reason": case.reason, "understood": "1"}
    return town.machines[case.who].post(f"/api/v1/alerts/{id_}/{case.verb}", json=body).status_code


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
def test_a_forbidden_step_is_refused_at_every_door_and_leaves_no_trace(town: Town, case: Case) -> None:
    id_ = case.prepare(town)
    before = town.state()
    assert by_form(town, case, id_) == case.status
    code, said = by_command(town, case, id_)
    assert (code, case.code in said) == (1, True), said
    assert by_machine(town, case, id_) in (404, 405)
    assert town.state() == before


def test_what_somebody_returned_they_cannot_submit_again_at_any_door(town: Town) -> None:
    id_ = returned(town)
    before = town.state()
    assert town.machines["chief"].post(f"/api/v1/alerts/{id_}/submit").status_code == 403
    arguments = ["alerts", "submit", id_, "--as", "chief@judge.example", "--password-stdin"]
    done = CliRunner().invoke(cli, arguments, input=f"{PASSWORD}\n")
    assert (done.exit_code, "returned_it" in done.stderr) == (1, True)
    assert town.state() == before


def test_an_alert_without_an_area_goes_to_review_by_no_door(town: Town) -> None:
    id_ = town.draft(zones=())
    before = town.state()
    assert town.machines["author"].post(f"/api/v1/alerts/{id_}/submit").status_code == 409
    arguments = ["alerts", "submit", id_, "--as", "author@judge.example", "--password-stdin"]
    done = CliRunner().invoke(cli, arguments, input=f"{PASSWORD}\n")
    assert (done.exit_code, "no_area" in done.stderr) == (1, True)
    assert town.state() == before


def test_an_exercise_stays_one_whatever_a_form_or_machine_says(town: Town) -> None:
    id_ = town.draft(mode=Mode.EXERCISE)
    writer = Writer(town.visitors["author"].client)
    page = writer.client.get(f"/console/alerts/{id_}/edit")
    sent = writer.send(f"/console/alerts/{id_}/edit", fields(page), "save", mode="actual")
    assert sent.status_code < 500
    assert show.alert(town.system, id_)["mode"] == "exercise"
    submit(town.system, person("author"), id_)
    form = {"digest": town.digest(id_), "understood": "1", "password": PASSWORD, "do": "approve", "mode": "actual"}
    assert town.visitors["approver"].post(f"/console/alerts/{id_}/decide", form).status_code == 302
    with town.system.database.read() as connection:
        row = connection.execute(sa.select(broadcasts).where(broadcasts.c.alert == id_)).one()
    assert row.mode == "exercise"
    assert row.audience["groups"] == ["exercise"]


def test_a_machine_has_no_verb_but_to_hand_in(town: Town) -> None:
    id_ = town.waiting()
    before = town.state()
    for verb in VERBS:
        assert town.machines["approver"].post(f"/api/v1/alerts/{id_}/{verb}", json={}).status_code in (404, 405), verb
    assert town.state() == before
