"""People who were warned and whom an issuer's Update leaves behind: somebody must tell them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert
from broadcaster.domain.message import Finding
from broadcaster.store import alarms, alerts
from broadcaster.store.watch import zone_names


def tell_left(connection: Connection, made: Alert, live: Sequence[Alert], at: datetime) -> None:
    """Where a draft takes the place of live alerts in fewer zones, its approver sees which, and the duty officers are
    rung: a document's Update replaces the whole, so nobody there would hear that it is over."""
    left = [zone for zone in dict.fromkeys(zone for old in live for zone in old.zones) if zone not in made.zones]
    if not left:
        return
    names = zone_names(connection)
    zones = ", ".join(names.get(zone, zone) for zone in left)
    text = f"Its issuer's Update leaves {zones} behind, where people were warned. Tell them, with an alert of your own."
    alerts.add_finding(connection, made.id, Finding("zones_left", text))
    alarms.ring(connection, f"left:{live[0].id}", "feed", f"Alert {live[0].id}: {text}", at)
