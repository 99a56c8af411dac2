"""What proves a mail's sender, and the many ways in which something only looks like a proof."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence

import dkim
import pytest

from alert_feeds.mail_proof import NotNow, Proof, aligned, by_dkim, by_server, keys
from broadcaster.console import spoken
from tests.mailboxes import dns_server, key, letter, signed

NAME = "s1._domainkey.agency.example."
CAP = b"<alert/>"
Change = Callable[[bytes], bytes]


def known(name: str = NAME, record: bytes = b"") -> Callable[[str], Sequence[bytes]]:
    return lambda asked: [record or key()[1]] if asked == name else []


def proven(raw: bytes, look_up: Callable[[str], Sequence[bytes]] | None = None) -> Proof:
    return by_dkim(raw, look_up or known())


def test_a_valid_signature_of_the_senders_domain_proves_it() -> None:
    found = proven(signed(letter(CAP)))
    assert found == Proof(True, "The DKIM signature of agency.example is valid.")


CHANGES: dict[str, Change] = {
    "another text": lambda raw: raw.replace(b"See the", b"Burn the"),
    "another subject": lambda raw: raw.replace(b"Subject: Warning", b"Subject: Nothing"),
    "another sender": lambda raw: raw.replace(b"alerts@agency", b"others@agency"),
    "a second From above": lambda raw: b"From: <alerts@agency.example>\r\n" + raw,
    "a From within a line": lambda raw: b"X-A: b\rFrom: <alerts@agency.example>\r\n" + raw,
    "a line that is no field": lambda raw: b"nonsense\r\n" + raw,
    "a line that goes on from nothing": lambda raw: b" nonsense\r\n" + raw,
    "a line of a mail folder": lambda raw: raw.replace(b"Subject:", b"From x\r\nSubject:"),
    "a broken signature": lambda raw: raw.replace(b"bh=", b"bx="),
    "one that expired": lambda raw: raw.replace(b"; s=s1;", b"; s=s1; x=1;"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_was_changed_proves_nothing(name: str) -> None:
    raw = signed(letter(CAP))
    assert CHANGES[name](raw) != raw
    found = proven(CHANGES[name](raw))
    assert (found.proven, found.later) == (False, False)


def test_a_signature_counts_only_for_its_own_domain_and_those_below_it() -> None:
    raw = letter(CAP, sender="alerts@warn.agency.example")
    assert proven(signed(raw)).proven
    assert not proven(signed(letter(CAP), "warn.agency.example"), known("s1._domainkey.warn.agency.example.")).proven
    assert not proven(signed(letter(CAP), "evil.example"), known("s1._domainkey.evil.example.")).proven
    assert aligned("a.example", "a.example")
    assert not aligned("example", "a.example")
    assert not aligned("b.example", "ab.example")


def test_the_key_of_another_domain_is_never_looked_up() -> None:
    asked: list[str] = []

    def look_up(name: str) -> Sequence[bytes]:
        asked.append(name)
        return []

    proven(signed(letter(CAP), "evil.example"), look_up)
    assert asked == []
    proven(signed(letter(CAP)), look_up)
    assert asked == [NAME]


def test_a_good_signature_below_a_strange_one_is_found() -> None:
    assert proven(signed(signed(letter(CAP)), "list.example")).proven


def test_a_signature_that_leaves_the_sender_out_proves_nothing() -> None:
    mail = letter(CAP)
    maker = dkim.DKIM(mail)
    maker.hasher = hashlib.sha256
    names = [b"subject", b"to"]
    body = base64.b64encode(hashlib.sha256(maker.body).digest())
    fields = [(b"v", b"1"), (b"a", b"rsa-sha256"), (b"c", b"relaxed/simple"), (b"d", b"agency.example"), (b"s", b"s1")]
    fields += [(b"h", b":".join(names)), (b"bh", body), (b"b", b"0" * 60)]
    way = dkim.CanonicalizationPolicy.from_c_value(b"relaxed/simple")
    made = maker.gen_header(fields, names, way, b"DKIM-Signature", dkim.parse_pem_private_key(key()[0]))
    raw = b"DKIM-Signature: " + made + mail
    assert dkim.DKIM(raw).verify(0, lambda name, timeout: key()[1])
    assert not proven(raw).proven


@pytest.mark.parametrize(
    "more", [{"length": True}, {"include_headers": [b"from", b"subject"], "signature_algorithm": b"rsa-sha1"}]
)
def test_one_over_a_part_of_it_or_of_an_old_kind_proves_nothing(more: dict[str, object]) -> None:
    assert not proven(signed(letter(CAP), **more)).proven


@pytest.mark.parametrize(
    "record",
    [key()[1].replace(b"v=DKIM1;", b"v=DKIM1; t=s:y;"), b"v=DKIM1; p=", b"v=DKIM1; p=AAAA", b"nonsense"],
)
def test_a_key_that_is_tried_out_withdrawn_or_broken_proves_nothing(record: bytes) -> None:
    found = proven(signed(letter(CAP)), known(NAME, record))
    assert (found.proven, found.later) == (False, False)
    assert proven(signed(letter(CAP)), known(NAME, key()[1].replace(b"v=DKIM1;", b"v=DKIM1; t=s;"))).proven


def test_a_dns_that_does_not_answer_says_nothing_about_the_mail() -> None:
    def silent(_: str) -> Sequence[bytes]:
        raise NotNow

    found = proven(signed(letter(CAP)), silent)
    assert (found.proven, found.later) == (False, True)


def test_keys_are_read_from_the_dns() -> None:
    with dns_server({NAME.rstrip("."): key()[1]}):
        assert proven(signed(letter(CAP)), keys).proven
        assert keys("other.agency.example.") == keys("a..b") == keys(f"{'a' * 70}.b") == ()
    with dns_server({}) as _:
        assert not proven(signed(letter(CAP)), keys).proven


def test_what_became_of_a_proof_is_said_in_the_readers_language() -> None:
    raw = signed(letter(CAP))
    said = [by_dkim(one, known()) for one in (raw, letter(CAP), b"", *(change(raw) for change in CHANGES.values()))]
    said += [
        by_server(b"", OURS),
        *(by_server(f"{results_of(one)}\r\n\r\nx".encode(), OURS) for one in ("pass", "fail")),
    ]
    assert [proof.text for proof in said if spoken.read(proof.text) is None] == []


def results_of(result: str) -> str:
    return f"Authentication-Results: {OURS}; dmarc={result} header.from=b.example\r\nFrom: a@b.example"


def test_a_mail_without_a_signature_or_a_sender_proves_nothing() -> None:
    assert "no DKIM signature of agency.example" in proven(letter(CAP)).text
    assert not proven(b"Subject: x\r\n\r\nFrom: alerts@agency.example").proven
    assert not proven(b"").proven


# --- our own mail server ----------------------------------------------------------------------------------------------
OURS = "mx.county.example"


def judged(results: str, sender: str = "alerts@agency.example", before: str = "") -> bool:
    head = f"{before}Authentication-Results: {results}\r\nFrom: {sender}\r\n\r\nx"
    return by_server(head.encode(), OURS).proven


@pytest.mark.parametrize(
    "results",
    [
        f"{OURS}; dmarc=pass header.from=agency.example",
        f"{OURS.upper()} 1; spf=fail; DKIM=PASS (2048-bit key) header.d=Agency.example",
        f"{OURS};\r\n\tdkim=fail header.d=other.example;\r\n\tdkim=pass header.i=@agency.example header.s=s1",
        f"{OURS}; dkim/1 = pass header.d = agency.example",
        f'{OURS}; dkim=pass reason="a; b=c" header.d=agency.example',
        f"{OURS}; dmarc=pass (p=none (dis\\)posed; x) ok) header.from=agency.example",
    ],
)
def test_our_own_servers_word_proves_it(results: str) -> None:
    assert judged(results)


@pytest.mark.parametrize(
    "results",
    [
        "mx.evil.example; dmarc=pass header.from=agency.example",
        f"{OURS}.evil.example; dmarc=pass header.from=agency.example",
        f"{OURS}; none",
        f"{OURS}; dmarc=fail header.from=agency.example",
        f"{OURS}; dmarc=pass header.from=evil.example",
        f"{OURS}; dmarc=pass",
        f"{OURS}; spf=pass smtp.mailfrom=alerts@agency.example",
        f"{OURS}; dkim=pass header.d=evil.example",
        f"{OURS}; dkim=fail (dkim=pass header.d=agency.example)",
        f'{OURS}; spf=pass smtp.mailfrom="; dmarc=pass header.from=agency.example"@evil.example',
        f"{OURS}; spf=pass smtp.mailfrom=x\\; dmarc=pass header.from=agency.example",
        f"{OURS}; dkim=fail (helo \\) dmarc=pass; dmarc=pass header.from=agency.example )",
        f'{OURS}; dkim=fail ( " ( " ) ; dmarc=pass header.from=agency.example )',
        f"{OURS}; dkim=fail (; dmarc=pass header.from=agency.example",
        "",
        ";;;===(((",
    ],
)
def test_what_only_looks_like_its_word_proves_nothing(results: str) -> None:
    assert not judged(results)


def test_only_the_topmost_word_counts() -> None:
    forged = f"Authentication-Results: {OURS}; dmarc=pass header.from=agency.example\r\n"
    assert not judged(f"{OURS}; dmarc=fail header.from=agency.example\r\n{forged}".rstrip("\r\n"))
    assert not judged("", before="Authentication-Results: mx.other.example; none\r\n" + forged)
    assert not by_server(b"From: alerts@agency.example\r\n\r\n" + forged.encode(), OURS).proven
    assert not judged(f"{OURS}; dmarc=pass header.from=agency.example", "alerts@agency.example, x@y.example")
