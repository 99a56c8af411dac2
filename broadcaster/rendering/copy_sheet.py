"""An alert's words for tools and people outside this system: phones by the federal gateway, radio, a knock on a door.

Made of the alert's frozen words alone. A text for phones holds GSM-7 only, and whole sentences: what is not said in
so few characters is not said at all, and somebody writes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from broadcaster.domain.alert import Info
from broadcaster.domain.language import primary
from broadcaster.domain.text_html import for_people
from broadcaster.domain.text_sms import costly, count
from broadcaster.rendering.words import sentences, stop

SHORT, LONG = 90, 360  # characters of a Wireless Emergency Alert (47 CFR 10.430)
WORDS_A_MINUTE = 150  # read out loud so that people can follow
SAYS = {
    "en": ("This is {source}.", "What to do:", "I repeat:", "Go to {link} for more."),
    "es": ("Habla {source}.", "Qué hacer:", "Repito:", "Más información en {link}."),
}


@dataclass(frozen=True, slots=True)
class Words:
    """What is copied, in one language. ``short`` and ``long`` are "" where it is not said in so few characters."""

    language: str
    short: str
    long: str
    radio: str
    seconds: int


def words(info: Info, until: str, link: str, drill: str) -> Words:
    """``until``: its end as texts say it; ``drill``: an exercise's word, which then stands first and last."""
    info = _bare(for_people(info), drill)
    language = primary(info.language)
    radio = _labelled(_radio(info, language, until, link), drill, "\n\n")
    return Words(
        language=language,
        short=next(_fitting(_short(info), SHORT, drill), ""),
        long=next(_fitting(_long(info, until, link), LONG, drill), ""),
        radio=radio,
        seconds=round(len(radio.split()) * 60 / WORDS_A_MINUTE),
    )


def units(text: str) -> int:
    """Characters as phones count them; text outside GSM-7 counts as too long for both."""
    found = count(text)
    return found.units if found.encoding == "GSM-7" else LONG + 1


def _short(info: Info) -> Iterator[str]:
    """Who says it where there is room; what, where and what to do in every case."""
    said = info.headline or info.event
    yield f"{stop(said)} {info.sender_name}"
    yield stop(said)
    yield said
    yield f"{info.event}. {sentences(info.instruction, SHORT)}"


def _long(info: Info, until: str, link: str) -> Iterator[str]:
    """As many whole sentences of what to do as fit."""
    said = stop(info.headline or info.event)
    for room in range(LONG, 20, -10):
        yield " ".join(filter(None, (f"{info.sender_name}:", said, sentences(info.instruction, room), until, link)))
    yield " ".join(filter(None, (said, sentences(info.instruction, SHORT), until)))


def _fitting(texts: Iterator[str], most: int, drill: str) -> Iterator[str]:
    """Those that fit, with letters that phones lack written plainly, and nothing twice in a row."""
    for text in texts:
        made = _labelled(_plain(text), _plain(drill), " ")
        if units(made) <= most and made.strip():
            yield made


def _plain(text: str) -> str:
    for one in costly(text):
        text = text.replace(one.character, one.suggestion or "")
    return " ".join(text.split())


def _radio(info: Info, language: str, until: str, link: str) -> str:
    """Who speaks, what and where, what happens, what to do, until when; then the first and the last again."""
    opening, do, again, more = SAYS.get(language, SAYS["en"])
    said = stop(info.headline or info.event)
    parts = [
        f"{opening.format(source=info.sender_name)} {said}",
        sentences(info.description, 400),
        f"{do} {info.instruction}" if info.instruction else "",
        until,
        f"{again} {said} {sentences(info.instruction, 160)}",
        more.format(link=link.partition("://")[2].partition("/alerts/")[0]) if link else "",
    ]
    return "\n\n".join(" ".join(part.split()) for part in parts if part)


def _bare(info: Info, drill: str) -> Info:
    """Without the exercise's word at both ends of each part: it stands once round the whole."""
    if not drill:
        return info
    said = (info.headline, info.description, info.instruction)
    headline, description, instruction = (
        part.removeprefix(f"{drill}:").removeprefix(drill).removesuffix(drill).strip() for part in said
    )
    return replace(info, headline=headline, description=description, instruction=instruction)


def _labelled(text: str, drill: str, between: str) -> str:
    return f"{drill}{':' if between == ' ' else ''}{between}{text}{between}{drill}" if drill and text else text
