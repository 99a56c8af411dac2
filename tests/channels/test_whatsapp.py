"""WhatsApp through Twilio: what is asked for, which template, what each refusal means, webhooks, what a check says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree

from broadcaster.channels.whatsapp import CODES, Options, answer, inbound, open_channel, receipt
from broadcaster.channels.whatsapp_templates import Template, address
from broadcaster.domain.alert import Mode
from broadcaster.domain.channel import (
    ChannelError,
    Check,
    Found,
    InboundKind,
    InboundText,
    Receipt,
    Recipient,
    Secret,
    Sent,
    Verdict,
)
from broadcaster.domain.frames import framed
from broadcaster.domain.message import Message
from tests.channels.graphs import using
from tests.channels.ways import PHONE, PUBLIC_URL, attempt, message
from tests.providers.base import served
from tests.providers.twilio import ACCOUNT, SERVICE, TOKEN
from tests.providers.whatsapp import DRILL, FRAME, SENDER, Content, WhatsAppFaults, sid
from tests.providers.whatsapp import WhatsApp as Fake

WHO = Recipient(PHONE, "en")
SPANISH = "Alerta del condado: {{1}} En peligro llame al 911."
WORDS = "Leave Oak Street now. Wildfire. Go to Main St School. 22 Nov 6:30 pm"
LATER = timedelta(seconds=70)


@pytest.fixture
def fake() -> Iterator[Fake]:
    contents = (Content(sid(1), FRAME), Content(sid(2), DRILL), Content(sid(3), SPANISH, "es"))
    with served(Fake(WhatsAppFaults(latency=0), contents)) as made:
        yield made


def options(url: str = "https://api.twilio.com", **more: Any) -> Options:
    templates = {"en": Template(sid(1), FRAME), "es": Template(sid(3), SPANISH)}
    own: dict[str, Any] = {"templates": templates, "drill_templates": {"en": Template(sid(2), DRILL)}}
    own |= {"base_url": url}
    own |= {} if "messaging_service_sid" in more else {"from_": SENDER}
    return Options(ACCOUNT, Secret(TOKEN), **{**own, **more})


def told(words: str = WORDS, frame: str = FRAME, language: str = "en") -> Message:
    return message(framed(frame, words), language)


def send(fake: Fake, text: Message, **more: Any) -> Any:
    """The message that Twilio took."""
    channel = open_channel("whatsapp", options(fake.base_url, **more), PUBLIC_URL)
    using(channel, lambda c: c.send(text, WHO, attempt("at/1")))
    return fake.accepted[-1]


def refused(fake: Fake, text: Message, **more: Any) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        send(fake, text, **more)
    return raised.value


def find(fake: Fake, sent: Sent, **more: Any) -> Found | None:
    channel = open_channel("whatsapp", options(fake.base_url, **more), PUBLIC_URL)
    found: Found | None = using(channel, lambda c: c.find(sent))
    return found


# --- what is asked for ----------------------------------------------------------------------------------------
def test_people_get_exactly_what_was_approved_by_the_template_and_our_words(fake: Fake) -> None:
    taken = send(fake, told("L\u00e1rguese ya \U0001f525"))
    assert (taken.to, taken.sender, taken.service) == (f"whatsapp:{PHONE}", SENDER, "")
    assert taken.body == framed(FRAME, "L\u00e1rguese ya \U0001f525")
    assert (taken.validity, taken.smart) == ("3600", "")
    assert taken.callback == f"{PUBLIC_URL}/hooks/twilio/whatsapp/status?a=at%2F1"


def test_the_sender_may_be_a_bare_number_or_a_messaging_service(fake: Fake) -> None:
    assert send(fake, told(), from_=SENDER.removeprefix("whatsapp:")).sender == SENDER
    assert send(fake, told(), messaging_service_sid=SERVICE).service == SERVICE


@pytest.mark.parametrize(
    ("text", "body"),
    [(told(), FRAME), (told(frame=DRILL), DRILL), (told(frame=SPANISH, language="es"), SPANISH)],
)
def test_the_template_is_the_one_whose_words_the_text_stands_in(fake: Fake, text: Message, body: str) -> None:
    assert send(fake, text).body == framed(body, WORDS)


def test_where_two_would_do_it_is_the_one_that_says_most(fake: Fake) -> None:
    longer = Content(sid(4), "Alert from Judge County: Order. {{1}} In danger call 911.")
    fake.contents[longer.sid] = longer
    fake.contents[sid(1)].status = "paused"  # so that the other one is known to have been taken
    drills = {"en": Template(longer.sid, longer.body)}
    assert send(fake, told(frame=longer.body), drill_templates=drills).body == framed(longer.body, WORDS)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (message(WORDS), "frame"),
        (told(frame=FRAME.replace("911", "112")), "frame"),
        (told(language="es"), "frame"),
        (told(language="vi"), "frame"),
        (told("Leave now.\nGo south."), "variable"),
        (told("Leave now.\tGo south."), "variable"),
        (told("Leave now.     Go south."), "variable"),
    ],
)
def test_what_is_not_in_approved_words_is_never_asked_for(fake: Fake, text: Message, code: str) -> None:
    error = refused(fake, text)
    assert (error.code, error.permanent, CODES[code]) == (code, True, Verdict.ALARM)
    assert fake.requests == 0


def test_four_spaces_are_taken(fake: Fake) -> None:
    assert "now.    Go" in send(fake, told("Leave now.    Go south.")).body


# --- what it refuses --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("status", "code"), [("paused", "63041"), ("disabled", "63042"), ("rejected", "63040"), ("pending", "63016")]
)
def test_a_template_that_is_not_approved_rings_an_alarm(fake: Fake, status: str, code: str) -> None:
    fake.contents[sid(1)].status = status
    error = refused(fake, told())
    assert (error.code, error.permanent, CODES[code]) == (code, True, Verdict.ALARM)


def test_a_sender_that_is_none_of_ours_rests_the_channel(fake: Fake) -> None:
    error = refused(fake, told(), from_="whatsapp:+15005550009")
    assert (error.code, error.permanent, CODES["63007"]) == ("63007", False, Verdict.STOP_CHANNEL)


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("63003", Verdict.PERMANENT),
        ("63024", Verdict.PERMANENT),
        ("63032", Verdict.PERMANENT),
        ("21610", Verdict.OPTED_OUT),
        ("63005", Verdict.ALARM),
        ("63013", Verdict.ALARM),
        ("63016", Verdict.ALARM),
        ("63027", Verdict.ALARM),
        ("63028", Verdict.ALARM),
        ("63049", Verdict.ALARM),
        ("63018", Verdict.RETRY_LATER),
        ("63012", Verdict.RETRY),
        ("63038", Verdict.STOP_CHANNEL),
        ("63051", Verdict.STOP_CHANNEL),
        ("63112", Verdict.STOP_CHANNEL),
        ("20429", Verdict.BACK_OFF),
    ],
)
def test_what_codes_mean(code: str, verdict: Verdict) -> None:
    assert CODES[code] is verdict


# --- was it sent? -----------------------------------------------------------------------------------------------
def test_a_lost_answer_is_looked_up_by_its_words(fake: Fake) -> None:
    taken = send(fake, told())
    sent = Sent(attempt("at_2"), told(), WHO)
    assert find(fake, sent) == Found(taken.sid, "accepted")
    assert find(fake, replace(sent, known_ids=frozenset({taken.sid}))) is None
    assert find(fake, replace(sent, message=told("Stay inside."))) is None
    taken.status = "read"
    assert find(fake, replace(sent, provider_id=taken.sid)) == Found(taken.sid, "delivered")


def test_a_service_that_lists_no_words_is_asked_by_time(fake: Fake) -> None:
    fake.faults = WhatsAppFaults(latency=0, bare=True)
    taken = send(fake, told(), messaging_service_sid=SERVICE)
    sent = Sent(attempt("at_2"), told(), WHO)
    assert find(fake, sent, messaging_service_sid=SERVICE) == Found(taken.sid, "accepted")
    early = replace(sent, attempt=replace(sent.attempt, started=sent.attempt.started - LATER))
    assert find(fake, early, messaging_service_sid=SERVICE) is None
    taken.created = -1  # no date yet: it is new
    assert find(fake, early, messaging_service_sid=SERVICE) == Found(taken.sid, "accepted")


# --- what a check says ------------------------------------------------------------------------------------------
def checks(fake: Fake, **more: Any) -> tuple[Check, ...]:
    found: tuple[Check, ...] = using(
        open_channel("whatsapp", options(fake.base_url, **more), PUBLIC_URL), lambda c: c.check()
    )
    return found


def test_a_check_names_each_template(fake: Fake) -> None:
    assert [check.ok for check in checks(fake)] == [True] * 4
    assert [check.text for check in checks(fake)[1:]] == [
        f"whatsapp: the template {where} ({sid(number)}) is approved"
        for where, number in (("templates.en", 1), ("templates.es", 3), ("drill_templates.en", 2))
    ]


@pytest.mark.parametrize(
    ("change", "text", "hint"),
    [
        ({"status": "unsubmitted"}, "is unsubmitted", "submit it to WhatsApp"),
        ({"status": "pending"}, "is pending", "wait"),
        (
            {"status": "rejected", "rejection_reason": "INVALID_FORMAT"},
            "is rejected: INVALID_FORMAT",
            "change its words",
        ),
        ({"status": "paused"}, "is paused", "another template"),
        ({"status": "disabled"}, "is disabled", "another template"),
        ({"status": "strange"}, "is strange", "Twilio Console"),
        ({"category": "MARKETING"}, "counts as marketing", "Utility"),
        ({"language": "es_MX"}, "is in es_MX", "make one in en"),
        ({"language": "en_US"}, "is approved", ""),
        ({"body": 'Warning: "{{1}}" Call 911.'}, "does not have the words", 'body = "Warning: \\"{{1}}\\" Call 911."'),
        ({"types": {"twilio/quick-reply": {"body": FRAME}}}, "shows more than words", "type Text"),
        ({"types": {"twilio/text": {}}}, "cannot be looked at", "content_base_url"),
    ],
)
def test_a_check_says_what_a_template_lacks(fake: Fake, change: dict[str, Any], text: str, hint: str) -> None:
    for name, value in change.items():
        setattr(fake.contents[sid(1)], name, value)
    [_, first, *others] = checks(fake)
    assert text in first.text
    assert hint in first.hint
    assert first.ok is not bool(hint)
    assert all(check.ok for check in others)


def test_a_template_that_is_not_there_is_said_and_a_dead_account_alone(fake: Fake) -> None:
    gone = {"en": Template(sid(9), FRAME)}
    assert "does not exist" in checks(fake, templates=gone)[1].text
    assert "cannot be looked at" in checks(fake, content_base_url="http://127.0.0.1:9")[1].text
    fake.faults.unauthorized = True
    assert [check.ok for check in checks(fake)] == [False]


@pytest.mark.parametrize(
    ("base_url", "own", "asked"),
    [
        ("https://api.twilio.com", None, "https://content.twilio.com"),
        ("https://api.dublin.ie1.twilio.com", None, "https://content.twilio.com"),
        ("https://twilio.county.example/", None, "https://twilio.county.example"),
        ("https://api.twilio.com", "https://content.county.example/", "https://content.county.example"),
    ],
)
def test_templates_are_asked_for_where_twilio_has_them(base_url: str, own: str | None, asked: str) -> None:
    assert address(base_url, own) == asked


# --- webhooks ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        ("read", "", Receipt("at_1", "SM1", "delivered")),
        ("undelivered", "63024", Receipt("at_1", "SM1", "failed", "63024")),
    ],
)
def test_a_callback_in_our_words(status: str, code: str, expected: Receipt) -> None:
    form = {"MessageSid": "SM1", "MessageStatus": status, "ErrorCode": code, "To": f"whatsapp:{PHONE}"}
    assert receipt(form, "at_1") == expected


@pytest.mark.parametrize(
    ("sender", "body", "expected"),
    [
        (f"whatsapp:{PHONE}", "Stop.", InboundText("SM1", PHONE, "Stop.", InboundKind.STOP)),
        (f"whatsapp:{PHONE}", "START", InboundText("SM1", PHONE, "START", InboundKind.START)),
        # a number that WhatsApp withholds: nobody could be taken off a list by it
        ("whatsapp:US.134912086", "STOP", InboundText("SM1", "US.134912086", "STOP", InboundKind.OTHER)),
    ],
)
def test_a_person_is_the_same_as_by_phone(sender: str, body: str, expected: InboundText) -> None:
    assert inbound({"MessageSid": "SM1", "From": sender, "Body": body}) == expected


def test_a_message_from_nobody_is_none() -> None:
    assert inbound({"MessageSid": "SM1", "Body": "STOP"}) is None


def test_every_request_of_a_person_is_answered() -> None:
    said = {
        kind: etree.fromstring(answer(kind, "911", "555-0100").encode()).findtext("Message") for kind in InboundKind
    }
    assert "no more alerts from us, on any channel" in str(said[InboundKind.STOP])
    assert "get our alerts again" in str(said[InboundKind.START])
    assert str(said[InboundKind.HELP]).startswith("In danger call 911")
    assert said[InboundKind.OTHER] is None


# --- keys -------------------------------------------------------------------------------------------------------
def test_it_carries_what_it_has_words_for_and_goes_to_those_who_chose_it() -> None:
    own = options()
    assert [own.carries(mode) for mode in (Mode.ACTUAL, Mode.EXERCISE, Mode.TEST)] == [True, True, False]
    limits = open_channel("whatsapp", own, PUBLIC_URL).limits()
    assert (limits.chosen, limits.free, limits.length) == (True, False, 1024)
    assert limits.frames == {Mode.ACTUAL: {"en": FRAME, "es": SPANISH}, Mode.EXERCISE: {"en": DRILL}}


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({}, ""),
        ({"from_": "+15005550006"}, ""),
        ({"from_": "whatsapp:county"}, "from"),
        ({"from_": None}, "from"),
        ({"from_": SENDER, "messaging_service_sid": SERVICE}, "from"),
        ({"templates": {}}, "templates"),
        ({"templates": {"en": Template("HX1", FRAME)}}, "templates.en.sid"),
        ({"templates": {"en": Template(sid(2), FRAME)}}, "drill_templates.en.sid"),
        ({"test_templates": {"en": Template(sid(4), FRAME)}}, "test_templates.en.body"),
    ],
)
def test_keys_that_would_fail_when_they_are_needed_are_named(more: dict[str, Any], key: str) -> None:
    wrong = options(**more).wrong("US")
    assert (wrong.key if wrong else "") == key
    assert wrong is None or (wrong.text and wrong.hint)
