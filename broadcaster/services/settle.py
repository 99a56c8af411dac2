"""Outcomes nobody knows: silent senders, time-outs, accepted messages without a receipt. Asked about, never guessed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.engine import Connection

from broadcaster.domain.channel import (
    Attempt,
    Channel,
    ChannelError,
    Found,
    OutcomeUnknown,
    Recipient,
    Sent,
    repeats,
)
from broadcaster.domain.delivery import NOT_FOUND_TWICE_SECONDS, AttemptState
from broadcaster.domain.message import Message
from broadcaster.domain.switches import SENDING
from broadcaster.services.channels import follows, open_channel, open_channels
from broadcaster.services.deliveries import suppress_ended
from broadcaster.services.receipts import lost_before
from broadcaster.services.system import System
from broadcaster.services.verdicts import act, verdicts
from broadcaster.store import alarms, deliveries, switches
from broadcaster.store import attempts as store
from broadcaster.store.broadcasts import About, about
from broadcaster.store.deliveries import Word
from broadcaster.store.engine import now
from broadcaster.transport.queue import wake

log = logging.getLogger(__name__)
AT_ONCE = 20
ASK_SECONDS = 8.0


def settle(system: System) -> None:
    """One sweep: free what no sender holds any more, name what is unknown, wake the senders."""
    with system.database.write() as connection:
        at = now(connection)
        deliveries.free_expired(connection, at)
        deliveries.promote(connection, at)
        silent = [Word(id_, AttemptState.UNKNOWN) for id_ in store.silent(connection, at)]
        _tell(system, connection, silent, at)
    suppress_ended(system)
    _take_over(system)
    with system.database.read() as connection:
        left = deliveries.any_queued(connection)
    if left:
        wake(system.redis)


def _take_over(system: System) -> None:
    """What is unsent on a channel that rests (by itself or by a person's switch) goes out by its ``fallback``, where
    that needs the same address; not while a person has stopped everything."""
    named = {c.name: c for c in system.config.channels if c.enabled}
    pairs = [(c, named[c.fallback]) for c in named.values() if c.fallback in named]
    if not pairs:
        return
    with system.database.write() as connection:
        at = now(connection)
        if switches.any_on(connection, SENDING):
            return
        resting = {*alarms.paused(connection, at), *switches.stopped_channels(connection)}
        for config, other in pairs:
            alike = open_channel(system, config).limits().address == open_channel(system, other).limits().address
            if config.name in resting and other.name not in resting and alike:
                moved = deliveries.move(connection, config.name, other.name, at)
                log.warning("%s rests: %d messages go out by %s", config.name, moved, other.name)


def ask(system: System) -> int:
    """Ask the providers about attempts in doubt; a slow one holds nothing else. Returns how many were settled."""
    followed = follows(system.config)
    rows = _due(system, followed)
    if not rows:
        return 0
    channels = open_channels(system)
    with system.database.read() as connection:
        held = store.known_ids(connection, list({row.recipient for row in rows}))
        posts = {row.id: _about(connection, row) for row in rows if _of_account(channels.get(row.channel))}
    answers = asyncio.run(_all(channels, rows, held, posts, followed))
    told = zip(rows, answers, strict=True)
    return sum(_conclude(system, row, answer, channels.get(row.channel)) for row, answer in told)


def _due(system: System, followed: Mapping[str, int]) -> list[Any]:
    """Attempts to ask about, marked as asked so that no other process asks now."""
    seconds, lost = system.config.policy.accepted_ask_after_seconds, lost_before(system)
    with system.database.write() as connection:
        at = now(connection)
        rows = store.in_doubt(connection, at) + store.without_receipt(connection, at, seconds, lost, followed)
        store.mark_asked(connection, [row.id for row in rows], at)
    return rows


async def _all(
    channels: dict[str, Channel],
    rows: Sequence[Any],
    held: dict[str, dict[str, str]],
    posts: Mapping[str, tuple[str, str]],
    followed: Mapping[str, int],
) -> list[Found | Exception | None]:
    """Every answer, in the order of the rows: found, not found (None), or why it could not be asked."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(row: Any) -> Found | Exception | None:
        channel = channels.get(row.channel)
        if channel is None or not (channel.asks or (row.provider_id and row.channel in followed)):
            return None
        try:
            async with gate, asyncio.timeout(ASK_SECONDS):
                return await channel.find(_sent(row, held.get(row.recipient, {}), posts.get(row.id, ("", ""))))
        except (ChannelError, OutcomeUnknown, TimeoutError) as error:
            return error

    try:
        return await asyncio.gather(*(one(row) for row in rows))
    finally:
        for channel in channels.values():
            await channel.close()


def _of_account(channel: Channel | None) -> bool:
    return channel is not None and channel.limits().audience == "account"


def _about(connection: Connection, row: Any) -> tuple[str, str]:
    return about(connection, row.incident, row.channel, About(row.delivery, row.recipient, row.after, row.edits))


def _sent(row: Any, held: dict[str, str], about: tuple[str, str]) -> Sent:
    message = Message(row.channel, row.language, row.text, row.subject, row.segments)
    others = frozenset(id_ for id_, attempt in held.items() if attempt != row.id)
    attempt = Attempt(row.id, row.started, 1, earlier=about[0], edits=about[1])
    return Sent(attempt, message, Recipient(row.recipient, row.language), others, row.provider_id or "")


def _conclude(system: System, row: Any, answer: Found | Exception | None, channel: Channel | None) -> int:
    """Write down what an answer proves; returns 1 where it settled something."""
    if isinstance(answer, Exception):
        log.warning("%s: attempt %s could not be asked about: %s", row.channel, row.id, answer)
        return 0
    with system.database.write() as connection:
        at = now(connection)
        word = _word(system, connection, row, answer, channel, at)
        if word is None:
            return 0
        _tell(system, connection, [word], at, row.channel)
    return 1


def _word(
    system: System, connection: Connection, row: Any, answer: Found | None, channel: Channel | None, at: datetime
) -> Word | None:
    if answer is not None and answer.status == row.state:
        return None  # nothing new; ``asked`` was noted, so that it is not asked again at once
    if answer is not None:
        return Word(row.id, AttemptState(answer.status), answer.provider_id, answer.url, code=answer.code)
    if row.state != AttemptState.UNKNOWN:
        return None  # accepted once: "not found" now proves nothing
    if repeats(channel):
        return Word(
            row.id, AttemptState.NOT_SENT, code="unknown_repeated", retry_after=0.0 if row.number == 1 else None
        )
    if channel is not None and channel.asks:
        return _not_found(connection, row, at)
    return _policy(system, row, at)


def _not_found(connection: Connection, row: Any, at: datetime) -> Word | None:
    """ "Not found" must hold twice, 10 s apart: a provider may list a message late."""
    if row.not_found is None:
        store.mark_not_found(connection, row.id, at)
        return None
    if at - row.not_found < timedelta(seconds=NOT_FOUND_TWICE_SECONDS):
        return None
    return Word(row.id, AttemptState.NOT_SENT)


def _policy(system: System, row: Any, at: datetime) -> Word:
    """Where the provider cannot be asked: send again within bounds (it may double), or give up; shown by its code."""
    policy = system.config.policy
    young = at - row.started < timedelta(minutes=policy.unknown_max_age_minutes)
    if policy.unknown_without_proof == "send_again" and young and row.number <= policy.unknown_max_resends:
        return Word(row.id, AttemptState.NOT_SENT, code="unknown_sent_again", retry_after=0.0)
    return Word(row.id, AttemptState.FAILED, code="unknown_given_up")


def _tell(system: System, connection: Connection, words: Sequence[Word], at: datetime, channel: str = "") -> None:
    verdict = verdicts(system)
    deliveries.tell(connection, words, verdict, system.config.policy.retry_max, at)
    if channel:
        act(system, connection, channel, words, verdict, at)
