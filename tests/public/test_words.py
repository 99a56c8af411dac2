"""Every language of the page is whole, and its blanks are the same everywhere."""

from __future__ import annotations

import re
from typing import Any

import pytest

from broadcaster.domain.language import direction
from broadcaster.domain.snapshot import ENDED
from broadcaster.domain.wording import EVACUATION_LEVELS, Level
from broadcaster.rendering.phrasebook import (
    FOLDER,
    ORDER,
    ending_word,
    evacuation_words,
    language_name,
    languages,
    level_word,
    strings,
    tables,
)
from broadcaster.rendering.templates import load


def blanks(text: str) -> list[str]:
    return sorted(re.findall(r"\{(\w*)\}", text))


def test_each_language_has_a_file_and_each_file_is_offered() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.toml")) == sorted(ORDER)


@pytest.mark.parametrize("language", ORDER)
def test_a_language_has_every_phrase_with_the_same_blanks(language: str) -> None:
    for table in ("page", "forms", "errors"):
        english, own = tables("en")[table], tables(language)[table]
        assert sorted(own) == sorted(english)
        assert {key: blanks(own[key]) for key in own} == {key: blanks(english[key]) for key in english}
        assert [key for key, text in own.items() if not text.strip() or text != text.strip()] == []
    assert "reviewer" in tables(language)


@pytest.mark.parametrize("language", ORDER)
def test_a_language_has_words_of_its_own_for_levels_endings_and_evacuation(language: str) -> None:
    said: list[Any] = [level_word(level.value, language) for level in Level]
    said += [ending_word(face, language) for face in ENDED]
    said += [evacuation_words(p, key, language) for p, steps in EVACUATION_LEVELS.items() for key in steps]
    english: list[Any] = [level_word(level.value, "en") for level in Level]
    english += [ending_word(face, "en") for face in ENDED]
    english += [evacuation_words(p, key, "en") for p, steps in EVACUATION_LEVELS.items() for key in steps]
    assert len(said) == len(english)
    assert all(said)
    assert language == "en" or [pair for pair in zip(said, english, strict=True) if pair[0] == pair[1]] == []


def test_no_ending_but_one_says_that_it_is_safe() -> None:
    """And that one only of what somebody declared safe: a road that is open again is no safe water."""
    safe = {"en": "safe", "es": "seguro", "fr": "sans danger", "vi": "an toàn", "zh": "安全", "ar": "آمن"}
    told = load("lifted").spec.endings
    assert set(told) == set(load("lifted").spec.fields["guidance"].choices)
    for language, word in safe.items():
        said = {key: ending_word("lifted", language, words) for key, words in told.items()}
        assert len(set(said.values())) == len(told)
        assert word not in ending_word("lifted", language)
        assert [word in said[key] for key in ("safe_return", "road_open", "found", "danger_over")] == [
            True,
            *[False] * 3,
        ]
        assert ending_word("expired", language, told["road_open"]) == ending_word("expired", language)
        assert said["road_open"].startswith(ending_word("lifted", language))
    assert ending_word("lifted", "es-MX", told["water_safe"]) == "Levantada: el agua es segura para beber"
    assert ending_word("lifted", "tl", told["water_safe"]) == "Lifted"


def test_the_agencys_languages_come_first_and_all_others_follow() -> None:
    assert languages(("es", "en")) == ("es", "en", "fr", "vi", "zh", "ar")
    assert languages(("en-US", "tl"))[0] == "en-US"
    assert "en" not in languages(("en-US",))
    assert languages(("tl",))[0] == "en"


def test_a_regional_language_speaks_its_base_and_an_unknown_one_english() -> None:
    assert strings("es-MX") == strings("es")
    assert strings("tl") == strings("en")
    assert level_word("act_now", "es-MX") == "Actúe ahora"
    assert level_word("act_now", "tl") == "Act now"


def test_arabic_is_written_from_the_right() -> None:
    assert [direction(language) for language in ORDER] == ["ltr"] * 5 + ["rtl"]


def test_a_language_is_called_as_its_reader_calls_it() -> None:
    assert language_name("en", "es") == "inglés"
    assert language_name("es-MX", "fr") == "espagnol"
    assert language_name("qqq", "en") == "qqq"
