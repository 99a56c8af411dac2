"""RQ as transport: jobs run, silence is used for a look, and Redis away is never the end."""

import logging
from pathlib import Path

import pytest
from redis import Redis

from broadcaster.jobs import worker
from broadcaster.process import Stop
from broadcaster.transport import queue
from tests.servers import redis_server

taken: list[str] = []


def job(word: str) -> None:
    """What a test enqueues."""
    taken.append(word)
    if word == "fail":
        raise RuntimeError("a job that fails")


@pytest.fixture(autouse=True)
def _empty() -> None:
    taken.clear()


def test_jobs_are_taken_in_order_and_a_failing_one_stops_nothing(
    redis: Redis, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    for word in ("a", "fail", "b"):
        queue.enqueue(redis, queue.WORK, "tests.jobs.test_worker.job", word)
    stop, looks = Stop(), []

    def idle() -> None:
        looks.append(list(taken))
        if taken:
            stop.set()

    with caplog.at_level(logging.CRITICAL, "rq.worker"):
        worker.run(redis_url, queue.WORK, idle, lambda: pytest.fail("Redis is there"), stop)
    assert taken == ["a", "fail", "b"]
    assert looks == [[], ["a", "fail", "b"]]  # once at the start, then only in silence


def test_without_redis_the_fall_back_runs_until_the_stop() -> None:
    stop, runs = Stop(), []

    def away() -> None:
        runs.append("away")
        stop.set()

    worker.run("unix:///nonexistent/redis.sock", queue.WORK, lambda: runs.append("idle"), away, stop)
    assert runs == ["idle", "away"]


def test_redis_gone_in_the_middle_ends_the_wait_and_not_the_part() -> None:
    stop, runs = Stop(), []

    def away() -> None:
        runs.append("away")
        stop.set()

    with redis_server() as url, Redis.from_url(url) as client:
        looks = iter([lambda: None, lambda: client.shutdown(nosave=True)])  # at the start, then in the first silence
        worker.run(url, queue.WORK, lambda: next(looks)(), away, stop)
    assert runs == ["away"]


def test_a_look_that_fails_is_logged_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    guard = worker.Guard()

    def broken() -> None:
        raise ValueError("broken look")

    for _ in range(3):
        guard(broken)
    assert caplog.text.count("failed and will be tried again") == 1


def test_the_command_line_keeps_naming_the_part(redis_url: str) -> None:
    with Redis.from_url(redis_url) as connection:
        before = Path("/proc/self/cmdline").read_bytes()
        worker.Puller([queue.WORK], connection=connection).procline("something else")
    assert Path("/proc/self/cmdline").read_bytes() == before
