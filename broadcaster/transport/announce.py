"""News for the web parts over one capped Redis stream. It only hastens: readers also look for themselves."""

from __future__ import annotations

import json
import logging

from redis import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

STREAM = "broadcaster:announcements"
KEEP = 1000


def tell(redis: Redis, kind: str, **data: object) -> bool:
    """Announce ``kind`` ("version", ...) with its data as JSON. False where Redis is away; never raises for that."""
    try:
        redis.xadd(STREAM, {"kind": kind, "data": json.dumps(data, default=str)}, maxlen=KEEP, approximate=True)
    except RedisError as error:
        log.debug("Redis is away: %s", error)
        return False
    return True
