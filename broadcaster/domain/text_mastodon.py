"""How Mastodon counts a post: graphemes, each address 23 (or what the instance says), a mention without its domain.

The rule is that of Mastodon 4's own check of a status: its addresses are those of twitter-text's Ruby edition with
wider paths, a scheme in front and a known top-level domain behind; its mentions are its own. What is no address to it
counts whole. Its graphemes are Ruby's, which join no consonants in Indian scripts. Compared with its own code over
80,000 texts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from broadcaster.domain.text_graphemes import graphemes
from broadcaster.domain.text_x import ACCENTED, ALIKE, BEFORE, DIRECTIONS, INVALID, MOST_SLUG, MOST_URL, SPACES, TREE

URL_LENGTH = 23
_SCHEMES = "https?|dat|dweb|ipfs|ipns|ssb|gopher|gemini"
_NO_NAME = rf"!\"#$%&'()*+,./:;<=>?@\[\]\^`{{|}}~\x00-\x1F\x7F{SPACES}{INVALID}{DIRECTIONS}"  # and _ and -, by place
_ENDING = rf"(?:(?i:{TREE})(?![0-9A-Za-z@+\-])|[xX][nN]--[0-9A-Za-z]+)"
_LABEL = rf"(?![_\-])[^{_NO_NAME}]++(?<![_\-])"
_DOMAIN = rf"(?:{_LABEL}\.)*(?!-)[^_{_NO_NAME}]++(?<!-)\.{_ENDING}"
_NOWHERE = rf"(?<![^{_NO_NAME}])(?!{_DOMAIN}){_LABEL}(?=\.(?!{_ENDING}))(?:\.{_LABEL}(?=\.(?!{_ENDING})))*+"  # as for X
_WHITE = r"\x09-\x0D\x20\x85\xA0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000"
_PATH = rf"[^{_WHITE}<>()?]"
_NARROW = (
    r"[A-Za-z0-9!*';:=+,.$/%#\[\]_~&|@\u0400-\u052F\u1C80-\u1C88\u1D2B\u1D78\u2DE0-\u2DFF\uA640-\uA69F\uFE2E\uFE2F"
    rf"\-\u058A\u05BE\u1400\u1806\u2010-\u2015\u2E17\u2E1A\u2E3A\u2E3B\u301C\u3030\u30A0\uFE31\uFE32\uFE58\uFE63\uFF0D{ACCENTED}]"
)
_END = rf"(?:[^{_WHITE}()?!*\"'「」<>;:=,.$%\[\]~&|@]|\((?:{_NARROW}+|{_NARROW}*\({_NARROW}+\){_NARROW}*)\))"
_PARENTHESES = rf"\((?:{_PATH}+|{_PATH}*\({_PATH}+\){_PATH}*)\)"
_WIDE = (
    r"\xA0-\uD7FF\uF900-\uFDCF\uFDF0-\uFFEF\U00010000-\U0001FFFD\U00020000-\U0002FFFD\U00030000-\U0003FFFD"
    r"\U000E1000-\U000EFFFD\uE000-\uF8FF\U000F0000-\U000FFFFD\U00100000-\U0010FFFD"
)
_QUERY = rf"\?[A-Za-z0-9!?*'();:&=+$/%#\[\]\-_.,~|@\^{_WIDE}]*[A-Za-z0-9_&=#/\-{_WIDE}]"
_URL = re.compile(
    rf"{BEFORE}(?P<url>(?P<scheme>(?i:{_SCHEMES})://)?(?P<domain>{_DOMAIN})(?::[0-9]+)?"
    rf"(?:/(?:{_PATH}*(?:{_PARENTHESES}{_PATH}*)*{_END}|{_PATH}+/)*)?(?:{_QUERY})?)|{_NOWHERE}",
    re.MULTILINE,
)
_SHORT = re.compile(r"(?i:https?://t\.co/([a-z0-9]+))")
_MENTION = re.compile(r"(?<![=/])@([A-Za-z0-9_]+(?:[.-]+[A-Za-z0-9_]+)*)")
_GOES_ON = re.compile(rf"[@＠{ACCENTED}]|://")  # behind a mention: it is none


def count(text: str, url: int = URL_LENGTH) -> int:
    """Characters as Mastodon counts them, an address as ``url``."""
    parts: list[str] = []
    passed = 0
    for start, end, instead in sorted([*_links(text, "x" * url), *_mentions(text)]):
        if start >= passed:
            parts += (text[passed:start], instead)
            passed = end
    return graphemes("".join(parts) + text[passed:], joined=False)


def _links(text: str, instead: str) -> Iterator[tuple[int, int, str]]:
    if ":" not in text:
        return
    plain = text.translate(ALIKE)
    for found in _URL.finditer(plain):
        if not found["scheme"]:
            continue
        start, end = found.span("url")
        short = _SHORT.match(plain, start, end)
        if short is not None:
            if len(short[1]) > MOST_SLUG:
                continue
            end = short.end()
        if _resolves(text[slice(*found.span("domain"))], end - start):
            yield start, end, instead


def _resolves(domain: str, length: int) -> bool:
    """Whether DNS could carry the name, and the whole is not too long."""
    try:
        return length + max(0, len(domain.encode("idna")) - len(domain)) <= MOST_URL
    except UnicodeError:
        return False


def _mentions(text: str) -> Iterator[tuple[int, int, str]]:
    for found in _MENTION.finditer(text):
        start, end = found.span()
        if start and _is_word(text[start - 1]):
            continue
        if text[end : end + 1] == "@" and (host := _name_end(text, end + 1)) > end + 1:
            end = host
        if not _GOES_ON.match(text, end):
            yield start, end, f"@{found[1]}"


def _name_end(text: str, at: int) -> int:
    """Where a name of words with dots and hyphens between them ends that begins there; ``at`` where there is none."""
    end = at
    while True:
        word = end
        while word > at and text[word : word + 1] in (".", "-"):
            word += 1
        after = word
        while after < len(text) and _is_word(text[after]):
            after += 1
        if after == word:
            return end
        end = after


def _is_word(character: str) -> bool:
    kind = unicodedata.category(character)
    return kind[0] in "LM" or kind in ("Nd", "Pc")
