"""What the page says in each language: data files in ``languages/``, one for each, complete by a test.

Words of levels, endings and evacuation levels that the domain has are taken from there; the files add the
languages that it does not have. A language without a file gets the agency's first that has one, else English.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError

from broadcaster.domain.language import primary
from broadcaster.domain.wording import ENDINGS, EVACUATION_LEVELS, LEVEL_WORDS, Level

Strings = Mapping[str, str]
FOLDER = Path(__file__).parent / "languages"
ORDER = ("en", "es", "fr", "vi", "zh", "ar")  # as the menu shows them, after the agency's own


@cache
def tables(language: str) -> Mapping[str, Any]:
    """The whole data file of a language's base ("es" for "es-MX"), else English's."""
    base = primary(language)
    path = FOLDER / f"{base if base in ORDER else 'en'}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def strings(language: str) -> Strings:
    """What pages say."""
    found: Strings = tables(language)["page"]
    return found


def languages(wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the agency's languages that the page speaks, in its order, and then all others that it speaks."""
    own = tuple(language for language in wanted if primary(language) in ORDER) or ("en",)
    spoken = {primary(language) for language in own}
    return (*own, *(language for language in ORDER if language not in spoken))


def level_word(level: str, language: str) -> str:
    """The word of a level of danger."""
    return _own(LEVEL_WORDS[Level(level)], language) or str(tables(language)["level"][level])


def ending_word(face: str, language: str, declared: Mapping[str, str] | None = None) -> str:
    """The words of an ending; of a lifted alert, what was ``declared`` with it where that has this language."""
    if declared and face == "lifted" and (said := declared.get(language) or declared.get(primary(language))):
        return said
    return _own(ENDINGS[face].words, language) or str(tables(language)["ending"][face])


def evacuation_words(practice: str, key: str, language: str) -> tuple[str, str]:
    """(name, lawful sentence) of a step of the place's practice ("california", "oregon")."""
    step = EVACUATION_LEVELS[practice][key]
    name, sentence = _own(step.name, language), _own(step.sentence, language)
    if name and sentence:
        return name, sentence
    found: list[str] = tables(language)["evacuation"][practice][key]
    return found[0], found[1]


@cache
def language_name(language: str, reader: str) -> str:
    """What readers of one language call another: ("en", "es") -> "inglés"; its code where nobody knows it."""
    try:
        name = Locale.parse(strings(reader)["tag"], sep="-").languages.get(primary(language))
    except UnknownLocaleError:
        return language
    return str(name or language)


def _own(words: Mapping[str, str], language: str) -> str:
    return words.get(language) or words.get(primary(language), "" if primary(language) in ORDER else words["en"])
