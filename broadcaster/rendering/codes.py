"""A QR code of an address as SVG path data, for the printed sheet."""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from typing import Any

from qrcode import main as qr
from qrcode.constants import ERROR_CORRECT_M

QUIET = 4  # modules of white round it (ISO/IEC 18004)


@lru_cache(maxsize=512)
def square(address: str) -> tuple[int, str]:
    """(modules on a side with the quiet zone, path data of the dark ones, a row of them as one stroke each)."""
    code: Any = qr.QRCode(error_correction=ERROR_CORRECT_M, border=QUIET)
    code.add_data(address)
    code.make(fit=True)
    rows: list[list[bool]] = code.get_matrix()
    return len(rows), "".join(_row(number, row) for number, row in enumerate(rows))


def _row(number: int, row: list[bool]) -> str:
    made, at = "", 0
    for dark, group in groupby(row):
        length = len(list(group))
        made += f"M{at} {number}h{length}v1h-{length}z" if dark else ""
        at += length
    return made
