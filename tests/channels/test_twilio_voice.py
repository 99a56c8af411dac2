"""Calls through Twilio: what is asked for, what is heard at each step, what each call came to, how one is found."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import time
from typing import Any, TypeVar

import pytest

from broadcaster.channels.twilio_call import PHRASES
from broadcaster.channels.twilio_voice import CODES, Options, TwilioVoice, heard, open_channel, receipt
from broadcaster.domain.channel import (
    Attempt,
    CallStage,
    ChannelError,
    Found,
    InboundKind,
    InboundText,
    OutcomeUnknown,
    Receipt,
    Recipient,
    Secret,
    Sent,
    Verdict,
)
from tests.channels.ways import PHONE, PUBLIC_URL, attempt, message
from tests.providers.base import served
from tests.providers.twilio import ACCOUNT, TOKEN
from tests.providers.twilio_voice import FROM, VOICES, Call, VoiceFaults, checked
from tests.providers.twilio_voice import TwilioVoice as Fake

T = TypeVar("T")
WHO = Recipient(PHONE, "en")
TEXT = "This is Judge County. Leave Oak and Elm now. It's a wildfire."
ACTION = f"{PUBLIC_URL}/hooks/twilio/voice/answer?a=at_1"


@pytest.fixture
def fake() -> Iterator[Fake]:
    with served(Fake(VoiceFaults(latency=0))) as made:
        yield made


def options(url: str = "https://api.twilio.com", **more: Any) -> Options:
    return Options(ACCOUNT, Secret(TOKEN), more.pop("from_", FROM), url, **more)


def using(fake: Fake, work: Callable[[TwilioVoice], Awaitable[T]], **more: Any) -> T:
    """What the work gets from a channel to the fake, which is closed afterwards."""

    async def run() -> T:
        channel = open_channel("voice", options(fake.base_url, **more), PUBLIC_URL)
        try:
            return await work(channel)
        finally:
            await channel.close()

    return asyncio.run(run())


def send(fake: Fake, text: str = TEXT, language: str = "en", valid: int = 3600, **more: Any) -> dict[str, str]:
    """The form of the call that Twilio took."""
    using(fake, lambda c: c.send(message(text, language), WHO, attempt("at/1", valid)), **more)
    return fake.calls[-1].form


def refused(fake: Fake, text: str = TEXT, language: str = "en", **more: Any) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        send(fake, text, language, **more)
    return raised.value


# --- what is asked for ----------------------------------------------------------------------------------------
def test_a_call_is_asked_for_as_twilio_wants_it(fake: Fake) -> None:
    form = send(fake)
    assert (form["To"], form["From"], form["MachineDetection"]) == (PHONE, FROM, "DetectMessageEnd")
    assert (form["Timeout"], form["TimeLimit"]) == ("45", "600")
    assert form["StatusCallback"] == f"{PUBLIC_URL}/hooks/twilio/voice/status?a=at%2F1"
    pause, say, redirect = checked(form["Twiml"])
    assert (pause.tag, say.text, say.get("voice"), say.get("language")) == (
        "Pause",
        TEXT,
        "Polly.Joanna-Neural",
        "en-US",
    )
    assert redirect.text == f"{PUBLIC_URL}/hooks/twilio/voice/answer?a=at%2F1&s=said"


@pytest.mark.parametrize(("left", "asked"), [(3600, "45"), (20, "20"), (1, "5")])
def test_no_phone_rings_beyond_the_alerts_life(fake: Fake, left: int, asked: str) -> None:
    assert send(fake, valid=left)["Timeout"] == asked


def test_machines_are_not_waited_for_where_the_agency_says_so(fake: Fake) -> None:
    assert "MachineDetection" not in send(fake, detect_machines=False)


@pytest.mark.parametrize("language", sorted(PHRASES))
def test_each_language_has_a_voice_that_twilio_lists_and_valid_steps(fake: Fake, language: str) -> None:
    spoken = VOICES[
        next(say.get("voice") for say in checked(send(fake, language=language)["Twiml"]) if say.tag == "Say")
    ]
    assert spoken.split("-")[0] in (language, "cmn", "arb")
    for step, keys in (("said", " "), ("key", "1 2 3 9"), ("leave", "9")):
        for key in keys.split(" "):
            answer = heard(options(), {"CallSid": "CA1", "Digits": key}, stage(step, language)).answer
            assert [verb.tag for verb in checked(answer)][-1] == "Hangup"
            assert {VOICES[say.get("voice")] for verb in checked(answer) for say in verb.iter("Say")} == {spoken}


def test_a_region_of_a_language_is_its_language(fake: Fake) -> None:
    assert "Polly.Lupe-Neural" in send(fake, language="es-MX")["Twiml"]


def test_the_agencys_own_voice_comes_first(fake: Fake) -> None:
    assert 'voice="Polly.Matthew-Neural"' in send(fake, voices={"en": "Polly.Matthew-Neural"})["Twiml"]


def test_signs_of_xml_are_said_and_break_nothing(fake: Fake) -> None:
    text = 'Oak & Elm <now> "Fire"'
    assert [say.text for say in checked(send(fake, text)["Twiml"])][1] == text


def test_a_language_without_a_voice_and_a_text_without_room_are_certainly_not_sent(fake: Fake) -> None:
    found = [(error.code, error.permanent) for error in (refused(fake, language="so"), refused(fake, "word " * 800))]
    assert found == [("no_voice", True), ("too_long", True)]
    assert fake.requests == 0
    assert 'voice="Google.so-A"' in send(fake, language="so", voices={"so": "Google.so-A"})["Twiml"]


# --- refusals -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (21211, Verdict.PERMANENT),
        (21216, Verdict.PERMANENT),
        (21215, Verdict.ALARM),
        (13227, Verdict.ALARM),
        (21219, Verdict.ALARM),
        (10004, Verdict.BACK_OFF),
        (20003, Verdict.STOP_CHANNEL),
        (29999, None),
    ],
)
def test_a_refusal_has_twilios_code(fake: Fake, code: int, verdict: Verdict | None) -> None:
    fake.plan.codes = {PHONE: code}
    error = refused(fake)
    assert (error.code, CODES.get(error.code)) == (str(code), verdict)
    assert error.permanent is (verdict in (Verdict.PERMANENT, Verdict.ALARM))
    assert fake.calls == []


def test_a_number_that_is_not_ours_wakes_somebody(fake: Fake) -> None:
    assert CODES[refused(fake, from_="+15005550999").code] is Verdict.ALARM


@pytest.mark.parametrize("fault", ["error_before", "error_after", "cut_after", "unreadable"])
def test_what_may_have_been_taken_is_unknown_and_found(fake: Fake, fault: str) -> None:
    fake.faults = VoiceFaults(latency=0, **{fault: 1.0})
    with pytest.raises(OutcomeUnknown):
        send(fake)
    found = find(fake)
    assert (found and found.status) == (None if fault == "error_before" else "accepted")


def test_an_answer_that_names_no_call_proves_nothing(fake: Fake) -> None:
    fake.faults = VoiceFaults(latency=0, status=201, text="{}")
    with pytest.raises(OutcomeUnknown):
        send(fake)


# --- finding --------------------------------------------------------------------------------------------------
def find(fake: Fake, known: frozenset[str] = frozenset(), provider_id: str = "") -> Found | None:
    sent = Sent(attempt(), message(TEXT), WHO, known, provider_id)
    return using(fake, lambda c: c.find(sent))


def put(fake: Fake, sid: str, age: float = 0, status: str = "queued", by: str = "", **form: str) -> None:
    """A call that Twilio has, made so many seconds before now."""
    fake.calls.append(Call(sid, {"To": PHONE, "From": FROM, **form}, time() - age, status, by))


def test_a_call_still_queued_is_found_though_it_has_no_time_of_its_start(fake: Fake) -> None:
    put(fake, "CAother", To="+15005550999")
    put(fake, "CAfrom", From="+15005550999")
    put(fake, "CAdial", Direction="outbound-dial")
    put(fake, "CAknown")
    put(fake, "CAours", age=3)
    assert find(fake, frozenset(["CAknown"])) == Found("CAours", "accepted")


@pytest.mark.parametrize(("age", "there"), [(60, False), (8, False), (3, True), (-50, True), (-70, False)])
def test_a_call_made_at_another_time_is_another_try(fake: Fake, age: float, there: bool) -> None:
    put(fake, "CAone", age)
    assert (find(fake) is not None) is there


def test_of_several_the_nearest_in_time_is_ours_and_one_without_a_time_last(fake: Fake) -> None:
    put(fake, "CAundated", time() + 1)
    assert find(fake) == Found("CAundated", "accepted")
    put(fake, "CAlater", -30)
    put(fake, "CAnear", -2)
    assert find(fake) == Found("CAnear", "accepted")


@pytest.mark.parametrize(
    ("status", "by", "expected"),
    [
        ("completed", "human", ("delivered", "answered")),
        ("completed", "machine_end_beep", ("delivered", "machine")),
        ("completed", "fax", ("failed", "fax")),
        ("no-answer", "", ("failed", "no_answer")),
        ("in-progress", "human", ("accepted", "")),
        ("something-new", "", ("accepted", "")),
    ],
)
def test_a_known_call_says_what_it_came_to(fake: Fake, status: str, by: str, expected: tuple[str, str]) -> None:
    put(fake, "CAours", 900, status, by)
    assert find(fake, frozenset(["CAours"]), "CAours") == Found("CAours", *expected)


# --- receipts -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"CallStatus": "ringing"}, ("accepted", "")),
        ({"CallStatus": "completed"}, ("delivered", "answered")),
        ({"CallStatus": "completed", "AnsweredBy": "unknown"}, ("delivered", "answered")),
        ({"CallStatus": "completed", "AnsweredBy": "machine_end_silence"}, ("delivered", "machine")),
        ({"CallStatus": "completed", "AnsweredBy": "fax"}, ("failed", "fax")),
        ({"CallStatus": "busy"}, ("failed", "busy")),
        ({"CallStatus": "no-answer"}, ("failed", "no_answer")),
        ({"CallStatus": "canceled"}, ("failed", "canceled")),
        ({"CallStatus": "failed", "ErrorCode": "32017", "SipResponseCode": "603"}, ("failed", "32017")),
        ({"CallStatus": "failed", "SipResponseCode": "404"}, ("failed", "sip_404")),
        ({"CallStatus": "failed", "ErrorCode": "0"}, ("failed", "failed")),
    ],
)
def test_a_callback_in_our_words(form: dict[str, str], expected: tuple[str, str]) -> None:
    status, code = expected
    assert receipt({"CallSid": "CA1", **form}, "at_1") == Receipt("at_1", "CA1", status, code)
    assert status != "failed" or code in CODES


@pytest.mark.parametrize(
    "form", [{"CallStatus": "completed"}, {"CallSid": "CA1"}, {"CallSid": "CA1", "CallStatus": "x"}]
)
def test_a_callback_that_names_no_call_or_state_says_nothing(form: dict[str, str]) -> None:
    assert receipt(form, "at_1") is None


# --- during a call --------------------------------------------------------------------------------------------
def stage(step: str, language: str = "en") -> CallStage:
    return CallStage("at_1", step, PHONE, language, TEXT, ACTION)


def steps(step: str, digits: str = "", **form: str) -> tuple[list[str], list[str]]:
    """What is heard, and which steps a key may lead to."""
    answer = heard(options(), {"CallSid": "CA1", "Digits": digits, **form}, stage(step)).answer
    verbs = list(checked(answer))
    actions = [verb.get("action").removeprefix(f"{ACTION}&s=") for verb in verbs if verb.tag == "Gather"]
    return [say.text for verb in verbs for say in verb.iter("Say")], actions


def test_a_person_is_asked_for_a_key_and_hears_it_a_second_time() -> None:
    words, actions = steps("said")
    own = PHRASES["en"]
    assert words == [own.keys, TEXT, f"{own.keys} {own.leave}", own.bye]
    assert actions == ["key", "key"]


@pytest.mark.parametrize("by", ["machine_end_beep", "machine_end_other", "fax"])
def test_a_machine_is_asked_for_nothing(by: str) -> None:
    assert steps("said", AnsweredBy=by) == ([], [])


def test_one_confirms() -> None:
    told = heard(options(), {"CallSid": "CA1", "Digits": "1"}, stage("key"))
    assert (told.receipt, told.text) == (Receipt("at_1", "CA1", "delivered", "confirmed"), None)
    assert steps("leave", "1") == ([PHRASES["en"].thanks], [])


def test_two_says_it_again_and_any_other_key_asks_again() -> None:
    assert steps("key", "2")[0][0] == TEXT
    assert steps("key", "5")[0][0].startswith(PHRASES["en"].keys)
    assert heard(options(), {"CallSid": "CA1", "Digits": "2"}, stage("key")).receipt is None


def test_nobody_leaves_by_one_key_and_everybody_by_two() -> None:
    first = heard(options(), {"CallSid": "CA1", "Digits": "9"}, stage("key"))
    assert (first.text, steps("key", "9")) == (None, ([PHRASES["en"].sure, PHRASES["en"].bye], ["leave"]))
    second = heard(options(), {"CallSid": "CA1", "Digits": "9"}, stage("leave"))
    assert second.text == InboundText("CA1", PHONE, "9", InboundKind.STOP)
    assert steps("leave", "9") == ([PHRASES["en"].gone], [])


def test_a_language_without_phrases_is_asked_in_english() -> None:
    answer = heard(options(), {"CallSid": "CA1"}, stage("said", "de")).answer
    assert PHRASES["en"].keys in answer
    assert 'voice="Polly.Vicki-Neural">This is' in answer
    assert f'voice="Polly.Joanna-Neural">{PHRASES["en"].bye}' in answer


# --- options --------------------------------------------------------------------------------------------------
def test_only_who_chose_calls_is_called_unless_the_agency_calls_everyone() -> None:
    own = [open_channel("voice", options(everyone=every), PUBLIC_URL).limits() for every in (False, True)]
    assert [limits.chosen for limits in own] == [True, False]
    assert (own[0].form, own[0].address, own[0].extras) == ("voice", "phone", {"per_second": 1})


@pytest.mark.parametrize(
    ("given", "key"),
    [({}, None), ({"from_": "5550006"}, "from"), ({"from_": "Judge"}, "from"), ({"voices": {"en": "alice"}}, "voices")],
)
def test_what_would_fail_at_every_call_stops_the_start(given: dict[str, Any], key: str | None) -> None:
    wrong = options(**given).wrong("US")
    assert (wrong.key if wrong else None) == key


def test_an_attempt_in_another_second_is_measured_from_its_own_start(fake: Fake) -> None:
    put(fake, "CAold", 600)
    old = Attempt("at_9", datetime.now(UTC) - timedelta(seconds=601), 1)
    found = using(fake, lambda c: c.find(replace(Sent(attempt(), message(TEXT), WHO), attempt=old)))
    assert found == Found("CAold", "accepted")
