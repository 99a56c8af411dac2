"""What a change of the rules would mean, before anybody proposes it: outcomes of the last month, and what to beware of.

Each entry is asked alone, by the rules as they are and as they would be: what people did, kill switches, caps per hour
and what earlier messages of its thread oblige to are left out. What touches no zone of ours is kept by any rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection

from broadcaster.domain.config import RuleConfig
from broadcaster.domain.errors import Refused
from broadcaster.domain.rule_change import Change, after, hides, shadowed, touched
from broadcaster.domain.rules import planned, ruling, written
from broadcaster.services import arm, places, rule_change
from broadcaster.services import rule_month as month
from broadcaster.services.release_by_rule import seen
from broadcaster.services.rule_month import Sieve
from broadcaster.services.rule_text import checked, rewritten
from broadcaster.services.rule_write import hindrance
from broadcaster.services.system import System
from broadcaster.store import arming as store

LISTED = 100
MOST_READ = 5000  # documents, at about a millisecond each: somebody waits for the page


@dataclass(frozen=True, slots=True)
class Other:
    """An entry of which something else would have become. ``old`` and ``new``: the action's word."""

    entry: int
    event: str
    feed: str
    received: datetime
    old: str
    new: str

    @property
    def hidden(self) -> bool:
        """Somebody would have heard of it by itself before, and now only who looks at the entries."""
        return hides(self.old, self.new)


@dataclass(frozen=True, slots=True)
class Look:
    """``old`` and ``new``: the rule; ``text`` its TOML, ``file`` the whole file as it would be; ``base``: digest of
    the file looked at; ``counts``: (old action, new action) -> entries, ``others`` the first of them, those hidden
    before the rest; ``looked`` entries read, ``left_out`` older ones that were too many; ``shadows``: rules that could
    never match -> by which; ``disarms``: it is armed, or signed for once; ``hindered``: why it cannot be done here."""

    change: Change
    old: RuleConfig | None
    new: RuleConfig | None
    text: str
    file: str
    base: str
    counts: dict[tuple[str, str], int]
    others: tuple[Other, ...]
    looked: int
    left_out: int
    shadows: dict[str, str]
    disarms: bool
    hindered: Refused | None

    @property
    def hidden(self) -> int:
        """How many entries nobody would hear of by itself any more."""
        return sum(n for (old, new), n in self.counts.items() if hides(old, new))


def look(system: System, change: Change) -> Look:
    """All that is known of a change. Raises Invalid (with the key), NotFound, Refused (broken, nothing changed)."""
    ruled, data = rule_change.read_now(system)
    rules = checked(after(ruled.config.rules, change), ruled.config)
    old = ruled.config.rule(change.name) if change.act != "add" else None
    new = change.rule or (old if change.act == "move" else None)
    with system.database.read() as connection:
        others, looked, left_out = _others(ruled, connection, change, rules)
        disarms, hindered = _disarms(ruled, connection, change, old), hindrance(system, connection)
    try:
        file = rewritten(data.decode(), change, ruled.config)
    except Refused as error:
        file, hindered = "", hindered or error
    return Look(
        change=change,
        old=old,
        new=new,
        text=written(new) if new else "",
        file=file,
        base=rule_change.digest(data),
        counts=dict(Counter((one.old, one.new) for one in others)),
        others=tuple(sorted(others, key=lambda one: not one.hidden)[:LISTED]),
        looked=looked,
        left_out=left_out,
        shadows=shadowed(rules),
        disarms=disarms,
        hindered=hindered,
    )


def _others(
    system: System, connection: Connection, change: Change, rules: Sequence[RuleConfig]
) -> tuple[list[Other], int, int]:
    """Newest first: entries with another outcome, how many were read, how many were left out."""
    sieve, index, looked = Sieve(touched(system.config.rules, change)), places.index(connection), 0
    ids, left_out = month.near(connection, sieve, system.now(), chains=False, most=MOST_READ)
    found = []
    for row in store.documents(connection, ids):
        if not sieve.says(row):
            continue
        entry, feed = month.entry_of(system, row), system.config.feed(row.feed)
        if entry is None or feed is None:
            continue
        looked += 1
        place = index.place(places.areas_of(entry.message))
        about = seen(system, feed, entry, place.zones, row.received)
        old, new = (
            planned(
                ruling(each, entry.message, about),
                was_shown=False,
                was_ours=False,
                has_zones=bool(place.zones),
                elsewhere=place.elsewhere,
            ).action
            for each in (system.config.rules, rules)
        )
        if old != new:
            found.append(Other(row.id, row.event, row.feed, row.received, old, new))
    return found[::-1], looked, left_out


def _disarms(system: System, connection: Connection, change: Change, old: RuleConfig | None) -> bool:
    last = store.last(connection, old.name) if old else None
    if old is None or last is None or last.ended is not None or change.act == "move":
        return False
    return change.rule is None or arm.digest_of(system, change.rule) != arm.digest_of(system, old)


def proposed(system: System, detail: dict[str, object]) -> tuple[Look, bool]:
    """What a proposal would do to the rules as they are now, and whether they are those it was made against."""
    found = look(system, rule_change.change_of(system, detail))
    return found, found.base == detail["base"]
