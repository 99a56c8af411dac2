"""Costly answers kept for some seconds in Redis, for all who ask meanwhile; without Redis each is worked out anew."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

from redis import Redis
from redis.exceptions import RedisError


def kept(redis: Redis, key: str, seconds: int, make: Callable[[], Any]) -> Any:
    """What ``make`` gives, as JSON gives it back; at most ``seconds`` old. 0 seconds: it is not kept."""
    if seconds <= 0:
        return make()
    name = f"kept:{key}"
    try:
        found: Any = redis.get(name)
    except RedisError:
        return make()
    if found is not None:
        return json.loads(found)
    made = make()
    with contextlib.suppress(RedisError):  # the next one works it out again
        redis.set(name, json.dumps(made), ex=seconds)
    return made
