"""Mail through an agency's own mail server (SMTP submission), by aiosmtplib: one mail per person.

"Delivered" means handed over: the mail server has taken it, and nothing more ever comes. A mail server cannot be
asked about a mail, so a connection cut after DATA stays unknown, and policy decides. A refusal is told by its enhanced
status code (RFC 3463) where that says more than the three digits before it. What a mail says: ``smtp_mail``.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from email.utils import parseaddr
from types import MappingProxyType
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

import aiosmtplib
from pydantic import Field

from broadcaster.channels.http import LONGEST_SECONDS, TOTAL_SECONDS, refusal, said
from broadcaster.channels.smtp_mail import Mailbox, compose, deliverable
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

PER_SECOND = 20  # mails, unless channels.toml says otherwise: 5,000 people in four minutes
LONGEST_TEXT = 100_000
MAILS_PER_CONNECTION = 100  # many servers end a connection themselves after about as many
UTF8 = "smtputf8"
_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")

# RFC 5321 section 4.2.3, RFC 4954; enhanced codes by IANA's registry (RFC 5248) and, from 4.7.28 and 5.7.57 on, by the
# manuals of Google and Microsoft. A 5xx to our sender or login means all mail, one to a recipient means this mail.
CODES: Codes = MappingProxyType(
    {
        "tls": Verdict.STOP_CHANNEL,  # no STARTTLS, or a certificate that is not good
        "sender": Verdict.STOP_CHANNEL,  # the server refuses our address
        "530": Verdict.STOP_CHANNEL,  # wants a login
        "534": Verdict.STOP_CHANNEL,
        "535": Verdict.STOP_CHANNEL,  # wrong login
        "538": Verdict.STOP_CHANNEL,
        **dict.fromkeys(("450", "451", "452", "455"), Verdict.RETRY),
        **dict.fromkeys(("421", "432", "454"), Verdict.BACK_OFF),  # the server itself is busy or closing
        **dict.fromkeys(("550", "551", "552", "553", "554", "555", "556", "address", UTF8), Verdict.PERMANENT),
        **dict.fromkeys(("500", "501", "502", "503", "504", "521"), Verdict.ALARM),
        **dict.fromkeys(("4.3.1", "4.3.2", "4.4.5", "4.7.28", "4.7.500"), Verdict.BACK_OFF),  # too much at once
        **dict.fromkeys(("4.2.0", "4.2.1", "4.2.2", "4.7.1"), Verdict.RETRY_LATER),  # greylisted, flooded, full
        **dict.fromkeys(("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.2.2"), Verdict.PERMANENT),
        **dict.fromkeys(("5.7.1", "5.7.23", "5.7.25", "5.7.26", "5.7.27"), Verdict.ALARM),  # filtered; SPF, DKIM, DNS
        **dict.fromkeys(("5.4.5", "5.7.57", "5.7.60", "5.7.64", "5.7.705", "5.7.708"), Verdict.STOP_CHANNEL),  # account
    }
)


@dataclass(frozen=True, slots=True)
class Options:
    """The keys of channels.toml. ``base_url`` is smtp://host[:port] (587) or smtps://host[:port] (465).

    smtp:// wants STARTTLS and a good certificate, but for a server on this machine. ``ca_file`` is a PEM file of
    the authority that signed the server's. ``connections`` bounds how many are open at once in one sender.
    ``bounces`` is the address that later refusals are sent to, in place of the sender's.
    """

    base_url: str
    from_: Annotated[str, Field(alias="from")]
    username: str | None = None
    password: Secret | None = field(default=None, repr=False)
    reply_to: str | None = None
    bounces: str | None = None
    ca_file: str | None = None
    connections: int = 10
    timeout_seconds: float = TOTAL_SECONDS

    def __post_init__(self) -> None:
        url = urlsplit(self.base_url)
        if not url.hostname or url.path.strip("/") or url.username:
            raise ValueError("base_url is smtp://host:port or smtps://host:port, without a path or login")
        if "@" not in parseaddr(self.from_)[1]:
            raise ValueError('from is a mail address, such as "Clearwater County <alerts@example.gov>"')
        if (self.username is None) is not (self.password is None):
            raise ValueError("username and password belong together")
        if not 1 <= self.connections <= 50:
            raise ValueError("connections lies between 1 and 50")
        if not 0 < self.timeout_seconds <= LONGEST_SECONDS:
            raise ValueError(f"timeout_seconds lies between 0 and {LONGEST_SECONDS:.0f}, the sender's own limit")

    def wrong(self, region: str) -> Wrong | None:
        """Whether our addresses can be written, and the file of ``ca_file`` is there and holds certificates."""
        for key, text in (("from", self.from_), ("reply_to", self.reply_to), ("bounces", self.bounces)):
            if text is not None and not _writable(parseaddr(text)[1]):
                return Wrong(key, f"{text!r} is no address that every mail server takes", "as alerts@example.gov")
        try:
            if self.ca_file is not None:
                ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ValueError) as error:
            text = f"{self.ca_file!r} cannot be used: {getattr(error, 'strerror', None) or error}"
            return Wrong("ca_file", text, "a PEM file of the authority that signed the mail server's certificate")
        return None


@dataclass(slots=True)
class _Line:
    """An open connection, how many mails went over it, and whether the mail in hand may have been taken."""

    client: aiosmtplib.SMTP
    mails: int = 0
    in_data: bool = False


class Smtp:
    """One mail server and sender address (contract: ``broadcaster.domain.channel.Channel``)."""

    asks = False

    def __init__(self, name: str, options: Options) -> None:
        self.name = name
        self._options = options
        self._url = urlsplit(options.base_url)
        title, address = parseaddr(options.from_)
        self._sender = Mailbox(title, deliverable(address), options.reply_to)
        host = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "alerts"
        self._sender = replace(self._sender, list_id=f"{host}.{self._sender.domain}")  # RFC 2919
        self._bounces = options.bounces or self._sender.address
        self._idle: list[_Line] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._free = asyncio.Semaphore(options.connections)
        self._tls: ssl.SSLContext | None = None

    def __repr__(self) -> str:
        return f"<smtp {self.name}>"

    def limits(self) -> Limits:
        """A long text with a subject, per person. No more at once than connections: a mail that waits for one is not
        begun, and must never look as though it might have gone."""
        extras = MappingProxyType({"in_flight": self._options.connections, "per_second": PER_SECOND})
        return Limits("long", "characters", LONGEST_TEXT, "people", address="email", extras=extras)

    async def send(self, message: Message, recipient: Recipient, attempt: Attempt) -> Accepted:
        """Hand one mail over. Raises ChannelError or OutcomeUnknown; never repeats itself."""
        to = deliverable(recipient.address)
        mail = compose(message, recipient, attempt, self._sender, to)
        line: _Line | None = None
        try:
            async with asyncio.timeout(self._options.timeout_seconds), self._gate():
                line = await self._take()
                async with self._used(line):
                    await _hand_over(line, self._bounces, to, mail)
        except (OSError, TimeoutError, aiosmtplib.SMTPException) as error:
            raise _refusal(error, line is not None and line.in_data, self._options.password or "") from error
        return Accepted(str(mail["Message-ID"]), delivered=True)

    async def find(self, sent: Sent) -> Found | None:
        """Nobody can be asked."""
        raise OutcomeUnknown("a mail server cannot be asked about a mail")

    async def check(self) -> tuple[Check, ...]:
        """Connect, log in, and say nothing."""
        try:
            async with asyncio.timeout(self._options.timeout_seconds), self._gate():
                line = await self._take()
                async with self._used(line):
                    await line.client.noop()
        except (OSError, TimeoutError, aiosmtplib.SMTPException) as error:
            problem = _refusal(error, False, self._options.password or "")
            hint = "compare base_url, username and password; port 587 for smtp://, 465 for smtps://"
            return (Check(False, f"{self.name}: the mail server does not let us in: {problem}", hint),)
        return (Check(True, f"{self.name}: {self._url.hostname} takes mail from {self._sender.address}"),)

    async def close(self) -> None:
        """Take leave of the server on all connections."""
        lines, self._idle = self._idle, []
        for line in lines:
            await _leave(line)

    # --- connections
    def _gate(self) -> asyncio.Semaphore:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # connections belong to the loop that opened them
            self._loop, self._idle = loop, []
            self._free = asyncio.Semaphore(self._options.connections)
        return self._free

    async def _take(self) -> _Line:
        while self._idle:
            line = self._idle.pop()
            if line.client.is_connected:
                return line
        client = aiosmtplib.SMTP(
            hostname=self._url.hostname,
            port=port(self._url),
            username=self._options.username,
            password=self._options.password,
            local_hostname=self._sender.domain,
            timeout=self._options.timeout_seconds,
            use_tls=self._direct,
            start_tls=False if self._direct else (None if self._local else True),
            tls_context=await asyncio.to_thread(self._context),
        )
        await client.connect()
        return _Line(client)

    @contextlib.asynccontextmanager
    async def _used(self, line: _Line) -> AsyncIterator[None]:
        """Keep the connection after a mail or a clean refusal; whatever else happened, let go of it."""
        keep = False
        try:
            yield
            keep = line.mails < MAILS_PER_CONNECTION
        except aiosmtplib.SMTPResponseException:
            keep = await _cleared(line)
            raise
        finally:
            if keep and line.client.is_connected:
                self._idle.append(line)
            else:
                _drop(line)

    @property
    def _direct(self) -> bool:
        return self._url.scheme == "smtps"

    @property
    def _local(self) -> bool:
        return is_loopback(self._url.hostname or "")

    def _context(self) -> ssl.SSLContext:
        """Made once: it reads the machine's certificates. On loopback without ca_file nobody can stand between."""
        if self._tls is None:
            self._tls = ssl.create_default_context(cafile=self._options.ca_file)
            if self._local and self._options.ca_file is None:
                self._tls.check_hostname = False
                self._tls.verify_mode = ssl.CERT_NONE
        return self._tls


def open_channel(name: str, options: Options, public_url: str) -> Smtp:
    """The channel of that name; opens no connection. Mail has no callbacks, so ``public_url`` is not needed."""
    return Smtp(name, options)


def port(url: SplitResult) -> int:
    """The port of a base_url: its own, else the one for submission with (smtps) or before (smtp) TLS."""
    return url.port or {"smtps": 465}.get(url.scheme, 587)


def is_loopback(host: str) -> bool:
    """Whether the name or address is this machine."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


async def _hand_over(line: _Line, sender: str, to: str, mail: EmailMessage) -> None:
    line.in_data = False
    options, encoding = ([], "ascii") if to.isascii() else (["SMTPUTF8"], "utf-8")
    if options and not line.client.supports_extension(UTF8):
        raise ChannelError("the mail server takes no addresses in other letters", code=UTF8, permanent=True)
    await line.client.mail(sender, options=options)
    await line.client.rcpt(to, encoding=encoding)
    line.in_data = True
    await line.client.data(mail.as_bytes())
    line.in_data = False
    line.mails += 1


async def _cleared(line: _Line) -> bool:
    """Whether the server has forgotten the refused mail and would take another."""
    try:
        await line.client.rset()
    except (OSError, TimeoutError, aiosmtplib.SMTPException):
        return False
    return True


async def _leave(line: _Line) -> None:
    with contextlib.suppress(OSError, TimeoutError, aiosmtplib.SMTPException):  # it was gone already
        transport = line.client.transport
        await line.client.quit(timeout=2)
        _abort(transport)
    _drop(line)
    await asyncio.sleep(0)  # the loop closes sockets at its next turn, and this may be its last


def _drop(line: _Line) -> None:
    """Let go at once: TLS would wait for the server's last word, which a loop that ends never hears."""
    _abort(line.client.transport)
    line.client.close()


def _abort(transport: asyncio.BaseTransport | None) -> None:
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


def _writable(address: str) -> bool:
    try:
        return "@" in address and deliverable(address).isascii()
    except ChannelError:
        return False


def _refusal(error: Exception, in_data: bool, secret: str) -> ChannelError | OutcomeUnknown:
    """What went wrong, in the contract's words. ``in_data``: the mail itself was on its way."""
    if isinstance(error, aiosmtplib.SMTPResponseException) and not isinstance(error, aiosmtplib.SMTPConnectError):
        return _answered(error, in_data, secret)
    if in_data:
        return OutcomeUnknown("the connection ended after the mail was sent")
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError) or _lacks_tls(error):
        return ChannelError("no safe connection to the mail server", code="tls")
    why = "it does not answer in time" if isinstance(error, TimeoutError) else "nobody answers there"
    return ChannelError(f"no connection: {why}", code="connect")


def _lacks_tls(error: Exception) -> bool:
    return isinstance(error, aiosmtplib.SMTPException) and "STARTTLS" in str(error)


def _answered(error: aiosmtplib.SMTPResponseException, in_data: bool, secret: str) -> ChannelError | OutcomeUnknown:
    if not 400 <= error.code <= 599:
        if in_data:
            return OutcomeUnknown(f"the mail server answered {error.code}, which proves nothing")
        return ChannelError(f"the mail server answered {error.code}, which is no SMTP", code="connect")
    code = _code(error)
    if isinstance(error, aiosmtplib.SMTPSenderRefused) and error.code >= 500 and error.code not in (530, 552):
        code = "sender"
    permanent = CODES.get(code, Verdict.RETRY_ONCE) in (Verdict.PERMANENT, Verdict.ALARM)
    return ChannelError(
        refusal("the mail server", error.code, said(error.message, secret)), code=code, permanent=permanent
    )


def _code(error: aiosmtplib.SMTPResponseException) -> str:
    """The enhanced code where it is one that says more, else the three digits."""
    found = _ENHANCED.match(error.message)
    enhanced = found.group(1) if found and found.group(1)[0] == str(error.code)[0] else ""
    return enhanced if enhanced in CODES else str(error.code)
