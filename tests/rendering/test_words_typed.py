"""Words that a person typed stand well in a sentence."""

from __future__ import annotations

import pytest

from broadcaster.rendering.templates import opening


@pytest.mark.parametrize(
    ("typed", "told"), [("south on Highway 9", "South on Highway 9"), ("Go NOW", "Go NOW"), ("élan", "Élan"), ("", "")]
)
def test_typed_words_open_a_sentence_with_a_capital_and_keep_the_rest(typed: str, told: str) -> None:
    assert opening(typed) == told
