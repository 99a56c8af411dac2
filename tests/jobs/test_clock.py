"""The clock: one leader, work caused with and without Redis."""

import threading
from dataclasses import replace

import pytest
from redis import Redis
from rq import Queue

from broadcaster.jobs import clock
from broadcaster.jobs.aside import ASIDE
from broadcaster.jobs.schedule import Periodic, Schedule
from broadcaster.services.system import System
from broadcaster.store import leases
from broadcaster.store.engine import Database
from broadcaster.transport import queue
from broadcaster.transport.connection import connect

ran = threading.Semaphore(0)


def note(_: System) -> None:
    """Counts its runs."""
    ran.release()


HERE = Periodic("here", 5, "tests.jobs.test_clock.note")


def held_by_another(system: System, name: str) -> None:
    with system.database.write() as connection:
        leases.take(connection, name, "another:1", 60)


def waiting(redis: Redis) -> list[str]:
    return [job.args[0] for job in Queue(queue.WORK, connection=redis).jobs]


def test_the_leader_puts_due_work_into_the_queue_once(system: System) -> None:
    schedule = Schedule((HERE,))
    assert clock.tick(system, schedule, 100.0) == [HERE]
    assert clock.tick(system, schedule, 101.0) == []
    assert clock.tick(system, schedule, 105.0) == [HERE]
    assert waiting(system.redis) == ["here"]


def test_a_clock_that_does_not_lead_causes_nothing_and_forgets_nothing(system: System) -> None:
    held_by_another(system, "clock")
    schedule = Schedule((HERE,))
    assert clock.tick(system, schedule, 100.0) == []
    assert waiting(system.redis) == []
    with system.database.write() as connection:
        leases.give(connection, "clock", "another:1")
    assert clock.tick(system, schedule, 100.0) == [HERE]


def test_without_redis_the_work_runs_here(system: System) -> None:
    alone = replace(system, redis=connect("unix:///nonexistent/redis.sock"))
    clock.tick(alone, Schedule((HERE,)), 100.0)
    assert ran.acquire(timeout=10)
    assert ASIDE.hung() is None
    alone.redis.close()


def test_without_redis_whoever_comes_second_leaves_it_to_the_first(system: System) -> None:
    held_by_another(system, "turn:here")
    assert clock.here(system, HERE) is False


def test_without_the_database_the_clock_goes_on(system: System, caplog: pytest.LogCaptureFixture) -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=2")
    assert clock.tick(replace(system, database=away), Schedule((HERE,)), 100.0) == []
    assert "the database is away" in caplog.text
    away.close()
