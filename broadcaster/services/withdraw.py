"""Withdraw: the submitter takes an alert back; it is a draft again."""

from __future__ import annotations

from dataclasses import replace

from broadcaster.domain.alert import Alert
from broadcaster.domain.lifecycle import Verb, move
from broadcaster.domain.review import check_withdraw
from broadcaster.services.steps import changed, noted, recorded, who
from broadcaster.services.system import Actor, System
from broadcaster.store import alerts as store


def withdraw(system: System, actor: Actor, alert_id: str, reason: str = "") -> Alert:
    """Raises Refused where it is not in review (an approval was first), Forbidden for anybody else."""
    at = system.now()
    with system.database.write() as connection:
        old = store.get(connection, alert_id, lock=True)
        check_withdraw(old, who(actor))
        new = replace(old, state=move(old.state, Verb.WITHDRAW), submitted_by=None, submitted_at=None)
        new = changed(connection, old, new)
        noted(connection, new, Verb.WITHDRAW, who(actor).person, at, reason)
        recorded(system, connection, actor, Verb.WITHDRAW, new, at, reason=reason)
        return new
