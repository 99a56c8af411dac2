"""The way to Redis. All of it may vanish at any moment; nothing that matters lives only there."""

from __future__ import annotations

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def connect(url: str) -> Redis:
    """A client that fails at once when Redis is away (callers fall back to SQL); opens nothing yet."""
    return Redis.from_url(
        url, socket_timeout=2, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0), health_check_interval=15
    )
