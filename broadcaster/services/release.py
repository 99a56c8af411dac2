"""Going live, in one transaction: state, identifier, review, broadcast, what it replaces, page, audit.

Nothing else stands between an approval and dispatch. Waking the senders and telling the web parts comes after
the commit and may be lost without harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert
from broadcaster.domain.lifecycle import Verb, move
from broadcaster.services import notices, publish
from broadcaster.services.expand import freeze
from broadcaster.services.replacing import replace_earlier
from broadcaster.services.stamps import priority_among, stamped
from broadcaster.services.steps import changed, noted, recorded, who
from broadcaster.services.system import Actor, System
from broadcaster.store import alarms
from broadcaster.store import alerts as store
from broadcaster.transport import queue


def go_live(
    system: System,
    connection: Connection,
    actor: Actor,
    parts: Sequence[Alert],
    verb: Verb,
    at: datetime,
    reason: str,
) -> tuple[list[Alert], int]:
    """The alerts live, and the number of the page's one version that shows them. The checks were made by the caller.

    ``parts`` is one alert, or a whole bundle in the order in which it is sent.
    """
    made = [_put_on_air(system, connection, actor, old, verb, at, reason) for old in parts]
    replaced = [replace_earlier(system, connection, actor, new, at, made) for new in made]
    for new in made:
        messages = store.messages_of(connection, new.id)
        freeze(system, connection, new, messages, priority_among(connection, new), at)
    if verb == Verb.OVERRIDE:
        _owe(system, connection, actor, made, reason, at)
    version = publish.publish(system, connection, at)
    for new, gone in zip(made, replaced, strict=True):
        for kept in gone.kept:
            recorded(system, connection, actor, "take_out", kept, at, by_alert=new.id)
        recorded(system, connection, actor, verb, new, at, reason=reason, replaced=list(gone.ended), version=version)
    return made, version


def _put_on_air(
    system: System, connection: Connection, actor: Actor, old: Alert, verb: Verb, at: datetime, reason: str
) -> Alert:
    new = replace(stamped(system, old, at), state=move(old.state, verb), signature_owed=verb == Verb.OVERRIDE)
    new = changed(connection, old, new)
    noted(connection, new, verb, who(actor).person, at, reason)
    return new


def _owe(
    system: System, connection: Connection, actor: Actor, made: Sequence[Alert], reason: str, at: datetime
) -> None:
    """One person released it alone: everybody hears, and the second signature, one for all, is asked for until it is
    given."""
    text = f"{who(actor).person} released it alone: {reason}. A second person must sign it."
    alarms.ring(connection, f"signature:{made[0].id}", "signature_owed", text, at)
    notices.released_alone(system, connection, made, who(actor).person, reason, at)


def tell(system: System, version: int) -> None:
    """After the commit: wake the senders, announce the version, tell people. None raises when Redis is away."""
    queue.wake(system.redis)
    publish.tell(system, version)
    notices.wake(system)
