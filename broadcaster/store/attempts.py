"""Attempts whose outcome is open: which are in doubt, which the provider should be asked about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.delivery import UNKNOWN_AFTER_SECONDS
from broadcaster.store.schema import alerts, attempts, broadcast_messages, broadcasts, deliveries

a, d, b, m = attempts.c, deliveries.c, broadcasts.c, broadcast_messages.c
ASK_AGAIN_SECONDS = 5
LOST_ASK_SECONDS = 30  # a receipt that was not lost has mostly come by then


def silent(connection: Connection, at: datetime, limit: int = 1000) -> list[str]:
    """Attempts marked ``sending`` whose sender fell silent: their outcome is unknown."""
    before = at - timedelta(seconds=UNKNOWN_AFTER_SECONDS)
    query = sa.select(a.id).where(_state("sending"), a.started < before).order_by(a.started).limit(limit)
    return list(connection.execute(query).scalars())


def in_doubt(connection: Connection, at: datetime, limit: int = 500) -> list[Any]:
    """Unknown attempts to ask about now, with all that asking needs."""
    due = sa.or_(a.asked.is_(None), a.asked <= at - timedelta(seconds=ASK_AGAIN_SECONDS))
    return list(connection.execute(_asking(sa.and_(_state("unknown"), due)).order_by(a.started).limit(limit)))


def without_receipt(
    connection: Connection,
    at: datetime,
    seconds: int,
    lost: datetime | None = None,
    followed: Mapping[str, int] = MappingProxyType({}),
    limit: int = 200,
) -> list[Any]:
    """Accepted attempts nobody has said anything of for ``seconds``, or those of their channel in ``followed``; none is
    asked about more often than that.

    ``lost`` is when Redis was last found empty: what began before it may have lost its receipt there, and is asked
    about once after ``LOST_ASK_SECONDS``.
    """
    quiet = _quiet(at, seconds)
    for channel, sooner in followed.items():
        quiet = sa.or_(quiet, sa.and_(d.channel == channel, _quiet(at, sooner)))
    if lost is not None:
        early = a.changed <= at - timedelta(seconds=LOST_ASK_SECONDS)
        quiet = sa.or_(quiet, sa.and_(a.started <= lost, early, sa.or_(a.asked.is_(None), a.asked <= lost)))
    young = a.started > at - timedelta(days=2)
    wanted = sa.and_(_state("accepted"), quiet, young)
    return list(connection.execute(_asking(wanted).order_by(a.changed).limit(limit)))


def _quiet(at: datetime, seconds: int) -> sa.ColumnElement[bool]:
    before = at - timedelta(seconds=seconds)
    return sa.and_(a.changed <= before, sa.or_(a.asked.is_(None), a.asked <= before))


def told(connection: Connection, id_: str, channel: str) -> Any | None:
    """What an attempt of that channel says, and to whom: recipient, language, text. None for one that is not there."""
    query = sa.select(d.recipient, m.language, m.text).select_from(attempts)
    query = query.join(deliveries, d.id == a.delivery).join(broadcast_messages, m.id == d.message)
    return connection.execute(query.where(a.id == id_, d.channel == channel)).first()


def mark_asked(connection: Connection, ids: Sequence[str], at: datetime) -> None:
    """Asked now, so that no other process asks at the same time."""
    if ids:
        connection.execute(attempts.update().where(a.id.in_(list(ids))).values(asked=at))


def mark_not_found(connection: Connection, id_: str, at: datetime) -> None:
    """The provider has no such message: once is no proof yet."""
    connection.execute(attempts.update().where(a.id == id_, a.not_found.is_(None)).values(not_found=at))


def known_ids(connection: Connection, recipients: Sequence[str]) -> dict[str, dict[str, str]]:
    """Per recipient, provider ids that attempts hold: provider id -> attempt id."""
    query = sa.select(d.recipient, a.provider_id, a.id).join(deliveries, d.id == a.delivery)
    held: dict[str, dict[str, str]] = {}
    for row in connection.execute(query.where(d.recipient.in_(list(recipients)), a.provider_id.is_not(None))):
        held.setdefault(row.recipient, {})[row.provider_id] = row.id
    return held


def _state(word: str) -> sa.ColumnElement[bool]:
    return a.state == sa.literal_column(f"'{word}'")  # a literal, for the partial index


def _asking(where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return (
        sa.select(
            a.id,
            a.delivery,
            a.number,
            a.started,
            a.state,
            a.provider_id,
            a.not_found,
            d.channel,
            d.recipient,
            d.after,
            d.edits,
            m.language,
            m.text,
            m.subject,
            m.segments,
            b.expires,
            alerts.c.incident,
        )
        .join(deliveries, d.id == a.delivery)
        .join(broadcast_messages, m.id == d.message)
        .join(broadcasts, b.id == d.broadcast)
        .join(alerts, alerts.c.id == b.alert)
        .where(where)
    )
