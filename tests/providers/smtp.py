"""A mail server (aiosmtpd): STARTTLS with a certificate of our own, login, faults, every mail kept.

As a process: ``python -m tests.providers.smtp --port 4012 [--starttls yes]``; mails go to stdout as JSON lines.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import ssl
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.providers.base import Thread, arguments

USER, PASSWORD = "county", "pass-of-the-mail-account"


@dataclass
class SmtpFaults:
    """``replies``: command (mail, rcpt, data_start, data) or an address -> the reply it gets instead of 250.

    ``cut_after`` takes the mail and ends the connection without a word, ``hang_after`` takes it and says nothing,
    ``cut_rcpt`` ends the connection before the mail. ``latency``: seconds that the server takes for a mail.
    """

    replies: dict[str, str] = field(default_factory=dict)
    cut_after: bool = False
    hang_after: bool = False
    cut_rcpt: bool = False
    latency: float = 0.0


@dataclass(slots=True)
class Mail:
    """A mail as it came in: envelope and parsed message."""

    sender: str
    to: list[str]
    message: EmailMessage
    encrypted: bool
    user: str
    raw: bytes


class MailServer:
    """``mails`` in order, ``connections`` counts sessions, ``tries`` counts RCPT commands."""

    def __init__(self, *, starttls: bool = False, login: bool = False, utf8: bool = False) -> None:
        self.faults = SmtpFaults()
        self.mails: list[Mail] = []
        self.connections = 0
        self.tries = 0
        self.starttls, self.login, self.utf8 = starttls, login, utf8
        self.port = 0
        self.ca_file = ""
        self._context: ssl.SSLContext | None = None
        self._server: asyncio.Server | None = None
        self._open: set[_Wire] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._released: asyncio.Event | None = None

    async def start(self, folder: Path, port: int = 0) -> None:
        """Listen on loopback."""
        self._loop, self._released = asyncio.get_running_loop(), asyncio.Event()
        if self.starttls:
            self.ca_file, key = make_certificate(folder)
            self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._context.load_cert_chain(self.ca_file, key)
        self._server = await asyncio.get_running_loop().create_server(self._wire, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    def _wire(self) -> SMTP:
        self.connections += 1
        with warnings.catch_warnings():  # aiosmtpd warns of a login without TLS, which loopback tests want
            warnings.simplefilter("ignore")
            wire = _Wire(
                self,
                hostname="mail.test",
                enable_SMTPUTF8=self.utf8,
                tls_context=self._context,
                require_starttls=self.starttls,
                authenticator=self._authenticate if self.login else None,
                auth_required=self.login,
                auth_require_tls=self.starttls,
                loop=asyncio.get_running_loop(),
            )
        wire.book = self._open
        return wire

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=good, handled=False, auth_data=USER if good else None)

    def release(self) -> None:
        """Let hanging mails be answered, from another thread."""
        assert self._loop is not None
        assert self._released is not None
        self._loop.call_soon_threadsafe(self._released.set)

    async def stop(self) -> None:
        """End all connections."""
        assert self._server is not None
        self._server.close()
        for wire in list(self._open):
            wire.end()
        await self._server.wait_closed()
        await asyncio.sleep(0.02)

    # --- aiosmtpd's hooks
    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "mail" in self.faults.replies:
            return self.faults.replies["mail"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.tries += 1
        if self.faults.cut_rcpt:
            _abort(server.transport)
            return "250 OK"
        reply = self.faults.replies.get(address) or self.faults.replies.get("rcpt")
        if reply is None:
            envelope.rcpt_tos.append(address)
        return reply or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if "data" in self.faults.replies:
            return self.faults.replies["data"]
        await asyncio.sleep(self.faults.latency)
        message = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        assert isinstance(message, EmailMessage)
        user = str(session.auth_data) if session.authenticated else ""
        self.mails.append(
            Mail(
                str(envelope.mail_from),
                list(envelope.rcpt_tos),
                message,
                session.ssl is not None,
                user,
                envelope.original_content or b"",
            )
        )
        if self.faults.cut_after:
            _abort(server.transport)
        if self.faults.hang_after:
            assert self._released is not None
            await self._released.wait()
        return "250 OK"


class _Wire(SMTP):
    book: set[_Wire]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.book.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.book.discard(self)
        super().connection_lost(error)

    def end(self) -> None:
        _abort(self.transport)
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()


def _abort(transport: object) -> None:
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


@contextlib.contextmanager
def mail_server(
    *, starttls: bool = False, login: bool = False, utf8: bool = False, port: int = 0
) -> Iterator[MailServer]:
    """Run a mail server in a thread of its own."""
    thread = Thread()
    server = MailServer(starttls=starttls, login=login, utf8=utf8)
    with tempfile.TemporaryDirectory() as folder:
        try:
            thread.run(server.start(Path(folder), port))
            yield server
            thread.run(server.stop())
        finally:
            thread.close()


def make_certificate(folder: Path) -> tuple[str, str]:
    """A certificate for 127.0.0.1 and localhost that signs itself: (certificate file, key file)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    now = datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "cert.pem", folder / "key.pem"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(public), str(private)


if __name__ == "__main__":
    given = arguments(starttls="").parse_args()

    async def forever() -> None:
        server = MailServer(starttls=bool(given.starttls))
        await server.start(Path(tempfile.mkdtemp()), given.port)
        print(json.dumps({"base_url": f"smtp://127.0.0.1:{server.port}", "ca_file": server.ca_file}), flush=True)
        shown = 0
        while True:
            await asyncio.sleep(0.2)
            for mail in server.mails[shown:]:
                print(json.dumps({"to": mail.to, "subject": mail.message["Subject"]}), flush=True)
            shown = len(server.mails)

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(forever())
