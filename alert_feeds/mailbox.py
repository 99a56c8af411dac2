"""A mailbox read by IMAP (RFC 9051, 3501): beside ``fetch`` the only opener of connections in this room. Bytes out.

Nothing in the mailbox is changed: the folder is opened by EXAMINE and mails are fetched by BODY.PEEK, so that not even
the mark "seen" is set. Every step is bounded: the time of all of it, the bytes of all of it, of one line and one mail.
"""

from __future__ import annotations

import contextlib
import imaplib
import re
import socket
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from io import BufferedReader
from typing import Any

from alert_feeds.fetch import FetchError
from broadcaster.domain.addresses import ImapAddress, imap_address, refused

MAX_MAIL = 12 * 1024 * 1024  # a document of ``document.MAX_BYTES`` in base64, with room for its neighbours
MAX_WIRE = 96 * 1024 * 1024  # of one look at the mailbox
MAX_LINE = 1024 * 1024
HEADS_AT_ONCE = 200
TIMEOUT = 60.0  # seconds for one look at the mailbox, from the first to the last byte
STEP = 20.0  # seconds of silence
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBERED = re.compile(rb"^\d+ \(")
_UID, _SIZE = re.compile(rb"\bUID (\d{1,10})\b"), re.compile(rb"\bRFC822\.SIZE (\d{1,18})\b")
# beside OSError, what imaplib raises where a server does not keep to the protocol
_BREAKS = (imaplib.IMAP4.error, ValueError, TypeError, LookupError, AttributeError)


@dataclass(frozen=True, slots=True)
class Login:
    """A mailbox to be looked at. ``url`` is imaps://host[:port]/FOLDER; ``ca_file`` a PEM file of its authority."""

    url: str
    user: str
    password: str = field(repr=False)
    allow_private: bool = False
    ca_file: str = ""
    timeout: float = TIMEOUT


@dataclass(frozen=True, slots=True)
class Head:
    """A mail by its number, its bytes and its From line, before it is fetched."""

    uid: int
    size: int
    sender: bytes


@contextlib.contextmanager
def opened(login: Login) -> Iterator[Mailbox]:
    """The folder, for reading alone; closed at the end, and after ``timeout`` seconds whatever happens.

    Raises FetchError; so do the methods of what it gives.
    """
    try:
        where = imap_address(login.url)
    except ValueError as error:
        raise FetchError("address", f"{login.url} cannot be asked: {error}", permanent=True) from error
    wire = _Wire(where, login)
    try:
        with _told(wire):
            wire.begin()
            box = _in_folder(wire, where, login)
        yield box
        wire.leave()
    finally:
        wire.shutdown()


class _NotThere(OSError):
    """No address of the host answers."""


@contextlib.contextmanager
def _told(wire: _Wire) -> Iterator[None]:
    """Whatever goes wrong on the wire as a FetchError."""
    host = wire.where.host
    try:
        yield
    except ssl.SSLError as error:
        if wire.late:
            raise FetchError("timeout", f"No complete answer in time from {host}") from error
        text = f"No connection to {host} by trusted TLS: {_short(error)}"
        raise FetchError("tls", text, permanent=True) from error
    except _NotThere as error:
        raise FetchError("connect", str(error)) from error
    except (OSError, *_BREAKS) as error:
        if wire.late or isinstance(error, TimeoutError):
            raise FetchError("timeout", f"No complete answer in time from {host}") from error
        said = _short(error) or type(error).__name__
        raise FetchError("connection", f"The answer of {host} broke off: {said}") from error


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An open folder of ``count`` mails. ``validity`` is its UIDVALIDITY: with another one every number means another
    mail. ``following``: the number of the next mail to come (UIDNEXT), where the server says it."""

    wire: _Wire
    validity: int
    following: int | None
    count: int

    def after(self, uid: int) -> list[int]:
        """The numbers of mails that came after this one, in their order."""
        return [found for found in self._search(f"UID {uid + 1}:*") if found > uid]

    def since(self, day: date) -> list[int]:
        """The numbers of mails that came on this day or later, by the server's calendar."""
        return self._search(f"SINCE {day.day}-{_MONTHS[day.month - 1]}-{day.year}")

    def last(self) -> int:
        """The number below which every mail of now is."""
        if self.following is not None:
            return self.following - 1
        return max(self._search("ALL"), default=0)

    def heads(self, uids: Sequence[int]) -> Iterator[Head]:
        """Size and From of these mails, in their order; of one that is gone nothing comes."""
        for start in range(0, len(uids), HEADS_AT_ONCE):
            some = uids[start : start + HEADS_AT_ONCE]
            numbers = ",".join(map(str, some))
            answer = self.wire.asked("FETCH", numbers, "(UID RFC822.SIZE BODY.PEEK[HEADER.FIELDS (FROM)])")
            heads = {head.uid: head for head in map(_head, _messages(answer)) if head is not None}
            yield from (heads[uid] for uid in some if uid in heads)

    def mail(self, uid: int, most: int = MAX_MAIL) -> bytes | None:
        """The bytes of a mail, at most ``most`` of them; None where it is gone."""
        answer = self.wire.asked("FETCH", str(uid), f"(UID BODY.PEEK[]<0.{most}>)")
        found = (body for meta, body in _messages(answer) if b"BODY[" in meta and _number(_UID, meta) == uid)
        return next(found, None)

    def _search(self, what: str) -> list[int]:
        words = b" ".join(part for part in self.wire.asked("SEARCH", what) if isinstance(part, bytes)).split()
        return sorted({int(word) for word in words if word.isdigit() and len(word) <= 10})


def _messages(answer: Sequence[Any]) -> Iterator[tuple[bytes, bytes]]:
    """(what the server says around it, the bytes) of each message in an answer to FETCH, as imaplib hands it over."""
    meta, body = b"", b""
    for part in answer:
        said, literal = part if isinstance(part, tuple) else (part or b"", b"")
        if _NUMBERED.match(said) and meta:
            yield meta, body
            meta, body = b"", b""
        meta, body = meta + b" " + said if meta else said, literal or body
    if meta:
        yield meta, body


def _head(message: tuple[bytes, bytes]) -> Head | None:
    meta, body = message
    uid = _number(_UID, meta)
    return None if uid is None or b"BODY[" not in meta else Head(uid, _number(_SIZE, meta) or 0, body)


def _number(pattern: re.Pattern[bytes], text: bytes) -> int | None:
    found = pattern.search(text)
    return int(found.group(1)) if found else None


# --- the connection ---------------------------------------------------------------------------------------------------
class _Wire(imaplib.IMAP4):
    """imaplib over a socket to a checked address, with bounds on what is read and until when."""

    def __init__(self, where: ImapAddress, login: Login) -> None:
        self.where, self._login = where, login
        self._left = MAX_WIRE
        self._until = time.monotonic() + login.timeout
        self._reader: BufferedReader | None = None
        self._read_of: socket.socket | None = None
        self._socket: socket.socket | None = None
        self.late = False
        self._watch = threading.Timer(login.timeout, self._cut)
        self._watch.daemon = True

    def begin(self) -> None:
        """Connect, and read the greeting (which is what imaplib's own beginning does)."""
        self._watch.start()
        super().__init__(self.where.host, self.where.port, STEP)

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
        """imaplib's way to replace how it connects."""
        self.host, self.port = self.where.host, self.where.port
        self.sock = self._socket = _connected(self.where, self._login.allow_private)
        if self.where.tls:
            self._encrypt()

    def read(self, size: int) -> bytes:
        """As imaplib asks for a literal: never more than one mail, nor than is left of all."""
        self._spend(size, MAX_MAIL)
        data = self._stream.read(size)
        if len(data) < size:
            raise OSError("it ends in the middle")
        return data

    def readline(self) -> bytes:
        """One line of an answer."""
        line = self._stream.readline(MAX_LINE + 1)
        self._spend(len(line), MAX_LINE)
        return line

    def send(self, data: Any) -> None:
        """As imaplib sends."""
        self.sock.sendall(data)

    def shutdown(self) -> None:
        """As imaplib closes; again does no harm."""
        self._watch.cancel()
        for one in (self._reader, self._socket):
            if one is not None:
                with contextlib.suppress(OSError):
                    one.close()

    def asked(self, command: str, *arguments: str) -> Sequence[Any]:
        """The data of a UID command that the server says OK to. Raises FetchError."""
        with _told(self):
            kind, data = self.uid(command, *arguments)
            if kind != "OK":
                raise self.error(f"{command}: {_said(data)}")
            return data

    def secure(self) -> None:
        """STARTTLS; what was read before it, capabilities too, counts nothing after it."""
        kind, data = self.xatom("STARTTLS")
        if kind != "OK":
            raise self.error(f"STARTTLS: {_said(data)}")
        self._encrypt()
        _, data = self.capability()
        self.capabilities = tuple(str(data[-1] or b"", "ascii").upper().split())

    def _encrypt(self) -> None:
        """TLS with a certificate of this host; the handshake is no longer than all the rest may be."""
        context = ssl.create_default_context(cafile=self._login.ca_file or None)
        made = context.wrap_socket(self.sock, server_hostname=self.where.host, do_handshake_on_connect=False)
        self.sock = self._socket = made
        made.do_handshake()

    def leave(self) -> None:
        """Say good-bye where the server still listens."""
        with contextlib.suppress(OSError, *_BREAKS):
            self.logout()

    @property
    def _stream(self) -> BufferedReader:
        """A reader of the socket as it is now, so that a new one begins with STARTTLS."""
        if self._reader is None or self._read_of is not self.sock:
            self._reader, self._read_of = self.sock.makefile("rb"), self.sock
        return self._reader

    def _spend(self, size: int, most: int) -> None:
        self._left -= size
        if size > most or self._left < 0:
            raise ValueError("it has more bytes than are read")
        if time.monotonic() > self._until:
            raise TimeoutError

    def _cut(self) -> None:
        """The time is over: whoever reads gets an end at once."""
        self.late = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def _connected(where: ImapAddress, allow_private: bool) -> socket.socket:
    """A socket to the first permitted address that answers; each is checked as it is connected to."""
    why: list[str] = []
    barred: list[str] = []
    try:
        found = socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise _NotThere(f"No connection to {where.host}: {error.strerror}") from error
    for family, kind, proto, _, place in found:
        if reason := refused(str(place[0]), allow_private):
            barred.append(f"{place[0]} {reason}")
            continue
        sock = socket.socket(family, kind, proto)
        sock.settimeout(STEP)
        try:
            sock.connect(place)
        except OSError as error:
            sock.close()
            why.append(str(error))
            continue
        return sock
    if not why:
        raise FetchError("address", f"{where.host}: {barred[-1]}", permanent=True)
    raise _NotThere(f"No connection to {where.host}: {why[-1]}")


def _in_folder(wire: _Wire, where: ImapAddress, login: Login) -> Mailbox:
    if not where.tls and not where.plain:
        if "STARTTLS" not in wire.capabilities:
            text = f"No connection to {where.host} by trusted TLS: it offers no STARTTLS. Use imaps://."
            raise FetchError("tls", text, permanent=True)
        wire.secure()
    _log_in(wire, where, login)
    kind, data = wire.select(f'"{_folder(where.folder)}"', readonly=True)
    if kind != "OK":
        text = f"There is no folder {where.folder} in the mailbox of {login.user}: {_said(data)}"
        raise FetchError("folder", text, permanent=True)
    validity = _answered(wire, "UIDVALIDITY")
    if validity is None:
        raise ValueError("it gives its mails no lasting numbers (UIDVALIDITY)")
    count = int(data[0] or 0) if data and isinstance(data[0], bytes) else 0
    return Mailbox(wire, validity, _answered(wire, "UIDNEXT"), count)


def _log_in(wire: _Wire, where: ImapAddress, login: Login) -> None:
    """SASL PLAIN where it is offered, because LOGIN knows no letters beyond ASCII."""
    plain = "AUTH=PLAIN" in wire.capabilities
    if not plain and not f"{login.user}{login.password}".isascii():
        text = f"{where.host} takes only names and passwords of ASCII letters; give {login.user} another password"
        raise FetchError("login", text, permanent=True)
    try:
        if plain:
            answer = f"\0{login.user}\0{login.password}".encode()
            wire.authenticate("PLAIN", lambda _: answer)
        else:
            wire.login(f'"{_quoted(login.user)}"', login.password)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        text = f"{where.host} refuses the login of {login.user}: {_short(error)}"
        raise FetchError("login", text, permanent=True) from error


def _answered(wire: _Wire, code: str) -> int | None:
    _, data = wire.response(code)
    text = data[-1] if data else None
    return int(text) if isinstance(text, bytes) and text.isdigit() and len(text) <= 10 else None


def _folder(name: str) -> str:
    """A folder's name as IMAP writes it: modified UTF-7 (RFC 3501, section 5.1.3), quoted."""
    made = re.sub(r"[^\x20-\x7e]+|&", lambda found: _base(found.group()), name)
    return _quoted(made)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _base(text: str) -> str:
    if text == "&":
        return "&-"
    return "&" + b64encode(text.encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"


def _said(data: Sequence[Any]) -> str:
    return _clean(data[0].decode("utf-8", "replace")) if data and isinstance(data[0], bytes) else "no reason given"


def _short(error: BaseException) -> str:
    text = error.args[0] if error.args else ""
    return _clean(text.decode("utf-8", "replace") if isinstance(text, bytes) else str(error))


def _clean(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)[:200].strip()
