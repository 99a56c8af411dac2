"""Who is logged in to the console: a session begins, lives while somebody is there, and ends everywhere at once.

Time-outs are the policy's (``session_idle_minutes``, ``session_hours``). What a page fetches by itself does not keep a
session alive: a watch left open would never end.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from broadcaster.accounts import people
from broadcaster.accounts import sessions as store
from broadcaster.services import audit, users
from broadcaster.services.system import Actor, System

_SEEN_EVERY = timedelta(minutes=1)  # ``seen`` is written no more often


def begin(system: System, actor: Actor, agent: str, via: str) -> str:
    """A new session for somebody just proved; returns the id for the cookie, kept nowhere else."""
    person, at, id_ = users.find(system, actor.name), system.now(), store.new_id()
    with system.database.write() as connection:
        store.forget_older(connection, at - _longest(system), at - _idle(system))
        store.add(connection, id_, person.id, at, actor.origin, agent, via)
        people.change(connection, person.id, last_login=at)
        audit.record(system, connection, actor, "user.login", person.email, at, via=via)
    return id_


def alive(system: System, id_: str, somebody: bool) -> int | None:
    """The person's id, or None where the session is over. ``somebody``: a person asked, not a page by itself."""
    now = system.now()
    with system.database.read() as connection:
        row = store.find(connection, id_)
    if row is None or now - row.created >= _longest(system) or now - row.seen >= _idle(system):
        return None
    if somebody and now - row.seen >= _SEEN_EVERY:
        with system.database.write() as connection:
            store.touch(connection, id_, now)
    return int(row.user_id)


def end(system: System, actor: Actor, id_: str) -> None:
    """Log out: the cookie opens nothing any more, whoever has a copy of it."""
    with system.database.write() as connection:
        if store.end(connection, id_):
            audit.record(system, connection, actor, "user.logout", actor.name, system.now())


def end_others(system: System, actor: Actor, keep: str) -> int:
    """End all of one's sessions but this; returns how many."""
    person = users.find(system, actor.name)
    with system.database.write() as connection:
        ended = store.end_all(connection, person.id, keep)
        audit.record(system, connection, actor, "user.logout_others", person.email, system.now(), ended=ended)
    return ended


def listing(system: System, email: str, current: str) -> list[dict[str, Any]]:
    """A person's living sessions, the newest first: origin, agent, via, created, seen, current."""
    person, now = users.find(system, email), system.now()
    with system.database.read() as connection:
        rows = store.of_user(connection, person.id)
    names = ("origin", "agent", "via", "created", "seen")
    return [
        {**{name: getattr(row, name) for name in names}, "current": row.hash == store.hashed(current)}
        for row in rows
        if now - row.created < _longest(system) and now - row.seen < _idle(system)
    ]


def _idle(system: System) -> timedelta:
    return timedelta(minutes=system.config.policy.session_idle_minutes)


def _longest(system: System) -> timedelta:
    return timedelta(hours=system.config.policy.session_hours)
