"""Senders and workers: RQ's SimpleWorker as transport, and a look of our own where Redis is silent or away.

RQ's own loop waits for Redis for ever and starts over with each lost connection; ours leaves it then, because
SQL holds the work and must move without Redis (docs/delivery.md).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import SimpleWorker
from rq.exceptions import DequeueTimeout, StopRequested
from rq.worker.base import WorkerStatus

from broadcaster.process import Stop

log = logging.getLogger(__name__)
WAIT_SECONDS = 1  # how long Redis may be silent before we look; RQ knows whole seconds only
AWAY_SECONDS = 2.0


class Puller(SimpleWorker):
    """Takes jobs of one queue; calls ``idle`` in each silence and leaves its loop when Redis goes away."""

    stop: Stop
    idle: Callable[[], None]

    def dequeue_job_and_maintain_ttl(self, timeout: int | None, max_idle_time: int | None = None) -> Any:
        """The next job, or StopRequested (RQ's word for leaving the loop)."""
        try:
            self.set_state(WorkerStatus.IDLE)
            while not self.stop.is_set():
                job = self._next()
                if job is not None:
                    return job
                self.idle()
        except RedisError as error:
            log.warning("Redis is away: %s", error)
        raise StopRequested

    def _next(self) -> Any:
        self.heartbeat()
        try:
            found = self.queue_class.dequeue_any(
                self.queues,
                WAIT_SECONDS,
                connection=self.connection,
                job_class=self.job_class,
                serializer=self.serializer,
                death_penalty_class=self.death_penalty_class,
            )
        except DequeueTimeout:
            return None
        if found is not None:
            found[0].redis_server_version = self.get_redis_server_version()  # type: ignore[no-untyped-call]
        return found

    def _install_signal_handlers(self) -> None:
        """Ours stand already: a signal sets ``stop`` and never breaks into a job."""

    def procline(self, message: str) -> None:
        """The command line stays: it names the part."""

    def subscribe(self) -> None:
        """No commands from outside."""

    def unsubscribe(self) -> None:
        """Nothing was subscribed to."""


def run(url: str, queue: str, idle: Callable[[], None], away: Callable[[], None], stop: Stop) -> None:
    """Work until ``stop``. ``idle`` in each second of silence, ``away`` every 2 s while Redis is away."""
    guarded(idle)
    while not stop.is_set():
        try:
            pull(url, queue, idle, stop)
        except RedisError as error:
            log.warning("Redis is away: %s", error)
        if not stop.is_set():
            guarded(away)
            stop.wait(AWAY_SECONDS)


def pull(url: str, queue: str, idle: Callable[[], None], stop: Stop) -> None:
    """Take jobs for as long as Redis is there. Raises RedisError."""
    connection = Redis.from_url(url, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))
    worker = Puller([queue], connection=connection, log_job_description=False)
    worker.stop, worker.idle = stop, lambda: guarded(idle)
    try:
        worker.work(logging_level="ERROR")
    finally:
        connection.close()


class Guard:
    """Calls what may fail at a job's edge; the same failure is logged once a minute."""

    def __init__(self) -> None:
        self._said = ("", float("-inf"))

    def __call__(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # the edge of a job: it is tried again
            text, at = f"{type(error).__name__}: {error}", time.monotonic()
            if self._said[0] != text or at - self._said[1] > 60:
                self._said = (text, at)
                log.exception("failed and will be tried again")


guarded = Guard()
