"""How a text becomes SMS parts: GSM 7-bit (3GPP TS 23.038) or UCS-2, counted as phones and providers count.

GSM-7: 160 units alone, 153 a part; characters of the extension table take 2 units. UCS-2: 70 UTF-16 units alone,
67 a part; beyond the basic plane a character takes 2. A pair is never split over two parts, so a part may end
one unit early. Nothing here ever changes a text: it names what costs and what could be written instead.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
_PLAIN = {
    "\u2018": "'",
    "\u2019": "'",
    "\u201a": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u201e": '"',
    "\u00ab": '"',
    "\u00bb": '"',
    "\u2010": "-",
    "\u2011": "-",
    "\u2012": "-",
    "\u2013": "-",
    "\u2014": "-",
    "\u2026": "...",
    "\u2022": "-",
    "\u00a0": " ",
    "\u202f": " ",
    "\u2009": " ",
    "\u200b": "",
    "\ufeff": "",
    "\t": " ",
    "\u00b0": " degrees",
    "\u00d7": "x",
    "`": "'",
}


@dataclass(frozen=True, slots=True)
class Count:
    """``units`` are septets (GSM-7) or UTF-16 units (UCS-2); ``segments`` what a provider charges."""

    encoding: str
    units: int
    segments: int


@dataclass(frozen=True, slots=True)
class Costly:
    """A character outside GSM-7, how often it stands there, and the plain text to offer (None: none is known)."""

    character: str
    name: str
    times: int
    suggestion: str | None


def count(text: str) -> Count:
    """Encoding, units and parts of a text. An empty text is one part."""
    if all(c in _BASIC or c in _EXTENSION for c in text):
        return _packed("GSM-7", [2 if c in _EXTENSION else 1 for c in text], alone=160, part=153)
    return _packed("UCS-2", [2 if ord(c) > 0xFFFF else 1 for c in text], alone=70, part=67)


def segments(text: str) -> int:
    """Parts that the text takes."""
    return count(text).segments


def costly(text: str) -> tuple[Costly, ...]:
    """The characters that turn the whole text to UCS-2, in order of appearance, each once."""
    outside = [c for c in text if c not in _BASIC and c not in _EXTENSION]
    return tuple(Costly(c, _name(c), outside.count(c), plain(c)) for c in dict.fromkeys(outside))


def plain(character: str) -> str | None:
    """What could be written instead, all of it in GSM-7: a table, else the letter without its accent, else None."""
    if character in _PLAIN:
        return _PLAIN[character]
    base = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
    return base if base and all(c in _BASIC for c in base) else None


def _packed(encoding: str, widths: list[int], alone: int, part: int) -> Count:
    total = sum(widths)
    if total <= alone:
        return Count(encoding, total, 1)
    parts, used = 1, 0
    for width in widths:
        if used + width > part:
            parts, used = parts + 1, 0
        used += width
    return Count(encoding, total, parts)


def _name(character: str) -> str:
    return unicodedata.name(character, f"U+{ord(character):04X}").lower()
