"""The mailbox's client against a real IMAP server, one behind TLS, and servers that break the rules."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from alert_feeds import mailbox
from alert_feeds.fetch import FetchError
from alert_feeds.mailbox import Login, opened
from broadcaster.domain.addresses import imap_address
from tests.mailboxes import PASSWORD, USER, Imap, imap_server, letter, odd_server

DAY = 86_400.0


@pytest.fixture(scope="module")
def imap() -> Iterator[Imap]:
    with imap_server() as server:
        yield server


def login(url: str, **more: object) -> Login:
    return Login(url, USER, PASSWORD, **{"allow_private": True, "timeout": 15.0, **more})  # type: ignore[arg-type]


def refusal(given: Login) -> FetchError:
    with pytest.raises(FetchError) as caught, opened(given):
        raise AssertionError("it was opened")
    assert PASSWORD not in str(caught.value)
    return caught.value


def test_mails_are_found_by_their_numbers_and_fetched_as_they_came(imap: Imap) -> None:
    mails = [letter(b"<alert/>", Subject_2=str(n)) for n in range(3)]
    imap.put("found", *mails)
    with opened(login(imap.url("found"))) as box:
        first, second, third = box.after(0)
        assert (box.after(second), box.after(third), box.last(), box.count) == ([third], [], third, 3)
        heads = list(box.heads([third, first, third + 7]))
        assert [(head.uid, head.size) for head in heads] == [(third, len(mails[2])), (first, len(mails[0]))]
        assert heads[0].sender.strip() == b"From: Agency <alerts@agency.example>"
        assert [box.mail(uid) for uid in (first, second, third + 7)] == [mails[0], mails[1], None]
        assert box.mail(first, 10) == mails[0][:10]


def test_nothing_in_the_mailbox_is_changed(imap: Imap) -> None:
    imap.put("same", letter(b"<alert/>"))
    with opened(login(imap.url("same"))) as box:
        assert box.mail(box.last())
    (flags,) = imap.flags("same")
    assert b"Seen" not in flags


def test_a_new_mailbox_is_asked_for_its_last_days_alone(imap: Imap) -> None:
    imap.put("old", letter(text="old"), day=time.time() - 5 * DAY)
    imap.put("old", letter(text="new"))
    with opened(login(imap.url("old"))) as box:
        assert box.since(datetime.now(UTC).date() - timedelta(days=2)) == [box.last()]
        assert len(box.since(datetime.now(UTC).date() - timedelta(days=7))) == 2


def test_a_folder_may_have_any_name(imap: Imap) -> None:
    with imap.by_hand() as client:
        client.create('"Alarme &ANw-ber &- \\"all\\""')
    with opened(login(imap.url("Alarme%20%C3%9Cber%20%26%20%22all%22"))) as box:
        assert (box.count, box.last(), box.after(0)) == (0, 100, [])


def test_what_is_wrong_with_the_mailbox_is_said(imap: Imap) -> None:
    missing = refusal(login(imap.url("Nowhere")))
    assert (missing.code, missing.permanent, "Nowhere" in missing.text) == ("folder", True, True)
    wrong = refusal(Login(imap.url(), USER, "wrong", allow_private=True))
    assert (wrong.code, wrong.permanent, "wrong" in wrong.text) == ("login", True, False)
    inside = refusal(login(imap.url(), allow_private=False))
    assert (inside.code, inside.permanent) == ("address", True)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        gone = refusal(login(imap.url(port=closed.getsockname()[1])))
    assert (gone.code, gone.permanent) == ("connect", False)


@pytest.mark.parametrize(
    "url", ["http://h/", "imaps:///INBOX", "imaps://u@h/", "imaps://h/?a", "imaps://h:0/", "imaps://h/a%0d%0aLOGOUT"]
)
def test_an_address_that_cannot_be_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="it"):
        imap_address(url)
    assert refusal(login(url)).code == "address"


def test_plain_text_is_for_this_machine_alone() -> None:
    assert imap_address("imap://127.0.0.1").plain
    assert imap_address("imap://localhost:1143/A").plain
    assert not imap_address("imap://mail.example").plain
    assert not imap_address("imap://127.0.0.1.evil.example").plain
    assert not imap_address("imaps://127.0.0.1").plain
    assert (imap_address("imaps://h").port, imap_address("imap://h").port, imap_address("imaps://h").folder) == (
        993,
        143,
        "INBOX",
    )


# --- TLS --------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 and of the name 127.1 (the same address), with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    names = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1")), x509.DNSName("127.1")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    made = made.add_extension(names, False).add_extension(x509.BasicConstraints(True, None), True)
    path = tmp_path_factory.mktemp("tls") / "mail.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(made.sign(key, SHA256()).public_bytes(Encoding.PEM) + private)
    return path


@contextlib.contextmanager
def in_tls(port: int, pem: Path, starttls: bool) -> Iterator[int]:
    """A port that speaks TLS, from the first byte or after STARTTLS, and hands on what is in it to ``port``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listening.accept()
                with contextlib.suppress(OSError), client:
                    if starttls:
                        _offer(client)
                    with context.wrap_socket(client, server_side=True) as inner:
                        _hand_on(inner, port, starttls)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def _offer(client: socket.socket) -> None:
    """Until STARTTLS; behind its answer somebody in between slips in one of his own."""
    client.sendall(b"* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready\r\n")
    while b"STARTTLS" not in (line := client.recv(1000)):
        client.sendall(b"* CAPABILITY IMAP4rev1 STARTTLS\r\n" + line.split()[0] + b" OK done\r\n")
    client.sendall(line.split()[0] + b" OK begin\r\n* CAPABILITY IMAP4rev1 SLIPPED\r\n")


def _hand_on(inner: ssl.SSLSocket, port: int, greeted: bool) -> None:
    with socket.create_connection(("127.0.0.1", port)) as server:
        if greeted:
            server.recv(1000)

        def back() -> None:
            with contextlib.suppress(OSError):
                while data := server.recv(65536):
                    inner.sendall(data)

        thread = threading.Thread(target=back, daemon=True)
        thread.start()
        while data := inner.recv(65536):
            server.sendall(data)
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_tls_is_from_the_first_byte_and_verified(imap: Imap, pem: Path) -> None:
    mail = letter(b"<alert/>")
    imap.put("tls", mail)
    with in_tls(imap.port, pem, starttls=False) as port:
        with opened(login(imap.url("tls", "imaps", port), ca_file=str(pem))) as box:
            assert box.mail(box.last()) == mail
        unknown = refusal(login(imap.url("tls", "imaps", port)))
        other = refusal(login(f"imaps://localhost:{port}/tls", ca_file=str(pem)))
    assert (unknown.code, unknown.permanent, other.code) == ("tls", True, "tls")


def test_starttls_is_demanded_of_every_other_machine(imap: Imap, pem: Path) -> None:
    imap.put("start", letter(b"<alert/>"))
    with in_tls(imap.port, pem, starttls=True) as port:
        with opened(login(f"imap://127.1:{port}/start", ca_file=str(pem))) as box:
            assert box.count == 1
        assert refusal(login(f"imap://127.1:{port}/start")).code == "tls"
    bare = refusal(login(f"imap://127.1:{imap.port}/start", ca_file=str(pem)))
    assert (bare.code, "STARTTLS" in bare.text) == ("tls", True)


# --- servers that break the rules -------------------------------------------------------------------------------------
Write = Callable[[bytes], None]


def answering(**own: bytes) -> Callable[[str, Write], bool]:
    """A server that logs everybody in and answers by the first word of a command (of UID: the second)."""
    usual = {"SELECT": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7]\r\n", "CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n"}
    answers = {**usual, "EXAMINE": usual["SELECT"], **own}

    def says(command: str, write: Write) -> bool:
        words = command.split()
        write(answers.get(words[1] if words[0] == "UID" else words[0], b""))
        return True

    return says


def asked(says: Callable[[str, Write], bool], **more: object) -> tuple[list[int], list[mailbox.Head], bytes | None]:
    given = {"allow_private": True, "timeout": 15.0, **more}
    with odd_server(says) as server, opened(Login(server.url(), 'o"dd', "pass", **given)) as box:  # type: ignore[arg-type]
        return box.after(0), list(box.heads([1])), box.mail(1)


def test_words_in_any_order_and_news_between_are_understood() -> None:
    news = b"* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n* 2 EXISTS\r\n"
    mail = b"* 1 FETCH (FLAGS () BODY[]<0> {3}\r\nabc UID 1 RFC822.SIZE 3)\r\n* 2 FETCH (UID 2 BODY[] {1}\r\nx)\r\n"
    uids, heads, body = asked(answering(SEARCH=b"* SEARCH 3 1\r\n* SEARCH 2\r\n", FETCH=news + mail))
    assert uids == [1, 2, 3]
    assert heads == [mailbox.Head(1, 3, b"abc")]
    assert body == b"abc"
    assert asked(answering(SEARCH=b"* SEARCH\r\n", FETCH=b"* 1 FETCH (UID 1 BODY[] NIL)\r\n")) == (
        [],
        [mailbox.Head(1, 0, b"")],
        b"",
    )


BROKEN = {
    "a mail without end": answering(FETCH=b"* 1 FETCH (UID 1 BODY[] {99999999999}\r\nabc"),
    "a number without end": answering(FETCH=b"* 1 FETCH (UID 1 BODY[] {" + b"9" * 5000 + b"}\r\nabc"),
    "a line without end": answering(SEARCH=b"* SEARCH " + b"1 " * mailbox.MAX_LINE),
    "no validity": answering(EXAMINE=b"* 1 EXISTS\r\n"),
    "nonsense": answering(SEARCH=b"\x00\xff nonsense\r\n"),
    "good-bye": answering(SEARCH=b"* BYE away\r\n"),
    "capabilities in a mail": answering(CAPABILITY=b"* CAPABILITY {3}\r\nabc\r\n"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_server_that_breaks_the_rules_is_an_error_of_its_own(name: str) -> None:
    said = BROKEN[name]

    def says(command: str, write: Write) -> bool:
        if name == "capabilities in a mail" and command == "CAPABILITY":
            write(b"* CAPABILITY {3}\r\nabc\r\n")
            return True
        return said(command, write)

    with pytest.raises(FetchError) as caught:
        asked(says)
    assert caught.value.code == "connection"


def test_a_password_that_cannot_be_sent_is_said_without_it() -> None:
    commands: list[str] = []

    def says(command: str, write: Write) -> bool:
        commands.append(command)
        return answering()(command, write)

    with odd_server(says) as server:
        assert refusal(login(server.url())).code == "login"
        with opened(Login(server.url(), 'o"dd', 'pa"ss', allow_private=True)):
            assert 'LOGIN "o\\"dd" "pa\\"ss"' in commands


def test_a_slow_drip_and_endless_words_end_in_time() -> None:
    def drip(command: str, write: Write) -> bool:
        while command.startswith("UID"):
            write(b"*")
            time.sleep(0.05)
        return answering()(command, write)

    def endless(command: str, write: Write) -> bool:
        while command.startswith("UID"):
            write(b"* 1 EXISTS\r\n" * 100)
            time.sleep(0.01)
        return answering()(command, write)

    for says in (drip, endless):
        began = time.monotonic()
        with pytest.raises(FetchError) as caught:
            asked(says, timeout=1.0)
        assert (caught.value.code, caught.value.permanent) == ("timeout", False)
        assert time.monotonic() - began < 10
