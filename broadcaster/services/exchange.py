"""One transaction between two groups: results of the last, authority and attempts of the next.

Runs in the line's own thread, off the event loop.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Mode
from broadcaster.domain.channel import Attempt, Recipient
from broadcaster.domain.config import ChannelConfig
from broadcaster.domain.delivery import UNDER_WAY
from broadcaster.domain.message import Limits, Message
from broadcaster.domain.posting import Posting
from broadcaster.domain.switches import SENDING, of_channel
from broadcaster.rendering.phrasebook import tables
from broadcaster.services.cards import picture
from broadcaster.services.channels import fits
from broadcaster.services.postings import document_of, posting
from broadcaster.services.subscribers import unsubscribe_url
from broadcaster.services.system import System
from broadcaster.services.verdicts import VerdictOf, act
from broadcaster.store import deliveries as store
from broadcaster.store import switches
from broadcaster.store.broadcasts import About, about, first_mails, post_of
from broadcaster.store.deliveries import Authority, Leased, Word
from broadcaster.store.engine import now
from broadcaster.store.schema import broadcast_messages

UNTIL_LIFTED_SECONDS = 4 * 3600
EARLIER_WAITS = timedelta(seconds=0.5)  # before a post that waits for another one is looked at again


@dataclass(frozen=True, slots=True)
class Prepared:
    """A row marked ``sending`` whose request has not started; ``written`` is on the monotonic clock."""

    row: Leased
    message: Message
    recipient: Recipient
    attempt: Attempt
    written: float


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What came of a group: rows to send, and whether the channel must rest."""

    prepared: tuple[Prepared, ...]
    rest: bool


class Exchange:
    """The database's side of one channel's line."""

    def __init__(self, system: System, config: ChannelConfig, limits: Limits, holder: str, verdict: VerdictOf) -> None:
        self._system = system
        self._config = config
        self._limits = limits
        self._holder = holder
        self._verdict = verdict
        self._messages: dict[int, tuple[str, Message]] = {}
        self._postings: dict[int, Posting] = {}

    def claim(self, limit: int) -> list[Leased]:
        """Lease rows that may go next; none while a person has stopped the sending or this channel."""
        with self._system.database.write() as connection:
            if self._stopped(connection):
                return []
            return store.claim(connection, self._config.name, self._holder, limit, now(connection))

    def release(self, rows: Sequence[Leased]) -> None:
        """Give rows back that will not be sent by us."""
        with self._system.database.write() as connection:
            store.release(connection, [row.id for row in rows], self._holder)

    def segments(self, rows: Sequence[Leased]) -> list[int]:
        """What each row costs of the pace. Its text is read here, before ``group`` may mark the row sending."""
        missing = {row.message for row in rows} - self._messages.keys()
        if missing:
            with self._system.database.read() as connection:
                self._load(connection, missing)
        return [max(1, self._messages[row.message][1].segments) for row in rows]

    def group(self, words: Sequence[Word], rows: Sequence[Leased], held: Sequence[Leased]) -> Exchanged:
        """Write ``words``, mark ``rows`` sending where that is still allowed, renew the lease of ``held``.

        Where a person has stopped the sending meanwhile, ``rows`` go back to the queue and the channel rests.
        """
        with self._system.database.write() as connection:
            at = now(connection)
            rest = self._tell(connection, words, at)
            if self._stopped(connection):
                store.release(connection, [row.id for row in rows], self._holder)
                return Exchanged((), True)
            allowed = self._allowed(connection, rows, at)
            written = time.monotonic()
            named = [(row, uuid.uuid4().hex) for row in rows if row.id in allowed]
            kept = store.begin(connection, named, self._holder, at)
            store.renew(connection, [row.id for row in held], self._holder, at)
            begun = [(row, id_) for row, id_ in named if row.id in kept]
            answered = self._answered(connection, [row for row, _ in begun], allowed)
            prepared = [
                self._prepare(connection, row, id_, allowed[row.id], at, written, answered.get(row.recipient, ""))
                for row, id_ in begun
            ]
        return Exchanged(tuple(prepared), rest)

    def _stopped(self, connection: Connection) -> bool:
        return switches.any_on(connection, SENDING, of_channel(self._config.name))

    def _tell(self, connection: Connection, words: Sequence[Word], at: datetime) -> bool:
        if not words:
            return False
        store.tell(connection, words, self._verdict, self._system.config.policy.retry_max, at)
        return act(self._system, connection, self._config.name, words, self._verdict, at)

    def _allowed(self, connection: Connection, rows: Sequence[Leased], at: datetime) -> dict[int, Authority]:
        """Rows that may go out now; the others are suppressed with the reason."""
        if not rows:
            return {}
        known = store.authority(connection, {row.broadcast for row in rows}, at)
        rows = self._in_turn(connection, rows, at)
        people = [row.subscriber for row in rows if row.subscriber is not None]
        gone = store.left(connection, people, self._limits.address) if people else set()
        refused: dict[str, list[int]] = {}
        for row in rows:
            if reason := self._refusal(row, known[row.broadcast], gone):
                refused.setdefault(reason, []).append(row.id)
        for reason, ids in refused.items():
            store.suppress(connection, ids, reason, at)
        out = {id_ for ids in refused.values() for id_ in ids}
        return {row.id: known[row.broadcast] for row in rows if row.id not in out}

    def _in_turn(self, connection: Connection, rows: Sequence[Leased], at: datetime) -> list[Leased]:
        """Without those whose earlier post nobody has heard of yet: they wait. One whose earlier post came to nothing
        says nothing alone; the delivery of that one says why."""
        ready: list[Leased] = []
        early: list[Leased] = []
        alone: list[Leased] = []
        for row in rows:
            about = row.after or row.edits
            state, post = post_of(connection, about) if about else ("", "none needed")
            (ready if post else early if state in UNDER_WAY else alone).append(row)
        store.postpone(connection, [row.id for row in early], self._holder, at + EARLIER_WAITS)
        store.suppress(connection, [row.id for row in alone], "no_earlier_post", at)
        return ready

    def _refusal(self, row: Leased, authority: Authority, gone: set[int]) -> str:
        if authority.obstacle:
            return authority.obstacle
        if not fits(self._config, Mode(authority.mode)):
            return "drill"
        return "opted_out" if row.subscriber in gone else ""

    def _answered(
        self, connection: Connection, rows: Sequence[Leased], known: Mapping[int, Authority]
    ) -> dict[str, str]:
        """Recipient -> the first mail they had of this incident, which an update answers."""
        if self._limits.address != "email":
            return {}
        found: dict[str, str] = {}
        for broadcast, incident in {(row.broadcast, known[row.id].incident) for row in rows}:
            to = [row.recipient for row in rows if row.broadcast == broadcast]
            found |= first_mails(connection, incident, self._config.name, to, broadcast)
        return found

    def _prepare(
        self,
        connection: Connection,
        row: Leased,
        id_: str,
        authority: Authority,
        at: datetime,
        written: float,
        answered: str = "",
    ) -> Prepared:
        language, message = self._messages[row.message]
        left = UNTIL_LIFTED_SECONDS if authority.expires is None else int((authority.expires - at).total_seconds())
        key = f"{row.broadcast}-{row.id}"
        attempt = Attempt(id_, at, max(1, left), answered, key, posting=self._postings.get(row.message))
        if self._limits.audience == "account":
            delivery = About(row.id, row.recipient, row.after, row.edits)
            earlier, edits = about(connection, authority.incident, self._config.name, delivery)
            attempt = replace(attempt, earlier=earlier, edits=edits)
        return Prepared(row, message, self._recipient(row.recipient, language), attempt, written)

    def _recipient(self, address: str, language: str) -> Recipient:
        if self._limits.address != "email":
            return Recipient(address, language)
        return Recipient(address, language, unsubscribe_url(self._system, address), tables(language)["forms"]["leave"])

    def _load(self, connection: Connection, ids: set[int]) -> None:
        query = sa.select(broadcast_messages).where(broadcast_messages.c.id.in_(ids))
        for row in connection.execute(query).all():
            self._messages[row.id] = (row.language, _message(row))
            if self._limits.audience == "account" or self._limits.address in ("email", "push"):
                self._postings[row.id] = self._posting(connection, row)

    def _posting(self, connection: Connection, row: sa.Row[Any]) -> Posting:
        """The first post of a thread carries the card, where the channel takes one; machines get the document."""
        alert, found = posting(self._system, connection, row)
        if self._limits.document:
            found = replace(found, document=document_of(self._system, connection, alert))
        if not self._limits.picture or row.number:
            return found
        return replace(found, picture=picture(self._system, connection, alert, row.language, self._limits.picture))


def _message(row: sa.Row[Any]) -> Message:
    return Message(row.channel, row.language, row.text, row.subject, row.segments, number=row.number)
