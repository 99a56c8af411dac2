"""XML signatures on CAP (CAP 1.2 section 3.3.2.1, XML-DSig), checked against certificates that an agency trusts.

A signature counts only if what it covers is what was read: the signed part is read again, and its hash must be the
entry's. SHA-1 is refused. Certificates are pinned one by one; an authority's word about others counts nothing.
"""

from __future__ import annotations

import base64
import binascii
import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from alert_feeds import cap
from alert_feeds.cap_info import words
from alert_feeds.document import local

Certificate = x509.Certificate
DSIG = "http://www.w3.org/2000/09/xmldsig#"
MAX_SIGNATURES = 4
MAX_CERTIFICATES = 20
_FAILS = (SignXMLException, ValueError, TypeError, KeyError, AttributeError, etree.LxmlError, UnsupportedAlgorithm)


class Outcome(StrEnum):
    """What a look at an alert's signature came to."""

    VALID = "valid"
    INVALID = "invalid"
    UNSIGNED = "unsigned"
    UNKNOWN_SIGNER = "unknown_signer"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome, and for people whose signature it is or why it does not count."""

    outcome: Outcome
    text: str


def certificates(pem: bytes) -> list[Certificate]:
    """The certificates in a PEM file. Raises ValueError where it holds none."""
    return x509.load_pem_x509_certificates(pem)


def verify(raw: bytes, content_hash: str, trusted: Sequence[Certificate]) -> Verdict:
    """Look at the signature of the alert in these bytes, of which ``content_hash`` is the hash as read."""
    alert = _alert(raw)
    variants = list(_variants(alert)) if alert is not None else []
    if not variants and b"SignatureValue" in raw:
        return Verdict(Outcome.INVALID, "The signature cannot be checked: it does not stand in the alert as CAP says.")
    if not variants:
        return Verdict(Outcome.UNSIGNED, "The alert is not signed.")
    why = ""
    for known in trusted[:MAX_CERTIFICATES]:
        for variant in variants:
            why = _wrong(variant, known, content_hash)
            if not why:
                return Verdict(Outcome.VALID, f"The signature is valid: {_name(known)}.")
    for variant in variants:
        for own in _enclosed(variant):
            why = _wrong(variant, own, content_hash)
            if not why:
                text = f"The signature fits the alert, but nobody here trusts its certificate: {_name(own)}."
                return Verdict(Outcome.UNKNOWN_SIGNER, text)
    return Verdict(Outcome.INVALID, f"The signature is not valid: {why or 'it names no certificate'}."[:300])


def _alert(raw: bytes) -> etree._Element | None:
    """The alert with every byte that a signature may cover: nothing is left out or replaced."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if getattr(root.getroottree().docinfo, "doctype", ""):
        return None
    return root if local(root) == "alert" else next(root.iter("{*}alert"), None)


def _variants(alert: etree._Element) -> Iterator[etree._Element]:
    """The alert as it stands, and with each of its signatures alone: who signed first signed without the second."""
    count = len(alert.findall(f"{{{DSIG}}}Signature"))
    if count:
        yield _copy(alert)
    for keep in range(min(count, MAX_SIGNATURES)) if count > 1 else ():
        one = _copy(alert)
        for number, signature in enumerate(one.findall(f"{{{DSIG}}}Signature")):
            if number != keep:
                _cut(signature)
        yield one


def _copy(alert: etree._Element) -> etree._Element:
    copied = copy.deepcopy(alert)
    copied.tail = None
    return copied


def _cut(element: etree._Element) -> None:
    """Take an element out and leave the white space after it where it is."""
    parent, before = element.getparent(), element.getprevious()
    if parent is None:
        return
    if before is not None:
        before.tail = (before.tail or "") + (element.tail or "")
    else:
        parent.text = (parent.text or "") + (element.tail or "")
    element.tail = None
    parent.remove(element)


def _wrong(alert: etree._Element, certificate: Certificate, content_hash: str) -> str:
    """Why the alert's first signature does not count by this certificate; "" where it does."""
    pem = certificate.public_bytes(Encoding.PEM).decode()
    config = SignatureConfiguration(location="./", expect_references=1)
    try:
        found = XMLVerifier().verify(alert, x509_cert=pem, expect_config=config, validate_schema=False)
    except _FAILS as error:
        return f"{type(error).__name__}: {error}"[:200]
    result = found[0] if isinstance(found, list) else found
    return "" if _covers(result.signed_xml, content_hash) else "it does not cover what the alert says"


def _covers(signed: etree._Element | None, content_hash: str) -> bool:
    if signed is None or local(signed) != "alert":
        return False
    return [entry.content_hash for entry in cap.embedded(signed).entries] == [content_hash]


def _enclosed(alert: etree._Element) -> Iterator[Certificate]:
    """Certificates that the first signature brings with it."""
    signature = alert.find(f"{{{DSIG}}}Signature")
    found = signature.iter(f"{{{DSIG}}}X509Certificate") if signature is not None else iter(())
    for element in list(found)[:MAX_SIGNATURES]:
        try:
            yield x509.load_der_x509_certificate(base64.b64decode("".join(words(element).split())))
        except (ValueError, binascii.Error, UnsupportedAlgorithm):
            continue


def _name(certificate: Certificate) -> str:
    try:
        return certificate.subject.rfc4514_string()[:200]
    except ValueError:
        return "a certificate whose name cannot be read"
