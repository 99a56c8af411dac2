"""Twilio's webhooks: whose they are, what a callback says, what a person's text asks for, what we answer."""

from __future__ import annotations

import pytest
from lxml import etree
from werkzeug.datastructures import MultiDict

from broadcaster.channels.twilio_sms import Options, answer, genuine, inbound, receipt, signature_ok
from broadcaster.domain.channel import InboundKind, InboundText, Receipt, Secret, help_text, inbound_kind
from tests.providers.twilio import ACCOUNT, TOKEN, sign

URL = "https://alerts.judge.example/hooks/twilio/sms/status?a=at_1"
OPTIONS = Options(ACCOUNT, Secret(TOKEN), "MG1")
STOP_WORDS = ("STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL")
FORM = {"AccountSid": ACCOUNT, "MessageSid": "SM1", "MessageStatus": "delivered", "To": "+15005550101"}


def test_a_signed_form_of_our_account_is_genuine() -> None:
    assert genuine(OPTIONS, URL, FORM, sign(TOKEN, URL, FORM))


def test_repeated_fields_are_signed_with_all_their_values() -> None:
    form = MultiDict([*FORM.items(), ("MediaUrl", "b"), ("MediaUrl", "a")])
    text = {**FORM, "MediaUrl": "aMediaUrlb"}
    assert genuine(OPTIONS, URL, form, sign(TOKEN, URL, text))


@pytest.mark.parametrize(
    ("url", "form", "signature"),
    [
        (URL.replace("at_1", "at_2"), FORM, sign(TOKEN, URL, FORM)),
        (URL, {**FORM, "MessageStatus": "failed"}, sign(TOKEN, URL, FORM)),
        (URL, FORM, sign("another token", URL, FORM)),
        (URL, FORM, ""),
        (URL, FORM, "\u00e9" * 28),
        (URL.replace("https", "http"), FORM, sign(TOKEN, URL, FORM)),
    ],
)
def test_anything_changed_is_not_genuine(url: str, form: dict[str, str], signature: str) -> None:
    assert not genuine(OPTIONS, url, form, signature)


@pytest.mark.parametrize("account", ["AC" + "0" * 32, ""])
def test_another_account_is_not_ours_though_signed(account: str) -> None:
    form = {**FORM, "AccountSid": account}
    assert not genuine(OPTIONS, URL, form, sign(TOKEN, URL, form))


def test_an_empty_token_accepts_nobody() -> None:
    assert not signature_ok("", URL, FORM, sign("", URL, FORM))


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        ("queued", "", Receipt("at_1", "SM1", "accepted")),
        ("sending", "", Receipt("at_1", "SM1", "accepted")),
        ("sent", "", Receipt("at_1", "SM1", "accepted")),
        ("delivered", "", Receipt("at_1", "SM1", "delivered")),
        ("read", "", Receipt("at_1", "SM1", "delivered")),
        ("undelivered", "30005", Receipt("at_1", "SM1", "failed", "30005")),
        ("failed", "30003", Receipt("at_1", "SM1", "failed", "30003")),
        ("canceled", "0", Receipt("at_1", "SM1", "failed")),
        ("delivered", "30005", Receipt("at_1", "SM1", "delivered")),
        ("received", "", None),
        ("", "", None),
    ],
)
def test_a_callback_in_our_words(status: str, code: str, expected: Receipt | None) -> None:
    assert receipt({"MessageSid": "SM1", "MessageStatus": status, "ErrorCode": code}, "at_1") == expected


def test_a_callback_may_use_the_old_names() -> None:
    assert receipt({"SmsSid": "SM1", "SmsStatus": "delivered"}, "at_1") == Receipt("at_1", "SM1", "delivered")


def test_a_callback_without_a_message_says_nothing() -> None:
    assert receipt({"MessageStatus": "delivered"}, "at_1") is None


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        *((word, InboundKind.STOP) for word in STOP_WORDS),
        *((word, InboundKind.START) for word in ("START", "UNSTOP", "YES")),
        *((word, InboundKind.HELP) for word in ("HELP", "INFO")),
        (" stop. ", InboundKind.STOP),
        ("Stop all!", InboundKind.STOP),
        ("opt-out", InboundKind.STOP),
        ("\u201cSTOP\u201d", InboundKind.STOP),
        ("stop the fire is at my door", InboundKind.OTHER),
        ("no", InboundKind.OTHER),
        ("", InboundKind.OTHER),
        ("1", InboundKind.OTHER),
    ],
)
def test_a_persons_text_is_understood(body: str, kind: InboundKind) -> None:
    assert inbound_kind(body) is kind
    assert inbound({"MessageSid": "SM9", "From": "+1500", "Body": body}) == InboundText("SM9", "+1500", body, kind)


@pytest.mark.parametrize(("said", "kind"), [("STOP", "stop"), ("START", "start"), ("help", "help"), ("x", "other")])
def test_twilios_own_word_for_a_text_outweighs_its_body(said: str, kind: str) -> None:
    text = inbound({"MessageSid": "SM9", "From": "+1500", "Body": "ALTO", "OptOutType": said})
    assert text is not None
    assert text.kind == kind


def test_a_text_without_a_sender_is_none_and_one_without_an_id_counts() -> None:
    assert inbound({"MessageSid": "SM9", "Body": "STOP"}) is None
    assert inbound({"From": "+1500", "Body": "STOP"}) == InboundText("", "+1500", "STOP", InboundKind.STOP)
    assert inbound({"SmsSid": "SM9", "From": "+1500"}) == InboundText("SM9", "+1500", "", InboundKind.OTHER)


def test_help_is_answered_with_danger_first() -> None:
    said = etree.fromstring(answer(InboundKind.HELP, "911", "Fire & Rescue <555>").encode())
    words = said.findtext("Message") or ""
    assert said.tag == "Response"
    assert words == help_text("911", "Fire & Rescue <555>")
    assert words.startswith("In danger call 911 (or text it where available). Nobody reads this number.")
    assert "STOP" in words


def test_the_emergency_number_is_the_agencys() -> None:
    assert help_text("112").startswith("In danger call 112 (")


@pytest.mark.parametrize("kind", [InboundKind.STOP, InboundKind.START, InboundKind.OTHER])
def test_everything_else_is_answered_with_nothing(kind: InboundKind) -> None:
    said = etree.fromstring(answer(kind, "911").encode())
    assert (said.tag, len(said)) == ("Response", 0)


@pytest.mark.parametrize("junk", ["\0", "at\n1", "\N{CYRILLIC SMALL LETTER A}", "x" * 65])
def test_an_id_that_can_be_none_never_reaches_the_database(junk: str) -> None:
    """PostgreSQL refuses NUL in a text, and with it every other receipt of the group, again and again."""
    assert receipt(FORM, junk) == Receipt("", "SM1", "delivered")
    assert receipt({**FORM, "MessageSid": junk}, "at_1") is None
    nameless = InboundText("", "+15005550101", "STOP", InboundKind.STOP)
    assert inbound({"MessageSid": junk, "From": "+15005550101", "Body": "STOP"}) == nameless
    assert inbound({"MessageSid": "SM1", "From": junk, "Body": "STOP"}) is None
    assert receipt({**FORM, "MessageSid": "x" * 64}, "x" * 64) == Receipt("x" * 64, "x" * 64, "delivered")


def test_a_nul_in_a_text_does_not_keep_somebody_in() -> None:
    found = inbound({"MessageSid": "SM1", "From": "+15005550101", "Body": "ST\0OP"})
    assert found == InboundText("SM1", "+15005550101", "STOP", InboundKind.STOP)
