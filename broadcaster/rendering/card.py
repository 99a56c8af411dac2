"""The alert card: one alert as a picture, for accounts, previews and screens, readable as a thumb.

Level, what to do and where, a map, until when, who says so, and a QR code of the page. Written as SVG and drawn by
resvg, which shapes and orders every script. Colours are the page's own (light); an exercise says so first and last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from io import BytesIO
from unicodedata import bidirectional

import resvg_py
from PIL import Image

from broadcaster.rendering import codes
from broadcaster.rendering.drawing import WIDTH, Scene
from broadcaster.rendering.phrasebook import direction
from broadcaster.rendering.typefaces import can_draw as drawable
from broadcaster.rendering.typefaces import font_files, runs, width, wrapped

LOOKS = {  # background and text of the band
    "act_now": ("#8B0000", "#FFFFFF"),
    "act_soon": ("#8F3900", "#FFFFFF"),
    "be_ready": ("#FFD84D", "#1A1A1A"),
    "be_aware": ("#D6E4F5", "#0B2545"),
    "lifted": ("#0F5A2A", "#FFFFFF"),
    "expired": ("#5A5A5A", "#FFFFFF"),
    "called_off": ("#5A5A5A", "#FFFFFF"),
    "cancelled": ("#1F4E9C", "#FFFFFF"),
    "superseded": ("#E6E6E6", "#1A1A1A"),
}
INK, PAPER, SOFT, LINE, LAND = "#1A1A1A", "#FFFFFF", "#4A4A4A", "#767676", "#F0EFE9"
DRILL = ("#FFFFFF", "#4A148C")  # text and ground: no level has them
LEADING = 1.18
JPEG_QUALITY = 92
SIGNS: Mapping[str, str] = {  # 80 by 80 units; {t} is the band's text colour, {b} its ground
    "act_now": '<path d="M25 2H55L78 25V55L55 78H25L2 55V25Z" fill="{t}"/><path d="M35 16H45L43 50H37Z" fill="{b}"/>'
    '<circle cx="40" cy="61" r="5.5" fill="{b}"/>',
    "act_soon": '<path d="M40 4L78 74H2Z" fill="{t}"/><path d="M36 28H44L42.5 52H37.5Z" fill="{b}"/>'
    '<circle cx="40" cy="62" r="5" fill="{b}"/>',
    "be_ready": '<path d="M40 10L73 70H7Z" fill="none" stroke="{t}" stroke-width="8" stroke-linejoin="round"/>',
    "be_aware": '<circle cx="40" cy="40" r="37" fill="{t}"/><rect x="35.5" y="33" width="9" height="29" fill="{b}"/>'
    '<circle cx="40" cy="22" r="5.5" fill="{b}"/>',
    "lifted": '<path d="M8 42L32 66L74 16" fill="none" stroke="{t}" stroke-width="12" stroke-linejoin="round"/>',
    "superseded": '<path d="M4 40H70M46 16L72 40L46 64" fill="none" stroke="{t}" stroke-width="9"/>',
    "expired": '<circle cx="40" cy="40" r="34" fill="none" stroke="{t}" stroke-width="8"/>',
    "called_off": '<circle cx="40" cy="40" r="34" fill="none" stroke="{t}" stroke-width="8"/>'
    '<path d="M22 40H58" stroke="{t}" stroke-width="8"/>',
    "cancelled": '<circle cx="40" cy="40" r="34" fill="none" stroke="{t}" stroke-width="8"/>'
    '<path d="M17 17L63 63" stroke="{t}" stroke-width="8"/>',
}
MAP_STYLE = (
    f".z{{fill:none;stroke:{LINE};stroke-width:1}}.a{{stroke:{INK};stroke-width:2;stroke-linejoin:round}}"
    f".n{{stroke:{PAPER};stroke-width:4;stroke-linejoin:round;paint-order:stroke}}"
)
NAME = 26  # of 675, as the words are measured


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands on a card. ``look`` is a level or an ending, ``label`` the lawful word with its colours, ``drill``
    the word of an exercise, ``link`` what the code says; ``scene`` is drawn as a map where there is one."""

    look: str
    word: str
    label: str
    colours: tuple[str, str]
    headline: str
    times: str
    source: str
    action: str = ""
    drill: str = ""
    link: str = ""
    language: str = "en"
    scene: Scene | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels."""

    x: float
    y: float
    wide: float
    high: float

    def inside(self, edge: float) -> Box:
        return Box(self.x + edge, self.y + edge, self.wide - 2 * edge, self.high - 2 * edge)


def can_draw(sheet: Sheet) -> bool:
    """Whether the machine has typefaces for every letter of it."""
    texts = (sheet.word, sheet.label, sheet.headline, sheet.source, sheet.action, sheet.drill)
    return all(drawable(text, sheet.language) for text in texts)


def alt(sheet: Sheet) -> str:
    """The card in words, for those who cannot see it: everything that stands on it, in its order."""
    said = (sheet.drill, sheet.word, sheet.label, sheet.headline, sheet.action, sheet.times, sheet.source, sheet.drill)
    return " ".join(f"{text.rstrip('.')}." for text in said if text)


def draw(sheet: Sheet, size: tuple[int, int]) -> bytes:
    """PNG of that size in pixels. Raises ValueError where it cannot be drawn."""
    return paint(write(sheet, size), sheet)


def paint(svg: str, sheet: Sheet) -> bytes:
    """``write``'s SVG as PNG."""
    texts = [sheet.word, sheet.label, sheet.headline, sheet.times, sheet.source, sheet.action, sheet.drill]
    if sheet.scene:
        texts += [line for lines, _, _ in (sheet.scene.at(1) or {}).get("names", ()) for line in lines]
    made: bytes = resvg_py.svg_to_bytes(
        svg_string=svg, skip_system_fonts=True, font_files=font_files(texts, sheet.language)
    )
    return made


def jpeg(png: bytes) -> bytes:
    """The same picture for platforms that take JPEG alone; every pixel keeps its colour, for letters to stay sharp."""
    made = BytesIO()
    Image.open(BytesIO(png)).convert("RGB").save(made, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return made.getvalue()


def write(sheet: Sheet, size: tuple[int, int]) -> str:
    """The same as SVG."""
    wide, high = size
    body = "".join(_Card(sheet, wide, high).parts())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}">'
        f'<style>{_style(sheet)}</style><rect width="{wide}" height="{high}" fill="{PAPER}"/>{body}</svg>'
    )


class _Card:
    """Places the parts. Right-to-left writing mirrors all of it."""

    def __init__(self, sheet: Sheet, wide: int, high: int) -> None:
        self.sheet, self.wide, self.high = sheet, wide, high
        self.rtl = direction(sheet.language) == "rtl"
        self.tall = high > 1.3 * wide
        self.edge = round(0.05 * min(wide, high))
        self.flat = wide > 1.3 * high
        self.unit = high / 675 if self.flat else wide / (720 if self.tall else 860)

    def parts(self) -> Iterator[str]:
        top, bottom = 0.0, float(self.high)
        if self.tall:  # what runs over the ends of such a picture in the apps that show it
            top, bottom = 0.12 * self.high, 0.86 * self.high
            yield f'<rect width="{self.wide}" height="{top + 1:.0f}" fill="{LOOKS[self.sheet.look][0]}"/>'
        if self.sheet.drill:
            strip = 64 * self.unit
            yield self._strip(Box(0, top, self.wide, strip))
            yield self._strip(Box(0, bottom - strip, self.wide, strip))
            top, bottom = top + strip, bottom - strip
        band = 118 * self.unit
        yield from self._band(Box(0, top, self.wide, band))
        room = Box(self.edge, top + band, self.wide - 2 * self.edge, bottom - top - band)
        yield from self._beside(room) if self.flat else self._below(room)

    def _beside(self, room: Box) -> Iterator[str]:
        """Landscape: words on one side, map and code on the other."""
        side = 0.31 * room.wide
        gap = 30 * self.unit
        foot = 120 * self.unit
        words = Box(self._at(room, 0, room.wide - side - gap), room.y, room.wide - side - gap, room.high - foot)
        yield from self._words(words.inside(0), 66)
        yield from self._foot(Box(words.x, room.y + room.high - foot, words.wide, foot))
        column = Box(self._at(room, room.wide - side, side), room.y + gap, side, room.high - 1.7 * gap)
        code = min(170 * self.unit, side / 2) if self.sheet.link else 0
        yield from self._chart(Box(column.x, column.y, side, column.high - code - (gap / 2 if code else 0)))
        yield from self._code(
            Box(column.x + (0 if self.rtl else side - code), column.y + column.high - code, code, code)
        )

    def _below(self, room: Box) -> Iterator[str]:
        """Square and portrait: words above, map and code below."""
        gap = 22 * self.unit
        code = (150 if self.tall else 130) * self.unit if self.sheet.link else 0
        foot = max(105 * self.unit, code)
        chart = room.high * (0.42 if self.tall else 0.36) if self.sheet.scene else 0
        yield from self._words(
            Box(room.x, room.y, room.wide, room.high - chart - foot - 1.5 * gap), 84 if self.tall else 66
        )
        yield from self._chart(Box(room.x, room.y + room.high - foot - chart - 1.5 * gap, room.wide, chart))
        low = room.y + room.high - foot - 0.5 * gap
        yield from self._foot(Box(self._at(room, 0, room.wide - code - gap), low, room.wide - code - gap, foot))
        yield from self._code(Box(self._at(room, room.wide - code, code), low, code, code))

    def _at(self, room: Box, start: float, wide: float) -> float:
        """Where something begins that lies ``start`` after the side on which reading begins."""
        return room.x + (room.wide - start - wide if self.rtl else start)

    # --- parts --------------------------------------------------------------------------------------------------
    def _strip(self, box: Box) -> str:
        text, ground = DRILL
        rect = f'<rect x="{box.x}" y="{box.y:.1f}" width="{box.wide}" height="{box.high:.1f}" fill="{ground}"/>'
        size = self._fitting(self.sheet.drill, 0.66 * box.high, box.wide - 2 * self.edge)
        return rect + self._line(self.sheet.drill, box.wide / 2, box.y + box.high / 2, size, text, anchor="middle")

    def _band(self, box: Box) -> Iterator[str]:
        back, text = LOOKS[self.sheet.look]
        yield f'<rect x="0" y="{box.y:.1f}" width="{box.wide}" height="{box.high:.1f}" fill="{back}"/>'
        sign, middle = 0.6 * box.high, box.y + box.high / 2
        inner = Box(self.edge, box.y, box.wide - 2 * self.edge, box.high)
        yield (
            f'<g transform="translate({self._at(inner, 0, sign):.1f} {middle - sign / 2:.1f}) scale({sign / 80:.3f})">'
            f"{SIGNS[self.sheet.look].format(t=text, b=back)}</g>"
        )
        label, left = self.sheet.label, inner.wide - sign - 0.25 * sign
        wide = 0.0
        if label:
            size = self._fitting(label, 0.34 * box.high, 0.54 * left)
            wide = width(label, size, self.sheet.language) + 0.5 * size * 2
            yield from self._lawful(
                Box(self._at(inner, inner.wide - wide, wide), middle - 0.31 * box.high, wide, 0.62 * box.high), size
            )
        size = self._fitting(self.sheet.word, 0.54 * box.high, left - wide - (0.25 * sign if wide else 0))
        yield self._line(self.sheet.word, self._side(inner, 1.25 * sign), middle, size, text)

    def _lawful(self, box: Box, size: float) -> Iterator[str]:
        ground, text = self.sheet.colours
        yield (
            f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.wide:.1f}" height="{box.high:.1f}" rx="10" '
            f'fill="{ground}" stroke="{PAPER}" stroke-width="4"/>'
        )
        yield self._line(self.sheet.label, box.x + box.wide / 2, box.y + box.high / 2, size, text, anchor="middle")

    def _words(self, box: Box, largest: float) -> Iterator[str]:
        """The headline as large as fits, then what to do; that is left out where it has no room at a size to read."""
        gap = 18 * self.unit
        lines, more, size, small = self._fitted(box.high - 2 * gap, box.wide, largest * self.unit, gap)
        high = (len(lines) * size + len(more) * small) * LEADING + (gap if more else 0)
        y = box.y + max(gap, (box.high - high) / 2)
        yield from self._lines(lines, box, y, size, INK)
        yield from self._lines(more, box, y + len(lines) * size * LEADING + gap, small, INK, bold=False)

    def _fitted(
        self, high: float, wide: float, largest: float, gap: float
    ) -> tuple[list[str], list[str], float, float]:
        """(lines of the headline, lines of what to do, their sizes): the largest that fit."""
        sheet, least = self.sheet, 24 * self.unit
        for action in filter(None, (sheet.action, " ")):
            for size in (largest * step / 24 for step in range(24, 7, -1)):
                small = max(0.58 * size, least)
                lines = wrapped(sheet.headline, size, wide, sheet.language)
                more = wrapped(action, small, wide, sheet.language, bold=False)
                if (len(lines) * size + len(more) * small) * LEADING + (gap if more else 0) <= high:
                    return lines, more, size, small
        return lines[: max(1, int(high / size / LEADING))], [], size, small

    def _foot(self, box: Box) -> Iterator[str]:
        """Until when, and who says so."""
        shown = [text for text in (self.sheet.times, self.sheet.source) if drawable(text, self.sheet.language)]
        if shown and self._fitting(shown[0], 30 * self.unit, box.wide) < 24 * self.unit:
            shown[:1] = shown[0].split(" · ")  # rather two lines than one too small to read
        yield f'<path d="M{box.x:.1f} {box.y:.1f}h{box.wide:.1f}" stroke="{SOFT}" stroke-width="3"/>'
        step = box.high / (len(shown) + 0.6)
        for number, text in enumerate(shown):
            size = self._fitting(text, min(36 * self.unit, 0.7 * step), box.wide)
            y = box.y + step * (number + 0.75)
            yield self._line(text, self._side(box, 0), y, size, SOFT if text == self.sheet.source else INK)

    def _chart(self, box: Box) -> Iterator[str]:
        name = NAME * self.unit * WIDTH / box.wide  # in units of the map
        chart = self.sheet.scene.at(box.high / box.wide, name) if self.sheet.scene and box.high >= 80 else None
        if chart is None:
            return
        where = f'x="{box.x:.1f}" y="{box.y:.1f}" width="{box.wide:.1f}" height="{box.high:.1f}"'
        wide, high = chart["width"], chart["height"]
        yield f'<svg {where} viewBox="0 0 {wide} {high}"><rect width="{wide}" height="{high}" fill="{LAND}"/>'
        yield chart["shapes"]
        for lines, x, y in chart["names"]:
            top = y - name * 1.1 * (len(lines) - 1) / 2
            for number, line in enumerate(lines):
                yield self._line(line, x, top + number * name * 1.1, name, INK, anchor="middle", css="n")
        yield f'</svg><rect {where} fill="none" stroke="{LINE}" stroke-width="2"/>'

    def _code(self, box: Box) -> Iterator[str]:
        if not self.sheet.link or box.wide <= 0:
            return
        side, path = codes.square(self.sheet.link)
        yield (
            f'<svg x="{box.x:.1f}" y="{box.y:.1f}" width="{box.wide:.1f}" height="{box.high:.1f}" '
            f'viewBox="0 0 {side} {side}"><rect width="{side}" height="{side}" fill="{PAPER}"/>'
            f'<path d="{path}" fill="#000" shape-rendering="crispEdges"/></svg>'
        )

    # --- text ---------------------------------------------------------------------------------------------------
    def _side(self, box: Box, start: float) -> float:
        return box.x + box.wide - start if self.rtl else box.x + start

    def _fitting(self, text: str, size: float, wide: float) -> float:
        """A size at which the line is not wider than that."""
        return min(size, size * wide / max(1.0, width(text, size, self.sheet.language)))

    def _lines(
        self, lines: list[str], box: Box, y: float, size: float, colour: str, bold: bool = True
    ) -> Iterator[str]:
        for number, text in enumerate(lines):
            yield self._line(text, self._side(box, 0), y + (number + 0.5) * size * LEADING, size, colour, bold)

    def _line(
        self,
        text: str,
        x: float,
        y: float,
        size: float,
        colour: str,
        bold: bool = True,
        anchor: str = "",
        css: str = "",
    ) -> str:
        """One line, its middle at ``y``. An embedding mark gives right-to-left lines their direction (UAX 9)."""
        pieces = runs(text, self.sheet.language)
        spans = "".join(_span(run.typeface.family, run.text) for run in pieces)
        if self.rtl and (own := next((run for run in pieces if bidirectional(run.text[:1]) in ("R", "AL")), None)):
            family = own.typeface.family
            spans = _span(family, "\u202b") + spans + _span(family, "\u202c")
        side = anchor or ("end" if self.rtl else "start")
        return (
            f'<text class="{css}" x="{x:.1f}" y="{y + 0.35 * size:.1f}" font-size="{size:.1f}" fill="{colour}" '
            f'font-weight="{700 if bold else 400}" text-anchor="{side}" xml:space="preserve">{spans}</text>'
        )


def _span(family: str, text: str) -> str:
    return f'<tspan font-family="{family}">{escape(text)}</tspan>'


def _style(sheet: Sheet) -> str:
    """The map's colours: those of the lawful word, else of the level."""
    ground, text = sheet.colours if sheet.label else LOOKS[sheet.look]
    return f"{MAP_STYLE}.b{{fill:{ground};stroke:none}}.s{{fill:none;stroke:{text};stroke-width:1.6}}"
