"""The picture that stands beside an alert's address where it is shared: 1200 by 630, readable as a thumb.

Level, what to do and where, until when, and who says so. Colours are the page's own (light). The typeface is
Lato: Latin letters with the accents of western Europe; ``can_draw`` says whether a text needs more than that.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from PIL import Image, ImageDraw
from PIL.ImageFont import FreeTypeFont, truetype

SIZE = (1200, 630)
EDGE, BAND, FOOT = 56, 128, 136  # pixels
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
INK, PAPER, SOFT = "#1A1A1A", "#FFFFFF", "#4A4A4A"
LARGEST, SMALLEST, LINES = 92, 44, 5
Colour = str
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands on a picture. ``look`` is a level or an ending, ``label`` the lawful word with its colours."""

    look: str
    word: str
    label: str
    colours: tuple[str, str]
    headline: str
    times: str
    source: str


def can_draw(sheet: Sheet) -> bool:
    """Whether the typeface has every letter of it."""
    return all(_has(sign) for text in (sheet.word, sheet.label, sheet.headline, sheet.source) for sign in text)


def draw(sheet: Sheet) -> bytes:
    """PNG."""
    image = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(image)
    _band(pen, sheet)
    _headline(pen, sheet)
    _foot(pen, sheet)
    made = io.BytesIO()
    image.save(made, "PNG", compress_level=6)
    return made.getvalue()


def _band(pen: ImageDraw.ImageDraw, sheet: Sheet) -> None:
    back, text = LOOKS[sheet.look]
    pen.rectangle((0, 0, SIZE[0], BAND), back)
    _shape(pen, sheet.look, (EDGE + 36, BAND / 2), text, back)
    font = _fitting(sheet.word, 68, SIZE[0] - 2 * EDGE - 96)
    pen.text((EDGE + 96, BAND / 2), sheet.word, text, font, anchor="lm")
    if sheet.label:
        label = _font("Bold", 44)
        wide = pen.textlength(sheet.label, label)
        left = SIZE[0] - EDGE - wide - 40
        if left > EDGE + 120 + pen.textlength(sheet.word, font):
            pen.rounded_rectangle((left, 24, SIZE[0] - EDGE, BAND - 24), 10, sheet.colours[0], PAPER, 4)
            pen.text((left + 20, BAND / 2), sheet.label, sheet.colours[1], label, anchor="lm")


def _headline(pen: ImageDraw.ImageDraw, sheet: Sheet) -> None:
    room = SIZE[1] - BAND - FOOT - 48
    for size in range(LARGEST, SMALLEST - 1, -6):
        font = _font("Bold", size)
        lines = _wrapped(sheet.headline, font, SIZE[0] - 2 * EDGE)
        high = len(lines) * size * 1.16
        if high <= room and len(lines) <= LINES:
            break
    lines = lines[:LINES]
    top = BAND + 24 + (room - len(lines) * size * 1.16) / 2
    for number, line in enumerate(lines):
        pen.text((EDGE, top + (number + 0.5) * size * 1.16), line, INK, font, anchor="lm")


def _foot(pen: ImageDraw.ImageDraw, sheet: Sheet) -> None:
    top = SIZE[1] - FOOT
    pen.line((EDGE, top, SIZE[0] - EDGE, top), SOFT, 3)
    times = sheet.times if all(_has(sign) for sign in sheet.times) else ""
    for number, text in enumerate(filter(None, (times, sheet.source))):
        font = _fitting(text, 40, SIZE[0] - 2 * EDGE)
        pen.text((EDGE, top + 42 + 54 * number), text, SOFT if number else INK, font, anchor="lm")


def _shape(pen: ImageDraw.ImageDraw, look: str, middle: Point, text: Colour, back: Colour) -> None:
    """The sign of a level or an ending, 72 pixels high."""
    x, y = middle
    if look == "act_now":
        pen.regular_polygon((x, y, 38), 8, 22, text)
        pen.text((x, y), "!", back, _font("Black", 56), anchor="mm")
    elif look == "act_soon":
        pen.polygon([(x, y - 36), (x + 40, y + 34), (x - 40, y + 34)], text)
        pen.text((x, y + 10), "!", back, _font("Black", 46), anchor="mm")
    elif look == "be_ready":
        pen.line([(x, y - 32), (x + 36, y + 30), (x - 36, y + 30), (x, y - 32), (x + 18, y)], text, 8, "curve")
    elif look == "be_aware":
        pen.ellipse((x - 36, y - 36, x + 36, y + 36), text)
        pen.text((x, y), "i", back, _font("Black", 50), anchor="mm")
    elif look == "lifted":
        pen.line([(x - 32, y + 2), (x - 8, y + 26), (x + 34, y - 24)], text, 12, "curve")
    elif look == "superseded":
        pen.line([(x - 34, y), (x + 30, y)], text, 9)
        pen.line([(x + 8, y - 22), (x + 31, y), (x + 8, y + 22)], text, 9, "curve")
    else:
        _circled(pen, look, middle, text)


def _circled(pen: ImageDraw.ImageDraw, look: str, middle: Point, text: Colour) -> None:
    x, y = middle
    pen.ellipse((x - 34, y - 34, x + 34, y + 34), outline=text, width=8)
    if look == "called_off":
        pen.line([(x - 18, y), (x + 18, y)], text, 8)
    elif look == "cancelled":
        pen.line([(x - 23, y - 23), (x + 23, y + 23)], text, 8)


def _wrapped(text: str, font: FreeTypeFont, wide: float) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and font.getlength(f"{lines[-1]} {word}") <= wide:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _fitting(text: str, size: int, wide: float) -> FreeTypeFont:
    """The bold face, smaller where the text is long."""
    long = _font("Bold", size).getlength(text)
    return _font("Bold", size if long <= wide else max(20, int(size * wide / long)))


@cache
def _font(weight: str, size: int) -> FreeTypeFont:
    return truetype(io.BytesIO((files("font_lato") / "files" / f"Lato-{weight}.ttf").read_bytes()), size)


@cache
def _has(sign: str) -> bool:
    """Whether the typeface draws this sign otherwise than as its box for the unknown."""
    font = _font("Bold", 24)
    return sign.isspace() or _ink(font, sign) != _ink(font, "￿")


def _ink(font: FreeTypeFont, sign: str) -> tuple[Sequence[int], bytes]:
    mask = font.getmask(sign)
    return mask.size, bytes(mask)
