"""Broadcasts: what an approval froze. Their deliveries are written in chunks with a durable cursor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.message import Limits, Message
from broadcaster.domain.posting import edit_recipient, thread_recipient
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
            "number": m.number,
            "subject": m.subject,
            "text": m.text,
            "segments": m.segments,
        }
        for m in messages
    ]
    if rows:
        connection.execute(broadcast_messages.insert(), rows)


def message_ids(connection: Connection, broadcast: str, channel: str) -> dict[str, int]:
    """Language -> id of the frozen message; of a thread the first post."""
    return {language: ids[0] for language, ids in threads(connection, broadcast, channel).items()}


def threads(connection: Connection, broadcast: str, channel: str) -> dict[str, list[int]]:
    """Language -> ids of the frozen messages, in the order of their thread."""
    m = broadcast_messages.c
    query = sa.select(m.language, m.id).where(m.broadcast == broadcast, m.channel == channel)
    found: dict[str, list[int]] = {}
    for row in connection.execute(query.order_by(m.language, m.number)):
        found.setdefault(row.language, []).append(row.id)
    return found


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
    limits: Limits,
    messages: Mapping[str, int],
    end: int,
    at: datetime,
) -> int:
    """Deliveries of one chunk of subscribers: INSERT … SELECT, once per broadcast, channel and address."""
    column, out = subscribers.c[limits.address], subscribers.c[f"{limits.address}_out"]
    query = _values(row, channel, column, subscribers.c.id, _message(messages, row.languages), at).where(
        subscribers.c.id > row.cursor,
        subscribers.c.id <= end,
        column.is_not(None),
        out.is_(None),
        of_zones(row.audience.get("zones", [])),
        takes(channel, limits.chosen),
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
            not_apart(earlier.c.subscriber, row.audience.get("own", ()), row.audience.get("apart", ())),
        )
    )
    return _insert(connection, query)


def not_apart(
    subscriber: sa.ColumnElement[int | None], own: Sequence[str], apart: Sequence[str]
) -> sa.ColumnElement[bool]:
    """Leaves out whom another alert of the same lineage tells: people with a zone of ``apart`` and none of ``own``.

    Somebody whose zones nobody knows any more stays in: told twice is better than not at all.
    """
    if not apart:
        return sa.true()
    return sa.or_(_has_zone(subscriber, own), ~_has_zone(subscriber, apart))


def _has_zone(subscriber: sa.ColumnElement[int | None], zone_ids: Sequence[str]) -> sa.ColumnElement[bool]:
    return sa.exists().where(subscriber_zones.c.subscriber == subscriber, subscriber_zones.c.zone.in_(list(zone_ids)))


def insert_accounts(
    connection: Connection,
    broadcast: str,
    priority: int,
    channel: str,
    messages: Mapping[str, Sequence[int]],
    at: datetime,
) -> None:
    """One delivery per language of an account, and one for each post that follows it in its thread."""
    for language, ids in messages.items():
        after: int | None = None
        for number, message in enumerate(ids):
            row = _to_account(broadcast, priority, channel, thread_recipient(language, number), message, at)
            after = _inserted(connection, row | {"after": after})


def insert_edits(
    connection: Connection,
    broadcast: str,
    priority: int,
    channel: str,
    messages: Mapping[str, int],
    earlier: Sequence[str],
    at: datetime,
) -> None:
    """One delivery for each post of the broadcasts ``earlier`` that stands, or may yet stand, on the account."""
    d = deliveries.c
    query = sa.select(d.id, d.recipient).where(
        d.broadcast.in_(list(earlier)),
        d.channel == channel,
        d.subscriber.is_(None),
        d.edits.is_(None),
        d.state.in_(("sending", "unknown", "accepted", "delivered")),
    )
    for row in connection.execute(query.order_by(d.id)).all():
        language = row.recipient.partition("/")[0]
        message = messages.get(language, next(iter(messages.values())))
        new = _to_account(broadcast, priority, channel, edit_recipient(language, row.id), message, at)
        _inserted(connection, new | {"edits": row.id})


def _inserted(connection: Connection, row: Mapping[str, Any]) -> int:
    found: int = connection.execute(deliveries.insert().values(**row).returning(deliveries.c.id)).scalar_one()
    return found


def _to_account(
    broadcast: str, priority: int, channel: str, recipient: str, message: int, at: datetime
) -> dict[str, Any]:
    return {
        "broadcast": broadcast,
        "channel": channel,
        "recipient": recipient,
        "subscriber": None,
        "message": message,
        "state": "queued",
        "priority": priority,
        "due": at,
        "tries": 0,
        "code": "",
        "reason": "",
        "changed": at,
    }


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


def takes(channel: str, chosen_only: bool = False) -> sa.ColumnElement[bool]:
    """The subscriber chose this channel, or none in particular unless that does not do (``Limits.chosen``)."""
    chosen = sa.exists().where(subscriber_channels.c.subscriber == subscribers.c.id)
    this = sa.exists().where(
        subscriber_channels.c.subscriber == subscribers.c.id, subscriber_channels.c.channel == channel
    )
    return this if chosen_only else sa.or_(~chosen, this)


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


_COLUMNS = [column.name for column in deliveries.c if column.name not in ("id", "holder", "lease", "after", "edits")]


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
            _stands,
        )
        .order_by(deliveries.c.id)
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none() or ""


def first_mails(
    connection: Connection, incident: str, channel: str, recipients: Sequence[str], broadcast: str
) -> dict[str, str]:
    """Recipient -> the provider's id of the first message that they had of this incident, before that broadcast."""
    own = sa.select(broadcasts.c.created).where(broadcasts.c.id == broadcast).scalar_subquery()
    query = (
        sa.select(broadcasts.c.id)
        .join(alerts, alerts.c.id == broadcasts.c.alert)
        .where(alerts.c.incident == incident, broadcasts.c.id != broadcast, broadcasts.c.created <= own)
    )
    earlier = list(connection.execute(query).scalars())
    if not earlier:
        return {}
    d = deliveries.c
    mails = (
        sa.select(d.recipient, attempts.c.provider_id)
        .join(attempts, attempts.c.delivery == d.id)
        .where(d.broadcast.in_(earlier), d.channel == channel, d.recipient.in_(list(recipients)), _stands)
        .order_by(d.id.desc())
    )
    return {row.recipient: row.provider_id for row in connection.execute(mails)}  # the first comes last, and stays


@dataclass(frozen=True, slots=True)
class About:
    """A delivery to an account: its id, whom it names, the delivery it continues and the one whose post it changes."""

    delivery: int
    recipient: str
    after: int | None
    edits: int | None


def about(connection: Connection, incident: str, channel: str, one: About) -> tuple[str, str]:
    """(the provider's id of the post it answers or continues, that of the post it changes), each empty where none.

    An update answers its incident's first post.
    """
    if one.edits:
        return "", post_of(connection, one.edits)[1]
    if one.after:
        return post_of(connection, one.after)[1], ""
    return first_post(connection, incident, channel, one.recipient, one.delivery), ""


def post_of(connection: Connection, delivery: int) -> tuple[str, str]:
    """(state of a delivery to an account, the provider's id of its post; empty where none stands)."""
    state = connection.execute(sa.select(deliveries.c.state).where(deliveries.c.id == delivery)).scalar_one()
    query = sa.select(attempts.c.provider_id).where(attempts.c.delivery == delivery, _stands)
    found = connection.execute(query.order_by(attempts.c.number).limit(1)).scalar_one_or_none()
    return str(state), found or ""


_stands = sa.and_(attempts.c.provider_id.is_not(None), attempts.c.state.in_(("accepted", "delivered")))
