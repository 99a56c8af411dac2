"""Years of school a text asks for: the formulas against texts counted by hand."""

from __future__ import annotations

import pytest

from broadcaster.rendering.readability import english, grade, spanish


@pytest.mark.parametrize(
    ("word", "syllables"),
    [
        ("leave", 1),
        ("water", 2),
        ("elevation", 4),
        ("closed", 1),
        ("flooded", 2),
        ("little", 2),
        ("houses", 2),
        ("times", 1),
        ("branches", 2),
        ("the", 1),
        ("don't", 1),
        ("naïve", 1),
    ],
)
def test_english_syllables(word: str, syllables: int) -> None:
    assert english(word) == syllables


@pytest.mark.parametrize(
    ("word", "syllables"),
    [
        ("agua", 2),
        ("salga", 2),
        ("evacuación", 4),
        ("día", 2),
        ("aéreo", 4),
        ("quédese", 3),
        ("guerra", 2),
        ("ciudad", 2),
        ("y", 1),
        ("muy", 1),
        ("ayuda", 3),
        ("vergüenza", 3),
    ],
)
def test_spanish_syllables(word: str, syllables: int) -> None:
    assert spanish(word) == syllables


def test_the_grade_is_that_of_the_formula() -> None:
    english_text = "Leave now. Go south on the road."  # 7 words, 2 sentences, 7 syllables
    assert grade(english_text, "en") == pytest.approx(0.39 * 7 / 2 + 11.8 * 7 / 7 - 15.59)
    spanish_text = "Salga ahora. Vaya al sur."  # 5 words, 2 sentences, 2 + 3 + 2 + 1 + 1 syllables
    assert grade(spanish_text, "es") == pytest.approx(4.9 * 9 / 5 - 20.5 * 2 / 5 - 3.407)


def test_what_cannot_be_measured_has_no_grade() -> None:
    assert grade("Đi ngay.", "vi") is None
    assert grade("911 ... !", "en") is None


def test_offices_words_are_harder_than_plain_ones() -> None:
    plain = grade("Leave now. The fire is close. Take your pets.", "en")
    office = grade("Immediate evacuation of residential structures is mandated by competent authorities.", "en")
    assert plain is not None
    assert office is not None
    assert plain < 3 < 8 < office
    simple = grade("Salga ya. El fuego está cerca. Lleve a sus mascotas.", "es")
    hard = grade(
        "La evacuación inmediata de las estructuras residenciales será obligatoria conforme a disposiciones.", "es"
    )
    assert simple is not None
    assert hard is not None
    assert simple < 5 < 8 < hard
