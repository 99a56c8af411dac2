"""A good or a broken account of every kind that speaks to a server, for tests over all of them at once."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from broadcaster.channels import CHANNELS, smtp
from broadcaster.domain.config import ChannelConfig
from broadcaster.domain.frames import SLOT
from tests.channels.ways import stand_in
from tests.providers import smtp as smtp_provider
from tests.providers.base import served

LATENCY = 0.005  # seconds that a good server takes for an answer
HANGS: Mapping[str, Any] = MappingProxyType({"hang_after": 1.0})
BROKEN: Mapping[str, Mapping[str, Any]] = MappingProxyType(  # those that go wrong in another way when they are broken
    {
        "twilio_voice": {"error_before": 1.0},
        "facebook": {"error_before": 1.0},
        "threads": {**HANGS, "edge": "threads_publish"},
        "instagram": {"cut_after": 1.0, "edge": "media_publish"},
        "linkedin": {"too_many": 1.0},
        "nextdoor": {"unreadable": 1.0},
        "web_push": {"status": 503},
        "telegram": {"cut_before": 1.0},
        "x": {"unauthorized": True},
    }
)
KINDS = tuple(kind for kind in CHANNELS if kind != "simulated")  # which speaks to no server


@dataclass(frozen=True)
class Account:
    """One channel and the stand-in behind it. ``has``: what came to stand there, a word for each that no two may share;
    ``hangs``: whether it takes what it gets and never answers."""

    config: ChannelConfig
    server: Any
    has: Callable[[], list[str]]
    hangs: bool
    frame: str  # approved words in which alone it says something


@contextlib.contextmanager
def accounts(folder: Path, broken: bool) -> Iterator[list[Account]]:
    """One account of each kind, named by it; broken ones "bad-<kind>"."""
    with contextlib.ExitStack() as open_:
        yield [open_.enter_context(account(kind, folder, broken)) for kind in KINDS]


@contextlib.contextmanager
def account(kind: str, folder: Path, broken: bool = False) -> Iterator[Account]:
    """An account of that kind; where it is broken, by its own fault."""
    called = f"bad-{kind}" if broken else kind
    kept = folder / called
    kept.mkdir()
    faults = BROKEN.get(kind, HANGS) if broken else {}
    opened = _mail(faults) if kind == "smtp" else _by_http(kind, kept, faults)
    with opened as (server, options, has, frame):
        config = ChannelConfig(called, kind, per_second=1000, options=options, drills=True)
        yield Account(config, server, has, "hang_after" in faults, frame)


Opened = tuple[Any, Any, Callable[[], list[str]], str]


@contextlib.contextmanager
def _by_http(kind: str, folder: Path, faults: Mapping[str, Any]) -> Iterator[Opened]:
    one, module = stand_in(kind, folder), importlib.import_module(CHANNELS[kind])
    one.provider.faults = replace(one.provider.faults, latency=LATENCY, **faults)
    with served(one.provider) as server:
        yield server, module.Options(**one.options, base_url=server.base_url + one.path), one.has, one.frame


@contextlib.contextmanager
def _mail(faults: Mapping[str, Any]) -> Iterator[Opened]:
    with smtp_provider.mail_server() as server:
        server.faults = smtp_provider.SmtpFaults(
            latency=LATENCY, **{name: bool(share) for name, share in faults.items()}
        )
        options = smtp.Options(f"smtp://127.0.0.1:{server.port}", "Judge County <alerts@judge.example>")
        yield server, options, lambda: [mail.to[0] for mail in server.mails], SLOT
