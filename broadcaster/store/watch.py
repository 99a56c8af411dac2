"""What the watch reads, a query a question, whatever the number of alerts. Functions take a ``Connection``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from broadcaster.store.schema import (
    alert_replaces,
    alerts,
    broadcasts,
    deliveries,
    feed_entries,
    feed_states,
    reviews,
    roles,
    user_roles,
    users,
    webauthn,
    zones,
)

OPEN = ("draft", "returned", "in_review", "live")
_a, _d, _e = alerts.c, deliveries.c, feed_entries.c
_ABOUT = (
    _a.id,
    _a.state,
    _a.mode,
    _a.msg_type,
    _a.incident,
    _a.bundle,
    _a.zones,
    _a.channels,
    _a.created,
    _a.created_by,
    _a.submitted_by,
    _a.submitted_at,
    _a.expires,
    _a.until_lifted,
    _a.review_at,
    _a.signature_owed,
    _a.sent,
    _a.content["template"].as_string().label("template"),
    _a.content[("infos", 0)].as_json().label("info"),
)


def open_alerts(connection: Connection) -> list[Row[Any]]:
    """Every alert that is not over, oldest submission first, with its broadcast where it has one."""
    query = (
        sa.select(*_ABOUT, broadcasts.c.id.label("broadcast"), broadcasts.c.people, broadcasts.c.stopped)
        .outerjoin(broadcasts, broadcasts.c.alert == _a.id)
        .where(_a.state.in_(OPEN))
        .order_by(_a.submitted_at, _a.created, _a.id)
    )
    return list(connection.execute(query))


def earlier(connection: Connection, alert_ids: Sequence[str]) -> dict[str, list[str]]:
    """Alert -> the templates of those that it replaces."""
    found: dict[str, list[str]] = {}
    if alert_ids:
        link, template = alert_replaces.c, _a.content["template"].as_string().label("template")
        query = sa.select(link.alert, template).join(alerts, _a.id == link.replaced)
        for row in connection.execute(query.where(link.alert.in_(list(alert_ids)))):
            found.setdefault(row.alert, []).append(row.template)
    return found


def totals(connection: Connection, broadcast_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Broadcast -> state -> how many deliveries."""
    found: dict[str, dict[str, int]] = {id_: {} for id_ in broadcast_ids}
    query = sa.select(_d.broadcast, _d.state, sa.func.count()).where(_d.broadcast.in_(list(broadcast_ids)))
    if broadcast_ids:
        for id_, state, count in connection.execute(query.group_by(_d.broadcast, _d.state)):
            found[id_][state] = count
    return found


def last_steps(connection: Connection, alert_ids: Sequence[str], verbs: Sequence[str]) -> dict[str, Row[Any]]:
    """Alert -> its newest step of one of these verbs."""
    if not alert_ids:
        return {}
    query = sa.select(reviews).where(reviews.c.alert.in_(list(alert_ids)), reviews.c.verb.in_(list(verbs)))
    return {row.alert: row for row in connection.execute(query.order_by(reviews.c.id))}


def entries(connection: Connection, at: datetime, limit: int) -> list[Row[Any]]:
    """Entries of feeds that wait for a person and are not over, the newest first."""
    about = (_e.id, _e.feed, _e.event, _e.sender, _e.zones, _e.level, _e.ends, _e.awaits, _e.reason)
    query = sa.select(*about).where(_e.awaits.is_not(None), sa.or_(_e.ends.is_(None), _e.ends > at))
    return list(connection.execute(query.order_by(_e.awaits.desc(), _e.id.desc()).limit(limit)))


def feeds(connection: Connection) -> dict[str, Row[Any]]:
    """Each feed's state by name."""
    return {row.name: row for row in connection.execute(sa.select(feed_states))}


def zone_names(connection: Connection) -> dict[str, str]:
    """Zone id -> name."""
    return {row.id: row.name for row in connection.execute(sa.select(zones.c.id, zones.c.name))}


def without_factor(connection: Connection, names: Iterable[str]) -> list[str]:
    """E-mails of active people with one of these roles who have neither an app's code nor a passkey."""
    passkey = sa.exists().where(webauthn.c.user_id == users.c.id)
    query = (
        sa.select(users.c.email)
        .join(user_roles, user_roles.c.user_id == users.c.id)
        .join(roles, roles.c.id == user_roles.c.role_id)
        .where(roles.c.name.in_(sorted(names)), users.c.active, users.c.tf_primary_method.is_(None), ~passkey)
    )
    return sorted(set(connection.execute(query).scalars()))


def headlines(connection: Connection, alert_ids: Iterable[str]) -> dict[str, Row[Any]]:
    """Alert -> its mode, headline, event and template, ended or not."""
    info = _a.content[("infos", 0)]
    about: tuple[sa.ColumnElement[Any], ...] = (
        _a.id,
        _a.mode,
        info["headline"].as_string().label("headline"),
        info["event"].as_string().label("event"),
        _a.content["template"].as_string().label("template"),
    )
    found = connection.execute(sa.select(*about).where(_a.id.in_(sorted(set(alert_ids)))))
    return {row.id: row for row in found}
