"""The audit as people read it: who did what to which alert, and the exact content behind each line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.engine import Connection, Row

from broadcaster.domain.errors import NotFound
from broadcaster.services import audit
from broadcaster.services.system import Actor, System
from broadcaster.store import audit_trail as store
from broadcaster.store.audit_trail import Asked
from broadcaster.store.watch import headlines

PAGE = 50
MOST = 100_000  # entries in one export


@dataclass(frozen=True, slots=True)
class Told:
    """One entry, short. ``title`` is the headline of the alert it is about, ``name`` what else the object names."""

    id: int
    at: datetime
    actor: str
    verb: str
    object: str
    name: str
    title: str = ""
    mode: str = "actual"
    reason: str = ""

    @property
    def alert(self) -> str:
        """The alert's id, where the entry is about one."""
        return self.name if self.object.startswith("alert:") else ""


@dataclass(frozen=True, slots=True)
class Page:
    """Entries newest first; ``more`` is the number to go on from, None at the end."""

    entries: tuple[Told, ...]
    more: int | None


def tell(connection: Connection, rows: Iterable[Row[Any]]) -> tuple[Told, ...]:
    """Rows of the audit with the headlines of their alerts."""
    rows = list(rows)
    about = headlines(connection, (_name(row.object) for row in rows if row.object.startswith("alert:")))
    return tuple(_told(row, about.get(_name(row.object))) for row in rows)


def search(system: System, asked: Asked) -> Page:
    """One page of what fits."""
    with system.database.read() as connection:
        rows = store.search(connection, asked, PAGE + 1)
        entries = tell(connection, rows[:PAGE])
    return Page(entries, rows[PAGE - 1].id if len(rows) > PAGE else None)


def entry(system: System, id_: int) -> dict[str, Any]:
    """Everything of one entry, as it was chained. Raises NotFound."""
    with system.database.read() as connection:
        row = store.entry(connection, id_)
    if row is None:
        raise NotFound("audit_entry", f"There is no entry {id_} in the audit.")
    return dict(row._mapping)


def export(system: System, actor: Actor, asked: Asked) -> str:
    """What fits as lines of JSON, oldest first, with the chain's codes; the export itself is audited."""
    at = system.now()
    with system.database.read() as connection:
        rows = store.whole(connection, asked, MOST)
    with system.database.write() as connection:
        audit.record(system, connection, actor, "audit.export", "audit", at, entries=len(rows))
    return "".join(json.dumps(dict(row._mapping), ensure_ascii=False, default=_plain) + "\n" for row in rows)


def _told(row: Row[Any], alert: Row[Any] | None) -> Told:
    title = (alert.headline or alert.event or (alert.template or "").replace("_", " ")) if alert is not None else ""
    return Told(
        row.id,
        row.at,
        row.actor,
        row.verb,
        row.object,
        _name(row.object),
        title,
        alert.mode if alert is not None else "actual",
        row.reason or "",
    )


def _name(object_: str) -> str:
    return object_.partition(":")[2] or object_


def _plain(value: Any) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if isinstance(value, datetime) else str(value)
