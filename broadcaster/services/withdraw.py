"""Withdraw: the submitter takes an alert back; it is a draft again."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert
from broadcaster.domain.lifecycle import Verb, move
from broadcaster.domain.review import check_withdraw
from broadcaster.services.steps import changed, held, named, noted, recorded, who
from broadcaster.services.system import Actor, System
from broadcaster.store.engine import again


def withdraw(system: System, actor: Actor, alert_id: str, reason: str = "") -> Alert:
    """A bundle comes back whole. Raises Refused where it is not in review (an approval was first), Forbidden for
    anybody else."""

    def decided() -> Alert:
        with system.database.write() as connection:
            at = system.now()
            parts = held(connection, alert_id, replaced=False)
            for old in parts:
                check_withdraw(old, who(actor))
            taken = [_back(connection, old) for old in parts]
            for new in taken:
                noted(connection, new, Verb.WITHDRAW, who(actor).person, at, reason)
            for new in taken:
                recorded(system, connection, actor, Verb.WITHDRAW, new, at, reason=reason)
            return named(taken, alert_id)

    return again(decided)


def _back(connection: Connection, old: Alert) -> Alert:
    new = replace(old, state=move(old.state, Verb.WITHDRAW), submitted_by=None, submitted_at=None)
    return changed(connection, old, new)
