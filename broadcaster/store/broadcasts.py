"""Broadcasts: what an approval froze. Their deliveries are written in chunks with a durable cursor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.message import Message
from broadcaster.store.schema import (
    alerts,
    attempts,
    broadcast_messages,
    broadcasts,
    deliveries,
    subscriber_channels,
    subscriber_zones,
    subscribers,
)
from broadcaster.store.upsert import insert as insert_or

CHUNK = 5000


@dataclass(frozen=True, slots=True)
class NewBroadcast:
    """All that a broadcast's row needs beside its messages."""

    id: str
    alert: str
    mode: str
    digest: str
    created: datetime
    expires: datetime | None
    priority: int
    audience: Mapping[str, Sequence[str]]
    channels: Sequence[str]
    languages: Sequence[str]
    people: Mapping[str, int]


def insert(connection: Connection, new: NewBroadcast, messages: Sequence[Message]) -> None:
    """Freeze it, with the highest subscriber id of this moment: whoever joins later is not in it."""
    highest = connection.execute(sa.select(sa.func.coalesce(sa.func.max(subscribers.c.id), 0))).scalar_one()
    row = {name: getattr(new, name) for name in NewBroadcast.__slots__}
    row |= {"audience": dict(new.audience), "people": dict(new.people)}
    row |= {"highest_subscriber": highest, "cursor": 0, "cursor_channel": 0}
    connection.execute(broadcasts.insert().values(**row))
    rows = [
        {
            "broadcast": new.id,
            "channel": m.channel,
            "language": m.language,
            "subject": m.subject,
            "text": m.text,
            "segments": m.segments,
        }
        for m in messages
    ]
    if rows:
        connection.execute(broadcast_messages.insert(), rows)


def message_ids(connection: Connection, broadcast: str, channel: str) -> dict[str, int]:
    """Language -> id of the frozen message."""
    rows = connection.execute(
        sa.select(broadcast_messages.c.language, broadcast_messages.c.id).where(
            broadcast_messages.c.broadcast == broadcast, broadcast_messages.c.channel == channel
        )
    )
    return {row.language: row.id for row in rows}


def unexpanded(connection: Connection) -> list[sa.Row[Any]]:
    """Broadcasts with deliveries still to be written, the most urgent first."""
    query = sa.select(broadcasts).where(broadcasts.c.expanded.is_(None), broadcasts.c.ended.is_(None))
    return list(connection.execute(query.order_by(broadcasts.c.priority, broadcasts.c.created)))


def advance(connection: Connection, row: sa.Row[Any], cursor: int, channel: int, expanded: datetime | None) -> bool:
    """Move the cursor by compare-and-set; False where another process was there first."""
    done = connection.execute(
        broadcasts.update()
        .where(
            broadcasts.c.id == row.id,
            broadcasts.c.cursor == row.cursor,
            broadcasts.c.cursor_channel == row.cursor_channel,
            broadcasts.c.expanded.is_(None),
        )
        .values(cursor=cursor, cursor_channel=channel, expanded=expanded)
    )
    return done.rowcount == 1


def chunk_end(connection: Connection, row: sa.Row[Any]) -> int | None:
    """The id that closes the next chunk of about 5,000 people or earlier deliveries; None where nothing is left."""
    if "reached" in row.audience:
        source, of_broadcast = deliveries.c.id, deliveries.c.broadcast.in_(row.audience["reached"])
    else:
        source, of_broadcast = subscribers.c.id, subscribers.c.id <= row.highest_subscriber
    part = (
        sa.select(source.label("id")).where(source > row.cursor, of_broadcast).order_by(source).limit(CHUNK).subquery()
    )
    end: int | None = connection.execute(sa.select(sa.func.max(part.c.id))).scalar_one()
    return end


def insert_people(
    connection: Connection,
    row: sa.Row[Any],
    channel: str,
    address: str,
    messages: Mapping[str, int],
    end: int,
    at: datetime,
) -> int:
    """Deliveries of one chunk of subscribers: INSERT … SELECT, once per broadcast, channel and address."""
    column, out = subscribers.c[address], subscribers.c[f"{address}_out"]
    query = _values(row, channel, column, subscribers.c.id, _message(messages, row.languages), at).where(
        subscribers.c.id > row.cursor,
        subscribers.c.id <= end,
        column.is_not(None),
        out.is_(None),
        of_zones(row.audience.get("zones", [])),
        takes(channel),
        in_groups(connection, row.audience.get("groups", [])),
    )
    return _insert(connection, query)


def insert_reached(
    connection: Connection,
    row: sa.Row[Any],
    channel: str,
    messages: Mapping[str, int],
    end: int,
    states: Sequence[str],
    at: datetime,
) -> int:
    """Deliveries to everybody an earlier broadcast may have reached, one chunk of its deliveries."""
    earlier = deliveries.alias("earlier")
    person = subscribers.alias("person")
    language = sa.func.coalesce(person.c.language, row.languages[0])
    message = sa.case(
        *[(language == code, id_) for code, id_ in messages.items()], else_=_first(messages, row.languages)
    )
    query = (
        _values(row, channel, earlier.c.recipient, earlier.c.subscriber, message, at)
        .select_from(earlier.outerjoin(person, person.c.id == earlier.c.subscriber))
        .where(
            earlier.c.id > row.cursor,
            earlier.c.id <= end,
            earlier.c.broadcast.in_(row.audience["reached"]),
            earlier.c.channel == channel,
            earlier.c.state.in_(states),
        )
    )
    return _insert(connection, query)


def insert_accounts(
    connection: Connection, broadcast: str, priority: int, channel: str, messages: Mapping[str, int], at: datetime
) -> None:
    """One delivery per language of an account."""
    rows = [
        {
            "broadcast": broadcast,
            "channel": channel,
            "recipient": language,
            "subscriber": None,
            "message": id_,
            "state": "queued",
            "priority": priority,
            "due": at,
            "tries": 0,
            "code": "",
            "reason": "",
            "changed": at,
        }
        for language, id_ in messages.items()
    ]
    if rows:
        connection.execute(deliveries.insert(), rows)


def of_zones(zone_ids: Sequence[str]) -> sa.ColumnElement[bool]:
    """The subscriber has one of these zones. No zones is nobody, never everybody (Los Angeles 2025)."""
    return sa.exists().where(
        subscriber_zones.c.subscriber == subscribers.c.id, subscriber_zones.c.zone.in_(list(zone_ids))
    )


def in_groups(connection: Connection, groups: Sequence[str]) -> sa.ColumnElement[bool]:
    """The subscriber is in one of these groups; no groups is everybody (of the zones that are asked for besides)."""
    if not groups:
        return sa.true()
    unfold = sa.func.json_each if connection.dialect.name == "sqlite" else sa.func.json_array_elements_text
    each = unfold(subscribers.c.groups).table_valued("value", name="each_group")
    return sa.exists().where(each.c.value.in_(list(groups))).correlate(subscribers)


def takes(channel: str) -> sa.ColumnElement[bool]:
    """The subscriber chose this channel, or none in particular."""
    chosen = sa.exists().where(subscriber_channels.c.subscriber == subscribers.c.id)
    this = sa.exists().where(
        subscriber_channels.c.subscriber == subscribers.c.id, subscriber_channels.c.channel == channel
    )
    return sa.or_(~chosen, this)


def _values(
    row: sa.Row[Any],
    channel: str,
    recipient: sa.ColumnElement[str],
    subscriber: sa.ColumnElement[Any],
    message: sa.ColumnElement[int],
    at: datetime,
) -> sa.Select[Any]:
    return sa.select(
        sa.literal(row.id),
        sa.literal(channel),
        recipient,
        subscriber,
        message,
        sa.literal("queued"),
        sa.literal(row.priority),
        sa.literal(at, deliveries.c.due.type),
        sa.literal(0),
        sa.literal(""),
        sa.literal(""),
        sa.literal(at, deliveries.c.changed.type),
    )


_COLUMNS = [column.name for column in deliveries.c if column.name not in ("id", "holder", "lease")]


def _insert(connection: Connection, query: sa.Select[Any]) -> int:
    insert = insert_or(connection, deliveries).from_select(_COLUMNS, query).on_conflict_do_nothing()
    counted = insert.execution_options(preserve_rowcount=True)
    return connection.execute(counted).rowcount


def _first(messages: Mapping[str, int], languages: Sequence[str]) -> int:
    return next((messages[code] for code in languages if code in messages), next(iter(messages.values())))


def _message(messages: Mapping[str, int], languages: Sequence[str]) -> sa.ColumnElement[int]:
    first = _first(messages, languages)
    return sa.case(*[(subscribers.c.language == code, id_) for code, id_ in messages.items()], else_=first)


def first_post(connection: Connection, incident: str, channel: str, recipient: str, before: int) -> str:
    """The provider's id of the first post of this incident on that account: updates answer it. Empty where none."""
    query = (
        sa.select(attempts.c.provider_id)
        .join(deliveries, deliveries.c.id == attempts.c.delivery)
        .join(broadcasts, broadcasts.c.id == deliveries.c.broadcast)
        .join(alerts, alerts.c.id == broadcasts.c.alert)
        .where(
            alerts.c.incident == incident,
            deliveries.c.channel == channel,
            deliveries.c.recipient == recipient,
            deliveries.c.id < before,
            attempts.c.provider_id.is_not(None),
            attempts.c.state.in_(("accepted", "delivered")),
        )
        .order_by(deliveries.c.id)
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none() or ""
