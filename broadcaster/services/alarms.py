"""Alarms that somebody must act on."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from broadcaster.services.system import System
from broadcaster.store.schema import alarms


def open_(system: System) -> list[dict[str, Any]]:
    """Those not cleared yet, newest first: text, kind, since when."""
    query = sa.select(alarms).where(alarms.c.cleared.is_(None)).order_by(alarms.c.at.desc())
    with system.database.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]
