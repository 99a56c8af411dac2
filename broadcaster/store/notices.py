"""Notices to our own people: rows written before anything is sent, claimed by compare-and-set.

``about`` is "review:<alert>:<revision>", "override:<alert>" or "alarm:<key>". Functions take a ``Connection``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from broadcaster.domain.notice import Told
from broadcaster.store.schema import alarms, notices, roles, user_roles, users
from broadcaster.store.upsert import insert

_n = notices.c


def people(connection: Connection) -> list[Row[Any]]:
    """Everybody who may log in: id, email, phone, language, on_duty, notify_order, ``names`` of roles."""
    u = users.c
    query = sa.select(u.id, u.email, u.phone, u.language, u.on_duty, u.notify_order, roles.c.name)
    query = query.select_from(users.join(user_roles).join(roles)).where(u.active.is_(True))
    return list(connection.execute(query.order_by(u.notify_order, u.email)))


def add(connection: Connection, about: str, step: int, told: Told, texts: dict[str, str], at: datetime) -> int:
    """A row for each of the person's channels; those that stand already stay as they are. How many are new."""
    new = 0
    for channel, address in told.addresses.items():
        made = insert(connection, notices).values(
            about=about,
            step=step,
            person=told.email,
            channel=channel,
            address=address,
            text=texts[channel],
            state="queued",
            tries=0,
            due=at,
            code="",
            created=at,
            changed=at,
        )
        new += connection.execute(made.on_conflict_do_nothing()).rowcount
    return new


def due(connection: Connection, at: datetime) -> list[Row[Any]]:
    """What waits to be sent now, oldest first."""
    query = sa.select(notices).where(_n.state == sa.literal_column("'queued'"), _n.due <= at)
    return list(connection.execute(query.order_by(_n.id).limit(500)))


def find(connection: Connection, id_: int, channel: str) -> Row[Any] | None:
    """That row, where it is one of this channel; locked."""
    query = sa.select(notices).where(_n.id == id_, _n.channel == channel).with_for_update()
    return connection.execute(query).one_or_none()


def states(connection: Connection, ids: Iterable[int]) -> dict[int, Row[Any]]:
    """These rows by their ids."""
    return {row.id: row for row in connection.execute(sa.select(notices).where(_n.id.in_(list(ids))))}


def unconfirmed(connection: Connection, before: datetime, since: datetime) -> list[Row[Any]]:
    """What a provider took and never confirmed, heard of before that moment; news of a time that is over is left."""
    query = sa.select(notices).where(_n.state == "accepted", _n.changed <= before, _n.created > since)
    return list(connection.execute(query.order_by(_n.id).limit(50)))


def silent(connection: Connection, before: datetime) -> list[Row[Any]]:
    """Tries begun before that moment of which nobody has heard."""
    query = sa.select(notices).where(_n.state.in_(("sending", "unknown")), _n.started <= before)
    return list(connection.execute(query.order_by(_n.id)))


def last_started(connection: Connection, person: str, channel: str) -> datetime | None:
    """When this person was last told anything by that channel."""
    query = sa.select(sa.func.max(_n.started)).where(_n.person == person, _n.channel == channel)
    found: datetime | None = connection.execute(query).scalar_one()
    return found


def begin(connection: Connection, row: Row[Any], text: str, at: datetime) -> bool:
    """Take a row that still waits; ``text`` is exactly what goes out. False where somebody else was first."""
    query = notices.update().where(_n.id == row.id, _n.state == "queued", _n.tries == row.tries)
    values = {"state": "sending", "tries": row.tries + 1, "started": at, "changed": at, "text": text, "code": ""}
    return connection.execute(query.values(**values)).rowcount == 1


def move(connection: Connection, ids: Iterable[int], from_: Sequence[str], to: str, at: datetime, **more: Any) -> int:
    """Rows of these ids that stand in one of ``from_`` go to ``to``."""
    query = notices.update().where(_n.id.in_(list(ids)), _n.state.in_(list(from_)))
    return connection.execute(query.values(state=to, changed=at, **more)).rowcount


def of_about(connection: Connection, about: str) -> list[Row[Any]]:
    """All rows about one thing, in the order of their steps."""
    return list(connection.execute(sa.select(notices).where(_n.about == about).order_by(_n.step, _n.id)))


def steps(connection: Connection, about: str) -> set[int]:
    """The steps that were written of one thing."""
    return set(connection.execute(sa.select(_n.step).where(_n.about == about).distinct()).scalars())


def close(connection: Connection, keys: Iterable[str], at: datetime) -> None:
    """These alarms are over: the next one under the same key is another, and is told again."""
    for key in keys:
        query = notices.update().where(_n.about == f"alarm:{key}")
        connection.execute(query.values(about=f"alarm:{key}:{at.timestamp():.0f}"))


def over(connection: Connection) -> list[str]:
    """Keys of alarms that are cleared and whose notices still stand under them."""
    told = sa.exists().where(_n.about == sa.literal("alarm:") + alarms.c.key)
    return list(connection.execute(sa.select(alarms.c.key).where(alarms.c.cleared.is_not(None), told)).scalars())


def forget(connection: Connection, before: datetime) -> int:
    """Notices hold people's numbers: what is older goes."""
    done = ("accepted", "delivered", "failed", "dropped")
    return connection.execute(notices.delete().where(_n.state.in_(done), _n.changed < before)).rowcount


KEPT = timedelta(days=90)
