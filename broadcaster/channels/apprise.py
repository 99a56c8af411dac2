"""Posts through Apprise: Discord, Slack, Teams, ntfy, Matrix, Signal groups and some hundred others, one account a URL.

Apprise answers True or False, sleeps and repeats by itself. So its plugin is called directly, without its dispatcher
(no retries, no splitting, no configuration files, nothing stored), with a time limit, in threads of this account's own:
one that hangs holds up no other. ``_Try`` stands in for its pause before each request and ends what would sleep, repeat
what was too much, or begin after we have given up. What its log of that try tells apart is told apart (a status, a
connection that was never made); else nobody knows, and policy decides.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from apprise import Apprise, AppriseAsset, AppriseAttachment, NotifyFormat, OverflowMode
from apprise.plugins.base import NotifyBase

from broadcaster.channels.http import LONGEST_SECONDS, NO_REASON, TOTAL_SECONDS, HttpSession, refusal
from broadcaster.domain.channel import (
    Accepted,
    Attempt,
    ChannelError,
    Check,
    Codes,
    Found,
    OutcomeUnknown,
    Recipient,
    Secret,
    Sent,
    Verdict,
    Wrong,
)
from broadcaster.domain.message import Limits, Message
from broadcaster.domain.text_social import COUNTERS

LENGTH = 1000  # of a service that cannot be opened
CONNECT_SECONDS = 4.0
AT_ONCE = 4  # posts of one account, each in a thread
BUSY_SECONDS = 5.0  # where a service does not say how long
TOO_LONG = "too_long"
DISCORD = Path(__file__).with_name("apprise_discord.json")  # the text, and nobody is called by it

CODES: Codes = MappingProxyType(
    {
        **{f"http_{status}": Verdict.PERMANENT for status in range(400, 500)},
        **{f"http_{status}": Verdict.ALARM for status in (301, 302, 303, 307, 308)},  # another address
        **{f"http_{status}": Verdict.STOP_CHANNEL for status in (401, 403, 404, 410)},  # the account, room or webhook
        "http_429": Verdict.BACK_OFF,
        TOO_LONG: Verdict.PERMANENT,
    }
)
OWN = MappingProxyType(
    {
        **dict.fromkeys(("mailto", "mailtos"), "smtp"),
        **dict.fromkeys(("mastodon", "mastodons", "toot", "toots"), "mastodon"),
        **dict.fromkeys(("twilio", "twilios"), "twilio_sms"),
        **dict.fromkeys(("x", "tweet", "twitter"), "x"),
        **dict.fromkeys(("bluesky", "bsky"), "bluesky"),
        **dict.fromkeys(("tgram", "telegram"), "telegram"),
        "vapid": "web_push",
        "whatsapp": "whatsapp",
        "zulip": "zulip",
    }
)
# Rooms and groups, though their services could also write to one person's phone or mail.
GROUPS = frozenset({"slack", "signal", "signals", "dingtalk", "twist"})
# This machine's own screen, printers of logs, and Apprise's own relay, whose outcome nobody can tell.
NO_ACCOUNT = frozenset(
    (
        *("apprise", "apprises", "blink1", "dbus", "gio", "glib", "gnome", "growl", "kde", "macosx", "qt"),
        *("rsyslog", "syslog", "windows"),
    )
)
COUNTED = MappingProxyType(  # ntfy: longer ones become a file; Matrix: of 65,536 bytes of a whole event
    {
        **dict.fromkeys(("ntfy", "ntfys"), ("bytes", 4096)),
        **dict.fromkeys(("matrix", "matrixs"), ("bytes", 40_000)),
    }
)
_PLACES = ("notify_url", "webhook_url")  # where plugins keep the address of their service
_PERSON = re.compile(r"target_(phone|email)|from_phone|from_email")
_NUMBER = re.compile(r"\+?\d{7,}")
_STATUS = re.compile(r"\berror=(\d{3})\b")
_TOO_MUCH = re.compile(r"rate.?limit", re.I)
_NO_CONNECTION = re.compile(r"NewConnectionError|ConnectTimeout|NameResolutionError|CERTIFICATE_VERIFY_FAILED")
_CALLS = re.compile(r"(?<=@)(?=everyone|here|channel|room|all\b)|(?<=<)(?=[@!#])", re.I)
JOINER = "\N{WORD JOINER}"

# Its debug lines hold addresses with tokens: they are read here, and go nowhere else.
_LOG = logging.getLogger("apprise")
_LOG.propagate = False
_LOG.setLevel(logging.DEBUG)
logging.getLogger("urllib3").setLevel(logging.INFO)

with warnings.catch_warnings():  # the first address loads every plugin, some with libraries of theirs that warn
    warnings.simplefilter("ignore")
    Apprise.instantiate("json://localhost")


@dataclass(frozen=True, slots=True)
class Options:
    """The keys of channels.toml. ``url`` is Apprise's address, a secret whole; ``base_url`` puts another one in place
    of the service's own, for services that have one."""

    url: Secret = field(repr=False)
    base_url: str | None = None
    length: int | None = None
    timeout_seconds: float = TOTAL_SECONDS

    def __post_init__(self) -> None:
        if self.length is not None and self.length < 1:
            raise ValueError("length is at least 1")
        if not 0 < self.timeout_seconds <= LONGEST_SECONDS:
            raise ValueError(f"timeout_seconds lies between 0 and {LONGEST_SECONDS:.0f}, the sender's own limit")

    def wrong(self, region: str) -> Wrong | None:
        """Whether Apprise understands the address, and it is one that this kind is for."""
        schema = _schema(self.url)
        if (own := OWN.get(schema)) is not None:
            return Wrong("url", f"{schema}:// has a kind of its own", f'write kind = "{own}"')
        service = _service(self)
        if service is None:
            hint = "see https://appriseit.com/services/ ; some services need another package"
            return Wrong("url", f"Apprise does not understand this address ({schema}://...)", hint)
        text, hint = _unfit(service, schema)
        if text:
            return Wrong("url", text, hint)
        if self.base_url is not None and not _place(service):
            return Wrong("base_url", f"{schema}:// has no address of its own to replace", "write the host into url")
        return None


class _Busy(Exception):
    """The plugin would sleep: the service has said that it takes nothing for so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:.0f} s")
        self.seconds = seconds


class _Late(Exception):
    """The plugin would begin a request that nobody waits for any more."""


class _Try(logging.Handler):
    """One try: the plugin's pause before each request, and what its log says in this thread."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.warned: list[str] = []  # without what it sends and gets, which may say anything
        self._begun = self._over = False
        self._gate = threading.Lock()
        self._thread = 0

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            (self.warned if record.levelno >= logging.WARNING else self.lines).append(record.getMessage())

    def throttle(self, last_io: object = None, wait: float | None = None) -> None:
        """Instead of the plugin's own: the pace is the channel's."""
        with self._gate:
            if self._over:
                raise _Late
            self._begun = True
        if wait or any(map(_TOO_MUCH.search, self.warned)):
            raise _Busy(wait or BUSY_SECONDS)

    def end(self) -> bool:
        """Let no request begin any more. Returns whether one has begun."""
        with self._gate:
            self._over = True
            return self._begun

    def run(self, service: NotifyBase, text: str) -> bool:
        """The plugin's answer. Raises _Busy and _Late."""
        self._thread = threading.get_ident()
        service.throttle = self.throttle  # type: ignore[method-assign]
        plain = NotifyFormat.TEXT if NotifyFormat.TEXT in _formats(service) else None  # else as it stands
        _LOG.addHandler(self)
        try:
            self.throttle()
            return bool(service.notify(body=text, title="", overflow=OverflowMode.UPSTREAM, body_format=plain))
        finally:
            _LOG.removeHandler(self)


class AppriseAccount:
    """One account (contract: ``broadcaster.domain.channel.Channel``)."""

    asks = False

    def __init__(self, name: str, options: Options) -> None:
        self.name = name
        self._options = options
        self._limits: Limits | None = None
        self._session = HttpSession(options.timeout_seconds)
        self._threads: ThreadPoolExecutor | None = None

    def __repr__(self) -> str:
        return f"<apprise {self.name}>"

    def limits(self) -> Limits:
        """One post per language, as long as the service takes (in UTF-16 units, which are never fewer than letters)."""
        if self._limits is None:
            service = _service(self._options)
            most = service.body_maxlen if service else LENGTH
            unit, most = COUNTED.get(_schema(self._options.url), ("utf16", most))
            extras = MappingProxyType({"in_flight": AT_ONCE})
            self._limits = Limits("short", unit, min(self._options.length or most, most), "account", extras=extras)
        return self._limits

    async def send(self, message: Message, recipient: Recipient, attempt: Attempt) -> Accepted:
        """One call of the plugin. Raises ChannelError or OutcomeUnknown."""
        text, limits = uncalled(message.text), self.limits()
        if COUNTERS[limits.unit](text) > limits.length:
            raise ChannelError("the service takes no text as long as this", code=TOO_LONG, permanent=True)
        service = _service(self._options)
        if service is None:
            raise ChannelError("Apprise does not understand the address", code="connect")
        tried = _Try()
        try:
            async with asyncio.timeout(self._options.timeout_seconds):
                done = await asyncio.get_running_loop().run_in_executor(self._pool(), tried.run, service, text)
        except _Busy as error:
            raise ChannelError("the service is busy", code="http_429", retry_after=error.seconds) from error
        except (_Late, TimeoutError) as error:
            if not tried.end():
                raise ChannelError("earlier posts of this account still hang", code="connect") from error
            raise OutcomeUnknown("the service has not answered in time") from error
        finally:
            tried.end()
        if not done:
            raise _failure(tried.warned, tried.lines)
        return Accepted(attempt.key or attempt.id, delivered=True)

    async def find(self, sent: Sent) -> Found | None:
        """Nobody can be asked."""
        raise OutcomeUnknown("Apprise cannot look for a post")

    async def check(self) -> tuple[Check, ...]:
        """Whether the service answers at all: nothing can be asked of it without posting."""
        service = _service(self._options)
        address = _origin(service) if service else ""
        said = f"{self.name}: {getattr(service, 'service_name', 'Apprise')}"
        if not address:
            return (Check(True, f"{said} cannot be asked without posting; its address is well formed"),)
        try:
            await self._session.exchange("GET", address)
        except (ChannelError, OutcomeUnknown) as error:
            hint = "compare the host in url; see whether this machine may reach it"
            return (Check(False, f"{said} does not answer: {error}", hint),)
        return (Check(True, f"{said} answers; whether it takes a post, only a post can tell"),)

    async def close(self) -> None:
        """Close all connections; what hangs in a thread ends by its own time limit."""
        if self._threads is not None:
            self._threads.shutdown(wait=False)
            self._threads = None
        await self._session.close()

    def _pool(self) -> ThreadPoolExecutor:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(AT_ONCE, f"apprise-{self.name}")
        return self._threads


def open_channel(name: str, options: Options, public_url: str) -> AppriseAccount:
    """The channel of that name; opens no connection."""
    return AppriseAccount(name, options)


def uncalled(text: str) -> str:
    """The text with an invisible joiner where a service would call everybody of a room (@everyone, <!channel>)."""
    return _CALLS.sub(JOINER, text)


def _schema(url: str) -> str:
    """What stands before "://"; nothing of an address that is none, for it may be a bare token."""
    found = re.match(r"\s*([a-z0-9]{1,20})://", url, re.I)
    return found.group(1).lower() if found else ""


def _service(options: Options) -> NotifyBase | None:
    """The plugin behind the address, set to follow no redirects; a new one for each try, for it keeps state."""
    asset = AppriseAsset(async_mode=False, http_redirects=False, image_url_mask="", image_url_logo="")
    service = Apprise.instantiate(options.url, asset=asset)
    if not isinstance(service, NotifyBase):
        return None
    service.optional, service.redirects = False, False
    service.socket_connect_timeout = min(CONNECT_SECONDS, options.timeout_seconds)
    service.socket_read_timeout = options.timeout_seconds
    if options.base_url is not None and (place := _place(service)):
        setattr(service, place, options.base_url.rstrip("/"))
    if _schema(options.url) == "discord":
        service.template = AppriseAttachment(str(DISCORD))  # type: ignore[attr-defined]
    return service


def _place(service: NotifyBase) -> str:
    """The name under which the plugin keeps its service's address; "" where it has none, or takes several."""
    several = getattr(service, "access_token", None)  # Slack's bots, unlike its webhooks
    return "" if several else next((name for name in _PLACES if hasattr(service, name)), "")


def _unfit(service: NotifyBase, schema: str) -> tuple[str, str]:
    """Why an address is not for this kind, and what to write; empty where it is."""
    keys: Any = service.template_tokens
    if schema not in GROUPS and any(_PERSON.fullmatch(key) for key in keys):
        return f"{schema}:// reaches people one by one", 'they subscribe: kind = "twilio_sms" or "smtp" has their list'
    if any(_NUMBER.fullmatch(str(target)) for target in getattr(service, "targets", None) or ()):
        return "a telephone number is no room", "name a group (signal://host/from/@group.…)"
    if schema in NO_ACCOUNT:
        return f"{schema}:// is no account that the public reads", "name a room, a topic or a group"
    if len(service) != 1:
        return f"it names {len(service)} rooms", "one channel for each, so that each has its own outcome"
    if not service.verify_certificate:
        return "verify=no leaves the certificate unchecked", "take it away"
    if schema in _names(service.protocol) and not _loopback(str(service.host or "")):
        return f"{schema}:// is not encrypted", f"write {schema}s://, or run it on this machine"
    return "", ""


def _names(protocol: object) -> tuple[str, ...]:
    return (protocol,) if isinstance(protocol, str) else tuple(protocol or ())  # type: ignore[arg-type]


def _formats(service: NotifyBase) -> tuple[Any, ...]:
    found: Any = service.notify_format
    return found if isinstance(found, tuple) else (found,)


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _origin(service: NotifyBase) -> str:
    """Where the service is: scheme, host and port alone, for what follows may be a token."""
    parts = urlsplit(str(getattr(service, "notify_url", "")).partition("{")[0])
    if parts.scheme in ("http", "https") and parts.netloc:
        return f"{parts.scheme}://{parts.netloc}/"
    if (
        service.schema in (*_names(service.protocol), *_names(service.secure_protocol))
        and "host" in service.template_tokens
    ):
        port = f":{service.port}" if service.port else ""
        return f"http{'s' if service.secure else ''}://{service.host}{port}/"
    return ""


def _failure(warned: list[str], lines: list[str]) -> ChannelError | OutcomeUnknown:
    """What the plugin's log tells of a post that did not come about: the last status, else how the connection ended.

    One request of several that proves nothing is enough: what follows it may be a mere farewell.
    """
    statuses = [int(found) for line in warned for found in _STATUS.findall(line)]
    if any(status >= 500 or status in (408, 425) or status < 300 for status in statuses):
        return OutcomeUnknown(f"the service answered {', '.join(map(str, statuses))}, which proves nothing")
    if statuses:
        code = f"http_{statuses[-1]}"
        permanent = CODES.get(code) in (Verdict.PERMANENT, Verdict.ALARM)
        return ChannelError(refusal("the service", statuses[-1], NO_REASON), code=code, permanent=permanent)
    if any(_NO_CONNECTION.search(line) for line in [*warned, *lines]):
        return ChannelError("no connection", code="connect")
    return OutcomeUnknown("Apprise does not say what became of it")
