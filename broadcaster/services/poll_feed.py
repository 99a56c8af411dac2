"""One poll of a feed: the document asked for conditionally, read and taken, with its pages and what it links to.

A failed or truncated fetch never means that there are no alerts, a 304 or the very same bytes that nothing changed.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy.engine import Row

from alert_feeds import own_time
from alert_feeds.fetch import Fetched, FetchError, Request, fetch
from broadcaster.domain.config import FeedConfig
from broadcaster.domain.feed_entry import Link, ParsedFeed, Problem
from broadcaster.services import ingest
from broadcaster.services.system import Actor, System
from broadcaster.store import feeds as store

LINKS_AT_ONCE = 4
MAX_LINKS = 300  # fetched in one poll; the next one goes on
TOGETHER = 50  # linked documents taken in one step: what came while the one before was written
MAX_PAGES = 20
KEEP_EVERY = timedelta(hours=1)  # a document that brings nothing new is kept this often
BROKEN = frozenset(  # problems of a whole document: what is missing from it means nothing
    ["empty", "too_large", "too_deep", "too_many", "not_well_formed", "doctype", "not_json", "not_geojson", "no_alert"]
)
OF_THE_POLL = frozenset(["more_pages", "link", "many_links", "many_pages"])  # problems of fetching, not of reading


@dataclass
class Poll:
    """What one poll of a feed came to. ``status`` is ok, unchanged or error; ``took`` milliseconds until the document
    was here; ``size`` things in it, None where it was the same; ``digest`` of it where all of it was taken;
    ``followed``: it linked others."""

    status: str = "ok"
    http_status: int | None = None
    entries: list[ingest.EntryResult] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    error: str = ""
    retry_after: float | None = None
    etag: str = ""
    last_modified: str = ""
    incomplete: bool = False
    took: int = 0
    size: int | None = None
    digest: str = ""
    followed: bool = False
    moved: bool = False  # it said the same as before at a later time of its own: its source is alive

    def fail(self, text: str) -> None:
        """Nothing can be said of what the feed holds."""
        self.status, self.error = "error", text

    def as_dict(self, feed: str) -> dict[str, Any]:
        """For ``feeds poll --json``."""
        results = ingest.IngestResult(tuple(self.entries), tuple(self.problems)).as_dict(feed)
        return {
            "feed": feed,
            "status": self.status,
            "http_status": self.http_status,
            "error": self.error,
            "entries": results["entries"],
            "problems": results["problems"],
        }


@dataclass(frozen=True, slots=True)
class Polling:
    """A feed that is being polled: its row, for whom, and what has come of it so far. ``anew``: somebody asks, so that
    the same bytes are read again too."""

    system: System
    feed: FeedConfig
    row: Row[Any]
    actor: Actor
    done: Poll
    anew: bool = False

    async def run(self) -> None:
        """Ask once. Raises FetchError and BroadcasterError; what was taken before stays taken."""
        done, row = self.done, self.row
        began = time.monotonic()
        found = await fetch(self._request(self.feed.url, row.etag, row.last_modified))
        done.took = round((time.monotonic() - began) * 1000)
        done.http_status = found.status
        done.etag, done.last_modified, done.digest = row.etag, row.last_modified, row.digest or ""
        if found.unchanged:
            done.status = "unchanged"
            return
        digest = _digest(self.feed, found.body)
        before, now = (row.digest or "").split(), digest.split()
        validators = found.headers.get("etag", ""), found.headers.get("last-modified", "")
        if before[-1:] == now[-1:] and not self.anew:
            done.moved = before != now
            done.status, done.digest, (done.etag, done.last_modified) = "unchanged", digest, validators
            return
        done.etag, done.last_modified, done.digest = "", "", ""
        parsed = await self._document(found)
        await self._follow(parsed)
        if not done.incomplete:
            done.etag, done.last_modified = validators
            done.digest = digest if _says_all(parsed, done) else ""

    async def _document(self, found: Fetched) -> ParsedFeed:
        done = self.done
        parsed = await self._taken(found)
        done.size = len(parsed.entries) + sum(link.id != "next" for link in parsed.links)
        await asyncio.to_thread(self._keep, found)
        broken = next((problem for problem in parsed.problems if problem.code in BROKEN), None)
        if broken is not None:
            done.incomplete = True
            if not parsed.entries and not parsed.links:
                done.fail(f"{broken.code}: {broken.text}")
        return parsed

    def _keep(self, found: Fetched) -> None:
        """The bytes as they came, where they brought something, and now and then where they did not."""
        at, done = self.system.now(), self.done
        news = any(not entry.reason.startswith("duplicate") for entry in done.entries) or done.problems
        with self.system.database.read() as connection:
            last = store.last_document(connection, self.feed.name)
        if news or last is None or at - last >= KEEP_EVERY:
            with self.system.database.write() as connection:
                kind = found.headers.get("content-type", "")
                store.add_document(connection, self.feed.name, kind, found.body, at)

    def _request(self, url: str, etag: str = "", last_modified: str = "") -> Request:
        agency = self.system.config.agency
        contact = agency.contact or agency.cap_sender
        agent = "".join(c for c in f"crisis-broadcaster ({agency.name}, {contact})" if " " <= c <= "~")
        return Request(url, agent, etag, last_modified, self.feed.allow_private)

    async def _taken(self, found: Fetched) -> ParsedFeed:
        """Read and take one document off the event loop."""
        parsed = await asyncio.to_thread(ingest.read, self.feed, found.body, found.headers)
        await self._take(parsed)
        return parsed

    async def _take(self, parsed: ParsedFeed) -> None:
        result = await asyncio.to_thread(ingest.take, self.system, self.feed, parsed, self.actor)
        self.done.entries += result.entries
        self.done.problems += [problem for problem in result.problems if problem.code != "more_pages"]

    async def _follow(self, parsed: ParsedFeed) -> None:
        """Further pages in their order, then the documents that an index links to, some side by side."""
        links = await self._pages(parsed)
        if not links:
            return
        self.done.followed = True
        with self.system.database.read() as connection:
            known = store.links(connection, self.feed.name)
        wanted = [link for link in links if _is_news(link, known.get(link.url))]
        if len(wanted) > MAX_LINKS:
            self.done.incomplete = True
            text = (
                f"The index links {len(wanted)} new documents; {MAX_LINKS} were fetched, the others at the next poll."
            )
            self.done.problems.append(Problem("many_links", text))
        await self._linked(wanted[:MAX_LINKS], known)

    async def _pages(self, parsed: ParsedFeed) -> tuple[Link, ...]:
        """Ask for the next pages; the links that are no pages are returned."""
        for _ in range(MAX_PAGES):
            page = next((link for link in parsed.links if link.id == "next"), None)
            if page is None:
                return parsed.links
            parsed = await self._taken(await fetch(self._request(page.url)))
        self.done.incomplete = True
        self.done.problems.append(Problem("many_pages", f"More than {MAX_PAGES} pages; the rest was not read."))
        return ()

    async def _linked(self, links: Sequence[Link], known: Mapping[str, Row[Any]]) -> None:
        """Fetch some at once; whatever has come is taken together, so that none waits for a slow one."""
        gate, came = asyncio.Semaphore(LINKS_AT_ONCE), asyncio.Queue[Came | None]()

        async def one(link: Link) -> None:
            async with gate:
                if (found := await self._link(link, known.get(link.url))) is not None:
                    await came.put(found)

        taking = asyncio.create_task(self._take_what_came(came))
        try:
            await asyncio.gather(*(one(link) for link in links))
            await came.put(None)
            await taking
        finally:
            taking.cancel()

    async def _link(self, link: Link, row: Row[Any] | None) -> Came | None:
        """One linked document. Where it fails for now, the whole index is asked for again at the next poll."""
        etag, modified = (row.etag, row.last_modified) if row is not None else ("", "")
        try:
            found = await fetch(self._request(link.url, etag, modified))
        except FetchError as error:
            self.done.problems.append(Problem("link", f"{link.url}: {error}"))
            if error.permanent:
                return Came(link, None, etag, modified)
            self.done.incomplete = True
            return None
        if found.unchanged:
            return Came(link, None, etag, modified)
        return Came(link, found, found.headers.get("etag", ""), found.headers.get("last-modified", ""))

    async def _take_what_came(self, came: asyncio.Queue[Came | None]) -> None:
        while (first := await came.get()) is not None:
            group = [first]
            while len(group) < TOGETHER and not came.empty():
                if (more := came.get_nowait()) is None:
                    await came.put(None)
                    break
                group.append(more)
            documents = [one.found for one in group if one.found is not None]
            if documents:
                await self._take(await asyncio.to_thread(self._read, documents))
            with self.system.database.write() as connection:
                for one in group:
                    store.put_link(connection, self.feed.name, one.link, one.etag, one.last_modified, self.system.now())

    def _read(self, documents: Sequence[Fetched]) -> ParsedFeed:
        parsed = [ingest.read(self.feed, one.body, one.headers) for one in documents]
        entries = tuple(entry for one in parsed for entry in one.entries)
        return ParsedFeed(entries, tuple(problem for one in parsed for problem in one.problems))


@dataclass(frozen=True, slots=True)
class Came:
    """A linked document, None where it is the same as before or never will be there, and its validators."""

    link: Link
    found: Fetched | None
    etag: str
    last_modified: str


def _digest(feed: FeedConfig, body: bytes) -> str:
    """Two of a document and of how it is read (with another mapping it is another one): of all of it, and of all but
    the time that it says of itself."""
    read = hashlib.sha256(repr(feed).encode() + b"\n")
    whole, said = read.copy(), read
    whole.update(body)
    said.update(own_time.without(body))
    return f"{whole.hexdigest()} {said.hexdigest()}"


def _says_all(parsed: ParsedFeed, done: Poll) -> bool:
    """May the same bytes be passed over next time? Not where something is to be tried again, or where pages or linked
    documents may change while these bytes do not."""
    tried_again = any(entry.reason.startswith(ingest.FAILED) for entry in done.entries)
    return not tried_again and all(link.updated and link.id != "next" for link in parsed.links)


def _is_news(link: Link, row: Row[Any] | None) -> bool:
    """Never fetched, changed since by the index's word, or the index says nothing about changes."""
    return row is None or not link.updated or row.updated != link.updated
