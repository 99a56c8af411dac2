"""Override: one person alone puts an alert on air, with a reason; a second signature is owed until given."""

from __future__ import annotations

from broadcaster.domain.alert import Alert
from broadcaster.domain.lifecycle import Verb
from broadcaster.domain.review import check_override
from broadcaster.services.release import go_live, tell
from broadcaster.services.steps import case, held, who
from broadcaster.services.system import Actor, System
from broadcaster.store.engine import again


def override(system: System, actor: Actor, alert_id: str, digest: str, reason: str = "") -> Alert:
    """Only where the policy allows it, or to say that something was sent in error. The submitter may do it.

    Raises as ``approve`` does, and Refused without a reason.
    """

    def decided() -> tuple[Alert, int]:
        with system.database.write() as connection:
            at = system.now()
            old = held(connection, alert_id)
            check_override(case(connection, old), who(actor), digest, reason, system.config.policy, at)
            return go_live(system, connection, actor, old, Verb.OVERRIDE, at, reason)

    new, version = again(decided)
    tell(system, version)
    return new
