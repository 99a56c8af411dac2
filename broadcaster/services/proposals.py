"""Four eyes for power: what one admin proposes another confirms. With one active admin alone, or from the shell (the
way back in when nobody can log in), it is done at once, and an alarm stands until somebody else has looked at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from broadcaster.accounts import people
from broadcaster.domain import powers as rules
from broadcaster.domain.errors import Forbidden, NotFound, Refused
from broadcaster.services import audit, powers
from broadcaster.services.powers import Act
from broadcaster.services.system import Actor, System
from broadcaster.store import alarms
from broadcaster.store.schema import proposals

RECENT = 50
SHELL = "shell:"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it: ``done`` or waiting for another admin; ``secret`` is a link, password or token, shown once."""

    id: int
    kind: str
    detail: dict[str, Any]
    done: bool
    secret: str = ""


def propose(system: System, actor: Actor, kind: str, detail: dict[str, Any]) -> Outcome:
    """Ask another admin; done at once where there is none. Raises Forbidden, Invalid, NotFound, Refused."""
    rules.check_admin(actor.roles, actor.verified)
    detail, at = powers.clean(kind, detail), system.now()
    try:
        with system.database.write() as connection:
            others = [one for one in people.active_admins(connection) if one != actor.name]
            alone = not others or actor.name.startswith(SHELL)
            act = Act(system, connection, actor, detail, at)
            powers.KINDS[kind].check(act)
            row = {"kind": kind, "detail": detail, "by": actor.name, "at": at}
            row |= {"outcome": rules.ALONE, "decided_at": at} if alone else {"outcome": rules.OPEN}
            made = int(connection.execute(proposals.insert().values(**row).returning(proposals.c.id)).scalar_one())
            secret = powers.KINDS[kind].perform(act) if alone else ""
            alarms.ring(connection, _key(made), "people", _told(actor, kind, detail, alone), at)
            verb = f"power.{kind}" if alone else _verb(kind, "propose")
            audit.record(system, connection, actor, verb, _object(detail), at, proposal=made, kind=kind, alone=alone)
    except IntegrityError as error:
        raise _taken() from error
    return Outcome(made, kind, detail, alone, secret)


def confirm(system: System, actor: Actor, id_: int) -> Outcome:
    """The second admin's word: it is done, in the same transaction. Raises Forbidden, NotFound, Refused."""
    rules.check_admin(actor.roles, actor.verified)
    at = system.now()
    try:
        with system.database.write() as connection:
            admins = people.active_admins(connection)
            row = _held(connection, id_)
            rules.check_open(row.outcome, row.at, at)
            rules.check_confirm(row.by, actor.name, admins)
            act = Act(system, connection, actor, row.detail, at)
            powers.KINDS[row.kind].check(act)
            secret = powers.KINDS[row.kind].perform(act)
            _decided(system, act, row, rules.CONFIRMED, f"power.{row.kind}")
    except IntegrityError as error:
        raise _taken() from error
    return Outcome(id_, row.kind, row.detail, True, secret)


def refuse(system: System, actor: Actor, id_: int) -> None:
    """Any admin's no, its proposer's too; nothing is changed. Raises Forbidden, NotFound, Refused."""
    rules.check_admin(actor.roles, actor.verified)
    with system.database.write() as connection:
        row = _held(connection, id_)
        if row.outcome != rules.OPEN:
            raise Refused("decided", "This was decided already. Look at the list again.")
        act = Act(system, connection, actor, row.detail, system.now())
        _decided(system, act, row, rules.REFUSED, _verb(row.kind, "refuse"))


def seen(system: System, actor: Actor, id_: int) -> None:
    """Somebody else than the one who did it alone has looked at it: the alarm ends."""
    at = system.now()
    with system.database.write() as connection:
        row = _held(connection, id_)
        if row.outcome != rules.ALONE or row.seen_by is not None:
            raise Refused("nothing_to_see", "Nobody waits for a second look at this.")
        if row.by == actor.name:
            raise Forbidden("four_eyes", "You did this alone, so somebody else must look at it.")
        connection.execute(proposals.update().where(proposals.c.id == id_).values(seen_by=actor.name))
        alarms.clear(connection, _key(id_), at)
        audit.record(system, connection, actor, "power.seen", _object(row.detail), at, proposal=id_, kind=row.kind)


def listing(system: System) -> list[dict[str, Any]]:
    """What waits first, then what was decided lately: the columns of ``proposals``, and ``waits``."""
    query = sa.select(proposals).order_by(proposals.c.id.desc()).limit(RECENT)
    with system.database.read() as connection:
        found = [dict(row) for row in connection.execute(query).mappings()]
    for one in found:
        one["waits"] = one["outcome"] == rules.OPEN
        one["unseen"] = one["outcome"] == rules.ALONE and one["seen_by"] is None
    return sorted(found, key=lambda one: not one["waits"])


def alone(system: System, actor: Actor) -> bool:
    """Is this the only active admin, so that nobody else can confirm?"""
    with system.database.read() as connection:
        return not [one for one in people.active_admins(connection) if one != actor.name]


# --- the parts --------------------------------------------------------------------------------------------------
def _held(connection: Connection, id_: int) -> sa.Row[Any]:
    row = connection.execute(sa.select(proposals).where(proposals.c.id == id_).with_for_update()).one_or_none()
    if row is None:
        raise NotFound("proposal", f"there is no proposal {id_}")
    return row


def _decided(system: System, act: Act, row: sa.Row[Any], outcome: str, verb: str) -> None:
    values = {"outcome": outcome, "decided_by": act.actor.name, "decided_at": act.at}
    act.connection.execute(proposals.update().where(proposals.c.id == row.id).values(**values))
    alarms.clear(act.connection, _key(row.id), act.at)
    more = {"proposal": row.id, "kind": row.kind, "proposed_by": row.by}
    audit.record(system, act.connection, act.actor, verb, _object(row.detail), act.at, **more)


def _verb(kind: str, step: str) -> str:
    """What the audit calls a step that decides nothing yet: the rules are nobody's power."""
    return f"{'rule' if kind == 'rule' else 'power'}.{step}"


def _told(actor: Actor, kind: str, detail: dict[str, Any], done: bool) -> str:
    what = powers.words(kind, detail)
    if done:
        return f"{actor.name} alone chose to {what}. Somebody else must look at it (Powers)."
    return f"{actor.name} proposes to {what}. Another admin must confirm or refuse it (Powers)."


def _key(id_: int) -> str:
    return f"people:{id_}"


def _object(detail: dict[str, Any]) -> str:
    if "rule" in detail:
        return f"rule:{detail['rule']}"
    return str(detail.get("email") or f"token:{detail.get('name')}")


def _taken() -> Refused:
    return Refused("exists", "there is such a login or token already, or it was added this moment")
