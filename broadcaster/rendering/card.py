"""The alert card: one alert as a picture, for accounts, previews and screens, readable as a thumb.

Level, what and where, what to do, a map, until when, who says so, and a QR code of the page. Written as SVG and drawn
by resvg, which shapes and orders every script. ``card_sheet`` says what stands on one, ``card_layout`` where, and
``card_looks`` has the colours.
"""

from __future__ import annotations

from io import BytesIO

import resvg_py
from PIL import Image

from broadcaster.rendering.card_layout import write
from broadcaster.rendering.card_sheet import Sheet
from broadcaster.rendering.typefaces import font_files

JPEG_QUALITY = 92


def draw(sheet: Sheet, size: tuple[int, int]) -> bytes:
    """PNG of that size in pixels. Raises ValueError where it cannot be drawn."""
    return paint(write(sheet, size), sheet)


def paint(svg: str, sheet: Sheet) -> bytes:
    """``write``'s SVG as PNG."""
    texts = [*sheet.texts, "…"]
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
