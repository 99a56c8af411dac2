"""Typefaces of pictures: which one has a sign, how wide a text is, where its files lie.

Lato (a package) has the Latin letters of western Europe. Everything else is Noto, where the machine has it (Debian:
fonts-noto-core, fonts-noto-cjk); without it a text in other letters cannot be drawn, and no picture is made of boxes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from unicodedata import category

from grapheme import graphemes
from PIL.ImageFont import FreeTypeFont, truetype

from broadcaster.domain.language import primary

FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts")
_NO_SIGN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
MEASURED = 64  # pixels; widths grow with the size
LONGEST_COUNTED = 8  # letters: "Highway 9", "Route 12", "Nov 22"
KEEP = "\ue000"  # stands for a no-break space while others are counted
EVENING = 5  # halvings towards lines that are equally long
CJK = {"ja": ("JP", 0), "ko": ("KR", 1), "zh": ("SC", 2), "zh-tw": ("TC", 3), "zh-hk": ("TC", 3), "zh-hant": ("TC", 3)}
# Languages in Latin letters of which Lato lacks some: all of a text is set in Noto there, not every other line.
BEYOND_LATO = frozenset(
    (
        *("az", "cs", "cy", "eo", "et", "ha", "haw", "hr", "hu", "ig", "lt", "lv"),
        *("mi", "mt", "pl", "ro", "sk", "sl", "sm", "sq", "tr", "vi", "yo"),
    )
)
GLUED = frozenset({"am", "pm", "mph", "ft", "km", "mi", "h", "km/h", "°F", "°C", "%"})  # to the number before them
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
    latin = Typeface("Lato", Path(str(lato / "Lato-Bold.ttf")), Path(str(lato / "Lato-Regular.ttf")))
    found = [] if primary(language) in BEYOND_LATO else [latin]
    for script in SCRIPTS:
        bold, regular = _file(f"NotoSans{script}-Bold.ttf"), _file(f"NotoSans{script}-Regular.ttf")
        if bold and regular:
            found.append(Typeface(f"Noto Sans {script}".strip(), bold, regular))
    bold, regular = _file("NotoSansCJK-Bold.ttc"), _file("NotoSansCJK-Regular.ttc")
    if bold and regular:
        region, index = CJK.get(language.lower(), CJK.get(primary(language), CJK["zh"]))
        found.append(Typeface(f"Noto Sans CJK {region}", bold, regular, index))
    return tuple(found) if latin in found else (*found, latin)


def runs(text: str, language: str) -> list[Run]:
    """The text in pieces of one typeface each; one that has all of it takes all. Signs that none has are left out, and
    what is no sign (a line's end in an issuer's name) is a space."""
    text, known = _NO_SIGN.sub(" ", text), typefaces(language)
    whole = next((face for face in known if all(_has(face, sign) for sign in text)), None)
    if whole is not None:
        return [Run(text, whole)]
    pieces: list[tuple[Typeface, str]] = []
    for sign in text:
        last = pieces[-1][0] if pieces else known[0]
        order = (last, *known) if sign.isspace() or category(sign)[0] not in "LN" else known
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
    return _measured(text, language, bold) * size / MEASURED


def wrapped(text: str, size: float, wide: float, language: str, bold: bool = True, even: bool = False) -> list[str]:
    """Lines of at most that width, broken at spaces, and between signs of scripts that have none. What goes with a
    number stays beside it; a word that is longer than a line is broken. ``even``: lines about equally long."""
    lines = _lines(text, size, wide, language, bold)
    least, most = wide / 2, wide
    for _ in range(EVENING if even and len(lines) > 1 else 0):
        middle = (least + most) / 2
        tried = _lines(text, size, middle, language, bold)
        if len(tried) > len(lines):
            least = middle
        else:
            most, lines = middle, tried
    return lines


def _lines(text: str, size: float, wide: float, language: str, bold: bool) -> list[str]:
    """Each word is measured once, whatever lines are tried: letters do not join across spaces."""
    lines: list[str] = []
    used = 0.0
    for space, word in _words(text):
        more, gap = width(word, size, language, bold), width(space, size, language, bold)
        if lines and used + gap + more <= wide:
            lines[-1] += space + word
            used += gap + more
        else:
            lines += [word] if more <= wide else _broken(word, size, wide, language, bold)
            used = more if more <= wide else width(lines[-1], size, language, bold)
    return lines


def _broken(word: str, size: float, wide: float, language: str, bold: bool) -> list[str]:
    """A word that is longer than a line in pieces: at its spaces, else anywhere."""
    space = next((one for one in "\u00a0 " if one in word), "")
    pieces: list[str] = []
    used = 0.0
    for part in word.split(space) if space else graphemes(word):
        more, gap = width(part, size, language, bold), width(space, size, language, bold)
        if pieces and used + gap + more <= wide:
            pieces[-1] += space + part
            used += gap + more
        elif space and more > wide:
            pieces += _broken(part, size, wide, language, bold)
            used = width(pieces[-1], size, language, bold)
        else:
            pieces.append(part)
            used = more
    return pieces


def font_files(texts: Sequence[str], language: str) -> list[str]:
    """The files that drawing these texts needs: reading a collection of 20 MB costs more than the drawing."""
    faces = dict.fromkeys(run.typeface for text in texts for run in runs(text, language))
    return [str(path) for face in faces for path in (face.bold, face.regular)]


def _words(text: str) -> Iterator[tuple[str, str]]:
    """(the space before it, a word). A sign of Chinese or Japanese writing is a word; closing marks stay with it, and
    a no-break space is none."""
    space, word = "", ""
    flat = " ".join(text.replace("\u00a0", KEEP).split()).replace(KEEP, "\u00a0")
    for at, sign in enumerate(flat):
        if sign == " " and word and _goes_with(word, flat[at + 1 :].partition(" ")[0]):
            word += sign
        elif sign == " ":
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


def _goes_with(before: str, word: str) -> bool:
    """Whether a word stays on the line of what is before it: a unit or a zone with its number, a number with the word
    that it counts ("6:30 pm PST", "Highway 9", "Nov 22")."""
    bare, last = word.rstrip(",.;:"), before.rpartition(" ")[2]
    if last[-1:] in ",.;:":
        return False
    if bare.isdigit() and len(bare) < 5:
        return last[:1].isalpha() and len(last) <= LONGEST_COUNTED and " " not in before
    return (bare in GLUED and last[-1:].isdigit()) or (last in ("am", "pm") and len(bare) < 5 and bare.isupper())


def _hangul(sign: str) -> bool:
    return "\uac00" <= sign <= "\ud7af"


@cache
def _file(name: str) -> Path | None:
    return next((path for folder in FOLDERS for path in sorted(Path(folder).rglob(name))), None)


@lru_cache(maxsize=8_192)
def _measured(text: str, language: str, bold: bool) -> float:
    """In pixels at ``MEASURED``."""
    return float(sum(_font(run.typeface, bold).getlength(run.text) for run in runs(text, language)))


@cache
def _font(face: Typeface, bold: bool) -> FreeTypeFont:
    return truetype(str(face.bold if bold else face.regular), MEASURED, face.index)


@cache
def _has(face: Typeface, sign: str) -> bool:
    """Whether the typeface draws this sign otherwise than as its box for the unknown; marks of direction are none."""
    if sign.isspace() or category(sign) == "Cf":
        return True
    return _ink(_font(face, True), sign) != _ink(_font(face, True), "\uffff")


def _ink(font: FreeTypeFont, sign: str) -> tuple[Sequence[int], bytes]:
    mask = font.getmask(sign)
    return mask.size, bytes(mask)
