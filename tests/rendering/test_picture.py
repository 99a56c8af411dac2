"""The picture of an alert: its size, its colours, its letters, and when there can be none."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image, ImageColor

from broadcaster.domain.snapshot import DANGER, ENDED
from broadcaster.rendering.picture import BAND, LOOKS, SIZE, Sheet, can_draw, draw

SHEET = Sheet(
    "act_now",
    "Act now",
    "Evacuation order",
    ("#B00020", "#FFFFFF"),
    "Evacuation order: leave Judge Valley now",
    "In force until lifted · last confirmed 4:02 pm PST, Nov 22",
    "Judge County Sheriff",
)


def image(sheet: Sheet) -> Image.Image:
    return Image.open(io.BytesIO(draw(sheet))).convert("RGB")


def ink(made: Image.Image, top: int, bottom: int) -> int:
    """Dark points between two heights."""
    part = made.crop((0, top, SIZE[0], bottom)).convert("L")
    return sum(count for value, count in enumerate(part.histogram()) if value < 90)


@pytest.mark.parametrize("look", sorted(LOOKS))
def test_a_picture_has_the_size_that_previews_want_and_its_looks_own_band(look: str) -> None:
    made = image(replace(SHEET, look=look, label=""))
    assert made.size == (1200, 630)
    assert made.getpixel((4, 4)) == ImageColor.getrgb(LOOKS[look][0])
    assert made.getpixel((4, BAND + 4)) == (255, 255, 255)


def test_every_level_and_every_ending_has_a_look() -> None:
    assert set(LOOKS) == {*DANGER, *ENDED}


def test_headline_and_source_are_there_and_the_lawful_word_in_its_colour() -> None:
    made = image(SHEET)
    assert ink(made, BAND + 10, 480) > 10_000
    assert ink(made, 500, 630) > 2_000
    assert ImageColor.getrgb("#B00020") in {made.getpixel((x, 30)) for x in range(700, 1140)}
    without = image(replace(SHEET, label=""))
    assert ImageColor.getrgb("#B00020") not in {without.getpixel((x, 30)) for x in range(700, 1140)}


@pytest.mark.parametrize("length", [1, 40, 160])
def test_a_headline_of_any_length_stays_between_band_and_foot(length: int) -> None:
    made = image(replace(SHEET, headline=("leave now " * 20)[:length], label=""))
    assert ink(made, BAND + 1, BAND + 10) == 0
    assert ink(made, SIZE[1] - 12, SIZE[1]) == 0


def test_letters_that_the_typeface_lacks_make_no_picture_of_boxes() -> None:
    assert can_draw(replace(SHEET, headline="Salga de aquí ahora: ¿está en el área? Évacuez, garçon"))
    assert not can_draw(replace(SHEET, headline="疏散命令"))
    assert not can_draw(replace(SHEET, word="تحرك الآن"))
    assert not can_draw(replace(SHEET, source="Sở"))
    assert draw(replace(SHEET, times="在解除之前一直有效"))
