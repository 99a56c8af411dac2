"""Receipts that wait in SQL: for a week, in the order they came."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from broadcaster.store import receipts as store
from broadcaster.store.engine import Database

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
ROW = {"channel": "sms", "provider_id": "SM1", "status": "delivered", "code": ""}


def waiting(database: Database, after: int = 0) -> dict[int, str]:
    with database.read() as connection:
        return {row.id: row.attempt for row in store.waiting(connection, AT, after)}


def kept(database: Database, *attempts: str, at: datetime = AT) -> None:
    with database.write() as connection:
        store.insert(connection, [{**ROW, "attempt": attempt} for attempt in attempts], at)


@pytest.mark.parametrize(("seconds", "tried"), [(1, ["a"]), (0, [])])
def test_a_receipt_is_tried_for_a_week(database: Database, seconds: int, tried: list[str]) -> None:
    kept(database, "a", at=AT - timedelta(days=store.KEPT_DAYS) + timedelta(seconds=seconds))
    assert list(waiting(database).values()) == tried


def test_they_are_read_on_from_where_one_stands_and_the_merged_ones_go(database: Database) -> None:
    kept(database)
    kept(database, "a", "b", "c")
    first, second, third = waiting(database)
    assert list(waiting(database, first).values()) == ["b", "c"]
    with database.write() as connection:
        store.delete(connection, [])
        store.delete(connection, [second])
    assert list(waiting(database)) == [first, third]
