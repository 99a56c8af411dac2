"""Freezing what was approved, and writing its deliveries in chunks with a durable cursor.

A crash between two chunks loses nothing: the cursor moves in the chunk's own transaction, and any process
goes on from it. Sending starts with the first chunk.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert, State
from broadcaster.domain.audience import groups_of
from broadcaster.domain.config import Policy
from broadcaster.domain.delivery import REACHED
from broadcaster.domain.message import Limits, Message
from broadcaster.services.audience import count, count_reached
from broadcaster.services.channels import open_channel
from broadcaster.services.system import System
from broadcaster.store import alarms
from broadcaster.store import broadcasts as store
from broadcaster.store.alerts import ancestors, by_ids, descendants
from broadcaster.store.schema import broadcasts


def freeze(
    system: System, connection: Connection, alert: Alert, messages: Iterable[Message], priority: int, at: datetime
) -> str:
    """Write the broadcast of an alert that goes live, in the approving transaction. Returns its id.

    A Cancel (``ending == "cancelled"``) goes to everybody its predecessors may have reached.
    """
    texts = [m for m in messages if m.channel in alert.channels]
    limits = _limits(system, alert)
    audience = _audience(connection, alert, system.config.policy)
    new = store.NewBroadcast(
        id=uuid.uuid4().hex,
        alert=alert.id,
        mode=alert.mode,
        digest=alert.digest or "",
        created=at,
        expires=None if alert.until_lifted else alert.expires,
        priority=priority,
        audience=audience,
        channels=[name for name, limit in limits.items() if limit.audience == "people"],
        languages=list(system.config.agency.languages),
        people=people(connection, alert, limits, system.config.policy),
    )
    store.insert(connection, new, texts)
    for name, limit in limits.items():
        if limit.audience == "account":
            store.insert_accounts(connection, new.id, priority, name, store.threads(connection, new.id, name), at)
            if limit.edits and alert.ending == "cancelled":
                _change_earlier(connection, alert, new, name, at)
    return new.id


def _change_earlier(connection: Connection, alert: Alert, new: store.NewBroadcast, channel: str, at: datetime) -> None:
    """What was wrong must not be passed on as it stood: its posts take the words of the Cancel, which is posted too."""
    messages = store.message_ids(connection, new.id, channel)
    if messages:
        store.insert_edits(connection, new.id, new.priority, channel, messages, _broadcasts_of(connection, alert), at)


def _broadcasts_of(connection: Connection, alert: Alert) -> list[str]:
    """The broadcasts of all that an alert takes back, directly or through Updates."""
    earlier = ancestors(connection, alert.replaces)  # an Update may have reached fewer than what it replaced
    query = sa.select(broadcasts.c.id).where(broadcasts.c.alert.in_(earlier))
    return list(connection.execute(query).scalars())


def people(connection: Connection, alert: Alert, limits: Mapping[str, Limits], policy: Policy) -> dict[str, int]:
    """How many people an alert would reach now, per channel that delivers to people."""
    audience = _audience(connection, alert, policy)
    if "zones" in audience:
        return count(connection, audience["zones"], limits, audience.get("groups", ()))
    named = [name for name, limit in limits.items() if limit.audience == "people"]
    own, apart = audience.get("own", ()), audience.get("apart", ())
    return count_reached(connection, audience["reached"], REACHED, named, own, apart)


def resume(system: System) -> int:
    """Write what is still to be written of all broadcasts. Returns the number of new deliveries."""
    total = 0
    while (written := step(system)) is not None:
        total += written
    return total


def step(system: System) -> int | None:
    """One chunk of the most urgent broadcast: the number of its deliveries; None where nothing is left to write."""
    with system.database.read() as connection:
        waiting = store.unexpanded(connection)
    if not waiting:
        return None
    with system.database.write() as connection:
        return _chunk(system, connection, waiting[0])


def _chunk(system: System, connection: Connection, row: sa.Row[Any]) -> int:
    """The next chunk of one broadcast, guarded by the cursor's compare-and-set."""
    at = system.now()
    if row.cursor_channel >= len(row.channels):
        store.advance(connection, row, row.cursor, row.cursor_channel, at)
        return 0
    reached = "reached" in row.audience
    end = store.chunk_end(connection, row)
    channel = row.channels[row.cursor_channel]
    if end is None:
        last = row.cursor_channel + 1 == len(row.channels)
        store.advance(connection, row, 0, row.cursor_channel + 1, at if last else None)
        return 0
    if not store.advance(connection, row, end, row.cursor_channel, None):
        return 0
    return _insert(system, connection, row, channel, end, reached, at)


def _insert(
    system: System, connection: Connection, row: sa.Row[Any], channel: str, end: int, reached: bool, at: datetime
) -> int:
    ids = store.message_ids(connection, row.id, channel)
    if not ids:
        return 0
    if reached:
        return store.insert_reached(connection, row, channel, ids, end, REACHED, at)
    config = system.config.channel(channel)
    if config is None or not config.enabled:
        text = f"{channel} was taken out of channels.toml after an approval: alert {row.alert} reaches nobody by it."
        alarms.ring(connection, f"channel:{channel}:gone", "channel", text, at)
        return 0
    limits = open_channel(system, config).limits()
    return store.insert_people(connection, row, channel, limits, ids, end, at)


def _limits(system: System, alert: Alert) -> dict[str, Limits]:
    configs = [c for c in system.config.channels if c.enabled and c.name in alert.channels]
    return {c.name: open_channel(system, c).limits() for c in configs}


def _audience(connection: Connection, alert: Alert, policy: Policy) -> dict[str, list[str]]:
    if alert.ending == "cancelled":
        apart = _apart(connection, alert)
        own = {"own": list(alert.zones), "apart": list(apart)} if apart else {}
        return {"reached": _broadcasts_of(connection, alert), **own}
    groups = groups_of(alert.mode, policy.exercise_group)
    return {"zones": list(alert.zones), **({"groups": list(groups)} if groups else {})}


def _apart(connection: Connection, alert: Alert) -> tuple[str, ...]:
    """Zones for which another part of what a Cancel takes back stands by itself (a change took zones out of it).

    Whoever lives there hears of that part: "you may return" must not reach people whose own order holds, and who was
    told of the other part's error needs no second word.
    """
    earlier = ancestors(connection, alert.replaces)
    kin = by_ids(connection, set(descendants(connection, earlier)) - {alert.id, *earlier})
    stands = [one for one in kin if one.ending == "superseded" and one.state in (State.LIVE, State.CANCELLED)]
    return tuple(dict.fromkeys(zone for one in stands for zone in one.zones if zone not in alert.zones))
