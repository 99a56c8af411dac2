"""rules.toml rewritten for one change: the text of every other rule, all comments and the order stay as they are.

The file is cut at its ``[[rule]]`` lines. What stands above the first belongs to the file, comments right above a
later one belong to that rule. The result is read again and compared; a file that cannot be cut so is left to people.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import asdict
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from broadcaster.domain.config import Config, RuleConfig
from broadcaster.domain.errors import ConfigError, Invalid, Refused
from broadcaster.domain.rule_change import Change, after
from broadcaster.domain.rules import written
from broadcaster.settings import rules_of

_HEADER = re.compile(r"^[ \t]*\[\[[ \t]*rule[ \t]*\]\][^\n]*$", re.MULTILINE)


class WrongRule(Invalid):
    """A rule that no configuration may hold: ``key`` says where in it ("match.vtec"; another word: its name)."""

    def __init__(self, error: ConfigError) -> None:
        super().__init__(error.id, f"{error.text} ({error.hint})")
        self.key = error.where.rsplit(" ", 1)[-1]


def rewritten(text: str, change: Change, config: Config) -> str:
    """The file's text after the change of ``config.rules``. Raises Refused, NotFound, WrongRule."""
    wanted = checked(after(config.rules, change), config)
    head, blocks = _cut(text, [rule.name for rule in config.rules])
    try:
        new = _joined(head, blocks, change, "\r\n" if "\r\n" in text else "\n")
        found = rules_of(tomllib.loads(new.removeprefix("\ufeff")).get("rule", []), config)
    except (TOMLKitError, tomllib.TOMLDecodeError, ConfigError) as error:
        raise _by_hand() from error
    if found != wanted:
        raise _by_hand()
    return new


def checked(rules: Sequence[RuleConfig], config: Config) -> tuple[RuleConfig, ...]:
    """The same rules, as they would be read from the file. Raises WrongRule."""
    try:
        return rules_of([_table(rule) for rule in rules], config)
    except ConfigError as error:
        raise WrongRule(error) from error


def rule_of(text: str, config: Config) -> RuleConfig:
    """One rule from its own text, as ``domain.rules.written`` writes it. Raises Invalid."""
    try:
        (rule,) = rules_of(tomllib.loads(text)["rule"], config)
    except (tomllib.TOMLDecodeError, ConfigError, KeyError, ValueError) as error:
        raise Invalid("rule_text", f"This is no rule that this installation can read: {error}") from error
    return rule


def _by_hand() -> Refused:
    return Refused(
        "file_shape",
        "rules.toml is written in a way in which this page cannot change one rule and leave the others. "
        "Change it by hand: the text of the rule stands on this page.",
    )


def _cut(text: str, names: Sequence[str]) -> tuple[str, list[str]]:
    """What stands above the first rule, and the text of each rule. Raises Refused."""
    starts = [match.start() for match in _HEADER.finditer(text)]
    starts = [start if n == 0 else _above(text, start, starts[n - 1]) for n, start in enumerate(starts)]
    blocks = [text[start:end] for start, end in zip(starts, [*starts, len(text)][1:], strict=True)]
    try:
        found = [[row["name"] for row in tomllib.loads(block)["rule"]] for block in blocks]
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise _by_hand() from error
    if found != [[name] for name in names]:
        raise _by_hand()
    return text[: starts[0]] if starts else text, blocks


def _above(text: str, start: int, least: int) -> int:
    """Where the comment begins that stands right above a header."""
    while start > least:
        line = text.rfind("\n", 0, start - 1) + 1
        if line <= least or not text[line:start].lstrip().startswith("#"):
            break
        start = line
    return start


def _joined(head: str, blocks: Sequence[str], change: Change, newline: str) -> str:
    parts = dict(enumerate(blocks))
    at = len(blocks) if change.act == "add" else next(n for n, one in parts.items() if _name(one) == change.name)
    order = [n for n in parts if n != at]
    if change.act != "remove":
        parts[at] = _new(change, newline) if at not in parts else _changed(parts[at], change.rule)
        order.insert(max(0, min(change.place, len(order))), at)
    text, before = head, -1
    for n in order:
        text += newline if text and not text.endswith(newline) else ""
        apart = n != before + 1 or n == len(blocks)  # it did not stand behind this one, or is new
        text += newline if apart and text and not text.endswith(newline * 2) else ""
        text, before = text + parts[n], n
    return text


def _new(change: Change, newline: str) -> str:
    assert change.rule is not None
    return written(change.rule).replace("\n", newline) + newline


def _name(block: str) -> object:
    return tomllib.loads(block)["rule"][0]["name"]


def _changed(block: str, rule: RuleConfig | None) -> str:
    """The text of a rule with only those keys written anew that say something else; as it is where it only moves."""
    if rule is None:
        return block
    document = tomlkit.parse(block)
    rows: Any = document["rule"]
    unsaid = {key: value for key, value in _table(RuleConfig("", "")).items() if key not in rows[0]}
    _merge(rows[0], {key: value for key, value in _table(rule).items() if unsaid.get(key, ...) != value})
    return document.as_string()


def _merge(table: MutableMapping[str, Any], wanted: Mapping[str, Any]) -> None:
    for gone in [name for name in table if name not in wanted]:
        del table[gone]
    for key, value in wanted.items():
        if isinstance(value, dict) and isinstance(table.get(key), MutableMapping):
            _merge(table[key], value)
        elif key not in table or table[key] != value:
            table[key] = _inline(value) if isinstance(value, dict) else value


def _inline(value: Mapping[str, Any]) -> Any:
    table = tomlkit.inline_table()
    for key, one in value.items():
        table[key] = _inline(one) if isinstance(one, dict) else one
    return table


def _table(rule: RuleConfig) -> dict[str, Any]:
    """A rule as TOML's plain values, without what says nothing."""
    found = {key: _plain(value) for key, value in asdict(rule).items()}
    found["match"] = {key: value for key, value in found["match"].items() if value}
    return {key: value for key, value in found.items() if value or key in ("name", "action")}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return list(value) if isinstance(value, tuple) else value
