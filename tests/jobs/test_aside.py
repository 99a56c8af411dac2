"""Work in threads of its own: once at a time, and its failures stop nothing else."""

import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from broadcaster.jobs import aside
from broadcaster.jobs.aside import Aside
from broadcaster.services.system import System

HERE = "tests.jobs.test_aside"
started, release, ended = threading.Semaphore(0), threading.Semaphore(0), threading.Semaphore(0)


def waits(_: System) -> None:
    """Runs until a test lets it go."""
    started.release()
    release.acquire(timeout=10)
    ended.release()


def fails(_: System) -> None:
    """Fails like a step whose room is broken."""
    raise RuntimeError("broken")


class At:
    """Monotonic seconds that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def until(condition: Callable[[], bool]) -> None:
    """Wait for another thread; the time-out of the test is the limit."""
    pause = threading.Event()
    while not condition():
        pause.wait(0.005)


def test_what_still_runs_is_not_started_again_but_others_are(system: System) -> None:
    work = Aside()
    assert work.start("a", f"{HERE}.waits", lambda: system)
    started.acquire()
    assert not work.start("a", f"{HERE}.waits", lambda: system)
    assert work.start("b", f"{HERE}.waits", lambda: system)
    started.acquire()
    for _ in range(2):
        release.release()
    for _ in range(2):
        ended.acquire()
    until(lambda: work.start("a", f"{HERE}.waits", lambda: system))
    release.release()
    ended.acquire()


def test_only_what_runs_for_too_long_hangs(system: System) -> None:
    at = At()
    work = Aside(at)
    work.start("a", f"{HERE}.waits", lambda: system)
    started.acquire()
    at.seconds = aside.HUNG_SECONDS
    assert work.hung() is None
    at.seconds += 1
    assert work.hung() == "a"
    release.release()
    ended.acquire()
    until(lambda: work.hung() is None)


def failed(work: Aside, system: Any) -> None:
    assert work.start("x", f"{HERE}.fails", lambda: system)
    until(lambda: not any(thread.name == "x" for thread in threading.enumerate()))


def test_a_failure_is_logged_once_a_minute_and_tried_again(system: System, caplog: pytest.LogCaptureFixture) -> None:
    at = At()
    work = Aside(at)
    with caplog.at_level(logging.ERROR):
        for seconds in (0, 59, 60):
            at.seconds = seconds
            failed(work, system)
    assert [record.getMessage() for record in caplog.records] == [
        "x failed and will be tried again: RuntimeError: broken"
    ] * 2


def test_several_failures_together_are_told_with_their_steps() -> None:
    first = ValueError("one")
    first.add_note("some.step")
    group = ExceptionGroup("2 of 3", [first, KeyError("two")])
    assert aside.in_words(group) == "ValueError in some.step: one; KeyError: 'two'"
