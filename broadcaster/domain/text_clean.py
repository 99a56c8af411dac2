"""Characters that no text of ours may hold: databases, XML or providers refuse them (XML 1.0, section 2.2)."""

from __future__ import annotations


def forbidden(text: str) -> str | None:
    """The first such character as U+XXXX, or None: control characters but line ends and tabs, lone surrogates."""
    for character in text:
        code = ord(character)
        if (code < 0x20 and character not in "\n\r\t") or 0xD800 <= code <= 0xDFFF or code in (0xFFFE, 0xFFFF):
            return f"U+{code:04X}"
    return None
