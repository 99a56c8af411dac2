"""Characters that nothing can carry."""

from __future__ import annotations

import pytest

from broadcaster.domain.text_clean import forbidden


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("plain, ñ and 🔥\r\n\tand more", None),
        ("a\x00b", "U+0000"),
        ("\x1f", "U+001F"),
        (" ", None),
        ("\ud800", "U+D800"),
        ("\udfff", "U+DFFF"),
        ("\ud7ff\ue000\ufffd", None),
        ("\ufffe", "U+FFFE"),
        ("\uffff", "U+FFFF"),
    ],
)
def test_what_no_database_or_document_can_carry_is_named(text: str, found: str | None) -> None:
    assert forbidden(text) == found
