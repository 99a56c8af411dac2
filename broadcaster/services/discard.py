"""A person puts a draft away; a feed that takes its warning back does it by ``compose.discard``."""

from __future__ import annotations

from broadcaster.domain.alert import Alert
from broadcaster.domain.review import check_discard
from broadcaster.services import compose
from broadcaster.services.steps import who
from broadcaster.services.system import Actor, System
from broadcaster.store import alerts as store


def discard(system: System, actor: Actor, alert_id: str, reason: str = "") -> Alert:
    """Put away a draft or what was returned. Raises Forbidden, NotFound, Refused (in review, live, over)."""
    with system.database.write() as connection:
        check_discard(store.get(connection, alert_id, lock=True), who(actor))
        return compose.discard(system, connection, actor, alert_id, reason)
