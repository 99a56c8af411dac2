"""People who were warned and whom an issuer's Update leaves behind: somebody must tell them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert
from broadcaster.domain.message import Finding
from broadcaster.store import alarms, alerts
from broadcaster.store.watch import zone_names


def left_behind(connection: Connection, made: Alert, before: Iterable[str]) -> list[Finding]:
    """What the approver of a draft sees where it is about fewer zones than ``before``; nothing where it is not."""
    left = [zone for zone in dict.fromkeys(before) if zone not in made.zones]
    if not left:
        return []
    names = zone_names(connection)
    zones = ", ".join(names.get(zone, zone) for zone in left)
    text = f"Its issuer's Update leaves {zones} behind, where people were warned. Tell them, with an alert of your own."
    return [Finding("zones_left", text)]


def tell_left(connection: Connection, made: Alert, live: Sequence[Alert], at: datetime) -> None:
    """Where a draft takes the place of live alerts in fewer zones, its approver sees which, and the duty officers are
    rung: a document's Update replaces the whole, so nobody there would hear that it is over."""
    for finding in left_behind(connection, made, (zone for old in live for zone in old.zones)):
        alerts.add_finding(connection, made.id, finding)
        alarms.ring(connection, f"left:{live[0].id}", "feed", f"Alert {live[0].id}: {finding.text}", at)
