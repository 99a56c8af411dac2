"""A rule tried on the entries that its feeds brought in the last month: what it would have released, and why not more.

The same decisions as at night, on what was kept, with each entry's own time as the clock. What people did meanwhile,
kill switches and whether the rule is armed are not asked: this says what the rule's text means.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.engine import Connection, Row

from broadcaster.domain.alert import CapMessage, MsgType, Source
from broadcaster.domain.arming import Run
from broadcaster.domain.config import RuleConfig
from broadcaster.domain.errors import BroadcasterError, Forbidden, NotFound
from broadcaster.domain.feed_entry import FeedEntry, Problem
from broadcaster.domain.geometry_zones import ZoneIndex
from broadcaster.domain.releasing import Facts, Thread, held
from broadcaster.domain.review import COMPOSERS
from broadcaster.domain.rules import ruling
from broadcaster.domain.triage import OF_A_DECISION, ends, in_part
from broadcaster.domain.wording import most_pressing, taken_back
from broadcaster.services import audit, places
from broadcaster.services import rule_month as month
from broadcaster.services.arm import digest_of
from broadcaster.services.drafting import Draft, Drawn, draw
from broadcaster.services.ingest_left import left_behind
from broadcaster.services.release_by_rule import HOUR, said, seen
from broadcaster.services.rule_month import Sieve
from broadcaster.services.steps import who
from broadcaster.services.system import Actor, System
from broadcaster.store import arming as store

MOST = 1000  # entries decided in full, of those that the rule has to do with; the newest
CANCEL_STANDS = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Report:
    """``released`` and ``submitted`` of ``outcomes``, each {entry, identifier, event, received, action, reasons};
    ``left_out``: older entries that were too many to look at or to decide."""

    rule: str
    digest: str
    released: int
    submitted: int
    left_out: int
    outcomes: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class _Night:
    """The month as the rule would have had it: (sender, identifier) -> message and zones of what it released."""

    system: System
    connection: Connection
    rule: RuleConfig
    index: ZoneIndex
    standing: dict[tuple[str, str], tuple[CapMessage, tuple[str, ...]]] = field(default_factory=dict)
    times: list[datetime] = field(default_factory=list)


def run(system: System, actor: Actor, name: str) -> Report:
    """Try it and keep the run, without which nobody may arm it. Raises NotFound, Forbidden (a machine)."""
    system = system.ruled()
    rule, by, at = system.config.rule(name), who(actor), system.now()
    if rule is None:
        raise NotFound("rule", f"There is no rule {name!r} in rules.toml.")
    if by.machine or not by.roles & COMPOSERS:
        raise Forbidden("role", "Only a person with a role tests rules.")
    with system.database.read() as connection:
        night = _Night(system, connection, rule, places.index(connection))
        ids, left_out = _concerned(night, at)
        outcomes = tuple(one for row in store.documents(connection, ids) for one in _outcome(night, row))
    found = Run(digest_of(system, rule), by.person, at)
    actions = [one["action"] for one in outcomes]
    report = Report(name, found.digest, actions.count("release"), actions.count("submit"), left_out, outcomes)
    with system.database.write() as connection:
        store.add_run(connection, name, found, outcomes)
        detail = {"digest": found.digest, "released": report.released, "submitted": report.submitted}
        audit.record(system, connection, actor, "rule.test", f"rule:{name}", at, **detail)
    return report


def _concerned(night: _Night, at: datetime) -> tuple[list[int], int]:
    """Entries that the rule matches or that follow such a one, oldest first, and how many older ones are left out.

    All of the month is looked at: cheaply by what the record says of each, then by its document, before any decision.
    """
    system, sieve = night.system, Sieve((night.rule,))
    ids, beyond = month.near(night.connection, sieve, at)
    known: set[tuple[str, str]] = set()
    found = []
    for row in store.documents(night.connection, ids):
        follows = month.follows(row, known)
        if not follows and not sieve.says(row):
            continue
        entry, feed = month.entry_of(system, row), system.config.feed(row.feed)
        if entry is None or feed is None:
            continue
        zones = night.index.place(places.areas_of(entry.message)).zones
        asked = ruling(system.config.rules, entry.message, seen(system, feed, entry, zones, row.received))
        if follows or asked.rule == night.rule.name:
            known.add((row.sender, row.identifier))
            found.append(row.id)
    return found[-MOST:], beyond + max(0, len(found) - MOST)


def _outcome(night: _Night, row: Row[Any]) -> Iterator[dict[str, Any]]:
    """What would have become of an entry; nothing where the rule has nothing to do with it."""
    entry = month.entry_of(night.system, row)
    feed = night.system.config.feed(row.feed)
    if entry is None or feed is None:
        return
    before = _before(night, entry)
    zones = night.index.place(places.areas_of(entry.message)).zones
    if before and in_part(entry) and any(set(night.standing[key][1]) - set(zones) for key in before):
        yield _told(row, "keep", ("What the rule released is ended in part; people decide about the rest.",))
        return
    asked = ruling(night.system.config.rules, entry.message, seen(night.system, feed, entry, zones, row.received))
    matched = asked.rule == night.rule.name
    if not before and (ends(entry) or not matched or not zones):
        return
    try:
        drawn = _drawn(night, entry, row, before)
    except BroadcasterError as error:
        yield _told(row, "keep", (error.text,))
        return
    facts = _facts(night, entry, row, drawn, before)
    reasons = held(replace(facts, feed=feed, matched=matched or ends(entry)))
    if not reasons:
        night.times.append(row.received)
        for key in before:
            night.standing.pop(key)
        if not ends(entry):
            night.standing[entry.message.sender, entry.message.identifier] = entry.message, drawn.alert.zones
    yield _told(row, "submit" if reasons else "release", reasons)


def _facts(night: _Night, entry: FeedEntry, row: Row[Any], drawn: Drawn, before: list[tuple[str, str]]) -> Facts:
    system, own = night.system, tuple(identifier for _, identifier in before)
    feed = system.config.feed(row.feed)
    assert feed is not None
    infos = [info for key in before for info in night.standing[key][0].infos]
    zones = [zone for key in before for zone in night.standing[key][1]]
    then = [Problem(one["code"], one["text"]) for one in row.findings if one["code"] in OF_A_DECISION]
    return Facts(
        rule=night.rule,
        feed=feed,
        entry=replace(entry, findings=(*entry.findings, *then)),
        alert=replace(drawn.alert, replaces=own),
        findings=(*drawn.findings, *left_behind(night.connection, drawn.alert, zones)),
        texts=said(system, night.connection, drawn.alert, drawn.messages),
        at=row.received,
        oldest=timedelta(minutes=system.config.policy.release_oldest_minutes),
        recent=sum(row.received - HOUR < one for one in night.times),
        thread=Thread(own, (), most_pressing(infos) if infos else None),
    )


def _drawn(night: _Night, entry: FeedEntry, row: Row[Any], before: list[tuple[str, str]]) -> Drawn:
    """The alert as it would have stood when the entry came; nothing is written."""
    message, then = entry.message, replace(night.system, now=lambda: row.received)
    source = Source(row.feed, None, message.sender, message.identifier, message.sent)
    if not ends(entry):
        draft = Draft(night.rule.template, cap=replace(message, references=()), source=source)
        return draw(then, night.connection, draft, f"feed:{row.feed}")
    earlier = [night.standing[key] for key in before]
    infos = message.infos or tuple(taken_back(info) for info in earlier[0][0].infos)
    zones = tuple(dict.fromkeys(zone for _, own in earlier for zone in own))
    draft = Draft(
        "cap",
        msg_type=MsgType.CANCEL,
        cap=replace(message, infos=infos, references=()),
        zones=zones,
        expires=row.received + CANCEL_STANDS,
        source=source,
    )
    return draw(then, night.connection, draft, f"feed:{row.feed}")


def _before(night: _Night, entry: FeedEntry) -> list[tuple[str, str]]:
    """What the rule had released that this message follows: named by it, or under the same identifier."""
    message = entry.message
    named = {(one.sender, one.identifier) for one in message.references} | {(message.sender, message.identifier)}
    return [key for key in night.standing if key in named and key[0] == message.sender]


def _told(row: Row[Any], action: str, reasons: tuple[str, ...]) -> dict[str, Any]:
    return {
        "entry": row.id,
        "identifier": row.identifier,
        "event": row.event,
        "received": row.received.isoformat(),
        "action": action,
        "reasons": list(reasons),
    }
