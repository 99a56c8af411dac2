"""Posts of an organisation on LinkedIn, by its versioned API: /rest/posts, /rest/images, /rest/socialActions.

Written from LinkedIn's published interface (Posts, Images and Comments API). The alert's card is uploaded first, which
shows nothing to anybody; where it is refused, the next try is the text alone. An update is a comment on the incident's
first post, where it has room. Posts and comments can be changed.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from broadcaster.channels.bare import Bare
from broadcaster.channels.checks import unusable
from broadcaster.channels.graph import GONE, NOT_THERE, clipped, same, the_one
from broadcaster.channels.http import LONGEST_SECONDS, STEP_LOST, TOTAL_SECONDS, harmless, object_of, unsure
from broadcaster.channels.linkedin_rest import (
    CODES,
    DUPLICATE,
    MUTE,
    PROCESSING,
    Rest,
    little,
    plain,
    version_life,
)
from broadcaster.domain.channel import (
    Accepted,
    Attempt,
    ChannelError,
    Check,
    Found,
    OutcomeUnknown,
    Recipient,
    Secret,
    Sent,
    Verdict,
)
from broadcaster.domain.message import Limits, Message
from broadcaster.domain.posting import Posting
from broadcaster.domain.text_social import utf16

__all__ = ["CODES", "LinkedIn", "Options", "open_channel"]
LENGTH, COMMENT_LENGTH = 3_000, 1_250
PAGE = 100
AGAIN_SECONDS = 2.0  # until LinkedIn has worked on a picture; once, then the words go without it


@dataclass(frozen=True, slots=True)
class Options:
    """The keys of channels.toml. ``client_id`` and ``client_secret``, the app's, tell how long the token lives."""

    organization_id: str
    access_token: Secret = field(repr=False)
    client_id: str = ""
    client_secret: Secret = field(default=Secret(""), repr=False)
    api_version: str = "202607"
    base_url: str = "https://api.linkedin.com"
    timeout_seconds: float = TOTAL_SECONDS

    def __post_init__(self) -> None:
        if bool(self.client_id) != bool(self.client_secret):
            raise ValueError("client_id goes with client_secret")
        version_life("", self.api_version, datetime.now(UTC))
        if not 0 < self.timeout_seconds <= LONGEST_SECONDS:
            raise ValueError(f"timeout_seconds lies between 0 and {LONGEST_SECONDS:.0f}, the sender's own limit")


class LinkedIn:
    """One organisation's page (contract: ``broadcaster.domain.channel.Channel``)."""

    asks = True

    def __init__(self, name: str, options: Options) -> None:
        self.name = name
        self._options = options
        self._owner = f"urn:li:organization:{options.organization_id.rpartition(':')[2]}"
        self._rest = Rest(name, options.base_url, options.access_token, options.api_version, options.timeout_seconds)
        self._images: dict[str, str] = {}
        self._gone: set[str] = set()
        self._mute = False
        self._bare = Bare()
        self._waited: set[str] = set()

    def __repr__(self) -> str:
        return f"<linkedin {self.name}>"

    def limits(self) -> Limits:
        """One short post per language, with the card; posts and comments can be changed."""
        return Limits("short", "utf16", LENGTH, "account", edits=True, picture="wide", tags=1)

    async def send(self, message: Message, recipient: Recipient, attempt: Attempt) -> Accepted:
        """At most an upload and one POST. Raises ChannelError or OutcomeUnknown."""
        until = self._rest.until()
        if attempt.edits:
            return await self._change(message, attempt.edits, until)
        gone = self._mute or attempt.earlier in self._gone
        if attempt.earlier and not gone and utf16(message.text) <= COMMENT_LENGTH:
            return await self._comment(message, attempt.earlier, until)
        try:
            return await self._post(message, attempt, until)
        except ChannelError as error:
            if error.code != DUPLICATE:
                raise
            since = attempt.posting.sent if attempt.posting else attempt.started
            found = await self.find(Sent(replace(attempt, started=since), message, recipient))
            if found is None:
                raise
            return Accepted(found.provider_id, found.url, delivered=True)

    async def _post(self, message: Message, attempt: Attempt, until: float) -> Accepted:
        """A post with what goes with it; without, where that was refused before."""
        key = attempt.key or attempt.id
        posting = attempt.posting if key not in self._bare else None
        post = {
            "author": self._owner,
            "commentary": little(message.text),
            "visibility": "PUBLIC",
            "distribution": {
                "feedDistribution": "MAIN_FEED",
                "targetEntities": [],
                "thirdPartyDistributionChannels": [],
            },
            "lifecycleState": "PUBLISHED",
            "isReshareDisabledByAuthor": False,
        }
        try:
            content = await self._content(posting, key, until) if posting else {}
            answer = await self._rest.call("POST", "/rest/posts", until, post | content)
        except ChannelError as error:
            refused = CODES.get(error.code) in (None, Verdict.PERMANENT) and error.code != DUPLICATE
            hangs = error.code == STEP_LOST and self._bare.unanswered(key)  # words come before pictures
            if posting is None or not (refused or hangs):
                raise
            if refused and await self._is_unready(key, until):
                text = "LinkedIn works on the picture"
                raise ChannelError(text, code=PROCESSING, retry_after=AGAIN_SECONDS) from error
            raise self._bare.refused(key, error) from error
        self._images.pop(key, None)
        made = answer.headers.get("x-restli-id") or unsure(answer)
        return Accepted(made, _url(made), delivered=True)

    async def _is_unready(self, key: str, until: float) -> bool:
        """Whether a post was refused for a picture that LinkedIn still works on; asked once a delivery."""
        image = self._images.get(key)
        if image is None or key in self._waited:
            return False
        self._waited.add(key)
        with suppress(ChannelError, OutcomeUnknown):
            told = object_of(await self._rest.call("GET", f"/rest/images/{quote(image, safe='')}", until))
            return told.get("status") in ("PROCESSING", "WAITING_UPLOAD")
        return False

    async def _content(self, posting: Posting, key: str, until: float) -> dict[str, Any]:
        if posting.picture:
            if key not in self._images:
                half = asyncio.get_running_loop().time() + self._options.timeout_seconds / 2
                self._images[key] = await harmless(self._upload(posting.picture.png, min(until, half)))
            return {"content": {"media": {"id": self._images[key], "altText": clipped(posting.picture.alt)}}}
        article = {"source": posting.link, "title": posting.info.headline[:200] or posting.link}
        return {"content": {"article": article}} if posting.link else {}

    async def _upload(self, png: bytes, until: float) -> str:
        """The card as an image of the organisation that no post shows yet."""
        wanted = {"initializeUploadRequest": {"owner": self._owner}}
        made = object_of(await self._rest.call("POST", "/rest/images?action=initializeUpload", until, wanted))
        try:
            image, url = str(made["value"]["image"]), str(made["value"]["uploadUrl"])
        except (KeyError, TypeError) as error:
            raise OutcomeUnknown("LinkedIn names no address for the picture") from error
        if not self._rest.is_theirs(url):
            raise ChannelError("LinkedIn names an address for the picture that is not its own", code="upload_address")
        await self._rest.request("PUT", url, until, png, {"Content-Type": "application/octet-stream"})
        return image

    async def _comment(self, message: Message, earlier: str, until: float) -> Accepted:
        comment = {"actor": self._owner, "object": earlier, "message": {"text": message.text}}
        try:
            answer = await self._rest.call("POST", f"{_actions(earlier)}/comments", until, comment)
        except ChannelError as error:
            if error.code == "http_403":
                self._mute = True
                raise ChannelError(f"{error} The next try is a post", code=MUTE, retry_after=0.0) from error
            if error.code != "http_404":
                raise
            self._gone.add(earlier)
            raise ChannelError("the post that this one answers is gone", code=GONE) from error
        made = object_of(answer)
        id_ = made.get("commentUrn") or answer.headers.get("x-restli-id") or unsure(answer)
        urn = str(id_) if str(id_).startswith("urn:") else f"urn:li:comment:({earlier},{id_})"
        return Accepted(urn, _url(urn, earlier), delivered=True)

    async def _change(self, message: Message, post: str, until: float) -> Accepted:
        about, comment = _parts(post)
        if comment:
            path = f"{_actions(about)}/comments/{comment}?{urlencode({'actor': self._owner})}"
            patch: dict[str, Any] = {"message": {"$set": {"text": message.text}}}
        else:
            path, patch = f"/rest/posts/{quote(post, safe='')}", {"$set": {"commentary": little(message.text)}}
        try:
            await self._rest.call("POST", path, until, {"patch": patch}, {"X-RestLi-Method": "PARTIAL_UPDATE"})
        except ChannelError as error:
            if error.code != "http_404":
                raise
            raise ChannelError("the post that is to be changed is gone", code=NOT_THERE, permanent=True) from error
        return Accepted(post, _url(post, about if comment else ""), delivered=True)

    async def find(self, sent: Sent) -> Found | None:
        """Look for the attempt among the organisation's comments and posts since it started; None: it is not there."""
        earlier = sent.attempt.earlier
        try:
            if sent.attempt.edits:
                return await self._changed(sent)
            rows, silent = await self._comments(earlier) if earlier else ([], None)
            if comment := the_one(rows, sent, "text", "time"):
                return Found(comment["id"], "delivered", url=_url(comment["id"], earlier))
            post = the_one(await self._posts(sent), sent, "text", "time")
            if post is None and silent:
                raise silent
            return Found(post["id"], "delivered", url=_url(post["id"])) if post else None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise OutcomeUnknown("the organisation's posts cannot be read") from error

    async def _changed(self, sent: Sent) -> Found | None:
        """Whether the post says our words already; repeating a change does no harm."""
        post = sent.attempt.edits
        about, comment = _parts(post)
        if comment:
            made = object_of(await self._rest.call("GET", f"{_actions(about)}/comments/{comment}"))
            text = made["message"]["text"]
        else:
            text = plain(object_of(await self._rest.call("GET", f"/rest/posts/{quote(post, safe='')}"))["commentary"])
        return (
            Found(post, "delivered", url=_url(post, about if comment else ""))
            if same(text, sent.message.text)
            else None
        )

    async def _comments(self, earlier: str) -> tuple[list[dict[str, Any]], ChannelError | None]:
        """Our comments on a post, and why they cannot be read where the token may not."""
        try:
            rows = object_of(await self._rest.call("GET", f"{_actions(earlier)}/comments?start=0&count={PAGE}"))[
                "elements"
            ]
        except ChannelError as error:
            if error.code not in ("http_403", "http_404"):
                raise
            return [], error if error.code == "http_403" else None
        return [
            {"id": row["commentUrn"], "text": row["message"]["text"], "time": _iso(row["created"]["time"])}
            for row in rows
            if row["actor"] == self._owner
        ], None

    async def _posts(self, sent: Sent) -> list[dict[str, Any]]:
        query = urlencode({"author": self._owner, "q": "author", "count": PAGE, "sortBy": "LAST_MODIFIED"})
        rows = object_of(await self._rest.call("GET", f"/rest/posts?{query}", headers={"X-RestLi-Method": "FINDER"}))[
            "elements"
        ]
        posts = [{"id": r["id"], "text": plain(r.get("commentary", "")), "time": _iso(r["createdAt"])} for r in rows]
        if len(posts) >= PAGE and all(datetime.fromisoformat(post["time"]) > sent.attempt.started for post in posts):
            raise OutcomeUnknown(f"more than {PAGE} posts since then")
        return posts

    async def check(self) -> tuple[Check, ...]:
        """May the token read the organisation's posts, and how long do it and the API's version live?"""
        options, query = self._options, urlencode({"author": self._owner, "q": "author", "count": 1})
        try:
            await self._rest.call("GET", f"/rest/posts?{query}", headers={"X-RestLi-Method": "FINDER"})
            life = await self._rest.life(options.client_id, options.client_secret)
        except (ChannelError, OutcomeUnknown) as error:
            hint = "compare organization_id, access_token and api_version; docs/channels/linkedin.md"
            return unusable(f"{self.name}: the LinkedIn page cannot be used", error, hint)
        version = version_life(self.name, options.api_version, datetime.now(UTC))
        return Check(True, f"{self.name}: posts as {self._owner}"), life, version

    async def close(self) -> None:
        """Close all connections."""
        await self._rest.close()


def open_channel(name: str, options: Options, public_url: str) -> LinkedIn:
    """The channel of that name; opens no connection. A post's address is LinkedIn's, not ``public_url``'s."""
    return LinkedIn(name, options)


def _actions(post: str) -> str:
    return f"/rest/socialActions/{quote(post, safe='')}"


def _parts(urn: str) -> tuple[str, str]:
    """(the post it is on, its own id) of a comment; of a post (itself, "")."""
    found = re.fullmatch(r"urn:li:comment:\((.+),(\w+)\)", urn)
    return (found[1], found[2]) if found else (urn, "")


def _url(urn: str, earlier: str = "") -> str:
    if earlier:
        return f"https://www.linkedin.com/feed/update/{earlier}/?{urlencode({'commentUrn': urn})}"
    return f"https://www.linkedin.com/feed/update/{urn}/"


def _iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()
