"""Texts measured by what their channels carry now: a provider may have changed its mind since they were written."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert
from broadcaster.domain.message import Finding
from broadcaster.rendering.messages import LENGTH_CODES, lengths
from broadcaster.services.channels import limits_of
from broadcaster.services.system import System
from broadcaster.store import alerts as store


def measured_anew(system: System, connection: Connection, alert: Alert) -> list[Finding]:
    """The alert's findings, those about lengths as they are now; kept where they differ from what stands."""
    limits = limits_of(system, connection)
    stored = store.findings_of(connection, alert.id)
    messages = [m for m in store.messages_of(connection, alert.id) if m.channel in limits]
    fresh = [finding for m in messages for finding in lengths(m, limits[m.channel])]
    now = [f for f in stored if f.code not in LENGTH_CODES] + fresh
    if set(now) != set(stored):
        store.put_findings(connection, alert.id, now)
    return now
