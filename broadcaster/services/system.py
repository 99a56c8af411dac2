"""What every use case works with, opened once per process and handed down: no globals, no clock of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from redis import Redis

from broadcaster.domain.config import Config, Settings
from broadcaster.rules_file import NAME, RulesFile, kept_at
from broadcaster.settings import config_folder
from broadcaster.store.engine import Database
from broadcaster.transport.connection import connect


def wall_clock() -> datetime:
    """Now, aware, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class System:
    """Settings, configuration, the record, the transport and the time. ``rules_file`` None: the rules never change."""

    settings: Settings
    config: Config
    database: Database
    redis: Redis
    now: Callable[[], datetime] = field(default=wall_clock)
    rules_file: RulesFile | None = None

    @classmethod
    def open(cls, settings: Settings, config: Config) -> System:
        """Connects lazily: neither the database nor Redis need be up yet."""
        file = RulesFile(config_folder(settings) / NAME, config, kept=kept_at(settings))
        return cls(settings, config, Database(settings.database_url), connect(settings.redis_url), rules_file=file)

    def ruled(self) -> System:
        """The same with the rules that are in force now. Taken once in a transaction, so that all of it sees the
        same ones; whatever asks for rules begins with it."""
        rules = self.config.rules if self.rules_file is None else self.rules_file.rules()
        return self if rules is self.config.rules else replace(self, config=replace(self.config, rules=rules))

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
