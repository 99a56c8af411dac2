"""Words that mean one thing everywhere."""

from __future__ import annotations

import pytest

from broadcaster.domain.alert import Certainty as C
from broadcaster.domain.alert import Mode
from broadcaster.domain.alert import Severity as S
from broadcaster.domain.alert import Urgency as U
from broadcaster.domain.wording import (
    DRILL_LABELS,
    ENDINGS,
    EVACUATION_LEVELS,
    LEVEL_SHAPES,
    LEVEL_WORDS,
    Level,
    confirm_sentence,
    drill_label,
    level,
    magnitude,
    priority,
)


@pytest.mark.parametrize(
    ("urgency", "severity", "certainty", "expected"),
    [
        (U.IMMEDIATE, S.EXTREME, C.OBSERVED, Level.ACT_NOW),
        (U.IMMEDIATE, S.SEVERE, C.LIKELY, Level.ACT_NOW),
        (U.IMMEDIATE, S.SEVERE, C.POSSIBLE, Level.BE_READY),
        (U.IMMEDIATE, S.EXTREME, C.UNKNOWN, Level.BE_AWARE),
        (U.IMMEDIATE, S.MODERATE, C.OBSERVED, Level.ACT_SOON),
        (U.IMMEDIATE, S.MINOR, C.OBSERVED, Level.BE_AWARE),
        (U.EXPECTED, S.SEVERE, C.LIKELY, Level.ACT_SOON),
        (U.EXPECTED, S.EXTREME, C.POSSIBLE, Level.ACT_SOON),
        (U.EXPECTED, S.MODERATE, C.LIKELY, Level.BE_READY),
        (U.EXPECTED, S.MINOR, C.LIKELY, Level.BE_AWARE),
        (U.FUTURE, S.EXTREME, C.POSSIBLE, Level.BE_READY),
        (U.FUTURE, S.UNKNOWN, C.UNKNOWN, Level.BE_READY),
        (U.EXPECTED, S.UNKNOWN, C.POSSIBLE, Level.BE_READY),
        (U.UNKNOWN, S.UNKNOWN, C.UNKNOWN, Level.BE_AWARE),
        (U.PAST, S.EXTREME, C.OBSERVED, Level.BE_AWARE),
        (U.PAST, S.MODERATE, C.OBSERVED, Level.BE_AWARE),
    ],
)
def test_the_level_comes_from_urgency_severity_and_certainty_together(
    urgency: U, severity: S, certainty: C, expected: Level
) -> None:
    assert level(urgency, severity, certainty) == expected


def test_an_all_clear_only_informs() -> None:
    assert level(U.IMMEDIATE, S.EXTREME, C.OBSERVED, ["AllClear"]) == Level.BE_AWARE
    assert level(U.IMMEDIATE, S.EXTREME, C.OBSERVED, ["Evacuate"]) == Level.ACT_NOW


def test_levels_are_ordered_and_differ_in_word_and_shape() -> None:
    assert [one.order for one in Level] == [0, 1, 2, 3]
    assert len(set(LEVEL_SHAPES.values())) == len({words["en"] for words in LEVEL_WORDS.values()}) == 4


def test_the_four_endings_have_four_words_and_four_looks() -> None:
    assert set(ENDINGS) == {"lifted", "expired", "cancelled", "called_off", "superseded"}
    assert len({e.words["en"] for e in ENDINGS.values()}) == len({e.shape for e in ENDINGS.values()}) == 5
    assert "not declared safe" in ENDINGS["called_off"].words["en"]
    assert [key for key, ending in ENDINGS.items() if "safe" in ending.words["en"]] == ["expired", "called_off"]
    assert "not declared safe" in ENDINGS["expired"].words["en"]


def test_each_evacuation_set_says_order_warning_and_lifted_in_both_languages() -> None:
    for steps in EVACUATION_LEVELS.values():
        assert {"order", "warning", "lifted"} <= set(steps)
        for step in steps.values():
            assert {"en", "es"} <= set(step.name)
            assert {"en", "es"} <= set(step.sentence)
    assert EVACUATION_LEVELS["oregon"]["order"].name["en"] == "Level 3: Go now"


@pytest.mark.parametrize(
    ("people", "words"),
    [
        (0, "nobody"),
        (1, "a few people"),
        (9, "a few people"),
        (10, "dozens of people"),
        (999, "hundreds of people"),
        (1000, "thousands of people"),
        (5000, "thousands of people"),
        (10_000, "tens of thousands of people"),
        (999_999, "hundreds of thousands of people"),
        (1_000_000, "millions of people"),
    ],
)
def test_the_order_of_magnitude_is_said_in_words(people: int, words: str) -> None:
    assert magnitude(people) == words


def test_a_drill_never_shares_the_sentence_of_the_real_thing() -> None:
    assert confirm_sentence(5000, Mode.ACTUAL) == "I understand this will alert thousands of people."
    for mode in DRILL_LABELS:
        assert confirm_sentence(5000, mode).startswith(drill_label(mode, "en"))
    assert drill_label(Mode.EXERCISE, "es-US") == "SIMULACRO"
    assert drill_label(Mode.EXERCISE, "zh-Hans") == "演习"
    assert drill_label(Mode.EXERCISE, "ko") == "EXERCISE"
    assert drill_label(Mode.ACTUAL, "en") == ""


def test_evacuation_goes_first_then_corrections_then_by_level() -> None:
    calm, danger = (U.EXPECTED, S.MINOR, C.LIKELY), (U.IMMEDIATE, S.EXTREME, C.OBSERVED)
    numbers = [
        priority("evacuation_warning", (), *calm),
        priority("cap", ("Evacuate",), *danger),
        priority("cap", ("Shelter",), *danger),
        priority("sent_in_error", ("AllClear",), *calm),
        priority("severe_weather", (), *danger),
        priority("severe_weather", ("Shelter",), *calm),
    ]
    assert numbers == [0, 0, 0, 5, 10, 40]
