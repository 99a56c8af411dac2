"""The supervisor alone, with harmless children: what dies comes back, what is stopped stays stopped."""

import io
import subprocess
import sys
import threading
import time
from dataclasses import replace

import psutil
import pytest

from broadcaster.domain.config import Settings
from broadcaster.process import Stop, holder
from broadcaster.supervisor import LONGEST_WAIT, STEADY_SECONDS, Child, Supervisor, children


def test_the_embedded_redis_starts_first_and_senders_as_many_as_asked(settings: Settings) -> None:
    given = replace(settings, embedded_redis=True, sender_processes=3)
    assert [child.label for child in children(given)] == [
        "redis",
        "web",
        "sender",
        "sender2",
        "sender3",
        "worker",
        "clock",
    ]
    assert [child.name for child in children(given)].count("sender") == 3


def test_a_redis_elsewhere_is_no_part_of_ours_and_there_is_always_a_sender(settings: Settings) -> None:
    given = replace(settings, sender_processes=0)
    assert [child.name for child in children(given)] == ["web", "sender", "worker", "clock"]


def test_a_part_that_dies_again_and_again_still_comes_back_within_two_seconds() -> None:
    child = Child("x", "x")
    waits = []
    for _ in range(20):
        child.deaths += 1
        waits.append(child.wait_seconds())
    assert waits[:2] == [0.5, 1.0]
    assert max(waits) == LONGEST_WAIT <= 1.0
    assert STEADY_SECONDS > LONGEST_WAIT


class Harness:
    """A supervisor over one child that cannot start (its part has no such name), run until a test stops it."""

    def __init__(self, parts: list[Child]) -> None:
        self.stop, self.out = Stop(), io.StringIO()
        self.dead: list[str] = []
        self.supervisor = Supervisor(parts, self.stop, self._died, self.out)

    def _died(self, name: str) -> None:
        self.dead.append(name)
        if len(self.dead) == 2:
            self.stop.set()

    def run(self) -> str:
        self.supervisor.run()
        return self.out.getvalue()


def test_what_dies_is_told_noted_and_started_again() -> None:
    child = Child("nonsense", "nonsense")
    harness = Harness([child])
    began = time.monotonic()
    log = harness.run()
    assert len(harness.dead) == 2
    assert len(set(harness.dead)) == 2
    assert all(name.startswith(holder().rpartition(":")[0]) for name in harness.dead)
    assert "nonsense | died: exit code 2, back in 0.5 s" in log
    assert "nonsense | died: exit code 2, back in 1 s" in log
    assert "is not one of" in log  # the child's own words, prefixed
    assert time.monotonic() - began > 0.5


class Blocked(io.StringIO):
    """A terminal that nobody reads."""

    def write(self, _: str) -> int:
        threading.Event().wait()
        return 0


def test_a_terminal_that_nobody_reads_never_holds_up_the_parts() -> None:
    harness = Harness([Child("nonsense", "nonsense")])
    harness.supervisor = Supervisor([Child("nonsense", "nonsense")], harness.stop, harness._died, Blocked())
    harness.supervisor.run()
    assert len(harness.dead) == 2


PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", '''
import os, time
from broadcaster.process import tie_to_supervisor
tie_to_supervisor({"BROADCASTER_SUPERVISOR": str(os.getppid())})
print("tied", flush=True)
time.sleep(60)
'''])
print(child.pid, flush=True)
time.sleep(60)
"""


def test_a_child_dies_with_its_supervisor_however_that_ends() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout as lines:
        said = sorted([lines.readline().strip(), lines.readline().strip()])
        assert said[1] == "tied"
        child = psutil.Process(int(said[0]))
        parent.kill()
        parent.wait()
        psutil.wait_procs([child], timeout=60)
        assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_a_child_whose_supervisor_is_gone_already_does_not_begin() -> None:
    code = "from broadcaster.process import tie_to_supervisor as t; t({'BROADCASTER_SUPERVISOR': '1'}); print('began')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT"])
def test_a_signal_is_remembered_and_breaks_into_nothing(number: str) -> None:
    code = f"""
import os, signal
from broadcaster.process import STOP
STOP.listen()
for _ in range(2):
    os.kill(os.getpid(), signal.{number})
print(STOP.is_set())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "True\n")
