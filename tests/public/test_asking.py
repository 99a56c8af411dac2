"""Which language a request wants, and which places its words fit."""

from __future__ import annotations

import pytest

from broadcaster.public import asking

SPOKEN = ("en", "es", "fr", "zh")


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("", "en"),
        ("es", "es"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("en;q=0.5, fr;q=0.9", "fr"),
        ("fr;q=0, es", "es"),
        ("zh-CN", "zh"),
        ("de, pl", "en"),
        ("de, *;q=0.1", "en"),
        ("ES", "es"),
        (";;;,q=,=", "en"),
        ("de," * 30 + "es", "en"),
        ("fr;q=nonsense,es;q=0.9", "fr"),
    ],
)
def test_the_readers_first_spoken_language_is_answered(header: str, wanted: str) -> None:
    assert asking.language(header.encode(), SPOKEN) == wanted


def test_a_query_is_the_forms_field_and_nothing_endless() -> None:
    assert asking.query(b"q=Judge+Valley&x=1") == "Judge Valley"
    assert asking.query(b"q=%C3%B1") == "ñ"
    assert asking.query(b"x=1") == ""
    assert len(asking.query(b"q=" + b"a" * 500)) == asking.LONGEST
    assert asking.query(b"&".join(b"a=1" for _ in range(50))) == ""


ROWS = [
    {"words": ["judge valley", "judge valley", "caz001"], "html": "valley"},
    {"words": ["judge", "judge", "caz002"], "html": "judge"},
    {"words": ["canon city", "canon city", "caz003"], "html": "canon"},
]


@pytest.mark.parametrize(
    ("wanted", "hits"),
    [
        ("judge", ["judge", "valley"]),
        ("VALLEY judge", ["valley"]),
        ("CAZ003", ["canon"]),
        ("cañón", ["canon"]),
        ("nowhere", []),
        ("", []),
        ("!!", []),
    ],
)
def test_places_are_found_by_name_and_code_without_accents_or_capitals(wanted: str, hits: list[str]) -> None:
    assert [row["html"] for row in asking.found(wanted, ROWS)] == hits


NAMES = ["Judge Valley", "Judge", "San Jacinto Heights", "Điện Bàn", "Øresund", "O'Brien", "CAZ001"]
PLACES = [{"words": [asking.plain(name)], "html": name} for name in NAMES]


@pytest.mark.parametrize(
    ("wanted", "hits"),
    [
        ("Jugde Valley", ["Judge Valley"]),  # two letters swapped
        ("jugde", ["Judge Valley", "Judge"]),
        ("valey", ["Judge Valley"]),
        ("vallley", ["Judge Valley"]),
        ("Vally County", ["Judge Valley"]),  # one word more than the name has
        ("jacynto hights", ["San Jacinto Heights"]),
        ("sanjacintohaigths", ["San Jacinto Heights"]),
        ("sanjacynthohaigths", []),
        ("judgevaley", ["Judge Valley"]),
        ("judxx", []),
        ("xy", []),
        ("caz002", []),  # another code is another zone
        ("atlantis", []),
        ("", []),
    ],
)
def test_a_misspelt_name_is_offered_and_never_taken_for_found(wanted: str, hits: list[str]) -> None:
    assert asking.found(wanted, PLACES) == []
    assert [row["html"] for row in asking.near(wanted, PLACES)] == hits


@pytest.mark.parametrize("wanted", ["dien ban", "ORESUND", "obrien", "o'brien"])
def test_letters_of_other_alphabets_are_found_as_they_are_typed_without_them(wanted: str) -> None:
    assert len(asking.found(wanted, PLACES)) == 1


def test_no_more_is_offered_than_can_be_read_at_a_glance() -> None:
    many = [{"words": [f"pine ridge {n}"], "html": str(n)} for n in range(40)]
    assert [row["html"] for row in asking.near("pine rigde", many)] == ["0", "1", "2", "3", "4"]
    assert asking.near("aaa bbb ccc ddd eee fff pine", many) == []  # what comes after so many words is not compared
