"""The only reader of CAP XML: versions 1.1 and 1.2 (OASIS CAP-v1.2), any prefix, wherever the alerts stand.

Alerts are found at the root or inside other XML (EDXL-DE, SOAP, Atom content), escaped inside text or CDATA,
in strings of JSON and as JSON objects. A missing required part (identifier, sender, sent, status, msgType, scope) is a
``Problem`` with the bytes; a wrong optional one is a finding on the entry. ``parse`` never raises for bad bytes.
Signatures are not checked: real senders' often do not verify, so one informs and is no gate.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from lxml import etree

from alert_feeds import cap_json
from alert_feeds.cap_info import CapPart, infos
from alert_feeds.document import SAYS, Unreadable, children, decode, local, namespace, tree
from alert_feeds.json_parts import written
from alert_feeds.values import Notes, Word, content_hash, moment, references, vtec, word
from broadcaster.domain.alert import CapMessage, Info, MsgType, Scope, Status
from broadcaster.domain.feed_entry import FeedEntry, ParsedFeed, Problem

NAMESPACES = (cap_json.SPACE, "urn:oasis:names:tc:emergency:cap:1.1")
OLD = "http://www.incident.com/cap/1.0"
MAX_ALERTS = 2_000
_HEAD = frozenset(["identifier", "sender", "sent", "status", "msgType"])
MAX_NESTING = 3  # a document inside a text inside a document ...


@dataclass(frozen=True, slots=True)
class _Missing(Exception):
    """Required parts that are absent or wrong."""

    text: str


@dataclass(slots=True)
class _Found:
    """What one document has given so far."""

    entries: list[FeedEntry]
    problems: list[Problem]

    def full(self) -> bool:
        return len(self.entries) + len(self.problems) >= MAX_ALERTS


def parse(body: bytes, headers: Mapping[str, str]) -> ParsedFeed:
    """Every CAP alert in the document; a document without one is a problem, never "no alerts"."""
    found = _Found([], [])
    try:
        text, wrong = decode(body, headers)
        _read(text, body, wrong, found, 0)
    except Unreadable as error:
        found.problems.append(Problem(error.code, error.text, body))
    if not found.entries and not found.problems:
        found.problems.append(Problem("no_alert", "The document holds no CAP alert.", body))
    return ParsedFeed(tuple(found.entries), tuple(found.problems))


def embedded(root: etree._Element) -> ParsedFeed:
    """The alerts inside a tree that was read already (an index with CAP in its entries); none is no problem."""
    found = _Found([], [])
    _walk(root, None, [], found, 0)
    return ParsedFeed(tuple(found.entries), tuple(found.problems))


def _read(text: str, body: bytes | None, wrong: list[str], found: _Found, nesting: int) -> None:
    if text.lstrip()[:1] in ("{", "["):
        _read_json(text, wrong, found, nesting)
    else:
        _walk(tree(text), body, wrong, found, nesting)


def _read_json(text: str, wrong: list[str], found: _Found, nesting: int) -> None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable("not_json", f"Neither XML nor JSON: {error}"[:300]) from error
    for part in cap_json.parts(value):
        if not isinstance(part, str):
            root, unread = cap_json.tree(part)
            _alert(root, written(part), wrong, found, unread)
        elif _looks_like_cap(part):
            _read_inside(part, wrong, found, nesting)
        if found.full():
            found.problems.append(Problem("too_many", f"More than {MAX_ALERTS} alerts; the rest was not read."))
            return


def _looks_like_cap(text: str) -> bool:
    marked = "emergency:cap:" in text or ("identifier>" in text and "msgType>" in text)
    return marked and "alert" in text and text.lstrip().startswith("<")


def _read_inside(text: str, wrong: list[str], found: _Found, nesting: int) -> None:
    """A document in a string of another; what is wrong with it never stops its neighbours."""
    raw = text.encode("utf-8", errors="replace")
    if nesting >= MAX_NESTING or found.full():
        found.problems.append(Problem("too_deep", "Documents inside documents go no further than this.", raw))
        return
    try:
        inner, more = decode(raw, {})
        _read(inner, None, [*wrong, *more], found, nesting + 1)
    except Unreadable as error:
        found.problems.append(Problem(error.code, error.text, raw))


def _walk(root: etree._Element, body: bytes | None, wrong: list[str], found: _Found, nesting: int) -> None:
    inside: etree._Element | None = None
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if not isinstance(element.tag, str):
            continue
        if event == "end":
            inside = None if element is inside else inside
        elif inside is None and _is_alert(element):
            inside = element
            _alert(element, body if element is root else None, wrong, found)
        elif inside is None:
            for text in (element.text, *(child.tail for child in element)):
                if text and _looks_like_cap(text):
                    _read_inside(text, wrong, found, nesting)
        if found.full():
            found.problems.append(Problem("too_many", f"More than {MAX_ALERTS} alerts; the rest was not read."))
            return


def _is_alert(element: etree._Element) -> bool:
    if local(element) != "alert":
        return False
    space = namespace(element)
    within = {local(child) for child in children(element)}
    return "cap:" in space or space == OLD or (not space and "identifier" in within) or within >= _HEAD


def _alert(element: etree._Element, body: bytes | None, wrong: list[str], found: _Found, unread: str = "") -> None:
    raw = body if body is not None else etree.tostring(element, with_tail=False, encoding="utf-8")
    notes = Notes()
    for code, text in [*((code, SAYS[code]) for code in wrong), ("unread", unread)]:
        if text:
            notes.add(code, text)
    try:
        message = _message(element, notes)
    except _Missing as missing:
        found.problems.append(Problem("required", missing.text, raw))
        return
    codes = tuple(dict.fromkeys(code for info in message.infos for code in vtec(info.parameters)))
    found.entries.append(FeedEntry(message, content_hash(message), raw, codes, notes.found))


def _message(element: etree._Element, notes: Notes) -> CapMessage:
    _check_version(element, notes)
    part = CapPart(element, "alert", notes)
    identifier, sender = _required(part, "identifier"), _required(part, "sender")
    sent = _sent(part, notes)
    message = CapMessage(
        identifier=identifier,
        sender=sender,
        sent=sent,
        status=_required_word(part, "status", Status),
        msg_type=_required_word(part, "msgType", MsgType),
        scope=_required_word(part, "scope", Scope),
        source=part.text("source"),
        restriction=part.text("restriction"),
        addresses=part.text("addresses"),
        codes=part.texts("code"),
        note=part.text("note"),
        references=references(part.text("references"), notes, sender),
        incidents=part.text("incidents"),
        infos=infos(part),
    )
    message = _not_over_at_once(message, notes)
    _remark(message, notes)
    return message


def _not_over_at_once(message: CapMessage, notes: Notes) -> CapMessage:
    """An Alert that ends in the second in which it was sent is one of a sender who fills in what he does not know."""
    if message.msg_type != MsgType.ALERT or all(info.expires != message.sent for info in message.infos):
        return message
    notes.add("expires_at_sent", "The alert is said to end when it was sent, which nobody means; the end was left out.")
    ends = (replace(info, expires=None) if info.expires == message.sent else info for info in message.infos)
    return replace(message, infos=tuple(ends))


def _check_version(element: etree._Element, notes: Notes) -> None:
    space = namespace(element)
    if space == OLD:
        raise _Missing(f"{space} is not CAP 1.1 or 1.2; ask the issuer for CAP 1.2.")
    if not space:
        notes.add("namespace", "The alert names no CAP namespace; it was read as CAP 1.2.")
    elif space not in NAMESPACES:
        notes.add("namespace", f"The alert's namespace {space[:100]} is not CAP's; it was read as CAP 1.2.")


def _required(part: CapPart, name: str) -> str:
    text = part.text(name)
    if not text:
        raise _Missing(f"{name} is missing; without it a CAP alert cannot be told from others.")
    return text


def _sent(part: CapPart, notes: Notes) -> datetime:
    text = _required(part, "sent")
    sent = moment(text, "sent", notes)
    if sent is None:
        raise _Missing(f"sent {text[:80]!r} is not a time with date, hour and zone.")
    return sent


def _required_word(part: CapPart, name: str, kind: type[Word]) -> Word:
    text = _required(part, name)
    found = word(kind, text)
    if found is None:
        raise _Missing(f"{name} {text[:80]!r} is none of {', '.join(member.value for member in kind)}.")
    return found


def _remark(message: CapMessage, notes: Notes) -> None:
    for name, value in (("identifier", message.identifier), ("sender", message.sender)):
        if any(sign in value for sign in " ,<&"):
            notes.add("characters", f"The {name} holds a space, comma, < or &: references to it cannot be written.")
    if message.msg_type in (MsgType.UPDATE, MsgType.CANCEL) and not message.references:
        notes.add("no_references", f"This {message.msg_type} does not say which message it is about.")
    if not message.infos and message.msg_type in (MsgType.ALERT, MsgType.UPDATE):
        notes.add("no_info", f"This {message.msg_type} has no info: it does not say what happens.")
    for info in message.infos:
        _remark_info(info, notes)


def _remark_info(info: Info, notes: Notes) -> None:
    if info.expires is None:
        notes.add("no_expires", f"The info in {info.language} does not say when it ends.")
    if not info.areas:
        notes.add("no_area", f"The info in {info.language} has no area.")
    if not info.event:
        notes.add("no_event", f"The info in {info.language} names no event.")
