"""Approve: the second pair of eyes puts an alert on air, or signs what one person released alone."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert
from broadcaster.domain.lifecycle import Verb
from broadcaster.domain.review import check_approve, check_sign
from broadcaster.services.release import go_live, tell
from broadcaster.services.steps import case, changed, held, noted, recorded, who
from broadcaster.services.system import Actor, System
from broadcaster.store import alarms
from broadcaster.store.engine import again


def approve(system: System, actor: Actor, alert_id: str, digest: str, reason: str = "") -> Alert:
    """``digest`` is that of what the approver saw. Where a signature is owed, this gives it.

    Raises Refused (state, digest, time, blocking findings) and Forbidden (role, same person, not verified).
    """

    def decided() -> tuple[Alert, int | None]:
        with system.database.write() as connection:
            at = system.now()
            old = held(connection, alert_id)
            if old.signature_owed:
                return _sign(system, connection, actor, old, digest, reason), None
            check_approve(case(connection, old), who(actor), digest, system.config.policy, at)
            return go_live(system, connection, actor, old, Verb.APPROVE, at, reason)

    new, version = again(decided)
    if version is not None:
        tell(system, version)
    return new


def _sign(system: System, connection: Connection, actor: Actor, old: Alert, digest: str, reason: str) -> Alert:
    at = system.now()
    check_sign(case(connection, old), who(actor), digest)
    new = changed(connection, old, replace(old, signature_owed=False))
    noted(connection, new, "sign", who(actor).person, at, reason)
    alarms.clear(connection, f"signature:{old.id}", at)
    recorded(system, connection, actor, "sign", new, at, reason=reason)
    return new
