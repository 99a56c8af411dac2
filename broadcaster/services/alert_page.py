"""What pages of alerts and incidents show besides numbers: neighbours, lists, logs, the prepared correction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert, Info, State
from broadcaster.domain.bundle import together
from broadcaster.domain.errors import NotFound
from broadcaster.domain.lifecycle import Verb
from broadcaster.domain.message import Message
from broadcaster.domain.review import COMPOSERS, Who, check_follow_up
from broadcaster.domain.wording import level
from broadcaster.services import audit_trail, note, preview
from broadcaster.services.cancel import written
from broadcaster.services.carriers import carriers
from broadcaster.services.progress import held
from broadcaster.services.system import System
from broadcaster.store import alerts as store
from broadcaster.store import audit_trail as trail
from broadcaster.store import records
from broadcaster.store.alerts import Reviewed
from broadcaster.store.audit_trail import Asked
from broadcaster.store.bundles import cards, parts_with, standing
from broadcaster.store.schema import zones

PAGE = 50
LOG = 200


@dataclass(frozen=True, slots=True)
class Row:
    """An alert in a list."""

    alert: Alert
    title: str
    level: str
    places: tuple[str, ...]


def listing(system: System, states: Sequence[State], drills: bool, page: int) -> list[list[Row]]:
    """``PAGE`` cards and one more, which says that there is a next page. A card is an alert, or the parts of a bundle
    that stand in the same state."""
    with system.database.read() as connection:
        found = cards(connection, states, drills, PAGE + 1, (page - 1) * PAGE)
        names = _names(connection)
        return [[_row(alert, names) for alert in parts] for parts in found]


def about(system: System, alert_id: str) -> dict[str, Any]:
    """``alert``, its ``row``, ``older`` and ``newer`` alerts of its chain, ``together`` with which it was decided;
    ``whole``: all that one follow-up can be about, where that is more than this alert."""
    with system.database.read() as connection:
        alert = store.get(connection, alert_id)
        names = _names(connection)
        older = store.by_ids(connection, alert.replaces)
        newer = store.by_ids(connection, store.replaced_by(connection, alert_id))
        parts = parts_with(connection, alert)
        whole = together(alert, standing(connection, alert.incident))
        return {
            "alert": alert,
            "row": _row(alert, names),
            "names": names,
            "older": [_row(one, names) for one in older],
            "newer": [_row(one, names) for one in newer],
            "together": [_row(one, names) for one in parts if one.id != alert_id],
            "whole": [_row(one, names) for one in whole] if len(whole) > 1 else [],
        }


@dataclass(frozen=True, slots=True)
class Correction:
    """The prepared "sent in error": the texts about each alert, by its id; channels that tell people; about how many
    people; and the switches that keep it back."""

    texts: dict[str, tuple[Message, ...]]
    channels: frozenset[str]
    people: int
    held: tuple[str, ...]


def correction(system: System, by: str, alert_id: str, whole: bool = False) -> Correction:
    """As it would stand now, about the alert or about all that are live of its incident. Raises NotFound, Refused where
    the alert is not live."""
    with system.database.read() as connection:
        old = store.get(connection, alert_id)
        check_follow_up(old, Who(by, COMPOSERS))
        parts = together(old, standing(connection, old.incident)) if whole else (old,)
        drafts = {part.id: replace(written(part), channels=carriers(system, connection, part)) for part in parts}
        seen = {id_: preview.seen(system, connection, draft, by) for id_, draft in drafts.items()}
        told = {name for one in seen.values() for name, count in one.people.items() if count}
        return Correction(
            texts={id_: one.drawn.messages for id_, one in seen.items()},
            channels=frozenset(name for one in seen.values() for name in one.people),
            people=sum(max(one.people.values(), default=0) for one in seen.values()),
            held=held(system, connection, sorted(told)),
        )


def returned(system: System, alert: Alert) -> Reviewed | None:
    """Who returned it last, when and why; None where it is not returned."""
    if alert.state != State.RETURNED:
        return None
    with system.database.read() as connection:
        back = [step for step in store.reviews_of(connection, alert.id) if step.verb == Verb.RETURN]
    return back[-1] if back else None


def incident(system: System, id_: str) -> dict[str, Any]:
    """The thread of its alerts, oldest first, its log newest first, its notes. Raises NotFound."""
    with system.database.read() as connection:
        head = records.incident(connection, id_)
        if head is None:
            raise NotFound("incident", f"There is no incident {id_}.")
        names = _names(connection)
        ids = records.alert_ids(connection, id_)
        alerts = sorted(store.by_ids(connection, ids), key=lambda alert: ids.index(alert.id))
        entries = [row for one in ids for row in trail.search(connection, Asked(object=f"alert:{one}"), LOG)]
        log = audit_trail.tell(connection, sorted(entries, key=lambda row: -row.id)[:LOG])
    return {
        "incident": head,
        "thread": [_row(alert, names) for alert in alerts],
        "log": log,
        "notes": note.notes(system, id_),
        "drill": bool(alerts) and all(alert.mode != "actual" for alert in alerts),
    }


# --- the parts --------------------------------------------------------------------------------------------------
def _row(alert: Alert, names: dict[str, str]) -> Row:
    info = next(iter(alert.content.infos), Info())
    found = level(info.urgency, info.severity, info.certainty, info.response_types)
    title = info.headline or info.event or alert.content.template.replace("_", " ")
    return Row(alert, title, str(found), tuple(names.get(zone, zone) for zone in alert.zones))


def _names(connection: Connection) -> dict[str, str]:
    return {row.id: row.name for row in connection.execute(sa.select(zones.c.id, zones.c.name))}
