"""Acts that widen what somebody, or a rule, can do, each as a check and the act itself inside the caller's transaction.

``services.proposals`` says who decides them. A new kind is one entry of ``KINDS``.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.engine import Connection

from broadcaster.accounts import passwords, people, sessions
from broadcaster.accounts.people import Person
from broadcaster.domain.errors import Invalid, NotFound, Refused
from broadcaster.domain.powers import check_admins_left
from broadcaster.services import notices, rule_change, tokens, users
from broadcaster.services.system import Actor, System
from broadcaster.store.schema import invitations

INVITED_FOR = timedelta(hours=24)
GIVEN_FOR = timedelta(hours=72)  # how long a password that an admin read out opens the door to setting one's own


@dataclass(frozen=True, slots=True)
class Act:
    """What is to be done, in one transaction: with what, by whom at last, when."""

    system: System
    connection: Connection
    actor: Actor
    detail: dict[str, Any]
    at: datetime

    def person(self) -> Person:
        """Whom it is about. Raises NotFound."""
        found = people.find(self.connection, self.detail["email"])
        if found is None:
            raise NotFound("user", f"nobody has the e-mail {self.detail['email']}")
        return found


@dataclass(frozen=True, slots=True)
class Kind:
    """``check`` raises where it cannot be; ``perform`` does it and returns what is shown once, or ""."""

    words: str
    check: Callable[[Act], object]
    perform: Callable[[Act], str]


def words(kind: str, detail: dict[str, Any]) -> str:
    """An act in a sentence, for alarms and the audit."""
    about = {name: " and ".join(one) if isinstance(one, list) else one for name, one in detail.items()}
    return KINDS[kind].words.format(**about)


def clean(kind: str, detail: dict[str, Any]) -> dict[str, Any]:
    """The detail with e-mails as they are kept. Raises Invalid."""
    if kind not in KINDS:
        raise Invalid("kind", f"{kind!r} is nothing that can be proposed")
    return {name: users.clean_email(one) if name == "email" else one for name, one in detail.items()}


# --- checks -----------------------------------------------------------------------------------------------------
def _newcomer(act: Act) -> None:
    users.check_roles(act.detail["roles"])
    if people.find(act.connection, act.detail["email"]) is not None:
        raise Refused("user_exists", f"{act.detail['email']} has a login already")


def _disabled(act: Act) -> None:
    if act.person().active:
        raise Refused("active", f"{act.detail['email']} can log in already")


def _roles(act: Act) -> None:
    users.check_roles(sorted(_after(act)))
    if "admin" in act.detail["take"]:
        check_admins_left(people.active_admins(act.connection), act.detail["email"])


def _token(act: Act) -> None:
    tokens.check(act.system, act.detail["name"], act.detail["scope"], act.detail["owner"])


def _rule(act: Act) -> None:
    rule_change.check(act.system, act.connection, act.detail)


# --- acts -------------------------------------------------------------------------------------------------------
def _invite(act: Act) -> str:
    token = secrets.token_urlsafe(32)
    old = (invitations.c.email == act.detail["email"], invitations.c.used.is_(None))
    act.connection.execute(invitations.delete().where(*old))
    about = {name: act.detail[name] for name in ("email", "roles", "phone")}
    row = {"hash": hashed(token), "by": act.actor.name, "created": act.at, "expires": act.at + INVITED_FOR}
    act.connection.execute(invitations.insert().values(**row, **about))
    return f"{act.system.settings.console_url.rstrip('/')}/console/join/{token}"


def _add(act: Act) -> str:
    password, detail = passwords.random_password(), act.detail
    hashed_ = passwords.hash_password(password)
    made = people.insert(act.connection, detail["email"], hashed_, detail["roles"], detail["phone"], act.at)
    people.change(act.connection, made, password_until=act.at + GIVEN_FOR)
    return password


def _enable(act: Act) -> str:
    people.change(act.connection, act.person().id, active=True)
    return ""


def _give(act: Act) -> str:
    people.give(act.connection, act.person().id, _after(act))
    return ""


def _drop_factors(act: Act) -> str:
    person = act.person()
    people.drop_factors(act.connection, person.id)
    sessions.end_all(act.connection, person.id)
    notices.account_changed(act.system, act.connection, person.email, "factors_off", act.at)
    return ""


def _new_password(act: Act) -> str:
    person, password = act.person(), passwords.random_password()
    until = act.at + GIVEN_FOR
    hashed_ = passwords.hash_password(password)
    people.change(act.connection, person.id, password=hashed_, password_until=until)
    people.forget_failures(act.connection, person.email)
    sessions.end_all(act.connection, person.id)
    notices.account_changed(act.system, act.connection, person.email, "reset", act.at)
    return password


def _make_token(act: Act) -> str:
    return tokens.insert(act.connection, act.detail["name"], act.detail["scope"], act.detail["owner"], act.at)


def _change_rule(act: Act) -> str:
    rule_change.perform(act.system, act.connection, act.actor, act.detail, act.at)
    return ""


def _after(act: Act) -> frozenset[str]:
    return (act.person().roles - frozenset(act.detail["take"])) | frozenset(act.detail["give"])


def hashed(token: str) -> str:
    """What is kept of an invitation's token: 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


KINDS = {
    "invite": Kind("invite {email} as {roles}", _newcomer, _invite),
    "add": Kind("add {email} as {roles}, with a first password", _newcomer, _add),
    "enable": Kind("let {email} log in again", _disabled, _enable),
    "roles": Kind("make {email} {give}", _roles, _give),
    "factor": Kind(
        "take away the second factors of {email}, so that new ones can be enrolled", Act.person, _drop_factors
    ),
    "password": Kind("give {email} a new first password", Act.person, _new_password),
    "token": Kind("make the API token {name} with the scope {scope}", _token, _make_token),
    "rule": Kind("{act} the rule {rule}", _rule, _change_rule),
}
