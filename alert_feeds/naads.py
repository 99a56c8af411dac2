"""Canada's National Alert Aggregation and Dissemination system (Pelmorex): CAP 1.2 with the CAP-CP profile.

Read are single alerts (archive), several one after the other (the stream, kept in a file) and the Atom index. A
heartbeat is no alert: it names the last ten, and each name is a link into the archive, so that a missed one is
fetched. Signatures stay in the raw bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from alert_feeds import cap, cap_index
from alert_feeds.cap_info import words
from alert_feeds.document import Unreadable, decode, first_tag, tree
from broadcaster.domain.feed_entry import FeedEntry, Link, ParsedFeed, Problem

HEARTBEAT = "naads-heartbeat"
ARCHIVE = "http://capcp1.naad-adna.pelmorex.com"  # NAAD System LMD User Guide; it has no https
MAX_ALERTS = 2_000
MAX_NAMED = 100
_END = re.compile(r"</(?:[\w.-]+:)?alert\s*>")
_NAME = re.compile(r"[\w.:+-]{1,200}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")


def parse(body: bytes, headers: Mapping[str, str]) -> ParsedFeed:
    """Alerts, and links to those that heartbeats or the index name. Never raises for what stands in it."""
    try:
        text, _ = decode(body, headers)
    except Unreadable as error:
        return ParsedFeed(problems=(Problem(error.code, error.text, body),))
    if first_tag(text) != "alert":
        return cap_index.parse(body, headers)
    if len(_END.findall(text)) < 2:
        return _read(body, headers)
    return _several(text)


def _several(text: str) -> ParsedFeed:
    """Alerts one after the other, each up to its end tag; what is left over at the end is a problem."""
    read: list[ParsedFeed] = []
    place = 0
    for end in _END.finditer(text):
        if len(read) >= MAX_ALERTS:
            read.append(
                ParsedFeed(problems=(Problem("too_many", f"More than {MAX_ALERTS} alerts; the rest was left."),))
            )
            break
        read.append(_read(text[place : end.end()].strip().encode("utf-8", "replace"), {}))
        place = end.end()
    if place < len(text.rstrip()):
        rest = text[place:].encode("utf-8", "replace")
        read.append(ParsedFeed(problems=(Problem("not_well_formed", "The last alert breaks off.", rest),)))
    return ParsedFeed(
        tuple(entry for one in read for entry in one.entries),
        tuple(problem for one in read for problem in one.problems),
        tuple(link for one in read for link in one.links),
    )


def _read(body: bytes, headers: Mapping[str, str]) -> ParsedFeed:
    found = cap.parse(body, headers)
    beats = [entry for entry in found.entries if _is_beat(entry)]
    links = tuple(dict.fromkeys(link for beat in beats for link in _named(beat)))
    return ParsedFeed(tuple(_remarked(entry) for entry in found.entries if not _is_beat(entry)), found.problems, links)


def _is_beat(entry: FeedEntry) -> bool:
    return entry.message.sender.casefold().startswith(HEARTBEAT)


def _remarked(entry: FeedEntry) -> FeedEntry:
    notes = list(entry.findings)
    if not any("CAP-CP" in code for code in entry.message.codes):
        notes.append(Problem("profile", "The alert does not name the profile CAP-CP."))
    if any("AllClear" in info.response_types for info in entry.message.infos):
        notes.append(Problem("all_clear", "Its issuer says AllClear. Nobody is told that it is safe but by a person."))
    return replace(entry, findings=tuple(notes))


def _named(beat: FeedEntry) -> list[Link]:
    """The archive's addresses of what a heartbeat refers to. They are written with the time as it stands there."""
    try:
        root = tree(decode(beat.raw, {})[0])
    except Unreadable:
        return []
    text = " ".join(words(element) for element in root.iter("{*}references"))
    found = []
    for name in text.split()[:MAX_NAMED]:
        _, _, rest = name.partition(",")
        identifier, _, sent = rest.rpartition(",")
        if _NAME.fullmatch(identifier) and _TIME.fullmatch(sent):
            file = f"{_in_address(sent)}I{_in_address(identifier)}.xml"
            found.append(Link(f"{ARCHIVE}/{sent[:10]}/{file}", identifier, sent))
    return found


def _in_address(text: str) -> str:
    return text.replace("-", "_").replace(":", "_").replace("+", "p")
