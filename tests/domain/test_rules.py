"""Which rule an entry falls under."""

from __future__ import annotations

import tomllib
from datetime import time
from typing import Any

import pytest

from broadcaster.domain.alert import Severity
from broadcaster.domain.config import Match, RuleConfig
from broadcaster.domain.rules import Plan, Ruling, Seen, matches, planned, ruling, span_of, within, written
from tests.domain.cap_messages import info, message

FLOOD = message(infos=(info(response_types=("Evacuate", "Shelter"), parameters=(("WEAHandling", "Imminent"),)),))
AT_NIGHT = Seen("nws", ["b"], ["/O.NEW.KSTO.FL.W.0001.261122T1100Z-261123T0600Z/"], time(2, 30))


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"event": ("flood warning",)},
        {"event": ("Tornado Warning", "Flood Warning")},
        {"severity": ("Severe",)},
        {"urgency": ("immediate",)},
        {"certainty": ("Likely",)},
        {"response": ("shelter",)},
        {"zones": ("a", "b")},
        {"status": ("Actual",)},
        {"parameters": {"weahandling": ("imminent",)}},
        {"parameters": {"WEAHandling": ()}},
        {"event": ("Flood Warning",), "severity": ("Severe",), "zones": ("b",)},
        {"vtec": ("new", "EXT")},
        {"hours": ("12:00-13:00", "22:00-06:00")},
    ],
)
def test_a_match_asks_only_for_what_it_lists(asked: dict[str, Any]) -> None:
    assert matches(Match(**asked), FLOOD, AT_NIGHT)


@pytest.mark.parametrize(
    "asked",
    [
        {"event": ("Flood",)},
        {"severity": ("Extreme",)},
        {"urgency": ("Future",)},
        {"certainty": ("Observed",)},
        {"response": ("Monitor",)},
        {"zones": ("a",)},
        {"status": ("Exercise",)},
        {"parameters": {"WEAHandling": ("None",)}},
        {"parameters": {"BLOCKCHANNEL": ()}},
        {"event": ("Flood Warning",), "severity": ("Extreme",)},
        {"vtec": ("CON",)},
        {"hours": ("06:00-22:00",)},
    ],
)
def test_what_is_asked_for_and_absent_does_not_match(asked: dict[str, Any]) -> None:
    assert not matches(Match(**asked), FLOOD, AT_NIGHT)


def test_all_that_is_asked_of_an_info_is_asked_of_the_same_one() -> None:
    two = message(infos=(info(event="Wind", severity=Severity.EXTREME), info()))
    assert matches(Match(event=("Wind",), severity=("Extreme",)), two, Seen("nws"))
    assert not matches(Match(event=("Flood Warning",), severity=("Extreme",)), two, Seen("nws"))


def test_a_message_without_infos_matches_only_what_asks_nothing_of_them() -> None:
    assert matches(Match(), message(infos=()), Seen("nws"))
    assert not matches(Match(event=("Wind",)), message(infos=()), Seen("nws"))


def test_the_first_rule_that_fits_feed_and_match_decides() -> None:
    rules = (
        RuleConfig("other", "submit", feeds=("usgs",)),
        RuleConfig("tornado", "submit", match=Match(event=("Tornado",))),
        RuleConfig("flood", "draft", feeds=("nws", "x"), template="weather", max_per_hour=3),
        RuleConfig("all", "show"),
    )
    assert ruling(rules, FLOOD, Seen("nws")) == Ruling("draft", "flood", "weather", 3)
    assert ruling(rules, FLOOD, Seen("y")).rule == "all"


def test_where_no_rule_matches_an_entry_is_kept() -> None:
    assert ruling((), FLOOD, Seen("nws")) == Ruling("keep", "")


@pytest.mark.parametrize(
    ("action", "known", "plan"),
    [
        ("keep", {}, Plan()),
        ("show", {}, Plan(show=True)),
        ("draft", {}, Plan(draft=True)),
        ("submit", {}, Plan(draft=True, submit=True)),
        ("keep", {"was_shown": True}, Plan(show=True)),
        ("keep", {"was_ours": True}, Plan(draft=True)),
        ("show", {"was_ours": True}, Plan(show=True, draft=True)),
        ("draft", {"was_shown": True}, Plan(show=True, draft=True)),
        ("show", {"has_zones": False}, Plan()),
        ("draft", {"has_zones": False}, Plan(draft=True)),
        ("submit", {"has_zones": False, "elsewhere": True}, Plan()),
        ("draft", {"has_zones": False, "elsewhere": True, "was_ours": True}, Plan(draft=True)),
        ("show", {"has_zones": False, "elsewhere": True, "was_shown": True}, Plan()),
        ("release", {}, Plan(draft=True, submit=True, release=True)),
        ("release", {"was_ours": True}, Plan(draft=True, submit=True)),
        ("keep", {"was_ours": True, "by_rule": True}, Plan(draft=True, submit=True, release=True)),
        ("release", {"elsewhere": True}, Plan()),
    ],
)
def test_an_update_follows_its_predecessor_and_nothing_is_made_of_what_is_elsewhere(
    action: str, known: dict[str, Any], plan: Plan
) -> None:
    facts: dict[str, Any] = {"was_shown": False, "was_ours": False, "has_zones": True, "elsewhere": False, **known}
    assert planned(Ruling(action), **facts) == plan


def test_the_strongest_part_of_a_plan_names_it() -> None:
    plans = (
        Plan(),
        Plan(show=True),
        Plan(show=True, draft=True),
        Plan(draft=True, submit=True),
        Plan(True, True, True, True),
    )
    assert [plan.action for plan in plans] == ["keep", "show", "draft", "submit", "release"]


@pytest.mark.parametrize(
    ("span", "inside", "outside"),
    [
        ("08:00-17:30", [time(8), time(17, 29)], [time(7, 59), time(17, 30), time(0)]),
        ("22:00-06:00", [time(22), time(0), time(5, 59)], [time(6), time(21, 59)]),
    ],
)
def test_a_span_of_the_day_holds_its_beginning_and_not_its_end_also_over_midnight(
    span: str, inside: list[time], outside: list[time]
) -> None:
    assert [within(span, one) for one in inside + outside] == [True] * len(inside) + [False] * len(outside)


@pytest.mark.parametrize("wrong", ["22:00", "22:00-22:00", "x-y", "08:00+01:00-09:00", "-", "25:00-26:00"])
def test_what_is_no_span_of_a_day_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="no span of a day"):
        span_of(wrong)


def test_a_written_rule_is_the_same_rule_when_it_is_read() -> None:
    asked = Match(
        event=('Tornado "Warning"', "Año"), zones=("a",), hours=("22:00-06:00",), parameters={"WEA x": ("1",)}
    )
    rule = RuleConfig("r", "release", ("nws",), asked, "tornado", 3, "release")
    (read,) = tomllib.loads(written(rule))["rule"]
    match = {key: value if key == "parameters" else tuple(value) for key, value in read.pop("match").items()}
    match["parameters"] = {key: tuple(words) for key, words in match["parameters"].items()}
    assert RuleConfig(**{**read, "feeds": tuple(read["feeds"]), "match": Match(**match)}) == rule
    assert written(RuleConfig("k", "keep")) == '[[rule]]\nname = "k"\ntemplate = "cap"\naction = "keep"'
