"""The contract of a channel: one recipient, one try. The engine around it does pace, retries and records.

A channel module (``broadcaster/channels/<kind>.py``, one line in ``CHANNELS``) exports

- ``Options``: a frozen dataclass of its keys in channels.toml; a field typed ``Secret`` is only ever written
  "env:NAME", any other text may be; one typed ``DataPath`` is a path relative to the data folder. It may have
  ``wrong(region) -> Wrong | None`` (region: the agency's, ISO 3166): a value that would fail when it is needed; and
  ``Carries``, where not every mode has words;
- ``CODES``: provider code -> ``Verdict``; a code that is not there is tried once more, and shown;
- ``open_channel(name, options, public_url) -> Channel``: opens no connection;
- ``FOLLOWS`` (optional): where a provider finishes later what it took and tells only who asks, the seconds between
  asking. ``find`` then answers for an id that is known, also where ``asks`` is False.

A channel never loops, sleeps, retries, reads settings, logs secrets or answers with a boolean.

One whose provider says what it carries also ``learns`` (optional): the clock asks it now and then, and texts are
measured by the last answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType, Protocol, runtime_checkable

from broadcaster.domain.alert import Mode
from broadcaster.domain.message import Limits, Message
from broadcaster.domain.posting import Posting

Secret = NewType("Secret", str)
DataPath = NewType("DataPath", str)  # settings makes it absolute


@dataclass(frozen=True, slots=True)
class Wrong:
    """A value of channels.toml that would fail when it is needed: its key, what is wrong, what to write."""

    key: str
    text: str
    hint: str


@runtime_checkable
class Carries(Protocol):
    """What ``Options`` have besides, where a platform approves words beforehand: whether there are some for a mode."""

    def carries(self, mode: Mode) -> bool: ...


class Verdict(StrEnum):
    """What a provider's code means for a delivery and its channel."""

    PERMANENT = "permanent"  # this address, this alert: over
    RETRY = "retry"  # try again while the alert lives
    RETRY_ONCE = "retry_once"
    RETRY_LATER = "retry_later"  # as retry, minutes apart: a line is busy, nobody answers
    OPTED_OUT = "opted_out"  # remember and suppress; not a failure
    STOP_CHANNEL = "stop_channel"  # credentials or account: nothing goes out until somebody acts
    BACK_OFF = "back_off"  # all senders wait
    ALARM = "alarm"  # permanent for this delivery, and somebody must act (configuration, filtering)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom: a normalised address (E.164 phone, lower-case mail) or an account's name.

    ``unsubscribe_url`` is where they leave by one press, ``unsubscribe_words`` what is written on it.
    """

    address: str
    language: str
    unsubscribe_url: str = ""
    unsubscribe_words: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. ``id`` is ours and unique for ever; ``valid_seconds`` is what is left of the alert's life.

    ``earlier`` is the provider's id of the post this one answers (updates answer the first post, a thread's posts the
    one before). ``edits`` is the provider's id of the post whose words this message replaces; nothing new is posted
    then. ``key`` is the same for every attempt of one delivery: where a provider takes an idempotency key, a repeat is
    the same post. ``posting`` is the alert behind the message, for accounts.
    """

    id: str
    started: datetime
    valid_seconds: int
    earlier: str = ""
    key: str = ""
    edits: str = ""
    posting: Posting | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """All that ``find`` needs to ask a provider about an attempt whose outcome we do not know."""

    attempt: Attempt
    message: Message
    recipient: Recipient
    known_ids: frozenset[str] = frozenset()  # provider ids that other attempts hold
    provider_id: str = ""  # known id of this attempt: ask for it directly


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has it. ``delivered`` only where acceptance is all there ever is (posts, mail handed over).

    ``wait``: seconds for which the provider's headers say that no more is taken; all senders of the channel wait.
    """

    provider_id: str
    url: str = ""
    delivered: bool = False
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Found:
    """What the provider says of an attempt: our word for its status, its id, its code, a post's address."""

    provider_id: str
    status: str  # accepted | delivered | failed
    code: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The provider's later word about an attempt, already in our words."""

    attempt_id: str
    provider_id: str
    status: str  # accepted | delivered | failed
    code: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of ``doctor`` about a channel. ``until``: when its token dies, where the provider says so."""

    ok: bool
    text: str
    hint: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Learned:
    """What a provider says it carries: the longest text and what an address counts, in the channel's unit.

    ``source`` is whose word that is (the provider's address): under another one it means nothing.
    """

    length: int
    url: int
    source: str


def laid_over(own: Limits, learned: Learned) -> Limits:
    """A channel's limits after its provider's word."""
    length = min(own.length, learned.length) if own.bounded else learned.length
    return replace(own, length=length, extras={**own.extras, "url": learned.url})


class ChannelError(Exception):
    """A try that the provider refused, or that certainly did not reach it.

    ``code`` is the provider's (or ``http_503``, ``connect``), never empty: ``CODES`` says of it what becomes of a
    delivery. ``permanent`` tells notices and pins that trying again cannot help; ``retry_after`` is in seconds. An
    outcome nobody knows is ``OutcomeUnknown`` instead.
    """

    def __init__(self, text: str, *, code: str = "", permanent: bool = False, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.code = code
        self.permanent = permanent
        self.retry_after = retry_after


class OutcomeUnknown(Exception):
    """The request may have been accepted: time-out, cut connection or a 5xx after the body was sent."""


class Channel(Protocol):
    """A configured route out. ``asks`` says whether ``find`` can answer at all (else policy decides)."""

    name: str
    asks: bool

    def limits(self) -> Limits: ...

    async def send(self, message: Message, recipient: Recipient, attempt: Attempt) -> Accepted: ...

    async def find(self, sent: Sent) -> Found | None: ...

    async def check(self) -> tuple[Check, ...]: ...

    async def close(self) -> None: ...


@runtime_checkable
class Learns(Protocol):
    """What a channel has besides, where its provider says what it carries. ``source`` is as in ``Learned``."""

    source: str

    async def learn(self) -> Learned:
        """Ask once. Raises ChannelError or OutcomeUnknown, also for an answer that cannot be read."""
        ...


@runtime_checkable
class Pins(Protocol):
    """What a channel has besides, where a post can be kept at the top: ``pins`` says whether it is to be, for as long
    as its danger is in force (``services.pins``). Doing either twice does no harm."""

    pins: bool

    async def pin(self, provider_id: str) -> None:
        """Raises ChannelError (a permanent one ends it) or OutcomeUnknown."""
        ...

    async def unpin(self, provider_id: str) -> None:
        """The same."""
        ...


@runtime_checkable
class Pushes(Protocol):
    """What a channel to browsers has besides: the public key with which the page's script subscribes, base64url."""

    @property
    def application_key(self) -> str: ...


@runtime_checkable
class Repeats(Protocol):
    """What a channel has besides, where whoever takes its messages knows them by ``Attempt.key``: a try whose outcome
    nobody knows is made again, for a second one does no harm."""

    repeatable: bool


def repeats(channel: object) -> bool:
    """Whether a try on this channel may simply be made again."""
    return isinstance(channel, Repeats) and channel.repeatable


Codes = Mapping[str, Verdict]


# --- texts that people send us --------------------------------------------------------------------------------
class InboundKind(StrEnum):
    """What a person's text asks for."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class InboundText:
    """A text somebody sent to one of our numbers. ``provider_id`` is unique, so a repeated webhook is known.

    It is "" where the provider gave none: a STOP is kept all the same (``services.inbound`` makes an id).
    """

    provider_id: str
    sender: str
    body: str
    kind: InboundKind


@dataclass(frozen=True, slots=True)
class CallStage:
    """A call that asks what follows: whose attempt it is, to whom, what it says in which language, after which step.

    ``action`` is the address at which it asks again, to which a kind adds ``&s=STEP``.
    """

    attempt: str
    step: str
    recipient: str
    language: str
    text: str
    action: str


@dataclass(frozen=True, slots=True)
class CallStep:
    """What follows in a call, in the provider's own form; and what the person has just told us, if anything."""

    answer: str
    receipt: Receipt | None = None
    text: InboundText | None = None


INBOUND_WORDS: Mapping[str, InboundKind] = {
    **dict.fromkeys(
        ("STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"),
        InboundKind.STOP,
    ),
    **dict.fromkeys(("START", "UNSTOP", "YES"), InboundKind.START),
    **dict.fromkeys(("HELP", "INFO"), InboundKind.HELP),
}


def inbound_kind(body: str) -> InboundKind:
    """What a text asks for (rules.md section 4): the whole text is one of the words; case, spaces, marks are free."""
    word = "".join(letter for letter in body.upper() if letter.isalpha())
    return INBOUND_WORDS.get(word, InboundKind.OTHER)


def help_text(emergency_number: str, contact: str = "") -> str:
    """The answer to HELP: danger first, nobody reads this, then how to leave (rules.md section 4)."""
    reach = f" Questions: {contact}." if contact else ""
    first = f"In danger call {emergency_number} (or text it where available). Nobody reads this number."
    return f"{first}{reach} Reply STOP to get no more alerts."
