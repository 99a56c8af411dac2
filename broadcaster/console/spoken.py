"""Texts of the domain (errors, findings, alarms, reasons) in the reader's language.

The domain speaks English, with a code. ``spoken_words`` holds its sentences; the catalogue has them in other
languages.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

from babel.core import Locale
from babel.lists import format_list
from flask_babel import get_locale, gettext
from markupsafe import Markup, escape

from broadcaster.console.spoken_words import SENTENCES
from broadcaster.domain.errors import BroadcasterError

_FACT = re.compile(r"%\((\w+)\)s")
_TONGUES = ("language", "languages", "other_language")  # facts that are languages
_TOLD = ("error", "hint", "words")  # facts that may be sentences themselves
_SHORT = ("channel", "provider")  # facts without a colon, so that a name is never taken for more than it is
ENGLISH = "en"


def said(code: str, text: str) -> Markup:
    """The text as this reader reads it, safe for a page.

    In English as it is. Else its own sentence with its facts; else the sentence of its code, with the English text
    after it, which may say more; a text of no known sentence or code stays as it is.
    """
    told, more = _in_words(code, text)
    if not more:
        return escape(told)
    return Markup('{} <span lang="en">{}</span>').format(told, more)


def of(error: BroadcasterError) -> Markup:
    """``said`` of an error."""
    return said(error.code, error.text)


def plain(error: BroadcasterError) -> str:
    """An error's words where no markup can stand: in JSON, between other words."""
    return words(error.code, error.text)


def words(code: str, text: str) -> str:
    """``said`` where no markup can stand."""
    return " ".join(part for part in _in_words(code, text) if part)


def _in_words(code: str, text: str) -> tuple[str, str]:
    """The words in the reader's language, and the English text where they may hold less than it."""
    if str(get_locale() or ENGLISH).startswith(ENGLISH):
        return text, ""
    found = read(text)
    if found is not None:
        sentence, facts = found
        told = {name: _fact(name, facts) for name in facts}
        return (gettext(sentence, **told) if told else gettext(sentence)), ""
    general = SENTENCES.get(code, ())[:1]
    if not general or _FACT.search(general[0]) or text in map(gettext, _exact(code)):
        return text, ""
    return gettext(general[0]), text


def _fact(name: str, facts: Mapping[str, str]) -> str:
    if name in _TONGUES:
        return _tongues(facts[name])
    if name == "check":  # what a channel said of itself, without its name
        channel = f"{facts['channel']}: "
        return _in_words("", channel + facts[name])[0].removeprefix(channel)
    return _in_words("", facts[name])[0] if name in _TOLD else facts[name]


def _tongues(names: str) -> str:
    """Languages by their English names or codes ("English and Spanish", "es") as the reader calls them."""
    here = get_locale() or Locale(ENGLISH)
    theirs = {name: code for code, name in Locale(ENGLISH).languages.items()}
    called = [here.languages.get(theirs.get(one, one), one) for one in re.split(r",? and |, ", names)]
    return format_list(called, locale=here)


def _exact(code: str) -> list[str]:
    """The code's sentences without facts: a screen may have put one into the reader's language already."""
    return [sentence for sentence in SENTENCES[code] if not _FACT.search(sentence)]


@functools.lru_cache(maxsize=1024)
def read(text: str) -> tuple[str, dict[str, str]] | None:
    """Which sentence an English text is, and the facts in it; None where no sentence fits."""
    for sentence, pattern in _patterns():
        found = pattern.fullmatch(text)
        if found:
            return sentence, found.groupdict()
    return None


@functools.cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """All sentences, those with the most words of their own first, so that none swallows another's."""
    every = {sentence for some in SENTENCES.values() for sentence in some}
    ordered = sorted(every, key=lambda one: (-len(_FACT.sub("", one)), one))
    return tuple((one, re.compile(_pattern(one), re.DOTALL)) for one in ordered)


def _pattern(sentence: str) -> str:
    pieces = _FACT.split(sentence)  # words, name, words, name, words
    facts = [
        f"(?P<{one}>{'[^:]' if one in _SHORT else '.'}+?)" if i % 2 else re.escape(one) for i, one in enumerate(pieces)
    ]
    return "".join(facts)
