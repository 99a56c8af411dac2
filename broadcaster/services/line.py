"""One channel's line: claimed rows, prepared ones, requests in flight, results not yet written.

The event loop runs the requests; one thread of the line's own runs its transactions, one after the other.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from broadcaster.domain.channel import Channel, ChannelError, OutcomeUnknown, Verdict
from broadcaster.domain.delivery import LEASE_SECONDS, REQUEST_SECONDS, START_NEEDS_SECONDS, AttemptState
from broadcaster.services.exchange import Exchange, Prepared
from broadcaster.services.verdicts import VerdictOf, failure
from broadcaster.store.deliveries import Leased, Word
from broadcaster.transport.pace import Pace

log = logging.getLogger(__name__)
T = TypeVar("T")
GROUP = 50
GATHER_SECONDS = 0.05
HORIZON_SECONDS = 0.1
CLAIM_MOST = 500
CLAIM_SECONDS = 2.0
RENEW_BELOW_SECONDS = 13.0
CLOSE_SECONDS = 10.0
BACK_OFF_SECONDS = 2.0
DATABASE_AWAY_SECONDS = 0.5


class Line:
    """Sends what is queued on one channel until nothing is left or it is told to stop."""

    def __init__(
        self, name: str, channel: Channel, exchange: Exchange, pace: Pace, rate: float, verdict: VerdictOf
    ) -> None:
        self._name = name
        self._channel = channel
        self._exchange = exchange
        self._pace = pace
        self._verdict = verdict
        self._most = int(channel.limits().extras.get("in_flight", 100))
        self._claim_size = max(1, min(CLAIM_MOST, int(rate * CLAIM_SECONDS)))
        self._held: deque[Leased] = deque()
        self._starts: dict[int, float] = {}  # delivery -> when the pace lets it start (monotonic)
        self._prepared: deque[Prepared] = deque()
        self._flying: set[asyncio.Task[None]] = set()
        self._words: list[Word] = []
        self._oldest_word = 0.0
        self._last_answer = 0.0
        self._lease_ends = 0.0
        self._next_slot = 0.0
        self._dry = False
        self._changed = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, f"line-{name}")
        self.stopping = False

    async def run(self, until: float, more: Callable[[], bool]) -> None:
        """Work until ``until`` (monotonic), or until the queue is empty and ``more()`` says nothing will come."""
        try:
            while not self.stopping and time.monotonic() < until and (self._busy() or not self._dry):
                await self._turn(more)
            await self._close()
        except BaseException:
            await self._abandon()
            raise
        finally:
            self._thread.shutdown()

    def _busy(self) -> bool:
        return bool(self._held or self._prepared or self._flying or self._words)

    # --- a turn -------------------------------------------------------------------------------------------------
    async def _turn(self, more: Callable[[], bool]) -> None:
        try:
            if len(self._held) <= self._claim_size // 2 and not (self._dry and self._busy()):
                await self._claim(more())
            rows = await self._grant()
            if rows or self._words_are_due() or self._lease_left() < RENEW_BELOW_SECONDS:
                await self._exchange_group(rows)
            else:
                await self._wait()
        except SQLAlchemyError as error:
            log.warning("%s: the database refused, results are kept: %s", self._name, error.__class__.__name__)
            await asyncio.sleep(DATABASE_AWAY_SECONDS)

    async def _claim(self, more: bool) -> None:
        """``more`` was asked before the claim: what came after it would be missed else."""
        before = time.monotonic()
        rows = await self._in_thread(lambda: self._exchange.claim(self._claim_size))
        self._dry = not rows and not more
        if rows:
            self._lease_ends = min(self._lease_ends, before + LEASE_SECONDS) if self._held else before + LEASE_SECONDS
            self._held.extend(rows)

    async def _grant(self) -> list[Leased]:
        """Held rows that the pace lets start within the next 0.1 s; their start times are noted."""
        room = min(self._room(), len(self._held))
        if room <= 0 or time.monotonic() < self._next_slot:
            return []
        rows = [self._held[i] for i in range(room)]
        slots = await self._in_thread(lambda: self._pace.take(self._exchange.segments(rows), HORIZON_SECONDS))
        now = time.monotonic()
        self._next_slot = now + max(0.0, slots.wait - HORIZON_SECONDS / 2)
        for row, start in zip(rows, slots.starts, strict=False):
            self._starts[row.id] = now + start
        return [self._held.popleft() for _ in slots.starts]

    def _room(self) -> int:
        """How many rows to prepare: the free places, and one group ahead while answers keep coming."""
        free = self._most - len(self._flying)
        ahead = min(GROUP, self._most) if time.monotonic() - self._last_answer < 1.0 else 0
        room = min(GROUP, free + ahead) - len(self._prepared)
        return room if room >= GROUP // 2 or (free > 0 and not self._prepared) else 0

    def _words_are_due(self) -> bool:
        if not self._words:
            return False
        waited = time.monotonic() - self._oldest_word
        return len(self._words) >= GROUP or waited >= GATHER_SECONDS or not self._flying

    def _lease_left(self) -> float:
        return self._lease_ends - time.monotonic() if self._held else LEASE_SECONDS

    async def _exchange_group(self, rows: list[Leased]) -> None:
        words, self._words = self._words, []
        held = list(self._held) if self._lease_left() < RENEW_BELOW_SECONDS else []
        before = time.monotonic()
        try:
            done = await self._in_thread(lambda: self._exchange.group(words, rows, held))
        except SQLAlchemyError:
            self._words = words + self._words
            self._held.extendleft(reversed(rows))
            raise
        if held:
            self._lease_ends = before + LEASE_SECONDS
        self.stopping = self.stopping or done.rest
        self._prepared.extend(done.prepared)
        self._pump()

    async def _wait(self) -> None:
        self._changed.clear()
        pause = (
            min(GATHER_SECONDS, max(0.001, self._next_slot - time.monotonic())) if self._held else GATHER_SECONDS / 2
        )
        try:
            async with asyncio.timeout(pause):
                await self._changed.wait()
        except TimeoutError:
            self._pump()

    # --- requests -----------------------------------------------------------------------------------------------
    def _pump(self) -> None:
        """Start what may start now."""
        while self._prepared and len(self._flying) < self._most:
            head = self._prepared[0]
            now = time.monotonic()
            start = self._starts.get(head.row.id, now)
            if start > now + 0.001:
                asyncio.get_running_loop().call_later(start - now, self._pump)
                return
            self._prepared.popleft()
            self._starts.pop(head.row.id, None)
            if now > head.written + LEASE_SECONDS - START_NEEDS_SECONDS:
                self._hear(_word(head, AttemptState.NOT_SENT))  # too little lease left to begin
                continue
            task = asyncio.create_task(self._request(head))
            self._flying.add(task)
            task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        self._last_answer = time.monotonic()
        self._pump()
        if not self._prepared or len(self._words) >= GROUP:
            self._changed.set()

    def _hear(self, word: Word) -> None:
        if not self._words:
            self._oldest_word = time.monotonic()
        self._words.append(word)

    async def _request(self, p: Prepared) -> None:
        """One request; whatever becomes of it is a word about its attempt."""
        word = _word(p, AttemptState.UNKNOWN)
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                accepted = await self._channel.send(p.message, p.recipient, p.attempt)
            state = AttemptState.DELIVERED if accepted.delivered else AttemptState.ACCEPTED
            word = _word(p, state, provider_id=accepted.provider_id, url=accepted.url)
            if accepted.wait > 0:
                self._pace.push(accepted.wait)
        except ChannelError as error:
            word = self._refused(p, error)
        except (OutcomeUnknown, TimeoutError) as error:
            log.info("%s: outcome of attempt %s unknown: %s", self._name, p.attempt.id, error)
        except Exception:  # a request's edge: a bug in a channel must not lose an outcome or stop the line
            log.exception("%s: attempt %s ended in an error of ours", self._name, p.attempt.id)
        finally:  # also when cancelled: then nobody knows
            self._hear(word)

    def _refused(self, p: Prepared, error: ChannelError) -> Word:
        state = failure(self._name, error.code, self._verdict)
        if self._verdict(self._name, error.code) is Verdict.BACK_OFF:
            self._pace.push(error.retry_after if error.retry_after is not None else BACK_OFF_SECONDS)
        return _word(p, state, code=error.code, retry_after=error.retry_after)

    # --- the end ------------------------------------------------------------------------------------------------
    async def _close(self) -> None:
        """Claim no more; let what is under way end, for at most 10 s; write all of it down."""
        self._turn_back()
        if self._flying:
            await asyncio.wait(self._flying, timeout=CLOSE_SECONDS)
        await self._abandon()

    async def _abandon(self) -> None:
        """What still flies is cancelled and so unknown; results are written, claimed rows given back."""
        self._turn_back()
        for task in self._flying:
            task.cancel()
        await asyncio.gather(*self._flying, return_exceptions=True)
        words = list(self._words)
        if words:
            await self._in_thread(lambda: self._exchange.group(words, [], []))
        self._words.clear()  # only now: where the database refused, the next call writes them again
        held, self._held = list(self._held), deque()
        if held:
            await self._in_thread(lambda: self._exchange.release(held))

    def _turn_back(self) -> None:
        """Prepared rows whose request never started: proof that they were not sent."""
        while self._prepared:
            self._hear(_word(self._prepared.popleft(), AttemptState.NOT_SENT))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _word(p: Prepared, state: AttemptState, **more: Any) -> Word:
    return Word(p.attempt.id, state, delivery=p.row.id, **more)
