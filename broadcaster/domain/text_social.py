"""How accounts count a text, and the counters that ``Limits.unit`` names.

Mastodon and X count addresses in ways of their own: ``text_mastodon``, ``text_x``. Bluesky counts graphemes as its
servers part them, and bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import grapheme
from grapheme.grapheme_property_group import GraphemePropertyGroup, get_group

from broadcaster.domain import text_mastodon, text_sms, text_x
from broadcaster.domain.text_graphemes import graphemes

URL_LENGTH = 23
_EMOJI = (GraphemePropertyGroup.EXTENDED_PICTOGRAPHIC, GraphemePropertyGroup.REGIONAL_INDICATOR)
_EMOJI_MARKS = "\N{COMBINING ENCLOSING KEYCAP}\N{VARIATION SELECTOR-16}" + "".join(map(chr, range(0x1F3FB, 0x1F400)))


def mastodon(text: str, url: int = URL_LENGTH) -> int:
    """Characters as Mastodon counts them, an address as ``url``.

    0: as other servers of its API do, which reserve nothing for addresses and count the text as it stands, most of
    them by code points.
    """
    return text_mastodon.count(text, url) if url else len(text)


def bluesky(text: str) -> int:
    """Graphemes or tenths of UTF-8 bytes, whichever is more: a post holds 300 of the one and 3,000 of the other."""
    return max(graphemes(text), -(-utf8(text) // 10))


def utf16(text: str) -> int:
    """UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def utf8(text: str) -> int:
    """UTF-8 bytes."""
    return len(text.encode())


def threads(text: str) -> int:
    """Characters as Threads counts them: an emoji by its UTF-8 bytes, all else one each.

    Meta publishes no code of it: what may be an emoji (anything that is joined with one included) counts as one here.
    """
    if text.isascii():
        return len(text)
    return sum(utf8(one) if any(map(_is_emoji, one)) else len(one) for one in grapheme.graphemes(text))


def _is_emoji(sign: str) -> bool:
    return get_group(sign) in _EMOJI or sign in _EMOJI_MARKS


COUNTERS: Mapping[str, Callable[[str], int]] = {
    "sms_segments": text_sms.segments,
    "mastodon": mastodon,
    "x": text_x.weigh,
    "bluesky": bluesky,
    "characters": len,
    "graphemes": graphemes,
    "utf16": utf16,
    "bytes": utf8,
    "threads": threads,
}


def measure(unit: str, text: str, url: int = URL_LENGTH) -> tuple[int, int]:
    """(segments, characters) of a text: SMS parts and units, else 1 and the unit's own count.

    ``url`` is what an address counts, for units that count addresses alike.
    """
    if unit == "sms_segments":
        found = text_sms.count(text)
        return found.segments, found.units
    return 1, mastodon(text, url) if unit == "mastodon" else COUNTERS[unit](text)
