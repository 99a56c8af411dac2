"""Words as a voice reads them: no addresses of pages, no abbreviations, no signs that it stumbles over.

People type "Hwy 9 & Oak St, 6:30pm PST"; a call says "Highway 9 and Oak Street, 6:30 p.m. Pacific time". Names of roads
are expanded in every language, for they stay as they are. Doing it twice changes nothing. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

_ENDINGS = "gov|com|org|net|us|info|edu|mil|io|ca|mx"
_ADDRESS = re.compile(
    rf"(?:https?://\S*|www\.\S+)|\S+@\S+\.\S+|\b(?:[a-z0-9-]+\.)+(?:{_ENDINGS})\b(?:/\S*)?", re.IGNORECASE
)
_PHONE = re.compile(r"(?<![\w-])(?:\+?1[-. ])?(?:\(\d{3}\) ?|\d{3}[-. ])?\d{3}[-.]\d{4}(?![\w-])|\+\d{8,15}\b")
_SERVICE = re.compile(r"(?<![\d.,:$-])([2-9]11|988)(?![\d%]|[.,:-]\d)")
_RANGE = re.compile(r"(?<![\w-])(\d{1,3}(?::\d\d)?) ?[-\u2013] ?(\d{1,3}(?::\d\d)?)(?![\d-])")
_HALF = re.compile(r"\b(\d{1,2})(?::(\d{2}))? ?([apAP])\.? ?[mM]\b\.?(?=(\s*$|\s+[A-ZÁÉÍÓÚÑ¿¡]))?")
_ZONE = re.compile(r"(?<=m\. )(?:([PMCE])T|(P|M|C|E|AK|H|A)[SD]T|(p|m|c|e|ak|h|a)[sd]t)\b")
_ZONES = {
    "P": "Pacific",
    "M": "Mountain",
    "C": "Central",
    "E": "Eastern",
    "AK": "Alaska",
    "H": "Hawaii",
    "A": "Atlantic",
}
_SHOUTED, _ENOUGH = 0.7, 20  # share of so many letters: then capitals say nothing, and a voice spells some of them

Words = Mapping[str, str]
_TO: Words = {"en": "to", "es": "a", "fr": "à", "vi": "đến", "zh": "到", "ar": "إلى"}
_SIGNS: Mapping[str, Words] = {
    "&": {"en": "and", "es": "y", "fr": "et", "vi": "và", "zh": "和", "ar": "و"},
    "%": {"en": "percent", "es": "por ciento", "fr": "pour cent", "vi": "phần trăm", "ar": "بالمئة"},
    "°F": {"en": "degrees Fahrenheit", "es": "grados Fahrenheit"},
    "°C": {"en": "degrees Celsius", "es": "grados centígrados"},
    "°": {"en": "degrees", "es": "grados"},
    "#": {"en": "number", "es": "número"},
    "+": {"en": "plus", "es": "más"},
    "=": {"en": "equals", "es": "igual a"},
}
_KEPT = frozenset(".,:;?!'-¿¡$\u2019。，、：；！？،؛؟")  # "'" and "-" stand inside words
_ROADS: Words = {
    "Rd": "Road",
    "Ave": "Avenue",
    "Blvd": "Boulevard",
    "Ln": "Lane",
    "Ct": "Court",
    "Pl": "Place",
    "Pkwy": "Parkway",
    "Hwy": "Highway",
    "Fwy": "Freeway",
    "Expy": "Expressway",
    "Rte": "Route",
    "Cyn": "Canyon",
    "Crk": "Creek",
    "Mtn": "Mountain",
    "Mt": "Mount",
    "Cir": "Circle",
    "Trl": "Trail",
    "Jct": "Junction",
    "Bldg": "Building",
    "Apt": "Apartment",
    "Dept": "Department",
    "Elem": "Elementary",
    "Natl": "National",
}
_BEFORE_NUMBER: Words = {"SR": "State Route", "CR": "County Road", "I": "Interstate"}
_WAYS: Words = {
    "N": "North",
    "S": "South",
    "E": "East",
    "W": "West",
    "NE": "Northeast",
    "NW": "Northwest",
    "SE": "Southeast",
    "SW": "Southwest",
    "NB": "northbound",
    "SB": "southbound",
    "EB": "eastbound",
    "WB": "westbound",
}
_AFTER_NUMBER: Mapping[str, Words] = {
    "en": {"mph": "miles per hour", "mi": "miles", "ft": "feet", "km": "kilometers", "hrs": "hours", "mins": "minutes"},
    "es": {"mph": "millas por hora", "km/h": "kilómetros por hora", "km": "kilómetros", "mi": "millas", "m": "metros"},
}
_PLAIN: Mapping[str, Words] = {
    "en": {"w/": "with", "e.g.": "for example", "i.e.": "that is", "etc.": "and so on", "approx.": "about"},
    "es": {"p. ej.": "por ejemplo", "aprox.": "unos", "Av.": "Avenida", "Avda.": "Avenida", "etc.": "y más"},
}
_MONTHS = {
    "Jan": "January",
    "Feb": "February",
    "Mar": "March",
    "Apr": "April",
    "Jun": "June",
    "Jul": "July",
    "Aug": "August",
    "Sep": "September",
    "Oct": "October",
    "Nov": "November",
    "Dec": "December",
}
_SHORT_MONTH = re.compile(r"\b(Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?(?= \d{1,2}\b)")
_STREET = re.compile(r"(?:(?<=[\w'] )|(?<=^)|(?<=[.,] ))St\b(\.?)(?=(.?))")
_SAINTS = ("Mount", "Lake", "Fort", "Port", "Point", "Mt", "Ft")


def said(text: str, language: str) -> str:
    """The text as a voice in that language reads it, in one line."""
    text = _ADDRESS.sub(" ", " ".join(unicodedata.normalize("NFC", text).split()))
    text = _calm(text)
    text = _numbers(text, language)
    if language in _AFTER_NUMBER:
        text = _short(text, language)
        text = _roads(text)
    return _signs(text, language)


@lru_cache(maxsize=1024)
def said_when(moment: datetime, timezone: str, language: str, plain: bool = False) -> str:
    """A time with its day as people say it: "6:30 p.m. on Sunday, November 22", without the zone they live in.

    ``plain`` changes nothing: nobody counts the letters of a call.
    """
    local = moment.astimezone(ZoneInfo(timezone))
    form = _MOMENTS.get(language)
    return form(local) if form else f"{_day(local, 'EEEE d MMMM', language)}, {local:%H:%M}"


# --- times ------------------------------------------------------------------------------------------------------
def _english(local: datetime) -> str:
    day = _day(local, "EEEE, MMMM d", "en")
    if (local.hour, local.minute) == (0, 0):
        return f"midnight at the start of {day}"
    if (local.hour, local.minute) == (12, 0):
        return f"midday on {day}"
    return f"{_twelve(local)} {'a.m.' if local.hour < 12 else 'p.m.'} on {day}"


def _spanish(local: datetime) -> str:
    day = _day(local, "EEEE d 'de' MMMM", "es")
    if (local.hour, local.minute) == (0, 0):
        return f"la medianoche, al empezar el {day}"
    if (local.hour, local.minute) == (12, 0):
        return f"el mediodía del {day}"
    return f"{'la' if local.hour % 12 == 1 else 'las'} {_twelve(local)} {_spanish_half(local.hour)} del {day}"


def _spanish_half(hour: int) -> str:
    return (
        "de la madrugada"
        if hour < 6
        else "de la mañana"
        if hour < 12
        else "de la tarde"
        if hour < 20
        else "de la noche"
    )


def _twelve(local: datetime) -> str:
    return f"{local.hour % 12 or 12}:{local:%M}" if local.minute else f"{local.hour % 12 or 12}"


def _french(local: datetime) -> str:
    hours = f"{local.hour} heure{'s' if local.hour > 1 else ''}"
    return f"{hours}{f' {local.minute}' if local.minute else ''}, {_day(local, 'EEEE d MMMM', 'fr')}"


def _vietnamese(local: datetime) -> str:
    minutes = f" {local.minute} phút" if local.minute else ""
    return f"{local.hour} giờ{minutes}, {_day(local, 'EEEE', 'vi').lower()} ngày {local.day} tháng {local.month}"


def _chinese(local: datetime) -> str:
    minutes = f"{local.minute}分" if local.minute else ""
    return f"{_day(local, 'M月d日EEEE', 'zh')}{local.hour}点{minutes}"


def _arabic(local: datetime) -> str:
    return f"الساعة {local:%H:%M} يوم {_day(local, 'EEEE d MMMM', 'ar')}"


_MOMENTS: Mapping[str, Callable[[datetime], str]] = {
    "en": _english,
    "es": _spanish,
    "fr": _french,
    "vi": _vietnamese,
    "zh": _chinese,
    "ar": _arabic,
}


def _day(local: datetime, pattern: str, language: str) -> str:
    try:
        return format_date(local, pattern, locale=Locale.parse(language, sep="-"))
    except (UnknownLocaleError, ValueError):
        return format_date(local, pattern, locale="en")


# --- words ------------------------------------------------------------------------------------------------------
def _calm(text: str) -> str:
    """Sentence case for what was written in capitals throughout, as some weather services do."""
    letters = [letter for letter in text if letter.isalpha()]
    if len(letters) < _ENOUGH or sum(letter.isupper() for letter in letters) <= _SHOUTED * len(letters):
        return text
    return re.sub(r"(^|[.!?]\s+)(\w)", lambda m: m[1] + m[2].upper(), text.lower())


def _numbers(text: str, language: str) -> str:
    text = _PHONE.sub(lambda m: _digit_by_digit(m[0]), text)
    text = _SERVICE.sub(lambda m: " ".join(m[1]), text)
    to = _TO.get(language, _TO["en"])
    text = _RANGE.sub(lambda m: f"{m[1]} {to} {m[2]}", text)
    if language == "en":
        return _ZONE.sub(_zone, _HALF.sub(_half, text))
    return _HALF.sub(_half_in_spanish, text) if language == "es" else text


def _zone(found: re.Match[str]) -> str:
    return f"{_ZONES[next(filter(None, found.groups())).upper()]} time"


def _digit_by_digit(number: str) -> str:
    return ", ".join(" ".join(group) for group in re.findall(r"\d+", number))


def _half(found: re.Match[str]) -> str:
    """ "6:30PM" and "6:00 pm" as "6:30 p.m." and "6 p.m."; the last point also ends the sentence."""
    return f"{_clock(found)} {found[3].lower()}.m."


def _half_in_spanish(found: re.Match[str]) -> str:
    hour = int(found[1]) % 12 + (12 if found[3].lower() == "p" else 0)
    ends = "." if found[0].endswith(".") and found[4] is not None else ""
    return f"{_clock(found)} {_spanish_half(hour)}{ends}"


def _clock(found: re.Match[str]) -> str:
    return found[1] if found[2] in (None, "00") else f"{found[1]}:{found[2]}"


def _short(text: str, language: str) -> str:
    for short, word in _PLAIN[language].items():
        text = re.sub(rf"(?<!\w){re.escape(short)}(?!\w)", word, text)
    for short, word in _AFTER_NUMBER[language].items():
        text = _word(text, rf"(?<=\d) ?{re.escape(short)}", f" {word}")
    if language == "en":
        text = _SHORT_MONTH.sub(lambda m: _MONTHS[m[1][:3]], text)
        text = re.sub(r"\bNWS\b", "National Weather Service", text)
    return text


def _roads(text: str) -> str:
    for short, word in _BEFORE_NUMBER.items():
        text = re.sub(rf"\b{short}[- ](?=\d)", f"{word} ", text)
    text = re.sub(r"\bU\.?S\.?[- ](?:Hwy\.? |Highway )?(?=\d)", "U.S. Highway ", text)
    for short, word in _ROADS.items():
        text = _word(text, rf"\b{short}", word)
    text = re.sub(r"(?<=[\w'] )Dr\b(\.?)(?=(\s*$|\s+[A-Z])?)", _drive, text)
    text = _STREET.sub(lambda m: _street(text, m), text)
    text = re.sub(r"(?<![.\w'])([NSEW])\b\.?(?= (?:[A-Z0-9]|of\b))", lambda m: _WAYS[m[1]], text)
    return re.sub(r"\b([NS][EWB]|[EW]B)\b", lambda m: _WAYS[m[1]], text)


def _word(text: str, pattern: str, word: str) -> str:
    """The whole word, with or without a point; one that also ends a sentence stays."""
    return re.sub(rf"{pattern}\b(\.?)(?=(\s*$|\s+[A-Z])?)", lambda m: word + _end(m), text)


def _drive(found: re.Match[str]) -> str:
    """ "12 Oak Dr" is a drive, "ask Dr. Smith" a doctor."""
    before = found.string[: found.start()].split()[-1]
    return "Doctor" if before[:1].islower() else f"Drive{_end(found)}"


def _street(text: str, found: re.Match[str]) -> str:
    """ "Main St" is a street, "St Helena" and "Mount St Helens" are saints."""
    before = text[: found.start()].split()
    last = before[-1] if before else ""
    if not last or last[-1] in ".,:;" or last in _SAINTS or last[:1].islower():
        return "Saint"
    ends = found[1] and re.match(r"\s*$|\s+[A-Z]", text[found.end() :])
    return "Street." if ends else "Street"


def _end(found: re.Match[str]) -> str:
    return "." if found[1] and found[2] is not None else ""


# --- signs ------------------------------------------------------------------------------------------------------
def _signs(text: str, language: str) -> str:
    for sign, words in _SIGNS.items():
        word = words.get(language, "")
        text = text.replace(sign, f" {word} ") if word else text.replace(sign, " ")
    text = re.sub(r"\.{2,}|\u2026|\u2022", ". ", text)
    text = re.sub(r"\s*[\u2012-\u2015/()\[\]|;]\s*", ", ", text)
    text = "".join(letter if _spoken(letter) else " " for letter in text)
    text = re.sub(r"(?<!\w)['\u2019]|['\u2019](?!\w)", " ", text)  # those inside words alone are letters
    text = re.sub(r"(?<!\S)[-\u2010\u2011]+(?!\S)", ", ", text)
    return _tidied(text)


def _spoken(letter: str) -> bool:
    return letter.isspace() or letter in _KEPT or unicodedata.category(letter)[0] in "LMN"


def _tidied(text: str) -> str:
    """One space between words, one sign between parts, none before a sign."""
    text = " ".join(text.split())
    text = re.sub(r"\s+([.,:?!])", r"\1", text)
    text = re.sub(r"[,:]+(?=[.?!])|(?<=[?!:,])[,:]+|(?<![ap]\.m\.)(?<=\.)[,:]+", "", text)
    text = re.sub(r"(?<![ap]\.m)\.(\s*\.)+", ".", text)
    return text.lstrip(",:. ").rstrip(",: ")
