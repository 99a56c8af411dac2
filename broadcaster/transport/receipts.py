"""The receipts list in Redis: receiving costs one RPUSH, draining renames the list and reads it in groups.

A drain that dies leaves its renamed list in the index set; the next one merges it again, which changes
nothing, because merging is a fold. A mark says since when this Redis holds what it was given: where the mark is gone,
Redis was emptied, and receipts with it; the provider is asked about attempts older than the new mark.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from redis import Redis

LIST = "receipts"
DRAINING = "receipts:draining"
MARK = "receipts:since"
_RENAME = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('RENAME', KEYS[1], ARGV[1])
return redis.call('SADD', KEYS[2], ARGV[1])
"""


def push(redis: Redis, rows: Sequence[dict[str, Any]]) -> None:
    """Keep receipts for the next drain. Raises RedisError when Redis refuses: the caller writes SQL then."""
    redis.rpush(LIST, *[json.dumps(row) for row in rows])


def since(redis: Redis, at: datetime) -> datetime:
    """Since when this Redis has lost nothing; ``at`` where it was found empty. Raises RedisError."""
    redis.set(MARK, at.isoformat(), nx=True)
    return datetime.fromisoformat(_text(redis.get(MARK) or at.isoformat()))


def drain(redis: Redis, group: int = 500) -> Iterator[list[dict[str, Any]]]:
    """Groups of receipts; a list is deleted only after the caller came back for more."""
    redis.eval(_RENAME, 2, LIST, DRAINING, f"{LIST}:{uuid.uuid4().hex}")
    for taken in sorted(_text(member) for member in redis.smembers(DRAINING)):
        yield from _groups(redis, taken, group)
        redis.delete(taken)
        redis.srem(DRAINING, taken)


def _groups(redis: Redis, name: str, group: int) -> Iterator[list[dict[str, Any]]]:
    start = 0
    while rows := redis.lrange(name, start, start + group - 1):
        yield [json.loads(row) for row in rows]
        start += group


def _text(member: Any) -> str:
    return member.decode() if isinstance(member, bytes) else str(member)
