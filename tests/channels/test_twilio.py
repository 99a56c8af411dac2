"""Twilio: what is asked, what each answer means, how an attempt is found again. Over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from aiohttp import web

from broadcaster.channels import twilio_http
from broadcaster.channels.twilio_sms import CODES, Options, TwilioSms, open_channel, same_text
from broadcaster.domain.channel import (
    Attempt,
    ChannelError,
    Found,
    OutcomeUnknown,
    Recipient,
    Secret,
    Sent,
    Verdict,
)
from tests.channels.ways import PHONE, PUBLIC_URL, TEXT, attempt, message
from tests.providers.base import served
from tests.providers.twilio import ACCOUNT, SERVICE, TOKEN, Text, Twilio, TwilioFaults

T = TypeVar("T")
WHO = Recipient(PHONE, "en")


@pytest.fixture
def fake() -> Iterator[Twilio]:
    with served(Twilio(TwilioFaults(latency=0))) as made:
        yield made


def options(fake: Twilio, **more: Any) -> Options:
    given = {"messaging_service_sid": SERVICE, "base_url": fake.base_url, **more}
    return Options(ACCOUNT, Secret(TOKEN), **given)


def using(fake: Twilio, work: Callable[[TwilioSms], Awaitable[T]], name: str = "sms", **more: Any) -> T:
    """What the work gets from a channel to the fake, which is closed afterwards."""

    async def run() -> T:
        channel = open_channel(name, options(fake, **more), PUBLIC_URL)
        try:
            return await work(channel)
        finally:
            await channel.close()

    return asyncio.run(run())


def send(fake: Twilio, name: str = "sms", valid: int = 3600, attempt_id: str = "at_1", **more: Any) -> str:
    made = using(fake, lambda c: c.send(message(), WHO, attempt(attempt_id, valid)), name, **more)
    return made.provider_id


# --- what is asked --------------------------------------------------------------------------------------------
def test_a_text_goes_out_as_it_was_approved(fake: Twilio) -> None:
    sid = send(fake)
    [text] = fake.accepted
    assert (text.sid, text.to, text.body, text.service, text.sender) == (sid, PHONE, TEXT, SERVICE, "")
    assert text.smart == "false"


def test_the_callback_names_the_attempt_and_the_channel(fake: Twilio) -> None:
    send(fake, name="sms line", attempt_id="at/1&b")
    assert fake.accepted[0].callback == f"{PUBLIC_URL}/hooks/twilio/sms%20line/status?a=at%2F1%26b"


@pytest.mark.parametrize(("left", "asked"), [(0, "1"), (-5, "1"), (77, "77"), (36_000, "36000"), (36_001, "36000")])
def test_the_validity_is_what_is_left_of_the_alert_within_twilios_bounds(fake: Twilio, left: int, asked: str) -> None:
    send(fake, valid=left)
    assert fake.accepted[0].validity == asked


def test_a_number_of_ours_may_stand_in_for_a_messaging_service(fake: Twilio) -> None:
    send(fake, messaging_service_sid=None, from_="+15005550006")
    assert (fake.accepted[0].sender, fake.accepted[0].service) == ("+15005550006", "")


def test_an_api_key_may_sign_the_requests(fake: Twilio) -> None:
    fake.credentials.clear()
    with pytest.raises(ChannelError):
        send(fake)
    fake.credentials.add("Basic U0tvbmU6a2V5LXNlY3JldA==")
    assert send(fake, api_key_sid="SKone", api_key_secret=Secret("key-secret"))


def test_twilios_own_environment_does_not_move_the_address(fake: Twilio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_REGION", "au1")
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "another")
    assert send(fake)


def test_connections_are_kept(fake: Twilio) -> None:
    ports: set[int] = set()
    handle = fake.handle

    async def noting(request: Any) -> Any:
        ports.add(request.transport.get_extra_info("peername")[1])
        return await handle(request)

    fake.handle = noting  # type: ignore[method-assign]  # the stand-in's own hook

    async def three(channel: TwilioSms) -> None:
        for number in range(3):
            await channel.send(message(), WHO, attempt(f"at_{number}"))

    using(fake, three)
    assert len(ports) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"messaging_service_sid": None},
        {"api_key_sid": "SK1"},
        {"api_key_secret": "s"},
    ],
)
def test_options_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"give|belong"):
        Options(ACCOUNT, Secret(TOKEN), **{"messaging_service_sid": SERVICE, **wrong})


# --- what the answers mean ------------------------------------------------------------------------------------
def refused(fake: Twilio) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        send(fake)
    return raised.value


def test_too_many_requests_says_how_long_to_wait(fake: Twilio) -> None:
    fake.faults = TwilioFaults(latency=0, too_many=1, retry_after=7)
    error = refused(fake)
    assert (error.code, error.retry_after, error.permanent) == ("20429", 7, False)
    assert CODES["20429"] is Verdict.BACK_OFF
    assert (fake.requests, fake.accepted) == (1, [])


def test_too_many_without_a_body_is_the_same(fake: Twilio) -> None:
    fake.faults = TwilioFaults(latency=0, status=429)
    assert (refused(fake).code, refused(fake).retry_after) == ("20429", None)


@pytest.mark.parametrize(
    ("code", "verdict", "permanent"),
    [
        ("20003", Verdict.STOP_CHANNEL, False),
        ("30002", Verdict.STOP_CHANNEL, False),
        ("21611", Verdict.BACK_OFF, False),
        ("30001", Verdict.BACK_OFF, False),
        ("21211", Verdict.PERMANENT, True),
        ("21214", Verdict.PERMANENT, True),
        ("21635", Verdict.PERMANENT, True),
        ("21612", Verdict.PERMANENT, True),
        ("21614", Verdict.PERMANENT, True),
        ("30004", Verdict.PERMANENT, True),
        ("30005", Verdict.PERMANENT, True),
        ("30006", Verdict.PERMANENT, True),
        ("21610", Verdict.OPTED_OUT, True),
        ("21408", Verdict.ALARM, True),
        ("21606", Verdict.ALARM, True),
        ("21608", Verdict.ALARM, True),
        ("30007", Verdict.ALARM, True),
        ("30032", Verdict.ALARM, True),
        ("30034", Verdict.ALARM, True),
        ("30036", Verdict.ALARM, True),
        ("30003", Verdict.RETRY, False),
        ("30008", Verdict.RETRY_ONCE, False),
        ("39999", None, False),
    ],
)
def test_every_code_of_the_field_has_its_verdict(
    fake: Twilio, code: str, verdict: Verdict | None, permanent: bool
) -> None:
    fake.faults = TwilioFaults(latency=0, codes={PHONE: int(code)})
    error = refused(fake)
    assert (error.code, error.permanent, CODES.get(error.code)) == (code, permanent, verdict)
    assert fake.requests == 1


def test_a_refusal_does_not_repeat_the_persons_number(fake: Twilio) -> None:
    fake.faults = TwilioFaults(latency=0, codes={PHONE: 21211})
    assert "[number]" in refused(fake).text
    assert PHONE.lstrip("+") not in refused(fake).text


def test_wrong_credentials_stop_the_channel(fake: Twilio) -> None:
    fake.faults = TwilioFaults(unauthorized=True)
    assert CODES[refused(fake).code] is Verdict.STOP_CHANNEL


@pytest.mark.parametrize(
    ("status", "code"), [(400, "http_400"), (401, "http_401"), (403, "http_403"), (302, "http_302")]
)
def test_a_refusal_without_twilios_code_keeps_the_status(fake: Twilio, status: int, code: str) -> None:
    fake.faults = TwilioFaults(latency=0, status=status)
    assert (refused(fake).code, refused(fake).permanent) == (code, False)


@pytest.mark.parametrize(
    "faults",
    [
        {"error_before": 1},
        {"cut_before": 1},
        {"status": 503},
        {"status": 201, "text": "{}"},
        {"status": 201, "text": "[]"},
        {"status": 200, "text": ""},
    ],
)
def test_what_may_have_been_taken_is_unknown_and_asked_once(fake: Twilio, faults: dict[str, Any]) -> None:
    fake.faults = TwilioFaults(latency=0, **faults)
    with pytest.raises(OutcomeUnknown):
        send(fake)
    assert (fake.requests, len(fake.accepted)) == (1, 0)


def test_silence_after_acceptance_is_unknown_at_the_time_limit(fake: Twilio) -> None:
    fake.faults = TwilioFaults(latency=0, hang_after=1)
    with pytest.raises(OutcomeUnknown):
        send(fake, timeout_seconds=1.5)
    assert (fake.requests, len(fake.accepted)) == (1, 1)


def test_a_cut_connection_is_replaced_by_the_next_request(fake: Twilio) -> None:
    async def two(channel: TwilioSms) -> str:
        fake.faults = TwilioFaults(latency=0, cut_after=1)
        with pytest.raises(OutcomeUnknown):
            await channel.send(message(), WHO, attempt("at_1"))
        fake.faults = TwilioFaults(latency=0)
        return (await channel.send(message(), WHO, attempt("at_2"))).provider_id

    assert using(fake, two) == fake.accepted[1].sid


# --- finding an attempt again ---------------------------------------------------------------------------------
def find(fake: Twilio, sent: Sent) -> Found | None:
    return using(fake, lambda channel: channel.find(sent))


def put(fake: Twilio, body: str = TEXT, to: str = PHONE, sid: str = "", age: float = 0, **more: Any) -> Text:
    """A message that Twilio holds, ``age`` seconds old."""
    created = attempt().started.timestamp() - age
    text = Text(sid or f"SM{len(fake.accepted)}", to, body, "", SERVICE, "", "", "", created, **more)
    fake.accepted.append(text)
    fake.by_number.setdefault(to, []).append(text)
    return text


@pytest.mark.parametrize(
    ("status", "code", "ours", "its_code"),
    [
        ("accepted", None, "accepted", ""),
        ("scheduled", None, "accepted", ""),
        ("queued", None, "accepted", ""),
        ("sending", None, "accepted", ""),
        ("sent", None, "accepted", ""),
        ("delivered", None, "delivered", ""),
        ("undelivered", 30005, "failed", "30005"),
        ("failed", 30007, "failed", "30007"),
        ("canceled", 0, "failed", ""),
        ("a word of next year", None, "accepted", ""),
    ],
)
def test_a_message_is_found_in_whatever_state_it_is(
    fake: Twilio, status: str, code: int | None, ours: str, its_code: str
) -> None:
    text = put(fake, status=status, code=code)
    assert find(fake, Sent(attempt(), message(), WHO)) == Found(text.sid, ours, its_code)


def test_a_queued_message_without_a_sending_date_is_found(fake: Twilio) -> None:
    fake.faults = TwilioFaults(latency=0, cut_after=1)
    tried = attempt()
    with pytest.raises(OutcomeUnknown):
        using(fake, lambda c: c.send(message(), WHO, tried))
    assert find(fake, Sent(tried, message(), WHO)) == Found(fake.accepted[0].sid, "accepted")


def test_another_text_another_number_another_attempts_id_and_older_ones_are_not_it(fake: Twilio) -> None:
    put(fake, body="Something else")
    put(fake, to="+15005550999")
    put(fake, sid="SMknown")
    put(fake, age=60)
    assert find(fake, Sent(attempt(), message(), WHO, frozenset(["SMknown"]))) is None


@pytest.mark.parametrize("fetches", [True, False])
def test_an_attempt_whose_id_is_known_is_asked_for_by_it(fake: Twilio, fetches: bool) -> None:
    fake.faults = TwilioFaults(latency=0, fetches=fetches)
    put(fake, sid="SMother")
    put(fake, body="rewritten", sid="SMours", age=900, status="undelivered", code=30005)
    asked = Sent(attempt(), message(), WHO, frozenset(["SMours"]), "SMours")
    assert find(fake, asked) == Found("SMours", "failed", "30005")
    assert fake.requests == (1 if fetches else 2)


def test_a_message_without_a_date_of_creation_is_taken_for_ours_last(fake: Twilio) -> None:
    put(fake, sid="SMundated").created = -1
    assert find(fake, Sent(attempt(), message(), WHO)) == Found("SMundated", "accepted")
    put(fake, sid="SMdated")
    assert find(fake, Sent(attempt(), message(), WHO)) == Found("SMdated", "accepted")


def test_a_known_id_that_nobody_has_is_not_there(fake: Twilio) -> None:
    put(fake, sid="SMother")
    assert find(fake, Sent(attempt(), message(), WHO, provider_id="SMgone")) is None


def test_clocks_may_differ_by_a_few_seconds(fake: Twilio) -> None:
    put(fake, age=3)
    assert find(fake, Sent(attempt(), message(), WHO)) is not None


def test_of_two_unknown_tries_the_older_message_is_the_first_ones(fake: Twilio) -> None:
    put(fake, sid="SMsecond", age=0)
    put(fake, sid="SMfirst", age=2)
    found = find(fake, Sent(attempt(), message(), WHO))
    assert found is not None
    assert found.provider_id == "SMfirst"


def test_a_body_changed_by_smart_encoding_is_the_same_text(fake: Twilio) -> None:
    words = "Don't wait -  leave now"
    fake.faults = TwilioFaults(latency=0, smart_bodies=True)
    put(fake, body=words)
    assert find(fake, Sent(attempt(), message(words), WHO)) is not None


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ("cafe\u0301", "caf\u00e9", True),
        ("a\u00a0b\n c", "a b c", True),
        ("\u201cNow\u201d\u2026", '"Now"...', True),
        ("Go", "Sent from your Twilio trial account - Go", True),
        ("Go", "Go now", False),
        ("Go now", "Go", False),
        ("go", "Go", False),
    ],
)
def test_texts_are_compared_after_normalising(ours: str, theirs: str, same: bool) -> None:
    assert same_text(ours, theirs) is same


def test_the_list_is_read_over_several_pages(fake: Twilio) -> None:
    wanted = put(fake, sid="SMwanted")
    for number in range(450):
        put(fake, body=f"Other {number}")
    found = find(fake, Sent(attempt(), message(), WHO))
    assert found is not None
    assert (found.provider_id, fake.requests) == (wanted.sid, 3)


def test_a_list_too_long_to_read_proves_nothing(fake: Twilio) -> None:
    for number in range(1001):
        put(fake, body=f"Other {number}")
    with pytest.raises(OutcomeUnknown):
        find(fake, Sent(attempt(), message(), WHO))
    assert fake.requests == twilio_http.MOST_PAGES


def test_a_full_list_without_it_says_it_is_not_there(fake: Twilio) -> None:
    for number in range(1000):
        put(fake, body=f"Other {number}")
    assert find(fake, Sent(attempt(), message(), WHO)) is None


class Astray(Twilio):
    """Says that its list goes on at another host."""

    elsewhere = ""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        meta = {"key": "messages", "next_page_url": f"{self.elsewhere}{request.path}"}
        return web.json_response({"messages": [], "meta": meta})


def test_a_list_that_goes_on_at_another_host_is_not_followed_there(fake: Twilio) -> None:
    with served(Astray()) as astray:
        astray.elsewhere = fake.base_url
        with pytest.raises(OutcomeUnknown, match="another host"):
            find(astray, Sent(attempt(), message(), WHO))
    assert (astray.requests, fake.requests) == (1, 0)


@pytest.mark.parametrize(("seconds", "listed"), [(5, True), (6, False)])
def test_a_message_up_to_five_seconds_older_than_the_attempt_is_its_own(
    fake: Twilio, seconds: int, listed: bool
) -> None:
    begun = replace(attempt(), started=attempt().started.replace(microsecond=0))
    put(fake).created = begun.started.timestamp() - seconds
    assert (find(fake, Sent(begun, message(), WHO)) is not None) is listed


@pytest.mark.parametrize("status", [200, 500, 503])
def test_a_list_that_cannot_be_read_proves_nothing(fake: Twilio, status: int) -> None:
    fake.faults = TwilioFaults(latency=0, status=status)
    with pytest.raises(OutcomeUnknown):
        find(fake, Sent(attempt(), message(), WHO))


def test_a_refused_question_is_an_error_and_no_answer(fake: Twilio) -> None:
    fake.faults = TwilioFaults(unauthorized=True)
    with pytest.raises(ChannelError):
        find(fake, Sent(attempt(), message(), WHO))


@pytest.mark.parametrize(("status", "ok", "hint"), [("active", True, ""), ("suspended", False, "ask Twilio")])
def test_an_account_that_twilio_has_suspended_is_told_by_check(fake: Twilio, status: str, ok: bool, hint: str) -> None:
    fake.faults = TwilioFaults(account_status=status)
    [check] = using(fake, lambda channel: channel.check())
    assert (check.ok, check.hint) == (ok, hint)
    assert status in check.text


def test_credentials_that_are_refused_are_told_by_check(fake: Twilio) -> None:
    fake.faults = TwilioFaults(unauthorized=True)
    [check] = using(fake, lambda channel: channel.check())
    assert not check.ok
    assert "account_sid" in check.hint


def test_time_left_is_measured_from_the_attempt_not_the_clock(fake: Twilio) -> None:
    old = attempt()
    earlier = Sent(Attempt(old.id, old.started - timedelta(hours=1), 60), message(), WHO)
    put(fake, age=1800)
    assert find(fake, earlier) is not None
