"""EDXL Distribution Element 1.0 and 2.0 (OASIS): an envelope round CAP, as XML or base64, or an address of it.

The envelope's status counts where it is less than the CAP's: an exercise is sent as one, whatever lies inside.
Content that is no CAP (pictures, hospital or resource messages) is a problem with its bytes.
"""

from __future__ import annotations

import base64
import binascii
import copy
from collections.abc import Mapping
from dataclasses import replace

from lxml import etree

from alert_feeds import cap, items
from alert_feeds.cap_info import words
from alert_feeds.document import MAX_BYTES, Unreadable, children, decode, local, tree
from alert_feeds.values import content_hash, word
from broadcaster.domain.alert import MsgType, Status
from broadcaster.domain.feed_entry import FeedEntry, Link, ParsedFeed, Problem

MAX_CONTENTS = 1_000


def parse(body: bytes, headers: Mapping[str, str]) -> ParsedFeed:
    """Every CAP alert in the envelope. Never raises for what stands in it."""
    try:
        root = tree(decode(body, headers)[0])
    except Unreadable as error:
        return ParsedFeed(problems=(Problem(error.code, error.text, body),))
    if local(root).casefold() != "edxldistribution":
        return cap.parse(body, headers)
    contents = list(root.iter("{*}contentObject"))
    if not contents:
        return ParsedFeed(problems=(Problem("no_alert", "The envelope is empty: it has no contentObject.", body),))
    parts = [_content(root, content) for content in contents[:MAX_CONTENTS]]
    problems = [problem for part in parts for problem in part.problems]
    if len(contents) > MAX_CONTENTS:
        problems.append(Problem("too_many", f"{len(contents)} contents; only {MAX_CONTENTS} were read."))
    entries = tuple(entry for part in parts for entry in part.entries)
    return ParsedFeed(entries, tuple(problems), tuple(link for part in parts for link in part.links))


def _content(root: etree._Element, content: etree._Element) -> ParsedFeed:
    raw = _alone(root, content)
    inside = cap.embedded(content)
    if not inside.entries and not inside.problems:
        inside = _packed(content, raw)
    return replace(inside, entries=tuple(_in_envelope(entry, root, raw) for entry in inside.entries))


def _packed(content: etree._Element, raw: bytes) -> ParsedFeed:
    """CAP as base64, or where it lies."""
    packed = next((text for part in content.iter("{*}contentData") if (text := words(part))), "")
    address = next((text for part in content.iter("{*}uri") if (text := words(part))), "")
    kind = next((words(part) for part in content.iter("{*}mimeType", "{*}contentType")), "")
    if packed:
        try:
            unpacked = base64.b64decode("".join(packed.split()), validate=True)[: MAX_BYTES + 1]
        except (binascii.Error, ValueError):
            return _no(f"A content ({kind or 'of no type'}) is not base64.", "not_base64", raw)
        read = cap.parse(unpacked, {})
        if read.entries:
            return replace(read, problems=tuple(replace(problem, raw=raw) for problem in read.problems))
        return _no(f"A content ({kind or 'of no type'}) is no CAP: {read.problems[0].text}"[:300], "not_cap", raw)
    if items.is_web(address) and ("cap" in kind.casefold() or "xml" in kind.casefold()):
        return ParsedFeed(links=(Link(address, address),))
    return _no(f"A content ({kind or 'of no type'}) is no CAP and was not read.", "not_cap", raw)


def _no(text: str, code: str, raw: bytes) -> ParsedFeed:
    return ParsedFeed(problems=(Problem(code, text, raw),))


def _in_envelope(entry: FeedEntry, root: etree._Element, raw: bytes) -> FeedEntry:
    message, notes = entry.message, list(entry.findings)
    status = word(Status, _head(root, "distributionStatus"))
    kind = (_head(root, "distributionType") or _head(root, "distributionKind")).casefold()
    if status is not None and status != Status.ACTUAL and message.status == Status.ACTUAL:
        text = f"The envelope's status is {status}, the alert's Actual; it was taken as {status}."
        notes.append(Problem("envelope_status", text))
        message = replace(message, status=status)
    if kind in ("cancel", "error") and message.msg_type not in (MsgType.CANCEL, MsgType.ERROR):
        text = f"The envelope says {kind}, the alert inside {message.msg_type}; the alert's own word was taken."
        notes.append(Problem("envelope_kind", text))
    return replace(entry, message=message, content_hash=content_hash(message), raw=raw, findings=tuple(notes))


def _head(root: etree._Element, name: str) -> str:
    return next((words(child) for child in root.iter(f"{{*}}{name}")), "")


def _alone(root: etree._Element, content: etree._Element) -> bytes:
    """The envelope with this content alone."""
    shell = items.bare(root)
    for child in children(root):
        if local(child) not in ("contentObject", "content") and len(etree.tostring(child)) <= items.HEAD_BYTES:
            shell.append(copy.deepcopy(child))
    shell.append(copy.deepcopy(content))
    return etree.tostring(shell, encoding="utf-8")
