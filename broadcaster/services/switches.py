"""Kill switches: stop everything, stop automatic rules, rest one channel; and let it go on again.

Nothing is lost by them: what is queued stays queued, what feeds bring is kept, approvals still reach the page.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from broadcaster.domain.errors import NotFound, Refused
from broadcaster.domain.switches import KNOWN, channel_of, check_switch_off, check_switch_on, of_channel
from broadcaster.services import audit
from broadcaster.services.steps import who
from broadcaster.services.system import Actor, System
from broadcaster.store import alarms
from broadcaster.store import switches as store
from broadcaster.store.switches import Stopped
from broadcaster.transport.queue import wake

log = logging.getLogger(__name__)
_SAID = {
    "sending": "All sending is stopped by {by}. Nothing goes out until somebody lets it go on.",
    "rules": "Automatic rules are stopped by {by}. What feeds bring is kept for people to decide.",
    "channel": "The channel {channel} is stopped by {by}. What is not sent waits.",
}


@dataclass(frozen=True, slots=True)
class Switch:
    """One switch as people see it; ``by``, ``at`` and ``reason`` of whoever stopped it."""

    name: str
    stopped: bool
    by: str = ""
    at: datetime | None = None
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """One row of ``switches list --json``."""
        return asdict(self)


def stopped(system: System) -> tuple[Stopped, ...]:
    """What is stopped now, for every screen; nothing where the database is away (each screen says that by itself)."""
    try:
        with system.database.read() as connection:
            return store.stopped(connection)
    except SQLAlchemyError as error:
        log.warning("kill switches cannot be read: %s", type(error).__name__)
        return ()


def listing(system: System) -> list[Switch]:
    """All switches there are: sending, rules, one for each configured channel."""
    with system.database.read() as connection:
        stopped = {one.name: one for one in store.stopped(connection)}
    names = [*KNOWN, *(of_channel(channel.name) for channel in system.config.channels)]
    return [_switch(name, stopped.get(name)) for name in names]


def _switch(name: str, found: Stopped | None) -> Switch:
    return Switch(name, False) if found is None else Switch(name, True, found.by, found.at, found.reason)


def stop(system: System, actor: Actor, name: str, reason: str = "") -> bool:
    """At once, by one person. False where it was stopped before. Raises NotFound, Forbidden.

    A sender sees it with its next group: what is in flight and at most one group still goes.
    """
    _known(system, name)
    by = who(actor)
    check_switch_off(by)
    at = system.now()
    with system.database.write() as connection:
        first = store.stop(connection, name, by.person, at, reason.strip())
        if first:
            alarms.ring(connection, f"switch:{name}", "switch", _said(name, by.person), at)
        audit.record(system, connection, actor, "switch.stop", f"switch:{name}", at, reason=reason, first=first)
    return first


def resume(system: System, actor: Actor, name: str, reason: str = "") -> None:
    """Let it go on. Raises NotFound, Forbidden (not proven in this request), Refused where it was not stopped."""
    _known(system, name)
    by = who(actor)
    check_switch_on(by)
    at = system.now()
    with system.database.write() as connection:
        if not store.resume(connection, name, by.person, at, reason.strip()):
            raise Refused("not_stopped", f"{name} is not stopped. Nothing was changed.")
        alarms.clear(connection, f"switch:{name}", at)
        audit.record(system, connection, actor, "switch.resume", f"switch:{name}", at, reason=reason)
    wake(system.redis)


def _known(system: System, name: str) -> None:
    channel = channel_of(name)
    if name not in KNOWN and (channel is None or system.config.channel(channel) is None):
        raise NotFound("switch", f"There is no switch {name!r}. There are: sending, rules, channel:NAME.")


def _said(name: str, by: str) -> str:
    channel = channel_of(name)
    return _SAID["channel" if channel else name].format(by=by, channel=channel)
