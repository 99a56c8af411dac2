"""A live alert in numbers: by channel, zone and code, over time, when it will end, and what falls short."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert, State
from broadcaster.domain.delivery import ANSWERS
from broadcaster.domain.message import Limits
from broadcaster.domain.progress import (
    STEPS,
    Column,
    Counts,
    Shortfall,
    added,
    arrival,
    coarser,
    columns,
    counts,
    kept_seconds,
    shortfalls,
    step_of,
)
from broadcaster.domain.switches import SENDING, of_channel
from broadcaster.services import deliveries
from broadcaster.services.channels import fitting, limits_of, pace_of
from broadcaster.services.system import System
from broadcaster.services.verdicts import verdicts
from broadcaster.store import alarms, records, switches
from broadcaster.store import alerts as store
from broadcaster.store import progress as queries
from broadcaster.store.schema import zones
from broadcaster.transport.kept import kept

RANG = "shortfall"


@dataclass(frozen=True, slots=True)
class Line:
    """One channel. ``people``: it tells people (else it is an account); ``codes``: (code, what it means, how many).

    ``answers``: how calls were taken and how many, the surest first.
    """

    name: str
    counts: Counts
    people: bool
    codes: tuple[tuple[str, str, int], ...]
    answers: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Zone:
    """One zone; somebody who has two is counted in both."""

    id: str
    name: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class Progress:
    """``all``: people's channels together. ``ends``: when the last message leaves, None where none is left.

    ``other``: channels that might still carry it; ``stopped``, ``ended``: since when nothing more is sent.
    ``held``: switches that keep back what is left, see ``held``. ``writing``: people it was approved for, as long as
    not all of them are written down; None afterwards.
    """

    all: Counts
    lines: tuple[Line, ...]
    zones: tuple[Zone, ...]
    posts: tuple[Mapping[str, Any], ...]
    chart: tuple[Column, ...]
    ends: datetime | None
    shortfalls: tuple[Shortfall, ...]
    other: tuple[str, ...]
    settled: bool
    stopped: datetime | None
    ended: datetime | None
    held: tuple[str, ...]
    writing: int | None


def progress(system: System, alert_id: str) -> Progress | None:
    """None for an alert that never had a broadcast. Raises NotFound."""
    totals = deliveries.totals(system, alert_id)
    with system.database.read() as connection:
        alert = store.get(connection, alert_id)
        row = queries.broadcast(connection, alert_id)
        if row is None:
            return None
        limits = limits_of(system, connection)
        lines = _lines(system, totals["channels"], limits)
        told = {line.name: line.counts for line in lines if line.people}
        sums = _sums(system, connection, row.id, alert, kept_seconds(totals["totals"]["total"]))
        return Progress(
            all=added(list(told.values())),
            lines=lines,
            zones=_zones(connection, alert, sums["zones"]),
            posts=tuple(one for one in records.posts(connection, alert_id) if one["state"] != "failed"),
            chart=_chart(sums, system.now()),
            ends=_ends(system, connection, row.id, told, limits) if row.stopped is None else None,
            shortfalls=_short(system, alert, told) if alert.state == State.LIVE else (),
            other=tuple(name for name in fitting(system.config, alert.mode) if name not in alert.channels),
            settled=totals["settled"],
            stopped=row.stopped,
            ended=row.ended,
            held=held(system, connection, _unsent(alert, row, told)),
            writing=_writing(row, limits),
        )


def held(system: System, connection: Connection, channels: Iterable[str]) -> tuple[str, ...]:
    """Switches that keep the texts of these channels back now: sending, or channel:NAME of one without a fallback."""
    wanted, off = list(channels), {one.name for one in switches.stopped(connection)}
    if wanted and SENDING in off:
        return (SENDING,)
    fallbacks = {channel.name: channel.fallback for channel in system.config.channels}
    return tuple(of_channel(name) for name in wanted if of_channel(name) in off and not fallbacks.get(name))


def ring_shortfalls(system: System) -> None:
    """Periodic: a shortfall of a live alert is an alarm, over when it is made good or the alert is."""
    with system.database.read() as connection:
        alive = store.in_states(connection, State.LIVE)
        open_ = {row.key for row in alarms.open_alarms(connection) if row.kind == RANG}
    found: dict[str, str] = {}
    for alert in alive:
        found |= {f"{RANG}:{alert.id}:{one.channel}:{one.kind}": _said(alert, one) for one in _now(system, alert)}
    new, over = {key: text for key, text in found.items() if key not in open_}, open_ - set(found)
    if not new and not over:
        return
    with system.database.write() as connection:
        for key, text in new.items():
            alarms.ring(connection, key, RANG, text, system.now())
        for key in over:
            alarms.clear(connection, key, system.now())


# --- the parts --------------------------------------------------------------------------------------------------
def _now(system: System, alert: Alert) -> tuple[Shortfall, ...]:
    with system.database.read() as connection:
        limits = limits_of(system, connection)
    channels = deliveries.totals(system, alert.id)["channels"]
    told = {name: counts(n) for name, n in channels.items() if name in limits and limits[name].audience == "people"}
    return _short(system, alert, told)


def _said(alert: Alert, one: Shortfall) -> str:
    what = "were refused for good" if one.kind == "failed" else "are not confirmed yet"
    head = alert.content.infos[0].headline if alert.content.infos else alert.id
    return f"{head}: {one.count:,} of {one.total:,} messages by {one.channel} {what}. Use another channel too."


def _short(system: System, alert: Alert, told: Mapping[str, Counts]) -> tuple[Shortfall, ...]:
    start = alert.sent or alert.created
    life = None if alert.until_lifted or alert.expires is None else alert.expires - start
    return shortfalls(told, system.config.policy.shortfall_failed_share, system.now() - start, life)


def _lines(system: System, channels: Mapping[str, Any], limits: Mapping[str, Limits]) -> tuple[Line, ...]:
    meaning = verdicts(system)
    found = []
    for name, numbers in channels.items():
        codes = sorted(numbers["errors"].items(), key=lambda item: -item[1])
        said = tuple((code, str(meaning(name, code) or ""), n) for code, n in codes)
        people = name not in limits or limits[name].audience == "people"
        taken = numbers.get("answers", {})
        answers = tuple((code, taken[code]) for code in reversed(ANSWERS) if code in taken)
        found.append(Line(name, counts(numbers), people, said, answers))
    return tuple(found)


def _writing(row: sa.Row[Any], limits: Mapping[str, Limits]) -> int | None:
    """How many people the numbers do not show yet; whoever has several channels counts once, in the largest."""
    if row.expanded is not None or row.stopped is not None or row.ended is not None:
        return None
    return max((n for name, n in row.people.items() if name in limits and limits[name].audience == "people"), default=0)


def _unsent(alert: Alert, row: sa.Row[Any], told: Mapping[str, Counts]) -> list[str]:
    """Channels that have something left to send: all of the alert's until everybody is written down."""
    if row.stopped is not None or row.ended is not None:
        return []
    if row.expanded is None:
        return list(alert.channels)
    return [name for name, one in told.items() if one.left]


def _sums(system: System, connection: Connection, broadcast_id: str, alert: Alert, seconds: int) -> dict[str, Any]:
    """By zone and by time: a pass over all messages each, so they are made once for all who watch."""

    def made() -> dict[str, Any]:
        sent, confirmed = queries.over_time(connection, broadcast_id, STEPS[0])
        by_zone = queries.by_zone(connection, broadcast_id, alert.zones)
        return {"zones": by_zone, "sent": list(sent.items()), "confirmed": list(confirmed.items())}

    found: dict[str, Any] = kept(system.redis, f"sums:{broadcast_id}", seconds, made)
    return found


def _zones(connection: Connection, alert: Alert, found: Mapping[str, Mapping[str, int]]) -> tuple[Zone, ...]:
    rows = connection.execute(sa.select(zones.c.id, zones.c.name).where(zones.c.id.in_(alert.zones)))
    names = {row.id: row.name for row in rows}
    return tuple(Zone(id_, names.get(id_, id_), counts(found.get(id_, {}))) for id_ in alert.zones)


def _chart(sums: Mapping[str, Any], now: datetime) -> tuple[Column, ...]:
    sent, confirmed = dict(sums["sent"]), dict(sums["confirmed"])
    moments = {*sent, *confirmed}
    if not moments:
        return ()
    step = step_of(timedelta(seconds=max(moments) - min(moments)))
    return columns(coarser(sent, step), coarser(confirmed, step), step, now)


def _ends(
    system: System,
    connection: Connection,
    broadcast_id: str,
    told: Mapping[str, Counts],
    limits: Mapping[str, Limits],
) -> datetime | None:
    parts = queries.segments(connection, broadcast_id)
    left: Sequence[float] = [
        arrival(0, one.left * parts.get(name, 1), pace_of(system.config.channel(name), limits[name])).last
        for name, one in told.items()
        if one.left and name in limits
    ]
    return system.now() + timedelta(seconds=max(left)) if left else None
