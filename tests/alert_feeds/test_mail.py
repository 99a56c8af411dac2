"""Mails: which documents are found in them, whose they are, and that none breaks the reader."""

from __future__ import annotations

import time
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_feeds import mail
from alert_feeds.mail import MAX_DOCUMENTS, MAX_FIELD, read, sender_of
from tests.mailboxes import AGENCY, letter

CAP = b'<?xml version="1.0"?>\n<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>1</identifier></alert>'
HEAD = b"From: alerts@agency.example\r\n"


def bodies(raw: bytes) -> list[tuple[bytes, bool]]:
    return [(one.body, one.own) for one in read(raw).documents]


def codes(raw: bytes) -> list[str]:
    return [problem.code for problem in read(raw).problems]


def attached(kind: str, name: str = "", body: bytes = CAP) -> bytes:
    made = EmailMessage()
    made["From"] = AGENCY
    made.set_content("See below")
    maintype, _, subtype = kind.partition("/")
    made.add_attachment(body, maintype=maintype, subtype=subtype, **({"filename": name} if name else {}))
    return made.as_bytes()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("application/cap+xml", ""),
        ("application/xml", ""),
        ("application/octet-stream", "WARNING.XML"),
        ("application/octet-stream", "warning.cap"),
        ("application/edxl-de+xml", ""),
    ],
)
def test_cap_is_found_by_its_type_or_its_name(kind: str, name: str) -> None:
    assert bodies(attached(kind, name)) == [(CAP, True)]


def test_several_documents_are_all_read_in_their_order_up_to_a_bound() -> None:
    assert bodies(letter(CAP, CAP + b" ")) == [(CAP, True), (CAP + b" ", True)]
    many = read(letter(*[CAP] * (MAX_DOCUMENTS + 1)))
    assert (len(many.documents), [one.code for one in many.problems]) == (MAX_DOCUMENTS, ["mail_many"])


@pytest.mark.parametrize(
    ("text", "own"),
    [
        (CAP.decode(), True),
        (f"\n  {CAP.decode()}\n\n", True),
        (f"You wrote:\n{CAP.decode()}", False),
        (f"{CAP.decode()}\n-- \nAgency", False),
    ],
)
def test_cap_may_be_the_text_itself_but_amid_other_words_it_may_be_a_quotation(text: str, own: bool) -> None:
    ((body, found),) = bodies(letter(text=text))
    assert (body.split(), found) == (CAP.split(), own)


def test_what_is_forwarded_is_read_but_is_not_its_senders_own_word() -> None:
    inner = EmailMessage()
    inner["From"] = "x@y.example"
    inner.set_content("hm")
    inner.add_attachment(CAP, maintype="application", subtype="cap+xml")
    outer = EmailMessage()
    outer["From"] = AGENCY
    outer.set_content("FYI")
    outer.add_attachment(inner)
    assert bodies(outer.as_bytes()) == [(CAP, False)]


@pytest.mark.parametrize("value", ["auto-replied", "Auto-Replied; why=away"])
def test_an_automatic_answer_may_hold_what_others_wrote(value: str) -> None:
    assert bodies(letter(CAP, Auto_Submitted=value)) == [(CAP, False)]
    assert bodies(letter(CAP, Auto_Submitted="auto-generated")) == [(CAP, True)]
    report = letter(CAP).replace(b"multipart/mixed", b"multipart/report")
    assert bodies(report) == [(CAP, False)]


def test_a_mail_without_cap_and_a_packed_one_are_told() -> None:
    assert codes(letter(text="Good morning")) == ["mail_no_alert"]
    assert codes(attached("application/zip", "w.zip")) == codes(attached("application/octet-stream", "w.zip"))
    assert codes(attached("application/zip", "w.zip")) == ["mail_packed"]
    assert codes(attached("application/ms-tnef", "winmail.dat")) == ["mail_packed"]
    assert bodies(attached("image/svg+xml", "logo.svg")) == []


@pytest.mark.parametrize(
    ("head", "sender"),
    [
        (b"From: a@b.example", "a@b.example"),
        (b"from:A.Long+Name@B.Example\r\n", "a.long+name@b.example"),
        (b'From: "Doe, \\"J\\" <x@y>" <a@b.example>', "a@b.example"),
        (b"From: =?utf-8?q?Stra=C3=9Fe?=\r\n <a@b.example>", "a@b.example"),
        (b"From: State Warning Point (SWP) <a@b.example>", "a@b.example"),
        (b"From: a@b.example, c@d.example", ""),
        (b"From: a@b.example <c@d.example>", ""),
        (b"From: <a@b.example> <c@d.example>", ""),
        (b"From: a@b.example\r\nFrom: c@d.example", ""),
        (b"From: a@b.example\rFrom: c@d.example", ""),
        (b"From: a\0@b.example", ""),
        (b"From: " + b'"' * MAX_FIELD + b"<a@b.example>", ""),
        (b"X-From: a@b.example", ""),
        (b"", ""),
    ],
)
def test_a_sender_is_one_address_in_one_field_or_nobody(head: bytes, sender: str) -> None:
    assert sender_of(head) == sender


def test_the_sender_is_that_of_the_mail_and_not_of_one_in_it() -> None:
    assert read(b"Subject: x\r\n\r\nFrom: alerts@agency.example\r\n").sender == ""


def nested(levels: int) -> bytes:
    parts = [b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(levels)]
    return HEAD + b"".join(parts) + b"Content-Type: text/xml\r\n\r\n" + CAP


HOSTILE = {
    "deep": nested(60),
    "deeper": nested(20_000),
    "mails in mails": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 3_000 + CAP,
    "digests": HEAD
    + b"".join(b'Content-Type: multipart/digest; boundary="b%d"\r\n\r\n--b%d\r\n\r\n' % (n, n) for n in range(150)),
    "many parts": HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\nx\r\n" * 500_000,
    "too many parts": HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\nx\r\n" * 150,
    "an endless field": HEAD + b'Content-Type: text/xml; x="' + b'a";b="' * 30_000 + b"\r\n\r\n",
    "a folded endless field": HEAD + b"Content-Type: text/xml;\r\n" + b" x=y;\r\n" * 20_000 + b"\r\n\r\n",
    "an endless header": HEAD + b"X-A: b\r\n" * 500_000 + b"\r\nx",
    "nothing": b"",
    "white": b" \r\n" * 10,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mails_are_refused_at_once_and_kept(name: str) -> None:
    began = time.process_time()
    found = read(HOSTILE[name])
    assert time.process_time() - began < 2
    assert [one.code for one in found.problems] == ["empty" if name in ("nothing", "white") else "mail_hostile"]
    assert found.problems[0].raw == HOSTILE[name]


ODD = {
    "no end": HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/xml\r\n\r\n' + CAP,
    "no boundary": HEAD + b"Content-Type: multipart/mixed\r\n\r\n" + CAP,
    "bad base64": HEAD + b"Content-Type: text/xml\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!=\xff",
    "uuencoded": HEAD + b"Content-Type: text/xml\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 6 x\r\n\xff\r\n",
    "unknown charset": HEAD + b"Content-Type: text/xml; charset=nonsense; name*=nonsense''%ff%00.xml\r\n\r\n" + CAP,
    "a name of no text": HEAD + b'Content-Disposition: attachment; filename="\xff\x00.zip"\r\n\r\nx',
    "wrong numbers": HEAD + b"Content-Type: text/xml; name*9999999999999999999*=a; name*x=b\r\n\r\n" + CAP,
}


@pytest.mark.parametrize("name", ODD)
def test_odd_mails_are_read_or_told_and_what_is_told_fits_a_database(name: str) -> None:
    found = read(ODD[name])
    assert found.documents or found.problems
    assert all(one.text.encode().find(b"\0") < 0 for one in found.problems)


_WORDS = st.sampled_from(
    [
        *HEAD.split(),
        b"\r\n",
        b"\n",
        b"\r",
        b"--b",
        b"--b--",
        b"\r\n\r\n",
        b"Content-Type: ",
        b"multipart/mixed; boundary=b",
        b"multipart/digest;boundary=b",
        b"message/rfc822",
        b"text/plain",
        b"text/xml",
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: quoted-printable",
        b'filename*0*="',
        b'"',
        b";",
        b"=?utf-8?b?",
        b"\0",
        b"\xff",
        CAP,
        b"</alert>",
        b"<alert>",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(_WORDS, st.binary(max_size=8)), max_size=60))
def test_nothing_makes_the_reader_raise(words: list[bytes]) -> None:
    found = read(b"".join(words))
    assert found.documents or found.problems
    assert len(found.documents) <= mail.MAX_DOCUMENTS
