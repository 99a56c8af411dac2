"""Posts on a Bluesky account, by AT Protocol: records of ``app.bsky.feed.post`` in the account's repository.

Plain XRPC over ``http.py``: the library ``atproto`` renews and creates sessions by itself, tells no refused connection
from a lost answer, and drops the rate-limit headers. Each post has a record key of our own, made of the delivery's:
a server takes a key once only, so a repeated try makes no second post. It answers such a one 500; then the record is
read, and is the proof. Posts cannot be changed.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from broadcaster.channels.bluesky_names import HANDLE, Names
from broadcaster.channels.bluesky_session import DEAD, Account, Xrpc, rest
from broadcaster.channels.checks import unusable
from broadcaster.channels.http import LONGEST_SECONDS, STEP_LOST, TOTAL_SECONDS, aware, harmless
from broadcaster.channels.mentions import wrong_mentions
from broadcaster.domain.channel import (
    Accepted,
    Attempt,
    ChannelError,
    Check,
    Codes,
    DataPath,
    Found,
    OutcomeUnknown,
    Recipient,
    Secret,
    Sent,
    Verdict,
    Wrong,
)
from broadcaster.domain.message import Limits, Message
from broadcaster.domain.posting import Posting

LENGTH, THREAD = 300, 4
POST = "app.bsky.feed.post"
MOST_IMAGE = 1_000_000  # bytes; the newest servers take 2,000,000
MOST_TAG = 64
MOST_CARD = 300  # characters of a card's description
PAGE_SIZE, MOST_PAGES = 100, 5
BACK = timedelta(days=1)  # a post's key bears the time of its alert, which is older than its tries
CLOCK_SLACK = timedelta(seconds=5)
GONE = "earlier_gone"
MARKS = ".,;:!?'\u2019\u201d\u3001\u3002]*"  # of a sentence, behind an address
SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"
DEFAULT_SESSIONS = DataPath("sessions")

CODES: Codes = MappingProxyType(
    {
        STEP_LOST: Verdict.RETRY,  # the session, or a look at the earlier post: nothing was posted
        "ExpiredToken": Verdict.RETRY,  # the next try renews the session
        "InvalidToken": Verdict.RETRY,
        "AuthenticationRequired": Verdict.STOP_CHANNEL,  # identifier or app password is wrong
        "AuthFactorTokenRequired": Verdict.STOP_CHANNEL,  # the main password, where an app password belongs
        "AuthMissing": Verdict.STOP_CHANNEL,
        "AccountTakedown": Verdict.STOP_CHANNEL,
        "AccountDeactivated": Verdict.STOP_CHANNEL,
        "http_401": Verdict.STOP_CHANNEL,
        "http_403": Verdict.STOP_CHANNEL,
        "http_404": Verdict.ALARM,  # base_url is no Bluesky server
        "http_400": Verdict.PERMANENT,  # this post, on this server
        "http_429": Verdict.BACK_OFF,
        GONE: Verdict.RETRY_ONCE,  # the post to be answered is gone; the next try answers nothing
    }
)


@dataclass(frozen=True, slots=True)
class Options:
    """The keys of channels.toml. ``base_url`` is the account's own server; ``sessions`` a folder in the data folder."""

    app_password: Secret = field(repr=False)
    identifier: str
    base_url: str = "https://bsky.social"
    sessions: DataPath = DEFAULT_SESSIONS
    mentions: tuple[str, ...] = ()
    timeout_seconds: float = TOTAL_SECONDS

    def __post_init__(self) -> None:
        if not 0 < self.timeout_seconds <= LONGEST_SECONDS:
            raise ValueError(f"timeout_seconds lies between 0 and {LONGEST_SECONDS:.0f}, the sender's own limit")

    def wrong(self, region: str) -> Wrong | None:
        """Whether each of ``mentions`` is a name as Bluesky has them."""
        return wrong_mentions(self.mentions, HANDLE, "@countyfire.bsky.social")


class Bluesky:
    """One account (contract: ``broadcaster.domain.channel.Channel``)."""

    asks = True

    def __init__(self, name: str, options: Options) -> None:
        self.name = name
        account = Account(options.base_url.rstrip("/"), options.identifier, options.app_password)
        self._server = Xrpc(account, Path(options.sessions) / f"{name}.json", options.timeout_seconds, CODES)
        self._seconds = options.timeout_seconds
        self._named = Names(options.mentions, self._server, options.timeout_seconds)
        self._gone: set[str] = set()

    def __repr__(self) -> str:
        return f"<bluesky {self.name}>"

    def limits(self) -> Limits:
        """One post per language, or a short thread; nothing can be changed afterwards."""
        mentions = self._named.handles
        return Limits("short", "bluesky", LENGTH, "account", thread=THREAD, picture="wide", tags=1, mentions=mentions)

    async def send(self, message: Message, recipient: Recipient, attempt: Attempt) -> Accepted:
        """One createRecord under the delivery's key. Raises ChannelError or OutcomeUnknown."""
        session = await self._server.session()
        record: dict[str, Any] = {
            "$type": POST,
            "text": message.text,
            "langs": [message.language],
            "createdAt": _stamp(attempt.started),
            "facets": list(facets(message.text, await self._named.known(message.text))),
        }
        if attempt.earlier and attempt.earlier not in self._gone:
            record["reply"] = await self._reply(attempt.earlier)
        if attempt.posting is not None and message.number == 0 and (embed := await self._embed(attempt.posting)):
            record["embed"] = embed
        key = record_key(attempt)
        body = {"repo": session.did, "collection": POST, "rkey": key, "record": record}
        try:
            made, answer = await self._server.post("com.atproto.repo.createRecord", body)
            uri, wait = str(made["uri"]), rest(answer.headers)
        except (ChannelError, OutcomeUnknown, KeyError, TypeError) as error:
            refused = error if isinstance(error, ChannelError) else None
            taken = refused is None or refused.permanent  # some servers call a key that is taken a bad request
            uri, wait = await self._standing(session.did, key, message.text) if taken else "", 0.0
            if not uri:
                raise refused or OutcomeUnknown(str(error)) from error
        return Accepted(uri, _page(session.handle, uri), delivered=True, wait=wait)

    async def _standing(self, did: str, key: str, text: str) -> str:
        """The address of the post under that key, where it stands and says our words; "" where nobody knows."""
        try:
            found = await self._record(did, key)
            return str(found["uri"]) if found["value"]["text"] == text else ""
        except (ChannelError, OutcomeUnknown, KeyError, TypeError):
            return ""

    async def _record(self, did: str, key: str) -> Any:
        return await self._server.get(f"com.atproto.repo.getRecord?repo={did}&collection={POST}&rkey={key}")

    async def _reply(self, earlier: str) -> dict[str, Any]:
        """The post to be answered, and the first of its thread."""
        did, _, key = earlier.removeprefix("at://").split("/")
        try:
            parent = await harmless(self._record(did, key))
            reference = {"uri": parent["uri"], "cid": parent["cid"]}
            return {"root": parent["value"].get("reply", {}).get("root", reference), "parent": reference}
        except ChannelError as error:
            if error.code != "RecordNotFound":
                raise
            self._gone.add(earlier)
            raise ChannelError("the post that this one answers is gone", code=GONE) from error
        except (KeyError, TypeError, AttributeError) as error:
            raise ChannelError("the post that this one answers cannot be read", code=STEP_LOST) from error

    async def _embed(self, posting: Posting) -> dict[str, Any] | None:
        """The alert's picture; where there is none, or it is not taken, a card that leads to its page."""
        picture = posting.picture
        if picture is not None and len(picture.png) <= MOST_IMAGE and (blob := await self._blob(picture.png)):
            ratio = {"width": picture.width, "height": picture.height}
            return {
                "$type": "app.bsky.embed.images",
                "images": [{"image": blob, "alt": picture.alt, "aspectRatio": ratio}],
            }
        if not posting.link:
            return None
        info = posting.info
        words = {
            "title": info.headline or info.event,
            "description": (info.instruction or info.description)[:MOST_CARD],
        }
        return {"$type": "app.bsky.embed.external", "external": {"uri": posting.link, **words}}

    async def _blob(self, png: bytes) -> Any:
        """The picture on the server; None where it is not taken in half of our time: the words go without it."""
        until = asyncio.get_running_loop().time() + self._seconds / 2
        try:
            made, _ = await harmless(self._server.post("com.atproto.repo.uploadBlob", png, "image/png", until))
            return made["blob"]
        except (KeyError, TypeError):
            return None
        except ChannelError as error:
            if error.code in DEAD or CODES.get(error.code) in (Verdict.STOP_CHANNEL, Verdict.BACK_OFF):
                raise
            return None

    async def find(self, sent: Sent) -> Found | None:
        """Look for the attempt among the account's own posts since it started; None: it is not there."""
        try:
            session = await self._server.session()
            async for post in self._posts(session.did, sent.attempt.started):
                if _is(post, sent):
                    return Found(str(post["uri"]), "delivered", url=_page(session.handle, str(post["uri"])))
            return None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise OutcomeUnknown("the account's posts cannot be read") from error

    async def _posts(self, did: str, since: datetime) -> Any:
        """The account's posts by their keys, newest first, back to a day before ``since``."""
        query, cursor = f"com.atproto.repo.listRecords?repo={did}&collection={POST}&limit={PAGE_SIZE}", ""
        oldest = _sortable(since - BACK, 0)
        for _ in range(MOST_PAGES):
            page = await self._server.get(query, f"&cursor={cursor}" if cursor else "")
            for post in page["records"]:
                yield post
            cursor = str(page.get("cursor") or "")
            if not cursor or not page["records"] or _key(page["records"][-1]) < oldest:
                return
        raise OutcomeUnknown(f"more than {PAGE_SIZE * MOST_PAGES} posts since then")

    async def check(self) -> tuple[Check, ...]:
        """Does the session live, or can one be had?"""
        try:
            session = await self._server.session()
            await self._server.get(f"com.atproto.repo.listRecords?repo={session.did}&collection={POST}&limit=1")
        except (ChannelError, OutcomeUnknown) as error:
            hint = "compare identifier and base_url, and make an app password in the account's settings"
            return unusable(f"{self.name}: the Bluesky account cannot be used", error, hint)
        return (Check(True, f"{self.name}: posts as @{session.handle}"),)

    async def close(self) -> None:
        """Close all connections."""
        await self._server.close()


def open_channel(name: str, options: Options, public_url: str) -> Bluesky:
    """The channel of that name; opens no connection. A post's address is the app's, not ``public_url``'s."""
    return Bluesky(name, options)


# --- keys and links -------------------------------------------------------------------------------------------
def record_key(attempt: Attempt) -> str:
    """The record key of a delivery, the same for all its tries: the second when its alert went live, and a hash."""
    digest = hashlib.sha256((attempt.key or attempt.id).encode()).digest()
    at = attempt.posting.sent if attempt.posting is not None else attempt.started
    part = timedelta(microseconds=int.from_bytes(digest[:4], "big") % 1_000_000)
    return _sortable(at.replace(microsecond=0) + part, int.from_bytes(digest[4:6], "big") & 1023)


def _sortable(at: datetime, clock: int) -> str:
    """A TID (AT Protocol): microseconds since 1970 and a clock's number, sorting as they do."""
    number = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) << 10 | clock
    return "".join(SORTABLE[number >> shift & 31] for shift in range(60, -1, -5))


def facets(text: str, dids: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
    """What in a text is a link, a tag or a mention ("@handle" -> its DID), by UTF-8 bytes."""
    spans = [*_link_spans(text), *_tag_spans(text), *_mention_spans(text, dids or {})]
    for start, end, feature in sorted(spans, key=lambda span: span[0]):
        first = len(text[:start].encode())
        index = {"byteStart": first, "byteEnd": first + len(text[start:end].encode())}
        yield {"index": index, "features": [feature]}


Span = tuple[int, int, dict[str, str]]


def _link_spans(text: str) -> Iterator[Span]:
    for found in re.finditer(r"(?<![A-Za-z0-9])https?://[^\s<>\"]+", text, re.IGNORECASE):
        uri = _whole(found[0])
        if len(uri) > len("https://"):
            yield found.start(), found.start() + len(uri), {"$type": "app.bsky.richtext.facet#link", "uri": uri}


def _whole(uri: str) -> str:
    """Without the punctuation of the sentence around it; a bracket stays where it was opened inside."""
    while uri[-1] in MARKS or (uri[-1] == ")" and uri.count("(") < uri.count(")")):
        uri = uri[:-1]
    return uri


def _tag_spans(text: str) -> Iterator[Span]:
    for found in re.finditer(r"(?:(?<=\s)|^)[#\uff03](?!\ufe0f)(\S+)", text):
        tag = found[1]
        while tag and unicodedata.category(tag[-1])[0] == "P":
            tag = tag[:-1]
        if tag and not tag.isdecimal() and len(tag) <= MOST_TAG:
            yield found.start(), found.start() + 1 + len(tag), {"$type": "app.bsky.richtext.facet#tag", "tag": tag}


def _mention_spans(text: str, dids: Mapping[str, str]) -> Iterator[Span]:
    for handle, did in dids.items():
        for found in re.finditer(rf"(?<!\S){re.escape(handle)}(?!\S)", text):
            yield *found.span(), {"$type": "app.bsky.richtext.facet#mention", "did": did}


# --- which post is it? ----------------------------------------------------------------------------------------
def _is(post: Mapping[str, Any], sent: Sent) -> bool:
    if sent.provider_id:
        return bool(post["uri"] == sent.provider_id)
    value = post["value"]
    made = aware(datetime.fromisoformat(value["createdAt"]))
    fresh = made >= sent.attempt.started - CLOCK_SLACK and post["uri"] not in sent.known_ids
    return fresh and bool(value["text"] == sent.message.text)


def _key(post: Mapping[str, Any]) -> str:
    return str(post["uri"]).rsplit("/", 1)[-1]


def _page(handle: str, uri: str) -> str:
    return f"https://bsky.app/profile/{handle}/post/{uri.rsplit('/', 1)[-1]}"


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
