"""Submit: a draft goes to review, and with its digest becomes what an approval answers for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert
from broadcaster.domain.bundle import check_together
from broadcaster.domain.lifecycle import Verb, move
from broadcaster.domain.review import Case, Who, check_submit, resubmitted
from broadcaster.services import notices
from broadcaster.services.measuring import measured_anew
from broadcaster.services.steps import cases, changed, held, named, noted, recorded, who
from broadcaster.services.system import Actor, System
from broadcaster.store.engine import again


def submit(
    system: System, actor: Actor, alert_id: str, connection: Connection | None = None, told: bool = True
) -> Alert:
    """Raises Refused (blocking findings by their code, wrong state) and Forbidden; again by the same: unchanged.

    Whoever submits counts as the submitter: for a token with an owner, the owner. ``told`` False: nobody need be
    told that it waits, because it is released in the caller's transaction.
    """
    if connection is None:

        def decided() -> Alert:
            with system.database.write() as own:
                return submit(system, actor, alert_id, own)

        handed = again(decided)
        notices.wake(system)
        return handed
    at, by = system.now(), who(actor)
    parts = held(connection, alert_id, replaced=False)
    seen = cases(connection, parts)
    if all(resubmitted(one.alert, by, one.digest) for one in seen):
        return named(parts, alert_id)
    check_together(parts)
    measured = [replace(one, findings=measured_anew(system, connection, one.alert)) for one in seen]
    for one in measured:
        check_submit(one, by, at)
    given = [_hand_over(connection, one, by, at) for one in measured]
    if told:
        notices.review_waits(system, connection, given, at)
    for new in given:
        recorded(system, connection, actor, Verb.SUBMIT, new, at, submitted_by=by.person)
    return named(given, alert_id)


def _hand_over(connection: Connection, now: Case, by: Who, at: datetime) -> Alert:
    old = now.alert
    new = replace(old, state=move(old.state, Verb.SUBMIT), submitted_by=by.person, submitted_at=at, digest=now.digest)
    new = changed(connection, old, new)
    noted(connection, new, Verb.SUBMIT, by.person, at)
    return new
