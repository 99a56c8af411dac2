"""Feeds: alerts taken in a second of one core, what a poll costs that brings nothing new, how soon a review waits.

The bounds are those of the issue. Alerts are CAP 1.2 of a state's weather service, one a document, as an index links
them; half of them lie in a county of 50 zones. Rates are of our own CPU time, so that a busy machine says the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import redis as redis_package

from alert_feeds.fetch import Request, fetch
from broadcaster.domain.config import FeedConfig, RuleConfig
from broadcaster.domain.feed_entry import ParsedFeed
from broadcaster.services import ingest
from broadcaster.services.poll import poll_due
from broadcaster.services.system import Actor, System
from broadcaster.store.engine import Database
from broadcaster.store.schema import feed_states, zones
from tests.bench.row import Row
from tests.conftest import settings_of
from tests.databases import Postgres, fill
from tests.servers import postgres_server, redis_server
from tests.services.agency import agency, square

ALERTS, TOGETHER, POLLS, FEEDS, WAITS = 2000, 50, 100, 200, 200
WHO = Actor("bench", "bench")
NWS = FeedConfig("nws", "cap", trust="official", allow_private=True)
SERVER = """
import asyncio, itertools, pathlib, sys
from aiohttp import web
body = pathlib.Path(sys.argv[1]).read_bytes()
inner = b"<entry>" + body.partition(b"?>")[2] + b"</entry>"
turn = itertools.count()
async def moved(request):
    head = f'<feed xmlns="http://www.w3.org/2005/Atom"><updated>{next(turn)}</updated>'
    return web.Response(body=head.encode() + inner * 50 + b"</feed>")
async def whole(request): return web.Response(body=body)
async def same(request):
    known = request.headers.get("If-None-Match")
    return web.Response(status=304) if known else web.Response(body=body, headers={"ETag": '"1"'})
async def main():
    app = web.Application()
    app.router.add_get("/whole/{n}", whole)
    app.router.add_get("/same/{n}", same)
    app.router.add_get("/moved/{n}", moved)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""
_CAP = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>urn:oid:2.49.0.1.840.0.{n}</identifier>
<sender>w-nws@noaa.example</sender><sent>{sent}</sent><status>Actual</status><msgType>Alert</msgType>
<scope>Public</scope><info><language>en-US</language><category>Met</category><event>Flood Warning</event>
<responseType>Avoid</responseType><urgency>Immediate</urgency><severity>Severe</severity><certainty>Likely</certainty>
<eventCode><valueName>SAME</valueName><value>FLW</value></eventCode><expires>{expires}</expires>
<senderName>NWS Sacramento</senderName><headline>Flood Warning {n}</headline><description>{text}</description>
<instruction>Move to higher ground.</instruction><parameter><valueName>AWIPSidentifier</valueName><value>FLWSTO</value>
</parameter><area><areaDesc>Somewhere</areaDesc><polygon>{polygon}</polygon><geocode><valueName>UGC</valueName>
<value>CAC{county:03d}</value></geocode></area></info></alert>"""


def document(n: int) -> bytes:
    """One alert; every second one over the county's square degree."""
    at = datetime.now(UTC).replace(microsecond=0)
    chance = random.Random(n)
    west = -121 + chance.random() + (0 if n % 2 else 5)
    south = 38 + chance.random() / 2
    corners = ((0, 0), (0, 0.2), (0.1, 0.25), (0.2, 0.2), (0.2, 0), (0, 0))
    ring = " ".join(f"{south + a:.4f},{west + b:.4f}" for a, b in corners)
    ends = (at + timedelta(hours=6)).isoformat()
    text = "Rain falls and the river rises. " * 20
    made = _CAP.format(n=n, sent=at.isoformat(), expires=ends, text=text, polygon=ring, county=n % 58)
    return made.encode()


def system_on(database: Database, redis: redis_package.Redis, folder: Path, *rules: RuleConfig) -> System:
    """A county of 50 zones."""
    with database.write() as connection:
        for n in range(50):
            shape = square(-121 + n % 10 * 0.1, 38 + n // 10 * 0.1)
            row = {"id": f"z{n}", "slug": f"z{n}", "name": f"Zone {n}", "ugc": [f"CAC{n:03d}"], "same": []}
            connection.execute(zones.insert().values(**row, geometry=shape))
    config = replace(agency(folder), feeds=(NWS,), rules=rules)
    return System(settings_of(folder, ""), config, database, redis)


def rate(system: System) -> tuple[float, float]:
    """Alerts parsed, decided and stored in a second: of CPU time, of the clock."""
    documents = [document(n) for n in range(ALERTS)]
    cpu, clock = time.process_time(), time.perf_counter()
    for start in range(0, ALERTS, TOGETHER):
        parsed = [ingest.read(NWS, body, {}) for body in documents[start : start + TOGETHER]]
        ingest.take(system, NWS, ParsedFeed(tuple(entry for one in parsed for entry in one.entries)), WHO)
    return ALERTS / (time.process_time() - cpu), ALERTS / (time.perf_counter() - clock)


def waits(system: System) -> float:
    """The slowest but one percent, in seconds: a document is here, and its alert waits for review."""
    took = []
    for n in range(1, 2 * WAITS, 2):
        body = document(10_000 + n)
        began = time.perf_counter()
        result = ingest.ingest(system, NWS, body, {}, WHO)
        took.append(time.perf_counter() - began)
        assert result.entries[0].alert, result
    return sorted(took)[int(len(took) * 0.99)]


@contextlib.contextmanager
def server(body: bytes) -> Iterator[str]:
    """A feed in a process of its own; its address."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        with subprocess.Popen([sys.executable, "-c", SERVER, file.name], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
            finally:
                process.terminate()


def due(system: System) -> None:
    """As if every feed's time had come."""
    with system.database.write() as connection:
        connection.execute(feed_states.update().values(due=system.now() - timedelta(days=1)))


def spent(work: Callable[[], object], times: int) -> float:
    """CPU seconds of one round."""
    before = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - before) / times


def nothing_new(system: System, url: str, etag: str) -> float:
    """CPU milliseconds of a poll that brings nothing new, beyond its transfer."""
    one = replace(system, config=replace(system.config, feeds=(replace(NWS, url=url),)))
    poll_due(one)

    def again() -> None:
        due(one)
        poll_due(one)

    asked = Request(url, "bench", etag, allow_private=True)
    transfer = spent(lambda: asyncio.run(fetch(asked)), POLLS)
    making_due = spent(lambda: due(one), POLLS)
    return (spent(again, POLLS) - transfer - making_due) * 1000


def many(system: System, base: str) -> float:
    """Percent of one core for 200 feeds at 60 s: each polled once, and a look each second."""
    feeds = tuple(replace(NWS, name=f"feed {n}", url=f"{base}/same/{n}") for n in range(FEEDS))
    all_ = replace(system, config=replace(system.config, feeds=feeds))
    poll_due(all_)
    due(all_)
    round_ = spent(lambda: poll_due(all_), 1)
    return (round_ + 59 * spent(lambda: poll_due(all_), 10)) / 60 * 100


def _at_least(name: str, found: float, bound: float) -> Row:
    return Row(name, found, bound, found / bound, 1.0, found >= bound)


def _at_most(name: str, found: float, bound: float) -> Row:
    return Row(name, found, bound, bound / found, 1.0, found <= bound)


def run() -> list[Row]:
    """Rows against the bounds of the issue."""
    folder = Path(tempfile.mkdtemp(prefix="bench"))
    rows: list[Row] = []
    with redis_server() as redis_url, postgres_server() as postgres_url:
        redis = redis_package.Redis.from_url(redis_url)
        postgres = Postgres(postgres_url)
        lite, heavy = Database(f"sqlite:///{folder}/bench.db"), postgres.take()
        fill(lite)
        for name, database, bound in (("SQLite", lite, 400.0), ("PostgreSQL", heavy, 300.0)):
            system = system_on(database, redis, folder)
            by_cpu, by_clock = rate(system)
            rows.append(_at_least(f"feeds: alerts/s of one core, {name} (by the clock {by_clock:.0f})", by_cpu, bound))
            submits = replace(system, config=replace(system.config, rules=(RuleConfig("all", "submit"),)))
            rows.append(
                _at_most(f"feeds: from the document to the review, p99, {name} (ms)", waits(submits) * 1000, 1000)
            )
        system = replace(system, database=lite)
        with server(document(1)) as base:
            rows.append(_at_most("feeds: poll answered 304, CPU (ms)", nothing_new(system, f"{base}/same/1", '"1"'), 5))
            rows.append(
                _at_most("feeds: poll of the same bytes, CPU (ms)", nothing_new(system, f"{base}/whole/1", ""), 5)
            )
            moved = nothing_new(system, f"{base}/moved/1", "")
            rows.append(_at_most("feeds: poll of 50 alerts that only moved its own time, CPU (ms)", moved, 5))
            rows.append(_at_most("feeds: 200 feeds at 60 s (% of one core)", many(system, base), 10))
        lite.close()
        postgres.close()
    return rows


if __name__ == "__main__":
    print(*run(), sep="\n")
