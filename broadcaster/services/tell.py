"""Telling our own people: the next step where nobody answers, new alarms, and sending what was written.

Periodic, and woken after each submission. Everything is a row first: ``kill -9`` at any point loses none. A row whose
try is silent is asked about where the channel can be asked, and else sent again, within bounds: rather twice than
never.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from broadcaster.domain import notice as rules
from broadcaster.domain.alert import Alert, Mode, State
from broadcaster.domain.channel import (
    Attempt,
    Channel,
    ChannelError,
    Found,
    OutcomeUnknown,
    Recipient,
    Sent,
    Verdict,
)
from broadcaster.domain.config import ChannelConfig
from broadcaster.domain.message import Limits, Message
from broadcaster.domain.notice import LINK, Kind, Told
from broadcaster.domain.text_sms import segments
from broadcaster.services import login_hint, noticed, notices
from broadcaster.services.channels import open_channel, pace_of
from broadcaster.services.system import System
from broadcaster.services.verdicts import verdicts
from broadcaster.store import alarms, alerts
from broadcaster.store import notices as store
from broadcaster.store.bundles import parts_with
from broadcaster.store.engine import again
from broadcaster.store.switches import stopped_channels
from broadcaster.transport.pace import Pace

log = logging.getLogger(__name__)
TRY_SECONDS = 10.0
VALID_SECONDS = 3600
HORIZON_SECONDS = 4.0  # what the pace lets start later waits for another round; with TRY_SECONDS below ``SILENT``
BACK_OFF_SECONDS = 2.0
Bunch = list[Any]  # rows that go out as one message
WAITING = ("nobody", "unanswered")  # keys of alarms about a review that waits


@dataclass(frozen=True, slots=True)
class Going:
    """A notice taken to be sent: its row with exactly what goes out, the reader's language, in how many seconds."""

    row: Any
    language: str
    wait: float


def tell(system: System) -> int:
    """One round; returns how many messages were tried."""
    again(lambda: _write(system))
    again(lambda: _drop_decided(system))
    _settle(system)
    going = _take(system)
    if going:
        asyncio.run(_all(system, going))
    return len(going)


# --- what is new --------------------------------------------------------------------------------------------------
def _write(system: System) -> None:
    """Further steps of reviews nobody decided, and alarms nobody was told of."""
    with system.database.read() as connection:
        if not _anything_new(system, connection):
            return
    with system.database.write() as connection:
        at = system.now()
        for parts in _waiting(connection):
            _next_steps(system, connection, parts, at)
        store.close(connection, store.over(connection), at)
        for alarm in _untold(connection):
            notices.rang(system, connection, alarm, at)
        _hear(connection, at)
        _quiet(connection, at)


def _anything_new(system: System, connection: Connection) -> bool:
    at = system.now()
    if any(_next(system, connection, parts, at) for parts in _waiting(connection)):
        return True
    return bool(store.over(connection) or _untold(connection) or _answered(connection) or _misheard(connection, at))


def _waiting(connection: Connection) -> list[tuple[Alert, ...]]:
    """What is in review, each bundle once."""
    found = {parts[0].id: parts for parts in _together(connection, alerts.in_states(connection, State.IN_REVIEW))}
    return [parts for parts in found.values() if not notices.practised(connection, parts)]


def _together(connection: Connection, waiting: Sequence[Alert]) -> list[tuple[Alert, ...]]:
    return [parts_with(connection, alert) for alert in waiting]


def _next(system: System, connection: Connection, parts: Sequence[Alert], at: datetime) -> list[tuple[int, list[Told]]]:
    """Steps that are due and not written, each with those of it who were not told; no people: nobody answers."""
    first, minutes = parts[0], system.config.policy.notify_step_minutes
    if first.submitted_at is None:
        return []
    found = rules.groups(notices.on_duty(system, connection), first.submitted_by)
    rows = store.of_about(connection, notices.about_review(first))
    known, told = {row.step for row in rows}, {row.person for row in rows}
    steps = range(rules.steps_due(first.submitted_at, at, minutes, len(found)))
    due = [(step, [one for one in found[step] if one.email not in told]) for step in steps if step not in known]
    written = [(step, group) for step, group in due if group]
    silent = bool(found) and rules.unanswered(first.submitted_at, at, minutes, len(found))
    if silent and not alarms.known(connection, f"unanswered:{first.id}"):
        written.append((len(found), []))
    return written


def _next_steps(system: System, connection: Connection, parts: Sequence[Alert], at: datetime) -> None:
    for step, group in _next(system, connection, parts, at):
        if group:
            notices.write_step(system, connection, parts, step, group, at)
        else:
            notices.unanswered_alarm(connection, parts[0], at)


def _untold(connection: Connection) -> list[Any]:
    """Open alarms that ring and that nobody was told of."""
    ringing = [alarm for alarm in alarms.open_alarms(connection) if alarm.kind in rules.RINGING]
    return [alarm for alarm in ringing if not store.of_about(connection, f"{Kind.ALARM}:{alarm.key}")]


def _misheard(connection: Connection, at: datetime) -> list[tuple[Alert, bool]]:
    """Reviews whose alarm that nobody was told is over (True) or wanting (False)."""
    ringing = {alarm.key for alarm in alarms.open_alarms(connection)}
    found = [(parts[0], notices.heard(connection, parts[0], at)) for parts in _waiting(connection)]
    return [
        (first, heard) for first, heard in found if heard is not None and heard == (f"nobody:{first.id}" in ringing)
    ]


def _hear(connection: Connection, at: datetime) -> None:
    for first, heard in _misheard(connection, at):
        if heard:
            alarms.clear(connection, f"nobody:{first.id}", at)
        else:
            notices.unheard_alarm(connection, first, at)


def _answered(connection: Connection) -> list[str]:
    """Keys of alarms about reviews that are decided."""
    keys = [alarm.key for alarm in alarms.open_alarms(connection) if alarm.key.partition(":")[0] in WAITING]
    found = {key: alerts.find(connection, key.partition(":")[2]) for key in keys}
    return [key for key, alert in found.items() if alert is None or alert.state != State.IN_REVIEW]


def _quiet(connection: Connection, at: datetime) -> None:
    for key in _answered(connection):
        alarms.clear(connection, key, at)


def _drop_decided(system: System) -> None:
    """What waits to be sent about a review that was decided meanwhile is not sent; nor an alarm that is over."""
    with system.database.read() as connection:
        if not store.due(connection, system.now()):
            return
    with system.database.write() as connection:
        at = system.now()
        gone = [row.id for row in store.due(connection, at) if not _wanted(connection, row, at)]
        store.move(connection, gone, ["queued"], "dropped", at, code="decided")


def _wanted(connection: Connection, row: Any, at: datetime) -> bool:
    kind, _, about = row.about.partition(":")
    if kind != Kind.ACCOUNT and at - row.created >= rules.GIVEN_UP:
        return False
    if kind == Kind.REVIEW:
        id_, _, revision = about.rpartition(":")
        alert = alerts.find(connection, id_)
        return alert is not None and alert.state == State.IN_REVIEW and str(alert.revision) == revision
    if kind == Kind.ALARM:
        return about in {alarm.key for alarm in alarms.open_alarms(connection)}
    return True


# --- sending --------------------------------------------------------------------------------------------------------
def _take(system: System) -> list[Going]:
    """Claim what may go now: one message per person, channel and minute; what waits for one person goes together."""
    with system.database.read() as connection:
        stopped = stopped_channels(connection)
        waits = [row for row in store.due(connection, system.now()) if row.channel not in stopped]
        bunches = _bunches(connection, waits, system.now())
        readers = {row.email: row.language for row in store.people(connection)}
    written = [(bunch, _said(system, bunch, readers)) for bunch in bunches]
    paced = [one for config in system.config.channels for one in _paced(system, config, written)]
    named = {config.name for config in system.config.channels}
    paced += [(bunch, text, 0.0) for bunch, text in written if bunch[0].channel not in named]
    return _begun(system, paced, readers) if paced else []


def _begun(system: System, paced: Sequence[tuple[Bunch, str, float]], readers: Mapping[str, str]) -> list[Going]:
    """Those that nobody else took meanwhile, claimed."""
    waits: dict[int, float] = {}
    with system.database.write() as connection:
        at = system.now()
        for bunch, text, wait in paced:
            if store.begin(connection, bunch[0], text, at):
                rest = [row.id for row in bunch[1:]]
                store.move(connection, rest, ["queued"], "dropped", at, code=f"{notices.WITH}{bunch[0].id}")
                waits[bunch[0].id] = wait
        rows = store.states(connection, waits)
    return [Going(rows[id_], readers.get(rows[id_].person, "en"), wait) for id_, wait in waits.items()]


def _paced(
    system: System, config: ChannelConfig, written: Sequence[tuple[Bunch, str]]
) -> list[tuple[Bunch, str, float]]:
    """A channel's messages that may start within ``HORIZON_SECONDS``, each with its seconds from now. The pace is the
    one that alerts keep, for both together."""
    own = [(bunch, text) for bunch, text in written if bunch[0].channel == config.name]
    if not own:
        return []
    limits = open_channel(system, config).limits()
    costs = [segments(text) if limits.in_parts else 1 for _, text in own]
    starts = _pace(system, config, limits).take(costs, HORIZON_SECONDS).starts
    return [(bunch, text, start) for (bunch, text), start in zip(own, starts, strict=False)]


def _pace(system: System, config: ChannelConfig, limits: Limits) -> Pace:
    return Pace(system.redis, config.name, pace_of(config, limits), system.settings.sender_processes)


def _bunches(connection: Connection, waits: Sequence[Any], at: datetime) -> list[Bunch]:
    """Rows that go out as one message: those to one person by one channel, drills apart; some kinds go alone."""
    found: dict[tuple[Any, ...], list[Any]] = {}
    for row in waits:
        kind = Kind(row.about.partition(":")[0])
        if row.tries == 0 and rules.must_wait(kind, store.last_started(connection, row.person, row.channel), at):
            continue
        alone = (row.id,) if kind in rules.ALONE or row.tries else ()
        found.setdefault((row.person, row.channel, _mode(connection, row), *alone), []).append(row)
    return list(found.values())


def _mode(connection: Connection, row: Any) -> Mode:
    kind, _, about = row.about.partition(":")
    alert = alerts.find(connection, about.partition(":")[0]) if kind in (Kind.REVIEW, Kind.OVERRIDE) else None
    return Mode.ACTUAL if alert is None else alert.mode


def _said(system: System, bunch: Bunch, readers: Mapping[str, str]) -> str:
    """The text with the reader's own link in it; one that was tried before says the same again."""
    row = bunch[0]
    if LINK not in row.text:
        return str(row.text)
    path = _path(row) if len(bunch) == 1 else "/console/"
    link = f"{system.settings.console_url}{path}?for={login_hint.signed(system, row.person)}"
    text = str(row.text) if len(bunch) == 1 else _one_text(system, bunch, readers.get(row.person, "en"))
    return text.replace(LINK, link)


def _path(row: Any) -> str:
    kind, _, about = row.about.partition(":")
    if kind == Kind.ACCOUNT:
        return "/console/account"
    if kind == Kind.RELEASE:
        return f"/console/alerts/{about}/released"
    return "/console/" if kind == Kind.ALARM else f"/console/alerts/{about.partition(':')[0]}/review"


def _one_text(system: System, bunch: Sequence[Any], language: str) -> str:
    with system.database.read() as connection:
        mode = _mode(connection, bunch[0])
        said = [_headline(connection, row, language) for row in bunch]
    text = rules.together(system.config.agency.name, said, mode, language)
    mail = notices.routes(system).get(bunch[0].channel) == "email"
    return f"{text.partition(': ')[2].partition(LINK)[0].strip()}\n\n{text}" if mail else text


def _headline(connection: Connection, row: Any, language: str) -> str:
    kind, _, about = row.about.partition(":")
    if kind == Kind.ALARM:
        open_ = (alarm for alarm in alarms.open_alarms(connection) if alarm.key == about)
        return next((rules.alarm_words(alarm.kind, alarm.text, language) for alarm in open_), str(about))
    return notices.headline(alerts.get(connection, about.partition(":")[0]))


async def _all(system: System, going: Sequence[Going]) -> None:
    """Every message side by side: one slow provider holds nobody else's."""
    configs = [c for c in system.config.channels if c.name in {one.row.channel for one in going}]
    channels = {config.name: open_channel(system, config) for config in configs}
    try:
        await asyncio.gather(*(_send(system, channels.get(one.row.channel), one) for one in going))
    finally:
        for channel in channels.values():
            await channel.close()


async def _send(system: System, channel: Channel | None, one: Going) -> None:
    """One try; whatever becomes of it is written down."""
    if channel is None:
        return _refused(system, one.row, ChannelError("the channel is gone", code="gone", permanent=True))
    await asyncio.sleep(one.wait)
    try:
        async with asyncio.timeout(TRY_SECONDS):
            accepted = await channel.send(*_message(one.row, one.language, system.now()))
        with system.database.write() as connection:
            noticed.taken(system, connection, one.row, accepted.delivered)
    except ChannelError as error:
        _refused(system, one.row, error)
    except (OutcomeUnknown, TimeoutError) as error:
        log.info("notice %s: outcome unknown: %s", one.row.id, error)
        _moved(system, one.row, ("sending",), "unknown")
    return None


def _message(row: Any, language: str, at: datetime) -> tuple[Message, Recipient, Attempt]:
    head, blank, body = row.text.partition("\n\n")
    subject, said = (head, body) if blank else ("", row.text)
    attempt = Attempt(noticed.attempt_id(row, row.tries), at, VALID_SECONDS, key=f"notice-{row.id}")
    return Message(row.channel, language, said, subject), Recipient(row.address, language), attempt


# --- what became of it ----------------------------------------------------------------------------------------------
def _refused(system: System, row: Any, error: ChannelError) -> None:
    config = system.config.channel(row.channel)
    if config is not None and verdicts(system)(row.channel, error.code) is Verdict.BACK_OFF:
        limits = open_channel(system, config).limits()
        _pace(system, config, limits).push(BACK_OFF_SECONDS if error.retry_after is None else error.retry_after)
    with system.database.write() as connection:
        noticed.refused(system, connection, row, ("sending",), error.code, error.permanent, error.retry_after)


def _moved(system: System, row: Any, from_: Sequence[str], to: str, **more: Any) -> None:
    with system.database.write() as connection:
        noticed.moved(system, connection, row, from_, to, **more)


def _settle(system: System) -> None:
    """Tries nobody has heard of, and what was taken and never confirmed: asked about where that is possible; the first
    are else sent again within bounds."""
    with system.database.read() as connection:
        at = system.now()
        rows = store.silent(connection, at - rules.SILENT)
        asking = {config.name for config in system.config.channels if open_channel(system, config).asks}
        taken = store.unconfirmed(connection, at - rules.UNHEARD, at - rules.GIVEN_UP)
        rows += [row for row in taken if row.channel in asking]
    if rows:
        asyncio.run(_ask(system, rows))


async def _ask(system: System, rows: Sequence[Any]) -> None:
    named = {config.name: config for config in system.config.channels}
    for row in rows:
        channel = open_channel(system, named[row.channel]) if row.channel in named else None
        try:
            _conclude(system, row, channel, await _found(channel, row))
        except (ChannelError, OutcomeUnknown, TimeoutError) as error:
            log.warning("notice %s could not be asked about: %s", row.id, error)
        finally:
            if channel is not None:
                await channel.close()


async def _found(channel: Channel | None, row: Any) -> Found | None:
    if channel is None or not channel.asks:
        return None
    message, recipient, attempt = _message(row, "en", row.started)
    async with asyncio.timeout(TRY_SECONDS):
        return await channel.find(Sent(attempt, message, recipient))


def _conclude(system: System, row: Any, channel: Channel | None, found: Found | None) -> None:
    at = system.now()
    if found is not None or row.state == "accepted":
        with system.database.write() as connection:
            store.move(connection, [row.id], ["accepted"], "accepted", at)  # asked: not again for a while
            if found is not None:
                noticed.said(system, connection, row, found.status, found.code)
        return None
    first_no = channel is not None and channel.asks and row.code != "not_found"
    if first_no:
        return _moved(system, row, noticed.OPEN, "unknown", code="not_found")
    if row.code == "not_found" and at - row.changed < rules.FOUND_TWICE:
        return None
    state = rules.after_doubt(row.tries, at - row.created)
    return _moved(system, row, noticed.OPEN, state, code="", due=at)
