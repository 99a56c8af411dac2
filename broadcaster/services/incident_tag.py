"""Give an incident its hashtag, or take it away."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert, Source, State
from broadcaster.domain.errors import NotFound
from broadcaster.domain.hashtag import hashtag
from broadcaster.domain.review import check_compose
from broadcaster.services import audit, compose
from broadcaster.services.drafting import unchanged
from broadcaster.services.steps import who
from broadcaster.services.system import Actor, System
from broadcaster.store import alerts as store
from broadcaster.store import incidents, records


def name_incident(system: System, actor: Actor, incident: str, text: str) -> str:
    """The hashtag as it then is ("" none): whatever is written from now on carries it. What waits for approval or is on
    air keeps its words. Raises NotFound, Invalid (no hashtag), Forbidden (who may not write)."""
    check_compose(who(actor), None)
    tag = hashtag(text)
    with system.database.write() as connection:
        if records.incident(connection, incident) is None:
            raise NotFound("incident", f"There is no incident {incident}.")
        begun = _begun(connection, incident)
        was = incidents.hashtag(connection, incident)
        if tag == was:
            return tag
        incidents.put_hashtag(connection, incident, tag)
        for draft in begun:
            compose.edit(system, actor, draft.id, unchanged(draft), connection)
        audit.record(
            system, connection, actor, "incident.hashtag", f"incident:{incident}", system.now(), hashtag=tag, was=was
        )
    return tag


def _begun(connection: Connection, incident: str) -> list[Alert]:
    """Drafts with which people began it, locked: they are written anew, so that whoever has one open in a form is asked
    which hashtag to keep."""
    found = store.by_ids(connection, records.alert_ids(connection, incident), lock=True)
    open_ = [one for one in found if one.state in (State.DRAFT, State.RETURNED) and one.source == Source()]
    return [one for one in open_ if not one.replaces]
