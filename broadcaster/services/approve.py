"""Approve: the second pair of eyes puts an alert on air, or signs what one person released alone.

A bundle is approved, or signed, as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert
from broadcaster.domain.lifecycle import Verb
from broadcaster.domain.review import check_approve, check_sign
from broadcaster.services.release import go_live, tell
from broadcaster.services.steps import cases, changed, held, named, noted, recorded, who
from broadcaster.services.system import Actor, System
from broadcaster.store import alarms
from broadcaster.store.engine import again


def approve(system: System, actor: Actor, alert_id: str, digest: str, reason: str = "") -> Alert:
    """``digest`` is that of what the approver saw: the alert's, or its bundle's, which is then approved whole.

    Where a signature is owed, this gives it. Raises Refused (state, digest, time, blocking findings) and Forbidden
    (role, same person, not verified); for one part of a bundle as for all.
    """

    def decided() -> tuple[Alert, int | None]:
        with system.database.write() as connection:
            at = system.now()
            parts = held(connection, alert_id)
            if named(parts, alert_id).signature_owed:
                return named(_sign(system, connection, actor, parts, digest, reason), alert_id), None
            for one in cases(connection, parts):
                check_approve(one, who(actor), digest, system.config.policy, at)
            alive, version = go_live(system, connection, actor, parts, Verb.APPROVE, at, reason)
            return named(alive, alert_id), version

    new, version = again(decided)
    if version is not None:
        tell(system, version)
    return new


def _sign(
    system: System, connection: Connection, actor: Actor, parts: Sequence[Alert], digest: str, reason: str
) -> list[Alert]:
    at = system.now()
    owed = [one for one in cases(connection, parts) if one.alert.signature_owed]
    for one in owed:
        check_sign(one, who(actor), digest)
    signed = [changed(connection, one.alert, replace(one.alert, signature_owed=False)) for one in owed]
    for new in signed:
        noted(connection, new, "sign", who(actor).person, at, reason)
    for new in signed:
        alarms.clear(connection, f"signature:{new.id}", at)
    for new in signed:
        recorded(system, connection, actor, "sign", new, at, reason=reason)
    return signed
