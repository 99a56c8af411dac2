"""What a text says, found by its words: without capitals and accents, so that a plain variant is found too. Pure."""

from __future__ import annotations

import unicodedata


def folded(text: str) -> str:
    """Without capitals and accents; one line."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return " ".join(bare.split())


def advised(instruction: str, text: str) -> bool:
    """Does the folded text say at least half of the longer words of the first sentence of what to do?"""
    first = folded(instruction).replace("!", ".").split(".")[0].replace(",", " ")
    words = [word for word in first.split() if len(word) > 3] or first.split()
    return bool(words) and 2 * sum(word in text for word in words) >= len(words)
