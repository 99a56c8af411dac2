"""Somebody invited comes in: a link good once, for a day, and a password of their own."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from broadcaster.accounts import passwords, people
from broadcaster.domain.errors import Refused
from broadcaster.services import audit, users
from broadcaster.services.powers import hashed
from broadcaster.services.system import Actor, System
from broadcaster.store.schema import invitations


def peek(system: System, token: str) -> str:
    """Whom a link invites; looking uses nothing up (scanners open links). Raises Refused."""
    with system.database.read() as connection:
        return str(_open(system, connection, token).email)


def accept(system: System, token: str, password: str, origin: str) -> Actor:
    """A new login with a password of one's own; the link is worth nothing then. Raises Invalid, Refused."""
    email, at = peek(system, token), system.now()
    users.check_password(system, email, password)
    hash_ = passwords.hash_password(password)
    try:
        with system.database.write() as connection:
            row = _open(system, connection, token, lock=True)
            people.insert(connection, email, hash_, row.roles, row.phone, at)
            connection.execute(invitations.update().where(invitations.c.hash == row.hash).values(used=at))
            actor = Actor(email, origin, frozenset(row.roles), verified=True)
            audit.record(system, connection, actor, "user.join", email, at, roles=row.roles, invited_by=row.by)
    except IntegrityError as error:
        raise Refused("user_exists", f"{email} has a login already") from error
    return actor


def _open(system: System, connection: Connection, token: str, lock: bool = False) -> sa.Row[Any]:
    query = sa.select(invitations).where(invitations.c.hash == hashed(token))
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None or row.used is not None or row.expires <= system.now():
        raise Refused("invitation", "This invitation is over or was used. Ask an admin for a new one.")
    return row
