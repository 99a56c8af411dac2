"""Going live, in one transaction: state, identifier, review, broadcast, what it replaces, page, audit.

Nothing else stands between an approval and dispatch. Waking the senders and telling the web parts comes after
the commit and may be lost without harm.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert
from broadcaster.domain.lifecycle import Verb, move
from broadcaster.services import publish
from broadcaster.services.expand import freeze
from broadcaster.services.replacing import replace_earlier
from broadcaster.services.stamps import priority_of, stamped
from broadcaster.services.steps import changed, noted, recorded, who
from broadcaster.services.system import Actor, System
from broadcaster.store import alarms
from broadcaster.store import alerts as store
from broadcaster.transport import queue


def go_live(
    system: System, connection: Connection, actor: Actor, old: Alert, verb: Verb, at: datetime, reason: str
) -> tuple[Alert, int]:
    """The alert live, and the number of the page's version that shows it. The checks were made by the caller."""
    owed = verb == Verb.OVERRIDE
    new = replace(stamped(system, old, at), state=move(old.state, verb), signature_owed=owed)
    new = changed(connection, old, new)
    noted(connection, new, verb, who(actor).person, at, reason)
    replaced = replace_earlier(system, connection, actor, new, at)
    freeze(system, connection, new, store.messages_of(connection, new.id), priority_of(new), at)
    if owed:
        text = f"{who(actor).person} released it alone: {reason}. A second person must sign it."
        alarms.ring(connection, f"signature:{new.id}", "signature_owed", text, at)
    version = publish.publish(system, connection, at)
    for kept in replaced.kept:
        recorded(system, connection, actor, "take_out", kept, at, by_alert=new.id)
    recorded(system, connection, actor, verb, new, at, reason=reason, replaced=list(replaced.ended), version=version)
    return new, version


def tell(system: System, version: int) -> None:
    """After the commit: wake the senders, announce the version. Neither raises when Redis is away."""
    queue.wake(system.redis)
    publish.tell(system, version)
