"""Mail through an agency's own mail server (SMTP submission), by aiosmtplib: one mail per person.

"Delivered" means handed over: the mail server has taken it, and nothing more ever comes. A mail server cannot be
asked about a mail, so a connection cut after DATA stays unknown, and policy decides.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from types import MappingProxyType
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

import aiosmtplib
from pydantic import Field

from broadcaster.channels.http import LONGEST_SECONDS, TOTAL_SECONDS, said
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
LONGEST_SUBJECT = 200
MAILS_PER_CONNECTION = 100  # many servers end a connection themselves after about as many
_POLICY = SMTP_POLICY.clone(cte_type="7bit")

# RFC 5321 section 4.2.3 and RFC 4954. A 5xx to our sender or login means all mail, one to a recipient means this mail.
CODES: Codes = MappingProxyType(
    {
        "connect": Verdict.RETRY,
        "tls": Verdict.STOP_CHANNEL,  # no STARTTLS, or a certificate that is not good
        "sender": Verdict.STOP_CHANNEL,  # the server refuses our address
        "530": Verdict.STOP_CHANNEL,  # wants a login
        "534": Verdict.STOP_CHANNEL,
        "535": Verdict.STOP_CHANNEL,  # wrong login
        "538": Verdict.STOP_CHANNEL,
        **dict.fromkeys(("421", "432", "450", "451", "452", "454", "455"), Verdict.RETRY),
        **dict.fromkeys(("550", "551", "552", "553", "554", "555", "556", "address"), Verdict.PERMANENT),
        **dict.fromkeys(("500", "501", "502", "503", "504", "521"), Verdict.ALARM),
    }
)


@dataclass(frozen=True, slots=True)
class Options:
    """The keys of channels.toml. ``base_url`` is smtp://host[:port] (587) or smtps://host[:port] (465).

    smtp:// wants STARTTLS and a good certificate, but for a server on this machine. ``ca_file`` is a PEM file of
    the authority that signed the server's. ``connections`` bounds how many are open at once in one sender.
    """

    base_url: str
    from_: Annotated[str, Field(alias="from")]
    username: str | None = None
    password: Secret | None = field(default=None, repr=False)
    reply_to: str | None = None
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
        """Whether the file of ``ca_file`` is there and holds certificates."""
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
        self._sender = parseaddr(options.from_)[1]
        self._domain = self._sender.rpartition("@")[2]
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
        to = _ascii(recipient.address)
        mail = compose(message, recipient, attempt, self._options, to)
        line: _Line | None = None
        try:
            async with asyncio.timeout(self._options.timeout_seconds), self._gate():
                line = await self._take()
                async with self._used(line):
                    await _hand_over(line, self._sender, to, mail)
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
        return (Check(True, f"{self.name}: {self._url.hostname} takes mail from {self._sender}"),)

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
            local_hostname=self._domain,
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
                line.client.close()

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
    await line.client.mail(sender)
    await line.client.rcpt(to)
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
    try:
        await line.client.quit(timeout=2)
    except (OSError, TimeoutError, aiosmtplib.SMTPException):
        line.client.close()  # it was gone already


def compose(message: Message, recipient: Recipient, attempt: Attempt, options: Options, to: str) -> EmailMessage:
    """The mail, with the attempt's id in its Message-ID and one-click leaving (RFC 8058) in its headers."""
    sender = parseaddr(options.from_)
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = Address(sender[0], addr_spec=sender[1])
    mail["To"] = to
    mail["Subject"] = _subject(message)
    mail["Date"] = format_datetime(attempt.started)
    mail["Message-ID"] = f"<{attempt.id}@{sender[1].rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    if options.reply_to:
        mail["Reply-To"] = options.reply_to
    if attempt.earlier:
        mail["In-Reply-To"] = mail["References"] = attempt.earlier
    if recipient.unsubscribe_url:
        mail["List-Unsubscribe"] = f"<{recipient.unsubscribe_url}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(message.text)
    mail["Content-Language"] = message.language  # after set_content, which drops every Content- header
    return mail


def _subject(message: Message) -> str:
    words = message.subject or message.text.strip().partition("\n")[0]
    return " ".join(words.split())[:LONGEST_SUBJECT]


def _ascii(address: str) -> str:
    """The address with its domain in ASCII (IDNA); raises ChannelError where there is none."""
    local, at, domain = address.rpartition("@")
    try:
        plain = f"{local.encode('ascii').decode()}@{domain.encode('idna').decode()}"
    except UnicodeError:
        plain = ""
    if not (local and at and plain) or any(letter.isspace() or not letter.isprintable() for letter in plain):
        raise ChannelError("not an address that mail can be sent to", code="address", permanent=True)
    return plain


def _refusal(error: Exception, in_data: bool, secret: str) -> ChannelError | OutcomeUnknown:
    """What went wrong, in the contract's words. ``in_data``: the mail itself was on its way."""
    if isinstance(error, aiosmtplib.SMTPResponseException) and not isinstance(error, aiosmtplib.SMTPConnectError):
        return _answered(error, in_data, secret)
    if in_data:
        return OutcomeUnknown(f"the connection ended after the mail was sent: {type(error).__name__}")
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError) or _lacks_tls(error):
        return ChannelError("no safe connection to the mail server", code="tls")
    return ChannelError(f"no connection to the mail server: {type(error).__name__}", code="connect")


def _lacks_tls(error: Exception) -> bool:
    return isinstance(error, aiosmtplib.SMTPException) and "STARTTLS" in str(error)


def _answered(error: aiosmtplib.SMTPResponseException, in_data: bool, secret: str) -> ChannelError | OutcomeUnknown:
    if not 400 <= error.code <= 599:
        if in_data:
            return OutcomeUnknown(f"the mail server answered {error.code}, which proves nothing")
        return ChannelError(f"the mail server answered {error.code}, which is no SMTP", code="connect")
    code = str(error.code)
    if isinstance(error, aiosmtplib.SMTPSenderRefused) and error.code >= 500 and error.code not in (530, 552):
        code = "sender"
    permanent = CODES.get(code, Verdict.RETRY_ONCE) in (Verdict.PERMANENT, Verdict.ALARM)
    return ChannelError(
        f"the mail server refused with {error.code}: {said(error.message, secret)}", code=code, permanent=permanent
    )
