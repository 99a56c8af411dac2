"""How X counts a post: 280 by weight, each address 23, each emoji 2.

The rule is that of X's own library, twitter-text 3.1.0 with its third configuration: the text in NFC; U+0000 to 10FF
and some punctuation weigh half of all else; an address is what ends in a known top-level domain, "https://" in front
or not; an emoji is a sequence that its parser knows. The library reads UTF-16 units where it looks for addresses, and
so does this. Proof: ``tests/channels/compare_lengths.py``.

What is spelt out here and not left to flags differs between regular expressions of Python and JavaScript: there U+017F
is no "s", and "$" is the very end.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from broadcaster.domain.text_x_tables import (
    COUNTRY,
    FLAGS,
    GENDERED,
    GENDERED_WITH_SELECTOR,
    GENERIC,
    PROFESSIONS,
    TONED,
    TONED_WITH_SELECTOR,
    WITH_SELECTOR,
)

URL_LENGTH = 23
MOST_URL, MOST_LABEL, MOST_SLUG = 4096, 63, 40  # longer ones are no addresses: whole, a label in ASCII form, on t.co

# --- addresses ------------------------------------------------------------------------------------------------
ACCENTED = (
    r"\xC0-\xD6\xD8-\xF6\xF8-\xFF\u0100-\u024F\u0253\u0254\u0256\u0257\u0259\u025B\u0263\u0268\u026F\u0272\u0289\u028B"
    r"\u02BB\u0300-\u036F\u1E00-\u1EFF"
)
DIRECTIONS = r"\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069"
INVALID = r"\uFFFE\uFEFF\uFFFF"
SPACES = r"\x09-\x0D\x20\x85\xA0\u1680\u180E\u2000-\u200A\u2028\u2029\u202F\u205F\u3000"
BEFORE = rf"(?P<before>[^A-Za-z0-9@＠$#＃{INVALID}]|[{DIRECTIONS}]|^)"


def _tree(words: Sequence[str]) -> str:
    """The words as a pattern that looks at each letter once; of two that begin alike the longer is tried first."""
    groups: dict[str, list[str]] = {}
    for word in filter(None, words):
        groups.setdefault(word[0], []).append(word[1:])
    either = "(?:" + "|".join(letter + _tree(rest) for letter, rest in groups.items()) + ")" if groups else ""
    return f"{either}?" if groups and "" in words else either


TREE = _tree(GENERIC.split() + COUNTRY.split())
ENDING = rf"(?:(?i:{TREE})(?![0-9A-Za-z@+\-])|[xX][nN]--[\-0-9A-Za-z]+)"


_NO_NAME = rf"!'#%&()*+,\\./:;<=>?@\[\]^{{|}}~${SPACES}{INVALID}{DIRECTIONS}"  # and _ and -, by place
_LABEL = rf"(?![_\-])[^{_NO_NAME}]++(?<![_\-])"
DOMAIN = rf"(?:{_LABEL}\.)*(?!-)[^_{_NO_NAME}]++(?<!-)\.{ENDING}"
# Labels that lead to no ending are stepped over at once: else a text of many dots would take its length squared.
_NOWHERE = rf"(?<![^{_NO_NAME}])(?!{DOMAIN}){_LABEL}(?=\.(?!{ENDING}))(?:\.{_LABEL}(?=\.(?!{ENDING})))*+"
_PATH = rf"a-z0-9!*';:=+,.$/%#\[\]\-\u2013_~@|&\u0400-\u04FF{ACCENTED}"
_PARENTHESES = rf"\((?:[{_PATH}]+|[{_PATH}]*\([{_PATH}]+\)[{_PATH}]*)\)"
_END = rf"[+\-a-z0-9=_#/\u0400-\u04FF{ACCENTED}]"
_QUERY = r"\?[a-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*[a-z0-9\-_&=#/]"
_URL = re.compile(
    rf"{BEFORE}(?P<url>(?P<scheme>(?i:https?://))?(?P<domain>{DOMAIN})(?::[0-9]+)?"
    rf"(?i:(?P<path>/(?:[{_PATH}]*(?:{_PARENTHESES}[{_PATH}]*)*{_END}|{_PARENTHESES}|@[{_PATH}]+/)*)?(?:{_QUERY})?))|{_NOWHERE}"
)
_ASCII = re.compile(rf"(?:(?i:[\-a-z0-9{ACCENTED}]+)\.)+{ENDING}")
_SHORT = re.compile(rf"(?i:https?://t\.co/([a-z0-9]+)(?:{_QUERY})?)")
# What (?i) of Python takes for s and i, and the capital of U+019B, which Unicode has since version 16.
ALIKE = str.maketrans("\u017f\u0130\u0131\ua7dc", "\u0101\u0101\u0101\u0101")


def _links(units: str) -> Iterator[tuple[int, int]]:
    """(start, length) of each address in a text of UTF-16 units."""
    if "." not in units:
        return
    plain = units.translate(ALIKE)
    for found in _URL.finditer(plain):
        if found["url"] is None:
            continue
        start, end = found.span("url")
        domain = units[slice(*found.span("domain"))]
        if not names_a_host(domain) or end - start + (0 if found["scheme"] else len("https://")) > MOST_URL:
            continue
        if found["scheme"]:
            short = _SHORT.match(plain, start, end)
            if short is None or len(short[1]) <= MOST_SLUG:
                yield start, (short.end() if short else end) - start
        elif found["before"] not in ("-", "_", ".", "/"):
            yield from _bare(domain, start, end - start if found["path"] else 0)


def _bare(domain: str, start: int, whole: int) -> Iterator[tuple[int, int]]:
    """The parts of a domain without a scheme that are ASCII; the last has the path (``whole``: with it, else 0)."""
    parts: list[tuple[int, int]] = []
    after = 0
    for found in _ASCII.finditer(domain.translate(ALIKE)):
        name = domain[slice(*found.span())]
        at = domain.find(name, after)
        after = at + len(name)
        parts.append((start + at, len(name)))
    if parts and whole:
        at, length = parts[-1]
        parts[-1] = (at, length + whole - len(domain))
    yield from parts


def names_a_host(domain: str) -> bool:
    """Whether each label has a length that DNS can carry."""
    if domain.startswith("xn--") and not _ASCII.search(domain.translate(ALIKE)):
        return False
    return all(1 <= _ascii_length(label) <= MOST_LABEL for label in domain.split("."))


def _ascii_length(label: str) -> int:
    parts = re.split("[\u3002\uff0e\uff61]", _points(label))
    return sum(len(part) if part.isascii() else 4 + len(part.encode("punycode")) for part in parts) + len(parts) - 1


def _units(text: str) -> str:
    """A text as UTF-16 units, each a character of its own."""
    if max(text, default="") <= "\uffff":
        return text
    raw = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(raw[at] | raw[at + 1] << 8) for at in range(0, len(raw), 2))


def _points(units: str) -> str:
    """The other way round."""
    if units.isascii():
        return units
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


# --- emoji ----------------------------------------------------------------------------------------------------
def _any(ranges: str) -> str:
    ends = (one.partition("-") for one in ranges.split())
    return "[" + "".join(f"\\U{int(a, 16):08X}-\\U{int(b or a, 16):08X}" for a, _, b in ends) + "]"


def _flag(letters: str) -> str:
    return "".join(chr(0x1F1E6 + ord(letter) - ord("A")) for letter in letters)


_TONE = "[\U0001f3fb-\U0001f3ff]"
_Z = "\u200d"
_REGIONS = ("gbeng", "gbsct", "gbwls")
_CHILDREN = f"(?:👦(?:{_Z}👦)?|👧(?:{_Z}[👦👧])?)"
_JOINING = re.compile(f"[\u200d\u20e3\ufe0f\U0001f1e6-\U0001f1ff\U000e0067]|{_TONE}")  # one is in each sequence
_EMOJI = re.compile(
    "|".join(
        [
            f"[👨👩]{_TONE}?{_Z}(?:[⚕⚖✈]\ufe0f|{_any(PROFESSIONS)})",
            f"{_any(GENDERED_WITH_SELECTOR)}(?:{_TONE}|\ufe0f){_Z}[♀♂]\ufe0f",
            f"{_any(GENDERED)}{_TONE}?{_Z}[♀♂]\ufe0f",
            f"👨{_Z}❤\ufe0f{_Z}(?:💋{_Z})?👨|👩{_Z}❤\ufe0f{_Z}(?:💋{_Z})?[👨👩]",
            f"(?:👨(?:{_Z}[👨👩])?|👩(?:{_Z}👩)?){_Z}{_CHILDREN}",
            f"🏳\ufe0f{_Z}🌈|🏴{_Z}☠\ufe0f|👁{_Z}🗨|[👯🤼🧞🧟]{_Z}[♀♂]\ufe0f",
            "[#*0-9]\ufe0f?\u20e3",
            f"{_any(WITH_SELECTOR)}\ufe0f",
            f"{_any(TONED_WITH_SELECTOR)}\ufe0f?{_TONE}?",
            f"{_any(TONED)}{_TONE}",
            *("🏴" + "".join(chr(0xE0000 + ord(letter)) for letter in region) + "\U000e007f" for region in _REGIONS),
            "|".join(_flag(letters) for letters in FLAGS.split()),
        ]
    )
)


# --- the count ------------------------------------------------------------------------------------------------
_HEAVY = re.compile(r"[^\x00-\u10FF\u2000-\u200D\u2010-\u201F\u2032-\u2037]")  # weigh 2; all else 1


def weigh(text: str, url: int = URL_LENGTH) -> int:
    """The length of a post as X counts it (at most 280); an address counts ``url``."""
    text = unicodedata.normalize("NFC", text)
    units = _units(text)
    counted = {start: (length, 2) for start, length in _emoji(text)}
    counted.update({start: (length, url) for start, length in _links(units)})
    total = passed = 0
    for start, (length, count) in sorted(counted.items()):
        if start >= passed:
            total += _weight(units[passed:start]) + count
            passed = start + length
    return total + _weight(units[passed:])


def _emoji(text: str) -> Iterator[tuple[int, int]]:
    """(start, length) of each emoji of several code points, in UTF-16 units; one alone weighs 2 anyhow."""
    if not _JOINING.search(text):
        return
    at = unit = 0
    for found in _EMOJI.finditer(text):
        unit += len(_units(text[at : found.start()]))
        length = len(_units(found[0]))
        yield unit, length
        at, unit = found.end(), unit + length


def _weight(units: str) -> int:
    points = _points(units)
    return len(points) + len(_HEAVY.findall(points))
