"""Real parts for every test: SQLite and PostgreSQL, Redis, a System. No network but loopback."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis as redis_package
from flask import Flask
from hypothesis import settings as hypothesis_settings
from jinja2.bccache import Bucket, BytecodeCache

from broadcaster.domain.config import Agency, Config, Settings
from broadcaster.services.system import System
from broadcaster.store.engine import Database
from tests.databases import Postgres, Sqlite, fill
from tests.servers import postgres_server, redis_server

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
hypothesis_settings.register_profile("house", deadline=None)  # no test asserts how fast this machine is
hypothesis_settings.load_profile("house")


class Compiled(BytecodeCache):
    """Templates that this process has compiled: every test makes apps of its own, and half its time went there."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])  # refuses what another source was compiled to

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


Flask.jinja_options = {"bytecode_cache": Compiled()}


class Clock:
    """A time that stands still until a test moves it."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> datetime:
        """Move on by timedelta's words (seconds=…, minutes=…)."""
        self.at += timedelta(**by)
        return self.at


@pytest.fixture
def clock() -> Clock:
    """Starts at the real time, so that leases by the database's clock agree with it."""
    return Clock(datetime.now(UTC))


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """One Redis for the session; ``redis`` empties it for each test."""
    with redis_server() as url:
        yield url


@pytest.fixture
def redis(redis_url: str) -> Iterator[redis_package.Redis]:
    """An empty Redis."""
    client = redis_package.Redis.from_url(redis_url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """One PostgreSQL cluster for the session."""
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled SQLite file that tests copy: making forty tables for each would take most of the run."""
    path = tmp_path_factory.mktemp("model") / "model.db"
    made = Database(f"sqlite:///{path}")
    fill(made)
    made.close()  # the last connection writes the log back into the file
    return path


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory, sqlite_model: Path) -> Sqlite:
    """This process's SQLite databases."""
    return Sqlite(tmp_path_factory.mktemp("sqlite"), sqlite_model)


@pytest.fixture(scope="session")
def postgres(postgres_url: str) -> Iterator[Postgres]:
    """This process's databases on the cluster."""
    made = Postgres(postgres_url)
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty database with all tables: every test that asks for it runs on both kinds."""
    databases: Sqlite | Postgres = request.getfixturevalue("sqlite" if request.param == "sqlite" else "postgres")
    made = databases.take()
    yield made
    databases.give_back(made)


@pytest.fixture
def sqlite_database(sqlite: Sqlite) -> Iterator[Database]:
    """The same on SQLite alone, for what stands above the record (the record itself is tested on both)."""
    made = sqlite.take()
    yield made
    sqlite.give_back(made)


@pytest.fixture
def settings(tmp_path: Path, redis_url: str) -> Settings:
    """Settings of a test installation."""
    return settings_of(tmp_path, redis_url)


def settings_of(tmp_path: Path, redis_url: str) -> Settings:
    """Settings of a test installation in that folder."""
    return Settings(
        database_url="",
        redis_url=redis_url,
        data=str(tmp_path),
        config=str(tmp_path / "config"),
        production=False,
        demo=False,
        secret_key="k" * 48,
        port=8000,
        public_url="http://127.0.0.1:8000",
        console_url="http://localhost:8000",
        trusted_proxies=0,
        web_concurrency=1,
        sender_processes=1,
        embedded_redis=False,
    )


@pytest.fixture
def config() -> Config:
    """An agency without channels or feeds; override it in a module that needs more."""
    return Config(Agency(name="Judge County", cap_sender="alerts@judge.example", timezone="America/Los_Angeles"))


@pytest.fixture
def system(settings: Settings, config: Config, database: Database, redis: redis_package.Redis, clock: Clock) -> System:
    """A whole System on real parts, with a clock the test moves."""
    return System(settings, config, database, redis, clock)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real documents; skipped with the reason where this checkout stands alone."""
    if not SHARED.exists():
        pytest.skip("the folder of real feed documents (../shared/data) is not beside this checkout")
    return SHARED


@pytest.fixture
def empty_postgres(postgres: Postgres) -> str:
    """The URL of a database without tables."""
    return postgres.bare()
