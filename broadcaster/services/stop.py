"""Stop: one approver, at once. No further request of this alert's broadcast starts; the alert stays live."""

from __future__ import annotations

from broadcaster.domain.alert import Alert
from broadcaster.domain.lifecycle import Verb
from broadcaster.domain.review import check_stop
from broadcaster.services.deliveries import stop_broadcast
from broadcaster.services.steps import noted, recorded, who
from broadcaster.services.system import Actor, System
from broadcaster.store import alerts as store
from broadcaster.store.engine import again


def stop(system: System, actor: Actor, alert_id: str, reason: str = "") -> Alert:
    """Stopping twice is stopped. Telling the public is another act: cancel, lift or extend."""

    def decided() -> Alert:
        with system.database.write() as connection:
            at = system.now()
            alert = store.get(connection, alert_id)
            check_stop(alert, who(actor))
            first = stop_broadcast(connection, alert_id, at)
            noted(connection, alert, Verb.STOP, who(actor).person, at, reason)
            recorded(system, connection, actor, Verb.STOP, alert, at, reason=reason, first=first)
            return alert

    return again(decided)
