"""Mail: what a mail looks like, what each answer means, how connections are used. Over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest

from broadcaster.channels.smtp import CODES, MAILS_PER_CONNECTION, Options, Smtp, is_loopback, open_channel, port
from broadcaster.domain.channel import Accepted, ChannelError, OutcomeUnknown, Recipient, Secret, Verdict
from broadcaster.domain.config import ChannelConfig
from broadcaster.services.channels import pace_of
from tests.channels.ways import PUBLIC_URL, TEXT, attempt, message
from tests.providers.smtp import PASSWORD, USER, MailServer, SmtpFaults, mail_server

T = TypeVar("T")
ANA = "ana@judge.example"
WHO = Recipient(ANA, "es", f"{PUBLIC_URL}/unsubscribe/t0")


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as made:
        yield made


def using(server: MailServer, work: Callable[[Smtp], Awaitable[T]], **more: Any) -> T:
    given = {"base_url": f"smtp://127.0.0.1:{server.port}", "from_": "Judge County <alerts@judge.example>", **more}

    async def run() -> T:
        channel = open_channel("mail", Options(**given), PUBLIC_URL)
        try:
            return await work(channel)
        finally:
            await channel.close()

    return asyncio.run(run())


def send(server: MailServer, to: Recipient = WHO, text: str = TEXT, **more: Any) -> Accepted:
    sent = message(text, "es", subject="Evacuación: Canyon Rd")
    return using(server, lambda c: c.send(sent, to, attempt("at_1")), **more)


def refused(server: MailServer, **more: Any) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        send(server, **more)
    return raised.value


# --- the mail -------------------------------------------------------------------------------------------------
def test_a_mail_carries_everything_its_reader_and_their_program_need(server: MailServer) -> None:
    accepted = send(server, reply_to="desk@judge.example")
    [mail] = server.mails
    head = {name: str(value) for name, value in mail.message.items()}
    date = parsedate_to_datetime(head.pop("Date"))
    assert date.tzinfo is not None
    assert abs((date.astimezone(UTC) - attempt().started).total_seconds()) < 60
    assert (mail.sender, mail.to) == ("alerts@judge.example", [ANA])
    assert {name: head[name] for name in head if not name.startswith(("Content-T", "MIME", "X-"))} == {
        "From": "Judge County <alerts@judge.example>",
        "To": ANA,
        "Reply-To": "desk@judge.example",
        "Subject": "Evacuación: Canyon Rd",
        "Message-ID": "<at_1@judge.example>",
        "Auto-Submitted": "auto-generated",
        "Content-Language": "es",
        "List-Id": "<mail.judge.example>",
        "List-Unsubscribe": f"<{PUBLIC_URL}/unsubscribe/t0>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert accepted == Accepted("<at_1@judge.example>", delivered=True)


def test_without_a_subject_the_first_line_is_one(server: MailServer) -> None:
    using(server, lambda c: c.send(message("\n Leave  now \nby Mill St"), WHO, attempt()))
    assert server.mails[0].message["Subject"] == "Leave now"


def test_a_subject_cannot_add_headers(server: MailServer) -> None:
    sent = message(TEXT, subject="Leave\r\nBcc: all@judge.example")
    using(server, lambda c: c.send(sent, WHO, attempt()))
    assert server.mails[0].message["Bcc"] is None
    assert server.mails[0].to == [ANA]


def test_an_update_answers_the_earlier_mail(server: MailServer) -> None:
    using(server, lambda c: c.send(message(), WHO, attempt("at_2", earlier="<at_1@judge.example>")))
    head = server.mails[0].message
    assert (head["In-Reply-To"], head["References"]) == ("<at_1@judge.example>", "<at_1@judge.example>")


def test_somebody_without_a_leaving_address_gets_none(server: MailServer) -> None:
    send(server, to=Recipient(ANA, "en"))
    assert server.mails[0].message["List-Unsubscribe"] is None
    assert server.mails[0].message["List-Unsubscribe-Post"] is None


# --- safety of the connection ---------------------------------------------------------------------------------
def test_mail_goes_encrypted_and_logged_in_where_the_server_wants_it() -> None:
    with mail_server(starttls=True, login=True) as server:
        send(server, ca_file=server.ca_file, username=USER, password=Secret(PASSWORD))
        assert (server.mails[0].encrypted, server.mails[0].user) == (True, USER)


def test_on_this_machine_a_server_that_offers_starttls_gets_it_whoever_signed_its_certificate() -> None:
    with mail_server(starttls=True) as server:
        send(server)
        assert server.mails[0].encrypted


def test_a_certificate_that_ca_file_did_not_sign_stops_the_channel() -> None:
    with mail_server(starttls=True) as server, mail_server(starttls=True) as other:
        error = refused(server, ca_file=other.ca_file)
        assert (error.code, CODES[error.code]) == ("tls", Verdict.STOP_CHANNEL)
        assert server.mails == []


def test_elsewhere_no_mail_goes_without_starttls(server: MailServer) -> None:
    class Elsewhere(Smtp):
        _local = False  # as if the server were on another machine

    async def run() -> None:
        options = Options(f"smtp://127.0.0.1:{server.port}", "alerts@judge.example")
        with pytest.raises(ChannelError) as raised:
            await Elsewhere("mail", options).send(message(), WHO, attempt())
        assert raised.value.code == "tls"

    asyncio.run(run())
    assert server.mails == []


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("10.0.0.1", False), ("mail.example", False)],
)
def test_this_machine_is_known(host: str, local: bool) -> None:
    assert is_loopback(host) is local


@pytest.mark.parametrize(
    ("url", "expected"), [("smtp://m.example", 587), ("smtps://m.example", 465), ("smtps://m.example:2465", 2465)]
)
def test_each_way_in_has_its_port(url: str, expected: int) -> None:
    assert port(urlsplit(url)) == expected


def test_a_wrong_login_stops_the_channel_and_is_not_repeated() -> None:
    with mail_server(login=True) as server:
        error = refused(server, username=USER, password=Secret("wrong-password"))
        assert (error.code, error.permanent, CODES[error.code]) == ("535", False, Verdict.STOP_CHANNEL)
        assert "wrong-password" not in str(error)
        assert server.tries == 0


def test_a_server_that_wants_a_login_stops_the_channel() -> None:
    with mail_server(login=True) as server:
        assert CODES[refused(server).code] is Verdict.STOP_CHANNEL


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "smtp://"},
        {"base_url": "smtp://host/path"},
        {"base_url": "smtp://me:pw@host"},
        {"from_": "Judge County"},
        {"username": "me"},
        {"password": "pw"},
        {"connections": 0},
        {"connections": 51},
        {"timeout_seconds": 11},
        {"timeout_seconds": 0},
    ],
)
def test_options_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"base_url|from|belong|lies"):
        Options(**{"base_url": "smtp://mail.example", "from_": "a@judge.example", **wrong})


# --- what the answers mean ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("place", "reply", "code", "permanent", "verdict"),
    [
        ("rcpt", "450 4.2.0 greylisted", "4.2.0", False, Verdict.RETRY_LATER),
        ("rcpt", "452 4.2.2 full", "4.2.2", False, Verdict.RETRY_LATER),
        ("rcpt", "550 5.1.1 nobody here", "5.1.1", True, Verdict.PERMANENT),
        ("rcpt", "553 5.1.3 no address", "5.1.3", True, Verdict.PERMANENT),
        ("rcpt", "471 4.0.0 something", "471", False, None),
        ("mail", "451 4.3.0 later", "451", False, Verdict.RETRY),
        ("mail", "553 5.7.1 not your address", "sender", False, Verdict.STOP_CHANNEL),
        ("mail", "530 5.7.0 log in first", "530", False, Verdict.STOP_CHANNEL),
        ("mail", "552 5.3.4 too big", "552", True, Verdict.PERMANENT),
        ("data", "451 4.3.0 later", "451", False, Verdict.RETRY),
        ("data", "554 5.7.1 looks like spam", "5.7.1", True, Verdict.ALARM),
        ("data", "500 5.5.2 what", "500", True, Verdict.ALARM),
        ("data", "550 5.7.26-Unauthenticated mail\n550 5.7.26 see the manual", "5.7.26", True, Verdict.ALARM),
        ("data", "550 5.4.5 daily limit", "5.4.5", False, Verdict.STOP_CHANNEL),
        ("data", "550 4.2.2 of another class", "550", True, Verdict.PERMANENT),
        ("rcpt", "550 25.7.1 5.7.1 no such code", "550", True, Verdict.PERMANENT),
        ("rcpt", "421 4.7.0 try later", "421", False, Verdict.BACK_OFF),
        ("data", "454 Throttling failure", "454", False, Verdict.BACK_OFF),
    ],
)
def test_every_refusal_has_its_verdict(
    server: MailServer, place: str, reply: str, code: str, permanent: bool, verdict: Verdict | None
) -> None:
    server.faults = SmtpFaults(replies={place: reply})
    error = refused(server)
    assert (error.code, error.permanent, CODES.get(error.code)) == (code, permanent, verdict)
    assert server.mails == []


def test_a_server_that_repeats_our_password_does_not_bring_it_into_a_log() -> None:
    with mail_server(login=True) as server:
        server.faults = SmtpFaults(replies={"rcpt": f"550 5.7.1 who is {PASSWORD}?"})
        error = refused(server, username=USER, password=Secret(PASSWORD))
        assert "[secret]" in error.text
        assert PASSWORD not in error.text


def test_a_connection_cut_before_the_mail_is_certainly_not_sent(server: MailServer) -> None:
    server.faults = SmtpFaults(cut_rcpt=True)
    error = refused(server)
    assert (error.code, error.permanent) == ("connect", False)
    assert server.tries == 1


def test_a_connection_cut_after_the_mail_is_unknown(server: MailServer) -> None:
    server.faults = SmtpFaults(cut_after=True)
    with pytest.raises(OutcomeUnknown):
        send(server)
    assert (len(server.mails), server.tries) == (1, 1)


def test_silence_after_the_mail_is_unknown_at_the_time_limit(server: MailServer) -> None:
    server.faults = SmtpFaults(hang_after=True)
    with pytest.raises(OutcomeUnknown):
        send(server, timeout_seconds=1.5)
    assert (len(server.mails), server.tries) == (1, 1)


def test_an_answer_that_is_no_smtp_after_the_mail_is_unknown(server: MailServer) -> None:
    server.faults = SmtpFaults(replies={"data": "299 perhaps"})
    with pytest.raises(OutcomeUnknown):
        send(server)


# --- how connections are used ---------------------------------------------------------------------------------
async def several(channel: Smtp, count: int) -> None:
    for number in range(count):
        await channel.send(message(), WHO, attempt(f"at_{number}"))


def test_one_connection_serves_many_mails(server: MailServer) -> None:
    using(server, lambda channel: several(channel, 10))
    assert (len(server.mails), server.connections) == (10, 1)


def test_a_connection_is_replaced_before_the_server_ends_it(server: MailServer) -> None:
    using(server, lambda channel: several(channel, MAILS_PER_CONNECTION + 1))
    assert (len(server.mails), server.connections) == (MAILS_PER_CONNECTION + 1, 2)


def test_a_refused_mail_does_not_cost_the_connection(server: MailServer) -> None:
    server.faults = SmtpFaults(replies={"gone@judge.example": "550 5.1.1 nobody here"})

    async def work(channel: Smtp) -> None:
        with pytest.raises(ChannelError):
            await channel.send(message(), Recipient("gone@judge.example", "en"), attempt("at_1"))
        await channel.send(message(), WHO, attempt("at_2"))

    using(server, work)
    assert (len(server.mails), server.mails[0].to, server.connections) == (1, [ANA], 1)


def test_after_a_cut_the_next_mail_opens_a_new_connection(server: MailServer) -> None:
    async def work(channel: Smtp) -> None:
        server.faults = SmtpFaults(cut_after=True)
        with pytest.raises(OutcomeUnknown):
            await channel.send(message(), WHO, attempt("at_1"))
        server.faults = SmtpFaults()
        await channel.send(message(), WHO, attempt("at_2"))

    using(server, work)
    assert (len(server.mails), server.connections) == (2, 2)


def test_no_more_connections_than_configured_are_open(server: MailServer) -> None:
    async def work(channel: Smtp) -> None:
        await asyncio.gather(*(channel.send(message(), WHO, attempt(f"at_{n}")) for n in range(30)))

    using(server, work, connections=3)
    assert len(server.mails) == 30
    assert server.connections <= 3


def test_no_more_mails_are_in_flight_than_connections() -> None:
    for connections in (1, 10):
        options = Options("smtp://mail.example", "a@judge.example", connections=connections)
        assert open_channel("mail", options, "").limits().extras["in_flight"] == connections


def test_mail_goes_at_twenty_a_second_where_the_agency_says_nothing_else() -> None:
    limits = open_channel("mail", Options("smtp://mail.example", "a@judge.example"), "").limits()
    assert pace_of(ChannelConfig("mail", "smtp"), limits) == 20
    assert pace_of(ChannelConfig("mail", "smtp", per_second=3), limits) == 3
    assert pace_of(ChannelConfig("sms", "twilio_sms"), None) == 1
