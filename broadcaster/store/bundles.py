"""Bundles: which alerts are reviewed together. Functions take the caller's connection."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from broadcaster.domain.alert import Alert
from broadcaster.domain.bundle import members
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
    return members(store.by_ids(connection, list(ids)))


def parts_with(connection: Connection, alert: Alert) -> tuple[Alert, ...]:
    """The alerts that are decided with this one, itself among them; alone where it stands in no bundle any more."""
    together = parts(connection, alert.bundle) if alert.bundle else ()
    return together if alert.id in {part.id for part in together} else (alert,)
