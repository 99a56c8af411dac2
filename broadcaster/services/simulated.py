"""What simulated channels "sent": the texts on phones and posts that do not exist."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import cast

from broadcaster.channels import simulated
from broadcaster.channels.simulated import Options, Shown
from broadcaster.services.system import System

KIND = "simulated"


@dataclass(frozen=True, slots=True)
class Stage:
    """One simulated channel with its newest tries, newest first. ``speaks`` is sms or post."""

    name: str
    speaks: str
    shown: tuple[Shown, ...]


def band(system: System) -> str:
    """What every page of the console says aloud; empty where every enabled channel is real."""
    enabled = [channel for channel in system.config.channels if channel.enabled]
    names = [channel.name for channel in enabled if channel.kind == KIND]
    if not names:
        return ""
    if len(names) == len(enabled):
        return "SIMULATION: nothing leaves this machine"
    return f"SIMULATION on {', '.join(names)}: those reach nobody; the other channels are real"


def stages(system: System, newest: int = 60) -> list[Stage]:
    """All simulated channels with what they would have sent."""
    found = []
    for channel in system.config.channels:
        if channel.kind == KIND:
            options = cast(Options, channel.options)
            rows = deque(simulated.shown(simulated.path(channel.name, options)), maxlen=newest)
            found.append(Stage(channel.name, options.speaks, tuple(reversed(rows))))
    return found
