"""Whether each part does its work, by signs of life and not by hope (interfaces.md, ``/readyz``)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from broadcaster.services.system import System
from broadcaster.store import heartbeats
from broadcaster.store.engine import now
from broadcaster.store.heartbeats import Beat
from broadcaster.store.schema import publication

STALE = timedelta(seconds=15)
PAGE_STALE = timedelta(seconds=90)  # the publisher says "checked" every 30 s
PARTS = ("sender", "worker", "clock")


@dataclass(frozen=True, slots=True)
class Health:
    """One part. ``reason`` says what is wrong and is empty where all is well."""

    ok: bool
    seen: datetime | None
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """The shape of ``/readyz``."""
        return {"ok": self.ok, "seen": written(self.seen), "reason": self.reason}


def readiness(system: System) -> dict[str, Any]:
    """``/readyz``'s object: {"ready", "parts": {name: {"ok", "seen", "reason"}}}. Never raises."""
    parts = _parts(system)
    return {"ready": all(part.ok for part in parts.values()), "parts": {n: p.as_json() for n, p in parts.items()}}


def written(moment: datetime | None) -> str | None:
    """RFC 3339 with Z, to the second."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def of_part(part: str, beats: Iterable[Beat], at: datetime) -> Health:
    """A part lives if any process of it gave a sign within 15 s, and has proved itself after a death."""
    mine = [beat for beat in beats if beat.part == part]
    if not mine:
        return Health(False, None, "has not started yet")
    seen = max(beat.seen for beat in mine)
    fresh = [beat for beat in mine if at - beat.seen <= STALE]
    if any(beat.state == heartbeats.OK for beat in fresh):
        return Health(True, seen)
    if any(beat.state == heartbeats.STARTING for beat in fresh):
        return Health(False, seen, "came back and has not lived through one beat yet")
    if any(beat.state == heartbeats.DOWN for beat in fresh):
        return Health(False, seen, "has stopped")
    return Health(False, seen, f"no sign for {int((at - seen).total_seconds())} s")


def _parts(system: System) -> dict[str, Health]:
    try:
        with system.database.read() as connection:
            at, beats = now(connection), heartbeats.every(connection)
            checked = connection.execute(sa.select(sa.func.max(publication.c.checked))).scalar()
    except SQLAlchemyError as error:
        return _without_database(system, error)
    found = {"database": Health(True, at), "redis": _redis(system, beats, at)}
    found |= {part: of_part(part, beats, at) for part in PARTS}
    return found | {"page": _page(checked, system.now())}


def _without_database(system: System, error: Exception) -> dict[str, Health]:
    unknown = Health(False, None, "not known while the database is away")
    reason = f"the database is away ({type(error).__name__})"
    parts = dict.fromkeys(PARTS, unknown)
    return {"database": Health(False, None, reason), "redis": _ping(system, None), **parts, "page": unknown}


def _redis(system: System, beats: Iterable[Beat], at: datetime) -> Health:
    answer = _ping(system, at)
    if not answer.ok or not system.settings.embedded_redis:
        return answer
    return of_part("redis", beats, at)


def _ping(system: System, at: datetime | None) -> Health:
    try:
        system.redis.ping()
    except RedisError as error:
        return Health(False, None, f"does not answer ({type(error).__name__})")
    return Health(True, at)


def _page(checked: datetime | None, at: datetime) -> Health:
    if checked is None:
        return Health(False, None, "has not been published yet")
    if at - checked > PAGE_STALE:
        return Health(False, checked, f"not checked for {int((at - checked).total_seconds())} s")
    return Health(True, checked)
