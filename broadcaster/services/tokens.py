"""Tokens of machines: shown once, kept as SHA-256 (they are 256 random bits: nothing to guess), revocable."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from broadcaster.domain.errors import Forbidden, Invalid, NotFound, Refused, Unauthenticated
from broadcaster.services import audit, users
from broadcaster.services.system import Actor, System
from broadcaster.store.schema import tokens

SCOPES = ("read", "submit")
_USED_EVERY = timedelta(minutes=1)  # last_used is written no more often


def add(system: System, actor: Actor, name: str, scope: str, owner: str | None = None) -> str:
    """A new token's text, never shown again. Raises Invalid, Refused, or NotFound for an unknown owner."""
    check(system, name, scope, owner)
    at = system.now()
    try:
        with system.database.write() as connection:
            text = insert(connection, name, scope, owner, at)
            audit.record(system, connection, actor, "token.add", f"token:{name}", at, scope=scope, owner=owner)
    except IntegrityError as error:
        raise Refused("token_exists", f"there is a token {name} already; revoked names stay taken") from error
    return text


def check(system: System, name: str, scope: str, owner: str | None) -> None:
    """Could there be such a token? Raises Invalid or NotFound."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise Invalid("token_name", f"{name!r}: use letters, digits, dot, dash, underscore, at most 64")
    if scope not in SCOPES:
        raise Invalid("token_scope", f"{scope!r} is no scope; use read or submit")
    if owner is not None:
        users.find(system, owner)


def insert(connection: Connection, name: str, scope: str, owner: str | None, at: datetime) -> str:
    """The text of a token made in the caller's transaction. Raises IntegrityError where the name is taken."""
    text = f"bc_{secrets.token_urlsafe(32)}"
    row = {"name": name, "hash": _hash(text), "scope": scope, "owner": owner and owner.lower(), "created": at}
    connection.execute(tokens.insert().values(**row))
    return text


def revoke(system: System, actor: Actor, name: str) -> None:
    """End a token at once. Raises NotFound, or Refused where it was revoked before."""
    at = system.now()
    with system.database.write() as connection:
        found = connection.execute(sa.select(tokens.c.revoked).where(tokens.c.name == name)).one_or_none()
        if found is None:
            raise NotFound("token", f"there is no token {name}")
        if found.revoked is not None:
            raise Refused("token_revoked", f"{name} was revoked before")
        connection.execute(tokens.update().where(tokens.c.name == name).values(revoked=at))
        audit.record(system, connection, actor, "token.revoke", f"token:{name}", at)


def authenticate(system: System, header: str | None, origin: str) -> tuple[Actor, str]:
    """Who an ``Authorization: Bearer`` header is, and the scope. Raises Unauthenticated.

    The actor is "token:NAME" with no roles at all: a machine submits and never approves. ``owner`` is the
    person behind it, who then counts as submitter.
    """
    kind, _, text = (header or "").partition(" ")
    if kind.lower() != "bearer" or not text.strip():
        raise Unauthenticated("token_missing", "send Authorization: Bearer TOKEN")
    wanted = _hash(text.strip())
    with system.database.read() as connection:
        row = connection.execute(sa.select(tokens).where(tokens.c.hash == wanted)).one_or_none()
    if row is None or not hmac.compare_digest(row.hash, wanted) or row.revoked is not None:
        raise Unauthenticated("token", "this token is unknown or revoked")
    _touch(system, row)
    return Actor(f"token:{row.name}", origin, owner=row.owner), row.scope


def need(scope: str, held: str) -> None:
    """Refuse where a token's scope does not reach. ``submit`` may read as well."""
    if scope == "submit" and held != "submit":
        raise Forbidden("scope", "this token may only read; use one with the scope submit")


def listing(system: System) -> list[dict[str, Any]]:
    """All tokens without their secrets, by name."""
    with system.database.read() as connection:
        rows = connection.execute(sa.select(tokens).order_by(tokens.c.name)).all()
    return [
        {"name": r.name, "scope": r.scope, "owner": r.owner, "revoked": r.revoked is not None, "last_used": r.last_used}
        for r in rows
    ]


def _touch(system: System, row: Any) -> None:
    now = system.now()
    if row.last_used is not None and now - row.last_used < _USED_EVERY:
        return
    with system.database.write() as connection:
        connection.execute(tokens.update().where(tokens.c.name == row.name).values(last_used=now))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
