"""What every verb does alike: who acts, the case to decide, compare-and-set, the step written down, the audit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert
from broadcaster.domain.bundle import digest_of
from broadcaster.domain.errors import Refused
from broadcaster.domain.lifecycle import Verb, move
from broadcaster.domain.review import Case, Who, digest
from broadcaster.services import audit
from broadcaster.services.system import Actor, System
from broadcaster.store import alerts as store
from broadcaster.store.alerts import Reviewed
from broadcaster.store.bundles import parts_with

RULE = "rule:"
MACHINES = ("token:", "feed:", RULE)
CHANGED = "Somebody else changed this alert just now. Look at it again."


def who(actor: Actor) -> Who:
    """The actor as four eyes see them: a token's owner is the person behind it."""
    machine = actor.name.startswith(MACHINES)
    return Who(actor.owner or actor.name, actor.roles, actor.verified, machine)


def case(connection: Connection, alert: Alert) -> Case:
    """The alert with everything a decision looks at, the digest computed now from what is stored."""
    steps = store.reviews_of(connection, alert.id)
    overrides = [step.by for step in steps if step.verb == Verb.OVERRIDE]
    return Case(
        alert=alert,
        digest=digest(alert, store.messages_of(connection, alert.id)),
        findings=store.findings_of(connection, alert.id),
        returned_by=tuple(step.by for step in steps if step.verb == Verb.RETURN),
        overridden_by=overrides[-1] if overrides else None,
        replaced=tuple(store.by_ids(connection, alert.replaces)),
    )


def cases(connection: Connection, parts: Sequence[Alert]) -> list[Case]:
    """The cases of alerts that are decided together; in a bundle each carries the bundle's digest."""
    found = [case(connection, part) for part in parts]
    if parts[0].bundle is None:
        return found
    together = digest_of([one.digest for one in found])
    return [replace(one, together=together) for one in found]


def held(connection: Connection, alert_id: str, replaced: bool = True) -> tuple[Alert, ...]:
    """The alerts that are decided with this one (alone, or its bundle in order), their rows locked, and ``replaced``:
    those of the alerts that they replace too; in the order of ids.

    Order of locks everywhere: rows of alerts by id, alarms, publication, the audit's head. Raises NotFound, and
    Refused where the bundle got other parts at that moment.
    """
    first = parts_with(connection, store.get(connection, alert_id))
    ids = [part.id for part in first]
    older = [id_ for part in first for id_ in part.replaces] if replaced else []
    store.by_ids(connection, [*ids, *older], lock=True)
    parts = parts_with(connection, store.get(connection, alert_id))
    if not {part.id for part in parts} <= set(ids):
        raise Refused("changed", CHANGED)
    return parts


def named(alerts: Iterable[Alert], alert_id: str) -> Alert:
    """Of those decided together, the one that somebody asked about."""
    return next(alert for alert in alerts if alert.id == alert_id)


def changed(connection: Connection, old: Alert, new: Alert) -> Alert:
    """Compare-and-set; the alert as it then stands. Raises Refused where somebody was first."""
    if not store.change(connection, old, new):
        raise Refused("changed", CHANGED)
    return replace(new, revision=old.revision + 1)


def noted(connection: Connection, alert: Alert, verb: str, by: str, at: datetime, reason: str = "") -> None:
    """Append the step to the alert's reviews, with the digest it was about."""
    store.add_review(connection, alert.id, Reviewed(str(verb), by, at, reason, alert.digest))


def put_away(connection: Connection, old: Alert, verb: Verb, actor: Actor, at: datetime, reason: str) -> Alert:
    """End something that is not live (or is), by the table of moves."""
    new = changed(connection, old, replace(old, state=move(old.state, verb), ended_at=at))
    noted(connection, new, verb, actor.name, at, reason)
    return new


def recorded(
    system: System, connection: Connection, actor: Actor, verb: str, alert: Alert, at: datetime, **more: Any
) -> None:
    """The audit entry with the exact content; last in the transaction."""
    texts = [[m.channel, m.language, m.number, m.subject, m.text] for m in store.messages_of(connection, alert.id)]
    detail = {
        "digest": alert.digest,
        "state": str(alert.state),
        "revision": alert.revision,
        "mode": str(alert.mode),
        "msg_type": str(alert.msg_type),
        "zones": list(alert.zones),
        "channels": list(alert.channels),
        "expires": alert.expires.isoformat() if alert.expires else None,
        "until_lifted": alert.until_lifted,
        "replaces": list(alert.replaces),
        "content": store.plain(alert.content),
        "messages": texts,
        **more,
    }
    audit.record(system, connection, actor, f"alert.{verb}", f"alert:{alert.id}", at, **detail)
