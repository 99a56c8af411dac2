"""Typefaces of pictures: which one has a sign, how wide a text is, where its files lie.

Lato (a package) has the Latin letters of western Europe. Everything else is Noto, where the machine has it (Debian:
fonts-noto-core, fonts-noto-cjk); without it a text in other letters cannot be drawn, and no picture is made of boxes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from unicodedata import category

from PIL.ImageFont import FreeTypeFont, truetype

FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts")
MEASURED = 64  # pixels; widths grow with the size
CJK = {"ja": ("JP", 0), "ko": ("KR", 1), "zh": ("SC", 2), "zh-tw": ("TC", 3), "zh-hk": ("TC", 3), "zh-hant": ("TC", 3)}
SCRIPTS = (
    *("", "Arabic", "Hebrew", "Devanagari", "Bengali", "Gurmukhi", "Gujarati", "Tamil", "Telugu", "Kannada"),
    *("Malayalam", "Sinhala", "Thai", "Lao", "Khmer", "Myanmar", "Ethiopic", "Armenian", "Georgian"),
)


@dataclass(frozen=True, slots=True)
class Typeface:
    """A family as SVG names it, with its bold and regular files; ``index``: its place in a collection."""

    family: str
    bold: Path
    regular: Path
    index: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text that one typeface draws."""

    text: str
    typeface: Typeface


@cache
def typefaces(language: str) -> tuple[Typeface, ...]:
    """All that this machine has, in the order in which they are tried for that language."""
    lato = files("font_lato") / "files"
    found = [Typeface("Lato", Path(str(lato / "Lato-Bold.ttf")), Path(str(lato / "Lato-Regular.ttf")))]
    for script in SCRIPTS:
        bold, regular = _file(f"NotoSans{script}-Bold.ttf"), _file(f"NotoSans{script}-Regular.ttf")
        if bold and regular:
            found.append(Typeface(f"Noto Sans {script}".strip(), bold, regular))
    bold, regular = _file("NotoSansCJK-Bold.ttc"), _file("NotoSansCJK-Regular.ttc")
    if bold and regular:
        region, index = CJK.get(language.lower(), CJK.get(language.lower().partition("-")[0], CJK["zh"]))
        found.append(Typeface(f"Noto Sans CJK {region}", bold, regular, index))
    return tuple(found)


def runs(text: str, language: str) -> list[Run]:
    """The text in pieces of one typeface each; one that has all of it takes all. Signs that none has are left out."""
    known = typefaces(language)
    whole = next((face for face in known if all(_has(face, sign) for sign in text)), None)
    if whole is not None:
        return [Run(text, whole)]
    pieces: list[tuple[Typeface, str]] = []
    for sign in text:
        last = pieces[-1][0] if pieces else known[0]
        order = (last, *known) if sign.isspace() or not category(sign).startswith("L") else known
        face = next((one for one in order if _has(one, sign)), None)
        if face is not None:
            pieces.append((face, sign))
    return [Run("".join(s for _, s in group), face) for face, group in groupby(pieces, lambda piece: piece[0])]


def can_draw(text: str, language: str) -> bool:
    """Whether every letter and number of it can be drawn; pictures in a text (emoji) are left out without harm."""
    needed = {sign for sign in text if category(sign)[0] in "LN"}
    return all(any(_has(face, sign) for face in typefaces(language)) for sign in needed)


def width(text: str, size: float, language: str, bold: bool = True) -> float:
    """How wide a line is, in the unit of ``size``."""
    parts = (_font(run.typeface, bold).getlength(run.text) for run in runs(text, language))
    return float(sum(parts)) * size / MEASURED


def wrapped(text: str, size: float, wide: float, language: str, bold: bool = True) -> list[str]:
    """Lines of at most that width, broken at spaces, and between signs of scripts that have none."""
    lines: list[str] = []
    for space, word in _words(text):
        longer = f"{lines[-1]}{space}{word}" if lines else word
        if lines and width(longer, size, language, bold) <= wide:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def font_files(texts: Sequence[str], language: str) -> list[str]:
    """The files that drawing these texts needs: reading a collection of 20 MB costs more than the drawing."""
    faces = dict.fromkeys(run.typeface for text in texts for run in runs(text, language))
    return [str(path) for face in faces for path in (face.bold, face.regular)]


def _words(text: str) -> Iterator[tuple[str, str]]:
    """(the space before it, a word). A sign of Chinese or Japanese writing is a word; closing marks stay with it."""
    space, word = "", ""
    for sign in " ".join(text.split()):
        if sign == " ":
            if word:
                yield space, word
            space, word = " ", ""
        elif word and _breaks(word[-1], sign):
            yield space, word
            space, word = "", sign
        else:
            word += sign
    if word:
        yield space, word


def _breaks(before: str, sign: str) -> bool:
    """Between ideographs and kana, but never before a mark that closes and never after one that opens."""
    if category(sign) in ("Pe", "Pf", "Po") or category(before) in ("Ps", "Pi"):
        return False
    return any("\u2e80" <= one <= "\u9fff" or "\uac00" <= one <= "\ud7af" for one in (before, sign)) and not (
        _hangul(before) and _hangul(sign)
    )


def _hangul(sign: str) -> bool:
    return "\uac00" <= sign <= "\ud7af"


@cache
def _file(name: str) -> Path | None:
    return next((path for folder in FOLDERS for path in sorted(Path(folder).rglob(name))), None)


@cache
def _font(face: Typeface, bold: bool) -> FreeTypeFont:
    return truetype(str(face.bold if bold else face.regular), MEASURED, face.index)


@cache
def _has(face: Typeface, sign: str) -> bool:
    """Whether the typeface draws this sign otherwise than as its box for the unknown."""
    return sign.isspace() or _ink(_font(face, True), sign) != _ink(_font(face, True), "\uffff")


def _ink(font: FreeTypeFont, sign: str) -> tuple[Sequence[int], bytes]:
    mask = font.getmask(sign)
    return mask.size, bytes(mask)
