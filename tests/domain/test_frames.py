"""Approved words around ours: written whole, cut out again, and what is wrong with them."""

from __future__ import annotations

import pytest

from broadcaster.domain.alert import Mode
from broadcaster.domain.frames import LONGEST, ROOM, SLOT, cut_out, fault, framed

FRAME = "Alert from Judge County: {{1}} In danger call 911."
REAL, DRILL, TEST = Mode.ACTUAL, Mode.EXERCISE, Mode.TEST


@pytest.mark.parametrize("words", ["Leave now.", "x", "In danger call 911.", "{{1}}", "\u6d2a\u6c34 \U0001f525"])
def test_what_was_put_in_comes_out_again(words: str) -> None:
    assert cut_out(FRAME, framed(FRAME, words)) == words


@pytest.mark.parametrize(
    "text",
    [
        "Leave now.",
        "Alert from Judge County: Leave now. In danger call 112.",
        "Warning from Judge County: Leave now. In danger call 911.",
        framed(FRAME, ""),
        "Alert from Judge County: In danger call 911.",  # the ends share a space
    ],
)
def test_a_text_in_other_words_or_with_nothing_of_ours_is_not_cut(text: str) -> None:
    assert cut_out(FRAME, text) is None


@pytest.mark.parametrize(
    ("frame", "mode", "language"),
    [
        (FRAME, REAL, "en"),
        ("Alert from us:\n{{1}}\nTesting 911 is wrong.", REAL, "en"),
        ("EXERCISE: we practise. {{1}} EXERCISE", DRILL, "en"),
        ("SIMULACRO del condado. {{1}} SIMULACRO", DRILL, "es"),
        ("TEST: we try this. {{1}} TEST", TEST, "en"),
        ("A b {{1}} " + "c" * (LONGEST - ROOM - 5), REAL, "en"),
    ],
)
def test_these_words_are_right(frame: str, mode: Mode, language: str) -> None:
    assert fault(frame, mode, language) is None


@pytest.mark.parametrize(
    ("frame", "mode", "language", "said"),
    [
        ("Alert from Judge County.", REAL, "en", "needs {{1}} once"),
        ("Alert {{1}} from {{1}} the county", REAL, "en", "needs {{1}} once"),
        ("Alert from {{2}}: {{1}} Call 911.", REAL, "en", "needs {{1}} once"),
        ("Alert from {{2}} Call 911.", REAL, "en", "needs {{1}} once"),
        ("{{1}} In danger call 911.", REAL, "en", "begins or ends with {{1}}"),
        ("Alert from Judge County: {{1}}", REAL, "en", "begins or ends with {{1}}"),
        ("Alert from Judge County: {{1}} !", REAL, "en", "begins or ends with {{1}}"),
        ("Alert: {{1}} End", REAL, "en", "too few words"),
        ("A b {{1}} " + "c" * (LONGEST - ROOM - 4), REAL, "en", f"less than {ROOM}"),
        (FRAME, DRILL, "en", "begin and end with EXERCISE"),
        ("EXERCISE: we practise. {{1}} Bye", DRILL, "en", "begin and end with EXERCISE"),
        ("We practise. {{1}} EXERCISE", DRILL, "en", "begin and end with EXERCISE"),
        ("EXERCISE: we practise. {{1}} EXERCISE", DRILL, "es", "begin and end with SIMULACRO"),
        ("EXERCISE: we practise. {{1}} EXERCISE", TEST, "en", "begin and end with TEST"),
        ("TEST from the county: {{1}} Call 911.", REAL, "en", "begins or ends with TEST"),
        ("From the county: {{1}} Call 911. EXERCISE", REAL, "en", "begins or ends with EXERCISE"),
    ],
)
def test_these_words_are_wrong_and_it_is_said_how(frame: str, mode: Mode, language: str, said: str) -> None:
    found = fault(frame, mode, language)
    assert found is not None
    assert said in found[0]
    assert found[1]
    assert SLOT in FRAME
