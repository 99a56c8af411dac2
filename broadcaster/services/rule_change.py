"""A change of the rules: proposed by one admin and confirmed by a second (``services.proposals``), then written.

The detail of a proposal says what to do and with what: ``rule`` (name), ``act``, ``name`` (as it is called now),
``text`` (its new TOML, "" where it goes or moves), ``place``, ``base`` (digest of the file that its proposer saw) and
``result`` (digest of the file that would come of it). A file that is neither is refused, and nothing is lost by it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from broadcaster.domain.arming import CHANGED
from broadcaster.domain.errors import ConfigError, Refused
from broadcaster.domain.rule_change import Change
from broadcaster.domain.rules import written
from broadcaster.rules_file import bytes_of
from broadcaster.services import arm, audit
from broadcaster.services.rule_text import rewritten, rule_of
from broadcaster.services.rule_write import hindrance, keep, path_of, write
from broadcaster.services.system import Actor, System
from broadcaster.settings import load_rules
from broadcaster.store import arming as store

FILE = "\nrules.toml"  # the name of a lock that no rule has


def read_now(system: System) -> tuple[System, bytes]:
    """The System with the rules that stand in the file this moment, and the file. Raises Refused where it is broken."""
    path = path_of(system)
    try:
        data = bytes_of(path)
        rules = load_rules(path, system.config)
    except ConfigError as error:
        text = f"rules.toml was changed by hand and cannot be read. Mend it there first: {error.text} ({error.hint})."
        raise Refused("rules_broken", text) from error
    return replace(system, config=replace(system.config, rules=rules)), data


def digest(data: bytes) -> str:
    """Hex SHA-256 of a file's bytes."""
    return hashlib.sha256(data).hexdigest()


def detail_of(system: System, change: Change, base: str) -> dict[str, Any]:
    """What a proposal of this change says. ``base``: the digest that was looked at. Raises Refused, Invalid."""
    ruled, data = read_now(system)
    if digest(data) != base:
        raise _changed_meanwhile()
    result = digest(rewritten(data.decode(), change, ruled.config).encode())
    text = written(change.rule) if change.rule else ""
    about = {"rule": change.about, "act": change.act, "name": change.name, "text": text, "place": change.place}
    return {**about, "base": base, "result": result}


def change_of(system: System, detail: Mapping[str, Any]) -> Change:
    """The change that a proposal means. Raises Invalid where its rule cannot be read any more."""
    rule = rule_of(detail["text"], system.config) if detail["text"] else None
    return Change(detail["act"], detail["name"], rule, detail["place"])


def check(system: System, connection: Connection, detail: Mapping[str, Any]) -> None:
    """Can it be done now? Raises Refused, Invalid, NotFound."""
    store.lock(connection, FILE)
    ruled, data = read_now(system)
    if digest(data) == detail["result"]:
        return
    hindered = hindrance(system, connection)
    if hindered is not None:
        raise hindered
    if digest(data) != detail["base"]:
        raise _changed_meanwhile()
    rewritten(data.decode(), change_of(ruled, detail), ruled.config)


def perform(system: System, connection: Connection, actor: Actor, detail: Mapping[str, Any], at: datetime) -> None:
    """Write the file, in the transaction that decides. Where it was written and the transaction was lost after it, the
    next confirmation finds the file as it is to be, and only records it."""
    ruled, data = read_now(system)
    change = change_of(ruled, detail)
    old = ruled.config.rule(change.name)
    kept = ""
    if digest(data) != detail["result"]:
        _disarm(ruled, connection, change, at)
        new = rewritten(data.decode(), change, ruled.config).encode()
        if digest(new) != detail["result"]:
            raise _changed_meanwhile()
        kept = keep(system, data, at)
        write(path_of(system), new)
    texts = {"before": written(old) if old and kept else "", "after": detail["text"], "place": change.place}
    files = {"file_before": detail["base"], "file_after": detail["result"], "kept": kept}
    audit.record(system, connection, actor, "rule.change", f"rule:{change.about}", at, act=change.act, **texts, **files)


def _disarm(ruled: System, connection: Connection, change: Change, at: datetime) -> None:
    """Here and now: no part of the system that has not read the new file yet may release by the old text."""
    old = ruled.config.rule(change.name)
    if old is None or change.act == "move":
        return
    store.lock(connection, old.name)
    last = store.last(connection, old.name)
    same = change.rule is not None and arm.digest_of(ruled, change.rule) == arm.digest_of(ruled, old)
    if last is not None and last.ended is None and not same:
        arm.ended(ruled, connection, last, CHANGED, at)


def _changed_meanwhile() -> Refused:
    return Refused(
        "rules_changed",
        "rules.toml has changed since this was looked at, by hand or by another proposal. "
        "Nothing is lost: look at what it would do now, and propose it again.",
    )
