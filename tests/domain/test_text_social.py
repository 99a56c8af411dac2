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
        ("two https://a.org/x https://b.org/y", 4 + 23 + 1 + 23),
        ("alerts.judgecounty.gov", 22),  # no scheme
        ("https://a.example/b", 19),  # no such top-level domain
        ("https://ja.wikipedia.org/wiki/津波(曖昧さ)、", 23),
        ("\u05e9@sheriff@county.gov @x@\u05e9\u05b4.org!", 1 + 19 + 1 + 2 + 1),
        ("क्षति", 3),  # Ruby joins no consonants
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
        "x": 3,
        "bluesky": 2,
        "characters": 2,
        "graphemes": 2,
        "utf16": 3,
        "bytes": 6,
        "threads": 5,
    }


def test_texts_for_phones_are_measured_in_parts_and_units_all_others_in_their_unit() -> None:
    assert measure("sms_segments", "€" * 81) == (2, 162)
    assert measure("mastodon", "https://example.org/long/long/long") == (1, 23)
    assert measure("mastodon", "https://example.org/ \u0928\u093f", 0) == (1, 23)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("Leave now: https://judgecounty.gov/alerts/canyon-fire, then call.", 11 + 23 + 12),
        ("see judgecounty.gov/a?b=c.", 4 + 23 + 1),  # no scheme, and the full stop is ours
        ("alerts.judge.example", 20),  # no such top-level domain
        ("mail a@b.org or https://b.org/(x)/y(z).", 5 + 1 + 1 + 5 + 4 + 23 + 1),
        ("避難してください", 16),
        ("詳細はexample.jpをご覧ください", 2 * 3 + 23 + 2 * 7),
        ("пример.рф Ελλάδα עברית", 9 + 1 + 6 + 1 + 5),  # a bare domain counts only where it is ASCII
        ("https://пример.рф", 23),
        ("👨\u200d👩\u200d👦 🇺🇸 1\ufe0f\u20e3", 8),
        ("🏴" + "".join(chr(0xE0000 + ord(sign)) for sign in "gbsct") + "\U000e007f", 2),
        ("🐦\u200d🔥", 5),  # newer than the library: by its parts
        ("cafe\u0301", 4),
        ("\u2026 \u201c\u2014\u201d \u20ac", 2 + 1 + 1 + 1 + 1 + 1 + 2),
        ("https://t.co/abc/def https://t.co/" + "a" * 41, 23 + 4 + 1 + 54),
        ("@sheriff $JUDG #Fire", 20),
        ("a." * 2000, 4000),
    ],
)
def test_x_weighs_as_its_own_library_does(text: str, length: int) -> None:
    assert COUNTERS["x"](text) == length


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("a\r\nb", 3),
        ("👨\u200d👩\u200d👧 go", 4),
        ("🇺🇸🇲", 2),
        ("한국어 각", 5),
        ("ক্ষ অ্যা", 4),  # a virama joins consonants; behind a vowel it joins nothing
        ("น้ำท่วม", 4),
        ("👨\u200d👩\u200d👧\u200d👦" * 150, 375),  # 150 graphemes, but 3,750 bytes
        ("é" * 300, 300),
    ],
)
def test_bluesky_counts_graphemes_as_its_servers_do_and_bytes(text: str, length: int) -> None:
    assert COUNTERS["bluesky"](text) == length
