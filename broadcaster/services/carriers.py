"""By which channels people hear what becomes of an alert."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert
from broadcaster.services.channels import fits
from broadcaster.services.system import System
from broadcaster.store import alerts as store


def carriers(system: System, connection: Connection, alert: Alert) -> tuple[str, ...]:
    """The alert's own channels; of one that has none, those of what it was a part of, as far as they are in use.

    The zones that another alert left standing are texted to nobody (``replacing``): their people heard of it before,
    and must hear as well that it is changed, over or was an error.
    """
    if alert.channels:
        return alert.channels
    earlier = store.by_ids(connection, store.ancestors(connection, alert.replaces))
    known = {name for one in earlier for name in one.channels}
    return tuple(c.name for c in system.config.channels if c.name in known and c.enabled and fits(c, alert.mode))
