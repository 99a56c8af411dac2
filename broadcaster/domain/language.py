"""Language tags (BCP 47): the language alone, without region or script, and which way it is written."""

from __future__ import annotations

RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ps", "ur", "yi"})


def primary(tag: str) -> str:
    """The primary subtag (RFC 5646, 2.2.1), small: "es" of "es-MX", and of "es_MX" as some providers write it."""
    return tag.replace("_", "-").partition("-")[0].lower()


def direction(tag: str) -> str:
    """ "rtl" or "ltr"."""
    return "rtl" if primary(tag) in RIGHT_TO_LEFT else "ltr"
