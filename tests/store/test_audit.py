"""The audit chain on both databases."""

from __future__ import annotations

from broadcaster.services import audit
from broadcaster.services.system import SYSTEM, System
from broadcaster.store.schema import audit_entries


def record(system: System, *verbs: str) -> None:
    for verb in verbs:
        with system.database.write() as connection:
            audit.record(system, connection, SYSTEM, verb, "alert:1", system.now(), words="ñ")


def test_an_untouched_chain_is_whole(system: System) -> None:
    record(system, "submit", "approve", "stop")
    assert audit.verify(system) == []


def test_a_changed_entry_is_found(system: System) -> None:
    record(system, "submit", "approve")
    with system.database.write() as connection:
        connection.execute(audit_entries.update().where(audit_entries.c.id == 1).values(actor="mallory"))
    assert audit.verify(system) == ["entry 1 was changed"]


def test_a_missing_last_entry_is_found(system: System) -> None:
    record(system, "submit", "approve")
    with system.database.write() as connection:
        connection.execute(audit_entries.delete().where(audit_entries.c.id == 2))
    assert audit.verify(system) == ["the chain ends at entry 1, its head says 2"]
