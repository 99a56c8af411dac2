"""Which rule an entry falls under, and so what is done with it. Pure; the first matching rule decides."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from broadcaster.domain.alert import CapMessage, Info
from broadcaster.domain.config import Match, RuleConfig


@dataclass(frozen=True, slots=True)
class Ruling:
    """``action`` is keep, show, draft or submit; ``rule`` its name, "" where none matched (then: keep)."""

    action: str = "keep"
    rule: str = ""
    template: str = "cap"
    max_per_hour: int = 0


def ruling(rules: Sequence[RuleConfig], feed: str, message: CapMessage, zones: Collection[str]) -> Ruling:
    """The first rule that names this feed (or none) and matches the message in these zones."""
    for rule in rules:
        if (not rule.feeds or feed in rule.feeds) and matches(rule.match, message, zones):
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


def matches(match: Match, message: CapMessage, zones: Collection[str]) -> bool:
    """Does one info fulfil everything asked of infos, and the message the rest? An empty list asks for nothing."""
    if not _any_of(match.status, [message.status.value]):
        return False
    if match.zones and not set(match.zones) & set(zones):
        return False
    return any(_info_matches(match, info) for info in message.infos or (Info(),))


def _info_matches(match: Match, info: Info) -> bool:
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


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done with an entry: on the page in its issuer's words, a draft of ours, submitted at once."""

    show: bool = False
    draft: bool = False
    submit: bool = False

    @property
    def action(self) -> str:
        """The strongest of it, in the words of rules.toml."""
        return "submit" if self.submit else "draft" if self.draft else "show" if self.show else "keep"


def planned(found: Ruling, *, was_shown: bool, was_ours: bool, has_zones: bool, elsewhere: bool) -> Plan:
    """The rule's action, and what an earlier message of the chain obliges to: an update follows where the
    warning it replaces went, whatever the rules say of it alone.

    Nothing new is made of what certainly touches no zone of ours (``elsewhere``); what no zone is known for is
    never shown, but drafted, because a person may know where it holds.
    """
    action = "keep" if elsewhere else found.action
    show = (action == "show" or was_shown) and has_zones
    submit = action == "submit"
    return Plan(show, submit or action == "draft" or was_ours, submit)
