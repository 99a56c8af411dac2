"""A mail of unknown honesty into the documents it carries: attachments, the text itself, what is forwarded. Pure.

Nothing in a mail makes ``read`` raise. It is looked over for what would make the parser of MIME slow or deep before
that parser sees it, and then walked with bounds.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.policy import compat32

from broadcaster.domain.feed_entry import Problem

MAX_PARTS = 100
MAX_DEPTH = 10
MAX_DOCUMENTS = 30
MAX_FIELD = 4_000  # bytes of one Content- field with its parameters
MAX_DELIMITERS = 2_000  # lines that may part a mail
MAX_HEADER = 256 * 1024
XML_TYPES = frozenset(("application/cap+xml", "application/xml", "text/xml", "application/edxl-de+xml"))
XML_NAMES = (".xml", ".cap", ".edxl")
PACKED = (".zip", ".gz", ".7z", ".rar", ".tar", ".tgz", ".bz2", "winmail.dat")
_FIELD = re.compile(rb"^content-[a-z-]*:[^\n]*(?:\n[ \t][^\n]*)*", re.IGNORECASE | re.MULTILINE)
_DELIMITER = re.compile(rb"^--", re.MULTILINE)
_FROM = re.compile(rb"^from:(.*(?:\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)
_ADDRESS = r"([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)"
_NAMED = re.compile(rf'(?:"(?:[^"\\]|\\.)*"|[^<>@",:;\\])*<{_ADDRESS}>')
_BARE = re.compile(_ADDRESS)
_BEGIN = re.compile(rb"<(?:\?xml\b|(?:[\w.-]{1,40}:)?(?:alert|EDXLDistribution)[\s>])")
_END = re.compile(rb"</(?:[\w.-]{1,40}:)?(?:alert|EDXLDistribution)\s*>")
_FAILS = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError)


@dataclass(frozen=True, slots=True)
class Document:
    """A document in a mail. ``own``: its sender put it there as such; not what is quoted or forwarded in it."""

    body: bytes
    content_type: str
    own: bool = True


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail holds. ``sender`` is the one address of its one From field, in lower case, else ""."""

    sender: str = ""
    documents: tuple[Document, ...] = ()
    problems: tuple[Problem, ...] = ()


class _Hostile(Exception):
    """The mail is not read: code and text."""


def sender_of(head: bytes) -> str:
    """The address in the From field of a header; "" unless there is exactly one field with exactly one address."""
    found = _FROM.findall(_lines(head))
    if len(found) != 1 or len(found[0]) > MAX_FIELD:
        return ""
    text = " ".join(found[0].decode("utf-8", "replace").split())
    match = _BARE.fullmatch(text) or _NAMED.fullmatch(text)
    return match.group(1).lower() if match else ""


def head_of(raw: bytes) -> bytes:
    """The header of a mail, up to its first empty line."""
    lines = _lines(raw[:MAX_HEADER])
    return lines.partition(b"\n\n")[0]


def read(raw: bytes) -> Mail:
    """Everything in a mail that may be a document, and problems with the mail's bytes where there is none."""
    try:
        _look_over(raw)
        message = email.message_from_bytes(raw, policy=compat32)
        documents, problems = _documents(message)
    except _Hostile as error:
        code, text = error.args
        return Mail(sender_of(head_of(raw)), (), (Problem(code, text, raw),))
    except _FAILS as error:
        text = f"The mail cannot be read: {type(error).__name__}."
        return Mail(sender_of(head_of(raw)), (), (Problem("mail_unreadable", text, raw),))
    if not documents and not problems:
        problems = [Problem("mail_no_alert", "The mail holds no CAP, neither attached nor as its text.", raw)]
    if len(documents) > MAX_DOCUMENTS:
        text = f"The mail holds {len(documents)} documents; the first {MAX_DOCUMENTS} were read."
        problems.append(Problem("mail_many", text, raw))
    return Mail(sender_of(head_of(raw)), tuple(documents[:MAX_DOCUMENTS]), tuple(problems))


def _lines(raw: bytes) -> bytes:
    """With ends of lines as the parser of MIME sees them: it takes a lone CR for one too."""
    return raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _look_over(raw: bytes) -> None:
    """Refuse what is made to be slow or deep, in one pass. Raises _Hostile."""
    lines = _lines(raw)
    if not lines.strip():
        raise _Hostile("empty", "The mail is empty.")
    if len(lines) > MAX_HEADER and b"\n\n" not in lines[:MAX_HEADER]:
        raise _Hostile("mail_hostile", f"The header of the mail is longer than {MAX_HEADER} bytes.")
    for count, found in enumerate(_FIELD.finditer(lines)):
        if count >= 4 * MAX_PARTS or len(found.group()) > MAX_FIELD:
            raise _Hostile("mail_hostile", "The mail has too many parts, or a part with an endless description.")
    for count, _ in enumerate(_DELIMITER.finditer(lines)):
        if count >= MAX_DELIMITERS:
            raise _Hostile("mail_hostile", f"The mail is parted in more than {MAX_DELIMITERS} places.")


def _documents(message: Message) -> tuple[list[Document], list[Problem]]:
    attached: list[Document] = []
    texts: list[Document] = []
    problems: list[Problem] = []
    answer = _is_answer(message)
    for part, inside in _leaves(message):
        kind, name = part.get_content_type(), _name(part)
        own = not inside and not answer
        if kind in XML_TYPES or name.endswith(XML_NAMES):
            attached.append(Document(_body(part), str(part.get("Content-Type", kind)), own))
        elif name.endswith(PACKED) or "zip" in kind or kind == "application/ms-tnef":
            text = f"The attachment {name[:80] or kind} is packed and not read. Ask for the CAP file itself."
            problems.append(Problem("mail_packed", text, _body(part)))
        elif kind == "text/plain":
            texts += _in_text(_body(part), str(part.get("Content-Type", kind)), own)
    return attached + texts, problems


def _leaves(message: Message) -> Iterator[tuple[Message, bool]]:
    """Every part that has no parts, in its order, and whether it lies in a forwarded mail. Raises _Hostile."""
    left: list[tuple[Message, int, bool]] = [(message, 0, False)]
    seen = 0
    while left:
        part, depth, inside = left.pop()
        seen += 1
        if seen > MAX_PARTS or depth > MAX_DEPTH:
            raise _Hostile("mail_hostile", f"The mail has more than {MAX_PARTS} parts, or over {MAX_DEPTH} levels.")
        below = part.get_payload()
        if isinstance(below, list):
            inside = inside or part.get_content_maintype() == "message"
            left += [(one, depth + 1, inside) for one in reversed(below) if isinstance(one, Message)]
        else:
            yield part, inside


def _body(part: Message) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _name(part: Message) -> str:
    """Its file's name, fit for people and databases."""
    text = str(part.get_filename() or "").strip().lower()
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _in_text(body: bytes, content_type: str, own: bool) -> Iterator[Document]:
    """CAP as the text itself; amid other words it may be a quotation."""
    begin = _BEGIN.search(body)
    ends = list(_END.finditer(body, begin.end())) if begin else []
    if begin and ends:
        alone = not body[: begin.start()].strip(b"\xef\xbb\xbf \t\r\n") and not body[ends[-1].end() :].strip()
        yield Document(body[begin.start() : ends[-1].end()], content_type, own and alone)


def _is_answer(message: Message) -> bool:
    """An automatic answer or a report may hold what somebody else wrote (RFC 3834, RFC 6522)."""
    automatic = str(message.get("Auto-Submitted", "no")).strip().lower().startswith("auto-replied")
    return automatic or message.get_content_type() == "multipart/report"
