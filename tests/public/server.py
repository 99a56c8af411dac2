"""A real web process on loopback: ``python -m tests.public.server DATA PORT DATABASE_URL REDIS_URL [STALE]``."""

from __future__ import annotations

import sys

from broadcaster.asgi import serve
from broadcaster.domain.config import Agency, Config, Policy, Settings

AGENCY = Agency(
    "Judge County",
    "alerts@judge.example",
    timezone="America/Los_Angeles",
    contact="555-0100",
    other_source="KJDG 98.1 FM",
)


def settings(data: str, port: int, database_url: str, redis_url: str) -> Settings:
    """Of one installation."""
    return Settings(
        database_url=database_url,
        redis_url=redis_url,
        data=data,
        config=f"{data}/config",
        production=False,
        demo=False,
        secret_key="k" * 48,
        port=port,
        public_url=f"http://127.0.0.1:{port}",
        console_url=f"http://localhost:{port}",
        trusted_proxies=0,
        web_concurrency=1,
        sender_processes=1,
        embedded_redis=False,
    )


def config(stale_after: int = 180) -> Config:
    """An agency without channels."""
    return Config(AGENCY, Policy(stale_after_seconds=stale_after))


if __name__ == "__main__":
    data, port, database_url, redis_url, *more = sys.argv[1:]
    serve(settings(data, int(port), database_url, redis_url), config(*(int(seconds) for seconds in more)))
