"""What stands on an alert card, and the same in words for those who cannot see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from broadcaster.domain.language import primary
from broadcaster.rendering.drawing import Scene
from broadcaster.rendering.typefaces import can_draw as drawable
from broadcaster.rendering.words import MOST_PLACES, places

ACTION_LENGTH = 150  # characters of what to do, in whole sentences
LONGEST_PLACE = 110  # characters of a document's area, else the zones are named
COMMAS = {"zh": "、", "ar": "، "}
ENDS = ".!?…。！？؟।۔"


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands on a card. ``look`` is a level or an ending, ``label`` the lawful word with its colours, ``drill``
    the word of an exercise, ``link`` what the code says; ``where`` are places that the headline does not name;
    ``was`` is the headline of what is over, shown as holding no more; ``scene`` is drawn as a map where there is one.
    """

    look: str
    word: str
    label: str
    colours: tuple[str, str]
    headline: str
    times: str
    source: str
    action: str = ""
    where: str = ""
    was: str = ""
    drill: str = ""
    link: str = ""
    language: str = "en"
    scene: Scene | None = field(default=None, repr=False)

    @property
    def texts(self) -> tuple[str, ...]:
        """All of its words."""
        said = (self.drill, self.word, self.label, self.headline, self.where, self.action, self.was)
        return tuple(text for text in (*said, self.times, self.source) if text)


def can_draw(sheet: Sheet) -> bool:
    """Whether the machine has typefaces for every letter of it."""
    return all(drawable(text, sheet.language) for text in sheet.texts if text != sheet.times)


def alt(sheet: Sheet) -> str:
    """The card in words, for those who cannot see it: everything that stands on it, in its order, once."""
    label = "" if sheet.headline.casefold().startswith(sheet.label.casefold()) else sheet.label
    said = (sheet.drill, sheet.word, label, sheet.headline, sheet.where, sheet.action, sheet.was, sheet.times)
    return "".join(_ended(text) for text in (*said, sheet.source, sheet.drill) if text).replace("\u00a0", " ").strip()


def listed(names: Sequence[str], language: str) -> str:
    """Places in a row, the first of many and how many more."""
    return places(names, language, most=MOST_PLACES).replace(", ", COMMAS.get(primary(language), ", "))


def together(text: str, names: Sequence[str]) -> str:
    """The text with names of places that stay on one line."""
    for name in names:
        text = text.replace(name, name.replace(" ", "\u00a0"))
    return text


def where(headline: str, names: Sequence[str], areas: Sequence[str], language: str) -> str:
    """The places, where the headline names none of them: a document's areas in its words, else the zones ``names``."""
    own, said = "; ".join(dict.fromkeys(areas)), headline.casefold()
    if any(name.casefold() in said for name in (*names, own) if name):
        return ""
    found = own if own and (len(own) <= LONGEST_PLACE or not names) else listed(names, language)
    return found if len(found) <= LONGEST_PLACE else found[:LONGEST_PLACE].rpartition(" ")[0] + "…"


def _ended(text: str) -> str:
    """A sentence and what parts it from the next; after an ideograph its own stop and nothing."""
    stop = "" if text[-1] in ENDS else "。" if text[-1] >= "\u2e80" else "."
    return f"{text}{stop}" if (text + stop)[-1] >= "\u2e80" else f"{text}{stop} "
