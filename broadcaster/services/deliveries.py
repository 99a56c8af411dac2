"""What became of an alert's messages, in numbers; and ending a broadcast."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.errors import NotFound
from broadcaster.services.system import System
from broadcaster.store import deliveries as store
from broadcaster.store.schema import alerts, broadcasts, deliveries

STATES = ("queued", "waiting", "sending", "unknown", "accepted", "delivered", "failed", "suppressed")
_UNSETTLED = ("queued", "waiting", "sending", "unknown")


def totals(system: System, alert_id: str) -> dict[str, Any]:
    """``deliveries ID --json`` (interfaces.md): each delivery counts once; a leased one counts as queued.

    A channel of calls has ``answers``, too: of what is delivered, how many confirmed, answered, or a machine took.
    """
    with system.database.read() as connection:
        row = connection.execute(
            sa.select(
                alerts.c.id,
                alerts.c.channels,
                broadcasts.c.id.label("broadcast"),
                broadcasts.c.expanded,
                broadcasts.c.ended,
            )
            .outerjoin(broadcasts, broadcasts.c.alert == alerts.c.id)
            .where(alerts.c.id == alert_id)
        ).first()
        if row is None:
            raise NotFound("no_alert", f"there is no alert {alert_id}")
        channels = {name: _zeros() for name in row.channels}
        if row.broadcast is not None:
            _count(connection, row.broadcast, channels)
    sums = {state: sum(counts[state] for counts in channels.values()) for state in ("total", *STATES)}
    unwritten = row.broadcast is not None and row.expanded is None and row.ended is None
    settled = not unwritten and not any(sums[state] for state in _UNSETTLED)
    return {"alert": alert_id, "settled": settled, "totals": sums, "channels": channels}


def stop_broadcast(connection: Connection, alert_id: str, at: datetime) -> bool:
    """No further request of this alert's broadcast starts. False where there is none, or it was stopped before."""
    query = broadcasts.update().where(broadcasts.c.alert == alert_id, broadcasts.c.stopped.is_(None))
    return connection.execute(query.values(stopped=at)).rowcount == 1


def end_broadcasts(connection: Connection, alert_ids: Sequence[str], reason: str, at: datetime) -> None:
    """The alerts are over (superseded, cancelled, lifted, expired): what is unsent of them stays unsent."""
    query = broadcasts.update().where(broadcasts.c.alert.in_(list(alert_ids)), broadcasts.c.ended.is_(None))
    connection.execute(query.values(ended=at, ended_reason=reason))


def suppress_ended(system: System) -> int:
    """Mark unsent deliveries of stopped and ended broadcasts, a chunk per transaction."""
    total = 0
    while True:
        with system.database.write() as connection:
            done = store.suppress_ended(connection, system.now())
        total += done
        if done == 0:
            return total


def _zeros() -> dict[str, Any]:
    return {"total": 0, **dict.fromkeys(STATES, 0), "errors": {}}


def _count(connection: Connection, broadcast: str, channels: dict[str, dict[str, Any]]) -> None:
    d = deliveries.c
    query = sa.select(d.channel, d.state, sa.func.count().label("n")).where(d.broadcast == broadcast)
    for row in connection.execute(query.group_by(d.channel, d.state)):
        counts = channels.setdefault(row.channel, _zeros())
        counts["total"] += row.n
        counts["queued" if row.state == "leased" else row.state] += row.n
    taken = (d.state == "delivered").label("taken")  # then the code says how a call was taken
    coded = sa.select(d.channel, d.code, taken, sa.func.count().label("n")).where(
        d.broadcast == broadcast, d.code != ""
    )
    for row in connection.execute(coded.group_by(d.channel, d.code, taken)):
        channels[row.channel].setdefault("answers" if row.taken else "errors", {})[row.code] = row.n
