"""Who of our own people is told of what: rows written in the transaction that they are about; ``tell`` sends them.

Nothing here asks a network, and nothing here refuses: a review that nobody can be told of is submitted all the same,
with a finding and an alarm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert, Mode
from broadcaster.domain.drill import guided
from broadcaster.domain.message import Finding
from broadcaster.domain.notice import LINK, Facts, Kind, Told, groups, may_have_told, subject, text
from broadcaster.domain.review import APPROVERS
from broadcaster.services.channels import open_channel
from broadcaster.services.system import System
from broadcaster.store import alarms, alerts, switches
from broadcaster.store import notices as store
from broadcaster.transport import queue

JOB = "broadcaster.jobs.run.periodic"
NOBODY_TOLD = "nobody_told"
WITH = "with:"  # the code of a notice that went out as a part of another
UNHEARD = "Nobody is known to have been told of it: no text or mail has arrived. Call somebody."
NOBODY = "Nobody on duty who may approve it can be told by text or mail. Call somebody."


def review_waits(system: System, connection: Connection, parts: Sequence[Alert], at: datetime) -> None:
    """A review was handed in: the first approvers on duty are told at once. ``parts``: all that is decided together."""
    if practised(connection, parts):
        return
    found = groups(on_duty(system, connection), parts[0].submitted_by)
    for part in parts:
        _say_whether_told(connection, part, bool(found))
    if found:
        write_step(system, connection, parts, 0, found[0], at)
        return
    alarms.ring(connection, f"nobody:{parts[0].id}", NOBODY_TOLD, f"{headline(parts[0])}: {NOBODY}", at)


def _say_whether_told(connection: Connection, part: Alert, told: bool) -> None:
    known = alerts.findings_of(connection, part.id)
    others = [one for one in known if one.code != NOBODY_TOLD]
    now = others if told else [*others, Finding(NOBODY_TOLD, NOBODY)]
    if len(now) != len(known):
        alerts.put_findings(connection, part.id, now)


def write_step(
    system: System, connection: Connection, parts: Sequence[Alert], step: int, group: Sequence[Told], at: datetime
) -> None:
    """One step's rows; those that stand already are left alone."""
    first = parts[0]
    facts = Facts(headline(first), by=str(first.submitted_by), mode=first.mode, parts=len(parts))
    for told in group:
        _write(system, connection, Kind.REVIEW, about_review(first), step, told, facts, at)
    alarms.clear(connection, f"nobody:{first.id}", at)


def released_alone(
    system: System, connection: Connection, parts: Sequence[Alert], by: str, reason: str, at: datetime
) -> None:
    """One person put it on air: everybody with a role is told at once, on duty or not, that person too."""
    if practised(connection, parts):
        return
    facts = Facts(headline(parts[0]), by=by, reason=reason, mode=parts[0].mode, parts=len(parts))
    for told in everybody(system, connection):
        _write(system, connection, Kind.OVERRIDE, f"{Kind.OVERRIDE}:{parts[0].id}", 0, told, facts, at)


def released_by_rule(system: System, connection: Connection, parts: Sequence[Alert], rule: str, at: datetime) -> None:
    """An armed rule put it on air: everybody on duty is told at once how to stop it; where nobody is, all are."""
    facts = Facts(headline(parts[0]), by=rule, mode=parts[0].mode, parts=len(parts))
    on = [told for told in on_duty(system, connection) if told.addresses]
    for told in on or everybody(system, connection):
        _write(system, connection, Kind.RELEASE, f"{Kind.RELEASE}:{parts[0].id}", 0, told, facts, at)


def rang(system: System, connection: Connection, alarm: Any, at: datetime) -> None:
    """An alarm: the duty officers are told once, however often it is renewed."""
    facts = Facts(alarm.text, about=alarm.kind)
    for told in on_duty(system, connection):
        _write(system, connection, Kind.ALARM, f"{Kind.ALARM}:{alarm.key}", 0, told, facts, at)


def account_changed(
    system: System, connection: Connection, email: str, change: str, at: datetime, phone: str | None = None
) -> None:
    """Somebody's way in was changed (``change``: a name of ``notice.CHANGES``): that person is told by every channel,
    on duty or not. ``phone``: the number it was before, which is told too."""
    told = next((one for one in everybody(system, connection) if one.email == email.casefold()), None)
    if told is None:
        return
    about, facts = f"{Kind.ACCOUNT}:{change}:{email}:{at.timestamp():.6f}", Facts(change)
    _write(system, connection, Kind.ACCOUNT, about, 0, told, facts, at)
    if phone is not None:
        before = {name: phone for name, kind in routes(system).items() if kind == "phone"}
        _write(system, connection, Kind.ACCOUNT, about, 1, replace(told, addresses=before), facts, at)


def wake(system: System) -> None:
    """After the commit: send what was written now, and not at the clock's next turn. May be lost without harm."""
    queue.enqueue(system.redis, queue.WORK, JOB, "tell", name="tell")


# --- what a screen says -------------------------------------------------------------------------------------------
def told_of(system: System, connection: Connection, parts: Sequence[Alert]) -> list[dict[str, Any]]:
    """Who was told that this review waits: person, channel, state, step, at; in the order of steps."""
    return [
        {
            "person": row.person,
            "channel": row.channel,
            "state": row.state,
            "step": row.step,
            "at": row.created,
            "code": row.code,
        }
        for row in store.of_about(connection, about_review(parts[0]))
    ]


def able(system: System, connection: Connection, submitter: str | None) -> list[str]:
    """E-mails of those who may approve what this person submitted, on duty first."""
    found: dict[str, bool] = {}
    for row in store.people(connection):
        if row.name in APPROVERS and row.email.casefold() != (submitter or "").casefold():
            found[row.email] = row.on_duty
    return sorted(found, key=lambda email: (not found[email], email))


# --- the parts --------------------------------------------------------------------------------------------------
def practised(connection: Connection, parts: Sequence[Alert]) -> bool:
    """Is it an exercise of a guided drill, or what its trainee says about one? Nobody is called to those."""
    if all(part.mode == Mode.ACTUAL for part in parts):
        return False
    earlier = {id_ for part in parts for id_ in part.replaces}
    return guided([*parts, *alerts.by_ids(connection, earlier)])


def about_review(first: Alert) -> str:
    """What a notice of this review is about; another one once it was withdrawn or returned and submitted again."""
    return f"{Kind.REVIEW}:{first.id}:{first.revision}"


def headline(alert: Alert) -> str:
    """What an alert is called in a notice."""
    infos = alert.content.infos
    return (infos[0].headline or infos[0].event) if infos else alert.content.template


def on_duty(system: System, connection: Connection) -> list[Told]:
    """Approvers and admins on duty, by their order."""
    return [told for told, duty in _people(system, connection) if duty and told.roles & APPROVERS]


def everybody(system: System, connection: Connection) -> list[Told]:
    """Everybody with a role."""
    return [told for told, _ in _people(system, connection)]


def routes(system: System) -> dict[str, str]:
    """Channels that tell our own people: name -> "phone" or "email".

    ``notify_channels`` of policy.toml, else every enabled channel that reaches people and stands in for no other; never
    calls, for a notice leads to a page, nor what takes approved words alone.
    """
    wanted = system.config.policy.notify_channels
    stand_ins = {channel.fallback for channel in system.config.channels}
    configs = [c for c in system.config.channels if c.enabled and (c.name in wanted or not wanted)]
    limits = {c.name: open_channel(system, c).limits() for c in configs if wanted or c.name not in stand_ins}
    return {name: o.address for name, o in limits.items() if o.address in ("phone", "email") and o.free}


def _people(system: System, connection: Connection) -> list[tuple[Told, bool]]:
    """Everybody with a login, whether on duty; channels that a person stopped are no way to reach anybody."""
    stopped = switches.stopped_channels(connection)
    ways = {name: address for name, address in routes(system).items() if name not in stopped}
    rows: dict[str, list[Any]] = {}
    for row in store.people(connection):
        rows.setdefault(row.email, []).append(row)
    return [(_told(held, ways), held[0].on_duty) for held in rows.values()]


def _told(held: Sequence[Any], ways: dict[str, str]) -> Told:
    row = held[0]
    known = {"phone": row.phone, "email": row.email}
    addresses = {name: known[address] for name, address in ways.items() if known[address]}
    return Told(row.email, row.notify_order, frozenset(one.name for one in held), row.language, addresses)


def _write(
    system: System,
    connection: Connection,
    kind: Kind,
    about: str,
    step: int,
    told: Told,
    facts: Facts,
    at: datetime,
) -> None:
    said = text(kind, system.config.agency.name, facts, told.language)
    mail = f"{subject(kind, facts, told.language)}\n\n{said.replace(LINK, f'{chr(10)}{LINK}{chr(10)}').strip()}"
    ways = routes(system)
    texts = {name: mail if ways[name] == "email" else said for name in told.addresses}
    store.add(connection, about, step, told, texts, at)


def heard(connection: Connection, first: Alert, at: datetime) -> bool | None:
    """Was somebody told that this review waits, or may they still be? None where nobody was to be told."""
    rows = store.of_about(connection, about_review(first))
    with_others = {int(row.code.removeprefix(WITH)) for row in rows if row.code.startswith(WITH)}
    sent = store.states(connection, with_others) if with_others else {}
    found = [sent.get(int(row.code.removeprefix(WITH))) if row.code.startswith(WITH) else row for row in rows]
    return any(row and may_have_told(row.state, at - row.created) for row in found) if rows else None


def unheard_alarm(connection: Connection, first: Alert, at: datetime) -> None:
    """It stands on the watch: texts to those who could ring would fail as these did."""
    alarms.ring(connection, f"nobody:{first.id}", NOBODY_TOLD, f"{headline(first)}: {UNHEARD}", at)


def unanswered_alarm(connection: Connection, first: Alert, at: datetime) -> None:
    """Everybody on duty was told and nobody decides: it stands on the watch, and rings nobody again."""
    said = f"{headline(first)}: everybody on duty was told, and nobody has decided. Call somebody."
    alarms.ring(connection, f"unanswered:{first.id}", "unanswered", said, at)
