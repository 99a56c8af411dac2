"""A person puts a draft or a whole bundle away; a feed that takes its warning back does it by ``compose.discard``."""

from __future__ import annotations

from broadcaster.domain.alert import Alert
from broadcaster.domain.errors import NotFound
from broadcaster.domain.review import check_discard
from broadcaster.services import compose
from broadcaster.services.steps import who
from broadcaster.services.system import Actor, System
from broadcaster.store import alerts as store
from broadcaster.store import bundles


def discard(system: System, actor: Actor, alert_id: str, reason: str = "") -> Alert:
    """Put away a draft or what was returned. Raises Forbidden, NotFound, Refused (in review, live, over)."""
    with system.database.write() as connection:
        check_discard(store.get(connection, alert_id, lock=True), who(actor))
        return compose.discard(system, connection, actor, alert_id, reason)


def discard_bundle(system: System, actor: Actor, bundle_id: str, reason: str = "") -> None:
    """Put away every part of a bundle, or none. Raises as ``discard``."""
    with system.database.write() as connection:
        ids = [part.id for part in bundles.parts(connection, bundle_id)]
        if not ids:
            raise NotFound("no_bundle", f"There is no bundle {bundle_id}, or nothing is left in it.")
        for part in store.by_ids(connection, ids, lock=True):
            check_discard(part, who(actor))
            compose.discard(system, connection, actor, part.id, reason)
