"""What feeds brought: entries with their bytes and decisions, shown warnings, polls, and when each feed is due."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.engine import Connection, Row

from broadcaster.domain.alert import CapMessage, MsgType, Reference
from broadcaster.domain.feed_entry import FeedEntry, Link, Problem
from broadcaster.domain.triage import Decision, Known, Verb, event_of, over_by
from broadcaster.store.engine import now
from broadcaster.store.schema import (
    alerts,
    feed_documents,
    feed_entries,
    feed_links,
    feed_references,
    feed_states,
    polls,
    shown,
)
from broadcaster.store.upsert import insert

MEMORY = timedelta(days=30)  # how far back an earlier message is looked for
POLLS_KEPT = timedelta(days=7)
DOCUMENTS_KEPT = 5
MAX_RAW = 1_000_000  # bytes kept of something that could not be read
_MESSAGE = TypeAdapter(CapMessage)
_KNOWN = [
    feed_entries.c[name]
    for name in ("id", "feed", "sender", "identifier", "sent", "msg_type", "event", "references", "content_hash")
] + [feed_entries.c[name] for name in ("decision", "code", "alert", "zones", "vtec")]
_BLANK = {"action": "", "rule": "", "alert": None, "zones": None, "ends": None, "level": None, "awaits": None}


# What every poll and every second asks is written once: making a statement costs more than running it.
_b = sa.bindparam
_STATES = sa.select(feed_states)
_OVER = sa.select(shown.c.id).where(shown.c.state == "live", shown.c.expires <= _b("now")).limit(1)
_CLAIM_EARLY = (
    feed_states.update()
    .where(feed_states.c.name == _b("feed"), sa.or_(feed_states.c.lease.is_(None), feed_states.c.lease <= _b("at")))
    .values(holder=_b("by"), lease=_b("until"))
    .returning(*feed_states.c)
)
_CLAIM = _CLAIM_EARLY.where(feed_states.c.due <= _b("at"))
_LIVE = sa.select(
    sa.or_(
        sa.select(alerts.c.id).where(alerts.c.state == "live", alerts.c.source_feed == _b("feed")).exists(),
        sa.select(shown.c.id).where(shown.c.state == "live", shown.c.feed == _b("feed")).exists(),
    )
)
_ADD_POLL = polls.insert()
_FORGET_POLLS = polls.delete().where(polls.c.feed == _b("of"), polls.c.at < _b("before"))


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A warning on our page in its issuer's words. ``entry`` is the row that brought it."""

    id: str
    entry: int
    zones: tuple[str, ...]


# --- entries --------------------------------------------------------------------------------------------------
def lock(connection: Connection, sender: str) -> None:
    """Let no other transaction decide about this sender until this one ends (SQLite writes alone anyway)."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"feed\n{sender}"))))


def seen(connection: Connection, feed: str, entries: Sequence[FeedEntry]) -> dict[tuple[str, str], str | None]:
    """(identifier, content hash) -> our alert, for those of ``entries`` that this feed brought before, in one look."""
    found: dict[tuple[str, str], str | None] = {}
    hashes = sorted({entry.content_hash for entry in entries})
    table = feed_entries.c
    for start in range(0, len(hashes), 500):
        query = sa.select(table.identifier, table.content_hash, table.alert).where(
            table.feed == feed, table.content_hash.in_(hashes[start : start + 500])
        )
        for row in connection.execute(query):
            found[row.identifier, row.content_hash] = found.get((row.identifier, row.content_hash)) or row.alert
    return found


def known(
    connection: Connection, feeds: Collection[str], messages: Sequence[CapMessage], at: datetime
) -> dict[str, list[Known]]:
    """By sender, the recorded entries that bear an identifier of these messages, that they name, or that name them."""
    table = feed_entries.c
    identifiers = {message.identifier for message in messages}
    named = sorted(identifiers | {reference.identifier for message in messages for reference in message.references})
    senders = sorted({message.sender for message in messages})
    query = sa.select(*_KNOWN).where(
        table.sender.in_(senders), table.received > at - MEMORY, table.sent.is_not(None), table.feed.in_(sorted(feeds))
    )
    naming = feed_references.c.identifier.in_(sorted(identifiers))
    joined = query.join(feed_references, feed_references.c.entry == table.id).where(naming)
    rows = {
        row.id: row for query in (query.where(table.identifier.in_(named)), joined) for row in connection.execute(query)
    }
    found: dict[str, list[Known]] = {sender: [] for sender in senders}
    for id_ in sorted(rows):
        found[rows[id_].sender].append(_known(rows[id_]))
    return found


def _known(row: Row[Any]) -> Known:
    return Known(
        id=row.id,
        feed=row.feed,
        reference=Reference(row.sender, row.identifier, row.sent),
        msg_type=MsgType(row.msg_type),
        event=row.event,
        references=tuple(Reference(a, b, datetime.fromisoformat(c)) for a, b, c in row.references),
        content_hash=row.content_hash,
        verb=Verb(row.decision),
        code=row.code,
        alert=row.alert,
        zones=tuple(row.zones or ()),
        part=row.zones is not None and over_by(MsgType(row.msg_type), row.vtec),
    )


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry to be recorded, with what was decided; ``done``: columns that say what was done with it at once."""

    feed: str
    entry: FeedEntry
    decision: Decision
    at: datetime
    done: Mapping[str, Any] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """As columns."""
        message = self.entry.message
        findings = (*self.entry.findings, *self.decision.findings)
        return {
            **_BLANK,
            "feed": self.feed,
            "sender": message.sender,
            "identifier": message.identifier,
            "sent": message.sent,
            "msg_type": str(message.msg_type),
            "event": event_of(message),
            "references": [[r.sender, r.identifier, r.sent.isoformat()] for r in message.references],
            "vtec": list(self.entry.vtec),
            "findings": [{"code": finding.code, "text": finding.text} for finding in findings],
            "content_hash": self.entry.content_hash,
            "raw": self.entry.raw,
            "decision": str(self.decision.verb),
            "code": self.decision.code,
            "reason": self.decision.reason,
            "received": self.at,
            **self.done,
        }


def add(connection: Connection, news: Sequence[NewEntry]) -> list[int]:
    """Record entries with their bytes and what was decided; returns the rows' ids in the same order."""
    made = feed_entries.insert().returning(feed_entries.c.id, sort_by_parameter_order=True)
    ids = list(connection.execute(made, [new.row() for new in news]).scalars())
    names = [
        {"entry": id_, "identifier": identifier}
        for id_, new in zip(ids, news, strict=True)
        for identifier in sorted({reference.identifier for reference in new.entry.message.references})
    ]
    if names:
        connection.execute(feed_references.insert(), names)
    return ids


def add_problem(connection: Connection, feed: str, problem: Problem, digest: str, at: datetime) -> bool:
    """Keep what could not be read, once for each content; False where it was kept before."""
    table = feed_entries.c
    query = sa.select(table.id).where(table.feed == feed, table.content_hash == digest, table.decision == "problem")
    if connection.execute(query.limit(1)).first() is not None:
        return False
    values: dict[str, Any] = {
        "feed": feed,
        "sender": "",
        "identifier": "",
        "sent": None,
        "msg_type": "",
        "event": "",
        "references": [],
        "vtec": [],
        "findings": [],
        "content_hash": digest,
        "raw": problem.raw[:MAX_RAW],
        "decision": "problem",
        "code": problem.code,
        "reason": problem.text,
        "received": at,
    }
    connection.execute(feed_entries.insert().values(**_BLANK | values))
    return True


def settle(connection: Connection, id: int, values: Mapping[str, Any]) -> None:
    """Note what was done with an entry, where it holds, how pressing it is, until when, since when it waits."""
    connection.execute(feed_entries.update().where(feed_entries.c.id == id).values(**values))


def written(connection: Connection, id: int, alert: str) -> None:
    """The same message that waits elsewhere (with a proof, or without) leads to the alert that was written from it."""
    table = feed_entries.c
    one = connection.execute(sa.select(table.content_hash, table.identifier, table.sender).where(table.id == id)).one()
    same = (table.content_hash == one.content_hash, table.identifier == one.identifier, table.sender == one.sender)
    waits = (table.awaits.is_not(None), table.alert.is_(None))
    connection.execute(feed_entries.update().where(*same, *waits).values(alert=alert, awaits=None))


def retire(connection: Connection, ids: Iterable[int]) -> None:
    """A later entry took their place: nobody need decide about these any more."""
    gone = sorted(ids)
    if gone:
        table = feed_entries.c
        connection.execute(
            feed_entries.update().where(table.id.in_(gone), table.awaits.is_not(None)).values(awaits=None)
        )


def narrow(connection: Connection, id: int, zones: Sequence[str]) -> None:
    """The entry's warning goes on in these zones alone."""
    connection.execute(feed_entries.update().where(feed_entries.c.id == id).values(zones=list(zones)))


def put_aside(connection: Connection, id: int, by: str, reason: str, at: datetime) -> bool:
    """A person decided that nothing is made of it. False where it waits for nobody."""
    table = feed_entries.c
    row = feed_entries.update().where(table.id == id, table.awaits.is_not(None))
    values = {"awaits": None, "decided_by": by, "decided_at": at, "decided_reason": reason}
    return connection.execute(row.values(**values)).rowcount == 1


def relink(connection: Connection, old: str, new: str) -> None:
    """Entries that led to one alert lead to the one that took its place."""
    connection.execute(feed_entries.update().where(feed_entries.c.alert == old).values(alert=new))


def used(connection: Connection, rule: str, since: datetime) -> int:
    """How many entries the rule has acted on after ``since``."""
    table = feed_entries.c
    query = sa.select(sa.func.count()).where(
        table.rule == rule, table.received > since, table.action.not_in(("", "keep"))
    )
    return int(connection.execute(query).scalar_one())


# --- shown warnings -------------------------------------------------------------------------------------------
def show(
    connection: Connection,
    id: str,
    entry: int,
    feed: str,
    message: CapMessage,
    zones: Sequence[str],
    expires: datetime,
    at: datetime,
) -> None:
    """Put a warning on the page in its issuer's words."""
    connection.execute(
        shown.insert().values(
            id=id,
            entry=entry,
            feed=feed,
            message=_MESSAGE.dump_python(message, mode="json"),
            zones=list(zones),
            expires=expires,
            state="live",
            at=at,
        )
    )


def shown_live(connection: Connection, entries: Iterable[int]) -> list[ShownRow]:
    """The live warnings that these entries brought."""
    query = sa.select(shown).where(shown.c.entry.in_(sorted(entries)), shown.c.state == "live")
    return [ShownRow(row.id, row.entry, tuple(row.zones)) for row in connection.execute(query.order_by(shown.c.id))]


def end_shown(connection: Connection, id: str, state: str) -> None:
    """superseded, cancelled or expired."""
    connection.execute(shown.update().where(shown.c.id == id, shown.c.state == "live").values(state=state))


def narrow_shown(connection: Connection, id: str, zones: Sequence[str]) -> None:
    """The warning goes on in these zones alone."""
    connection.execute(shown.update().where(shown.c.id == id, shown.c.state == "live").values(zones=list(zones)))


def expire_shown(connection: Connection, at: datetime) -> int:
    """Mark those whose time is over; the page dropped them by itself at that moment."""
    over = shown.update().where(shown.c.state == "live", shown.c.expires <= at).values(state="expired")
    return connection.execute(over).rowcount


def any_over(connection: Connection, at: datetime) -> bool:
    """Is there one to be marked?"""
    return connection.execute(_OVER, {"now": at}).first() is not None


# --- when each feed is due ------------------------------------------------------------------------------------
def states(connection: Connection) -> dict[str, Row[Any]]:
    """Every feed's row by name."""
    return {row.name: row for row in connection.execute(_STATES)}


def ensure(connection: Connection, names: Iterable[str]) -> None:
    """A row for each configured feed, due at once."""
    at = now(connection)
    for name in names:
        row = insert(connection, feed_states).values(
            name=name, due=at, etag="", last_modified="", failures=0, last_error=""
        )
        connection.execute(row.on_conflict_do_nothing(index_elements=["name"]))


def claim(connection: Connection, name: str, holder: str, lease: timedelta, early: bool) -> Row[Any] | None:
    """Lease a feed that is due (or whenever ``early``) and that nobody holds; its row, or None.

    By the database's clock, so that two clocks on two hosts never poll one feed at once.
    """
    at = now(connection)
    values = {"feed": name, "at": at, "by": holder, "until": at + lease}
    return connection.execute(_CLAIM_EARLY if early else _CLAIM, values).first()


def release(connection: Connection, name: str, holder: str, wait: timedelta, **values: Any) -> bool:
    """Give a feed back, due again after ``wait``; False where the lease was lost to another holder meanwhile."""
    row = feed_states.update().where(feed_states.c.name == name, feed_states.c.holder == holder)
    done = connection.execute(row.values(holder=None, lease=None, due=now(connection) + wait, **values))
    return done.rowcount == 1


def add_poll(connection: Connection, **values: Any) -> None:
    """One line of the feed's history; lines older than a week go."""
    connection.execute(_ADD_POLL, values)
    connection.execute(_FORGET_POLLS, {"of": values["feed"], "before": values["at"] - POLLS_KEPT})


def last_polls(connection: Connection) -> dict[str, Row[Any]]:
    """The newest poll of each feed."""
    one = sa.select(polls.c.id).where(polls.c.feed == feed_states.c.name).order_by(polls.c.at.desc(), polls.c.id.desc())
    newest = sa.select(one.limit(1).correlate(feed_states).scalar_subquery())
    return {row.feed: row for row in connection.execute(sa.select(polls).where(polls.c.id.in_(newest)))}


def live(connection: Connection, feed: str) -> bool:
    """Is an alert made of this feed, or a warning of it on our page, in force?"""
    return bool(connection.execute(_LIVE, {"feed": feed}).scalar_one())


# --- documents as they came -----------------------------------------------------------------------------------
def add_document(connection: Connection, feed: str, content_type: str, body: bytes, at: datetime) -> None:
    """Keep a document; those before the last ``DOCUMENTS_KEPT`` of the feed go."""
    table = feed_documents.c
    packed = zlib.compress(body[:MAX_RAW], 1)
    row = {"feed": feed, "at": at, "content_type": content_type[:200], "size": len(body), "body": packed}
    connection.execute(feed_documents.insert().values(**row))
    kept = sa.select(table.id).where(table.feed == feed).order_by(table.id.desc()).limit(DOCUMENTS_KEPT)
    connection.execute(feed_documents.delete().where(table.feed == feed, table.id.not_in(kept)))


def last_document(connection: Connection, feed: str) -> datetime | None:
    """When one was kept last."""
    query = sa.select(sa.func.max(feed_documents.c.at)).where(feed_documents.c.feed == feed)
    found: datetime | None = connection.execute(query).scalar_one()
    return found


# --- what an index links to -----------------------------------------------------------------------------------
def links(connection: Connection, feed: str) -> Mapping[str, Row[Any]]:
    """What is known of the documents this index linked to, by address."""
    query = sa.select(feed_links).where(feed_links.c.feed == feed)
    return {row.url: row for row in connection.execute(query)}


def put_link(connection: Connection, feed: str, link: Link, etag: str, last_modified: str, at: datetime) -> None:
    """Note how a linked document stood when it was fetched (or that it never will be)."""
    values = {"updated": link.updated, "etag": etag, "last_modified": last_modified, "at": at}
    row = insert(connection, feed_links).values(feed=feed, url=link.url, **values)
    connection.execute(row.on_conflict_do_update(index_elements=["feed", "url"], set_=values))


def forget_links(connection: Connection, feed: str, before: datetime) -> None:
    """Links not fetched for long are forgotten; their entries stay."""
    connection.execute(feed_links.delete().where(feed_links.c.feed == feed, feed_links.c.at < before))
