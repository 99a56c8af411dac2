"""Which rule an entry falls under, and so what is done with it. Pure; the first matching rule decides."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import time

from broadcaster.domain.alert import CapMessage, Info
from broadcaster.domain.config import Match, RuleConfig


@dataclass(frozen=True, slots=True)
class Ruling:
    """``action`` is keep, show, draft, submit or release; ``rule`` its name, "" where none matched (then: keep)."""

    action: str = "keep"
    rule: str = ""
    template: str = "cap"
    max_per_hour: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """What a rule looks at beside the message: where it came from and when (``clock``: the agency's own time of day),
    which zones of ours it touches, its P-VTEC codes, whether anything proves its sender."""

    feed: str
    zones: Collection[str] = ()
    vtec: Collection[str] = ()
    clock: time = time(0)
    proven: bool = True

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions of its codes: "/O.NEW.KSTO.TO.W..." -> "NEW"."""
        return tuple(code.split(".")[1] for code in self.vtec if code.count("."))


def ruling(rules: Sequence[RuleConfig], message: CapMessage, seen: Seen) -> Ruling:
    """The first rule that names its feed (or none) and matches the message; of what nothing proves they say nothing."""
    for rule in rules if seen.proven else ():
        if (not rule.feeds or seen.feed in rule.feeds) and matches(rule.match, message, seen):
            return Ruling(rule.action, rule.name, rule.template, rule.max_per_hour)
    return Ruling()


def held_back(found: Ruling) -> Ruling:
    """A ruling while automatic rules are stopped: at most a draft for people, nothing shown, nothing submitted.

    Showing stops too, because a feed that goes wrong puts its errors before the public just as a rule that submits
    puts them before people at night; every entry stays in front of the operators instead. A warning that is on our
    page already follows its issuer all the same (``planned``): an outdated one would be worse.
    """
    return replace(
        found, action={"submit": "draft", "release": "draft", "show": "keep"}.get(found.action, found.action)
    )


def matches(match: Match, message: CapMessage, seen: Seen) -> bool:
    """Does one info fulfil everything asked of infos, and the message the rest? An empty list asks for nothing."""
    if not _around(match, message, seen):
        return False
    return any(info_matches(match, info) for info in message.infos or (Info(),))


def _around(match: Match, message: CapMessage, seen: Seen) -> bool:
    if not _any_of(match.status, [message.status.value]) or not _any_of(match.vtec, seen.actions):
        return False
    if match.zones and not set(match.zones) & set(seen.zones):
        return False
    return not match.hours or any(within(span, seen.clock) for span in match.hours)


def span_of(written: str) -> tuple[time, time]:
    """ "22:00-06:00" as its two times. Raises ValueError."""
    begin, _, end = written.partition("-")
    try:
        found = time.fromisoformat(begin.strip()), time.fromisoformat(end.strip())
    except ValueError as error:
        raise ValueError(f"no span of a day: {written}") from error
    if found[0] == found[1] or any(one.tzinfo for one in found):
        raise ValueError(f"no span of a day: {written}")
    return found


def within(written: str, clock: time) -> bool:
    """Is it that time of day? A span may go over midnight; its end is outside."""
    begin, end = span_of(written)
    return begin <= clock < end if begin < end else clock >= begin or clock < end


def info_matches(match: Match, info: Info) -> bool:
    """Does this info fulfil everything that is asked of infos?"""
    asked: tuple[tuple[tuple[str, ...], Iterable[str]], ...] = (
        (match.event, [info.event]),
        (match.severity, [info.severity.value]),
        (match.urgency, [info.urgency.value]),
        (match.certainty, [info.certainty.value]),
        (match.response, info.response_types),
    )
    return all(_any_of(wanted, found) for wanted, found in asked) and all(
        _parameter(name, wanted, info) for name, wanted in match.parameters.items()
    )


def _parameter(name: str, wanted: tuple[str, ...], info: Info) -> bool:
    """Is there a parameter of that name with one of the values (any value where none is asked for)?"""
    found = [value for key, value in info.parameters if key.casefold() == name.casefold()]
    return bool(found) and _any_of(wanted, found)


def _any_of(wanted: Collection[str], found: Iterable[str]) -> bool:
    folded = {word.casefold() for word in wanted}
    return not folded or any(word.casefold() in folded for word in found)


def written(rule: RuleConfig) -> str:
    """The rule as it may stand in rules.toml: every key that says something, the same for the same rule."""
    lines = ["[[rule]]", f"name = {_toml(rule.name)}"]
    if rule.feeds:
        lines.append(f"feeds = {_toml(list(rule.feeds))}")
    match = [f"{key} = {_toml(list(words))}" for key, words in _asked(rule.match)]
    if rule.match.parameters:
        named = [f"{_toml(key)} = {_toml(list(words))}" for key, words in sorted(rule.match.parameters.items())]
        match.append(f"parameters = {{ {', '.join(named)} }}")
    if match:
        lines.append(f"match = {{ {', '.join(match)} }}")
    lines += [f"template = {_toml(rule.template)}", f"action = {_toml(rule.action)}"]
    if rule.max_per_hour:
        lines.append(f"max_per_hour = {rule.max_per_hour}")
    if rule.action == "release":
        lines.append(f"follow = {_toml(rule.follow)}")
    return "\n".join(lines)


def _asked(match: Match) -> list[tuple[str, tuple[str, ...]]]:
    found = ((one.name, getattr(match, one.name)) for one in fields(match) if one.name != "parameters")
    return [(name, words) for name, words in found if words]


def _toml(value: str | list[str]) -> str:
    """A basic string, or an array of them: what JSON writes of text is TOML too."""
    return json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done with an entry: on the page in its issuer's words, a draft of ours, submitted at once, released
    where nothing is against it."""

    show: bool = False
    draft: bool = False
    submit: bool = False
    release: bool = False

    @property
    def action(self) -> str:
        """The strongest of it, in the words of rules.toml."""
        words = ("release", self.release), ("submit", self.submit), ("draft", self.draft), ("show", self.show)
        return next((word for word, done in words if done), "keep")


def planned(
    found: Ruling, *, was_shown: bool, was_ours: bool, has_zones: bool, elsewhere: bool, by_rule: bool = False
) -> Plan:
    """The rule's action, and what an earlier message of the chain obliges to: an update follows where the
    warning it replaces went, whatever the rules say of it alone.

    Nothing new is made of what certainly touches no zone of ours (``elsewhere``); what no zone is known for is
    never shown, but drafted, because a person may know where it holds. ``by_rule``: a rule released the earlier
    message by itself; then this one is reviewed at least, and ``domain.releasing`` says whether the rule may go on.
    """
    action = "keep" if elsewhere else found.action
    show = (action == "show" or was_shown) and has_zones
    submit = action in ("submit", "release") or by_rule
    release = by_rule or (action == "release" and not was_ours)
    return Plan(show, submit or action == "draft" or was_ours, submit, release)
