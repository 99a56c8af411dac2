"""Approve: the second pair of eyes puts an alert on air, or signs what one person released alone."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert
from broadcaster.domain.lifecycle import Verb
from broadcaster.domain.review import check_approve, check_sign
from broadcaster.services.release import go_live, tell
from broadcaster.services.steps import case, changed, noted, recorded, who
from broadcaster.services.system import Actor, System
from broadcaster.store import alarms
from broadcaster.store import alerts as store


def approve(system: System, actor: Actor, alert_id: str, digest: str, reason: str = "") -> Alert:
    """``digest`` is that of what the approver saw. Where a signature is owed, this gives it.

    Raises Refused (state, digest, time, blocking findings) and Forbidden (role, same person, not verified).
    """
    with system.database.write() as connection:
        at = system.now()
        old = store.get(connection, alert_id, lock=True)
        if old.signature_owed:
            return _sign(system, connection, actor, old, digest, reason)
        now = case(connection, old)
        check_approve(now, who(actor), digest, system.config.policy, at)
        new, version = go_live(system, connection, actor, old, Verb.APPROVE, at, reason)
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
