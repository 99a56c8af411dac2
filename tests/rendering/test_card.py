"""The alert card: its sizes, what stands where, its letters, and when there can be none."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import pairwise

import pytest
from PIL import Image, ImageColor

from broadcaster.domain.posting import SHAPES
from broadcaster.domain.snapshot import DANGER, ENDED
from broadcaster.rendering.card import DRILL, LOOKS, SIGNS, Sheet, alt, can_draw, draw, write
from broadcaster.rendering.drawing import Chart, Scene
from broadcaster.rendering.typefaces import runs, typefaces, width, wrapped

VALLEY = {"type": "Polygon", "coordinates": [[[-122, 45], [-121.8, 45], [-121.8, 45.2], [-122, 45.1], [-122, 45]]]}
PLACES = [{"id": "valley", "name": "Judge Valley", "shape": VALLEY}]
SHEET = Sheet(
    look="act_now",
    word="Act now",
    label="Evacuation order",
    colours=("#B00020", "#FFFFFF"),
    headline="Evacuation order: leave Judge Valley now",
    times="In force until lifted",
    source="Judge County Sheriff",
    action="Leave now. Go south on Highway 9.",
    link="https://alerts.judge.example/alerts/k3m9x2qa4t",
    scene=Scene(Chart(PLACES), "evacuation-order", {"zones": ["valley"], "areas": []}),
)
NOTO = len(typefaces("en")) > 1


def image(sheet: Sheet, shape: str = "wide") -> Image.Image:
    return Image.open(io.BytesIO(draw(sheet, SHAPES[shape]))).convert("RGB")


def colours(made: Image.Image, left: float, top: float, right: float, bottom: float) -> set[tuple[int, int, int]]:
    """The colours within a part of a picture, given in shares of its sides."""
    wide, high = made.size
    part = made.crop((int(left * wide), int(top * high), int(right * wide), int(bottom * high)))
    return {colour for _, colour in part.getcolors(part.width * part.height)}  # type: ignore[misc, union-attr]


@pytest.mark.parametrize("look", sorted(LOOKS))
def test_every_look_has_its_band_in_the_pages_colour(look: str) -> None:
    made = image(replace(SHEET, look=look, label="", scene=None))
    assert made.size == (1200, 675)
    assert made.getpixel((2, 60)) == ImageColor.getrgb(LOOKS[look][0])
    assert made.getpixel((2, 300)) == (255, 255, 255)


def test_every_level_and_every_ending_has_a_look_and_a_sign() -> None:
    assert set(LOOKS) == set(SIGNS) == {*DANGER, *ENDED}


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_every_shape_shows_words_the_painted_area_and_the_code(shape: str) -> None:
    made = image(SHEET, shape)
    assert made.size == SHAPES[shape]
    bare = image(replace(SHEET, scene=None, link="", label=""), shape)
    lawful = ImageColor.getrgb("#B00020")
    assert (lawful in colours(made, 0, 0.3, 1, 1), lawful in colours(bare, 0, 0, 1, 1)) == (True, False)
    assert ((0, 0, 0) in colours(made, 0, 0.6, 1, 1), (0, 0, 0) in colours(bare, 0, 0, 1, 1)) == (True, False)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_an_exercise_says_so_first_and_last_in_a_colour_that_no_level_has(shape: str) -> None:
    drill = ImageColor.getrgb(DRILL[1])
    made = image(replace(SHEET, drill="EXERCISE"), shape)
    rows = [y for y in range(made.height) if made.getpixel((2, y)) == drill]
    assert rows
    assert any(later - earlier > made.height / 3 for earlier, later in pairwise(rows))
    assert drill not in colours(image(SHEET, shape), 0, 0, 1, 1)
    assert write(replace(SHEET, drill="EXERCISE"), SHAPES[shape]).count("EXERCISE") == 2


@pytest.mark.parametrize("shape", sorted(SHAPES))
@pytest.mark.parametrize("length", [1, 40, 160, 400])
def test_words_of_any_length_stay_off_the_map_and_the_foot(shape: str, length: int) -> None:
    long = replace(SHEET, headline=("leave now " * 60)[:length].strip(), action=("Go south. " * 60)[:length].strip())
    svg = write(replace(long, label=""), SHAPES[shape])
    lines = [
        float(piece.split('"')[0]) for piece in svg.split('<text class="" ')[1:] for piece in piece.split('y="')[1:2]
    ]
    assert lines == sorted(lines[:-2]) + sorted(lines[-2:])
    assert max(lines) < SHAPES[shape][1]
    assert min(lines[-2:]) > max(lines[:-2])


def test_its_words_for_who_cannot_see_it_say_all_of_it() -> None:
    assert alt(replace(SHEET, drill="EXERCISE")) == (
        "EXERCISE. Act now. Evacuation order. Evacuation order: leave Judge Valley now. "
        "Leave now. Go south on Highway 9. In force until lifted. Judge County Sheriff. EXERCISE."
    )


def test_markup_in_a_text_is_text() -> None:
    made = write(replace(SHEET, headline='<script>&"', source="</svg>"), SHAPES["wide"])
    assert "<script>" not in made
    assert made.count("</svg>") == write(SHEET, SHAPES["wide"]).count("</svg>")
    assert draw(replace(SHEET, headline='<script>&"'), SHAPES["wide"])


def test_letters_that_no_typeface_has_make_no_card_of_boxes() -> None:
    assert can_draw(replace(SHEET, headline="Salga de aquí ahora: ¿está en el área? Évacuez, garçon"))
    assert can_draw(replace(SHEET, headline="Fire \U0001f525 here"))
    assert not can_draw(replace(SHEET, headline="\U00016900\U00016901"))  # Bamum: in no typeface of the list


def test_pictures_in_a_text_are_left_out() -> None:
    assert "".join(run.text for run in runs("Fire \U0001f525!", "en")) == "Fire !"


def test_a_line_is_as_wide_as_it_was_given_room() -> None:
    lines = wrapped("Leave now. Take only your family, pets and medicine.", 40, 300, "en")
    assert " ".join(lines) == "Leave now. Take only your family, pets and medicine."
    assert all(width(line, 40, "en") <= 300 for line in lines)


def test_scripts_without_spaces_break_anywhere_but_before_a_closing_mark() -> None:
    if not NOTO:
        pytest.fail("install fonts-noto-core and fonts-noto-cjk (tests.install)")
    lines = wrapped("请立即离开这里。请走九号公路，不要停留。", 60, 360, "zh")
    assert len(lines) > 2
    assert not any(line[0] in "。，" for line in lines)
    assert {run.typeface.family for run in runs("疏散命令", "zh")} == {"Noto Sans CJK SC"}
    assert {run.typeface.family for run in runs("避難指示", "ja")} == {"Noto Sans CJK JP"}


def test_right_to_left_writing_begins_on_the_right_and_keeps_latin_names_in_their_order() -> None:
    if not NOTO:
        pytest.fail("install fonts-noto-core and fonts-noto-cjk (tests.install)")
    arabic = replace(
        SHEET, language="ar", word="تحرك الآن", label="أمر إخلاء", headline="غادروا Judge Valley الآن", action=""
    )
    made = image(arabic)
    left = colours(image(replace(arabic, scene=None, link="")), 0, 0.25, 0.25, 0.6)
    assert left == {(255, 255, 255)}
    assert LOOKS["act_now"][1] not in colours(made, 0, 0, 0.02, 0.1)
    svg = write(arabic, SHAPES["wide"])
    assert 'text-anchor="end"' in svg
    assert "\u202b" in svg
    assert [run.typeface.family for run in runs("غادروا Judge", "ar")] == ["Noto Sans Arabic", "Lato"]


def test_times_too_long_for_one_line_take_two() -> None:
    long = replace(SHEET, times="Vigente hasta que se levante · Emitida: 3:15 am PST, 22 nov", scene=None)
    assert "Vigente hasta que se levante<" in write(long, SHAPES["tall"])
    assert "Vigente hasta que se levante ·" in write(long, SHAPES["wide"])
