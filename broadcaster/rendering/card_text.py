"""Lines of text on a card: where they break, how large they fit, and in which direction they run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from unicodedata import bidirectional

from broadcaster.domain.language import direction
from broadcaster.rendering.typefaces import runs, width, wrapped
from broadcaster.rendering.words import sentences

LEADING = 1.18
STRUCK = ' text-decoration="line-through"'
HALVINGS = 5  # until the largest size that fits is found
_EMBED, _POP = "\u202b", "\u202c"  # UAX 9: from right to left, and the end of it
_ISOLATE, _END = "\u2066", "\u2069"  # from left to right and by itself, and the end of it
# Times, days and telephone numbers: beside Arabic letters their parts would be read from the right. A number that
# belongs to a Latin name ("Highway 9") stays with it.
_NUMBER = re.compile(
    r"(?<![A-Za-z\u00c0-\u024f\d])(?<![A-Za-z\u00c0-\u024f][ -])"
    r"\+?(?:\d{1,3} )?(?:\(\d+\)[ .-]?)?\d(?:[\d.:/\u2013-]|(?<=\d) (?=\d))*(?<=\d)%?"
)


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of one size. ``bold`` and ``colour`` as SVG needs them; ``struck``: what holds no more; ``pinned``: places,
    with a pin before them."""

    lines: tuple[str, ...]
    size: float
    colour: str
    bold: bool = True
    struck: bool = False
    rtl: bool = False
    pinned: bool = False

    @property
    def high(self) -> float:
        """In pixels."""
        return len(self.lines) * self.size * LEADING


class Pen:
    """Sets text in one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.rtl = direction(language) == "rtl"

    def wide(self, text: str, size: float, bold: bool = True) -> float:
        """How wide a line is, in pixels."""
        return width(text, size, self.language, bold)

    def fitting(self, text: str, size: float, wide: float) -> float:
        """A size at which the line is not wider than that."""
        return min(size, size * wide / max(1.0, self.wide(text, size)))

    def wrapped(self, text: str, size: float, wide: float, bold: bool = True, even: bool = True) -> tuple[str, ...]:
        """Lines of at most that width, about equally long."""
        return tuple(wrapped(text, size, wide, self.language, bold, even))

    def held(self, text: str, size: float, wide: float, most: int, bold: bool = True) -> tuple[str, ...]:
        """At most so many lines; what is left out is marked."""
        lines = wrapped(text, size, wide, self.language, bold)
        if len(lines) <= most:
            return self.wrapped(text, size, wide, bold)
        last = lines[most - 1]
        while last and self.wide(f"{last}…", size, bold) > wide:
            last = last[:-1]
        return (*lines[: most - 1], f"{last.rstrip(' ,.;:،、，')}…")

    def block(self, text: str, size: float, wide: float, colour: str, bold: bool = True, even: bool = True) -> Block:
        """The text in lines of that size."""
        return Block(self.wrapped(text, size, wide, bold, even), size, colour, bold, rtl=self.begins_right(text))

    def begins_right(self, text: str) -> bool:
        """Whether a text is set from the right: in such a language, unless all of it is in another's letters."""
        return self.rtl and _from_right(text)

    def line(
        self,
        text: str,
        x: float,
        y: float,
        size: float,
        colour: str,
        bold: bool = True,
        anchor: str = "",
        css: str = "",
        rtl: bool | None = None,
        struck: bool = False,
    ) -> str:
        """One line, its middle at ``y``; ``rtl``: that of the text that it is a line of."""
        right = self.begins_right(text) if rtl is None else rtl
        spans = "".join(_span(family, part) for family, part in self._parts(text, right))
        side = anchor or ("end" if self.rtl else "start")
        return (
            f'<text class="{css}" x="{x:.1f}" y="{y + 0.35 * size:.1f}" font-size="{size:.1f}" fill="{colour}" '
            f'font-weight="{700 if bold else 400}" text-anchor="{side}" xml:space="preserve"'
            f"{STRUCK if struck else ''}>{spans}</text>"
        )

    def _parts(self, text: str, right: bool) -> Iterator[tuple[str, str]]:
        """(family, text) in the order of reading, with marks of direction where writing begins on the right. The first
        is in the typeface of that writing: resvg takes the joined letters of a later one apart."""
        said = _NUMBER.sub(lambda found: f"{_ISOLATE}{found[0]}{_END}", text) if right else text
        pieces = [(run.typeface.family, run.text) for run in runs(said, self.language)]
        if not right or not pieces:
            yield from pieces
            return
        own = next((family for family, part in pieces if _from_right(part)), pieces[0][0])
        yield own, _EMBED
        yield from pieces
        yield own, _POP


def _from_right(text: str) -> bool:
    return any(bidirectional(sign) in ("R", "AL") for sign in text)


def fewer(text: str) -> Iterator[str]:
    """The text, and then with one whole sentence less each time; never nothing."""
    while text:
        yield text
        text = sentences(text, len(text) - 1)


def largest(least: float, most: float, fits: Callable[[float], bool]) -> float | None:
    """The largest size, about, that fits; None where the least does not."""
    if not fits(least):
        return None
    if fits(most):
        return most
    for _ in range(HALVINGS):
        middle = (least + most) / 2
        least, most = (middle, most) if fits(middle) else (least, middle)
    return least


def stacked(blocks: Sequence[Block], gap: float) -> float:
    """The height of blocks under each other."""
    return sum(block.high for block in blocks) + gap * max(0, len(blocks) - 1)


def _span(family: str, text: str) -> str:
    return f'<tspan font-family="{family}">{escape(text)}</tspan>'
