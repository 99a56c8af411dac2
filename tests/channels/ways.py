"""How to open each kind of channel against its stand-in, for every test that runs over several kinds."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from broadcaster.channels import CHANNELS, simulated, smtp
from broadcaster.domain.channel import Attempt, Channel, Codes, DataPath, Recipient, Secret
from broadcaster.domain.frames import SLOT, framed
from broadcaster.domain.message import Message
from broadcaster.domain.posting import Posting
from tests.providers import smtp as smtp_provider
from tests.providers.base import StandIn, served

PUBLIC_URL = "https://alerts.judge.example"
TEXT = "Judge County Fire: EVACUATE NOW, Canyon Rd. Wildfire. Go to Main St School. 22 Nov 6:30 pm"
PHONE = "+15005550101"
NOBODY = "http://127.0.0.1:9"  # nobody listens there
NAMES = {"twilio_sms": "twilio", "apprise": "discord", "web_push": "push"}  # stand-ins that have not their kind's name


@dataclass
class Way:
    """A way to one kind: ``open`` makes a channel, ``seen`` counts what reached the provider."""

    kind: str
    open: Callable[[], Channel]
    seen: Callable[[], int]
    recipient: Recipient
    secrets: tuple[str, ...]
    down: Callable[[], Channel]  # the same channel, but nobody listens there
    posting: Posting | None = None  # what this kind cannot do without
    lists_words: bool = True  # the provider shows what each of its own was, not only when
    wrong: Callable[..., None] | None = None  # makes the stand-in fail (``providers.base.Faults``), where it can
    busy: dict[str, Any] = field(default_factory=dict)  # with what, for too many requests
    codes: Codes = field(default_factory=dict)
    limited: Callable[[float], Any] | None = None  # the options with that time limit in seconds
    frame: str = SLOT  # approved words in which alone this kind says something

    def message(self, text: str = TEXT) -> Message:
        """A message as approval froze it, in the words around it that this kind needs."""
        return message(framed(self.frame, text))


def message(text: str = TEXT, language: str = "en", **more: Any) -> Message:
    """A message as approval froze it."""
    return Message("any", language, text, **more)


def attempt(id_: str = "at_1", valid_seconds: int = 3600, earlier: str = "") -> Attempt:
    """A try that starts now."""
    return Attempt(id_, datetime.now(UTC), valid_seconds, earlier)


@contextlib.contextmanager
def way_to(kind: str, folder: Path) -> Iterator[Way]:
    """The kind's stand-in runs meanwhile; ``folder`` is empty, and the kind's own."""
    if kind in OTHERS:
        opened = OTHERS[kind](folder)
    else:
        opened = by_http(kind, importlib.import_module(CHANNELS[kind]), stand_in(kind, folder))
    with opened as way:
        yield way


@contextlib.contextmanager
def by_http(kind: str, module: Any, one: StandIn) -> Iterator[Way]:
    """The way to a channel module by its stand-in."""

    def made(url: str) -> Channel:
        channel: Channel = module.open_channel("one", module.Options(**one.options, base_url=url), PUBLIC_URL)
        return channel

    with served(one.provider) as fake:
        yield Way(
            kind,
            lambda: made(fake.base_url + one.path),
            one.seen or (lambda: fake.requests),
            one.recipient(),
            one.secrets,
            lambda: made(NOBODY + one.path),
            one.posting,
            one.lists_words,
            lambda **faults: setattr(fake, "faults", replace(fake.faults, **faults)),
            one.busy,
            module.CODES,
            lambda seconds: module.Options(**one.options, base_url=fake.base_url + one.path, timeout_seconds=seconds),
            one.frame,
        )


def stand_in(kind: str, folder: Path) -> StandIn:
    """A kind's stand-in, not running yet; ``folder`` is the kind's data folder."""
    name = f"tests.providers.{NAMES.get(kind, kind)}"
    found = importlib.util.find_spec(name) and importlib.import_module(name)
    assert hasattr(found, "stand_in"), f"{kind} has no stand-in: write {name} with stand_in(folder) -> StandIn"
    made: StandIn = found.stand_in(folder)
    return made


@contextlib.contextmanager
def smtp_way(folder: Path) -> Iterator[Way]:
    def made(port: int) -> Channel:
        options = smtp.Options(
            f"smtp://127.0.0.1:{port}",
            "Judge County <alerts@judge.example>",
            smtp_provider.USER,
            Secret(smtp_provider.PASSWORD),
        )
        return smtp.open_channel("mail", options, PUBLIC_URL)

    with smtp_provider.mail_server(login=True) as server:
        yield Way(
            "smtp",
            lambda: made(server.port),
            lambda: server.tries,
            Recipient("ana@judge.example", "en", f"{PUBLIC_URL}/unsubscribe/t0"),
            (smtp_provider.PASSWORD,),
            lambda: made(9),
        )


@contextlib.contextmanager
def simulated_way(folder: Path) -> Iterator[Way]:
    options = simulated.Options("sms", DataPath(str(folder)), 0)

    def made() -> Channel:
        return simulated.open_channel("sim", options, PUBLIC_URL)

    file = simulated.path("sim", options)
    yield Way("simulated", made, lambda: len(list(simulated.shown(file))), Recipient(PHONE, "en"), (), made)


OTHERS = {"smtp": smtp_way, "simulated": simulated_way}  # those that do not speak HTTP
