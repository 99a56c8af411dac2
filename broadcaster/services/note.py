"""Note: what somebody wants kept in an incident's log, in their own words."""

from __future__ import annotations

from typing import Any

from broadcaster.domain.errors import Invalid, NotFound
from broadcaster.domain.review import check_compose
from broadcaster.domain.text_clean import forbidden
from broadcaster.services import audit
from broadcaster.services.steps import who
from broadcaster.services.system import Actor, System
from broadcaster.store import notes as store
from broadcaster.store import records

LONGEST = 4000


def note(system: System, actor: Actor, incident: str, text: str) -> None:
    """Append it. Raises NotFound, Invalid (empty, too long, unreadable), Forbidden (no role)."""
    check_compose(who(actor), None)
    said = text.strip()
    if not said or len(said) > LONGEST:
        raise Invalid("note", f"Write between 1 and {LONGEST} characters.")
    if forbidden(said) is not None:
        raise Invalid("unreadable_text", f"The note holds the character {forbidden(said)}, which nothing can carry.")
    with system.database.write() as connection:
        if records.incident(connection, incident) is None:
            raise NotFound("incident", f"There is no incident {incident}.")
        at = system.now()
        store.add(connection, incident, actor.name, at, said)
        audit.record(system, connection, actor, "incident.note", f"incident:{incident}", at, text=said)


def notes(system: System, incident: str) -> list[dict[str, Any]]:
    """All of an incident's notes, newest first: by, at, text."""
    with system.database.read() as connection:
        return store.of_incident(connection, incident)
