"""Submit: a draft goes to review, and with its digest becomes what an approval answers for."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert
from broadcaster.domain.lifecycle import Verb, move
from broadcaster.domain.review import check_submit, resubmitted
from broadcaster.services.measuring import measured_anew
from broadcaster.services.steps import case, changed, noted, recorded, who
from broadcaster.services.system import Actor, System
from broadcaster.store import alerts as store


def submit(system: System, actor: Actor, alert_id: str, connection: Connection | None = None) -> Alert:
    """Raises Refused (blocking findings by their code, wrong state) and Forbidden; again by the same: unchanged.

    Whoever submits counts as the submitter: for a token with an owner, the owner.
    """
    if connection is None:
        with system.database.write() as own:
            return submit(system, actor, alert_id, own)
    at, by = system.now(), who(actor)
    old = store.get(connection, alert_id, lock=True)
    now = case(connection, old)
    if resubmitted(old, by, now.digest):
        return old
    now = replace(now, findings=measured_anew(system, connection, old))
    check_submit(now, by, at)
    new = replace(old, state=move(old.state, Verb.SUBMIT), submitted_by=by.person, submitted_at=at, digest=now.digest)
    new = changed(connection, old, new)
    noted(connection, new, Verb.SUBMIT, by.person, at)
    recorded(system, connection, actor, Verb.SUBMIT, new, at, submitted_by=by.person)
    return new
