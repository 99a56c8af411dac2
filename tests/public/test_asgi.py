"""Several web processes on one port, and what becomes of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from broadcaster.store.engine import Database
from tests.databases import fill
from tests.public.conftest import ROOT, Answer, House
from tests.servers import _die_with_parent, free_port
from tests.waiting import until

START = "from broadcaster.asgi import serve; from broadcaster.settings import load_settings; serve(load_settings())"


@pytest.fixture
def many(tmp_path: Path, redis_url: str) -> Iterator[House]:
    """Two web processes, configured by the environment as in production."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "agency.toml").write_text('[agency]\nname = "Judge County"\ncap_sender = "a@b.example"\n')
    url, port = f"sqlite:///{tmp_path}/record.db", free_port()
    database = Database(url)
    fill(database)
    database.close()
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "REDIS_URL": redis_url,
        "BROADCASTER_DATA": str(tmp_path),
        "BROADCASTER_CONFIG": str(tmp_path / "config"),
        "WEB_CONCURRENCY": "2",
        "PORT": str(port),
        "SECRET_KEY": "k" * 48,
    }
    with (tmp_path / "web.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", START],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            preexec_fn=_die_with_parent,
        )
    house = House(None, tmp_path, port, process)  # type: ignore[arg-type]
    until(house.answers)
    yield house
    process.kill()
    process.wait()


def children(house: House) -> list[psutil.Process]:
    assert house.process
    return psutil.Process(house.process.pid).children()


def asked(house: House) -> Answer | None:
    try:
        return house.get("/version.json")
    except OSError:
        return None


def test_one_that_dies_comes_back_and_none_outlives_the_parent(many: House) -> None:
    until(lambda: len(children(many)) == 2)
    until(lambda: (found := asked(many)) and found.status == 200)
    first = children(many)[0]
    first.kill()
    until(lambda: len(children(many)) == 2 and first.pid not in [child.pid for child in children(many)])
    until(lambda: (found := asked(many)) and found.status == 200)
    left = children(many)
    many.stop(signal.SIGKILL)
    psutil.wait_procs(left, timeout=60)
    assert [child for child in left if child.is_running()] == []


def test_a_polite_end_reaches_all(many: House) -> None:
    until(lambda: len(children(many)) == 2)
    left = children(many)
    assert many.stop() == 0
    assert [child for child in left if child.is_running()] == []
