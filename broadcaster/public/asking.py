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
_SIGNS = re.compile(r"[^\w]+")


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
    return _SIGNS.sub(" ", bare.casefold()).strip()


def found(wanted: str, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows (with "words": names and codes) that hold every word asked for; whole codes and names come first."""
    words = plain(wanted).split()
    hits = [row for row in rows if words and all(_holds(row["words"], word) for word in words)]
    whole = " ".join(words)
    return sorted(hits, key=lambda row: whole not in row["words"])


def _holds(known: Sequence[str], word: str) -> bool:
    return any(word in name for name in known)
