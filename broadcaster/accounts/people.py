"""People, their roles and failed logins, in SQL. Functions take a ``Connection``; callers own the transaction."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.lockout import Failures
from broadcaster.store.schema import login_failures, roles, user_roles, users
from broadcaster.store.upsert import insert as insert_or

ROLES = ("author", "approver", "admin")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a login. ``totp`` is the encrypted secret of an enrolled second factor."""

    id: int
    email: str
    password: str
    active: bool
    roles: frozenset[str]
    totp: str | None


def find(connection: Connection, email: str) -> Person | None:
    """The person of that e-mail, in whatever case it is written."""
    row = connection.execute(sa.select(users).where(users.c.email == email.lower())).one_or_none()
    if row is None:
        return None
    held = sa.select(roles.c.name).join(user_roles).where(user_roles.c.user_id == row.id)
    names = frozenset(connection.execute(held).scalars())
    enrolled = row.tf_totp_secret if row.tf_primary_method == "authenticator" else None
    return Person(row.id, row.email, row.password, row.active, names, enrolled)


def insert(
    connection: Connection, email: str, hashed: str, held: Iterable[str], phone: str | None, at: datetime
) -> int:
    """A new person with roles; returns the id. The caller has checked that the e-mail is free."""
    made = connection.execute(
        users.insert()
        .values(
            email=email.lower(),
            phone=phone,
            password=hashed,
            active=True,
            fs_uniquifier=secrets.token_hex(32),
            created=at,
        )
        .returning(users.c.id)
    ).scalar_one()
    for name in sorted(set(held)):
        connection.execute(user_roles.insert().values(user_id=made, role_id=_role(connection, name)))
    return int(made)


def count(connection: Connection) -> int:
    """How many people have a login."""
    return int(connection.execute(sa.select(sa.func.count()).select_from(users)).scalar_one())


def listing(connection: Connection) -> list[Person]:
    """Everybody, by e-mail."""
    emails = connection.execute(sa.select(users.c.email).order_by(users.c.email)).scalars().all()
    return [person for email in emails if (person := find(connection, email)) is not None]


def enroll(connection: Connection, user_id: int, secret: str) -> None:
    """Store an encrypted TOTP secret; a new secret starts with no code used."""
    connection.execute(
        users.update()
        .where(users.c.id == user_id)
        .values(tf_primary_method="authenticator", tf_totp_secret=secret, tf_last_counter=None)
    )


def claim_counter(connection: Connection, user_id: int, counter: int) -> bool:
    """Use a TOTP counter up: true if it is newer than every one used before."""
    newer = sa.or_(users.c.tf_last_counter.is_(None), users.c.tf_last_counter < counter)
    done = connection.execute(users.update().where(users.c.id == user_id, newer).values(tf_last_counter=counter))
    return done.rowcount == 1


def failures(connection: Connection, email: str, now: datetime) -> Failures:
    """What is remembered of failed tries, its row locked for this transaction (made where there was none)."""
    empty = {"email": email, "failures": 0, "last": now}
    connection.execute(insert_or(connection, login_failures).values(**empty).on_conflict_do_nothing())
    row = connection.execute(sa.select(login_failures).where(login_failures.c.email == email).with_for_update()).one()
    return Failures(row.failures, row.last, row.locked_until)


def remember_failures(connection: Connection, email: str, known: Failures) -> None:
    """Write what ``lockout.after_try`` decided."""
    row = {"failures": known.count, "last": known.last, "locked_until": known.locked_until}
    connection.execute(login_failures.update().where(login_failures.c.email == email).values(**row))


def forget_failures(connection: Connection, email: str) -> None:
    """A right password (and code) wipes the slate."""
    connection.execute(login_failures.delete().where(login_failures.c.email == email))


def _role(connection: Connection, name: str) -> int:
    connection.execute(insert_or(connection, roles).values(name=name).on_conflict_do_nothing())
    return int(connection.execute(sa.select(roles.c.id).where(roles.c.name == name)).scalar_one())
