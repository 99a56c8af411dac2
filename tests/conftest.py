"""Real parts for every test: SQLite and PostgreSQL, Redis, a System. No network but loopback."""

from __future__ import annotations

import itertools
import os
import shutil
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis as redis_package
import sqlalchemy as sa
from hypothesis import settings as hypothesis_settings

from broadcaster.domain.audit import GENESIS
from broadcaster.domain.config import Agency, Config, Settings
from broadcaster.services import users
from broadcaster.services.system import Actor, System
from broadcaster.store.engine import Database
from broadcaster.store.schema import audit_head, metadata
from tests.servers import postgres_server, redis_server

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
_numbers = itertools.count()
hypothesis_settings.register_profile("house", deadline=None)  # no test asserts how fast this machine is
hypothesis_settings.load_profile("house")


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


def fill(database: Database) -> None:
    """All tables, and the rows every installation starts with (as the first migration does)."""
    metadata.create_all(database.engine)
    with database.write() as connection:
        connection.execute(audit_head.insert().values(id=1, entry=0, mac=GENESIS))


@pytest.fixture(scope="session")
def sqlite_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled SQLite file that tests copy: making forty tables for each would take most of the run."""
    path = tmp_path_factory.mktemp("model") / "model.db"
    made = Database(f"sqlite:///{path}")
    fill(made)
    made.close()  # the last connection writes the log back into the file
    return path


@pytest.fixture(scope="session")
def postgres_model(postgres_url: str) -> Iterator[tuple[sa.Engine, str]]:
    """A connection that makes databases, and the name of a filled one to make them from."""
    admin = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    name = f"model_{os.getpid()}"
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    made = _database_of(admin, name)
    fill(made)
    made.close()
    yield admin, name
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with all tables: every test that asks for it runs on both kinds."""
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_model"), tmp_path / "test.db")
        made = Database(f"sqlite:///{tmp_path}/test.db")
        yield made
        made.close()
        return
    yield from _postgresql(*request.getfixturevalue("postgres_model"))


def _postgresql(admin: sa.Engine, model: str) -> Iterator[Database]:
    name = f"test_{os.getpid()}_{next(_numbers)}"  # a given server is shared by parallel runs
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {model}"))
    made = _database_of(admin, name)
    yield made
    made.close()
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


def _database_of(admin: sa.Engine, name: str) -> Database:
    return Database(admin.url.set(database=name).render_as_string(hide_password=False))


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
def empty_postgres(postgres_url: str) -> Iterator[str]:
    """The URL of a database without tables."""
    name = f"empty_{next(_numbers)}"
    admin = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield sa.engine.make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    admin.dispose()


# --- people with logins, made once: an Argon2 hash costs more than the rest of most tests -----------------------
class Staff:
    """Copies of a SQLite database in which these people have logins."""

    def __init__(self, folder: Path, empty: Path, redis_url: str) -> None:
        self._folder, self._empty, self._redis_url = folder, empty, redis_url

    def database(self, password: str, people: Mapping[str, Sequence[str]]) -> Path:
        """A file to copy: ``people`` are names (of judge.example) with their roles."""
        path = self._folder / f"{zlib.crc32(repr((password, sorted(people.items()))).encode())}.db"
        if not path.exists():
            shutil.copyfile(self._empty, path)
            database = Database(f"sqlite:///{path}")
            system = System(
                settings_of(self._folder, self._redis_url),
                Config(Agency(name="Judge County", cap_sender="alerts@judge.example")),
                database,
                redis_package.Redis.from_url(self._redis_url),
            )
            new = [users.NewPerson(f"{name}@judge.example", password, roles) for name, roles in people.items()]
            users.add_all(system, Actor("system", "cli:root@test"), new)
            system.close()  # the last connection writes the log back into the file
        return path


@pytest.fixture(scope="session")
def staff(tmp_path_factory: pytest.TempPathFactory, sqlite_model: Path, redis_url: str) -> Staff:
    """Databases with people in them, to be copied."""
    return Staff(tmp_path_factory.mktemp("staff"), sqlite_model, redis_url)
