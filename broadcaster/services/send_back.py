"""What return and reject share."""

from __future__ import annotations

from dataclasses import replace

from broadcaster.domain.alert import Alert
from broadcaster.domain.lifecycle import ENDED, Verb, move
from broadcaster.domain.review import check_send_back
from broadcaster.services.steps import changed, noted, recorded, who
from broadcaster.services.system import Actor, System
from broadcaster.store import alerts as store


def send_back(system: System, actor: Actor, alert_id: str, verb: Verb, reason: str) -> Alert:
    """From review to where the verb leads, with the reason kept."""
    at = system.now()
    with system.database.write() as connection:
        old = store.get(connection, alert_id, lock=True)
        check_send_back(old, who(actor), verb, reason)
        state = move(old.state, verb)
        new = changed(connection, old, replace(old, state=state, ended_at=at if state in ENDED else None))
        noted(connection, new, verb, who(actor).person, at, reason)
        recorded(system, connection, actor, verb, new, at, reason=reason)
        return new
