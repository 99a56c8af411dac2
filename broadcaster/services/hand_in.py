"""A form handed in: the draft kept as typed and, where that is wanted and possible, submitted, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert
from broadcaster.domain.errors import Forbidden, Refused
from broadcaster.services import compose
from broadcaster.services.drafting import Draft, draw
from broadcaster.services.submit import submit
from broadcaster.services.system import Actor, System
from broadcaster.store import alerts as store
from broadcaster.store import feeds


@dataclass(frozen=True, slots=True)
class HandedIn:
    """The alert as kept. ``refused``: why it was not submitted; None where it was, or where nobody asked."""

    alert: Alert
    refused: Refused | Forbidden | None = None


def hand_in(
    system: System,
    actor: Actor,
    draft: Draft,
    alert_id: str | None = None,
    seen: int | None = None,
    submitting: bool = False,
    entry: int | None = None,
) -> HandedIn:
    """Keep a new alert, or ``alert_id`` that the editor saw at revision ``seen``; then submit it.

    What stands in the way of submitting keeps the draft all the same. The same new form twice is one alert.
    ``entry`` is the feed's entry it was made from. Raises as ``compose.create`` and ``edit``, Refused("conflict") too.
    """
    with system.database.write() as connection:
        kept = _kept(system, connection, actor, draft, alert_id, seen)
        if entry is not None:
            feeds.settle(connection, entry, {"action": "draft", "rule": "", "alert": kept.id, "awaits": None})
            feeds.written(connection, entry, kept.id)
        if not submitting:
            return HandedIn(kept)
        try:
            return HandedIn(submit(system, actor, kept.id, connection))
        except (Refused, Forbidden) as error:  # decided before anything is written
            return HandedIn(kept, error)


def _kept(
    system: System, connection: Connection, actor: Actor, draft: Draft, alert_id: str | None, seen: int | None
) -> Alert:
    if alert_id is not None:
        return compose.edit(system, actor, alert_id, draft, connection, seen)
    store.lock_ids(connection, [draft.id] if draft.id else [])
    known = store.find(connection, draft.id, lock=True) if draft.id else None
    if known is None:
        return compose.create(system, actor, draft, connection)
    if draw(system, connection, draft, actor.name, known).alert.digest == known.digest:
        return known
    return compose.edit(system, actor, known.id, draft, connection, seen=1)
