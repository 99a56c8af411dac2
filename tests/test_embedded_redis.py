"""The embedded Redis: answers on its socket, keeps what it was given, never stands on a broken file."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from broadcaster import embedded_redis
from broadcaster.domain.config import Settings
from broadcaster.process import Stop
from broadcaster.settings import load_settings


@contextmanager
def running(settings: Settings) -> Iterator[Redis]:
    stop = Stop()
    thread = threading.Thread(target=embedded_redis.run, args=(settings, stop, lambda: None))
    thread.start()
    client = Redis.from_url(settings.redis_url)
    pause = threading.Event()
    while True:
        try:
            client.ping()
            break
        except RedisError:
            pause.wait(0.02)
    yield client
    client.close()
    stop.set()
    thread.join()


@pytest.fixture
def short(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    env = {"BROADCASTER_DATA": str(tmp_path_factory.mktemp("r"))}
    return replace(settings, data=env["BROADCASTER_DATA"], redis_url=load_settings(env).redis_url)


def test_what_it_was_given_is_there_after_a_restart(short: Settings) -> None:
    with running(short) as client:
        client.set("a", "kept")
    with running(short) as client:
        assert client.get("a") == b"kept"


def test_files_it_cannot_read_are_kept_aside_and_it_starts_empty(short: Settings) -> None:
    with running(short) as client:
        client.set("a", "lost")
    manifest = next(Path(short.data, "redis").rglob("*.manifest"))
    manifest.write_text("nonsense\n")
    assert embedded_redis.run(short, Stop(), lambda: None) > 0
    with running(short) as client:
        assert client.get("a") is None
    assert list(Path(short.data).glob("redis.broken-*"))


def test_a_folder_too_long_for_a_socket_gets_a_short_one_of_its_own(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 90)
    sockets = [embedded_redis.socket_path(load_settings({"BROADCASTER_DATA": str(d)})) for d in (deep, deep / "y")]
    assert all(len(str(path)) < 108 for path in sockets)
    assert len(set(sockets)) == 2
    assert not sockets[0].is_relative_to(tmp_path)


def test_a_short_folder_holds_the_socket_itself() -> None:
    assert load_settings({"BROADCASTER_DATA": "/srv/b"}).redis_url == "unix:///srv/b/redis.sock"


def test_a_folder_with_a_space_or_percent_works_as_a_socket() -> None:
    settings = load_settings({"BROADCASTER_DATA": "/srv/a b%20c"})
    assert embedded_redis.socket_path(settings) == Path("/srv/a b%20c/redis.sock")
    assert Redis.from_url(settings.redis_url).connection_pool.connection_kwargs["path"] == "/srv/a b%20c/redis.sock"
