"""Receipts: kept before the provider gets its answer, merged in groups, never lowering what is proven."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DataError

from broadcaster.domain.channel import Receipt
from broadcaster.domain.delivery import AttemptState
from broadcaster.services import noticed
from broadcaster.services.system import System
from broadcaster.services.verdicts import act, verdicts
from broadcaster.store import deliveries
from broadcaster.store import receipts as store
from broadcaster.store.deliveries import Word
from broadcaster.store.engine import now
from broadcaster.transport import receipts as transport

log = logging.getLogger(__name__)


def receive(system: System, channel: str, receipts: Sequence[Receipt]) -> None:
    """Keep receipts of a channel: in Redis, in SQL where Redis refuses. When this returns, the hook may answer."""
    rows = [_row(channel, receipt) for receipt in receipts]
    try:
        transport.push(system.redis, rows)
    except RedisError:
        with system.database.write() as connection:
            store.insert(connection, rows, system.now())


def drain(system: System) -> int:
    """Merge all receipts that wait, in groups. Returns how many were merged."""
    total = 0
    lost_before(system)
    try:
        for group in transport.drain(system.redis):
            total += _merge(system, group)
    except RedisError:
        pass  # Redis went away: what it still holds is drained when it is back, SQL's own part follows below
    return total + _merge_waiting(system)


def lost_before(system: System) -> datetime | None:
    """Receipts of what began before this moment may be lost with Redis; None while Redis is away."""
    with system.database.read() as connection:
        at = now(connection)
    try:
        return transport.since(system.redis, at)
    except RedisError:
        return None


def _merge(system: System, rows: Sequence[dict[str, Any]]) -> int:
    """A row that the database cannot take (it was proven to be the provider's, so log it) must not hold the others."""
    try:
        return _merge_group(system, rows)
    except DataError:
        if len(rows) > 1:
            return sum(_merge(system, [row]) for row in rows)
        log.exception("a receipt cannot be kept: %r", rows[0])
        return 0


def _merge_group(system: System, rows: Sequence[dict[str, Any]]) -> int:
    with system.database.write() as connection:
        unmatched = {word.attempt for word in _tell(system, connection, rows)}
        left = [row for row in rows if row["attempt"] in unmatched]
        store.insert(connection, left, system.now())
    return len(rows) - len(left)


def _merge_waiting(system: System) -> int:
    total, after = 0, 0
    while True:
        with system.database.read() as connection:
            rows = store.waiting(connection, system.now(), after)
        if not rows:
            return total
        after = rows[-1].id
        with system.database.write() as connection:
            unmatched = {word.attempt for word in _tell(system, connection, [row._asdict() for row in rows])}
            merged = [row.id for row in rows if row.attempt not in unmatched]
            store.delete(connection, merged)
        total += len(merged)


def _tell(system: System, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[Word]:
    """Fold them into deliveries and notices; returns those that match nothing yet."""
    verdict = verdicts(system)
    at = now(connection)
    rows = noticed.receipts(system, connection, rows)
    words = [Word(r["attempt"], AttemptState(r["status"]), r["provider_id"], code=r["code"]) for r in rows]
    left = deliveries.tell(connection, words, verdict, system.config.policy.retry_max, at)
    for channel in sorted({row["channel"] for row in rows}):
        own = {row["attempt"] for row in rows if row["channel"] == channel}
        act(system, connection, channel, [word for word in words if word.attempt in own], verdict, at)
    return left


def _row(channel: str, receipt: Receipt) -> dict[str, Any]:
    row = asdict(receipt)
    return {"channel": channel, "attempt": row.pop("attempt_id"), **row}
