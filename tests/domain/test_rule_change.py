"""Changes of the rules as lists, rules that hide behind earlier ones, and the file's text for one change."""

from __future__ import annotations

import itertools
import tomllib
from dataclasses import replace
from typing import Any

import pytest

from broadcaster.domain.config import Agency, Config, FeedConfig, Match, RuleConfig
from broadcaster.domain.errors import BroadcasterError, Refused
from broadcaster.domain.rule_change import Change, after, covers, hides, touched
from broadcaster.services.rule_text import rewritten
from broadcaster.settings import rules_of

A, B, C = (RuleConfig(name, "submit") for name in "abc")
NEW = RuleConfig("new", "draft", match=Match(event=("Flood",), parameters={"x y": ()}, hours=("22:00-06:00",)))
TEXT = """# The county's rules.
[[rule]]
name = "a"  # first
feeds = [
  "nws", # ours
  "usgs",
]
action = "submit"

# About b.
[[rule]]
name = "b"
action = "keep"
[rule.match]
# the great ones
severity = ["Extreme"]
zones = ["valley"]
[[rule]]
name = "c"
match = { event = ["Flood"], parameters = { threat = ["HIGH"] } }  # inline
action = "draft\""""
HEAD, A_TEXT, B_TEXT, C_TEXT = (
    TEXT[slice(*ends)]
    for ends in itertools.pairwise((0, 22, TEXT.index("# About"), TEXT.rindex("[[rule]]"), len(TEXT)))
)
CONFIG = Config(Agency("Judge County", "x@judge.example"), feeds=(FeedConfig("nws", "cap"), FeedConfig("usgs", "usgs")))
READ = replace(CONFIG, rules=rules_of(tomllib.loads(TEXT)["rule"], CONFIG))


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (Change("add", rule=NEW, place=1), "a new b c"),
        (Change("add", rule=NEW, place=99), "a b c new"),
        (Change("change", "b", NEW, 1), "a new c"),
        (Change("change", "b", NEW, 0), "new a c"),
        (Change("move", "c", place=0), "c a b"),
        (Change("remove", "b"), "a c"),
    ],
)
def test_a_change_leaves_all_other_rules_in_their_order(change: Change, names: str) -> None:
    assert [rule.name for rule in after((A, B, C), change)] == names.split()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (Change("change", "b", B, 1), "nothing_changed"),
        (Change("move", "b", place=1), "nothing_changed"),
        (Change("remove", "x"), "rule"),
        (Change("add"), "act"),
        (Change("remove", "a", A), "act"),
        (Change("burn", "a"), "act"),
    ],
)
def test_what_is_no_change_is_refused(change: Change, code: str) -> None:
    with pytest.raises(BroadcasterError) as caught:
        after((A, B, C), change)
    assert caught.value.code == code


def test_only_the_rule_that_changes_can_give_an_entry_another_outcome() -> None:
    assert touched((A, B), Change("change", "b", NEW, 1)) == (B, NEW)
    assert touched((A, B), Change("add", rule=replace(B, action="keep"))) == (replace(B, action="keep"),)
    assert [hides(*pair) for pair in (("submit", "keep"), ("show", "keep"), ("draft", "keep"), ("submit", "show"))] == [
        *(True, True, False, False)
    ]


def asking(**match: Any) -> RuleConfig:
    return RuleConfig("one", "keep", tuple(match.pop("feeds", ())), Match(**match))


@pytest.mark.parametrize(
    ("wide", "narrow", "certain"),
    [
        ({}, {"event": ("Flood",)}, True),
        ({"event": ("Flood",)}, {}, False),
        ({"event": ("FLOOD", "Storm")}, {"event": ("flood",), "severity": ("Severe",)}, True),
        ({"event": ("Flood",)}, {"event": ("Flood", "Storm")}, False),
        ({"feeds": ("nws",)}, {"feeds": ("nws",)}, True),
        ({"feeds": ("nws",)}, {}, False),
        ({"zones": ("a", "b")}, {"zones": ("a",)}, True),
        ({"zones": ("a",)}, {"zones": ("a", "b")}, False),
        ({"zones": ("a",)}, {}, False),
        ({"hours": ("20:00-07:00",)}, {"hours": ("22:00-06:00",)}, True),
        ({"hours": ("22:00-06:00",)}, {"hours": ("20:00-07:00",)}, False),
        ({"hours": ("22:00-02:00", "02:00-06:00")}, {"hours": ("23:00-05:00",)}, True),
        ({"hours": ("22:00-06:00",)}, {}, False),
        ({"parameters": {"Threat": ()}}, {"parameters": {"threat": ("HIGH",)}}, True),
        ({"parameters": {"threat": ("HIGH",)}}, {"parameters": {"threat": ()}}, False),
        ({"parameters": {"threat": ("HIGH",)}}, {"parameters": {"other": ("HIGH",)}}, False),
    ],
)
def test_a_rule_behind_one_that_takes_all_it_asks_for_can_never_match(wide: Any, narrow: Any, certain: bool) -> None:
    assert covers(asking(**wide), asking(**narrow)) is certain


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (Change("remove", "b"), f"{HEAD}{A_TEXT}{C_TEXT}"),
        (Change("move", "b", place=0), f"{HEAD}\n{B_TEXT}\n{A_TEXT}{C_TEXT}"),
        (
            Change("change", "a", replace(READ.rules[0], action="keep")),
            TEXT.replace('"submit"', '"keep"'),
        ),
        (
            Change("change", "b", replace(READ.rules[1], match=Match(severity=("Severe",))), 1),
            TEXT.replace('["Extreme"]\nzones = ["valley"]', '["Severe"]'),
        ),
        (
            Change("change", "c", replace(READ.rules[2], match=Match(event=("Flood",), parameters={"threat": ()})), 2),
            TEXT.replace('["HIGH"]', "[]"),
        ),
    ],
)
def test_the_text_of_other_rules_and_all_comments_stay_as_they_are(change: Change, text: str) -> None:
    assert rewritten(TEXT, change, READ) == text


def test_a_new_rule_is_written_whole_in_the_lines_of_its_file() -> None:
    change = Change("add", rule=NEW, place=3)
    windows = rewritten(TEXT.replace("\n", "\r\n"), change, READ)
    assert windows.replace("\r\n", "\n") == rewritten(TEXT, change, READ)
    assert "\n" not in windows.replace("\r\n", "")
    assert rewritten(TEXT, change, READ).startswith(f'{TEXT}\n\n[[rule]]\nname = "new"\n')
    assert rules_of(tomllib.loads(rewritten("", change, CONFIG))["rule"], CONFIG) == (NEW,)


@pytest.mark.parametrize("text", ['note = """\n[[rule]]\n"""\n', 'rule = [{ name = "a", action = "keep" }]\n'])
def test_a_file_that_is_not_cut_at_its_rules_is_left_alone(text: str) -> None:
    config = replace(CONFIG, rules=(RuleConfig("a", "keep"),))
    with pytest.raises(Refused, match="by hand"):
        rewritten(text, Change("remove", "a"), config)
