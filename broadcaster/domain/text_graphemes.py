"""What a reader sees as one character: extended grapheme clusters by Unicode's annex 29 (versions 15.1 to 17).

The properties come from the library ``grapheme``; the rules stand here, as its own walk takes a virama for a joiner
without a consonant in front of it (as in a Bengali vowel with ya) and counts too few. Proof against the segmentation
that Bluesky's servers use: ``tests/channels/compare_lengths.py``.
"""

from __future__ import annotations

import re
from functools import lru_cache

from grapheme.grapheme_property_group import GraphemePropertyGroup as Kind
from grapheme.grapheme_property_group import get_group
from grapheme.incb_property_group import InCBPropertyGroup as Joining
from grapheme.incb_property_group import get_group as get_joining

_LETTERS = {
    Kind.CR: "R",
    Kind.LF: "N",
    Kind.CONTROL: "C",
    Kind.PREPEND: "p",
    Kind.SPACING_MARK: "s",
    Kind.ZWJ: "z",
    Kind.REGIONAL_INDICATOR: "I",
    Kind.EXTENDED_PICTOGRAPHIC: "x",
    Kind.L: "L",
    Kind.V: "V",
    Kind.T: "T",
    Kind.LV: "W",
    Kind.LVT: "U",
}
_CLUSTER = re.compile(
    "RN|[RNC]|p*(?:"
    "L*(?:WV*|V+|U)T*|L+|T+"  # a Hangul syllable
    "|II"  # a flag
    "|x(?:[enk]*zx)*"  # an emoji of several
    "|c(?:[ekz]*k[ekz]*c)*"  # consonants joined by a virama (k; e: what may stand between, n: what may not)
    "|[^RNC])[enkzs]*"
)


@lru_cache(4096)
def _letter(character: str) -> str:
    kind, joining = get_group(character), get_joining(character)
    if joining is Joining.CONSONANT:
        return "c"
    if kind is Kind.EXTEND:
        return "k" if joining is Joining.LINKER else "e" if joining is Joining.EXTEND else "n"
    return _LETTERS.get(kind, "o")


def graphemes(text: str, joined: bool = True) -> int:
    """The number of clusters (a family emoji is 1). ``joined``: a virama joins consonants (Unicode 15.1 and later)."""
    if text.isascii():
        return len(text) - text.count("\r\n")
    letters = "".join(map(_letter, text))
    return sum(1 for _ in _CLUSTER.finditer(letters if joined else letters.replace("c", "o")))
