"""Sessions of the console in SQL. A cookie holds a random id, a row its hash: without the row it opens nothing."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.store.schema import sessions


def new_id() -> str:
    """256 random bits for a cookie."""
    return secrets.token_urlsafe(32)


def hashed(id_: str) -> str:
    """What is kept of an id; 256 random bits need no slow hash."""
    return hashlib.sha256(id_.encode()).hexdigest()


def add(connection: Connection, id_: str, user_id: int, at: datetime, origin: str, agent: str, via: str) -> None:
    """A session that begins now."""
    row = {"user_id": user_id, "created": at, "seen": at, "origin": origin, "agent": agent[:200], "via": via}
    connection.execute(sessions.insert().values(hash=hashed(id_), **row))


def find(connection: Connection, id_: str) -> sa.Row[Any] | None:
    """The row of a cookie's id."""
    return connection.execute(sa.select(sessions).where(sessions.c.hash == hashed(id_))).one_or_none()


def touch(connection: Connection, id_: str, at: datetime) -> None:
    """Somebody is there."""
    connection.execute(sessions.update().where(sessions.c.hash == hashed(id_)).values(seen=at))


def of_user(connection: Connection, user_id: int) -> list[sa.Row[Any]]:
    """A person's sessions, the newest first."""
    query = sa.select(sessions).where(sessions.c.user_id == user_id).order_by(sessions.c.created.desc())
    return list(connection.execute(query))


def end(connection: Connection, id_: str) -> bool:
    """End one; False where it was over."""
    return connection.execute(sessions.delete().where(sessions.c.hash == hashed(id_))).rowcount == 1


def end_all(connection: Connection, user_id: int, but: str = "") -> int:
    """End a person's sessions, all but the one with this cookie's id; returns how many."""
    mine = sessions.c.user_id == user_id
    return connection.execute(sessions.delete().where(mine, sessions.c.hash != hashed(but))).rowcount


def forget_older(connection: Connection, created: datetime, seen: datetime) -> None:
    """Rows that open nothing any more."""
    connection.execute(sessions.delete().where(sa.or_(sessions.c.created < created, sessions.c.seen < seen)))
