"""A change of the rules before it is made: what they would be, and which of them could never match. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from broadcaster.domain.config import Match, RuleConfig
from broadcaster.domain.errors import Invalid, NotFound, Refused
from broadcaster.domain.rules import span_of, within

ACTS = ("add", "change", "move", "remove")
SEEN = ("show", "submit", "release")  # the public or an approver hears of it by itself


@dataclass(frozen=True, slots=True)
class Change:
    """One rule added, changed (also in its place), moved or removed. ``name`` is how it is called now, "" for a new
    one; ``rule`` how it is to be, None where it goes or only moves; ``place`` its index afterwards, from 0."""

    act: str
    name: str = ""
    rule: RuleConfig | None = None
    place: int = 0

    @property
    def about(self) -> str:
        """The rule's name, as it is called now where it has one."""
        return self.name or (self.rule.name if self.rule else "")


def after(rules: Sequence[RuleConfig], change: Change) -> tuple[RuleConfig, ...]:
    """The rules as the change would leave them. Raises Invalid, NotFound, Refused where it would change nothing."""
    if change.act not in ACTS or (change.rule is None) == (change.act in ("add", "change")):
        raise Invalid("act", "Choose what to do.")
    old = next((rule for rule in rules if rule.name == change.name), None)
    if old is None and change.act != "add":
        raise NotFound("rule", f"There is no rule {change.name!r} in rules.toml.")
    others = [rule for rule in rules if rule.name != change.name or change.act == "add"]
    if change.act != "remove" and (new := change.rule or old) is not None:
        others.insert(max(0, min(change.place, len(others))), new)
    found = tuple(others)
    if found == tuple(rules):
        raise Refused("nothing_changed", "This is how the rules are now: nothing would change.")
    return found


def touched(rules: Sequence[RuleConfig], change: Change) -> tuple[RuleConfig, ...]:
    """The rule as it is and as it is to be: an entry that neither of them matches keeps its outcome."""
    old = [rule for rule in rules if rule.name == change.name and change.act != "add"]
    return (*old, *([change.rule] if change.rule is not None else []))


def hides(old: str, new: str) -> bool:
    """Would somebody have heard of it by itself before, and now only who looks at the entries?"""
    return old in SEEN and new == "keep"


# --- rules behind others ----------------------------------------------------------------------------------------
def shadowed(rules: Sequence[RuleConfig]) -> dict[str, str]:
    """Rules that can never match -> the earlier rule that takes all that they ask for."""
    found = {}
    for n, rule in enumerate(rules):
        taker = next((earlier for earlier in rules[:n] if covers(earlier, rule)), None)
        if taker is not None:
            found[rule.name] = taker.name
    return found


def covers(wide: RuleConfig, narrow: RuleConfig) -> bool:
    """Does ``wide`` match everything that ``narrow`` matches? True only where it is certain."""
    if wide.feeds and not (narrow.feeds and set(narrow.feeds) <= set(wide.feeds)):
        return False
    mine, theirs = wide.match, narrow.match
    listed = (one.name for one in fields(Match) if one.name not in ("parameters", "hours", "zones"))
    if not all(_within(getattr(theirs, name), getattr(mine, name)) for name in listed):
        return False
    return (
        (not mine.zones or (bool(theirs.zones) and set(theirs.zones) <= set(mine.zones)))
        and _parameters(mine, theirs)
        and _hours(mine.hours, theirs.hours)
    )


def _within(narrow: Iterable[str], wide: Iterable[str]) -> bool:
    """Is whatever one of ``narrow`` fits fitted by ``wide`` too? Nothing listed fits all."""
    mine, theirs = {word.casefold() for word in wide}, {word.casefold() for word in narrow}
    return not mine or (bool(theirs) and theirs <= mine)


def _parameters(wide: Match, narrow: Match) -> bool:
    theirs = {name.casefold(): words for name, words in narrow.parameters.items()}
    return all(
        name.casefold() in theirs and _within(theirs[name.casefold()], words) for name, words in wide.parameters.items()
    )


def _hours(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    """Between two neighbouring ends of spans nothing changes, so that it is enough to ask at each of them."""
    if not wide:
        return True
    ends = {end for span in (*wide, *narrow) for end in span_of(span)}
    return bool(narrow) and all(
        any(within(span, end) for span in wide) for end in ends if any(within(span, end) for span in narrow)
    )
