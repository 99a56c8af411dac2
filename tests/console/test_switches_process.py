"""Stop everything on a running installation: nothing new begins, whatever is killed meanwhile, and nobody is lost."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from broadcaster.services import switches
from broadcaster.services.system import Actor, System
from broadcaster.store.schema import attempts
from tests.bench.transport import provider_process
from tests.journey.installation import installed
from tests.journey.test_kill_the_sender import CHANNELS, asked, system_of
from tests.providers.twilio import TOKEN
from tests.sending import go_live, people, states
from tests.waiting import until

APPROVER = Actor("approver@judge.example", "test", frozenset({"approver"}), verified=True)
PEOPLE = 900


def begun(system: System) -> int:
    with system.database.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(attempts)).scalar_one())


@pytest.mark.timeout(300)
def test_after_stop_everything_nothing_begins_though_the_sender_is_killed_and_comes_back(tmp_path: Path) -> None:
    with provider_process() as base_url, installed(tmp_path, CHANNELS % base_url, TWILIO_AUTH_TOKEN=TOKEN) as made:
        system = system_of(made)
        people(system, PEOPLE)
        go_live(system)
        until(lambda: len(asked(base_url, "/_log")["accepted"]) >= 200, 60, made.log)
        switches.stop(system, APPROVER, "sending", "wrong county")
        stopped = begun(system)
        made.kill("sender")
        until(lambda: "leased" not in states(system), log=made.log)  # one is back: it gave back what the dead one held
        time.sleep(2)  # and has had the time to begin something
        assert begun(system) == stopped < PEOPLE
        assert len(asked(base_url, "/_log")["accepted"]) <= stopped
        switches.resume(system, APPROVER, "sending", "cleared up")
        until(lambda: states(system) == {"accepted": PEOPLE}, 120, made.log)
        told = Counter(text["to"] for text in asked(base_url, "/_log")["accepted"])
        system.close()
    assert len(told) == PEOPLE
    assert set(told.values()) == {1}
