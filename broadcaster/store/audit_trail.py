"""Reading the audit: by object, person and time, newest first. Functions take a ``Connection``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from broadcaster.store.schema import audit_entries

_c = audit_entries.c
SHORT = (_c.id, _c.at, _c.actor, _c.origin, _c.verb, _c.object, _c.detail["reason"].as_string().label("reason"))


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody looks for; empty means any. ``since`` and ``until`` bound the time, ``before`` a number."""

    object: str = ""
    person: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


def search(connection: Connection, asked: Asked, limit: int) -> list[Row[Any]]:
    """The newest entries that fit, without their whole content. Object and person match as parts, whatever the case."""
    query = sa.select(*SHORT).order_by(_c.id.desc()).limit(limit)
    return list(connection.execute(query.where(*_conditions(asked))))


def whole(connection: Connection, asked: Asked, limit: int) -> list[Row[Any]]:
    """``search`` with the exact content and the chain's codes, oldest first: what an export holds."""
    query = sa.select(audit_entries).where(*_conditions(asked)).order_by(_c.id).limit(limit)
    return list(connection.execute(query))


def entry(connection: Connection, id: int) -> Row[Any] | None:
    """One entry with all of it."""
    return connection.execute(sa.select(audit_entries).where(_c.id == id)).first()


def of_objects(connection: Connection, objects: list[str]) -> list[Row[Any]]:
    """All entries of these objects, oldest first, with their content (by the index on objects)."""
    return list(connection.execute(sa.select(audit_entries).where(_c.object.in_(objects)).order_by(_c.id)))


def _conditions(asked: Asked) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if asked.object:
        found.append(_c.object.icontains(asked.object, autoescape=True))
    if asked.person:
        found.append(_c.actor.icontains(asked.person, autoescape=True))
    if asked.since is not None:
        found.append(_c.at >= asked.since)
    if asked.until is not None:
        found.append(_c.at < asked.until)
    if asked.before is not None:
        found.append(_c.id < asked.before)
    return found
