"""A phone network and a social account that do not exist: what is "sent" stands in a file and nowhere else.

Each channel appends one JSON line per try to ``<folder>/<name>.jsonl``; every line says SIMULATED, and names the card
beside it that went with a post. So that a demonstration shows failures too, the last two digits of a phone decide: see
``RULES``. Production refuses this kind.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

from broadcaster.domain.channel import (
    Accepted,
    Attempt,
    ChannelError,
    Check,
    Codes,
    DataPath,
    Found,
    OutcomeUnknown,
    Recipient,
    Sent,
    Verdict,
)
from broadcaster.domain.message import Limits, Message
from broadcaster.domain.posting import SHAPES, Posting

LABEL = "SIMULATED"
DEFAULT_FOLDER = DataPath("simulated")
LENGTH = 500
CODES: Codes = MappingProxyType(
    {"gone": Verdict.PERMANENT, "opted_out": Verdict.OPTED_OUT, "busy": Verdict.RETRY, "strange": Verdict.RETRY_ONCE}
)
# Last two digits of the address -> what happens. "first" rules hold for an address's first try of a text only.
RULES: Mapping[str, str] = MappingProxyType(
    {
        "13": "gone",  # refused for good
        "27": "opted_out",
        "41": "busy",  # refused at first, taken at the second try
        "59": "lost_after",  # taken, but the answer is lost: find() proves it
        "73": "lost_before",  # lost on the way: find() does not find it, the second try is taken
    }
)


@dataclass(frozen=True, slots=True)
class Options:
    """``speaks``: "sms" (people's phones) or "post" (an account). ``folder`` lies in the data folder.

    Of an account: ``picture`` is the shape of the card that goes with a post, ``length`` the longest one (characters),
    ``thread`` at most how many follow each other where one has no room for all.
    """

    speaks: str = "sms"
    folder: DataPath = DEFAULT_FOLDER
    latency_ms: float = 20.0
    picture: str = ""
    length: int = LENGTH
    thread: int = 1

    def __post_init__(self) -> None:
        if self.speaks not in ("sms", "post"):
            raise ValueError('speaks is "sms" or "post"')
        if self.speaks == "sms" and (self.picture, self.length, self.thread) != ("", LENGTH, 1):
            raise ValueError('picture, length and thread are an account\'s: speaks = "post"')
        if self.picture not in ("", *SHAPES):
            raise ValueError(f"picture is one of {', '.join(SHAPES)}")
        if self.length < 1 or self.thread < 1:
            raise ValueError("length and thread are at least 1")
        if not 0 <= self.latency_ms <= 5000:
            raise ValueError("latency_ms lies between 0 and 5000")


@dataclass(frozen=True, slots=True)
class Shown:
    """One try as it stands in the file. ``status``: delivered, failed (with a code) or lost.

    ``picture`` is the card's file in the same folder and ``alt`` its words; ``number`` the place in a thread.
    """

    id: str
    channel: str
    speaks: str
    at: str
    to: str
    language: str
    text: str
    status: str
    code: str = ""
    url: str = ""
    answers: str = ""
    picture: str = ""
    alt: str = ""
    number: int = 0
    label: str = LABEL


class Simulated:
    """Contract: ``broadcaster.domain.channel.Channel``."""

    asks = True

    def __init__(self, name: str, options: Options, public_url: str) -> None:
        self.name = name
        self._options = options
        self._path = path(name, options)
        self._public_url = public_url

    def limits(self) -> Limits:
        """As a phone or as an account would have them."""
        if self._options.speaks == "sms":
            return Limits(form="sms", unit="sms_segments", length=10, audience="people", address="phone")
        own = self._options
        return Limits("short", "mastodon", own.length, "account", thread=own.thread, picture=own.picture, tags=1)

    async def send(self, message: Message, recipient: Recipient, attempt: Attempt) -> Accepted:
        """Write the try down. Raises what the address's last digits say."""
        await asyncio.sleep(self._options.latency_ms / 1000)
        url = "" if self._options.speaks == "sms" else f"{self._public_url}/console/simulated#{attempt.id}"
        outcome = self._outcome(message, recipient)
        status = {"": "delivered", "lost_after": "delivered", "lost_before": "lost"}.get(outcome, "failed")
        self._append(
            Shown(
                attempt.id,
                self.name,
                self._options.speaks,
                attempt.started.isoformat(),
                recipient.address,
                message.language,
                message.text,
                status,
                outcome if status == "failed" else "",
                url,
                attempt.earlier,
                self._kept(attempt.posting),
                attempt.posting.picture.alt if attempt.posting and attempt.posting.picture else "",
                message.number,
            )
        )
        if outcome.startswith("lost"):
            raise OutcomeUnknown(f"{LABEL}: the answer was lost")
        if outcome:
            permanent = CODES[outcome] in (Verdict.PERMANENT, Verdict.OPTED_OUT)
            raise ChannelError(f"{LABEL}: refused, {outcome}", code=outcome, permanent=permanent)
        return Accepted(attempt.id, url, delivered=True)

    def _outcome(self, message: Message, recipient: Recipient) -> str:
        outcome = RULES.get(recipient.address[-2:], "") if self._options.speaks == "sms" else ""
        again = outcome in ("busy", "lost_before", "lost_after") and self._tried(recipient.address, message.text)
        return "" if again else outcome

    def _tried(self, address: str, text: str) -> bool:
        return any(row.to == address and row.text == text for row in shown(self._path))

    def _kept(self, about: Posting | None) -> str:
        """The name of the card's file, which is written where it is new."""
        if about is None or about.picture is None:
            return ""
        name = f"{hashlib.sha256(about.picture.png).hexdigest()[:32]}.png"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if not (file := self._path.with_name(name)).exists():
            fresh = file.with_suffix(f".{os.getpid()}")
            fresh.write_bytes(about.picture.png)
            fresh.replace(file)
        return name

    def _append(self, row: Shown) -> None:
        # One write under O_APPEND: lines of several senders do not mix.
        self._path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps(asdict(row), ensure_ascii=False) + "\n"
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)

    async def find(self, sent: Sent) -> Found | None:
        """The attempt's own line, unless it was lost on the way."""
        for row in shown(self._path):
            if row.id == sent.attempt.id and row.status != "lost":
                return Found(row.id, row.status, row.code, row.url)
        return None

    async def check(self) -> tuple[Check, ...]:
        """Always a reminder that nothing leaves this machine."""
        return (
            Check(True, f"{self.name}: {LABEL}, nothing leaves this machine", "give a real channel to reach people"),
        )

    async def close(self) -> None:
        """Nothing is kept open."""


def open_channel(name: str, options: Options, public_url: str) -> Simulated:
    """The simulated channel of that name; its file is made by the first try."""
    return Simulated(name, options, public_url)


def path(name: str, options: Options) -> Path:
    """The file of that channel's tries."""
    return Path(options.folder) / f"{name}.jsonl"


def shown(file: Path) -> Iterator[Shown]:
    """Every try in the file, oldest first; a line cut by a crash is left out. No file: nothing."""
    if not file.exists():
        return
    with file.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                yield Shown(**json.loads(line))
            except (ValueError, TypeError):
                continue  # cut by a crash, or written by another version
