"""Asks providers what they carry. Without an answer the last one stays, and the next look asks again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta

from broadcaster.domain.channel import Channel, ChannelError, Learned, Learns, OutcomeUnknown
from broadcaster.services.channels import open_channels
from broadcaster.services.system import System
from broadcaster.store import learned
from broadcaster.store.engine import now

log = logging.getLogger(__name__)
EVERY = timedelta(minutes=15)
ASK_SECONDS = 10.0


def learn(system: System) -> int:
    """Ask each provider whose word is missing, old, or another's. Returns how many answered."""
    answers = asyncio.run(_all(_due(system)))
    if answers:
        with system.database.write() as connection:
            for name, word in answers.items():
                learned.put(connection, name, word, now(connection))
    return len(answers)


def _due(system: System) -> dict[str, Channel]:
    with system.database.read() as connection:
        at, last = now(connection), learned.last(connection)
    fresh = {name: word.source for name, (word, when) in last.items() if at - when < EVERY}
    channels = open_channels(system).items()
    return {name: c for name, c in channels if isinstance(c, Learns) and fresh.get(name) != c.source}


async def _all(channels: Mapping[str, Channel]) -> dict[str, Learned]:
    """The answers that came; a provider that hangs holds no other."""
    said = await asyncio.gather(*(_ask(name, channel) for name, channel in channels.items()))
    return {name: word for name, word in zip(channels, said, strict=True) if word is not None}


async def _ask(name: str, channel: Channel) -> Learned | None:
    try:
        async with asyncio.timeout(ASK_SECONDS):
            return await channel.learn() if isinstance(channel, Learns) else None
    except (ChannelError, OutcomeUnknown, TimeoutError) as error:
        log.warning("%s: what it carries is not known anew: %s", name, error or type(error).__name__)
        return None
    finally:
        await channel.close()
