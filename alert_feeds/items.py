"""Items of Atom, RSS 2.0 and RSS 1.0 with everything inside them, for formats that say it all in their items.

(feedparser, which discovers links for ``cap_index``, drops all but the last of repeated extension elements.)
Each item's raw bytes are a feed with this item alone, so that the same parser reads them again.
"""

from __future__ import annotations

import copy
import hashlib
import html
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import cast
from urllib.parse import urljoin, urlsplit

from lxml import etree

from alert_feeds import cap, own_zone
from alert_feeds.cap_info import words
from alert_feeds.document import SAYS, Unreadable, children, decode, local, namespace, tree
from alert_feeds.recent import Recent
from alert_feeds.values import Notes, content_hash, moment, vtec
from broadcaster.domain.alert import CapMessage, Pair
from broadcaster.domain.feed_entry import FeedEntry, Link, ParsedFeed, Problem

ATOM = "http://www.w3.org/2005/Atom"
MAX_ITEMS = 5_000
HEAD_BYTES = 2_000  # an element of the feed's head that is longer is not repeated with every item
_ROOTS = ("feed", "rss", "RDF")
_ITEMS = ("entry", "item")
_HEAD = ("title", "link", "id", "author", "language")
_CORE = ("", ATOM, "http://purl.org/rss/1.0/", "http://purl.org/net/rss1.1#")
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/tr|/h\d|/dd|/dt)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[!/?A-Za-z][^<>]*>")
_BLANKS = re.compile(r"[ \t\r\f\v\xa0]+")
_LINES = re.compile(r" ?\n[ \n]*")
_RFC822 = re.compile(
    r"(?:[A-Za-z]{3,9},?\s+)?(\d{1,2})\s+([A-Za-z]{3})[a-z]*\s+(\d{4})\s+(\d{1,2}):(\d\d)(?::(\d\d))?"
    r"(?:\s+(?:([+-])(\d\d):?(\d\d)|([A-Za-z]{1,5})))?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
ZONES: Mapping[str, float] = {  # hours: RFC 822's own, and those that official feeds are seen to write
    "ut": 0,
    "gmt": 0,
    "utc": 0,
    "z": 0,
    "est": -5,
    "edt": -4,
    "cst": -6,
    "cdt": -5,
    "mst": -7,
    "mdt": -6,
    "pst": -8,
    "pdt": -7,
    "akst": -9,
    "akdt": -8,
    "hst": -10,
    "chst": 10,
    "ast": -4,
    "adt": -3,
    "nst": -3.5,
    "ndt": -2.5,
    "bst": 1,
    "cet": 1,
    "cest": 2,
    "jst": 9,
    "awst": 8,
    "acst": 9.5,
    "aest": 10,
    "aedt": 11,
}


class Lacking(Exception):
    """What an item must have and has not; ends as a ``required`` problem with the item's bytes."""


class Item:
    """One entry or item, and the feed's head it stands under."""

    def __init__(self, element: etree._Element, head: Item | None = None, base: str = "") -> None:
        self.element = element
        self.head = head
        self.base = base  # where the feed came from; only what is fetched depends on it, never what is read
        self._children: dict[str, list[etree._Element]] = {}
        for child in children(element):
            self._children.setdefault(local(child), []).append(child)

    def text(self, *names: str) -> str:
        """The first text of these elements of Atom or RSS itself, HTML made plain; "" for none."""
        found = (plain_of(child) for name in names for child in self._core(name))
        return next((text for text in found if text), "")

    def of_feed(self, *names: str) -> str:
        """The same of the feed's head."""
        return self.head.text(*names) if self.head is not None else ""

    def _core(self, name: str) -> list[etree._Element]:
        return [child for child in self._children.get(name, ()) if namespace(child) in _CORE]

    def own(self, name: str, space: str) -> str:
        """The first text of an extension element; ``space`` is a part of its namespace."""
        return next((text for child in self.elements(name, space) if (text := words(child))), "")

    def elements(self, name: str, space: str) -> list[etree._Element]:
        """Extension elements of that name, in order."""
        return [child for child in self._children.get(name, ()) if space in namespace(child)]

    def facts(self, space: str, names: Sequence[str]) -> tuple[Pair, ...]:
        """The named extension texts that are there, as parameters."""
        return tuple((name, text) for name in names if (text := self.own(name, space)))

    def categories(self) -> tuple[str, ...]:
        """Categories of Atom (term) or RSS (text), each once."""
        found = [child.get("term") or words(child) for child in self._core("category")]
        return tuple(dict.fromkeys(text.strip() for text in found if text and text.strip()))

    def links(self) -> Iterator[tuple[str, str]]:
        """(address, media type) of each link, Atom's by ``href``, RSS's by text."""
        for child in self._core("link"):
            address = (child.get("href") or words(child)).strip()
            if address:
                yield address, (child.get("type") or "").partition(";")[0].strip().lower()

    def web(self) -> str:
        """The first link that is a web address, "" for none."""
        return next((address for address, _ in self.links() if is_web(address)), "")

    def linked_cap(self) -> str:
        """The link that says it is CAP, "" for none."""
        cap_types = ("application/cap+xml", "application/common-alerting-protocol+xml")
        return self.fetched(cap_types)

    def fetched(self, kinds: Sequence[str]) -> str:
        """The first link of one of these media types, absolute, as something to fetch; "" for none."""
        found = (absolute(self.base, address) for address, kind in self.links() if kind in kinds)
        return next((address for address in found if is_web(address)), "")

    def author(self, part: str = "name") -> str:
        """Name, email or uri of Atom's author, the feed's where the entry has none; "" for none."""
        found = [words(child) for author in self._core("author") for child in children(author) if local(child) == part]
        return next((text for text in found if text), "") or (self.head.author(part) if self.head is not None else "")

    def identifier(self) -> str:
        """Atom's id, RSS's guid, else the link. Raises Lacking."""
        found = self.text("id", "guid") or next((address for address, _ in self.links()), "")
        if not found:
            raise Lacking("The item has neither id nor link; without one it cannot be told from others.")
        return found

    def sent(self, notes: Notes) -> datetime:
        """When this state of the item was written: what says "updated" before what says "published". Raises Lacking."""
        given = self.text("updated", "modified") or self.own("modified", "purl.org") or self.own("updated", ATOM)
        given = given or self.text("pubDate") or self.own("date", "purl.org/dc") or self.text("published", "issued")
        found = when(given, "The item's time", notes) if given else None
        if found is None:
            said = f"The item's time {given[:60]!r} is none" if given else "The item says no time"
            raise Lacking(f"{said}; without one a new state of it cannot be told from an old one.")
        return found

    def source(self) -> str:
        """Who speaks: the host of the feed's address, else of the item's, else the feed's title. Raises Lacking."""
        of_feed = self.head.links() if self.head is not None else ()
        addresses = [*(address for address, _ in of_feed), self.of_feed("id"), self.web()]
        host = next((host for address in addresses if (host := _host(address))), "")
        found = host or self.of_feed("title")
        if not found:
            raise Lacking("Neither the feed nor the item says whose it is: no link and no title.")
        return found


Outcome = FeedEntry | Problem | Link
Reader = Callable[[Item, Notes, bytes], Outcome]  # the item, where to note what is wrong with it, its bytes
_RECENT: Recent[Outcome] = Recent()


def read(body: bytes, headers: Mapping[str, str], reader: Reader) -> ParsedFeed:
    """Every item by ``reader``; CAP in the place of a feed, or inside one, is read as what it is."""
    try:
        text, wrong = decode(body, headers)
        root = tree(text)
    except Unreadable as error:
        return ParsedFeed(problems=(Problem(error.code, error.text, body),))
    if local(root) not in _ROOTS:
        return cap.parse(body, headers)
    inside = cap.embedded(root)
    found = [element for element in root.iter(*_tags(root)) if not _within_another(element)]
    base = next((value for name, value in headers.items() if name.lower() == "content-location"), "")
    if not inside.entries and not inside.problems:
        return _items(root, found, wrong, reader, base)
    others = _items(root, [element for element in found if not _holds_cap(element)], wrong, reader, base)
    return ParsedFeed(
        (*inside.entries, *others.entries), (*inside.problems, *others.problems), (*inside.links, *others.links)
    )


def _within_another(item: etree._Element) -> bool:
    return any(local(around) in _ITEMS for around in item.iterancestors())


def _holds_cap(item: etree._Element) -> bool:
    inside = cap.embedded(item)
    return bool(inside.entries or inside.problems)


def _items(
    root: etree._Element, found: Sequence[etree._Element], wrong: Sequence[str], reader: Reader, base: str
) -> ParsedFeed:
    entries: list[FeedEntry] = []
    problems: list[Problem] = []
    links: list[Link] = []
    shell, place = _shell(root)
    head = Item(place)
    for element in found[:MAX_ITEMS]:
        raw = _alone(shell, element)
        make = partial(_outcome, reader, Item(element, head, base), wrong, raw)
        key = reader, base, tuple(wrong), hashlib.sha256(raw).digest()
        outcome = _RECENT.get(key, len(raw), make) if len(found) > 1 else make()
        if isinstance(outcome, Link):
            links.append(outcome)
        elif isinstance(outcome, Problem):
            problems.append(outcome)
        else:
            entries.append(outcome)
    if len(found) > MAX_ITEMS:
        problems.append(Problem("too_many", f"{len(found)} items; only {MAX_ITEMS} were read."))
    return ParsedFeed(tuple(entries), tuple(problems), tuple(links))


def _outcome(reader: Reader, item: Item, wrong: Sequence[str], raw: bytes) -> Outcome:
    notes = Notes()
    for code in wrong:
        notes.add(code, SAYS[code])
    try:
        return reader(item, notes, raw)
    except Lacking as error:
        return Problem("required", str(error), raw)


def unique_links(parsed: ParsedFeed) -> ParsedFeed:
    """One link for each document, with the newest time that the index gives it."""
    newest: dict[str, Link] = {}
    for link in parsed.links:
        if link.url not in newest or link.updated > newest[link.url].updated:
            newest[link.url] = link
    return replace(parsed, links=tuple(newest.values()))


def entry(message: CapMessage, raw: bytes, notes: Notes) -> FeedEntry:
    """The message with its hash, its VTEC codes and what was found wrong with it."""
    codes = tuple(dict.fromkeys(code for info in message.infos for code in vtec(info.parameters)))
    return FeedEntry(message, content_hash(message), raw, codes, notes.found)


def _tags(root: etree._Element) -> list[str]:
    return [f"{{*}}{name}" for name in _ITEMS]


def _shell(root: etree._Element) -> tuple[tuple[bytes, bytes], etree._Element]:
    """The feed's bytes before and after its items, and the element that holds its head: the root, or RSS's channel."""
    shell = bare(root)
    channel = next((child for child in children(root) if local(child) == "channel"), None)
    head = shell
    if channel is not None:
        head = bare(channel)
        shell.append(head)
    for child in children(root if channel is None else channel):
        if local(child) in _HEAD and namespace(child) in _CORE and len(etree.tostring(child)) <= HEAD_BYTES:
            head.append(copy.deepcopy(child))
    mark = etree.Comment("item")
    head.append(mark)
    before, _, after = etree.tostring(shell, encoding="utf-8").partition(b"<!--item-->")
    head.remove(mark)
    return (before, after), head


def bare(element: etree._Element) -> etree._Element:
    """An element of that name and those namespaces with nothing in it."""
    return etree.Element(element.tag, nsmap=cast("dict[str, str]", element.nsmap))


def _alone(shell: tuple[bytes, bytes], item: etree._Element) -> bytes:
    """The item as the only one of its feed; written beside the shell, since copying it into one takes twice as long."""
    return shell[0] + etree.tostring(item, encoding="utf-8", with_tail=False) + shell[1]


def plain_of(element: etree._Element) -> str:
    """An element's text, whether HTML stands in it escaped or as elements."""
    if len(element):
        return plain(etree.tostring(element, encoding="unicode", with_tail=False))
    return plain(element.text or "")


def plain(text: str) -> str:
    """HTML as text: breaks become lines, tags go, entities are read. Text without HTML stays as it is."""
    if "<" in text:
        text = _TAG.sub("", _BREAK.sub("\n", text))
    if "&" in text:
        text = html.unescape(text)
    return _LINES.sub("\n", _BLANKS.sub(" ", _without_controls(text))).strip()


def _without_controls(text: str) -> str:
    return (
        text
        if text.isprintable()
        else "".join(c for c in text if c in "\n\t\r" or (c >= " " and c not in "\ufffe\uffff"))
    )


def when(text: str, part: str, notes: Notes) -> datetime | None:
    """A time of RFC 822 (RSS) or RFC 3339 (Atom) as aware UTC; an unknown zone is UTC, none the feed's, with a note."""
    match = _RFC822.fullmatch(text.strip())
    if not match:
        return moment(text, part, notes)
    try:
        return _rfc822(match, part, notes)
    except (ValueError, OverflowError):
        notes.add("time", f"{part} {text[:80]!r} is not a time and was left out.")
        return None


def _rfc822(match: re.Match[str], part: str, notes: Notes) -> datetime:
    day, name, year, hour, minute = (match.group(i) for i in range(1, 6))
    month = _MONTHS.index(name.lower()) + 1
    local_time = datetime(int(year), month, int(day), int(hour), int(minute), int(match.group(6) or 0), tzinfo=UTC)
    if match.group(7):
        away = timedelta(hours=int(match.group(8)), minutes=int(match.group(9)))
        return local_time - (away if match.group(7) == "+" else -away)
    zone = (match.group(10) or "").lower()
    if not zone:
        found, code, words = own_zone.read(local_time.replace(tzinfo=None))
        notes.add(code, f"{part} {match.group(0)[:80]!r} names no time zone; {words}.")
        return found
    if zone not in ZONES:
        notes.add("time_zone", f"{part} {match.group(0)[:80]!r} names no known time zone; it was read as UTC.")
    return local_time - timedelta(hours=ZONES.get(zone, 0))


def is_web(address: str) -> bool:
    """Is it an http or https address?"""
    return address.startswith(("https://", "http://")) and bool(_host(address))


def absolute(base: str, address: str) -> str:
    """A link as seen from where its feed came from."""
    try:
        return urljoin(base, address)
    except ValueError:
        return ""


def _host(address: str) -> str:
    try:
        return urlsplit(address.strip()).hostname or ""
    except ValueError:
        return ""
