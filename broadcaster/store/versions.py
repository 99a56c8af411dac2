"""Versions of the page, the publisher's heartbeat, and what of alerts and shown warnings ever was public."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Row

from broadcaster.domain.alert import Alert, CapMessage, Mode, Reference, State
from broadcaster.domain.snapshot import Place
from broadcaster.store import alerts as store_alerts
from broadcaster.store.schema import alert_replaces, alerts, publication, reviews, shown, versions, zones

_MESSAGE = TypeAdapter(CapMessage)


def lock(connection: Connection, at: datetime) -> None:
    """Hold publication until the transaction ends, and note that the publisher lives. Call before reading."""
    made = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    insert = made(publication).values(id=1, checked=at)
    later = sa.case((publication.c.checked > at, publication.c.checked), else_=at)
    connection.execute(insert.on_conflict_do_update(index_elements=["id"], set_={"checked": later}))


def checked(connection: Connection) -> datetime | None:
    """When the publisher last made sure that the page is right."""
    return connection.execute(sa.select(publication.c.checked)).scalar_one_or_none()


def highest(connection: Connection) -> int:
    """The highest number used or reserved so far, 0 for none."""
    return connection.execute(sa.select(sa.func.max(versions.c.last))).scalar_one() or 0


def newest(connection: Connection) -> Row[Any] | None:
    """The newest version's row."""
    return connection.execute(sa.select(versions).order_by(versions.c.number.desc()).limit(1)).first()


def newest_number(connection: Connection) -> int:
    """Its number alone, 0 for none (what web hosts ask several times a second)."""
    return connection.execute(sa.select(sa.func.max(versions.c.number))).scalar_one() or 0


def add(connection: Connection, number: int, last: int, published: datetime, bundle: dict[str, Any]) -> None:
    """Write one version."""
    connection.execute(versions.insert().values(number=number, last=last, published=published, bundle=bundle))


# --- alerts of ours ---------------------------------------------------------------------------------------------
def _public() -> sa.ColumnElement[bool]:
    """Ever live (identifier is stamped then) and the real thing."""
    return sa.and_(alerts.c.identifier.is_not(None), alerts.c.mode == str(Mode.ACTUAL))


def recent(connection: Connection, since: datetime) -> list[Alert]:
    """Live alerts, and those that ended after ``since``."""
    ended = sa.or_(alerts.c.ended_at > since, sa.and_(alerts.c.state == "expired", alerts.c.expires > since))
    query = sa.select(alerts.c.id).where(_public(), sa.or_(alerts.c.state == str(State.LIVE), ended))
    return store_alerts.by_ids(connection, connection.execute(query).scalars().all())


def archive(connection: Connection) -> list[Row[Any]]:
    """One slim row for each alert that ever was live, newest first."""
    info = alerts.c.content["infos"][0]
    query = sa.select(
        alerts.c.id,
        alerts.c.slug,
        alerts.c.state,
        alerts.c.sent,
        alerts.c.expires,
        alerts.c.ended_at,
        alerts.c.ending,
        alerts.c.identifier,
        info["headline"].as_string().label("headline"),
        info["event"].as_string().label("event"),
        info["language"].as_string().label("language"),
    )
    return list(connection.execute(query.where(_public()).order_by(alerts.c.sent.desc(), alerts.c.id)))


def in_error(connection: Connection, template: str) -> set[str]:
    """Ids of the Cancels made from that template, and of the alerts that they cancelled."""
    said = sa.and_(_public(), alerts.c.ending == "cancelled", alerts.c.content["template"].as_string() == template)
    query = sa.select(alerts.c.id, alert_replaces.c.replaced).outerjoin(
        alert_replaces, alert_replaces.c.alert == alerts.c.id
    )
    return {id for row in connection.execute(query.where(said)) for id in row if id is not None}


def lifting(connection: Connection) -> list[Row[Any]]:
    """Each all clear of ours with each alert that it lifted (``replaced``) and its fields, oldest first."""
    query = sa.select(alerts.c.id, alert_replaces.c.replaced, alerts.c.content["fields"].label("fields"))
    query = query.outerjoin(alert_replaces, alert_replaces.c.alert == alerts.c.id)
    said = query.where(_public(), alerts.c.ending == "lifted", alerts.c.content["template"].as_string() == "lifted")
    return list(connection.execute(said.order_by(alerts.c.sent, alerts.c.id)))


def earlier(connection: Connection, alert: Alert) -> list[Alert]:
    """Every public alert of ours that this one replaces, directly or through others."""
    ids = store_alerts.ancestors(connection, alert.replaces)
    return [a for a in store_alerts.by_ids(connection, ids) if a.identifier and a.sent]


def references(found: Iterable[Alert], sender: str) -> tuple[Reference, ...]:
    """How CAP names them, oldest first."""
    named = [Reference(sender, str(a.identifier), a.sent) for a in found if a.sent]
    return tuple(sorted(named, key=lambda r: r.sent))


def confirmations(connection: Connection, ids: Iterable[str]) -> dict[str, datetime]:
    """When somebody last put each alert on the air or kept it there."""
    query = sa.select(reviews.c.alert, sa.func.max(reviews.c.at, type_=reviews.c.at.type).label("at"))
    kept = reviews.c.verb.in_(("approve", "override", "extend", "confirm"))
    query = query.where(kept, reviews.c.alert.in_(sorted(ids))).group_by(reviews.c.alert)
    return {row.alert: row.at for row in connection.execute(query)}


def successors(connection: Connection, ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Slugs of the public alerts that replaced each of these."""
    query = sa.select(alert_replaces.c.replaced, alerts.c.slug).join(alerts, alerts.c.id == alert_replaces.c.alert)
    query = query.where(_public(), alert_replaces.c.replaced.in_(sorted(ids))).order_by(alerts.c.sent, alerts.c.slug)
    found: dict[str, tuple[str, ...]] = {}
    for row in connection.execute(query):
        found[row.replaced] = (*found.get(row.replaced, ()), row.slug)
    return found


# --- warnings of others, and zones -----------------------------------------------------------------------------------
def shown_recent(connection: Connection, since: datetime) -> list[tuple[Row[Any], CapMessage]]:
    """Shown warnings that are live, or whose time ran out after ``since``.

    One that its issuer replaced or cancelled is simply gone: its four endings are words for our own alerts,
    and an issuer's Cancel seldom means "sent in error".
    """
    expired = sa.and_(shown.c.state == "expired", shown.c.expires > since)
    query = sa.select(shown).where(sa.or_(shown.c.state == "live", expired))
    return [(row, _MESSAGE.validate_python(row.message)) for row in connection.execute(query.order_by(shown.c.id))]


def places(connection: Connection) -> list[Place]:
    """All zones by name."""
    rows = connection.execute(sa.select(zones).order_by(zones.c.name, zones.c.id))
    return [Place(row.id, row.slug, row.name, row.geometry, (*row.ugc, *row.same)) for row in rows]
