"""Where the parts of a card stand. Right-to-left writing mirrors all of it.

The apps that show tall pictures lay their own signs over both ends, so nothing that is read stands there; and the
first and last pixels of wide ones are cut by some (1200 by 628), so a drill's strips are thicker than that.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from broadcaster.domain.wording import BANDS
from broadcaster.rendering import codes
from broadcaster.rendering.card_looks import (
    DRILL,
    DRILL_AREA,
    HATCH,
    INK,
    LAND,
    LINE,
    MAP_STYLE,
    PALE,
    PAPER,
    PIN,
    POINTING,
    SIGNS,
    SOFT,
)
from broadcaster.rendering.card_sheet import Sheet
from broadcaster.rendering.card_text import LEADING, Block, Pen, fewer, largest, stacked
from broadcaster.rendering.drawing import WIDTH
from broadcaster.rendering.typefaces import can_draw as drawable

TOP, BOTTOM = 250, 340  # pixels of a tall card that apps lay their own signs over
NAME = 24  # of 675: places on the map
BAND, STRIP, RIM = 112, 80, 18  # of 675: the level's band; an exercise's strips and sides
LEAST = (36, 29)  # of 675: the smallest headline and the smallest words
SMALLER = 0.52  # what to do, beside the headline
SOURCE_LINES = 2
WORDS_GAP = 14  # of 675: between headline, where and what to do
# Of the room beside or above the map: what to do comes before the map, which gives way to it.
SHARES, LOW_SHARES, EMBLEM_SHARES = (0.37, 0.28, 0.0), (0.4, 0.28, 0.0), (0.28, 0.0)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels."""

    x: float
    y: float
    wide: float
    high: float

    def cut(self, top: float = 0, side: float = 0, bottom: float = 0) -> Box:
        """What is left inside."""
        return Box(self.x + side, self.y + top, self.wide - 2 * side, self.high - top - bottom)


def write(sheet: Sheet, size: tuple[int, int]) -> str:
    """The card as SVG."""
    wide, high = size
    body = "".join(_Layout(sheet, wide, high).parts())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}">'
        f"<style>{_style(sheet)}</style>{HATCH if sheet.drill else ''}"
        f'<rect width="{wide}" height="{high}" fill="{PAPER}"/>{body}</svg>'
    )


class _Layout:
    def __init__(self, sheet: Sheet, wide: int, high: int) -> None:
        self.sheet, self.wide, self.high = sheet, wide, high
        self.pen = Pen(sheet.language)
        self.rtl = self.pen.rtl
        self.tall = high > 1.3 * wide
        self.flat = wide > 1.3 * high
        self.unit = high / 675 if self.flat else wide / (720 if self.tall else 860)
        self.ground, self.text = DRILL if sheet.drill else BANDS[sheet.look]

    def parts(self) -> Iterator[str]:
        top, bottom = (float(TOP), self.high - float(BOTTOM)) if self.tall else (0.0, float(self.high))
        body = Box(0, top, self.wide, bottom - top)
        if self.sheet.drill:
            strip = STRIP * self.unit
            yield from self._frame(body, strip)
            body = body.cut(strip, RIM * self.unit, strip)
        elif self.tall:
            yield _rect(Box(0, 0, self.wide, top + 1), self.ground)
            yield _rect(Box(0, bottom, self.wide, self.high - bottom), self.ground)
        edge = 0.05 * min(self.wide, self.high)
        band = yield from self._band(body, edge)
        yield from self._room(body.cut(band, edge - (RIM * self.unit / 2 if self.sheet.drill else 0)))
        if not self.sheet.drill:
            colour = LINE if self.sheet.look in PALE else self.ground
            yield (
                f'<rect x="3" y="3" width="{self.wide - 6}" height="{self.high - 6}" fill="none" stroke="{colour}" '
                'stroke-width="6"/>'
            )

    def _room(self, room: Box) -> Iterator[str]:
        """Words and map, and below them the foot, beside whose words stands the code."""
        gap = 22 * self.unit
        foot = self._foot_blocks(room.wide - self._code_side() - gap)
        low = max(stacked(foot, 6 * self.unit), self._code_side()) + gap
        yield from self._foot(Box(room.x, room.y + room.high - low, room.wide, low - gap), foot)
        above = room.cut(bottom=low + 0.6 * gap)
        for share in SHARES if self.flat else LOW_SHARES if self.sheet.scene else EMBLEM_SHARES:
            words, chart = self._parted(above, share, gap)
            blocks, whole = self._fitted(words, (96 if self.tall else 76) * self.unit)
            if whole:
                break
        yield from self._words(words, blocks)
        if chart.wide > 0 and chart.high > 0:
            yield from self._chart(chart)

    def _parted(self, room: Box, share: float, gap: float) -> tuple[Box, Box]:
        """(words, map), the map with that share of the room: beside the words, or below them."""
        if self.flat:
            side = share * room.wide
            wide = room.wide - side - (gap if share else 0)
            words = Box(self._at(room, 0, wide), room.y, wide, room.high)
            chart = Box(self._at(room, room.wide - side, side), room.y + gap, side, room.high - gap)
        else:
            side = share * room.high
            words = room.cut(bottom=side)
            chart = Box(room.x, room.y + room.high - side, room.wide, side - (gap if share else 0))
        return words.cut(0.8 * gap, 0, 0.2 * gap), chart

    def _at(self, room: Box, start: float, wide: float) -> float:
        """Where something begins that lies ``start`` after the side on which reading begins."""
        return room.x + (room.wide - start - wide if self.rtl else start)

    # --- the exercise -----------------------------------------------------------------------------------------------
    def _frame(self, body: Box, strip: float) -> Iterator[str]:
        """A hatched frame with the word above and below, on all of the picture that is not the card."""
        yield _rect(Box(0, 0, self.wide, self.high), "url(#hatch)")
        yield _rect(body.cut(strip, RIM * self.unit, strip), PAPER)
        for y in (body.y, body.y + body.high - strip):
            size = self.pen.fitting(self.sheet.drill, 0.7 * strip, 0.8 * self.wide)
            wide, high = self.pen.wide(self.sheet.drill, size) + 1.2 * size, strip
            yield _rect(Box((self.wide - wide) / 2, y + (strip - high) / 2, wide, high), PAPER)
            yield self.pen.line(self.sheet.drill, self.wide / 2, y + strip / 2, size, "#000000", anchor="middle")

    # --- the band ---------------------------------------------------------------------------------------------------
    def _band(self, body: Box, edge: float) -> Generator[str, None, float]:
        """The level's sign and word, and the lawful word beside them, or below where both have no room in one line.
        Returns the band's height."""
        row = BAND * self.unit
        inner = body.cut(0, edge - (RIM * self.unit / 2 if self.sheet.drill else 0))
        sign, size, chip = 0.6 * row, (0.45 if self.rtl else 0.52) * row, 0.33 * row  # Arabic has marks above
        left = inner.wide - 1.25 * sign
        label = self._chip_wide(chip) if self.sheet.label else 0
        together = self.pen.wide(self.sheet.word, size) + (label + 0.3 * row if label else 0) <= left
        lines: Sequence[str] = (self.sheet.word,)
        if not label and not together:
            size, lines = self._two_lines(size, left)
        high = row + (0 if together else 0.62 * row if label else (len(lines) - 1) * size * LEADING)
        yield _rect(Box(body.x, body.y, body.wide, high), self.ground)
        if self.sheet.drill:
            yield _rect(Box(body.x, body.y + high - 4, body.wide, 4), INK)
        middle = body.y + (row / 2 if label else high / 2)
        yield self._sign(self._at(inner, 0, sign), middle - sign / 2, sign, self.text, self.ground)
        size = min(self.pen.fitting(line, size, left) for line in lines)
        for number, line in enumerate(lines):
            y = middle + (number - (len(lines) - 1) / 2) * size * LEADING
            yield self.pen.line(line, self._side(inner, 1.25 * sign), y, size, self.text)
        if label:
            chip = chip if label <= left else chip * left / label
            label = self._chip_wide(chip)
            start = inner.wide - label if together else 1.25 * sign
            y = middle - 0.31 * row if together else body.y + 0.86 * row
            yield from self._chip(Box(self._at(inner, start, label), y, label, 0.62 * row), chip)
        return high

    def _two_lines(self, size: float, wide: float) -> tuple[float, tuple[str, ...]]:
        """Rather two lines than one too small to read."""
        found = largest(0.3 * size, size, lambda smaller: len(self.pen.wrapped(self.sheet.word, smaller, wide)) <= 2)
        if found is None:
            return 0.3 * size, (self.sheet.word,)
        return found, self.pen.wrapped(self.sheet.word, found, wide)

    def _chip_wide(self, size: float) -> float:
        return self.pen.wide(self.sheet.label, size) + size

    def _chip(self, box: Box, size: float) -> Iterator[str]:
        ground, text = DRILL if self.sheet.drill else self.sheet.colours
        yield (
            f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.wide:.1f}" height="{box.high:.1f}" rx="10" '
            f'fill="{ground}" stroke="{self.text if self.sheet.drill else PAPER}" stroke-width="4"/>'
        )
        yield self.pen.line(self.sheet.label, box.x + box.wide / 2, box.y + box.high / 2, size, text, anchor="middle")

    def _sign(self, x: float, y: float, size: float, text: str, ground: str) -> str:
        """A sign that points is turned round where reading goes the other way."""
        scale = size / 80
        turned = self.rtl and self.sheet.look in POINTING
        where = f"translate({x + size:.1f} {y:.1f}) scale({-scale:.3f} {scale:.3f})" if turned else ""
        where = where or f"translate({x:.1f} {y:.1f}) scale({scale:.3f})"
        return f'<g transform="{where}">{SIGNS[self.sheet.look].format(t=text, b=ground)}</g>'

    # --- the words --------------------------------------------------------------------------------------------------
    def _words(self, box: Box, blocks: Sequence[Block]) -> Iterator[str]:
        gap = WORDS_GAP * self.unit
        y = box.y + max(0.0, (box.high - stacked(blocks, gap)) / 2)
        for block in blocks:
            yield from self._set(block, box, y, self._indent(block.size) if block.pinned else 0)
            if block.pinned:
                yield self._pin(box, y, block.size)
            y += block.high + gap

    def _fitted(self, box: Box, most: float) -> tuple[list[Block], bool]:
        """The headline as large as fits with where and what to do; sentences of that are left out, from the last,
        where all of them have no room at a size to read. And whether all of it is there."""
        least, gap = LEAST[0] * self.unit, WORDS_GAP * self.unit
        actions, where = [*fewer(self.sheet.action)], self.sheet.where
        for action, place in (*((one, where) for one in actions), *((one, "") for one in actions[-1:]), ("", where)):
            made = partial(self._blocks, action, place, box.wide)
            size = largest(least, most, partial(_fits, made, gap, box.high))
            if size is not None:
                return made(size), (action, place) == (self.sheet.action, where)
        lines = max(1, int((box.high - gap) / least / LEADING))
        cut = self.pen.held(self.sheet.headline, least, box.wide, lines)
        return [Block(cut, least, INK, rtl=self.pen.begins_right(self.sheet.headline))], False

    def _blocks(self, action: str, where: str, wide: float, size: float, even: bool = True) -> list[Block]:
        small = max(SMALLER * size, LEAST[1] * self.unit)
        made = [self.pen.block(self.sheet.headline, size, wide, INK, even=even)]
        if where:
            made.append(replace(self.pen.block(where, small, wide - self._indent(small), INK, even=even), pinned=True))
        if action:
            made.append(self.pen.block(action, small, wide, INK, bold=False, even=even))
        if self.sheet.was:
            made.append(replace(self.pen.block(self.sheet.was, small, wide, SOFT, bold=False, even=even), struck=True))
        return made

    def _indent(self, size: float) -> float:
        return 0.95 * size

    def _pin(self, box: Box, y: float, size: float) -> str:
        scale = 0.9 * size / 30
        x = self._at(box, 0, 24 * scale)
        return f'<g transform="translate({x:.1f} {y + 0.14 * size:.1f}) scale({scale:.3f})">' + (
            PIN.format(t=INK, b=PAPER) + "</g>"
        )

    def _set(self, block: Block, box: Box, y: float, indent: float = 0) -> Iterator[str]:
        for number, text in enumerate(block.lines):
            yield self.pen.line(
                text,
                self._side(box, indent),
                y + (number + 0.5) * block.size * LEADING,
                block.size,
                block.colour,
                block.bold,
                rtl=block.rtl,
                struck=block.struck,
            )

    def _side(self, box: Box, start: float) -> float:
        return box.x + box.wide - start if self.rtl else box.x + start

    # --- the foot ---------------------------------------------------------------------------------------------------
    def _foot_blocks(self, wide: float) -> list[Block]:
        """Until when, and who says so."""
        made = []
        size, least = 36 * self.unit, 27 * self.unit
        if self.sheet.times and drawable(self.sheet.times, self.sheet.language):
            fits = self.pen.fitting(self.sheet.times, size, wide)
            for text in [self.sheet.times] if fits >= 0.9 * size else self.sheet.times.split(" · "):
                fits = max(least, self.pen.fitting(text, size, 0.99 * wide))
                made.append(self.pen.block(text, fits, wide, INK))
        fits = max(least, self.pen.fitting(self.sheet.source, size, 0.99 * wide))
        lines = self.pen.held(self.sheet.source, fits, wide, SOURCE_LINES)
        return [*made, Block(lines, fits, SOFT, rtl=self.pen.begins_right(self.sheet.source))]

    def _foot(self, box: Box, blocks: Sequence[Block]) -> Iterator[str]:
        code, gap = self._code_side(), 22 * self.unit
        words = Box(self._at(box, 0, box.wide - code - gap), box.y, box.wide - code - gap, box.high)
        yield f'<path d="M{box.x:.1f} {box.y - gap / 2:.1f}h{box.wide:.1f}" stroke="{LINE}" stroke-width="3"/>'
        y = box.y + (box.high - stacked(blocks, 6 * self.unit)) / 2
        for block in blocks:
            yield from self._set(block, words, y)
            y += block.high + 6 * self.unit
        yield from self._code(Box(self._at(box, box.wide - code, code), box.y + box.high - code, code, code))

    def _code_side(self) -> float:
        return (140 if self.sheet.drill or not self.flat else 156) * self.unit if self.sheet.link else 0

    def _code(self, box: Box) -> Iterator[str]:
        if not self.sheet.link:
            return
        side, path = codes.square(self.sheet.link)
        yield (
            f'<svg x="{box.x:.1f}" y="{box.y:.1f}" width="{box.wide:.1f}" height="{box.high:.1f}" '
            f'viewBox="0 0 {side} {side}"><rect width="{side}" height="{side}" fill="{PAPER}"/>'
            f'<path d="{path}" fill="#000" shape-rendering="crispEdges"/></svg>'
        )

    # --- the map ----------------------------------------------------------------------------------------------------
    def _chart(self, box: Box) -> Iterator[str]:
        """The map; where there is none, the sign again, as large as a map: it is seen from afar."""
        name = NAME * self.unit * WIDTH / box.wide  # in units of the map
        chart = self.sheet.scene.at(box.high / box.wide, name) if self.sheet.scene and box.high >= 80 else None
        if chart is None:
            yield from self._emblem(box)
            return
        where = f'x="{box.x:.1f}" y="{box.y:.1f}" width="{box.wide:.1f}" height="{box.high:.1f}"'
        wide, high = chart["width"], chart["height"]
        yield f'<svg {where} viewBox="0 0 {wide} {high}"><rect width="{wide}" height="{high}" fill="{LAND}"/>'
        yield chart["shapes"]
        for lines, x, y in chart["names"]:
            top = y - name * 1.1 * (len(lines) - 1) / 2
            for number, line in enumerate(lines):
                yield self.pen.line(line, x, top + number * name * 1.1, name, INK, anchor="middle", css="n")
        yield f'</svg><rect {where} fill="none" stroke="{LINE}" stroke-width="2"/>'

    def _emblem(self, box: Box) -> Iterator[str]:
        yield _rect(box, self.ground)
        size = 0.66 * min(box.wide, box.high)
        x, y = box.x + (box.wide - size) / 2, box.y + (box.high - size) / 2
        yield self._sign(x, y, size, self.text, self.ground)


def _fits(made: Callable[[float, bool], list[Block]], gap: float, high: float, size: float) -> bool:
    return stacked(made(size, False), gap) <= high


def _rect(box: Box, fill: str) -> str:
    return f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.wide:.1f}" height="{box.high:.1f}" fill="{fill}"/>'


def _style(sheet: Sheet) -> str:
    """The map's colours: an exercise's, else those of the lawful word, else of the level."""
    ground, text = DRILL_AREA if sheet.drill else sheet.colours if sheet.label else BANDS[sheet.look]
    return f"{MAP_STYLE}.b{{fill:{ground};stroke:none}}.s{{fill:none;stroke:{text};stroke-width:1.6}}"
