"""Alerts and what belongs to them: rows to domain values and back, changes only by compare-and-set.

Every function takes the caller's connection; transactions begin and end in services.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.engine import Connection, Row

from broadcaster.domain.alert import Alert, AlertContent, Mode, MsgType, Reference, Source, State
from broadcaster.domain.errors import NotFound
from broadcaster.domain.message import Finding, Message
from broadcaster.store.schema import alert_replaces, alerts, findings, incidents, messages, reviews

_CONTENT = TypeAdapter(AlertContent)


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One step of a review as it was written down. ``verb`` is a ``lifecycle.Verb``'s value."""

    verb: str
    by: str
    at: datetime
    reason: str = ""
    digest: str | None = None


def plain(content: AlertContent) -> dict[str, Any]:
    """The content as JSON values."""
    made: dict[str, Any] = _CONTENT.dump_python(content, mode="json")
    return made


def settled(content: AlertContent) -> AlertContent:
    """The content as it will be read back: digests before and after storing agree."""
    return _CONTENT.validate_python(plain(content))


# --- writing --------------------------------------------------------------------------------------------------
def insert(connection: Connection, alert: Alert, source_hash: str | None = None) -> None:
    """A new alert, with a new incident where its own is not known yet."""
    known = connection.execute(sa.select(incidents.c.id).where(incidents.c.id == alert.incident)).first()
    if known is None:
        title = next((info.headline or info.event for info in alert.content.infos), "") or alert.content.template
        connection.execute(incidents.insert().values(id=alert.incident, title=title, created=alert.created))
    row = {**_row(alert), "source_hash": source_hash or None}
    connection.execute(alerts.insert().values(id=alert.id, slug=alert.slug or alert.id, **row))
    _put_replaces(connection, alert)


def change(connection: Connection, old: Alert, new: Alert) -> bool:
    """Write ``new`` with the next revision if the row still stands at ``old``'s state and revision.

    False means that somebody else was first; then nothing was written.
    """
    done = connection.execute(
        alerts.update()
        .where(alerts.c.id == old.id, alerts.c.state == str(old.state), alerts.c.revision == old.revision)
        .values(**{**_row(new), "revision": old.revision + 1})
    )
    if done.rowcount != 1:
        return False
    _put_replaces(connection, new)
    return True


def put_messages(connection: Connection, alert_id: str, rows: Iterable[Message]) -> None:
    """Replace the alert's rendered messages."""
    connection.execute(messages.delete().where(messages.c.alert == alert_id))
    for m in rows:
        connection.execute(
            messages.insert().values(
                alert=alert_id,
                channel=m.channel,
                language=m.language,
                number=m.number,
                subject=m.subject,
                text=m.text,
                segments=m.segments,
                characters=m.characters,
            )
        )


def put_findings(connection: Connection, alert_id: str, rows: Iterable[Finding]) -> None:
    """Replace the alert's findings."""
    connection.execute(findings.delete().where(findings.c.alert == alert_id))
    for f in rows:
        connection.execute(findings.insert().values(alert=alert_id, code=f.code, text=f.text, blocking=f.blocking))


def add_finding(connection: Connection, alert_id: str, finding: Finding) -> None:
    """One finding more (what a feed or a rule has to say about an alert)."""
    connection.execute(
        findings.insert().values(alert=alert_id, code=finding.code, text=finding.text, blocking=finding.blocking)
    )


def add_review(connection: Connection, alert_id: str, review: Reviewed) -> None:
    """Append a step; steps are never changed."""
    connection.execute(
        reviews.insert().values(
            alert=alert_id,
            verb=review.verb,
            by=review.by,
            at=review.at,
            reason=review.reason,
            digest=review.digest,
        )
    )


# --- reading --------------------------------------------------------------------------------------------------
def find(connection: Connection, alert_id: str, lock: bool = False) -> Alert | None:
    """The alert, or None. ``lock`` holds its row until the transaction ends (PostgreSQL; SQLite writes alone).

    The lock is one that rows naming the alert do not wait for (FOR NO KEY UPDATE): whoever writes a review step
    or a reference to it takes no part in the order of locks.
    """
    query = sa.select(alerts).where(alerts.c.id == alert_id)
    return next(iter(_read(connection, query.with_for_update(key_share=True) if lock else query)), None)


def get(connection: Connection, alert_id: str, lock: bool = False) -> Alert:
    """The alert; raises NotFound."""
    found = find(connection, alert_id, lock)
    if found is None:
        raise NotFound("no_alert", f"There is no alert {alert_id}. See: alerts list")
    return found


def by_slug(connection: Connection, slug: str) -> Alert | None:
    """The alert of a permanent page."""
    return next(iter(_read(connection, sa.select(alerts).where(alerts.c.slug == slug))), None)


def by_ids(connection: Connection, ids: Iterable[str], lock: bool = False) -> list[Alert]:
    """Those that exist, ordered by id (so that locks of two transactions never cross)."""
    wanted = sorted(set(ids))
    query = sa.select(alerts).where(alerts.c.id.in_(wanted)).order_by(alerts.c.id)
    return _read(connection, query.with_for_update(key_share=True) if lock else query) if wanted else []


def in_states(connection: Connection, *states: State) -> list[Alert]:
    """All alerts in one of these states (no state given: all), newest first."""
    query = sa.select(alerts).order_by(alerts.c.created.desc(), alerts.c.id)
    return _read(connection, query.where(alerts.c.state.in_([str(s) for s in states])) if states else query)


def of_source(connection: Connection, sender: str, identifier: str, sent: datetime | None) -> Alert | None:
    """The newest alert made from that source message; ``sent`` None matches any."""
    query = sa.select(alerts).where(alerts.c.source_sender == sender, alerts.c.source_identifier == identifier)
    if sent is not None:
        query = query.where(alerts.c.source_sent == sent)
    return next(iter(_read(connection, query.order_by(alerts.c.created.desc()).limit(1))), None)


def of_identifier(connection: Connection, identifier: str) -> Alert | None:
    """The alert that we published under this identifier of ours, or that has this id."""
    query = sa.select(alerts).where(sa.or_(alerts.c.identifier == identifier, alerts.c.id == identifier))
    return next(iter(_read(connection, query)), None)


def of_reference(connection: Connection, reference: Reference, our_sender: str) -> Alert | None:
    """The alert that a CAP reference names: the source's (sender, identifier, sent), or our own."""
    found = of_source(connection, reference.sender, reference.identifier, reference.sent)
    if found is not None or reference.sender != our_sender:
        return found
    query = sa.select(alerts).where(alerts.c.identifier == reference.identifier, alerts.c.sent == reference.sent)
    return next(iter(_read(connection, query)), None)


def lock_source(connection: Connection, sender: str, identifier: str) -> None:
    """Let no other transaction look for this source message until this one ends (SQLite writes alone anyway)."""
    if connection.dialect.name == "postgresql":
        key = f"{sender}\n{identifier}"
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(key))))


def lock_ids(connection: Connection, ids: Iterable[str]) -> None:
    """Let no other transaction make alerts of these ids until this one ends: a form sent twice at once is one alert.
    PostgreSQL; SQLite writes alone anyway."""
    if connection.dialect.name == "postgresql":
        for id_ in sorted(set(ids)):
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"alert\n{id_}"))))


def source_hash(connection: Connection, alert_id: str) -> str | None:
    """The content hash of the source message, where there is one."""
    return connection.execute(sa.select(alerts.c.source_hash).where(alerts.c.id == alert_id)).scalar_one_or_none()


def messages_of(connection: Connection, alert_id: str) -> tuple[Message, ...]:
    """The rendered messages, by channel, language and place in a thread."""
    m = messages.c
    query = sa.select(messages).where(m.alert == alert_id).order_by(m.channel, m.language, m.number)
    rows = connection.execute(query)
    return tuple(Message(r.channel, r.language, r.text, r.subject, r.segments, r.characters, r.number) for r in rows)


def findings_of(connection: Connection, alert_id: str) -> tuple[Finding, ...]:
    """The findings in the order they were made."""
    query = sa.select(findings).where(findings.c.alert == alert_id).order_by(findings.c.id)
    return tuple(Finding(r.code, r.text, r.blocking) for r in connection.execute(query))


def reviews_of(connection: Connection, alert_id: str) -> tuple[Reviewed, ...]:
    """All steps, oldest first."""
    query = sa.select(reviews).where(reviews.c.alert == alert_id).order_by(reviews.c.id)
    return tuple(Reviewed(r.verb, r.by, r.at, r.reason, r.digest) for r in connection.execute(query))


def replaced_by(connection: Connection, alert_id: str) -> tuple[str, ...]:
    """Ids of alerts that name this one as replaced."""
    query = sa.select(alert_replaces.c.alert).where(alert_replaces.c.replaced == alert_id)
    return tuple(sorted(connection.execute(query.order_by(alert_replaces.c.alert)).scalars()))


def ancestors(connection: Connection, ids: Sequence[str]) -> tuple[str, ...]:
    """``ids`` and every alert they replaced, directly or through others, nearest first."""
    seen: list[str] = []
    todo = list(ids)
    while todo:
        here = todo.pop(0)
        if here in seen:
            continue
        seen.append(here)
        query = sa.select(alert_replaces.c.replaced).where(alert_replaces.c.alert == here)
        todo += connection.execute(query.order_by(alert_replaces.c.replaced)).scalars()
    return tuple(seen)


def descendants(connection: Connection, ids: Sequence[str]) -> tuple[str, ...]:
    """Every alert that replaces one of ``ids``, directly or through others."""
    seen: list[str] = []
    todo = list(ids)
    while todo:
        query = (
            sa.select(alert_replaces.c.alert)
            .where(alert_replaces.c.replaced.in_(todo))
            .order_by(alert_replaces.c.alert)
        )
        todo = [one for one in dict.fromkeys(connection.execute(query).scalars()) if one not in seen]
        seen += todo
    return tuple(seen)


# --- rows -----------------------------------------------------------------------------------------------------
def _row(alert: Alert) -> dict[str, Any]:
    return {
        "incident": alert.incident,
        "state": str(alert.state),
        "revision": alert.revision,
        "mode": str(alert.mode),
        "msg_type": str(alert.msg_type),
        "content": plain(alert.content),
        "zones": list(alert.zones),
        "channels": list(alert.channels),
        "created": alert.created,
        "expires": alert.expires,
        "until_lifted": alert.until_lifted,
        "review_at": alert.review_at,
        "ending": alert.ending,
        "identifier": alert.identifier,
        "sent": alert.sent,
        "source_feed": alert.source.feed,
        "source_token": alert.source.token,
        "source_sender": alert.source.sender,
        "source_identifier": alert.source.identifier,
        "source_sent": alert.source.sent,
        "unresolved": list(alert.unresolved),
        "created_by": alert.created_by,
        "submitted_by": alert.submitted_by,
        "submitted_at": alert.submitted_at,
        "digest": alert.digest,
        "signature_owed": alert.signature_owed,
        "ended_at": alert.ended_at,
        "bundle": alert.bundle,
    }


def _alert(row: Row[Any], replaces: tuple[str, ...]) -> Alert:
    source = Source(row.source_feed, row.source_token, row.source_sender, row.source_identifier, row.source_sent)
    return Alert(
        id=row.id,
        slug=row.slug,
        incident=row.incident,
        state=State(row.state),
        revision=row.revision,
        mode=Mode(row.mode),
        msg_type=MsgType(row.msg_type),
        content=_CONTENT.validate_python(row.content),
        zones=tuple(row.zones),
        channels=tuple(row.channels),
        created=row.created,
        expires=row.expires,
        until_lifted=row.until_lifted,
        review_at=row.review_at,
        ending=row.ending,
        identifier=row.identifier,
        sent=row.sent,
        source=source,
        replaces=replaces,
        unresolved=tuple(row.unresolved),
        created_by=row.created_by,
        submitted_by=row.submitted_by,
        submitted_at=row.submitted_at,
        digest=row.digest,
        signature_owed=row.signature_owed,
        ended_at=row.ended_at,
        bundle=row.bundle,
    )


def _read(connection: Connection, query: sa.Select[Any]) -> list[Alert]:
    rows = connection.execute(query).all()
    replaced: dict[str, list[str]] = {}
    ids = [row.id for row in rows]
    for start in range(0, len(ids), 500):
        part = sa.select(alert_replaces).where(alert_replaces.c.alert.in_(ids[start : start + 500]))
        for link in connection.execute(part.order_by(alert_replaces.c.replaced)):
            replaced.setdefault(link.alert, []).append(link.replaced)
    return [_alert(row, tuple(replaced.get(row.id, ()))) for row in rows]


def _put_replaces(connection: Connection, alert: Alert) -> None:
    connection.execute(alert_replaces.delete().where(alert_replaces.c.alert == alert.id))
    for replaced in alert.replaces:
        connection.execute(alert_replaces.insert().values(alert=alert.id, replaced=replaced))
