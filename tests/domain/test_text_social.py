"""Counting as accounts do."""

from __future__ import annotations

import pytest

from broadcaster.domain.text_social import COUNTERS, mastodon, measure


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("abc", 3),
        ("see https://example.org/a/very/long/path?with=query&and=more now", 4 + 23 + 4),
        ("https://e.co", 23),
        ("(http://e.co).", 23 + 3),
        ("two https://a.example/x https://b.example/y", 4 + 23 + 1 + 23),
        ("@sheriff@county.example leave", 8 + 6),
        ("mail a@b.example", 16),
        ("@sheriff leave", 14),
        ("👨‍👩‍👧 go", 4),
        ("e\u0301", 1),
    ],
)
def test_mastodon_counts_links_as_23_and_mentions_without_their_domain(text: str, length: int) -> None:
    assert mastodon(text) == length


def test_each_counter_counts_its_own_unit() -> None:
    text = "é🔥"
    assert {unit: counter(text) for unit, counter in COUNTERS.items()} == {
        "sms_segments": 1,
        "mastodon": 2,
        "characters": 2,
        "graphemes": 2,
        "utf16": 3,
        "bytes": 6,
    }


def test_texts_for_phones_are_measured_in_parts_and_units_all_others_in_their_unit() -> None:
    assert measure("sms_segments", "€" * 81) == (2, 162)
    assert measure("mastodon", "https://example.org/long/long/long") == (1, 23)
