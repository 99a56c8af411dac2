"""Audit entries of use cases, and checking the chain."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from broadcaster.services.system import Actor, System
from broadcaster.store import audit as store


def record(
    system: System, connection: Connection, actor: Actor, verb: str, object_: str, at: datetime, **detail: Any
) -> int:
    """One entry in the caller's transaction. Call it last: it locks the head of the chain."""
    return store.append(connection, system.settings.secret_key, at, actor.name, actor.origin, verb, object_, detail)


def verify(system: System) -> list[str]:
    """What is wrong with the chain; an empty list where it is whole."""
    with system.database.read() as connection:
        return list(store.verify(connection, system.settings.secret_key))
