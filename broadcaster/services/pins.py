"""Keeps a danger's post at the top of accounts that can (``domain.channel.Pins``), for as long as it is in force.

What is to be done is found in SQL each time, so whatever was missed is made up. A post may be pinned twice: that is
the same. Nothing of the sending waits for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from broadcaster.domain.channel import ChannelError, OutcomeUnknown, Pins
from broadcaster.services.channels import open_channels
from broadcaster.services.system import System
from broadcaster.store import pins as store
from broadcaster.store.engine import now

log = logging.getLogger(__name__)
SECONDS = 10.0
DONE, REFUSED, LATER = "done", "refused", "later"


def keep(system: System) -> int:
    """Pin what ought to be at the top and unpin what no longer is. Returns how many posts changed their place."""
    channels = open_channels(system)
    able: dict[str, Pins] = {name: one for name, one in channels.items() if isinstance(one, Pins)}
    with system.database.read() as connection:
        new = store.wanted(connection, [name for name, one in able.items() if one.pins])
        old = store.over(connection, list(able))
    if not new and not old:
        return 0
    answers = asyncio.run(_all(channels, able, new, old))
    with system.database.write() as connection:
        at = now(connection)
        for row, answer in zip(new, answers, strict=False):
            if answer != LATER:
                store.put(connection, row.id, answer == REFUSED, at)
        for row, answer in zip(old, answers[len(new) :], strict=True):
            if answer != LATER:
                store.drop(connection, row.id)
    return answers.count(DONE)


async def _all(
    channels: Mapping[str, Any], able: Mapping[str, Pins], new: Sequence[Any], old: Sequence[Any]
) -> list[str]:
    try:
        pinning = (_tried(row, able[row.channel].pin(row.provider_id)) for row in new)
        ending = (_tried(row, able[row.channel].unpin(row.provider_id)) for row in old)
        return await asyncio.gather(*pinning, *ending)
    finally:
        for channel in channels.values():
            await channel.close()


async def _tried(row: Any, work: Awaitable[None]) -> str:
    """What came of it; what nobody knows, and what may get better, is tried again."""
    try:
        async with asyncio.timeout(SECONDS):
            await work
    except ChannelError as error:
        log.warning("%s: post %s does not change its place: %s", row.channel, row.provider_id, error)
        return REFUSED if error.permanent else LATER
    except (OutcomeUnknown, TimeoutError) as error:
        log.info("%s: nobody knows whether post %s is at the top: %s", row.channel, row.provider_id, error)
        return LATER
    return DONE
