"""Who may log in: the list, and what one admin may do alone because it widens nobody's power."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.accounts import people, sessions
from broadcaster.accounts.people import Person
from broadcaster.domain.errors import NotFound, Refused
from broadcaster.domain.powers import check_admin, check_admins_left
from broadcaster.services import audit, users
from broadcaster.services.system import Actor, System
from broadcaster.store.schema import users as users_table


def listing(system: System) -> list[dict[str, Any]]:
    """Everybody, by e-mail: roles, active, app, passkeys, codes, last_login, on_duty, locked, phone, password_until."""
    with system.database.read() as connection:
        shut = people.locked(connection, system.now())
        rows = connection.execute(sa.select(users_table).order_by(users_table.c.email)).all()
        return [_shown(connection, row, shut) for row in rows]


def one(system: System, email: str) -> dict[str, Any]:
    """One of them. Raises NotFound."""
    found = next((person for person in listing(system) if person["email"] == email.lower()), None)
    if found is None:
        raise NotFound("user", f"nobody has the e-mail {email}")
    return found


def disable(system: System, actor: Actor, email: str) -> None:
    """Nobody logs in as this person any more, and their sessions end at once. Raises Forbidden, NotFound, Refused."""
    check_admin(actor.roles, actor.verified)
    with system.database.write() as connection:
        admins, person = people.active_admins(connection), _person(connection, email)
        if not person.active:
            raise Refused("disabled", f"{person.email} cannot log in as it is")
        check_admins_left(admins, person.email)
        people.change(connection, person.id, active=False)
        ended = sessions.end_all(connection, person.id)
        audit.record(system, connection, actor, "user.disable", person.email, system.now(), sessions=ended)


def take_roles(system: System, actor: Actor, email: str, taken: Sequence[str]) -> None:
    """Take roles away, at once. Raises Forbidden, Invalid where none would be left, NotFound, Refused."""
    check_admin(actor.roles, actor.verified)
    with system.database.write() as connection:
        admins, person = people.active_admins(connection), _person(connection, email)
        left = person.roles - set(taken)
        users.check_roles(sorted(left))
        if "admin" in taken:
            check_admins_left(admins, person.email)
        people.give(connection, person.id, left)
        audit.record(system, connection, actor, "user.roles", person.email, system.now(), roles=sorted(left))


def unlock(system: System, actor: Actor, email: str) -> None:
    """Passwords are compared again at once after too many wrong ones. Raises Forbidden, NotFound."""
    check_admin(actor.roles, actor.verified)
    with system.database.write() as connection:
        person = _person(connection, email)
        people.forget_failures(connection, person.email)
        audit.record(system, connection, actor, "user.unlock", person.email, system.now())


def end_sessions(system: System, actor: Actor, email: str) -> None:
    """Log somebody out everywhere. Raises Forbidden, NotFound."""
    check_admin(actor.roles, actor.verified)
    with system.database.write() as connection:
        person = _person(connection, email)
        ended = sessions.end_all(connection, person.id)
        audit.record(system, connection, actor, "user.end_sessions", person.email, system.now(), sessions=ended)


def _person(connection: Connection, email: str) -> Person:
    found = people.find(connection, email)
    if found is None:
        raise NotFound("user", f"nobody has the e-mail {email}")
    return found


def _shown(connection: Connection, row: sa.Row[Any], shut: frozenset[str]) -> dict[str, Any]:
    person = _person(connection, row.email)
    known = {
        name: getattr(row, name) for name in ("email", "phone", "active", "on_duty", "last_login", "password_until")
    }
    more = {"roles": sorted(person.roles), "app": person.totp is not None, "passkeys": person.passkeys}
    codes = len(row.mf_recovery_codes or [])
    return {**known, **more, "codes": codes, "locked": row.email in shut, "owed": users.needs_factor(person)}
