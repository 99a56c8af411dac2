"""Bundles: which alerts are reviewed together. Functions take the caller's connection."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from broadcaster.domain.alert import Alert, Mode, State
from broadcaster.domain.bundle import members, ordered
from broadcaster.store import alerts as store
from broadcaster.store.schema import alerts, bundles


def insert(connection: Connection, id_: str, incident: str, template: str, by: str, at: datetime) -> None:
    """A new bundle; ``template`` is the name of its file under templates/bundles."""
    row = {"id": id_, "incident": incident, "template": template, "created": at, "created_by": by}
    connection.execute(bundles.insert().values(**row))


def find(connection: Connection, id_: str) -> Row[Any] | None:
    """Its row: id, incident, template, created, created_by."""
    return connection.execute(sa.select(bundles).where(bundles.c.id == id_)).first()


def parts(connection: Connection, id_: str) -> tuple[Alert, ...]:
    """The alerts that count in it (``domain.bundle.members``), in their order."""
    ids = connection.execute(sa.select(alerts.c.id).where(alerts.c.bundle == id_)).scalars()
    found = store.by_ids(connection, list(ids))
    return members(found, templates(connection, [old for part in found for old in part.replaces]))


def standing(connection: Connection, incident: str, lock: bool = False) -> tuple[Alert, ...]:
    """What is live of an incident, in the order of a bundle: its parts, whatever each became since, and what was added.
    ``lock`` holds the rows, by id, until the transaction ends."""
    a = alerts.c
    ids = connection.execute(sa.select(a.id).where(a.incident == incident, a.state == str(State.LIVE))).scalars().all()
    found = store.by_ids(connection, ids, lock)
    return ordered(found, templates(connection, [old for one in found for old in one.replaces]))


def templates(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """Alert -> the template it was written by."""
    if not ids:
        return {}
    query = sa.select(alerts.c.id, alerts.c.content["template"].as_string().label("template"))
    return {row.id: row.template for row in connection.execute(query.where(alerts.c.id.in_(sorted(set(ids)))))}


def cards(
    connection: Connection, states: Sequence[State], drills: bool, limit: int, offset: int = 0
) -> list[tuple[Alert, ...]]:
    """Alerts in these states, the real thing or the drills, newest first; parts of one bundle in one state stand
    together, in their order, and count as one."""
    a = alerts.c
    mode = a.mode != str(Mode.ACTUAL) if drills else a.mode == str(Mode.ACTUAL)
    wanted = sa.and_(a.state.in_([str(state) for state in states]), mode)
    key = (sa.func.coalesce(a.bundle, a.id).label("key"), a.state.label("state"))
    newest = sa.select(*key).where(wanted).group_by("key", a.state)
    rows = connection.execute(newest.order_by(sa.func.max(a.created).desc(), "key").limit(limit).offset(offset)).all()
    asked = sa.or_(
        sa.false(), *(sa.and_(sa.func.coalesce(a.bundle, a.id) == row.key, a.state == row.state) for row in rows)
    )
    ids = connection.execute(sa.select(a.id).where(asked, wanted)).scalars().all()
    found = store.by_ids(connection, ids)
    known = templates(connection, [old for alert in found if alert.bundle for old in alert.replaces])
    grouped: dict[tuple[str, str], list[Alert]] = {(row.key, row.state): [] for row in rows}
    for alert in found:
        grouped[alert.bundle or alert.id, str(alert.state)].append(alert)
    return [ordered(some, known) for some in grouped.values()]


def parts_with(connection: Connection, alert: Alert) -> tuple[Alert, ...]:
    """The alerts that are decided with this one, itself among them; alone where it stands in no bundle any more."""
    together = parts(connection, alert.bundle) if alert.bundle else ()
    return together if alert.id in {part.id for part in together} else (alert,)
