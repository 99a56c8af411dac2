"""What time alone ends: alerts past their end. What is in force until lifted is asked about, never ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert, State
from broadcaster.domain.lifecycle import PENDING, Verb, expired, move, review_due
from broadcaster.services import publish
from broadcaster.services.deliveries import end_broadcasts
from broadcaster.services.steps import changed, noted, recorded
from broadcaster.services.system import SYSTEM, System
from broadcaster.store import alarms
from broadcaster.store import alerts as store
from broadcaster.store.engine import again


def expire(system: System) -> list[str]:
    """End what is due, publish if the page changed, ring where somebody must confirm or lift. Ids of the ended.

    Asked every few seconds: it writes only where something is due.
    """
    with system.database.read() as connection:
        due = _due(connection, system.now()) or _unasked(connection, system.now())
    if not due:
        return []
    ended, version = again(lambda: _expired(system))
    if version is not None:
        publish.tell(system, version)
    return [alert.id for alert in ended]


def _expired(system: System) -> tuple[list[Alert], int | None]:
    """One transaction: the alerts it ended, and the page's version where that changed it."""
    with system.database.write() as connection:
        at = system.now()
        over = store.by_ids(connection, _due(connection, at), lock=True)  # before alarms: the order of locks
        for alert in _unasked(connection, at):
            _ask(connection, alert, at)
        ended = [_end(connection, alert, at) for alert in over if _lasts(alert)]
        live = [alert.id for alert in ended if alert.identifier is not None]
        version = _page(system, connection, live, at)
        for alert in ended:
            recorded(system, connection, SYSTEM, Verb.EXPIRE, alert, at)
    return ended, version


def _lasts(alert: Alert) -> bool:
    """Not ended by somebody else while this transaction waited for its row."""
    return alert.state == State.LIVE or alert.state in PENDING


def _due(connection: Connection, at: datetime) -> list[str]:
    return [a.id for a in store.in_states(connection, State.LIVE, *sorted(PENDING)) if expired(a, at)]


def _unasked(connection: Connection, at: datetime) -> list[Alert]:
    rung = {row.key for row in alarms.open_alarms(connection)}
    live = store.in_states(connection, State.LIVE)
    return [alert for alert in live if review_due(alert, at) and f"review:{alert.id}" not in rung]


def _ask(connection: Connection, alert: Alert, at: datetime) -> None:
    headline = alert.content.infos[0].headline if alert.content.infos else alert.id
    text = f"Does it still hold? Confirm it (extend), change it or lift it: {headline}"
    alarms.ring(connection, f"review:{alert.id}", "review_due", text, at)


def _end(connection: Connection, old: Alert, at: datetime) -> Alert:
    new = changed(connection, old, replace(old, state=move(old.state, Verb.EXPIRE), ended_at=at))
    noted(connection, new, Verb.EXPIRE, SYSTEM.name, at)
    return new


def _page(system: System, connection: Connection, live: list[str], at: datetime) -> int | None:
    if not live:
        return None
    end_broadcasts(connection, store.ancestors(connection, live), "expired", at)
    return publish.publish(system, connection, at)
