"""Asks every channel's provider once a day whether it can be used, and rings a week before its token dies.

A platform's token ends on a day that nobody has in mind; without this the first to notice would be an evacuation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.engine import Connection

from broadcaster.domain.channel import ChannelError, Check, OutcomeUnknown
from broadcaster.domain.config import ChannelConfig
from broadcaster.domain.token_life import ends_soon, is_due, lasting
from broadcaster.services.channels import open_channel
from broadcaster.services.system import System
from broadcaster.store import alarms, checked
from broadcaster.store.engine import now

ASK_SECONDS = 15.0
KIND = "channel"
Checks = tuple[Check, ...]


def look(system: System) -> int:
    """Periodic: ask the channels whose turn it is. Returns how many were asked."""
    with system.database.read() as connection:
        rung = _rung(connection)
        last, at = checked.last(connection), now(connection)
    enabled = [config for config in system.config.channels if config.enabled]
    due = [one for one in enabled if is_due(last.get(one.name), _key(one.name) in rung, at)]
    over = rung.keys() - {_key(one.name) for one in enabled}
    if due or over:
        answers = asyncio.run(asked(system, due))
        with system.database.write() as connection:
            _tell(connection, answers, rung)
            for key in over:
                alarms.clear(connection, key, now(connection))
    return len(due)


async def asked(system: System, configs: Iterable[ChannelConfig]) -> dict[str, Checks]:
    """What each channel says of itself, by name, all at once; one that hangs holds no other."""
    wanted = list(configs)
    answers = await asyncio.gather(*(_ask(system, config) for config in wanted))
    return {config.name: found for config, found in zip(wanted, answers, strict=True)}


async def _ask(system: System, config: ChannelConfig) -> Checks:
    channel = open_channel(system, config)
    try:
        async with asyncio.timeout(ASK_SECONDS):
            return tuple(lasting(check, system.now()) for check in await channel.check())
    except (ChannelError, OutcomeUnknown, OSError, TimeoutError) as error:
        why = "no answer came in time" if isinstance(error, TimeoutError) else error
        return (Check(False, f"{config.name}: it cannot be asked: {why}", "see channels.toml and the network"),)
    finally:
        await channel.close()


def _tell(connection: Connection, answers: dict[str, Checks], rung: dict[str, str]) -> None:
    for name, found in answers.items():
        at, key = now(connection), _key(name)
        checked.put(connection, name, at)
        wrong = next((check for check in found if not check.ok), None)
        if wrong is None:
            alarms.clear(connection, key, at)
        elif rung.get(key) != _words(name, wrong, at):
            alarms.ring(connection, key, KIND, _words(name, wrong, at), at)


def _words(name: str, check: Check, at: datetime) -> str:
    if check.until is not None and ends_soon(check, at):
        return f"{name}: its token dies on {check.until:%Y-%m-%d %H:%M} UTC. Make a new one before (docs/channels)."
    found = check.text.removeprefix(f"{name}: ")
    return f"{name}: it failed its daily check: {found}. What to do: {check.hint}"


def _rung(connection: Connection) -> dict[str, str]:
    """Our open alarms: key -> text."""
    return {row.key: row.text for row in alarms.open_alarms(connection) if row.key.endswith(":check")}


def _key(name: str) -> str:
    return f"channel:{name}:check"
