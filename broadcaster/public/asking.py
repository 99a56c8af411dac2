"""What a request asks for: a language the page speaks, and a place by name or code. Standard library only."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import parse_qs

MOST_TAGS = 20  # of an Accept-Language
LONGEST = 80  # characters of a query
_WEIGHT = re.compile(r"q=([01](?:\.\d{0,3})?)")
MOST_WORDS = 6  # of a query that are compared letter by letter
OFFERED = 5  # zones that a misspelt name may have meant
_SIGNS = re.compile(r"[^\w]+")
_LETTERS = str.maketrans({"đ": "d", "ð": "d", "ø": "o", "ł": "l", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe"})


def language(header: bytes, spoken: Sequence[str]) -> str:
    """The language to answer in: the reader's first that is spoken, else the first spoken (RFC 9110, 12.5.4)."""
    wanted = []
    for number, item in enumerate(header.decode("latin-1").split(",")[:MOST_TAGS]):
        tag, *rest = (part.strip().lower() for part in item.split(";"))
        found = _WEIGHT.fullmatch(rest[0].replace(" ", "")) if rest else None
        weight = float(found[1]) if found else 1.0
        if weight > 0:
            wanted.append((-weight, number, tag))
    for _, _, tag in sorted(wanted):
        for one in spoken:
            if tag == "*" or tag.split("-")[0] == one.lower().split("-")[0]:
                return one
    return spoken[0]


def query(raw: bytes) -> str:
    """What stands in the field ``q`` of a form's GET."""
    try:
        values = parse_qs(raw.decode("latin-1"), max_num_fields=20).get("q", [""])
    except ValueError:  # more fields than any form of ours has
        return ""
    return values[0].strip()[:LONGEST]


def plain(text: str) -> str:
    """For comparing: no accents, no capitals, one space between words."""
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return _SIGNS.sub(" ", bare.casefold().translate(_LETTERS)).strip()


def found(wanted: str, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows (with "words": names and codes) that hold every word asked for; whole codes and names come first."""
    words = plain(wanted).split()
    hits = [row for row in rows if words and all(_holds(row["words"], word) for word in words)]
    whole = " ".join(words)
    return sorted(hits, key=lambda row: whole not in row["words"])


def near(wanted: str, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows that somebody may have meant who wrote the name otherwise, the likeliest first; never of a code, where
    another sign is another zone."""
    words = [word for word in plain(wanted).split() if word.isalpha() and len(word) > 2][:MOST_WORDS]
    scored = [(sum(_likeness(word, row["words"]) for word in words), number, row) for number, row in enumerate(rows)]
    likely = sorted((one for one in scored if one[0]), key=lambda one: (-one[0], one[1]))
    return [row for score, _, row in likely if score * 2 >= likely[0][0]][:OFFERED]


def _likeness(word: str, known: Sequence[str]) -> float:
    """1 for a word of the name, less for one that is a letter or two off, else 0."""
    most = 1 if len(word) < 6 else 2
    tokens = {token for name in known for token in (*name.split(), name.replace(" ", ""))}
    best = min((_distance(word, token, most) for token in tokens if token.isalpha()), default=most + 1)
    return 0.0 if best > most else 1 - best / 10


def _distance(one: str, other: str, most: int) -> int:
    """Letters to add, drop, change or swap with their neighbour; anything over ``most`` once it must be more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before, row = [], list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            swapped = i > 1 and j > 1 and a == other[j - 2] and b == one[i - 2]
            row.append(min(cost, last[j - 2] + 1) if swapped else cost)
        if min(row) > most:
            return most + 1
    return row[-1]


def _holds(known: Sequence[str], word: str) -> bool:
    return any(word in name or word in name.replace(" ", "") for name in known)
