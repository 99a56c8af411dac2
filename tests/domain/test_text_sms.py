"""Counting SMS parts as phones and providers do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.domain.text_sms import Count, costly, count, plain, segments

GSM = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
DOUBLE = "^{}\\[~]|€\f"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Count("GSM-7", 0, 1)),
        ("a" * 160, Count("GSM-7", 160, 1)),
        ("a" * 161, Count("GSM-7", 161, 2)),
        ("a" * 306, Count("GSM-7", 306, 2)),
        ("a" * 307, Count("GSM-7", 307, 3)),
        ("€" * 80, Count("GSM-7", 160, 1)),
        ("€" * 81, Count("GSM-7", 162, 2)),
        ("a" * 159 + "€", Count("GSM-7", 161, 2)),
        ("á" * 70, Count("UCS-2", 70, 1)),
        ("á" * 71, Count("UCS-2", 71, 2)),
        ("á" * 134, Count("UCS-2", 134, 2)),
        ("á" * 135, Count("UCS-2", 135, 3)),
        ("\U0001f525" * 35, Count("UCS-2", 70, 1)),
        ("\U0001f525" * 36, Count("UCS-2", 72, 2)),
        ("á€", Count("UCS-2", 2, 1)),
        ("\uffff" * 70, Count("UCS-2", 70, 1)),
        ("\U00010000" * 36, Count("UCS-2", 72, 2)),
    ],
)
def test_a_text_counts_as_the_standard_says(text: str, expected: Count) -> None:
    assert count(text) == expected
    assert segments(text) == expected.segments


def test_an_extension_pair_is_never_split_over_two_parts() -> None:
    assert count("a" * 152 + "€" + "a" * 152) == Count("GSM-7", 306, 3)
    assert count("a" * 151 + "€" + "a" * 153) == Count("GSM-7", 306, 2)


def test_a_surrogate_pair_is_never_split_over_two_parts() -> None:
    assert count("á" * 66 + "\U0001f525" + "á" * 66) == Count("UCS-2", 134, 3)
    assert count("á" * 65 + "\U0001f525" + "á" * 67) == Count("UCS-2", 134, 2)


def test_every_letter_of_the_alphabet_is_one_unit_and_every_extension_two() -> None:
    assert len(GSM) == 127
    for letter in GSM:
        assert count(letter) == Count("GSM-7", 1, 1)
    for letter in DOUBLE:
        assert count(letter) == Count("GSM-7", 2, 1)


@pytest.mark.parametrize("letter", "áíóúçÁ`\t\u00a0’–…\x1b")
def test_one_letter_outside_turns_the_whole_text(letter: str) -> None:
    assert count("a" * 69 + letter).encoding == "UCS-2"
    assert count("a" * 70 + letter).segments == 2


def _parts(text: str) -> list[int]:
    """A second way: cut part by part, as a phone would, units of each part."""
    gsm = all(c in GSM or c in DOUBLE for c in text)
    width = (lambda c: 2 if c in DOUBLE else 1) if gsm else (lambda c: len(c.encode("utf-16-le")) // 2)
    alone, room = (160, 153) if gsm else (70, 67)
    if sum(map(width, text)) <= alone:
        return [sum(map(width, text))]
    parts = [0]
    for c in text:
        if parts[-1] + width(c) > room:
            parts.append(0)
        parts[-1] += width(c)
    return parts


@given(st.text(st.sampled_from(GSM + DOUBLE + "á’\U0001f525"), max_size=700))
def test_counting_agrees_with_cutting(text: str) -> None:
    found = count(text)
    assert found.segments == len(_parts(text))
    assert found.units == sum(_parts(text))


@given(st.text(st.sampled_from("ab€"), max_size=400), st.text(st.sampled_from("ab€"), max_size=50))
def test_a_longer_text_never_takes_fewer_parts(text: str, more: str) -> None:
    assert segments(text) <= segments(text + more)


def test_costly_letters_are_named_once_with_how_often_and_what_to_write() -> None:
    found = costly("“Evacuación” ya, señor…\u00a0€ ó")
    assert [(c.character, c.times, c.suggestion) for c in found] == [
        ("“", 1, '"'),
        ("ó", 2, "o"),
        ("”", 1, '"'),
        ("…", 1, "..."),
        ("\u00a0", 1, " "),
    ]
    assert found[1].name == "latin small letter o with acute"
    assert costly("plain € text") == ()


@pytest.mark.parametrize(
    ("letter", "instead"), [("’", "'"), ("–", "-"), ("á", "a"), ("Í", "I"), ("🔥", None), ("中", None)]
)
def test_what_is_offered_instead_lies_inside(letter: str, instead: str | None) -> None:
    assert plain(letter) == instead


@given(st.characters())
def test_every_offer_is_inside_the_alphabet(letter: str) -> None:
    offer = plain(letter)
    assert offer is None or count(offer).encoding == "GSM-7"
