"""A real ``kill -9``: between the submission and the notice, and in the middle of sending it. None is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from broadcaster.channels.simulated import Options, path, shown
from broadcaster.domain.config import ChannelConfig, Config
from broadcaster.services import tell
from broadcaster.services.system import System, wall_clock
from broadcaster.store.schema import notices
from tests.people import hire
from tests.services.agency import agency, in_review, rows, settle_people
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from broadcaster.channels.simulated import Options
from broadcaster.domain.config import Agency, ChannelConfig, Config
from broadcaster.services import tell
from broadcaster.services.system import System
from broadcaster.store.engine import Database
from tests.services.test_notices_killed import settings_of
folder, url, redis_url = sys.argv[1:4]
agency = Agency(name="Judge County", cap_sender="alerts@judge.example", timezone="UTC")
slow = ChannelConfig("sms", "simulated", options=Options("sms", folder, latency_ms=5000))
system = System.open(settings_of(url, redis_url), Config(agency, channels=(slow,)))
tell.tell(system)
"""


def settings_of(url: str, redis_url: str):  # type: ignore[no-untyped-def]
    """What the killed process needs of the settings."""
    from broadcaster.settings import load_settings

    env = {"DATABASE_URL": url, "REDIS_URL": redis_url, "SECRET_KEY": "k" * 32}
    return load_settings(env)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Judge County."""
    return agency(tmp_path)


def states(system: System) -> list[str]:
    return [str(row.state) for row in rows(system, sa.select(notices.c.state))]


def test_killed_in_the_middle_of_sending_it_is_sent_by_the_next(system: System, redis_url: str, tmp_path: Path) -> None:
    system = replace(system, now=wall_clock)
    settle_people(system)
    hire(system, {"chief": ["approver"]}, chief="+15550200010")
    in_review(system)
    url = system.database.engine.url.render_as_string(hide_password=False)
    arguments = [sys.executable, "-c", PROGRAM, str(tmp_path), url, redis_url]
    process = subprocess.Popen(arguments, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        until(lambda: states(system) == ["sending"])
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    sms = next(c for c in system.config.channels if c.name == "sms")
    assert isinstance(sms, ChannelConfig)
    assert isinstance(sms.options, Options)
    file = path("sms", sms.options)
    assert list(shown(file)) == []
    for later in (14, 16, 27):  # not yet silent; not found once; not found twice
        tell.tell(replace(system, now=lambda: wall_clock() + timedelta(seconds=later)))  # noqa: B023
    tell.tell(replace(system, now=lambda: wall_clock() + timedelta(seconds=28)))
    assert states(system) == ["delivered"]
    assert len(list(shown(file))) == 1
