"""Arming a rule that releases by itself, and disarming it. Who may, and after what, is ``domain.arming``.

The rule's text is rules.toml's: nothing here changes it. What stands in SQL is who answers for which text until when.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection, Row

from broadcaster.domain import arming as rules
from broadcaster.domain.arming import Arming
from broadcaster.domain.config import RuleConfig
from broadcaster.domain.errors import NotFound, Refused
from broadcaster.domain.review import APPROVERS
from broadcaster.rendering.templates import load, words_digest
from broadcaster.services import audit
from broadcaster.services.steps import who
from broadcaster.services.system import SYSTEM, Actor, System
from broadcaster.store import alarms, switches
from broadcaster.store import arming as store
from broadcaster.store.notices import people

RECENT = 20


@dataclass(frozen=True, slots=True)
class RuleState:
    """A rule as people see it. ``why``: why it releases nothing, "" where it is armed; ``run`` its newest test run,
    ``tested`` whether that is of this text and new enough; ``releases`` what it released, the newest first."""

    rule: RuleConfig
    digest: str
    arming: Arming | None
    why: str
    run: Row[Any] | None
    tested: bool
    waits: bool
    releases: Sequence[Row[Any]]
    stopped: bool

    @property
    def armed(self) -> bool:
        """Would it release what matches?"""
        return self.rule.action == "release" and not self.why


def digest_of(system: System, rule: RuleConfig) -> str:
    """What two people answer for, as this process reads it now."""
    template = load(rule.template)
    words = {language: words_digest(template, language, {}) for language in (*template.languages, *template.facts)}
    trusted = {
        path: _content(path) for feed in system.config.feeds if feed.name in rule.feeds for path in feed.certificates
    }
    return rules.digest(rule, {**words, "template": repr(template.spec)}, system.config.feeds, trusted)


def _content(path: str) -> str:
    """The digest of a file of certificates as it stands; "" where it cannot be read, which then arms nothing anew."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return ""


def arm(system: System, actor: Actor, name: str, digest: str) -> bool:
    """One signature for the rule of this digest: the first waits for a second of another person, who arms it (True).

    Raises NotFound, Forbidden (role, machine, not proven, the same person), Refused (changed, not tested, armed).
    """
    system = system.ruled()
    rule, at, by = _rule(system, name), system.now(), who(actor)
    now = digest_of(system, rule)
    with system.database.write() as connection:
        store.lock(connection, name)
        rules.check_arm(by, rule, store.run_of(connection, name, now), digest, now, at)
        last = store.last(connection, name)
        if last is not None and not rules.unarmed(last, now, at):
            raise Refused("armed", "This rule is armed already.")
        if last is not None and last.digest == now and last.waits(at):
            rules.check_second(last, by, _approvers(connection))
            until = at + timedelta(days=system.config.policy.arming_days)
            store.complete(connection, last.id, by.person, at, until)
            alarms.clear(connection, _key(name), at)
            _recorded(system, connection, actor, "rule.arm", rule, at, now, first=last.first, until=until.isoformat())
            return True
        if last is not None:
            store.end(connection, last.id, by.person, "begun anew", at)
        store.begin(connection, name, now, by.person, at)
        _recorded(system, connection, actor, "rule.sign", rule, at, now)
    return False


def disarm(system: System, actor: Actor, name: str, reason: str = "") -> None:
    """At once, by one approver; what it released stays. Raises NotFound, Forbidden, Refused where it is not armed."""
    by, at = who(actor), system.now()
    rules.check_disarm(by)
    with system.database.write() as connection:
        store.lock(connection, name)
        last = store.last(connection, name)
        if last is None or not store.end(connection, last.id, by.person, reason.strip(), at):
            raise Refused("not_armed", "This rule is not armed, and nobody has signed for it.")
        audit.record(system, connection, actor, "rule.disarm", f"rule:{name}", at, reason=reason, arming=last.id)


def watch(system: System) -> int:
    """Periodic: what was changed or is over is disarmed for good, so that changing it back arms nothing."""
    system = system.ruled()
    with system.database.read() as connection:
        if not any(_ends(system, one) for one in store.open_ones(connection)):
            return 0
    with system.database.write() as connection:
        found = [(one, why) for one in store.open_ones(connection) if (why := _ends(system, one))]
        for one, why in found:
            ended(system, connection, one, why, system.now())
    return len(found)


def ended(system: System, connection: Connection, one: Arming, why: str, at: datetime) -> None:
    """Write that an arming is over by itself; those on duty hear of a rule that was armed."""
    if not store.end(connection, one.id, SYSTEM.name, why, at):
        return
    if one.second is not None:
        alarms.ring(
            connection, _key(one.rule), "rule_disarmed", f"The rule {one.rule} is not armed any more: {why}", at
        )
    audit.record(system, connection, SYSTEM, "rule.disarm", f"rule:{one.rule}", at, reason=why, arming=one.id)


def listing(system: System) -> list[RuleState]:
    """All rules in the order in which they are asked."""
    system = system.ruled()
    with system.database.read() as connection:
        return [_state(system, connection, rule) for rule in system.config.rules]


def state(system: System, name: str) -> RuleState:
    """One rule. Raises NotFound."""
    system = system.ruled()
    rule = _rule(system, name)
    with system.database.read() as connection:
        return _state(system, connection, rule)


def released_by(system: System, alert_id: str) -> str:
    """The rule that put this alert on air by itself, or ""."""
    with system.database.read() as connection:
        return store.rules_of(connection, [alert_id]).get(alert_id, "")


# --- the parts --------------------------------------------------------------------------------------------------
def _state(system: System, connection: Connection, rule: RuleConfig) -> RuleState:
    at, now = system.now(), digest_of(system, rule)
    last, run = store.last(connection, rule.name), store.last_run(connection, rule.name)
    return RuleState(
        rule=rule,
        digest=now,
        arming=last,
        why=rules.unarmed(last, now, at),
        run=run,
        tested=run is not None and run.digest == now and at - run.at <= rules.RUN_GOOD_FOR,
        waits=last is not None and last.digest == now and last.waits(at),
        releases=store.releases(connection, rule.name, RECENT),
        stopped=switches.any_on(connection, "rules"),
    )


def _ends(system: System, one: Arming) -> str:
    rule, at = system.config.rule(one.rule), system.now()
    if rule is None or rule.action != "release" or digest_of(system, rule) != one.digest:
        return rules.CHANGED
    if one.second is None:
        return "" if one.waits(at) else "Nobody gave the second signature."
    return rules.unarmed(one, one.digest, at)


def _rule(system: System, name: str) -> RuleConfig:
    rule = system.config.rule(name)
    if rule is None:
        raise NotFound("rule", f"There is no rule {name!r} in rules.toml.")
    return rule


def _approvers(connection: Connection) -> list[str]:
    return [row.email for row in people(connection) if row.name in APPROVERS]


def _recorded(
    system: System,
    connection: Connection,
    actor: Actor,
    verb: str,
    rule: RuleConfig,
    at: datetime,
    digest: str,
    **more: Any,
) -> None:
    detail = {"digest": digest, "rule": asdict(rule), **more}
    audit.record(system, connection, actor, verb, f"rule:{rule.name}", at, **detail)


def _key(name: str) -> str:
    return f"disarmed:{name}"
