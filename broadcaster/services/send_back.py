"""What return and reject share."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert
from broadcaster.domain.lifecycle import ENDED, Verb, move
from broadcaster.domain.review import check_send_back
from broadcaster.services.steps import changed, held, named, noted, recorded, who
from broadcaster.services.system import Actor, System
from broadcaster.store.engine import again


def send_back(system: System, actor: Actor, alert_id: str, verb: Verb, reason: str) -> Alert:
    """From review to where the verb leads, with the reason kept; a bundle goes whole."""

    def decided() -> Alert:
        with system.database.write() as connection:
            at = system.now()
            parts = held(connection, alert_id, replaced=False)
            for old in parts:
                check_send_back(old, who(actor), verb, reason)
            sent = [_sent(connection, old, verb, at) for old in parts]
            for new in sent:
                noted(connection, new, verb, who(actor).person, at, reason)
            for new in sent:
                recorded(system, connection, actor, verb, new, at, reason=reason)
            return named(sent, alert_id)

    return again(decided)


def _sent(connection: Connection, old: Alert, verb: Verb, at: datetime) -> Alert:
    state = move(old.state, verb)
    return changed(connection, old, replace(old, state=state, ended_at=at if state in ENDED else None))
