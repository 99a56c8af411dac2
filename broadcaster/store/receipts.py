"""Receipts that wait in SQL: Redis was away when they came, or no attempt of ours matched them yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.store.schema import receipts

KEPT_DAYS = 7


def insert(connection: Connection, rows: Sequence[dict[str, Any]], at: datetime) -> None:
    """Keep receipts ({channel, attempt, provider_id, status, code}) until an attempt matches."""
    if rows:
        connection.execute(receipts.insert(), [{**row, "received": at} for row in rows])


def waiting(connection: Connection, at: datetime, after: int, limit: int = 500) -> list[Any]:
    """Receipts of the last week that match nothing yet, in the order they came, after row ``after``."""
    since = at - timedelta(days=KEPT_DAYS)
    query = sa.select(receipts).where(receipts.c.id > after, receipts.c.received > since)
    return list(connection.execute(query.order_by(receipts.c.id).limit(limit)))


def delete(connection: Connection, ids: Sequence[int]) -> None:
    """These are merged."""
    if ids:
        connection.execute(receipts.delete().where(receipts.c.id.in_(list(ids))))
