"""One line of a benchmark's table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """``ours`` against ``baseline`` in the same unit; ``ratio`` must reach ``wanted``."""

    name: str
    ours: float
    baseline: float
    ratio: float
    wanted: float
    ok: bool
