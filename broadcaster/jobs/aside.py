"""Periodic work in threads of its own, one for each name, so that a slow feed never holds a sweep."""

from __future__ import annotations

import importlib
import logging
import threading
import time
from collections.abc import Callable

from broadcaster.services.system import System

log = logging.getLogger(__name__)
HUNG_SECONDS = 300.0
REPEAT_SECONDS = 60.0


class Aside:
    """Runs named work; what still runs is not started again, what fails is logged and stops nothing else."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started: dict[str, float] = {}
        self._said: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def start(self, name: str, dotted: str, system: Callable[[], System]) -> bool:
        """Call the function ``dotted`` with the system; False where this name still runs."""
        with self._lock:
            if name in self._started:
                return False
            self._started[name] = self._clock()
        threading.Thread(target=self._run, args=(name, dotted, system), name=name, daemon=True).start()
        return True

    def hung(self) -> str | None:
        """A name that has run for longer than anything may: the process should be replaced."""
        with self._lock:
            oldest = min(self._started.items(), key=lambda item: item[1], default=None)
        return oldest[0] if oldest and self._clock() - oldest[1] > HUNG_SECONDS else None

    def _run(self, name: str, dotted: str, system: Callable[[], System]) -> None:
        try:
            call(dotted, system())
            self._said.pop(name, None)
        except Exception as error:  # noqa: BLE001 - the edge of a job
            self._tell(name, error)
        finally:
            with self._lock:
                del self._started[name]

    def _tell(self, name: str, error: Exception) -> None:
        """Log the first time and once a minute: every two seconds would bury everything else."""
        text, at = in_words(error), self._clock()
        said, when = self._said.get(name, ("", float("-inf")))
        if said != text or at - when >= REPEAT_SECONDS:
            self._said[name] = (text, at)
            log.error("%s failed and will be tried again: %s", name, text, exc_info=error)


def in_words(error: Exception) -> str:
    """One line: kind and text, of each part where several things failed together."""
    if isinstance(error, ExceptionGroup):
        return "; ".join(in_words(part) for part in error.exceptions)
    where = f" in {error.__notes__[0]}" if getattr(error, "__notes__", None) else ""
    return f"{type(error).__name__}{where}: {error}"


def call(dotted: str, *args: object) -> object:
    """Import and call a function by its dotted name."""
    module, _, name = dotted.rpartition(".")
    return getattr(importlib.import_module(module), name)(*args)


ASIDE = Aside()  # of this process: what runs in it is its own state
