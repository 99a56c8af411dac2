"""The guided drill: exercises made by the instructor for one new approver, progress read from the record alone.

The instructor writes and submits, as an author would; it never approves. Nobody but who practises is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.accounts.people import listing as everybody
from broadcaster.domain.alert import Mode, State
from broadcaster.domain.drill import INSTRUCTOR, Did, Facts, Step, done
from broadcaster.domain.errors import Forbidden, Refused
from broadcaster.domain.lifecycle import PENDING
from broadcaster.domain.review import APPROVERS
from broadcaster.services import audit, compose
from broadcaster.services.channels import fitting
from broadcaster.services.drafting import Draft
from broadcaster.services.submit import submit
from broadcaster.services.system import Actor, System
from broadcaster.store import alerts as store
from broadcaster.store import audit_trail
from broadcaster.store.schema import subscriber_zones, zones

TEACHER = Actor(INSTRUCTOR, "drill", frozenset({"author"}))
LASTS = timedelta(hours=1)
Exercise = tuple[str, Mapping[str, str]]  # template and its fields
WRONG: Exercise = ("flash_flood", {"cause": "rain"})  # what the facts do not say: to be returned
RIGHT: Exercise = ("tornado", {"seen": "seen"})
AGAIN: Exercise = ("severe_weather", {"event": "high_wind", "guidance": "be_ready"})


@dataclass(frozen=True, slots=True)
class Drill:
    """One person's drill. ``alerts``: the first and second exercise, where they exist; ``state`` of each by id."""

    person: str
    begun: datetime
    alerts: tuple[str, ...]
    states: dict[str, str]
    steps: tuple[Step, ...]
    finished: datetime | None

    @property
    def complete(self) -> bool:
        """Every step is done."""
        return len(self.steps) == len(Step)

    @property
    def next(self) -> Step | None:
        """The step to do now."""
        return next((step for step in Step if step not in self.steps), None)


@dataclass(frozen=True, slots=True)
class Trained:
    """One approver for the admin's list: when the drill was finished last, or how far it is."""

    person: str
    finished: datetime | None
    steps: int


def current(system: System, person: str) -> Drill | None:
    """The drill that this person is in or has finished last; None where there is none."""
    with system.database.read() as connection:
        return _read(connection, person)


def start(system: System, actor: Actor) -> Drill:
    """The first exercise, in review. Raises Forbidden, Refused (under way, no channel for exercises, no zone)."""
    _trainee(actor)
    running = current(system, actor.name)
    if running is not None and running.finished is None:
        raise Refused("drill_runs", "Your drill is under way. Go on with it, or give it up first.")
    _exercise(system, actor, "drill.start", WRONG)
    return _now(system, actor)


def opened(system: System, actor: Actor) -> str:
    """The person opens the exercise: noted once. Returns the alert's id. Raises Refused without a drill."""
    drill = _running(system, actor)
    if Step.OPEN not in drill.steps:
        _note(system, actor, "drill.open", alert=drill.alerts[0])
    return drill.alerts[0]


def resubmit(system: System, actor: Actor) -> Drill:
    """The instructor corrects what was returned and submits it again. Raises Refused where it was not returned."""
    drill = _running(system, actor)
    alert = drill.alerts[0]
    if drill.next != Step.RESUBMITTED:
        raise Refused("drill_order", "Nothing waits for the instructor. Return the exercise first.")
    with system.database.write() as connection:
        old = store.get(connection, alert)
        draft = _draft(system, RIGHT, old.zones)
        compose.edit(system, TEACHER, alert, draft, connection)
        submit(system, TEACHER, alert, connection)
    return _now(system, actor)


def watched(system: System, actor: Actor) -> str:
    """The person watches it go out: noted once, only where it is on air. Returns the alert's id. Raises Refused."""
    drill = _running(system, actor)
    if Step.APPROVE not in drill.steps:
        raise Refused("drill_order", "It is not on air yet. Approve it first.")
    if Step.WATCH not in drill.steps:
        _note(system, actor, "drill.watch", alert=drill.alerts[0])
    return drill.alerts[0]


def second(system: System, actor: Actor) -> Drill:
    """The second exercise, in review. Raises Refused where its turn has not come."""
    drill = _running(system, actor)
    if drill.next != Step.SECOND or len(drill.alerts) > 1:
        raise Refused("drill_order", "The second exercise comes after the correction, once.")
    _exercise(system, actor, "drill.second", AGAIN)
    return _now(system, actor)


def finish(system: System, actor: Actor) -> Drill:
    """All steps are done: noted for the admins. Raises Refused where one is missing."""
    drill = _running(system, actor)
    if not drill.complete:
        raise Refused("drill_order", "Steps are left. The list says which.")
    _note(system, actor, "drill.done", steps=len(drill.steps))
    return _now(system, actor)


def leave(system: System, actor: Actor) -> None:
    """Give the drill up: what of it waits is put away; what is on air ends within the hour. Raises Refused."""
    drill = _running(system, actor)
    with system.database.write() as connection:
        for alert in store.by_ids(connection, drill.alerts):
            if alert.state in PENDING:
                compose.discard(system, connection, TEACHER, alert.id, f"{actor.name} gave the drill up")
    _note(system, actor, "drill.leave", steps=len(drill.steps))


def trained(system: System) -> list[Trained]:
    """Everybody who may approve, by e-mail: who has done the drill, and who is in it."""
    with system.database.read() as connection:
        names = [person.email for person in everybody(connection) if person.roles & APPROVERS and person.active]
        rows = audit_trail.of_objects(connection, [_object(name) for name in names])
        finished = {row.actor: row.at for row in rows if row.verb == "drill.done"}
        drills = {name: _read(connection, name) for name in names if any(row.actor == name for row in rows)}
    return [Trained(name, finished.get(name), len(d.steps) if (d := drills.get(name)) else 0) for name in names]


# --- the record -------------------------------------------------------------------------------------------------
def _read(connection: Connection, person: str) -> Drill | None:
    rows: list[Any] = []
    for row in audit_trail.of_objects(connection, [_object(person)]):
        if row.verb == "drill.start":
            rows = []
        rows = [] if row.verb == "drill.leave" else [*rows, row]
    if not rows or rows[0].verb != "drill.start":
        return None
    made = [row.detail["alert"] for row in rows if row.verb in ("drill.start", "drill.second")]
    verbs = {row.verb for row in rows}
    facts = Facts(
        person=person,
        opened="drill.open" in verbs,
        watched="drill.watch" in verbs,
        first=_steps(connection, made[0]),
        corrected=_follow_up(connection, made[0], "sent_in_error"),
        second=_steps(connection, made[1]) if len(made) > 1 else (),
        lifted=_follow_up(connection, made[1], "lifted") if len(made) > 1 else (),
    )
    states = {alert.id: str(alert.state) for alert in store.by_ids(connection, made)}
    over = next((row.at for row in rows if row.verb == "drill.done"), None)
    return Drill(person, rows[0].at, tuple(made), states, done(facts), over)


def _steps(connection: Connection, alert: str) -> tuple[Did, ...]:
    return tuple(Did(step.verb, step.by) for step in store.reviews_of(connection, alert))


def _follow_up(connection: Connection, alert: str, template: str) -> tuple[Did, ...]:
    later = store.by_ids(connection, store.replaced_by(connection, alert))
    return tuple(step for one in later if one.content.template == template for step in _steps(connection, one.id))


def _running(system: System, actor: Actor) -> Drill:
    _trainee(actor)
    found = current(system, actor.name)
    if found is None or found.finished is not None:
        raise Refused("no_drill", "No drill is under way. Begin one.")
    return found


def _now(system: System, actor: Actor) -> Drill:
    found = current(system, actor.name)
    if found is None:
        raise Refused("no_drill", "No drill is under way. Begin one.")
    return found


def _trainee(actor: Actor) -> None:
    if not actor.roles & APPROVERS:
        raise Forbidden("role", "The drill is for people who may approve.")


def _object(person: str) -> str:
    return f"drill:{person}"


def _note(system: System, actor: Actor, verb: str, **detail: Any) -> None:
    at = system.now()
    with system.database.write() as connection:
        audit.record(system, connection, actor, verb, _object(actor.name), at, **detail)


# --- the exercises ----------------------------------------------------------------------------------------------
def _exercise(system: System, actor: Actor, verb: str, exercise: Exercise) -> None:
    """Written and submitted by the instructor, and noted as this person's, in one transaction."""
    if not fitting(system.config, Mode.EXERCISE):
        raise Refused("no_drill_channel", "No channel carries exercises. Set drills = true on one in channels.toml.")
    at = system.now()
    with system.database.write() as connection:
        draft = _draft(system, exercise, (_zone(connection),))
        made = compose.create(system, TEACHER, draft, connection)
        if made.state == State.DRAFT:
            made = submit(system, TEACHER, made.id, connection)
        audit.record(system, connection, actor, verb, _object(actor.name), at, alert=made.id)


def _draft(system: System, exercise: Exercise, where: Sequence[str]) -> Draft:
    template, fields = exercise
    return Draft(template, fields, zones=tuple(where), mode=Mode.EXERCISE, expires=system.now() + LASTS)


def _zone(connection: Connection) -> str:
    """The zone with the most people; Refused where there is none."""
    query = (
        sa.select(zones.c.id)
        .outerjoin(subscriber_zones, subscriber_zones.c.zone == zones.c.id)
        .group_by(zones.c.id)
        .order_by(sa.func.count(subscriber_zones.c.subscriber).desc(), zones.c.id)
        .limit(1)
    )
    found = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise Refused("no_zone", "There are no zones yet. An admin imports them first.")
    return str(found)
