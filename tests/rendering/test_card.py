"""The alert card: its sizes, what stands where, its letters, and when there can be none."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from PIL import Image, ImageChops, ImageColor

from broadcaster.domain.posting import SHAPES
from broadcaster.domain.snapshot import DANGER, ENDED
from broadcaster.domain.wording import BANDS
from broadcaster.rendering.card import draw
from broadcaster.rendering.card_layout import BOTTOM, TOP, write
from broadcaster.rendering.card_looks import INK, SIGNS
from broadcaster.rendering.card_sheet import Sheet, alt, can_draw, where
from broadcaster.rendering.card_text import Pen
from broadcaster.rendering.drawing import Chart, Scene
from broadcaster.rendering.typefaces import runs, typefaces, width, wrapped
from broadcaster.rendering.words import sentences

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
LAND = (240, 239, 233)
TEXT = re.compile(
    r'class="(?P<css>.*?)" x="(?P<x>.*?)" y="(?P<y>.*?)" font-size="(?P<size>.*?)" .*?font-weight="(?P<weight>.*?)" '
    r'text-anchor="(?P<anchor>.*?)".*?>(?P<spans><tspan.*?)</text>.*',
    re.DOTALL,
)
WORDS = re.compile(r"<tspan[^>]*>([^<]*)<")
NOTO = len(typefaces("en")) > 1


def image(sheet: Sheet, shape: str = "wide") -> Image.Image:
    return Image.open(io.BytesIO(draw(sheet, SHAPES[shape]))).convert("RGB")


def colours(made: Image.Image, left: float, top: float, right: float, bottom: float) -> set[tuple[int, int, int]]:
    """The colours within a part of a picture, given in shares of its sides."""
    wide, high = made.size
    part = made.crop((int(left * wide), int(top * high), int(right * wide), int(bottom * high)))
    return {colour for _, colour in part.getcolors(part.width * part.height)}  # type: ignore[misc, union-attr]


@pytest.mark.parametrize("look", sorted(BANDS))
def test_every_look_has_its_band_and_without_a_map_its_sign_at_large_in_the_pages_colour(look: str) -> None:
    made = image(replace(SHEET, look=look, label="", scene=None))
    assert made.size == (1200, 675)
    assert made.getpixel((20, 20)) == ImageColor.getrgb(BANDS[look][0])
    assert made.getpixel((20, 300)) == (255, 255, 255)
    assert ImageColor.getrgb(BANDS[look][0]) in colours(made, 0.7, 0.3, 0.9, 0.6)


def test_every_level_and_every_ending_has_a_look_and_a_sign() -> None:
    assert set(BANDS) == set(SIGNS) == {*DANGER, *ENDED}


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_every_shape_shows_words_the_painted_area_and_the_code(shape: str) -> None:
    made = image(SHEET, shape)
    assert made.size == SHAPES[shape]
    bare = image(replace(SHEET, scene=None, link="", label=""), shape)
    lawful = ImageColor.getrgb("#B00020")
    assert (lawful in colours(made, 0, 0.3, 1, 1), lawful in colours(bare, 0, 0, 1, 1)) == (True, False)
    assert ((0, 0, 0) in colours(made, 0, 0.6, 1, 1), (0, 0, 0) in colours(bare, 0, 0, 1, 1)) == (True, False)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_an_exercise_says_so_first_and_last_in_a_hatched_frame_and_without_any_colour(shape: str) -> None:
    made = image(replace(SHEET, drill="EXERCISE"), shape)
    red, green, blue = made.split()
    assert all(ImageChops.difference(red, other).getextrema()[1] < 16 for other in (green, blue))
    edge = [made.getpixel((4, y)) for y in range(made.height)]
    assert min(edge.count((0, 0, 0)), edge.count((255, 255, 255))) > made.height / 4
    assert ImageColor.getrgb(BANDS["act_now"][0]) in colours(image(SHEET, shape), 0, 0, 1, 1)
    assert write(replace(SHEET, drill="EXERCISE"), SHAPES[shape]).count(">EXERCISE<") == 2


@pytest.mark.parametrize("shape", sorted(SHAPES))
@pytest.mark.parametrize("drill", ["", "EXERCISE"])
def test_words_of_any_length_stay_within_the_card_at_a_size_to_read(shape: str, drill: str) -> None:
    wide, high = SHAPES[shape]
    top, bottom = (TOP, high - BOTTOM) if shape == "tall" else (0, high)
    for length in (1, 160, 400):
        sheet = replace(
            SHEET,
            headline=("leave Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch now " * 8)[:length].strip(),
            action=("Go south. " * 60)[:length].strip(),
            source=("Office of Emergency Services " * 20)[:length].strip(),
            drill=drill,
        )
        lines = [TEXT.fullmatch(piece) for piece in write(sheet, (wide, high)).split("<text ")[1:]]
        for line in (line for line in lines if line and not line["css"]):
            x, y, size = float(line["x"]), float(line["y"]), float(line["size"])
            long = width("".join(WORDS.findall(line["spans"])), size, "en", line["weight"] == "700")
            left = x - long / 2 if line["anchor"] == "middle" else x
            assert (left >= 0, left + long <= wide + 1, y - size > top - 1, y < bottom) == (True,) * 4
            assert size >= wide / 48
        said = any("Go south." in line["spans"] for line in lines if line)
        assert said == (10 <= length < 400) or (drill and shape == "wide")


def test_what_to_do_comes_before_the_map() -> None:
    long = replace(
        SHEET, headline="leave the valley now " * 9, where="Judge Valley " * 9, action="Go south at once. " * 9
    )
    assert ['viewBox="0 0 360' in write(sheet, SHAPES["wide"]) for sheet in (SHEET, long)] == [True, False]
    assert "Go south" in write(long, SHAPES["wide"])


def test_what_is_over_is_struck_through_and_places_stand_where_the_headline_names_none() -> None:
    svg = write(replace(SHEET, was="Leave now", where="Judge Valley"), SHAPES["wide"])
    assert svg.count("line-through") == 1
    assert svg.partition("line-through")[2].partition("</text>")[0].endswith(">Leave now</tspan>")
    assert where("Tornado warning", ("Judge Valley", "Old Mill"), (), "zh") == "Judge Valley 和 Old Mill"
    assert where("Tornado warning", ("Judge Valley",), ("North of 5th",), "en") == "North of 5th"
    assert where("Tornado warning", ("Judge Valley",), ("x" * 111,), "en") == "Judge Valley"
    assert where("Leave Judge Valley", ("Judge Valley", "Old Mill"), ("North",), "en") == ""
    assert where("Tornado", (), ("long words " * 20,), "en").endswith("words…")


def test_its_words_for_who_cannot_see_it_say_all_of_it() -> None:
    assert alt(replace(SHEET, drill="EXERCISE")) == (
        "EXERCISE. Act now. Evacuation order: leave Judge Valley now. "
        "Leave now. Go south on Highway 9. In force until lifted. Judge County Sheriff. EXERCISE."
    )
    level = replace(SHEET, label="Level 3: go", where="Judge\u00a0Valley", was="Stay")
    assert "Act now. Level 3: go. Evac" in alt(level)
    assert "now. Judge Valley. Leave now. Go south on Highway 9. Stay. In force" in alt(level)
    chinese = replace(SHEET, language="zh", word="立即行动", label="", headline="请离开。", action="", source="县 OES")
    assert alt(chinese) == "立即行动。请离开。In force until lifted. 县 OES."


def test_markup_in_a_text_is_text() -> None:
    made = write(replace(SHEET, headline='<script>&"', source="</svg>"), SHAPES["wide"])
    assert "<script>" not in made
    assert made.count("</svg>") == write(SHEET, SHAPES["wide"]).count("</svg>")
    assert draw(replace(SHEET, headline='<script>&"'), SHAPES["wide"])


def test_letters_that_no_typeface_has_make_no_card_of_boxes() -> None:
    assert can_draw(replace(SHEET, headline="Salga de aquí ahora: ¿está en el área? Évacuez, garçon"))
    assert can_draw(replace(SHEET, headline="Fire \U0001f525 here"))
    assert not can_draw(replace(SHEET, headline="\U00016900\U00016901"))  # Bamum: in no typeface of the list


def test_pictures_in_a_text_are_left_out_and_what_is_no_sign_is_a_space() -> None:
    assert "".join(run.text for run in runs("Sheriff\nof \x85Judge", "en")) == "Sheriff of  Judge"
    assert draw(replace(SHEET, source="Sheriff\r\nof\x85Judge", headline="Leave\x07 now"), SHAPES["wide"])
    assert "".join(run.text for run in runs("Fire \U0001f525!", "en")) == "Fire !"


def test_a_line_is_as_wide_as_it_was_given_room() -> None:
    lines = wrapped("Leave now. Take only your family, pets and medicine.", 40, 300, "en")
    assert " ".join(lines) == "Leave now. Take only your family, pets and medicine."
    assert all(width(line, 40, "en") <= 300 for line in lines)


def test_even_lines_and_words_that_stay_together() -> None:
    text = "Evacuation order: leave Judge\u00a0Valley until 6:30 pm PST, Nov 22 by Highway 9"
    for wide in range(300, 900, 20):
        lines = wrapped(text, 40, wide, "en", even=True)
        assert len(lines) == len(wrapped(text, 40, wide, "en"))
        for whole in ("Judge\u00a0Valley", "6:30 pm PST,", "Nov 22", "Highway 9"):
            assert any(whole in line for line in lines)
    long = wrapped("Llanfairpwllgwyngyll Valley", 40, 200, "en")
    assert "".join(long).replace(" ", "") == "LlanfairpwllgwyngyllValley"
    assert all(width(line, 40, "en") <= 200 for line in long)


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
    assert LAND in colours(made, 0.05, 0.3, 0.3, 0.6)
    assert LAND not in colours(image(SHEET), 0.05, 0.3, 0.3, 0.6)
    svg = write(arabic, SHAPES["wide"])
    assert 'text-anchor="end"' in svg
    assert "\u202b" in svg
    assert [run.typeface.family for run in runs("غادروا Judge", "ar")] == ["Noto Sans Arabic", "Lato"]
    assert runs("Rời Thung lũng Judge", "vi")[0].typeface.family == runs("Judge", "vi")[0].typeface.family


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("اتصل +1 555-010-0199 الآن", ["+1 555-010-0199"]),
        ("(555) 010-0199 أو 911", ["(555) 010-0199", "911"]),
        ("من 8:00-17:30 على Highway 9 (CA-17)", ["8:00-17:30"]),
        ("16:30 PST، 22 نوفمبر 50%", ["16:30", "22", "50%"]),
    ],
)
def test_numbers_beside_arabic_are_read_from_the_left_and_stay_with_their_latin_names(
    text: str, kept: list[str]
) -> None:
    said = "".join(WORDS.findall(Pen("ar").line(text, 0, 0, 20, INK)))
    assert re.findall("\u2066(.*?)\u2069", said) == kept
    assert "\u2066" not in Pen("ar").line("Highway 9", 0, 0, 20, INK)


def test_the_first_letters_of_a_line_from_the_right_are_in_its_own_typeface() -> None:
    if not NOTO:
        pytest.fail("install fonts-noto-core and fonts-noto-cjk (tests.install)")
    line = Pen("ar").line("Sheriff، لأنه انتهى", 0, 0, 20, INK)
    assert line.partition("<tspan")[2].startswith(' font-family="Noto Sans Arabic"')


def test_times_too_long_for_one_line_take_two() -> None:
    long = replace(SHEET, times="Vigente hasta que se levante · Emitida: 3:15 am PST, 22 nov", scene=None)
    assert "Vigente hasta que se levante<" in write(long, SHAPES["tall"])
    assert "Vigente hasta que se levante ·" in write(long, SHAPES["wide"])


@pytest.mark.parametrize(
    ("text", "length", "kept"),
    [
        ("请立即撤离。不要停留。走九号公路！", 11, "请立即撤离。不要停留。"),
        ("غادروا الآن؟ اذهبوا جنوبا. ثم", 14, "غادروا الآن؟"),
        ("Đi ngay. Đừng dừng lại. Gọi 911.", 24, "Đi ngay. Đừng dừng lại."),
        ("Leave by 3 p.m. today. Go south.", 24, "Leave by 3 p.m. today."),
        ("Leave by 3 p.m. today. Go south.", 18, ""),
        ("1. Leave the valley now. 2. Go south on Highway 9.", 28, "1. Leave the valley now."),
    ],
)
def test_what_to_do_is_taken_in_whole_sentences_of_every_script(text: str, length: int, kept: str) -> None:
    assert sentences(text, length) == kept
