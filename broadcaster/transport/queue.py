"""Work for other processes by way of RQ. SQL decides what there is to do; a job only says "look now".

So a job may be lost or doubled without harm, and nothing here raises when Redis is away: the caller gets
``False``, and the parts look at SQL by themselves.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from uuid import uuid4

from redis import Redis
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from rq import Queue

log = logging.getLogger(__name__)

SEND = "send"
WORK = "work"
WAKE = "broadcaster.jobs.tasks.work"
FAILURE_SECONDS = 300  # a failed job's trace is in the log; Redis need not keep it
MOST_WAKES = 16


def _queue(redis: Redis, name: str) -> Queue:
    from rq import Queue  # 0.3 s, which a command that wakes nobody need not wait for

    return Queue(name, connection=redis)


def enqueue(redis: Redis, queue: str, dotted: str, *args: object, name: str = "") -> bool:
    """Ask a worker of ``queue`` to call the function ``dotted`` with ``args``. False where Redis is away.

    With a ``name`` (letters, digits, underscores) nothing is added while a job of that name still waits.
    """
    try:
        target = _queue(redis, queue)
        if name and _waits(target, name):
            return True
        target.enqueue(
            dotted,
            args=args,
            job_id=f"{name or 'job'}-{uuid4().hex}",
            job_timeout=-1,
            result_ttl=0,
            failure_ttl=FAILURE_SECONDS,
        )
    except RedisError as error:
        log.debug("Redis is away: %s", error)
        return False
    return True


def wake(redis: Redis) -> bool:
    """Tell the senders that there are deliveries; call it after the commit. False where Redis is away.

    As many wakes wait as there are senders and never more: one still waiting will start after this commit,
    so it sees these rows too.
    """
    try:
        senders = min(max(1, int(redis.scard(f"rq:workers:{SEND}"))), MOST_WAKES)
        missing = senders - _queue(redis, SEND).count
    except RedisError as error:
        log.debug("Redis is away: %s", error)
        return False
    return all(enqueue(redis, SEND, WAKE) for _ in range(missing))


def _waits(queue: Queue, name: str) -> bool:
    waiting = queue.get_job_ids()
    return any(job.rpartition("-")[0] == name for job in waiting)
