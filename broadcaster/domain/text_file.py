"""What encoding and delimiter a text file from somebody's office has, judged from its bytes."""

from __future__ import annotations

import codecs
from collections.abc import Iterable

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def encoding_of(blocks: Iterable[bytes]) -> str | None:
    """UTF-8 and UTF-16 by their marks, UTF-8 where all bytes are, else Windows-1252; None where it is no text."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    first, utf8 = True, True
    for block in blocks:
        if first:
            for mark, name in _MARKS:
                if block.startswith(mark):
                    return name
        first = False
        if b"\0" in block:
            return None
        utf8 = utf8 and _decodes(decoder, block)
    return "utf-8" if utf8 and _decodes(decoder, b"", final=True) else "cp1252"


def delimiter_of(header: str) -> str:
    """The one of comma, semicolon and tab that the header line holds most of; comma where it holds none."""
    return max(",;\t", key=lambda sign: (header.count(sign), sign == ","))


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True
