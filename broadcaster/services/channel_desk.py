"""The channels' desk: how each is, what it did today, what its errors mean; checking one, and a test to oneself."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Mode
from broadcaster.domain.channel import Attempt, ChannelError, Check, OutcomeUnknown, Recipient, Verdict
from broadcaster.domain.config import ChannelConfig
from broadcaster.domain.errors import Forbidden, NotFound, Refused
from broadcaster.domain.frames import framed
from broadcaster.domain.message import Limits, Message
from broadcaster.domain.review import APPROVERS
from broadcaster.domain.switches import SENDING, of_channel
from broadcaster.services import audit, token_life
from broadcaster.services.channels import limits_of, open_channel, pace_of
from broadcaster.services.steps import who
from broadcaster.services.system import Actor, System
from broadcaster.services.verdicts import verdicts
from broadcaster.store import alarms
from broadcaster.store import switches as switch_store
from broadcaster.store.schema import broadcasts, deliveries, users
from broadcaster.store.switches import Stopped

DAY = timedelta(hours=24)
ASK_SECONDS = 15.0
TEST_VALID_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Error:
    """A code of the provider among the messages of the last day. ``verdict`` says what it means for us."""

    code: str
    count: int
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Desk:
    """One channel. ``resting``: why it rests by itself; ``stopped``: by whom; ``totals`` of the last day by state."""

    config: ChannelConfig
    limits: Limits | None
    resting: str
    stopped: Stopped | None
    alarms: tuple[str, ...]
    totals: Mapping[str, int]
    errors: tuple[Error, ...]
    posts: int = 0  # that went up this month, where each has a price

    @property
    def spent(self) -> float:
        """What this month's posts cost, at the price that channels.toml names (X charges for each)."""
        return self.posts * float(getattr(self.config.options, "price_per_post", 0.0))

    @property
    def pace(self) -> float:
        """Segments or messages a second."""
        return pace_of(self.config, self.limits)


@dataclass(frozen=True, slots=True)
class Tested:
    """What became of a test message: its text, the masked address, the provider's word."""

    text: str
    accepted: bool
    said: str


def channels(system: System) -> list[Desk]:
    """All configured channels, in the order of channels.toml."""
    with system.database.read() as connection:
        limits = limits_of(system, connection)
        resting = alarms.paused(connection, system.now())
        stopped = {one.name: one for one in switch_store.stopped(connection)}
        rung = alarms.open_alarms(connection)
        totals, errors = _last_day(connection, system.now())
        priced = [c.name for c in system.config.channels if getattr(c.options, "price_per_post", 0.0)]
        posts = {name: _this_month(connection, name, system.now()) for name in priced}
    verdict = verdicts(system)
    return [
        Desk(
            config=config,
            limits=limits.get(config.name),
            resting=resting.get(config.name, ""),
            stopped=stopped.get(of_channel(config.name)),
            alarms=tuple(row.text for row in rung if row.key.startswith(f"channel:{config.name}:")),
            totals=totals.get(config.name, {}),
            errors=tuple(
                Error(code, count, verdict(config.name, code)) for code, count in errors.get(config.name, {}).items()
            ),
            posts=posts.get(config.name, 0),
        )
        for config in system.config.channels
    ]


def check(system: System, name: str) -> tuple[Check, ...]:
    """Ask the channel's provider now, as ``doctor`` does. Raises NotFound."""
    config = _config(system, name)
    return asyncio.run(token_life.asked(system, [config]))[name]


def own_address(system: System, actor: Actor, name: str) -> str:
    """Where a test of this channel would go: the person's own phone or e-mail; "" where there is none."""
    address = open_channel(system, _config(system, name)).limits()
    if address.audience != "people" or address.address == "push":
        return ""
    if address.address == "email":
        return actor.name
    with system.database.read() as connection:
        query = sa.select(users.c.phone).where(users.c.email == actor.name)
        return connection.execute(query).scalar_one_or_none() or ""


def test(system: System, actor: Actor, name: str) -> Tested:
    """One message to the person's own address, TEST first and last. Nobody else gets it.

    Raises NotFound, Forbidden (role), Refused: no address, off, stopped by a person, or no words approved for tests.
    """
    config = _config(system, name)
    by = who(actor)
    if by.machine or not by.roles & APPROVERS:
        raise Forbidden("role", "A test message needs an approver or an admin.")
    address = own_address(system, actor, name)
    _may_go(system, config, address)
    text, language = _words(system, config)
    tested = asyncio.run(_send(system, config, address, text, language))
    at = system.now()
    with system.database.write() as connection:
        detail = {"accepted": tested.accepted, "said": tested.said}
        audit.record(system, connection, actor, "channel.test", f"channel:{name}", at, **detail)
    return tested


def _words(system: System, config: ChannelConfig) -> tuple[str, str]:
    """The test's text, and the language of what stands around it."""
    said = f"{system.config.agency.name}: this is a test of the channel {config.name}, sent to you alone. No action."
    limits = open_channel(system, config).limits()
    if not limits.frames:
        return f"TEST. {said} TEST", "en"
    language = min(limits.frames.get(Mode.TEST, {}), key=lambda code: code != "en", default="en")
    frame = limits.frame(Mode.TEST, language)
    if frame is None:
        raise Refused(
            "no_frame",
            f"{config.name} takes approved words alone, and has none that begin and end with TEST. "
            "Add [channel.test_templates.en] to channels.toml.",
        )
    return framed(frame, said), language


def _may_go(system: System, config: ChannelConfig, address: str) -> None:
    if not config.enabled:
        raise Refused("disabled", f"The channel {config.name} is off in channels.toml.")
    if not address:
        raise Refused("no_address", "It has no address of yours. Give your phone number in your account, as +1 503 ...")
    with system.database.read() as connection:
        if switch_store.any_on(connection, SENDING, of_channel(config.name)):
            raise Refused("stopped", "The sending is stopped. Let it go on first; a test would break that.")


async def _send(system: System, config: ChannelConfig, address: str, text: str, language: str) -> Tested:
    channel = open_channel(system, config)
    message = Message(config.name, language, text, "TEST", 1, len(text))
    attempt = Attempt(uuid.uuid4().hex, system.now(), TEST_VALID_SECONDS)
    try:
        async with asyncio.timeout(ASK_SECONDS):
            taken = await channel.send(message, Recipient(address, language), attempt)
        return Tested(text, True, taken.provider_id)
    except ChannelError as error:
        return Tested(text, False, f"{error.code} {error.text}".strip())
    except (OutcomeUnknown, TimeoutError) as error:
        return Tested(text, False, f"no answer, so nobody knows whether it went out: {error}")
    finally:
        await channel.close()


def _config(system: System, name: str) -> ChannelConfig:
    found = system.config.channel(name)
    if found is None:
        raise NotFound("no_channel", f"There is no channel {name!r} in channels.toml.")
    return found


def _this_month(connection: Connection, channel: str, at: datetime) -> int:
    """Posts of a channel that stand, since the first of the month (UTC)."""
    first = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    stands = deliveries.c.state.in_(("accepted", "delivered"))
    query = sa.select(sa.func.count()).select_from(deliveries.join(broadcasts))
    query = query.where(deliveries.c.channel == channel, stands, broadcasts.c.created >= first)
    return int(connection.execute(query).scalar_one())


def _last_day(connection: Connection, at: datetime) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, int]]]:
    """Per channel: deliveries by state, and by code where the provider gave one."""
    recent = sa.select(broadcasts.c.id).where(broadcasts.c.created > at - DAY)
    d = deliveries.c
    totals: dict[str, dict[str, int]] = {}
    errors: dict[str, dict[str, int]] = {}
    query = sa.select(d.channel, d.state, d.code, sa.func.count().label("n")).where(d.broadcast.in_(recent))
    row: Any
    for row in connection.execute(query.group_by(d.channel, d.state, d.code).order_by(sa.desc("n"))):
        of = totals.setdefault(row.channel, {})
        of[row.state] = of.get(row.state, 0) + row.n
        if row.code and row.state != "delivered":
            codes = errors.setdefault(row.channel, {})
            codes[row.code] = codes.get(row.code, 0) + row.n
    return totals, errors
