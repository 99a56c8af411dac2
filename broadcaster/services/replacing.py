"""What an alert that goes live does to those it replaces, in the same transaction.

A person's change for some zones only leaves the others as they were: the old alert is replaced by an Update of
itself without those zones, which is published and not texted, unless texts of the old one were still unsent;
then it is texted, because a text twice is better than none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert, State
from broadcaster.domain.delivery import UNSENT
from broadcaster.domain.lifecycle import ENDED, move, takes_effect_on
from broadcaster.domain.rest import remaining
from broadcaster.services.areas import of_zones
from broadcaster.services.deliveries import end_broadcasts
from broadcaster.services.drafting import draw, redraft
from broadcaster.services.expand import freeze
from broadcaster.services.stamps import priority_of, stamped
from broadcaster.services.steps import changed, noted, who
from broadcaster.services.system import Actor, System
from broadcaster.store import alarms
from broadcaster.store import alerts as store
from broadcaster.store.schema import broadcasts, deliveries


@dataclass(frozen=True, slots=True)
class Replaced:
    """Ids of the alerts that ended, and the Updates made for zones that go on."""

    ended: tuple[str, ...]
    kept: tuple[Alert, ...]


def replace_earlier(
    system: System, connection: Connection, actor: Actor, alert: Alert, at: datetime, together: Sequence[Alert] = ()
) -> Replaced:
    """End what the alert replaces. What ended before stays as it ended.

    ``together``: all that goes live in this transaction; a zone of the old alert that any of them takes over is over.
    """
    ended: list[Alert] = []
    kept: list[Alert] = []
    for old in store.by_ids(connection, alert.replaces, lock=True):
        if old.state in ENDED:
            continue
        if old.state == State.LIVE and (rest := remaining(_with_others(alert, old, together), old)):
            kept.append(_keep(system, connection, actor, alert, old, rest, at))
        _end(connection, actor, alert, old, at)
        ended.append(old)
    aired = [old.id for old in ended if old.state == State.LIVE]  # what a mere draft was to replace goes on
    end_broadcasts(connection, store.ancestors(connection, aired), str(alert.ending), at)
    return Replaced(tuple(old.id for old in ended), tuple(kept))


def _with_others(alert: Alert, old: Alert, together: Sequence[Alert]) -> Alert:
    others = [zone for other in together if old.id in other.replaces for zone in other.zones]
    return replace(alert, zones=tuple(dict.fromkeys((*alert.zones, *others))))


def _end(connection: Connection, actor: Actor, alert: Alert, old: Alert, at: datetime) -> None:
    verb = takes_effect_on(old.state, str(alert.ending))
    new = changed(connection, old, replace(old, state=move(old.state, verb), ended_at=at))
    noted(connection, new, verb, who(actor).person, at, f"by alert {alert.id}")
    alarms.clear(connection, f"review:{old.id}", at)


def _keep(
    system: System, connection: Connection, actor: Actor, alert: Alert, old: Alert, rest: tuple[str, ...], at: datetime
) -> Alert:
    """An Update of the old alert for the zones that go on, live at once under this approval."""
    channels = old.channels if _unsent(connection, old) else ()
    again = replace(redraft(old), zones=rest, areas=of_zones(connection, rest), channels=channels)
    drawn = draw(system, connection, again, who(actor).person)
    kept = replace(
        stamped(system, drawn.alert, at),
        state=State.LIVE,
        submitted_by=alert.submitted_by,
        submitted_at=alert.submitted_at,
        review_at=old.review_at,
    )
    store.insert(connection, kept, store.source_hash(connection, old.id))
    store.put_messages(connection, kept.id, drawn.messages)
    noted(connection, kept, "take_out", who(actor).person, at, f"zones taken out by alert {alert.id}")
    if channels:
        freeze(system, connection, kept, drawn.messages, priority_of(kept), at)
    return kept


def _unsent(connection: Connection, old: Alert) -> bool:
    waiting = sa.exists().where(deliveries.c.broadcast == broadcasts.c.id, deliveries.c.state.in_(sorted(UNSENT)))
    query = sa.select(broadcasts.c.id).where(
        broadcasts.c.alert == old.id,
        broadcasts.c.stopped.is_(None),
        broadcasts.c.ended.is_(None),
        sa.or_(broadcasts.c.expanded.is_(None), waiting),
    )
    return connection.execute(query).first() is not None
