"""Small words of texts: absolute times, lists of places, whole sentences that fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

_NOON = {"en": "midday", "es": "mediodía", "es_plain": "mediodia"}
_MIDNIGHT = {"en": "midnight", "es": "medianoche"}
_STARTING = {"en": "{time} {zone} at the start of {day}", "es": "{time} {zone} al inicio del {day}"}
_AND = {"en": "and", "es": "y", "fr": "et", "vi": "và", "zh": "和", "ar": "و"}
_MORE = {
    "en": "and {n} more areas",
    "es": "y {n} zonas más",
    "es_plain": "y {n} zonas mas",
    "fr": "et {n} autres zones",
    "vi": "và {n} khu vực khác",
    "zh": "和另外 {n} 个区域",
    "ar": "و {n} مناطق أخرى",
}
_DAY = {"en": "MMM d", "es": "d MMM", "zh": "M月d日"}
_COMMA = {"ar": "\u200f،"}  # the mark keeps the day from being read as a part of the zone's Latin letters
MOST_PLACES = 4
_SENTENCE_END = re.compile(r"(?<=[.!?؟]) (?=\S)|(?<=[。！？])(?=[^。！？”’」』）])")
_POINT = re.compile(r"(^|[.;:!?] )\d{1,2}\.$")


def pick(words: Mapping[str, str], language: str, plain: bool = False) -> str:
    """The words of a language (its plain variant for SMS), else English, else whatever there is."""
    keys = (f"{language}_plain", language) if plain else (language,)
    found = next((words[key] for key in keys if key in words), None)
    return found if found is not None else words.get("en", next(iter(words.values()), ""))


@lru_cache(maxsize=1024)  # the same few moments stand in every form of every text
def when(moment: datetime, timezone: str, language: str, plain: bool = False) -> str:
    """Absolute time with date and zone: "6:30 pm PST, Nov 22"; midday and midnight in words, without doubt."""
    local = moment.astimezone(ZoneInfo(timezone))
    zone = local.tzname() or timezone
    day = format_date(local, _DAY.get(language, "d MMM"), locale=Locale.parse(language, sep="-"))
    if (local.hour, local.minute) == (0, 0) and language in _MIDNIGHT:
        return _STARTING[language].format(time=_MIDNIGHT[language], zone=zone, day=day)
    if (local.hour, local.minute) == (12, 0) and language in _NOON:
        return f"{pick(_NOON, language, plain)} {zone}, {day}"
    return f"{_clock(local, language)} {zone}{_COMMA.get(language.split('-')[0], ',')} {day}"


def _clock(local: datetime, language: str) -> str:
    if language not in _NOON:
        return f"{local:%H:%M}"
    return f"{local.hour % 12 or 12}:{local:%M} {'am' if local.hour < 12 else 'pm'}"


def places(names: Sequence[str], language: str, plain: bool = False, most: int | None = None) -> str:
    """ "A, B and C"; with ``most``, the first ones and how many more."""
    if most is not None and len(names) > most:
        return f"{', '.join(names[:most])} {pick(_MORE, language, plain).format(n=len(names) - most)}"
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {_AND.get(language, _AND['en'])} {names[-1]}"


def language_name(language: str) -> str:
    """A language's English name: "es" -> "Spanish"; a code that nobody named stays itself."""
    try:
        return Locale.parse(language, sep="-").get_display_name("en") or language
    except (UnknownLocaleError, ValueError):
        return language


def sentences(text: str, length: int) -> str:
    """As many whole sentences from the start as fit into ``length`` characters; guidance is never cut inside one."""
    flat = re.sub(r"[ \t\r\n]+", " ", text).strip()
    return next((flat[:end] for end in reversed(_ends(flat)) if end <= length), "")


def posts(text: str, fits: Callable[[str], bool], most: int) -> list[str]:
    """The text in at most ``most`` posts, broken between sentences, and only in one that fits into no post between
    words. What has no room is left out whole: the first post of a thread leads to all of it."""
    found: list[str] = []
    for piece in _pieces(re.sub(r"[ \t\r\n]+", " ", text).strip(), fits):
        if found and fits(f"{found[-1]} {piece}"):
            found[-1] += f" {piece}"
        else:
            found.append(piece)
    return found[:most]


def _pieces(flat: str, fits: Callable[[str], bool]) -> Iterator[str]:
    ends = _ends(flat)
    for sentence in (flat[start:end].strip() for start, end in pairwise([0, *ends])):
        if fits(sentence):
            yield sentence
        else:
            yield from (word for word in sentence.split() if fits(word))


def _ends(flat: str) -> list[int]:
    """Where sentences end, the text's own end last. What a small letter goes on with ("3 p.m. today") is none, nor the
    number of a point ("2. Go south")."""
    found = (match.start() for match in _SENTENCE_END.finditer(flat))
    ends = (end for end in found if not flat[end:].lstrip()[0].islower() and not _POINT.search(flat[:end]))
    return [*ends, len(flat)] if flat else []


def stop(text: str) -> str:
    """The sentence with its full stop; nothing stays nothing."""
    return text if not text or text[-1] in ".!?" else f"{text}."


def one_line(text: str) -> str:
    """Template output as one line: runs of spaces and line ends become one space; nothing else changes."""
    joined = re.sub(r"[ \t\r\n]+", " ", text).strip()
    return re.sub(r" ([.,;:!?])(?=\s|$)", r"\1", joined)


def paragraphs(text: str) -> str:
    """Template output as paragraphs with one empty line between them."""
    lines = [re.sub(r"[ \t]+", " ", line).strip() for line in text.strip().splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))
