"""What proves the sender of a mail: a DKIM signature of its domain (RFC 6376), or our own mail server (RFC 8601).

A proof says of which domain the mail is and that its text is what was sent. It says nothing of forwarded or quoted
parts. The only look-up is that of a key, in the DNS, of the very domain that the From field names or one above it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import dkim
import dns.exception
import dns.name
import dns.resolver

from alert_feeds.mail import head_of, sender_of

MAX_SIGNATURES = 4
SECONDS = 5.0  # for one key
SHORTEST_KEY = 1024  # bits; RFC 8301, section 3.2
ALGORITHMS = (b"rsa-sha256", b"ed25519-sha256")  # RFC 8301: rsa-sha1 proves nothing
_RESULTS = re.compile(r"^authentication-results:(.*(?:\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)
_OUTSIDE = re.compile(r'("(?:[^"\\]|\\.)*"|[(;=]|(?:\\.|[^\s();="\\])+)|.', re.DOTALL)
_COMMENT = re.compile(r"\\.|([()])|[^()\\]+|.", re.DOTALL)
_FAILS = (dkim.DKIMException, ValueError, LookupError, TypeError, AttributeError, ArithmeticError)
_QUIET = logging.Logger("dkim", logging.CRITICAL)  # what is wrong with others' mails is for people, not for logs
LookUp = Callable[[str], Sequence[bytes]]


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether the sender is proven, and for people by what or why not. ``later``: it could not be looked up now."""

    proven: bool
    text: str
    later: bool = False


class NotNow(Exception):
    """The DNS gives no answer, which says nothing about the mail."""


def keys(name: str) -> Sequence[bytes]:
    """The TXT records of a name, none where it has none. Raises NotNow."""
    try:
        asked = dns.name.from_text(name)
    except (dns.exception.DNSException, UnicodeError):
        return ()
    try:
        answer = dns.resolver.resolve(asked, "TXT", lifetime=SECONDS, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ()
    except dns.exception.DNSException as error:
        raise NotNow(type(error).__name__) from error
    return [b"".join(record.strings) for record in answer]


def by_dkim(raw: bytes, look_up: LookUp = keys) -> Proof:
    """A valid signature of the From field's own domain, or of one above it, over all of the mail."""
    domain = sender_of(head_of(raw)).rpartition("@")[2]
    if not domain or _is_ambiguous(raw):
        return Proof(False, "Its header can be read in two ways.")
    try:
        return _signatures(raw, domain, look_up)
    except NotNow:
        return Proof(False, f"The DKIM key of {domain} could not be looked up now; it is tried again.", later=True)
    except _FAILS as error:
        return Proof(False, f"The DKIM signature of {domain} cannot be read: {type(error).__name__}.")


def _is_ambiguous(raw: bytes) -> bool:
    """Would two readers see other fields in it? A lone CR or a NUL in the header, a line that is no field."""
    head = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0]
    lines = re.split(rb"\r?\n", head)
    fields = all(re.match(rb"[ \t]|[\x21-\x39\x3b-\x7e]+:", line) for line in lines)
    return b"\r" in head.replace(b"\r\n", b"") or b"\0" in head or not fields or lines[0][:1] in (b" ", b"\t")


def _signatures(raw: bytes, domain: str, look_up: LookUp) -> Proof:
    message = dkim.DKIM(raw, _QUIET, minkey=SHORTEST_KEY, timeout=SECONDS)
    count = sum(name.lower() == b"dkim-signature" for name, _ in message.headers)
    why = f"It has no DKIM signature of {domain}."
    for number in range(min(count, MAX_SIGNATURES)):
        try:
            sig, covered, _ = message.verify_headerprep(number)
        except dkim.DKIMException:
            continue
        signer = sig[b"d"].decode("ascii", "replace").lower()
        if not aligned(signer, domain):
            continue
        why = _lacks(sig, covered) or f"The DKIM signature of {signer} is not valid."
        if _lacks(sig, covered):
            continue
        if message.verify(number, dnsfunc=lambda name, timeout: _key(name, look_up)):
            return Proof(True, f"The DKIM signature of {signer} is valid.")
    return Proof(False, why)


def _lacks(sig: dict[bytes, bytes], covered: Sequence[bytes]) -> str:
    """Why a signature counts nothing whatever its key says."""
    if b"from" not in covered or b"l" in sig:
        return "Its DKIM signature does not cover all of it."
    return "" if sig[b"a"] in ALGORITHMS else "Its DKIM signature is of a kind that proves nothing any more."


def _key(name: bytes, look_up: LookUp) -> bytes | None:
    """The key, none where its domain only tries DKIM out (t=y, RFC 6376 section 3.6.1)."""
    records = [one for one in look_up(name.decode("ascii")) if b"p=" in one]
    flags = re.search(rb"(?:^|;)\s*t\s*=\s*([^;]*)", records[0]) if records else None
    tried_out = flags is not None and b"y" in [one.strip() for one in flags.group(1).split(b":")]
    return records[0] if records and not tried_out else None


def aligned(signer: str, domain: str) -> bool:
    """Is the signer the domain itself or one above it of at least two labels? Not one below: who may sign for
    students.example speaks not for example."""
    return signer == domain or (domain.endswith(f".{signer}") and "." in signer)


# --- our own mail server's word ---------------------------------------------------------------------------------------
def by_server(raw: bytes, server: str) -> Proof:
    """The topmost Authentication-Results, if it is of our own server: DMARC passed, or DKIM of the domain did."""
    head = head_of(raw)
    domain = sender_of(head).rpartition("@")[2]
    found = _RESULTS.findall(head.decode("utf-8", "replace"))
    if not domain or not found:
        return Proof(False, f"{server} wrote nothing about its sender into the mail.")
    name, results = _results(found[0])
    if name != server.lower():
        return Proof(False, f"The topmost word about its sender is not that of {server}.")
    for method, result, properties in results:
        if result == "pass" and _speaks_for(method, properties, domain):
            return Proof(True, f"{server} found it to be of {domain} ({method}).")
    return Proof(False, f"{server} did not find its sender to be proven.")


def _speaks_for(method: str, properties: dict[str, str], domain: str) -> bool:
    if method == "dmarc":
        return properties.get("header.from") == domain
    signer = properties.get("header.d") or properties.get("header.i", "").rpartition("@")[2]
    return method == "dkim" and aligned(signer, domain)


def _results(text: str) -> tuple[str, list[tuple[str, str, dict[str, str]]]]:
    """(server, [(method, result, properties)]) of an Authentication-Results field, its comments left out."""
    parts: list[list[str]] = [[]]
    for word in _uncommented(text):
        if word == ";":
            parts.append([])
        else:
            parts[-1].append(word)
    name = parts[0][0].lower() if parts[0] else ""
    return name, [one for one in map(_result, parts[1:]) if one is not None]


def _result(words: Sequence[str]) -> tuple[str, str, dict[str, str]] | None:
    """method = result, then property = value, each three words."""
    if len(words) < 3 or words[1] != "=":
        return None
    pairs = {
        words[n - 1].lower(): words[n + 1].lower()
        for n in range(4, len(words) - 1)
        if words[n] == "=" and "=" not in (words[n - 1], words[n + 1])
    }
    return words[0].lower().partition("/")[0], words[2].lower(), pairs


def _uncommented(text: str) -> Iterator[str]:
    """Words and signs outside comments; what is quoted is one word that stands for no sign."""
    depth = place = 0
    while found := (_COMMENT if depth else _OUTSIDE).match(text, place):
        place, word = found.end(), found.group(1)
        if depth or word == "(":
            depth += {"(": 1, ")": -1}.get(word or "", 0)
        elif word:
            yield word
