"""The sender from the first claim to the last result committed, against raw aiohttp and one RQ job per message.

One sender, a provider in its own process that takes 50 ms, 100 in flight, no pace but through the real
limiter; medians of interleaved rounds, so that a busy machine hits all alike.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from redis import Redis
from rq import Queue, Worker

from broadcaster.channels.twilio_sms import Options
from broadcaster.domain.channel import Secret
from broadcaster.domain.config import Agency, ChannelConfig, Config, Settings
from broadcaster.services import expand
from broadcaster.services.send import Sender
from broadcaster.services.system import System
from broadcaster.store.engine import Database
from broadcaster.store.schema import deliveries
from tests.bench.row import Row
from tests.bench.transport import provider_process, raw
from tests.databases import fill
from tests.providers.twilio import ACCOUNT, SERVICE, TOKEN
from tests.sending import go_live, people, states
from tests.servers import postgres_server, redis_server

MESSAGES = int(os.environ.get("BENCH_MESSAGES", "10000"))
JOBS = MESSAGES // 10
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
WORKERS = 16
WANTED = {"SQLite": (0.60, 6.0), "PostgreSQL": (0.50, 5.0)}


@dataclass(frozen=True)
class Ground:
    """Where the rounds run: ``database`` gives the URL of an empty database."""

    kind: str
    redis_url: str
    database: Callable[[], str]

    def system(self, base_url: str) -> System:
        """A fresh system whose channel is the provider."""
        url = self.database()
        options = Options(ACCOUNT, Secret(TOKEN), SERVICE, base_url=base_url)
        channel = ChannelConfig("sms", "twilio_sms", per_second=1_000_000, options=options)
        config = Config(Agency("Judge County", "a@judge.example"), channels=(channel,))
        public = "http://127.0.0.1:9"
        settings = Settings(
            url, self.redis_url, "", "", False, False, "k" * 48, 0, public, public, 0, 1, 1, embedded_redis=False
        )
        system = System(settings, config, Database(url), Redis.from_url(self.redis_url))
        system.redis.flushall()
        fill(system.database)
        return system


def ours(ground: Ground) -> float:
    """Messages per second of one sender."""
    with provider_process() as base_url:
        system = ground.system(base_url)
        people(system, MESSAGES)
        go_live(system)
        expand.resume(system)
        sender = Sender(system)
        began = time.perf_counter()
        sender.work(300)
        took = time.perf_counter() - began
        sender.close()
        assert states(system) == {"accepted": MESSAGES}, states(system)
        system.close()
    return MESSAGES / took


def bare() -> float:
    """Messages per second of raw aiohttp."""
    with provider_process() as base_url:
        return asyncio.run(raw(base_url, MESSAGES))


def jobs(ground: Ground) -> float:
    """Messages per second of one RQ job each, over 16 SimpleWorkers that stand ready."""
    with provider_process() as base_url:
        system = ground.system(base_url)
        people(system, JOBS)
        go_live(system)
        expand.resume(system)
        with _workers(system, base_url):
            queue = Queue("bench", connection=system.redis)
            began = time.perf_counter()
            with system.database.read() as connection:
                ids = list(connection.execute(sa.select(deliveries.c.id)).scalars())
            queue.enqueue_many(
                [Queue.prepare_data("tests.bench.one_job.send", args=(id_,), result_ttl=0) for id_ in ids]
            )
            while states(system) != {"accepted": JOBS}:
                time.sleep(0.05)
            took = time.perf_counter() - began
        system.close()
    return JOBS / took


@contextlib.contextmanager
def _workers(system: System, base_url: str) -> Iterator[None]:
    command = [sys.executable, "-c", _WORKER, system.settings.redis_url]
    env = os.environ | {"BENCH_PROVIDER": base_url, "BENCH_DATABASE": system.settings.database_url}
    processes = [subprocess.Popen(command, env=env) for _ in range(WORKERS)]
    try:
        while Worker.count(connection=system.redis) < WORKERS:
            time.sleep(0.1)
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


_WORKER = """
import sys
from redis import Redis
from rq import SimpleWorker
import tests.bench.one_job
SimpleWorker(["bench"], connection=Redis.from_url(sys.argv[1]), log_job_description=False).work(logging_level="ERROR")
"""


@contextlib.contextmanager
def grounds() -> Iterator[list[Ground]]:
    """SQLite in a folder of its own, and PostgreSQL."""
    with redis_server() as redis_url, postgres_server() as url, tempfile.TemporaryDirectory() as folder:
        numbers = iter(range(10_000))
        admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")

        def postgres() -> str:
            name = f"bench_{next(numbers)}"
            with admin.connect() as connection:
                connection.execute(sa.text(f"CREATE DATABASE {name}"))
            return sa.engine.make_url(url).set(database=name).render_as_string(hide_password=False)

        sqlite = Ground("SQLite", redis_url, lambda: f"sqlite:///{folder}/{next(numbers)}.db")
        yield [sqlite, Ground("PostgreSQL", redis_url, postgres)]
        admin.dispose()


def run() -> list[Row]:
    """Two rows per database: against raw aiohttp, and against one job per message."""
    raws: list[float] = []
    sent: dict[str, list[float]] = {}
    each: dict[str, list[float]] = {}
    with grounds() as both:
        for _ in range(ROUNDS):
            raws.append(bare())
            for ground in both:
                sent.setdefault(ground.kind, []).append(ours(ground))
                each.setdefault(ground.kind, []).append(jobs(ground))
    rows = []
    for kind in sent:
        mine, wanted = statistics.median(sent[kind]), WANTED[kind]
        for name, base, want in (("raw aiohttp", raws, wanted[0]), ("one RQ job each", each[kind], wanted[1])):
            baseline = statistics.median(base)
            ratio = mine / baseline
            rows.append(Row(f"sender on {kind} / {name} (messages/s)", mine, baseline, ratio, want, ratio >= want))
    return rows


if __name__ == "__main__":
    print(*run(), sep="\n")
