"""The audit chain on both databases."""

from __future__ import annotations

from dataclasses import replace

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


def test_another_key_is_told_as_such_and_not_as_so_many_changes(system: System) -> None:
    record(system, "submit", "approve", "stop")
    other = replace(system, settings=replace(system.settings, secret_key="x" * 48))
    [told] = audit.verify(other)
    assert told.startswith("no entry fits this SECRET_KEY")
    record(other, "lift")  # what is written since then fits
    [told] = audit.verify(other)
    assert told.startswith("entries 1 to 3 do not fit this SECRET_KEY")
    assert audit.verify(system) == ["entry 4 was changed"]


def test_what_is_changed_under_a_key_that_fits_is_told_one_by_one(system: System) -> None:
    record(system, "submit", "approve", "stop", "lift")
    entries = audit_entries.c
    with system.database.write() as connection:
        connection.execute(audit_entries.update().where(entries.id.in_([2, 4])).values(actor="mallory"))
    assert audit.verify(system) == ["entry 2 was changed", "entry 4 was changed"]
    with system.database.write() as connection:
        connection.execute(audit_entries.update().where(entries.id == 3).values(previous="0" * 64))
    assert audit.verify(system) == ["entry 2 was changed", "entry 3 was changed", "entry 4 was changed"]


def test_a_cut_chain_under_another_key_is_both(system: System) -> None:
    record(system, "submit", "approve", "stop")
    with system.database.write() as connection:
        connection.execute(audit_entries.delete().where(audit_entries.c.id == 2))
    other = replace(system, settings=replace(system.settings, secret_key="x" * 48))
    assert audit.verify(other)[:2] == ["entry 2 is missing", "entry 3 was changed"]
