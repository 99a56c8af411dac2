"""Everything kept about one incident, for its records. No addresses of people: numbers and texts alone."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.store.schema import (
    alerts,
    attempts,
    audit_entries,
    broadcast_messages,
    broadcasts,
    deliveries,
    feed_entries,
    incidents,
    versions,
)

Row = dict[str, Any]


def incident(connection: Connection, id_: str) -> Row | None:
    """The incident's own row."""
    found = connection.execute(sa.select(incidents).where(incidents.c.id == id_)).mappings().one_or_none()
    return None if found is None else dict(found)


def alert_ids(connection: Connection, id_: str) -> list[str]:
    """Its alerts, oldest first."""
    query = sa.select(alerts.c.id).where(alerts.c.incident == id_).order_by(alerts.c.created, alerts.c.id)
    return list(connection.execute(query).scalars())


def sent(connection: Connection, alert_id: str) -> list[Row]:
    """The texts that an approval froze, exactly as they went out."""
    m = broadcast_messages.c
    query = sa.select(m.channel, m.language, m.number, m.subject, m.text, m.segments).join(broadcasts)
    rows = connection.execute(query.where(broadcasts.c.alert == alert_id).order_by(m.channel, m.language, m.number))
    return [dict(row) for row in rows.mappings()]


def posts(connection: Connection, alert_id: str) -> list[Row]:
    """Public posts with their addresses. What goes to a subscriber is none, so no try of theirs is looked at."""
    query = (
        sa.select(deliveries.c.channel, attempts.c.url, attempts.c.state, attempts.c.started)
        .join(deliveries, attempts.c.delivery == deliveries.c.id)
        .join(broadcasts, deliveries.c.broadcast == broadcasts.c.id)
        .where(broadcasts.c.alert == alert_id, deliveries.c.subscriber.is_(None), attempts.c.url != "")
        .order_by(attempts.c.started)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def post_addresses(connection: Connection, alert_ids: list[str]) -> dict[str, list[str]]:
    """Alert -> addresses of its posts that stand, in the order in which they went up; the first of each thread."""
    d, a = deliveries.c, attempts.c
    query = (
        sa.select(broadcasts.c.alert, a.url)
        .join(deliveries, a.delivery == d.id)
        .join(broadcasts, d.broadcast == broadcasts.c.id)
        .where(broadcasts.c.alert.in_(alert_ids), d.subscriber.is_(None), d.after.is_(None), d.edits.is_(None))
        .where(a.url != "", a.state.in_(("accepted", "delivered")))
    )
    found: dict[str, list[str]] = {}
    for row in connection.execute(query.order_by(a.started, a.id)):
        found.setdefault(row.alert, []).append(row.url)
    return found


def audit(connection: Connection, ids: list[str]) -> list[Row]:
    """Audit entries about these alerts, with their place in the chain."""
    about = audit_entries.c.object.in_([f"alert:{id_}" for id_ in ids])
    rows = connection.execute(sa.select(audit_entries).where(about).order_by(audit_entries.c.id))
    return [dict(row) for row in rows.mappings()]


def documents(connection: Connection, ids: list[str]) -> list[tuple[str, bytes]]:
    """The feeds' documents behind these alerts, as they came: (name, raw bytes)."""
    query = sa.select(feed_entries.c.id, feed_entries.c.feed, feed_entries.c.raw).where(feed_entries.c.alert.in_(ids))
    return [(f"{row.feed}-{row.id}", row.raw) for row in connection.execute(query.order_by(feed_entries.c.id))]


def published(connection: Connection, first: Any, ids: list[str]) -> list[Row]:
    """Versions of the page since ``first`` that speak of these alerts."""
    query = sa.select(versions).where(versions.c.published >= first).order_by(versions.c.number)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    return [row for row in rows if any(f'"{id_}"' in json.dumps(row["bundle"]) for id_ in ids)]
