"""The heartbeat of a part: a thread that writes a row every 5 s for as long as the part's own loop moves."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping

from sqlalchemy.exc import SQLAlchemyError

from broadcaster.process import RESTARTED, holder
from broadcaster.store import heartbeats
from broadcaster.store.engine import Database, now

log = logging.getLogger(__name__)
EVERY = 5.0
RETRY = 0.5


class Pulse:
    """Touched by a part's main loop; ``beats`` while that happened within ``limit`` seconds."""

    def __init__(self, limit: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._clock = limit, clock
        self._touched = clock()

    def touch(self) -> None:
        """The loop moves."""
        self._touched = self._clock()

    def beats(self) -> bool:
        """Whether the loop moved lately."""
        return self._clock() - self._touched <= self._limit


class Beat(threading.Thread):
    """Writes signs of life. A part that came back after a death counts only once it has lived for one beat."""

    def __init__(
        self, database: Database, part: str, alive: Callable[[], bool], environ: Mapping[str, str] = os.environ
    ) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._database, self._part, self._alive = database, part, alive
        self._died = environ.get(RESTARTED, "")
        self._began = time.monotonic()
        self._first = True
        self._end = threading.Event()

    def run(self) -> None:
        """Beat until ``leave``; while the database is away try more often."""
        while not self._end.is_set():
            self._end.wait(EVERY if self.once() else RETRY)

    def once(self) -> bool:
        """One sign, if the part lives. False where the database is away."""
        if not self._alive():
            return True
        try:
            with self._database.write() as connection:
                at = now(connection)
                if self._first and self._died:
                    heartbeats.mark_down(connection, self._died)
                heartbeats.beat(connection, self._part, holder(), at, self._state())
                heartbeats.forget(connection, at)
        except SQLAlchemyError as error:
            log.warning("no heartbeat: the database is away (%s)", type(error).__name__)
            return False
        self._first = False
        return True

    def leave(self) -> None:
        """A polite end says so."""
        self._end.set()
        try:
            with self._database.write() as connection:
                heartbeats.mark_down(connection, holder())
        except SQLAlchemyError as error:
            log.warning("the end was not noted: the database is away (%s)", type(error).__name__)

    def _state(self) -> str:
        proven = not self._died or time.monotonic() - self._began >= EVERY
        return heartbeats.OK if proven else heartbeats.STARTING
