"""The form of a rule as it stands: every value as it was typed, read into a rule, and written back for another look.

Names of the form: ``name``, ``place`` (index among the other rules), ``feeds``, ``event`` (ticked) with ``events``
(others, one a line), ``severity`` ... ``vtec`` and ``zones`` (ticked), ``parameters`` (a line: NAME = VALUE, VALUE),
``hours`` (one span a line), ``template``, ``action``, ``max_per_hour``, ``follow``, ``base`` (digest of the file).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from werkzeug.datastructures import MultiDict

from broadcaster.domain.config import Match, RuleConfig
from broadcaster.domain.message import Finding
from broadcaster.domain.rule_change import Change

TICKED = ("severity", "urgency", "certainty", "response", "status", "zones", "vtec")
LISTS = ("feeds", "event", *TICKED)
TEXTS = ("name", "events", "parameters", "hours", "template", "action", "max_per_hour", "follow")
MOST = 999  # releases or submissions in an hour that anybody would write down


@dataclass(frozen=True, slots=True)
class Typed:
    """``lists``: what is ticked, by name; ``texts``: what is written, by name; ``place`` and ``base`` as sent."""

    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    place: str = ""
    base: str = ""

    def pairs(self) -> list[tuple[str, str]]:
        """The form as (name, value), to carry it on; without ``base``, which is that of the last look."""
        ticked = [(name, value) for name, values in self.lists.items() for value in values]
        return [*ticked, *self.texts.items(), ("place", self.place)]


def typed(form: MultiDict[str, str]) -> Typed:
    """What the browser sent."""
    return Typed(
        {name: tuple(form.getlist(name)) for name in LISTS},
        {name: form.get(name, "") for name in TEXTS},
        form.get("place", ""),
        form.get("base", ""),
    )


def shown(rule: RuleConfig, place: int, base: str, events: Sequence[str]) -> Typed:
    """The form that says what the rule says. ``events``: those that are offered to be ticked."""
    match = rule.match
    offered = {one.casefold(): one for one in events}
    ticked = tuple(offered[one.casefold()] for one in match.event if one.casefold() in offered)
    texts = {
        "name": rule.name,
        "events": "\n".join(one for one in match.event if one.casefold() not in offered),
        "parameters": "\n".join(_parameter(name, words) for name, words in match.parameters.items()),
        "hours": "\n".join(match.hours),
        "template": rule.template,
        "action": rule.action,
        "max_per_hour": str(rule.max_per_hour or ""),
        "follow": rule.follow,
    }
    lists = {name: getattr(match, name) for name in TICKED}
    return Typed({**lists, "feeds": rule.feeds, "event": ticked}, texts, str(place), base)


def read(given: Typed, old: RuleConfig | None) -> tuple[Change, list[Finding]]:
    """The change that this form means, and what cannot be read of it. What stays is spelt as it was."""
    wrong: list[Finding] = []
    texts = given.texts
    match = Match(
        **{name: given.lists[name] for name in TICKED},
        event=tuple(dict.fromkeys((*given.lists["event"], *_lines(texts["events"])))),
        parameters=_parameters(texts["parameters"], wrong),
        hours=tuple(_lines(texts["hours"])),
    )
    action = texts["action"]
    rule = RuleConfig(
        name=texts["name"].strip(),
        action=action,
        feeds=given.lists["feeds"],
        match=match,
        template=texts["template"] or "cap",
        max_per_hour=_number(texts["max_per_hour"], wrong),
        follow=texts["follow"] if action == "release" and texts["follow"] else "submit",
    )
    rule = _spelt(rule, old) if old else rule
    place = int(given.place) if given.place.isdecimal() and len(given.place) < 6 else 0
    return Change("change" if old else "add", old.name if old else "", rule, place), wrong


# --- the parts --------------------------------------------------------------------------------------------------
def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _parameter(name: str, words: Sequence[str]) -> str:
    return f"{name} = {', '.join(words)}" if words else name


def _parameters(text: str, wrong: list[Finding]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in _lines(text):
        name, sign, words = (part.strip() for part in line.partition("="))
        values = tuple(word.strip() for word in words.split(",") if word.strip())
        if not name or (sign and not values) or name in found:
            said = f"{line[:60]} is no parameter. Write each once: NAME = VALUE, VALUE, or NAME alone for any value."
            wrong.append(Finding("rule_parameter", said, True, about="parameters"))
        found[name] = values
    return found


def _number(text: str, wrong: list[Finding]) -> int:
    text = text.strip()
    if not text:
        return 0
    if not text.isdecimal() or len(text) > 4 or int(text) > MOST:
        said = f"Write a whole number from 0 to {MOST}, or leave it empty."
        wrong.append(Finding("rule_number", said, True, about="max_per_hour"))
        return 0
    return int(text)


def _spelt(rule: RuleConfig, old: RuleConfig) -> RuleConfig:
    """Words that only differ in order or in large and small letters stay as they stood: nothing changes by itself."""
    match = {name: _kept(getattr(rule.match, name), getattr(old.match, name)) for name in ("event", *TICKED)}
    same = {key: rule.match.parameters.get(key) for key in old.match.parameters} == dict(old.match.parameters)
    order = {key: rule.match.parameters[key] for key in old.match.parameters} if same else {}
    parameters = {**order, **rule.match.parameters}
    made = replace(rule.match, **match, parameters=parameters)
    follow = old.follow if rule.action != "release" and old.action == rule.action else rule.follow
    return replace(rule, match=made, feeds=_kept(rule.feeds, old.feeds), follow=follow)


def _kept(new: Sequence[str], old: Sequence[str]) -> tuple[str, ...]:
    chosen = {word.casefold(): word for word in new}
    stay = [word for word in old if word.casefold() in chosen]
    known = {word.casefold() for word in stay}
    return (*stay, *(word for folded, word in chosen.items() if folded not in known))
