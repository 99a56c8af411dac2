"""What simulated channels "sent": the texts on phones and posts that do not exist."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from broadcaster.channels import simulated
from broadcaster.channels.simulated import Options, Shown
from broadcaster.domain.errors import NotFound
from broadcaster.services.system import System

KIND = "simulated"
_CARD = re.compile(r"[0-9a-f]{32}\.png")


@dataclass(frozen=True, slots=True)
class Stage:
    """One simulated channel with its newest tries. ``speaks`` is sms or post.

    ``threads``: each begins with a post that answers none, and goes on with all that follow or answer it, in their
    order; the one with the newest post comes first. Every text to a phone is alone.
    """

    name: str
    speaks: str
    threads: tuple[tuple[Shown, ...], ...]


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
            found.append(Stage(channel.name, options.speaks, threads(rows)))
    return found


def threads(rows: Iterable[Shown]) -> tuple[tuple[Shown, ...], ...]:
    """Tries, oldest first, as threads; one whose first post is no longer there begins one of its own."""
    first: dict[str, str] = {}
    found: dict[str, list[Shown]] = {}
    for row in rows:
        first[row.id] = first.get(row.answers, row.id)
        thread = found.pop(first[row.id], [])
        found[first[row.id]] = [*thread, row]  # put back last: the order of the newest posts
    return tuple(tuple(thread) for thread in reversed(found.values()))


def card(system: System, channel: str, name: str) -> bytes:
    """The card that went with a simulated post. Raises NotFound."""
    config = system.config.channel(channel)
    if config is not None and config.kind == KIND and _CARD.fullmatch(name):
        file = Path(cast(Options, config.options).folder) / name
        if file.is_file():
            return file.read_bytes()
    raise NotFound("no_card", "This post has no such card.")
