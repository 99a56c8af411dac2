"""Which language a text is in, by its most frequent little words. Pure, and rough: it says only that a text is more
likely of another language than of its own, so that a machine does not send it in the wrong frame."""

from __future__ import annotations

from broadcaster.domain.contents import folded
from broadcaster.domain.language import primary

# the little words of each, folded; some are of several languages
_OFTEN = {
    "en": "the and of to is are with you your be or not from will this that should until now a in on at for as it",
    "es": "el los las y del por con su se una al hasta esta ahora sus muy debe puede de la en un no que lo es o",
    "fr": "le les des et du est vous votre sont sur pour dans aux avec une au ne pas ou de la en un que a il ce qui",
    "pt": "os as um uma do da dos das nao com ate sua seu ao em para voce pelo mais sao de que e a o se no na",
    "it": "il lo gli di che e per non sono nel della del alla con una si fino alle la un in a da ai dei",
    "de": "der die das und den von ist mit zu im nicht auf sie ein eine bis sich werden oder in es an bei dem des",
    "ht": "yo nan ak pou ki nou pa li gen kote tout ap ou la se yon",
    "vi": "va cua cho khong cac duoc trong nguoi hay den ban mot ngay voi tai la o se co",
    "tl": "ang ng mga sa ay na kung hindi para ito kayo inyong at o",
}
_SETS = {language: frozenset(words.split()) for language, words in _OFTEN.items()}
_ENOUGH = 3  # little words of another language, below which a text says too little


def foreign(text: str, language: str) -> str:
    """The language (of those written in Latin letters) that the text is rather in than its own; "" where none is.

    Of a language with letters of its own only a text without any of them counts as another's.
    """
    own = primary(language)
    own = "tl" if own == "fil" else own
    words = ["".join(filter(str.isalnum, word)) for word in folded(text).split()]
    counts = {name: sum(word in often for word in words) for name, often in _SETS.items()}
    best = max(counts, key=lambda name: counts[name])
    if counts[best] < _ENOUGH or (own not in counts and not text.isascii()):
        return ""
    return best if best != own and counts[best] >= 2 * counts.get(own, 0) else ""
