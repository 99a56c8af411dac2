"""Words by which a text tells people to leave, says that a danger is over, or says that it is only a test. Pure.

Asked before a machine releases a text (``domain.releasing``), so it errs on the side of people: whatever may be such
a word counts, and a text that nobody here could read (``illegible``) counts too. Texts are looked at whole, folded
(``domain.contents.folded``), whatever language they say that they are in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise

from broadcaster.domain import danger_tables as tables
from broadcaster.domain.contents import folded
from broadcaster.domain.language import primary

# --- what can be read -------------------------------------------------------------------------------------------
_LATIN = frozenset("abcdefghijklmnopqrstuvwxyzæøđłœþðıªº")
_SCRIPTS = {
    **dict.fromkeys(("en", "es", "fr", "pt", "it", "de", "ht", "vi", "tl", "fil"), ("LATIN",)),
    "zh": ("CJK", "LATIN", "BOPOMOFO"),
    "ja": ("CJK", "HIRAGANA", "KATAKANA", "LATIN"),
    "ko": ("HANGUL", "CJK", "LATIN"),
    "ar": ("ARABIC", "LATIN"),
    "ru": ("CYRILLIC", "LATIN"),
}
_HIDDEN = frozenset(("Cf", "Cc", "Co", "Cn", "Cs", "Zl", "Zp"))
_SHOWN = frozenset("\n\r\t\u00ad")  # a soft hyphen is only a place to break a line
# "stay inside until the storm has passed", "if it is safe", and nothing that stands after it
_UNTIL = re.compile(
    r"\b(?:until|till|hasta que|jusqu.a ce que) (?!\W*(?:now\b|then\b|today\b|\d))"
    r"(?:(?!(?:and|but|or|so|because|now|further|it)\b)[\w'-]+ ){0,5}?"
    r"(?:(?:(?<=until )|(?<= says )|(?<= say )|(?<= told )|(?<= that ))it (?:is|s|has been) (?:declared )?)?"
    r"(?:(?:has|have|is|are) (?:been )?(?:passed|ended|over|lifted|cancelled|expired|subsided|gone)|soit passee?"
    r"|(?:an |the )?all clear(?: is (?:given|sounded))?|safe(?: to \w+(?: so)?)?|(?:hayan?|sea) (?:pasado|seguro))"
    r"(?=$|[.!?;,]| in | or | for | by )"
    r"|\b(?:if|when|once|unless) (?:(?:it|you|roads) (?:is|are) |told it is )?safe(?: to \w+(?: so)?)?(?=$|[.!?;,])"
)
_SPELT = re.compile(r"(?<!\w)(?:[^\W_][\W_]{1,2}){3,}[^\W_](?!\w)")  # e v a c u a t e
_MIXED = re.compile(r"[\w@$€£℮|!]*[a-z][\w@$€£℮|!]*")  # a word that may have figures or signs for letters
_FIGURES = str.maketrans("0134578@$€£℮!|", "oieastbaselell")
_SIGNS = frozenset("°$€£%+=<>~^`|№")  # that may touch a word and are no letters
_ENCLOSED = re.compile("[\u2460-\u24ff\u2776-\u2793\U0001f100-\U0001f1ff]")  # letters in circles and squares, of flags


def _any(patterns: Iterable[str], plain: str = "") -> re.Pattern[str]:
    """One pattern of all lines, for folded texts, and of plain words, which are folded here."""
    lines = [line.strip() for pattern in patterns for line in pattern.strip().splitlines()]
    return re.compile("|".join([*lines, *(re.escape(folded(word)) for word in plain.split())]))


_LEAVING = _any((tables.LEAVE, tables.LEAVE_ES, tables.LEAVE_FR, tables.LEAVE_REST), tables.LEAVE_WORDS)
_STAYING = re.compile("|".join(tables.STAY))
_DECLARING = _any((tables.SAFE,), tables.SAFE_WORDS)
_ENDING = _any((tables.SAFE, tables.OVER), f"{tables.SAFE_WORDS} {tables.OVER_WORDS}")
_TEST = _any((tables.TEST_ANYWHERE,), tables.TEST_WORDS)
_TEST_NOUN = _any((tables.TEST_NOUNS,))
_NO_TEST = _any((tables.HARMLESS,))
_NAMED_TEST = _any((tables.TEST_NAMES, tables.TEST_ANYWHERE), tables.TEST_WORDS)
_TOGETHER = {
    _LEAVING: re.compile(tables.SQUASHED),
    _DECLARING: re.compile(tables.SQUASHED_SAFE),
    _ENDING: re.compile(tables.SQUASHED_SAFE),
    _TEST: re.compile(tables.SQUASHED_TEST),
    _NAMED_TEST: re.compile(tables.SQUASHED_TEST),
}


def leaving(text: str) -> bool:
    """Could it tell people to leave?"""
    return _found(_LEAVING, _STAYING.sub(" ", folded(text)))


def ending(text: str) -> bool:
    """Could it say that a danger, or a warning of it, is over?"""
    return _found(_ENDING, _UNTIL.sub(" ", folded(text)))


def declaring(text: str) -> bool:
    """Could it declare people safe? Less than ``ending``: that a warning was cancelled is not among it."""
    return _found(_DECLARING, _UNTIL.sub(" ", folded(text)))


def practising(text: str, name: bool = False, place: bool = False) -> bool:
    """Could it be a test or an exercise? ``name``: a short text, in which the word alone says so; ``place``: the name
    of a place, in which it does not."""
    plain = folded(text)
    if name or place:
        return _found(_NAMED_TEST if name else _TEST, plain)
    return _found(_TEST, plain) or bool(_TEST_NOUN.search(_NO_TEST.sub(" ", plain)))


def illegible(text: str, language: str) -> bool:
    """Letters that its language is not written with (so that words of it may look like others), signs in the place of
    letters, characters that nobody sees, or a language whose words nobody here has listed."""
    scripts = _SCRIPTS.get(primary(language))
    if scripts is None or any(unicodedata.category(c) in _HIDDEN and c not in _SHOWN for c in text):
        return True
    plain = folded(text)
    letters = {c for c in plain if c.isalpha() or (c.isdigit() and scripts == ("LATIN",) and not c.isascii())} - _LATIN
    return any(not _written(c, scripts) for c in letters) or bool(_ENCLOSED.search(text)) or _signed(plain)


def _signed(text: str) -> bool:
    """Does a sign stand at a letter as if it were one?"""
    return any((_is_sign(a) and b.isalpha()) or (a.isalpha() and _is_sign(b)) for a, b in pairwise(text))


def _is_sign(character: str) -> bool:
    return character not in _SIGNS and unicodedata.category(character) in ("So", "Sm", "Sc")


def _written(letter: str, scripts: tuple[str, ...]) -> bool:
    """Is it of one of these scripts? Of Latin the plain letters alone: others are there to look like them."""
    return unicodedata.name(letter, "?").split(" ")[0] in set(scripts) - {"LATIN"}


def _found(pattern: re.Pattern[str], plain: str) -> bool:
    """In a folded text as it stands, with spelt words joined, figures read as letters, or without what parts it."""
    joined = _joined(plain)
    forms = {plain, joined, _MIXED.sub(lambda found: found[0].translate(_FIGURES), joined)}
    if any(pattern.search(form) for form in forms):
        return True
    squashed = "".join(c for c in joined.translate(_FIGURES) if c.isalnum())
    return bool(_TOGETHER[pattern].search(squashed))


def _joined(text: str) -> str:
    """Words that are spelt letter by letter as words."""
    return _SPELT.sub(lambda found: "".join(c for c in found[0] if c.isalnum()), text)
