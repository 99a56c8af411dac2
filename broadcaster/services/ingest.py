"""A document of a feed: every entry read, decided and acted on in a transaction of its own; what is wrong is kept.

Nothing in a document makes ``ingest`` raise. Absence is nothing: what a document does not hold has no consequence.
"""

from __future__ import annotations

import hashlib
import importlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DataError

from alert_feeds import PARSERS
from broadcaster.domain.config import FeedConfig
from broadcaster.domain.errors import BroadcasterError
from broadcaster.domain.feed_entry import FeedEntry, Link, ParsedFeed, Problem
from broadcaster.domain.geometry import ZoneShape, elsewhere, touched
from broadcaster.domain.mapping import fill, filling
from broadcaster.domain.triage import Decision, Verb, decide, end_of
from broadcaster.domain.wording import pressing
from broadcaster.services import publish
from broadcaster.services.consequences import Case, apply
from broadcaster.services.places import areas_of, shapes
from broadcaster.services.system import Actor, System
from broadcaster.store import feeds as store
from broadcaster.store.engine import again

log = logging.getLogger(__name__)
FAILED = "not_composed"  # tried again at the next poll


@dataclass(frozen=True, slots=True)
class EntryResult:
    """One entry: ``decision`` is new, update, cancel, ignore or problem; ``alert`` our alert's id, if there is one."""

    identifier: str
    decision: str
    reason: str = ""
    alert: str | None = None


@dataclass(frozen=True, slots=True)
class IngestResult:
    """What a document gave. ``links`` are documents of an index that were not fetched here."""

    entries: tuple[EntryResult, ...] = ()
    problems: tuple[Problem, ...] = ()
    links: tuple[Link, ...] = field(default=(), repr=False)

    def as_dict(self, file: str) -> dict[str, Any]:
        """One element of ``files`` of ``feeds ingest --json`` (interfaces.md)."""
        entries = [
            {"identifier": e.identifier, "decision": e.decision, "reason": e.reason, "alert": e.alert}
            for e in self.entries
        ]
        problems = [{"code": p.code, "text": p.text} for p in self.problems]
        if self.links:
            text = f"{len(self.links)} linked documents were not fetched; a poll of the feed fetches them."
            problems.append({"code": "links", "text": text})
        return {"file": file, "entries": entries, "problems": problems}


def ingest(system: System, feed: FeedConfig, body: bytes, headers: Mapping[str, str], actor: Actor) -> IngestResult:
    """Read a document as one of this feed (enabled or not). ``actor`` is who handed it in; its origin is recorded."""
    parsed = read(feed, body, headers)
    return take(system, feed, parsed, actor)


def read(feed: FeedConfig, body: bytes, headers: Mapping[str, str]) -> ParsedFeed:
    """The document by the parser of the feed's format, signatures looked at, what it lacks filled by the mapping."""
    parser = importlib.import_module(PARSERS[feed.format])
    parsed: ParsedFeed = parser.parse(body, headers)
    if feed.signature != "ignore":
        from broadcaster.services.signatures import looked_at  # its libraries load slowly, and few feeds ask for them

        parsed = looked_at(feed, parsed)
    table = filling(feed.mapping).over(filling(getattr(parser, "MAPPING", {})))
    return replace(parsed, entries=tuple(fill(entry, table) for entry in parsed.entries))


def take(system: System, feed: FeedConfig, parsed: ParsedFeed, actor: Actor) -> IngestResult:
    """Decide and act on everything that was read. A machine acts: the feed creates and submits, not ``actor``."""
    machine = Actor(f"feed:{feed.name}", actor.origin)
    _keep_problems(system, feed, parsed.problems)
    with system.database.read() as connection:
        before = store.seen(connection, feed.name, parsed.entries)
        zones = shapes(connection)
    results = []
    for entry in parsed.entries:
        key = (entry.message.identifier, entry.content_hash)
        if key in before:
            again = EntryResult(entry.message.identifier, "ignore", "duplicate: It was read before.", before[key])
            results.append(again)
        else:
            results.append(_one(system, feed, entry, zones, machine))
    return IngestResult(tuple(results), parsed.problems, parsed.links)


def _keep_problems(system: System, feed: FeedConfig, problems: Sequence[Problem]) -> None:
    kept = [problem for problem in problems if problem.raw]
    if not kept:
        return
    with system.database.write() as connection:
        for problem in kept:
            digest = hashlib.sha256(problem.code.encode() + b"\n" + problem.raw).hexdigest()
            store.add_problem(connection, feed.name, problem, digest, system.now())


def _one(system: System, feed: FeedConfig, entry: FeedEntry, zones: Sequence[ZoneShape], actor: Actor) -> EntryResult:
    """One entry in its own transaction. What cannot be composed is kept as a problem and tried at the next poll."""
    areas = areas_of(entry.message)
    place = touched(areas, zones), elsewhere(areas, zones)

    def decided() -> tuple[EntryResult, int | None]:
        with system.database.write() as connection:
            return _decided(system, connection, feed, entry, place, actor)

    try:
        result, version = again(decided)
    except (BroadcasterError, DataError) as error:
        return _failed(system, feed, entry, error)
    if version is not None:
        publish.tell(system, version)
    return result


def _decided(
    system: System,
    connection: Connection,
    feed: FeedConfig,
    entry: FeedEntry,
    place: tuple[tuple[str, ...], bool],
    actor: Actor,
) -> tuple[EntryResult, int | None]:
    at, message = system.now(), entry.message
    store.lock(connection, message.sender)
    known = store.known(connection, _scope(system, feed), message, at)
    lifetime = timedelta(hours=system.config.policy.max_expires_hours)
    decision = decide(entry, feed.name, known, at, lifetime)
    if decision.code == "duplicate":
        return _result(entry, decision, _alert_of(known, entry)), None
    row = store.add(connection, feed.name, entry, decision, at)
    outcome = apply(Case(system, connection, actor, feed, entry, decision, row, *place, at))
    store.settle(connection, row, outcome.action, outcome.rule, outcome.alert, outcome.note)
    store.retire(connection, [earlier.id for earlier in decision.retires])
    if decision.verb in (Verb.NEW, Verb.UPDATE):
        waits = at if outcome.action == "keep" and not place[1] else None
        store.place(connection, row, place[0], pressing(message), end_of(message, lifetime), waits)
    reason = " ".join(part for part in (decision.reason, outcome.note) if part)
    return _result(entry, replace(decision, reason=reason), outcome.alert), outcome.version


def _scope(system: System, feed: FeedConfig) -> frozenset[str]:
    """Feeds whose entries this one may speak about: the official ones are one voice, any other speaks for itself.

    Otherwise whoever writes into a lesser feed could cancel the weather service's warnings in its name.
    """
    if feed.trust != "official":
        return frozenset([feed.name])
    return frozenset([feed.name, *(other.name for other in system.config.feeds if other.trust == "official")])


def _alert_of(known: Sequence[Any], entry: FeedEntry) -> str | None:
    return next((k.alert for k in known if k.reference == entry.message.reference and k.alert), None)


def _result(entry: FeedEntry, decision: Decision, alert: str | None) -> EntryResult:
    reason = ": ".join(part for part in (decision.code, decision.reason) if part)
    return EntryResult(entry.message.identifier, str(decision.verb), reason, alert)


def _failed(system: System, feed: FeedConfig, entry: FeedEntry, error: BroadcasterError | DataError) -> EntryResult:
    text = error.text if isinstance(error, BroadcasterError) else f"The database refuses it: {error.orig}"[:300]
    log.warning("feed %s: %s could not be made an alert: %s", feed.name, entry.message.identifier, text)
    with system.database.write() as connection:
        store.add_problem(
            connection, feed.name, Problem(FAILED, text, entry.raw), f"{FAILED}:{entry.content_hash}", system.now()
        )
    return EntryResult(entry.message.identifier, str(Verb.PROBLEM), f"{FAILED}: {text}")
