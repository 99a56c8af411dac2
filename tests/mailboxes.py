"""Mail for tests: a real IMAP server on loopback (pymap), one that breaks the rules, a DNS, mails signed by DKIM."""

from __future__ import annotations

import contextlib
import imaplib
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from email.message import EmailMessage
from functools import cache

import dkim
import dns.message
import dns.resolver
import dns.rrset
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.servers import _die_with_parent

USER, PASSWORD = "alerts@county.example", 'geh"eim ü\\'
AGENCY = "alerts@agency.example"


class Imap:
    """A mail server on loopback. Each folder is a test's own."""

    def __init__(self, port: int) -> None:
        self.port = port

    def url(self, folder: str = "INBOX", scheme: str = "imap", port: int = 0) -> str:
        return f"{scheme}://127.0.0.1:{port or self.port}/{folder}"

    @contextlib.contextmanager
    def by_hand(self) -> Iterator[imaplib.IMAP4]:
        """As somebody else's mail program."""
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=10) as client:
            client.authenticate("PLAIN", lambda _: f"\0{USER}\0{PASSWORD}".encode())
            yield client

    def put(self, folder: str, *mails: bytes, day: float = 0) -> None:
        """Mails as the mail server takes them in, ``day`` seconds since 1970 (now where 0)."""
        with self.by_hand() as client:
            client.create(folder)
            for mail in mails:
                kind, said = client.append(folder, "", imaplib.Time2Internaldate(day or time.time()), mail)
                assert kind == "OK", said

    def remove(self, folder: str) -> None:
        with self.by_hand() as client:
            client.delete(folder)

    def flags(self, folder: str) -> list[bytes]:
        """Of every mail in it."""
        with self.by_hand() as client:
            client.select(folder, readonly=True)
            return [line for line in client.fetch("1:*", "(FLAGS)")[1] if isinstance(line, bytes)]


@contextlib.contextmanager
def imap_server() -> Iterator[Imap]:
    """A pymap that keeps its mails in memory."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = (  # 500,000 rounds for each login would take most of these tests' time
        "import hashlib, sys; slow = hashlib.pbkdf2_hmac\n"
        "hashlib.pbkdf2_hmac = lambda name, word, salt, rounds, *more: slow(name, word, salt, 1, *more)\n"
        "from pymap.main import main; sys.exit(main())"
    )
    words = ["--host", "127.0.0.1", "--port", str(port), "--no-tls", "dict", "--demo-user", USER]
    process = subprocess.Popen(
        [sys.executable, "-c", program, *words, "--demo-password", PASSWORD],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=_die_with_parent,
    )
    try:
        end = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert process.poll() is None, "pymap ended"
            assert time.monotonic() < end, "pymap did not start"
            time.sleep(0.05)
        yield Imap(port)
    finally:
        process.kill()
        process.wait()


# --- a server that does as a test says --------------------------------------------------------------------------------
Says = Callable[[str, Callable[[bytes], None]], bool]


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self._talk(self.server.says)  # type: ignore[attr-defined]

    def _talk(self, says: Says) -> None:
        def write(data: bytes) -> None:
            self.wfile.write(data)

        write(b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
        while line := self.rfile.readline():
            tag, _, rest = line.decode().strip().partition(" ")
            if says(rest, write):
                write(f"{tag} OK done\r\n".encode())
            elif rest.startswith("LOGIN"):
                write(f"{tag} NO no\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextlib.contextmanager
def odd_server(says: Says) -> Iterator[Imap]:
    """``says(command, write)`` writes untagged answers; True lets the server say OK."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.says = says  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Imap(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Relay(Imap):
    """What lies between a client and a server: it holds up the first demand for a whole mail until ``go``, and says
    when the mail has gone through."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.held, self.go, self.told = threading.Event(), threading.Event(), threading.Event()


@contextlib.contextmanager
def relay(imap: Imap) -> Iterator[Relay]:
    """For one connection."""
    listening = socket.create_server(("127.0.0.1", 0))
    made = Relay(listening.getsockname()[1])

    def pump(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if b"BODY.PEEK[]" in data:
                    made.held.set()
                    made.go.wait(60)
                target.sendall(data)
                if made.go.is_set() and b"BODY[]" in data:
                    made.told.set()

    def serve() -> None:
        client, _ = listening.accept()
        with client, socket.create_connection(("127.0.0.1", imap.port)) as server:
            back = threading.Thread(target=pump, args=(server, client), daemon=True)
            back.start()
            pump(client, server)
            server.shutdown(socket.SHUT_RDWR)
            back.join()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.go.set()
        thread.join(60)
        listening.close()


# --- mails ------------------------------------------------------------------------------------------------------------
def letter(*attached: bytes, sender: str = AGENCY, text: str = "See the attachment.", **head: str) -> bytes:
    """A mail with CAP attached."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = f"Agency <{sender}>", USER, "Warning"
    for name, value in head.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    for body in attached:
        made.add_attachment(body, maintype="application", subtype="cap+xml", filename="warning.xml")
    return made.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@cache
def key() -> tuple[bytes, bytes]:
    """A private key in PEM, and what stands in the DNS of it."""
    made = rsa.generate_private_key(65537, 1024)
    public = made.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    body = b"".join(line for line in public.splitlines() if b"-" not in line)
    private = made.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return private, b"v=DKIM1; k=rsa; p=" + body


def signed(mail: bytes, domain: str = "agency.example", **more: object) -> bytes:
    """The mail with a DKIM signature of the selector ``s1``."""
    values = {"include_headers": [b"from", b"subject", b"to", b"content-type", b"mime-version"], **more}
    return bytes(dkim.sign(mail, b"s1", domain.encode(), key()[0], **values)) + mail


@contextlib.contextmanager
def dns_server(records: Mapping[str, bytes] | None) -> Iterator[None]:
    """A DNS on loopback that knows these TXT records and nothing else, in the place of this machine's own; None: one
    that is out of order."""

    class Answers(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, sock = self.request
            asked = dns.message.from_wire(data)
            answer = dns.message.make_response(asked)
            name = asked.question[0].name.to_text().rstrip(".")
            if records is None:
                answer.set_rcode(2)
            elif name in records:
                text = records[name].decode()
                parts = " ".join(f'"{text[n : n + 200]}"' for n in range(0, len(text), 200))
                answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "TXT", parts))
            else:
                answer.set_rcode(3)
            sock.sendto(answer.to_wire(), self.client_address)

    server = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    own = dns.resolver.Resolver(configure=False)
    own.nameservers, own.port = ["127.0.0.1"], server.server_address[1]
    before, dns.resolver.default_resolver = dns.resolver.default_resolver, own
    try:
        yield
    finally:
        dns.resolver.default_resolver = before
        server.shutdown()
        server.server_close()
        thread.join()
