"""People, their roles and failed logins, in SQL. Functions take a ``Connection``; callers own the transaction."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.lockout import Failures
from broadcaster.store.schema import login_failures, roles, user_roles, users, webauthn
from broadcaster.store.upsert import insert as insert_or

ROLES = ("author", "approver", "admin")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a login. ``totp`` is the encrypted secret of an enrolled authenticator app.

    ``password_until`` stands where somebody else gave the password: it opens only the change of it, until then.
    """

    id: int
    email: str
    password: str
    active: bool
    roles: frozenset[str]
    totp: str | None
    passkeys: int = 0
    password_until: datetime | None = None

    @property
    def second_factor(self) -> bool:
        """Is there anything beside the password?"""
        return self.totp is not None or self.passkeys > 0


def find(connection: Connection, email: str) -> Person | None:
    """The person of that e-mail, in whatever case it is written."""
    row = connection.execute(sa.select(users).where(users.c.email == email.lower())).one_or_none()
    if row is None:
        return None
    held = sa.select(roles.c.name).join(user_roles).where(user_roles.c.user_id == row.id)
    names = frozenset(connection.execute(held).scalars())
    enrolled = row.tf_totp_secret if row.tf_primary_method == "authenticator" else None
    keys = connection.execute(sa.select(sa.func.count()).where(webauthn.c.user_id == row.id)).scalar_one()
    return Person(row.id, row.email, row.password, row.active, names, enrolled, keys, row.password_until)


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


def give(connection: Connection, user_id: int, held: Iterable[str]) -> None:
    """These roles and no others."""
    connection.execute(user_roles.delete().where(user_roles.c.user_id == user_id))
    for name in sorted(set(held)):
        connection.execute(user_roles.insert().values(user_id=user_id, role_id=_role(connection, name)))


def active_admins(connection: Connection) -> list[str]:
    """E-mails of everybody who can act as admin now; nobody else's power changes until the transaction ends."""
    connection.execute(sa.select(roles.c.id).where(roles.c.name == "admin").with_for_update()).all()
    held = sa.select(user_roles.c.user_id).join(roles).where(roles.c.name == "admin")
    query = sa.select(users.c.email).where(users.c.id.in_(held), users.c.active.is_(True)).order_by(users.c.email)
    found = connection.execute(query)
    return list(found.scalars())


def change(connection: Connection, user_id: int, **columns: Any) -> None:
    """Write columns of one person."""
    connection.execute(users.update().where(users.c.id == user_id).values(**columns))


def row(connection: Connection, user_id: int, lock: bool = False) -> sa.Row[Any]:
    """All columns of one person."""
    query = sa.select(users).where(users.c.id == user_id)
    return connection.execute(query.with_for_update() if lock else query).one()


def known(connection: Connection, user_id: int) -> sa.Row[Any] | None:
    """All columns of one person, or None."""
    return connection.execute(sa.select(users).where(users.c.id == user_id)).one_or_none()


def drop_factors(connection: Connection, user_id: int) -> None:
    """No app, no passkeys, no recovery codes."""
    connection.execute(webauthn.delete().where(webauthn.c.user_id == user_id))
    nothing = {"tf_primary_method": None, "tf_totp_secret": None, "tf_last_counter": None, "mf_recovery_codes": None}
    change(connection, user_id, **nothing)


def locked(connection: Connection, now: datetime) -> frozenset[str]:
    """E-mails that take no password at this moment."""
    found = connection.execute(sa.select(login_failures.c.email).where(login_failures.c.locked_until > now))
    return frozenset(found.scalars())


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
    """What is remembered of failed tries, its row locked for this transaction (made where there was none).

    In one statement: between two, a right password elsewhere may wipe the slate and take the row away.
    """
    made = insert_or(connection, login_failures).values(email=email, failures=0, last=now)
    locked = made.on_conflict_do_update(index_elements=[login_failures.c.email], set_={"email": email})
    row = connection.execute(locked.returning(login_failures)).one()
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
