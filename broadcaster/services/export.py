"""One incident's records in one file, for public-records requests. Holds no address of any person."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection

from broadcaster.domain.errors import NotFound, Refused
from broadcaster.services import audit, deliveries, show
from broadcaster.services.system import Actor, System
from broadcaster.store import records


def export_incident(system: System, actor: Actor, incident: str, file: Path) -> list[str]:
    """Write FILE.zip; returns the names inside. Raises NotFound, or Refused where FILE exists or cannot be written."""
    with system.database.read() as connection:
        if records.incident(connection, incident) is None:
            raise NotFound("incident", f"there is no incident {incident}; alerts show ID names it")
        ids = records.alert_ids(connection, incident)
        parts = dict(_parts(connection, incident, ids))
    for id_ in ids:
        parts[f"alerts/{id_}/totals.json"] = _json(deliveries.totals(system, id_))
        parts[f"alerts/{id_}/alert.json"] = _json(show.alert(system, id_))
    _write(file, parts)
    at = system.now()
    with system.database.write() as connection:
        audit.record(system, connection, actor, "incident.export", f"incident:{incident}", at, alerts=ids)
    return sorted(parts)


def _parts(connection: Connection, incident: str, ids: list[str]) -> Iterator[tuple[str, bytes]]:
    head = records.incident(connection, incident) or {}
    yield "incident.json", _json({**head, "alerts": ids})
    for id_ in ids:
        yield f"alerts/{id_}/sent.json", _json(records.sent(connection, id_))
        yield f"alerts/{id_}/posts.json", _json(records.posts(connection, id_))
    yield "audit.json", _json(records.audit(connection, ids))
    for name, raw in records.documents(connection, ids):
        yield f"documents/{name}", raw
    for row in records.published(connection, head["created"], ids):
        yield f"versions/{row['number']}.json", _json(row)


def _write(file: Path, parts: dict[str, bytes]) -> None:
    try:
        with zipfile.ZipFile(file, "x", zipfile.ZIP_DEFLATED) as archive:
            for name in sorted(parts):
                archive.writestr(name, parts[name])
    except OSError as error:
        raise Refused("export_file", f"{file} cannot be written: {error.strerror}") from error


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, default=_plain).encode()


def _plain(value: Any) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else str(value)
