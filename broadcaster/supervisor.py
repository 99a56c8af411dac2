"""Runs the parts in one terminal: starts them, brings back what dies, stops all, leaves no orphan.

Children end with this process however it ends (``process.die_with_parent``), so they are started from the main
thread only: the kernel watches the thread that started them.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from broadcaster.domain.config import Settings
from broadcaster.process import PARENT, RESTARTED, Stop, holder

FIRST_WAIT, LONGEST_WAIT = 0.5, 1.0  # a part that dies is back within 2 s, always
STEADY_SECONDS = 10.0
LEAVE_SECONDS = 15.0
TICK = 0.05
KEPT_LINES = 10_000
FLUSH_SECONDS = 1.0


@dataclass
class Child:
    """One process of a part, over all its lives."""

    name: str
    label: str
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    deaths: int = 0
    due: float = 0.0
    died: str = ""

    def wait_seconds(self) -> float:
        """How long to wait before the next life."""
        return FIRST_WAIT if self.deaths <= 1 else LONGEST_WAIT


def children(settings: Settings) -> list[Child]:
    """The parts of this installation, in the order in which they start."""
    names = ["redis"] if settings.embedded_redis else []
    senders = [Child("sender", f"sender{n + 1 if n else ''}") for n in range(max(1, settings.sender_processes))]
    return [
        *(Child(n, n) for n in names),
        Child("web", "web"),
        *senders,
        Child("worker", "worker"),
        Child("clock", "clock"),
    ]


class Supervisor:
    """``run`` from the main thread. ``on_death`` hears a dead process's holder name, in a thread of its own."""

    def __init__(
        self, parts: list[Child], stop: Stop, on_death: Callable[[str], None], out: IO[str] = sys.stdout
    ) -> None:
        self._parts, self._stop, self._on_death, self._out = parts, stop, on_death, out
        self._lines: queue.Queue[str] = queue.Queue(maxsize=KEPT_LINES)
        self._width = max(len(child.label) for child in parts)

    def run(self) -> None:
        """Until ``stop``; then everything is stopped, Redis last."""
        threading.Thread(target=self._print, daemon=True).start()
        try:
            while not self._stop.wait(TICK):
                for child in self._parts:
                    self._look(child, time.monotonic())
        finally:
            self._end([child for child in self._parts if child.name != "redis"])
            self._end([child for child in self._parts if child.name == "redis"])
            self._flush()

    def say(self, label: str, text: str) -> None:
        """One line of the log. A terminal that nobody reads loses lines; it never holds up the parts."""
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(f"{time.strftime('%H:%M:%S')} {label:<{self._width}} | {text}\n")

    def _print(self) -> None:
        while True:
            line = self._lines.get()
            with contextlib.suppress(OSError, ValueError):
                self._out.write(line)
                self._out.flush()
            self._lines.task_done()

    def _flush(self) -> None:
        until = time.monotonic() + FLUSH_SECONDS
        while self._lines.unfinished_tasks and time.monotonic() < until:
            time.sleep(TICK)

    def _look(self, child: Child, at: float) -> None:
        if child.process is not None and child.process.poll() is not None:
            self._buried(child, child.process, at)
        if child.process is None and at >= child.due:
            self._start(child, at)

    def _start(self, child: Child, at: float) -> None:
        environ = {**os.environ, PARENT: str(os.getpid()), RESTARTED: child.died, "PYTHONUNBUFFERED": "1"}
        child.process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "broadcaster", "part", child.name],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        child.began = at
        threading.Thread(target=self._relay, args=(child.label, child.process.stdout), daemon=True).start()

    def _buried(self, child: Child, process: subprocess.Popen[bytes], at: float) -> None:
        _kill_group(process, signal.SIGKILL)  # what it started itself
        child.deaths = 1 if at - child.began >= STEADY_SECONDS else child.deaths + 1
        child.process, child.due, child.died = None, at + child.wait_seconds(), holder(process.pid)
        self.say(child.label, f"died: {_how(process.returncode)}, back in {child.wait_seconds():g} s")
        threading.Thread(target=self._on_death, args=(child.died,), daemon=True).start()

    def _relay(self, label: str, pipe: IO[bytes]) -> None:
        with pipe:
            for line in pipe:
                self.say(label, line.decode(errors="replace").rstrip())

    def _end(self, parts: list[Child]) -> None:
        alive = [child.process for child in parts if child.process is not None]
        for process in alive:
            _kill_group(process, signal.SIGTERM, leader_only=True)
        until = time.monotonic() + LEAVE_SECONDS
        while any(process.poll() is None for process in alive) and time.monotonic() < until:
            time.sleep(TICK)
        for process in alive:
            _kill_group(process, signal.SIGKILL)
            process.wait()


def _kill_group(process: subprocess.Popen[bytes], number: int, *, leader_only: bool = False) -> None:
    try:
        if leader_only:
            process.send_signal(number)
        else:
            os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def _how(code: int) -> str:
    return f"{signal.strsignal(-code) or 'signal'} ({-code})" if code < 0 else f"exit code {code}"
