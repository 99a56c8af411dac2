"""How many years of school a text asks for. Formulas, not judges: they find long sentences and long words.

English: Flesch-Kincaid grade (Kincaid et al. 1975). Spanish: Crawford's grade (1989). Syllables are counted by rules of
thumb, wrong by a few per cent. Other languages have no formula here.
"""

from __future__ import annotations

import re
import unicodedata

GRADE_MOST = 8.0  # rules of the field: plain words, about grade 6-8
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_STOP = re.compile(r"[.!?:;]+(?:\s|$)|\n+")
_STRONG = "aeoáéóíú"  # each is a syllable of its own in Spanish; i, u and ü join their neighbour


def grade(text: str, language: str) -> float | None:
    """Years of school; None for a language without a formula, or without words."""
    counter = _SYLLABLES.get(language)
    words = _WORD.findall(text)
    if counter is None or not words:
        return None
    sentences = max(1, sum(1 for part in _STOP.split(text) if _WORD.search(part)))
    syllables = sum(counter(word.lower()) for word in words)
    if language == "en":
        return 0.39 * len(words) / sentences + 11.8 * syllables / len(words) - 15.59
    return 4.9 * syllables / len(words) - 20.5 * sentences / len(words) - 3.407


def english(word: str) -> int:
    """Syllables: groups of vowels, without a silent e or ed at the end."""
    word = "".join(c for c in unicodedata.normalize("NFKD", word) if c.isascii() and c.isalpha())
    groups = len(re.findall(r"[aeiouy]+", word))
    silent = re.search(r"[^aeiouy](e|es|ed)$", word) and not re.search(r"([^aeiouy]le|[td]ed|[cszxg]es|[sc]hes)$", word)
    return max(1, groups - (1 if silent else 0))


def spanish(word: str) -> int:
    """Syllables: each strong or accented vowel is one; weak vowels alone are one, beside a strong one none."""
    word = unicodedata.normalize("NFC", re.sub(r"([gq])u(?=[eiéí])", r"\1", word))
    groups = re.findall(r"[aeoáéóíúiuüy]+", re.sub(r"y(?=[aeiouáéíóú])", "-", word))
    return max(1, sum(max(1, sum(1 for vowel in group if vowel in _STRONG)) for group in groups))


_SYLLABLES = {"en": english, "es": spanish}
