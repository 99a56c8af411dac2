"""Waiting for a state: as long as a slow machine may need, and no longer than it takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def until(found: Callable[[], Any], seconds: float = 60, log: Callable[[], str] = lambda: "") -> Any:
    """What ``found`` gives once it is true; fails with the log after ``seconds``."""
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end, f"not within {seconds:g} s: {found}\n{log()}"
        time.sleep(0.01)
    return value
