"""Deliveries and their attempts: claims by lease, groups, and words about attempts folded into states.

Rows are locked in the order of their ids everywhere, so that groups of several processes never deadlock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection

from broadcaster.domain.channel import Verdict
from broadcaster.domain.delivery import LEASE_SECONDS, UNSENT, AttemptState, Fold, Life, Tried, fold, says_more
from broadcaster.store.schema import alerts, attempts, broadcasts, deliveries, subscribers

d, a, b = deliveries.c, attempts.c, broadcasts.c


def _is(column: sa.Column[str], state: str) -> sa.ColumnElement[bool]:
    """A state as a literal: a bound one cannot use the partial index of that state."""
    return column == sa.literal_column(f"'{state}'")


@dataclass(frozen=True, slots=True)
class Leased:
    """A claimed delivery: all that sending it needs beside its broadcast and message."""

    id: int
    broadcast: str
    recipient: str
    subscriber: int | None
    message: int
    tries: int
    after: int | None = None
    edits: int | None = None


@dataclass(frozen=True, slots=True)
class Authority:
    """``obstacle`` says why nothing more of a broadcast may start; empty where it may."""

    obstacle: str
    mode: str
    expires: datetime | None
    incident: str


@dataclass(frozen=True, slots=True)
class Word:
    """One word about an attempt: from our own request, a receipt, or the provider's answer when asked."""

    attempt: str
    state: AttemptState
    provider_id: str = ""
    url: str = ""
    code: str = ""
    retry_after: float | None = None
    delivery: int = 0  # where the speaker knows whose attempt it is


def claim(connection: Connection, channel: str, holder: str, limit: int, at: datetime) -> list[Leased]:
    """Lease up to ``limit`` due deliveries of a channel, the most urgent first; still queued is the condition."""
    wanted = (
        sa.select(d.id)
        .where(_is(d.state, "queued"), d.channel == channel, d.due <= at)
        .order_by(d.priority, d.due, d.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("wanted")  # evaluated once: inside IN a planner may run the LIMIT again and claim more
    )
    rows = connection.execute(
        deliveries.update()
        .where(d.id.in_(sa.select(wanted.c.id)), d.state == "queued")
        .values(state="leased", holder=holder, lease=at + timedelta(seconds=LEASE_SECONDS))
        .returning(
            d.id, d.broadcast, d.recipient, d.subscriber, d.message, d.tries, d.after, d.edits, d.priority, d.due
        )
    ).all()
    rows = sorted(rows, key=lambda row: (row.priority, row.due, row.id))
    return [Leased(r.id, r.broadcast, r.recipient, r.subscriber, r.message, r.tries, r.after, r.edits) for r in rows]


def renew(connection: Connection, ids: Sequence[int], holder: str, at: datetime) -> None:
    """Hold claimed rows for another lease."""
    _update(connection, ids, d.state == "leased", d.holder == holder, lease=at + timedelta(seconds=LEASE_SECONDS))


def release(connection: Connection, ids: Sequence[int], holder: str) -> None:
    """Give claimed rows back unsent."""
    _update(connection, ids, d.state == "leased", d.holder == holder, state="queued", holder=None, lease=None)


def postpone(connection: Connection, ids: Sequence[int], holder: str, due: datetime) -> None:
    """Give claimed rows back unsent, not to be claimed before ``due``."""
    _update(connection, ids, d.state == "leased", d.holder == holder, state="queued", holder=None, lease=None, due=due)


def free_expired(connection: Connection, at: datetime) -> int:
    """Leased rows whose holder fell silent go back to the queue: they were not sent."""
    return _requeue(connection, sa.and_(_is(d.state, "leased"), d.lease < at))


def free_dead(connection: Connection, host: str, alive: Callable[[int], bool]) -> int:
    """Rows leased by a process of this host ("host:pid") that is gone go back at once, not at their lease's end.

    Wrong about a process (the same host name twice), this does no harm: ``begin`` asks for the holder again.
    """
    query = sa.select(d.holder).where(_is(d.state, "leased"), d.holder.startswith(f"{host}:", autoescape=True))
    holders = [holder for holder in connection.execute(query.distinct()).scalars() if holder]
    dead = [holder for holder in holders if not alive(int(holder.rpartition(":")[2]))]
    return _requeue(connection, sa.and_(_is(d.state, "leased"), d.holder.in_(dead))) if dead else 0


def promote(connection: Connection, at: datetime) -> int:
    """Waiting rows whose time has come go back to the queue."""
    return _requeue(connection, sa.and_(_is(d.state, "waiting"), d.due <= at))


def _requeue(connection: Connection, which: sa.ColumnElement[bool]) -> int:
    ids = sa.select(d.id).where(which).order_by(d.id).with_for_update(skip_locked=True).cte("ids")
    query = deliveries.update().where(d.id.in_(sa.select(ids.c.id)), which)
    freed = query.values(state="queued", holder=None, lease=None).returning(d.id)
    return len(connection.execute(freed).all())  # SQLite counts no rows of a statement that starts with WITH


def authority(connection: Connection, ids: Iterable[str], at: datetime) -> dict[str, Authority]:
    """Per broadcast, whether more of it may start now, and what sending it needs to know."""
    query = (
        sa.select(*_AUTHORITY, alerts.c.mode.label("alert_mode"), alerts.c.state, alerts.c.incident)
        .join(alerts, alerts.c.id == b.alert)
        .where(b.id.in_(list(ids)))
    )
    rows = connection.execute(query)
    return {row.id: Authority(_obstacle(row, at), row.mode, row.expires, row.incident) for row in rows}


_AUTHORITY = (b.id, b.stopped, b.ended, b.ended_reason, b.expires, b.mode)


def _obstacle(row: Any, at: datetime) -> str:
    checks = (
        (row.stopped is not None, "stopped"),
        (row.ended is not None, row.ended_reason or "ended"),
        (row.state != "live", str(row.state)),
        (row.expires is not None and row.expires <= at, "expired"),
        (row.mode != row.alert_mode, "mode_mismatch"),
    )
    return next((word for failed, word in checks if failed), "")


def left(connection: Connection, ids: Sequence[int], address: str) -> set[int]:
    """Which of these subscribers are gone or have left by this kind of address."""
    staying = sa.select(subscribers.c.id).where(
        subscribers.c.id.in_(list(ids)), subscribers.c[f"{address}_out"].is_(None), subscribers.c[address].is_not(None)
    )
    return set(ids) - set(connection.execute(staying).scalars())


def begin(connection: Connection, rows: Sequence[tuple[Leased, str]], holder: str, at: datetime) -> set[int]:
    """Mark rows ``sending`` and write their attempts (row, attempt id) before any request starts.

    Returns the delivery ids that are still ours; a row whose lease another took is not among them.
    """
    if not rows:
        return set()
    kept = set(
        connection.execute(
            deliveries.update()
            .where(d.id.in_([row.id for row, _ in rows]), d.state == "leased", d.holder == holder)
            .values(state="sending", lease=at + timedelta(seconds=LEASE_SECONDS), tries=d.tries + 1, changed=at)
            .returning(d.id)
        ).scalars()
    )
    new = [_attempt(row, id_, at) for row, id_ in rows if row.id in kept]
    if new:
        connection.execute(attempts.insert().returning(a.id), new).all()  # RETURNING: one statement, not one a row
    return kept


def _attempt(row: Leased, id_: str, at: datetime) -> dict[str, Any]:
    return {
        "id": id_,
        "delivery": row.id,
        "number": row.tries + 1,
        "started": at,
        "state": "sending",
        "provider_id": None,
        "url": "",
        "code": "",
        "changed": at,
    }


def suppress(connection: Connection, ids: Sequence[int], reason: str, at: datetime) -> int:
    """These will not be sent, and why; a row with a request under way is left to its outcome."""
    open_ = d.state.in_(("queued", "leased", "waiting"))
    return _update(connection, ids, open_, state="suppressed", reason=reason, changed=at, holder=None, lease=None)


def suppress_ended(connection: Connection, at: datetime, limit: int = 5000) -> int:
    """Unsent rows of broadcasts that were stopped or ended, a chunk at a time."""
    unsent = sa.exists().where(d.broadcast == b.id, d.state.in_(UNSENT))
    over = sa.or_(b.stopped.is_not(None), b.ended.is_not(None), b.expires <= at)
    query = sa.select(b.id, b.stopped, b.ended_reason).where(over, unsent)
    return sum(_suppress_over(connection, row, at, limit) for row in connection.execute(query).all())


def _suppress_over(connection: Connection, over: Any, at: datetime, limit: int) -> int:
    unsent = sa.select(d.id).where(d.broadcast == over.id, d.state.in_(UNSENT)).order_by(d.id).limit(limit)
    ids = connection.execute(unsent.with_for_update(skip_locked=True)).scalars().all()
    return suppress(connection, ids, "stopped" if over.stopped else over.ended_reason or "expired", at)


def move(connection: Connection, channel: str, fallback: str, at: datetime, limit: int = 5000) -> int:
    """Unsent rows of a channel that rests go out by the one that takes over, unless that has them already."""
    other = deliveries.alias("other")
    has = sa.exists().where(
        other.c.broadcast == d.broadcast, other.c.channel == fallback, other.c.recipient == d.recipient
    )
    total = 0
    for state in UNSENT:
        query = sa.select(d.id).where(_is(d.state, state), d.channel == channel, ~has).order_by(d.id).limit(limit)
        ids = connection.execute(query.with_for_update(skip_locked=True)).scalars().all()
        total += _update(connection, ids, d.state == state, channel=fallback, state="queued", due=at)
    return total


# --- words about attempts -----------------------------------------------------------------------------------
def tell(
    connection: Connection,
    words: Sequence[Word],
    verdict: Callable[[str, str], Verdict | None],
    retry_max: int,
    at: datetime,
) -> list[Word]:
    """Fold words into attempts and deliveries, whoever holds a lease. Returns those that match no attempt.

    ``verdict(channel, code)`` says what a provider's code means.
    """
    owners = {word.attempt: word.delivery for word in words if word.delivery}
    named = {word.attempt for word in words} - owners.keys()
    if named:
        found = connection.execute(sa.select(a.id, a.delivery).where(a.id.in_(named)))
        owners |= {row.id: row.delivery for row in found}
    if owners:
        known = _load(connection, sorted(set(owners.values())), verdict)
        _apply(connection, [w for w in words if w.attempt in owners], owners, known, verdict, retry_max, at)
    return [word for word in words if word.attempt not in owners]


@dataclass(slots=True)
class _Known:
    row: Any
    tries: dict[str, Tried]


def _load(
    connection: Connection, ids: Sequence[int], verdict: Callable[[str, str], Verdict | None]
) -> dict[int, _Known]:
    query = (
        sa.select(d.id, d.channel, d.state, d.code, d.due, b.expires, b.stopped, b.ended, alerts.c.state.label("alert"))
        .join(broadcasts, b.id == d.broadcast)
        .join(alerts, alerts.c.id == b.alert)
        .where(d.id.in_(ids))
        .order_by(d.id)
        .with_for_update(of=deliveries)
    )
    known = {row.id: _Known(row, {}) for row in connection.execute(query)}
    tried = sa.select(a.id, a.delivery, a.state, a.code).where(a.delivery.in_(ids)).order_by(a.delivery, a.number)
    for row in connection.execute(tried):
        of = known[row.delivery]
        of.tries[row.id] = Tried(AttemptState(row.state), row.code, verdict(of.row.channel, row.code))
    return known


def _apply(
    connection: Connection,
    words: Sequence[Word],
    owners: Mapping[str, int],
    known: Mapping[int, _Known],
    verdict: Callable[[str, str], Verdict | None],
    retry_max: int,
    at: datetime,
) -> None:
    changed: dict[str, dict[str, Any]] = {}
    touched: set[int] = set()
    for word in words:
        of = known[owners[word.attempt]]
        old = of.tries[word.attempt]
        if not says_more(old, word.state, word.code):
            continue
        state = word.state
        of.tries[word.attempt] = Tried(state, word.code, verdict(of.row.channel, word.code), word.retry_after)
        before = changed.get(word.attempt, {})
        changed[word.attempt] = {
            "id_": word.attempt,
            "state_": state.value,
            "provider_": word.provider_id or before.get("provider_"),
            "url_": word.url or before.get("url_", ""),
            "code_": word.code,
            "at_": at,
        }
        touched.add(of.row.id)
    if changed:
        _write_news(connection, list(changed.values()))
        _settle(connection, [known[id_] for id_ in sorted(touched)], retry_max, at)


_NEWS = {"id_": a.id, "state_": a.state, "provider_": a.provider_id, "url_": a.url, "code_": a.code, "at_": a.changed}


def _tell(new: Any) -> sa.Update:
    return (
        attempts.update()
        .where(a.id == new["id_"])
        .values(
            state=new["state_"],
            provider_id=sa.func.coalesce(new["provider_"], a.provider_id),
            url=sa.case((new["url_"] != "", new["url_"]), else_=a.url),
            code=new["code_"],
            changed=new["at_"],
        )
    )


_TELL_EACH = _tell({name: sa.bindparam(name, type_=column.type) for name, column in _NEWS.items()})
_TELL_ALL = _tell(  # PostgreSQL: one statement for the group, 4 times as fast as one for each
    sa.func.unnest(*(sa.bindparam(name, type_=postgresql.ARRAY(column.type)) for name, column in _NEWS.items()))
    .table_valued(*(sa.column(name, column.type) for name, column in _NEWS.items()), name="news")
    .render_derived()
    .c
)


def _write_news(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(_TELL_ALL, {name: [row[name] for row in rows] for name in _NEWS})
    else:
        connection.execute(_TELL_EACH, list(rows))


def _settle(connection: Connection, touched: Sequence[_Known], retry_max: int, at: datetime) -> None:
    """Fold each touched delivery; rows that fold alike share one UPDATE."""
    alike: dict[Fold, list[int]] = {}
    for of in touched:
        row = of.row
        ended = row.stopped is not None or row.ended is not None or row.alert != "live"
        folded = fold(list(of.tries.values()), Life(at, row.expires, ended, retry_max))
        if row.state != "suppressed" or folded.state not in ("failed", "waiting"):
            alike.setdefault(folded, []).append(row.id)
    for folded, ids in alike.items():
        _update(
            connection,
            ids,
            state=folded.state.value,
            code=folded.code,
            reason=folded.reason,
            due=folded.due if folded.due is not None else d.due,
            changed=at,
            holder=None,
            lease=None,
        )


def _update(connection: Connection, ids: Sequence[int], *conditions: sa.ColumnElement[bool], **values: Any) -> int:
    if not ids:
        return 0
    return connection.execute(deliveries.update().where(d.id.in_(list(ids)), *conditions).values(**values)).rowcount


def any_queued(connection: Connection) -> bool:
    """Is there anything a sender could claim?"""
    return connection.execute(sa.select(d.id).where(_is(d.state, "queued")).limit(1)).first() is not None
