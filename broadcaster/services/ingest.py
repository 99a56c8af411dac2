"""A document of a feed: every entry read, decided and acted on, in transactions; what is wrong is kept.

Nothing in a document makes ``ingest`` raise. Absence is nothing: what a document does not hold has no consequence.
"""

from __future__ import annotations

import hashlib
import importlib
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DataError

from alert_feeds import PARSERS, own_zone
from broadcaster.domain.config import FeedConfig
from broadcaster.domain.errors import BroadcasterError
from broadcaster.domain.feed_entry import FeedEntry, Link, ParsedFeed, Problem
from broadcaster.domain.geometry_zones import Place, ZoneIndex
from broadcaster.domain.mapping import fill, filling
from broadcaster.domain.triage import Decision, Known, Verb, decide, end_of, in_part, unproven
from broadcaster.domain.wording import pressing
from broadcaster.services import places, proven, release
from broadcaster.services.consequences import apply, quiet, rest
from broadcaster.services.entry_case import Case, Outcome
from broadcaster.services.places import areas_of
from broadcaster.services.system import Actor, System
from broadcaster.store import feeds as store
from broadcaster.store.engine import again

log = logging.getLogger(__name__)
GROUP = 50  # entries written down in one transaction; SQLite has one writer, and others wait meanwhile
Placed = tuple[FeedEntry, Place]
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
    with own_zone.used(feed.timezone or getattr(parser, "TIMEZONE", ""), configured=bool(feed.timezone)):
        parsed: ParsedFeed = parser.parse(body, headers)
    if feed.signature != "ignore":
        from broadcaster.services.signatures import looked_at  # its libraries load slowly, and few feeds ask for them

        parsed = looked_at(feed, parsed)
    table = filling(feed.mapping).over(filling(getattr(parser, "MAPPING", {})))
    return replace(parsed, entries=tuple(fill(entry, table) for entry in parsed.entries))


def take(system: System, feed: FeedConfig, parsed: ParsedFeed, actor: Actor) -> IngestResult:
    """Decide and act on everything that was read. A machine acts: the feed creates and submits, not ``actor``."""
    _keep_problems(system, feed, parsed.problems)
    with system.database.read() as connection:
        before = store.seen(connection, feed.name, parsed.entries)
        index = places.index(connection) if len(before) < len(parsed.entries) else ZoneIndex([])
    fresh = [entry for entry in parsed.entries if _key(entry) not in before]
    results = iter(Taking(system, feed, index, Actor(f"feed:{feed.name}", actor.origin)).all(fresh))
    found = [
        _before(entry, before[_key(entry)]) if _key(entry) in before else next(results) for entry in parsed.entries
    ]
    return IngestResult(tuple(found), parsed.problems, parsed.links)


def _key(entry: FeedEntry) -> tuple[str, str]:
    return entry.message.identifier, entry.content_hash


def _before(entry: FeedEntry, alert: str | None) -> EntryResult:
    return EntryResult(entry.message.identifier, "ignore", "duplicate: It was read before.", alert)


def _keep_problems(system: System, feed: FeedConfig, problems: Sequence[Problem]) -> None:
    kept = [problem for problem in problems if problem.raw]
    if not kept:
        return
    with system.database.write() as connection:
        for problem in kept:
            digest = hashlib.sha256(problem.code.encode() + b"\n" + problem.raw).hexdigest()
            store.add_problem(connection, feed.name, problem, digest, system.now())


@dataclass(frozen=True, slots=True)
class Taking:
    """New entries of one document being taken, in their order.

    What is only written down (no rule wants anything, nothing is replaced) is written with its neighbours; whatever
    touches alerts or the page has a transaction of its own, because those lock in an order that must not be mixed.
    """

    system: System
    feed: FeedConfig
    index: ZoneIndex
    actor: Actor

    def all(self, entries: Sequence[FeedEntry]) -> Iterator[EntryResult]:
        """The results in the same order."""
        left = [(entry, self.index.place(areas_of(entry.message))) for entry in entries]
        while left:
            group = list(_neighbours(left[:GROUP]))
            results = self._together(group) if len(group) > 1 else []
            yield from results or [self._one(*left[0])]
            left = left[len(results) or 1 :]

    def _together(self, group: Sequence[Placed]) -> list[EntryResult]:
        """The first of them that can be written down together; none where the database refuses one of them."""

        def written() -> list[EntryResult]:
            with self.system.database.write() as connection:
                return self._ruled()._written(connection, group)

        try:
            return again(written)
        except (BroadcasterError, DataError):
            return []

    def _ruled(self) -> Taking:
        """By the rules that are in force now, for one transaction."""
        system = self.system.ruled()
        return self if system is self.system else replace(self, system=system)

    def _written(self, connection: Connection, group: Sequence[Placed]) -> list[EntryResult]:
        at, known = self._begun(connection, [entry for entry, _ in group])
        news, results = [], []
        for entry, place in group:
            case = self._case(connection, entry, place, known, at)
            if not quiet(case):
                break
            done = self._done(case, apply(case))
            if not self._read_here(case, known):
                news.append(store.NewEntry(self.feed.name, entry, case.decision, at, done))
            results.append(_result(entry, case.decision, done))
        if news:
            store.add(connection, news)
        return results

    def _one(self, entry: FeedEntry, place: Place) -> EntryResult:
        """One entry in its own transaction. What cannot be composed is kept as a problem and tried at the next poll."""

        def decided() -> tuple[EntryResult, int | None]:
            with self.system.database.write() as connection:
                return self._ruled()._decided(connection, entry, place)

        try:
            result, version = again(decided)
        except (BroadcasterError, DataError) as error:
            return _failed(self.system, self.feed, entry, error)
        if version is not None:
            release.tell(self.system, version)
        return result

    def _decided(self, connection: Connection, entry: FeedEntry, place: Place) -> tuple[EntryResult, int | None]:
        at, known = self._begun(connection, [entry])
        case = self._case(connection, entry, place, known, at)
        if self._read_here(case, known):
            return _result(entry, case.decision, self._done(case, Outcome())), None
        (row,) = store.add(connection, [store.NewEntry(self.feed.name, entry, case.decision, at)])
        outcome = apply(replace(case, row=row))
        done = self._done(case, outcome)
        store.settle(connection, row, done)
        self._retire(case)
        return _result(entry, case.decision, done), outcome.version

    def _retire(self, case: Case) -> None:
        """What it replaces waits for nobody any more, but where it ends only some of the zones."""
        left = {old.id: rest(case, old.zones) for old in case.decision.retires}
        store.retire(case.connection, [id_ for id_, zones in left.items() if zones == ()])
        for old in case.decision.retires:
            zones = left[old.id]
            if zones and zones != old.zones:
                store.narrow(case.connection, old.id, zones)

    def _begun(self, connection: Connection, entries: Sequence[FeedEntry]) -> tuple[datetime, dict[str, list[Known]]]:
        messages = [entry.message for entry in entries]
        for sender in sorted({message.sender for message in messages}):
            store.lock(connection, sender)
        at = self.system.now()
        return at, store.known(connection, _scope(self.system, self.feed), messages, at)

    def _case(
        self,
        connection: Connection,
        entry: FeedEntry,
        place: Place,
        known: Mapping[str, Sequence[Known]],
        at: datetime,
    ) -> Case:
        before = [*known[entry.message.sender], *proven.vouched(self.system, connection, self.feed, entry, at)]
        decision = self._decision(entry, before, at, place.zones)
        if decision.code == "duplicate":
            decision = replace(decision, alert=_alert_of(known[entry.message.sender], entry))
        return Case(
            self.system, connection, self.actor, self.feed, entry, decision, 0, place.zones, place.elsewhere, at
        )

    def _decision(self, entry: FeedEntry, known: Sequence[Known], at: datetime, zones: Collection[str]) -> Decision:
        if self.feed.unverified_of:
            return unproven(entry, known, at, self._lifetime)
        return decide(entry, self.feed.name, known, at, self._lifetime, zones)

    def _read_here(self, case: Case, known: Mapping[str, Sequence[Known]]) -> bool:
        """Did this very feed bring it before? The same from another feed is written down, so that both are named."""
        message = case.entry.message
        return case.decision.code == "duplicate" and any(
            one.feed == self.feed.name and one.reference == message.reference for one in known[message.sender]
        )

    def _done(self, case: Case, outcome: Outcome) -> dict[str, Any]:
        """What the record says of what was done."""
        decision, message = case.decision, case.entry.message
        reason = " ".join(part for part in (decision.reason, outcome.note) if part)
        done = {
            "action": outcome.action,
            "rule": outcome.rule,
            "alert": outcome.alert or decision.alert,
            "reason": reason,
        }
        if decision.verb not in (Verb.NEW, Verb.UPDATE):
            return done | ({"zones": list(case.zones)} if in_part(case.entry) else {})
        waits = case.at if outcome.action == "keep" and not case.elsewhere and not outcome.alert else None
        level, ends = pressing(message), end_of(message, self._lifetime)
        return done | {"zones": list(case.goes_on), "level": level, "ends": ends, "awaits": waits}

    @property
    def _lifetime(self) -> timedelta:
        return timedelta(hours=self.system.config.policy.max_expires_hours)


def _neighbours(left: Sequence[Placed]) -> Iterator[Placed]:
    """The first entries that have nothing to do with each other: no identifier among them is named twice."""
    named: set[str] = set()
    for entry, place in left:
        own = {entry.message.identifier, *(reference.identifier for reference in entry.message.references)}
        if own & named:
            return
        named |= own
        yield entry, place


def _scope(system: System, feed: FeedConfig) -> frozenset[str]:
    """Feeds whose entries this one may speak about: the official ones are one voice, any other speaks for itself.

    Otherwise whoever writes into a lesser feed could cancel the weather service's warnings in its name.
    """
    if feed.trust != "official":
        return frozenset([feed.name])
    return frozenset([feed.name, *(other.name for other in system.config.feeds if other.trust == "official")])


def _alert_of(known: Sequence[Known], entry: FeedEntry) -> str | None:
    return next((k.alert for k in known if k.reference == entry.message.reference and k.alert), None)


def _result(entry: FeedEntry, decision: Decision, done: Mapping[str, Any]) -> EntryResult:
    reason = ": ".join(part for part in (decision.code, done["reason"]) if part)
    return EntryResult(entry.message.identifier, str(decision.verb), reason, done["alert"])


def _failed(system: System, feed: FeedConfig, entry: FeedEntry, error: BroadcasterError | DataError) -> EntryResult:
    text = error.text if isinstance(error, BroadcasterError) else f"The database refuses it: {error.orig}"[:300]
    log.warning("feed %s: %s could not be made an alert: %s", feed.name, entry.message.identifier, text)
    with system.database.write() as connection:
        store.add_problem(
            connection, feed.name, Problem(FAILED, text, entry.raw), f"{FAILED}:{entry.content_hash}", system.now()
        )
    return EntryResult(entry.message.identifier, str(Verb.PROBLEM), f"{FAILED}: {text}")
