"""Memory over many polls: ``POLLS=100000 python -m tests.bench.memory``, not in ``make bench`` for its time.

Half of the feeds answer 304, the others the same bytes, the same alert under a new time of the feed, a cut document,
an error, and now and then a new alert. Memory is flat where its second half is no larger than its first. SQLite's page
cache, which grows with the database up to its bound of 64 MB a connection, is held small here: it would hide a leak.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import redis as redis_package
from sqlalchemy import event

from broadcaster.domain.config import FeedConfig
from broadcaster.services.poll import poll_due
from broadcaster.store.engine import Database
from tests.bench.feeds import due, system_on
from tests.bench.row import Row
from tests.databases import fill
from tests.servers import redis_server

FEEDS, SAMPLES = 100, 100
MEGABYTES = 8.0  # allocators keep some; a leak of 100 bytes a poll would be more
SERVER = """
import asyncio, itertools
from datetime import datetime, timedelta, timezone
from aiohttp import web
from tests.bench.feeds import document
old, count = document(1), itertools.count()
async def answer(request):
    n = int(request.match_info["n"])
    turn = next(count)
    if n % 10 < 5:
        known = request.headers.get("If-None-Match")
        return web.Response(status=304) if known else web.Response(body=old, headers={"ETag": '"1"'})
    if n % 10 == 5:
        return web.Response(body=old)
    if n % 10 == 6:
        head = f'<feed xmlns="http://www.w3.org/2005/Atom"><updated>{turn}</updated><entry><content>'
        return web.Response(body=head.encode() + old.partition(b"?>")[2] + b"</content></entry></feed>")
    if n % 10 == 7:
        return web.Response(body=old[: turn % len(old)])
    if n % 10 == 8:
        return web.Response(status=503 if turn % 2 else 404, headers={"Retry-After": "30"})
    return web.Response(body=document(turn) if turn % 7 == 0 else old)
async def main():
    app = web.Application()
    app.router.add_get("/{n}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def megabytes() -> float:
    """What of this process is in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


def run(polls: int = 10_000) -> list[Row]:
    """One row: the median of the second half's samples against that of the first half's after its first fifth."""
    folder = Path(tempfile.mkdtemp(prefix="bench"))
    samples: list[float] = []
    with (
        redis_server() as url,
        subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as server,
    ):
        assert server.stdout is not None
        base = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        database = Database(f"sqlite:///{folder}/bench.db")
        event.listen(database.engine, "connect", lambda new, _: new.execute("PRAGMA cache_size=-2000"))
        fill(database)
        system = system_on(database, redis_package.Redis.from_url(url), folder)
        feeds = tuple(
            FeedConfig(f"feed {n}", "cap", f"{base}/{n}", trust="official", allow_private=True) for n in range(FEEDS)
        )
        system = replace(system, config=replace(system.config, feeds=feeds))
        began = time.monotonic()
        for turn in range(polls // FEEDS):
            if turn:
                due(system)
            poll_due(system)
            if turn % max(1, polls // FEEDS // SAMPLES) == 0:
                samples.append(megabytes())
                print(
                    f"{(turn + 1) * FEEDS:8} polls {samples[-1]:7.1f} MB {time.monotonic() - began:7.0f} s", flush=True
                )
        server.terminate()
        database.close()
    first = statistics.median(samples[len(samples) // 5 : len(samples) // 2])
    second = statistics.median(samples[len(samples) // 2 :])
    name = f"memory after {polls} polls, MB more than before (from {first:.0f} to {second:.0f} MB)"
    return [
        Row(name, second - first, MEGABYTES, MEGABYTES / max(second - first, 0.1), 1.0, second - first <= MEGABYTES)
    ]


if __name__ == "__main__":
    print(*run(int(os.environ.get("POLLS", "10000"))), sep="\n")
