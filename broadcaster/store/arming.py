"""Armed rules in SQL: test runs, armings, releases. Functions take a ``Connection``; callers own the transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from broadcaster.domain.arming import Arming, Run
from broadcaster.store.schema import alerts, feed_entries, metadata, reviews

rule_runs = metadata.tables["rule_runs"]
rule_armings = metadata.tables["rule_armings"]
rule_releases = metadata.tables["rule_releases"]
CHUNK = 200
_runs, _a, _r = rule_runs.c, rule_armings.c, rule_releases.c


def lock(connection: Connection, rule: str) -> None:
    """Let no other transaction count, release or arm by this rule until this one ends (SQLite writes alone anyway)."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"rule\n{rule}"))))


# --- test runs --------------------------------------------------------------------------------------------------
def add_run(connection: Connection, rule: str, run: Run, outcomes: Sequence[dict[str, Any]]) -> None:
    """Keep a test run."""
    actions = [one["action"] for one in outcomes]
    counted = {"released": actions.count("release"), "submitted": actions.count("submit")}
    row = {"rule": rule, "digest": run.digest, "by": run.by, "at": run.at, "outcomes": list(outcomes), **counted}
    connection.execute(rule_runs.insert().values(**row))


def last_run(connection: Connection, rule: str) -> Row[Any] | None:
    """The rule's newest test run, with its outcomes."""
    query = sa.select(rule_runs).where(_runs.rule == rule).order_by(_runs.id.desc()).limit(1)
    return connection.execute(query).first()


def run_of(connection: Connection, rule: str, digest: str) -> Run | None:
    """The newest test run of exactly this text of the rule."""
    query = sa.select(_runs.digest, _runs.by, _runs.at).where(_runs.rule == rule, _runs.digest == digest)
    row = connection.execute(query.order_by(_runs.id.desc()).limit(1)).first()
    return Run(row.digest, row.by, row.at) if row else None


# --- armings ----------------------------------------------------------------------------------------------------
def last(connection: Connection, rule: str) -> Arming | None:
    """The rule's newest arming, whatever became of it."""
    query = sa.select(rule_armings).where(_a.rule == rule).order_by(_a.id.desc()).limit(1)
    row = connection.execute(query).first()
    return _arming(row) if row else None


def open_ones(connection: Connection) -> list[Arming]:
    """All that nobody has ended: armed, or waiting for a second signature."""
    return [_arming(row) for row in connection.execute(sa.select(rule_armings).where(_a.ended.is_(None)))]


def begin(connection: Connection, rule: str, digest: str, first: str, at: datetime) -> int:
    """The first signature."""
    row = {"rule": rule, "digest": digest, "first": first, "first_at": at, "ended_reason": ""}
    return int(connection.execute(rule_armings.insert().values(**row).returning(_a.id)).scalar_one())


def complete(connection: Connection, id_: int, second: str, at: datetime, until: datetime) -> None:
    """The second: now it is armed."""
    values = {"second": second, "armed_at": at, "until": until}
    connection.execute(rule_armings.update().where(_a.id == id_, _a.ended.is_(None)).values(**values))


def end(connection: Connection, id_: int, by: str, reason: str, at: datetime) -> bool:
    """It is armed no more. False where it was ended before."""
    values = {"ended": at, "ended_by": by, "ended_reason": reason}
    return (
        connection.execute(rule_armings.update().where(_a.id == id_, _a.ended.is_(None)).values(**values)).rowcount == 1
    )


def _arming(row: Row[Any]) -> Arming:
    names = ("id", "rule", "digest", "first", "first_at", "second", "armed_at", "until", "ended")
    return Arming(**{name: getattr(row, name) for name in names})


# --- releases ---------------------------------------------------------------------------------------------------
def add_release(connection: Connection, alert: str, rule: str, entry: int, arming: int, at: datetime) -> None:
    """This rule put this alert on air."""
    row = {"alert": alert, "rule": rule, "entry": entry, "arming": arming, "at": at}
    connection.execute(rule_releases.insert().values(**row))


def released_since(connection: Connection, rule: str, since: datetime) -> int:
    """How many alerts the rule has released after ``since``. Count under ``lock``."""
    query = sa.select(sa.func.count()).where(_r.rule == rule, _r.at > since)
    return int(connection.execute(query).scalar_one())


def rules_of(connection: Connection, alerts: Collection[str]) -> dict[str, str]:
    """alert -> the rule that released it, for those that a rule released."""
    if not alerts:
        return {}
    query = sa.select(_r.alert, _r.rule).where(_r.alert.in_(sorted(alerts)))
    return {row.alert: row.rule for row in connection.execute(query)}


def releases(connection: Connection, rule: str, most: int) -> list[Row[Any]]:
    """What the rule released, the newest first."""
    return list(connection.execute(sa.select(rule_releases).where(_r.rule == rule).order_by(_r.at.desc()).limit(most)))


def of_incidents(connection: Connection, ids: Collection[str]) -> list[str]:
    """Ids of all alerts of the incidents of these, whatever became of them."""
    incidents = sa.select(alerts.c.incident).where(alerts.c.id.in_(sorted(ids)))
    return list(connection.execute(sa.select(alerts.c.id).where(alerts.c.incident.in_(incidents))).scalars())


def put_aside(connection: Connection, entries: Collection[int]) -> list[int]:
    """Of these entries, those of which a person decided that nothing is made."""
    e = feed_entries.c
    query = sa.select(e.id).where(e.id.in_(sorted(entries)), e.decided_by.is_not(None))
    return list(connection.execute(query.order_by(e.id)).scalars())


def of_events(
    connection: Connection, sender: str, events: Collection[str], since: datetime
) -> list[tuple[int, str | None]]:
    """(entry, alert) of what this sender said of these events (office, phenomenon, significance and number of a P-VTEC
    code), whatever it names: who forgets to refer to a warning speaks of it all the same."""
    if not events:
        return []
    e = feed_entries.c
    said = sa.or_(*(sa.cast(e.vtec, sa.Text).contains(event, autoescape=True) for event in sorted(events)))
    query = sa.select(e.id, e.alert).where(e.sender == sender, e.received > since, said)
    return [(row.id, row.alert) for row in connection.execute(query)]


def touched(connection: Connection, ids: Collection[str]) -> set[str]:
    """Of these alerts, those whose sending a person has stopped."""
    query = sa.select(reviews.c.alert).where(reviews.c.alert.in_(sorted(ids)), reviews.c.verb == "stop")
    return set(connection.execute(query).scalars())


def kept_since(connection: Connection, since: datetime, feeds: Collection[str] = ()) -> Iterator[Row[Any]]:
    """What these feeds (none: all) brought that meant something, oldest first, without its document."""
    e = feed_entries.c
    columns = (e.id, e.feed, e.sender, e.identifier, e.references, e.event, e.zones, e.decision, e.awaits, e.action)
    query = sa.select(*columns).where(e.received > since, e.decision.in_(("new", "update", "cancel")))
    query = query.where(e.feed.in_(sorted(feeds))) if feeds else query
    found: Any = connection.execute(query.order_by(e.id).execution_options(yield_per=CHUNK))
    yield from found


def documents(connection: Connection, ids: Sequence[int]) -> Iterator[Row[Any]]:
    """These entries with their documents, in that order, a few in memory at once."""
    e = feed_entries.c
    columns = (e.id, e.feed, e.sender, e.identifier, e.references, e.event, e.received, e.findings, e.raw)
    for start in range(0, len(ids), CHUNK):
        query = sa.select(*columns).where(e.id.in_(ids[start : start + CHUNK]))
        found: Any = connection.execute(query.order_by(e.id))
        yield from found


def events_since(connection: Connection, since: datetime, most: int) -> list[str]:
    """Names of events that feeds brought, the most frequent first."""
    e = feed_entries.c
    query = sa.select(e.event).where(e.received > since, e.event != "", e.decision.in_(("new", "update")))
    query = query.group_by(e.event).order_by(sa.func.count().desc(), e.event).limit(most)
    return list(connection.execute(query).scalars())
