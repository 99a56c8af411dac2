"""What a draft would become, without writing anything: texts, findings, how many people, about how long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Mode
from broadcaster.domain.audience import groups_of
from broadcaster.domain.message import Limits
from broadcaster.services.channels import limits_of, pace_of
from broadcaster.services.drafting import Draft, Drawn, draw
from broadcaster.services.expand import people
from broadcaster.services.system import System
from broadcaster.store import alerts as store
from broadcaster.store import zones as zone_store
from broadcaster.store.broadcasts import in_groups
from broadcaster.store.schema import audit_entries, subscriber_zones, subscribers


@dataclass(frozen=True, slots=True)
class Preview:
    """``drawn`` is the alert as it would stand. ``people``: channel name -> people it would tell, for channels that
    tell people; ``seconds``: how long their last text takes to leave at the channel's pace; ``limits`` of all."""

    drawn: Drawn
    people: Mapping[str, int]
    seconds: Mapping[str, float]
    limits: Mapping[str, Limits]


@dataclass(frozen=True, slots=True)
class ZoneSeen:
    """A zone to choose: how many people with an address are known in it; ``geometry`` is GeoJSON."""

    id: str
    name: str
    people: int
    geometry: Mapping[str, Any]


def preview(system: System, draft: Draft, by: str, alert_id: str | None = None) -> Preview:
    """The draft drawn on a reading connection. ``alert_id``: the alert being edited. Raises as ``drafting.draw``."""
    with system.database.read() as connection:
        return seen(system, connection, draft, by, alert_id)


def seen(system: System, connection: Connection, draft: Draft, by: str, alert_id: str | None = None) -> Preview:
    """``preview`` on the caller's connection."""
    old = store.get(connection, alert_id) if alert_id else None
    drawn = draw(system, connection, draft, by, old)
    limits = {name: lim for name, lim in limits_of(system, connection).items() if name in drawn.alert.channels}
    counted = people(connection, drawn.alert, limits, system.config.policy)
    return Preview(drawn, counted, _seconds(system, drawn, counted, limits), limits)


def zones(system: System, mode: Mode = Mode.ACTUAL) -> list[ZoneSeen]:
    """All zones by name, with how many people can be told there; in an exercise, those who take part."""
    with system.database.read() as connection:
        counted = _people_by_zone(connection, groups_of(mode, system.config.policy.exercise_group))
        return [ZoneSeen(z.id, z.name, counted.get(z.id, 0), z.geometry) for z in zone_store.every(connection)]


def written_last(system: System, alert_id: str) -> tuple[str, datetime] | None:
    """Who wrote the draft last, and when."""
    entry = audit_entries.c
    query = sa.select(entry.actor, entry.at).where(entry.object == f"alert:{alert_id}")
    query = query.where(entry.verb.in_(["alert.create", "alert.edit"])).order_by(entry.id.desc()).limit(1)
    with system.database.read() as connection:
        found = connection.execute(query).first()
    return (found.actor, found.at) if found else None


def _people_by_zone(connection: Connection, groups: Sequence[str]) -> dict[str, int]:
    s = subscribers.c
    told = sa.or_(
        sa.and_(s.phone.is_not(None), s.phone_out.is_(None)),
        sa.and_(s.email.is_not(None), s.email_out.is_(None)),
        s.push.is_not(None),
    )
    query = (
        sa.select(subscriber_zones.c.zone, sa.func.count().label("people"))
        .join(subscribers, s.id == subscriber_zones.c.subscriber)
        .where(told, in_groups(connection, groups))
        .group_by(subscriber_zones.c.zone)
    )
    return {row.zone: row.people for row in connection.execute(query)}


def _seconds(
    system: System, drawn: Drawn, counted: Mapping[str, int], limits: Mapping[str, Limits]
) -> dict[str, float]:
    """Every person's text at the parts of the longest language: rather too long than too short."""
    found = {}
    for name, told in counted.items():
        parts = max((m.segments for m in drawn.messages if m.channel == name), default=1)
        found[name] = told * parts / pace_of(system.config.channel(name), limits[name])
    return found
