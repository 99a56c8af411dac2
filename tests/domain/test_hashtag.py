"""Hashtags: what is one in any script, what becomes one, and what is said of the rest."""

from __future__ import annotations

import pytest

from broadcaster.domain.errors import Invalid
from broadcaster.domain.hashtag import MOST, hashtag, shown, suggested


@pytest.mark.parametrize(
    ("typed", "tag"),
    [
        ("#BearCreekFire", "BearCreekFire"),
        ("bearcreekfire", "bearcreekfire"),  # nobody can tell where its words end
        ("Bear Creek Fire", "BearCreekFire"),
        ("  # bear  creek-fire ", "BearCreekFire"),
        ("BEAR CREEK FIRE", "BearCreekFire"),
        ("LA river Flood", "LARiverFlood"),
        ("Bear_Creek 2026", "Bear_Creek2026"),
        ("2026Fire", "2026Fire"),
        ("incendio ca\u00f1o\u0301n", "IncendioCa\u00f1\u00f3n"),
        ("\uff03\u5c71\u706b", "\u5c71\u706b"),
        (
            "\u062d\u0631\u064a\u0642 \u0627\u0644\u063a\u0627\u0628\u0629",
            "\u062d\u0631\u064a\u0642\u0627\u0644\u063a\u0627\u0628\u0629",
        ),
        ("\u0906\u0917", "\u0906\u0917"),  # a vowel sign is a mark, not a letter
        ("\u0915\u093f\u0924\u093e\u092c", "\u0915\u093f\u0924\u093e\u092c"),
        ("x" * MOST, "x" * MOST),
        ("", ""),
        (" # ", ""),
    ],
)
def test_what_is_typed_becomes_a_hashtag(typed: str, tag: str) -> None:
    assert hashtag(typed) == tag
    assert hashtag(shown(tag)) == tag


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("St. Mary's Fire!", "Write #StMarysFire."),
        ("#Bear #Creek", "Write #BearCreek."),
        ("fire@county", "Write #FireCounty."),
        ("fire\U0001f525", "Write #fire."),
        ("!?", "Write the incident's name."),
        ("911", "needs a letter"),
        ("_", "needs a letter"),
        ("x" * (MOST + 1), "at most 50 characters; this one has 51"),
    ],
)
def test_what_is_none_is_refused_with_what_to_write(typed: str, says: str) -> None:
    with pytest.raises(Invalid, match="hashtag") as refused:
        hashtag(typed)
    assert refused.value.code == "hashtag"
    assert says in refused.value.text


def test_what_is_suggested_is_a_hashtag_of_whole_words() -> None:
    assert (
        suggested("the long, long, long name of a fire that burns on and on and on")
        == "TheLongLongLongNameOfAFireThatBurnsOnAndOnAndOn"
    )
    assert suggested("9/11") == ""
    assert shown("") == ""
