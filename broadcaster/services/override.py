"""Override: one person alone puts an alert on air, with a reason; a second signature is owed until given."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert
from broadcaster.domain.lifecycle import Verb
from broadcaster.domain.review import check_override
from broadcaster.services.release import go_live, tell
from broadcaster.services.steps import cases, held, named, who
from broadcaster.services.system import Actor, System
from broadcaster.store.engine import again


def override(system: System, actor: Actor, alert_id: str, digest: str, reason: str = "") -> Alert:
    """Only where the policy allows it, or to say that something was sent in error. The submitter may do it.

    A bundle is released whole. Raises as ``approve`` does, and Refused without a reason.
    """

    def decided() -> tuple[Alert, int]:
        with system.database.write() as connection:
            alive, version = released(system, connection, actor, alert_id, digest, reason)
            return named(alive, alert_id), version

    new, version = again(decided)
    tell(system, version)
    return new


def released(
    system: System, connection: Connection, actor: Actor, alert_id: str, digest: str, reason: str
) -> tuple[list[Alert], int]:
    """``override`` in the caller's transaction, who tells afterwards: the alerts on air, and the page's version."""
    at = system.now()
    parts = held(connection, alert_id)
    for one in cases(connection, parts):
        check_override(one, who(actor), digest, reason, system.config.policy, at)
    return go_live(system, connection, actor, parts, Verb.OVERRIDE, at, reason)
