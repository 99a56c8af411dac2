"""What every use case works with, opened once per process and handed down: no globals, no clock of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from redis import Redis

from broadcaster.domain.config import Config, Settings
from broadcaster.store.engine import Database
from broadcaster.transport.connection import connect


def wall_clock() -> datetime:
    """Now, aware, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class System:
    """Settings, configuration, the record, the transport and the time."""

    settings: Settings
    config: Config
    database: Database
    redis: Redis
    now: Callable[[], datetime] = field(default=wall_clock)

    @classmethod
    def open(cls, settings: Settings, config: Config) -> System:
        """Connects lazily: neither the database nor Redis need be up yet."""
        return cls(settings, config, Database(settings.database_url), connect(settings.redis_url))

    def close(self) -> None:
        """Give connections back."""
        self.database.close()
        self.redis.close()


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, for rules and audit: ``name`` is an e-mail, "token:NAME", "feed:NAME" or "system".

    ``origin`` is where from ("cli:user@host", "api:ADDRESS", "console:ADDRESS", "clock").
    ``roles`` are author, approver, admin. ``verified`` says that password (and factor) came with this request.
    ``owner`` is the person behind a token, who then counts as submitter.
    """

    name: str
    origin: str
    roles: frozenset[str] = frozenset()
    verified: bool = False
    owner: str | None = None


SYSTEM = Actor("system", "clock")
