"""Answers that cost much, kept in memory for some seconds: a million readers of one picture make it once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock


class Recent:
    """At most ``most`` answers, each at most ``seconds`` old. Who asks for what is being made waits for it; what fails
    is not kept, so nobody fills it with what does not exist."""

    def __init__(self, now: Callable[[], datetime], seconds: float, most: int) -> None:
        self._now, self._age, self._most = now, timedelta(seconds=seconds), most
        self._kept: OrderedDict[tuple[str, ...], tuple[datetime, bytes]] = OrderedDict()
        self._lock = Lock()
        self._making: dict[tuple[str, ...], Lock] = {}

    def get(self, key: tuple[str, ...], make: Callable[[], bytes]) -> bytes:
        """What ``make`` gave lately, else gives now. Raises as ``make``."""
        if (found := self._found(key)) is not None:
            return found
        with self._lock:
            mine = self._making.setdefault(key, Lock())
        try:
            with mine:
                found = self._found(key)
                return self._keep(key, make()) if found is None else found
        finally:
            with self._lock:
                self._making.pop(key, None)

    def _found(self, key: tuple[str, ...]) -> bytes | None:
        with self._lock:
            at, answer = self._kept.get(key, (None, b""))
            return answer if at is not None and self._now() - at < self._age else None

    def _keep(self, key: tuple[str, ...], answer: bytes) -> bytes:
        with self._lock:
            self._kept[key] = self._now(), answer
            self._kept.move_to_end(key)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return answer
