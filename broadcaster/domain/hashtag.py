"""An incident's hashtag: what every platform takes as one, and what it becomes where somebody typed its name.

Letters and their marks of any script, digits and ``_``: what ends a hashtag on X, Mastodon, Bluesky or Meta's
platforms stands in none. Screen readers tell words apart by their capitals alone, hence CamelCase.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from broadcaster.domain.errors import Invalid

MOST = 50  # characters; Threads takes no more
_SIGNS = "#\N{FULLWIDTH NUMBER SIGN}"
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015]+")
_APOSTROPHES = re.compile("['\u2019]")


def hashtag(text: str) -> str:
    """What was typed as a hashtag, without its sign: BearCreekFire of "#BearCreekFire" and of "Bear Creek Fire".

    "" is none. Raises Invalid("hashtag") with what could be written instead.
    """
    given = unicodedata.normalize("NFC", text).strip().lstrip(_SIGNS).strip()
    if not given:
        return ""
    words = [word for word in _BETWEEN.split(given) if word]
    made = _joined(words)
    if not _is_word(made):
        better = suggested(given)
        instead = f"Write {shown(better)}." if better else "Write the incident's name."
        raise Invalid("hashtag", f"A hashtag holds letters, digits and _ alone. {instead}")
    if not any(_is_letter(sign) for sign in made):
        raise Invalid("hashtag", "A hashtag needs a letter: digits alone are none.")
    if len(made) > MOST:
        raise Invalid("hashtag", f"A hashtag has at most {MOST} characters; this one has {len(made)}. Shorten it.")
    return made


def suggested(text: str) -> str:
    """The nearest hashtag to any text, in whole words, without its sign; "" where it holds no word."""
    plain = _APOSTROPHES.sub("", unicodedata.normalize("NFC", text))
    words = "".join(sign if _is_word(sign) else " " for sign in plain).split()
    while words and len(_joined(words)) > MOST:
        words.pop()
    return _joined(words) if any(map(_is_letter, "".join(words))) else ""


def shown(tag: str) -> str:
    """The hashtag with its sign; nothing stays nothing."""
    return f"#{tag}" if tag else ""


def behind(text: str, tag: str, mentions: Sequence[str]) -> list[str]:
    """What is to stand behind a text; a hashtag that somebody wrote into the words is not said twice."""
    there = re.search(rf"(?<!\w){re.escape(shown(tag))}(?!\w)", text, re.IGNORECASE)
    return [*([shown(tag)] if tag and not there else []), *mentions]


def _joined(words: Sequence[str]) -> str:
    """CamelCase; one word stays as it was typed."""
    if len(words) < 2:
        return "".join(words)
    loud = all(word == word.upper() for word in words)
    return "".join(word[:1].upper() + (word[1:].lower() if loud else word[1:]) for word in words)


def _is_word(text: str) -> bool:
    return bool(text) and all(sign == "_" or unicodedata.category(sign)[0] in "LM" or sign.isdecimal() for sign in text)


def _is_letter(sign: str) -> bool:
    return unicodedata.category(sign)[0] == "L"
