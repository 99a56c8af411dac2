"""What every process of ours needs: a name, an end with its parent, and a polite stop."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from types import FrameType

PARENT = "BROADCASTER_SUPERVISOR"  # pid of the supervisor, in the environment of its children
RESTARTED = "BROADCASTER_RESTARTED"  # set for a part that comes back after a death
PR_SET_PDEATHSIG = 1


def holder(pid: int | None = None) -> str:
    """The name of a process in heartbeats and leases: "host:pid"."""
    return f"{socket.gethostname()}:{pid or os.getpid()}"


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when its parent dies; leave now if that has happened already.

    Call it from the main thread. Elsewhere than on Linux a thread watches instead.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def tie_to_supervisor(environ: Mapping[str, str] = os.environ) -> None:
    """``die_with_parent``, where a supervisor started this process."""
    if environ.get(PARENT, "").isdigit():
        die_with_parent(int(environ[PARENT]))


class Stop(threading.Event):
    """Set by the first SIGTERM or SIGINT. Loops look at it; nothing is ever interrupted in the middle."""

    def listen(self) -> Stop:
        """Install the handlers (main thread). A second signal changes nothing."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        return self

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.set()


STOP = Stop()  # of this process: signals belong to the process, so there is one


def _watch(parent: int) -> None:
    waiting = threading.Event()
    while os.getppid() == parent:
        waiting.wait(0.5)
    os._exit(1)
