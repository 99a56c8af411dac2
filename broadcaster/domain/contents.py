"""What a text says, found by its words: without capitals and accents, so that a plain variant is found too. Pure."""

from __future__ import annotations

import unicodedata


def folded(text: str) -> str:
    """Without capitals, accents and characters that nobody sees; one line."""
    spread = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in spread if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
    return " ".join(bare.split())


def advised(instruction: str, text: str) -> bool:
    """Does the folded text say at least half of the longer words of the first sentence of what to do?"""
    first = folded(instruction).replace("!", ".").split(".")[0].replace(",", " ")
    words = [word for word in first.split() if len(word) > 3] or first.split()
    return bool(words) and 2 * sum(word in text for word in words) >= len(words)
