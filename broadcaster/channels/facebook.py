"""Posts on a Facebook Page, by the Graph API (v26.0): feed, photos and published_posts of a page, comments of a post.

One request a try. With the alert's card it is a photo post with alt text, else a post with the link's preview; where
Meta refuses card or link, the next try is the text alone. An update is a comment on the incident's first post. Facebook
shows comments to few, so ``updates = "post"`` makes each a post of its own; so is one that is too long for a comment.

Facebook takes no idempotency key, but refuses a text twice (506): then the page's posts tell which one stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from broadcaster.channels.bare import BARE, Bare
from broadcaster.channels.checks import unusable
from broadcaster.channels.graph import (
    GONE,
    GRAPH_CODES,
    NOT_THERE,
    Access,
    File,
    Graph,
    Said,
    clipped,
    same,
    the_one,
)
from broadcaster.channels.http import LONGEST_SECONDS, TOTAL_SECONDS
from broadcaster.domain.channel import (
    Accepted,
    Attempt,
    ChannelError,
    Check,
    Codes,
    Found,
    OutcomeUnknown,
    Recipient,
    Secret,
    Sent,
    Verdict,
)
from broadcaster.domain.message import Limits, Message
from broadcaster.domain.text_social import utf16

LENGTH = 63_206  # of a post; press, Meta's reference names none
COMMENT_LENGTH = 8_000
SCOPES = ("pages_manage_posts", "pages_read_engagement")
COMMENT_SCOPES = ("pages_manage_engagement",)

CODES: Codes = MappingProxyType(
    {
        **GRAPH_CODES,
        "506": Verdict.PERMANENT,  # the same text stands already, and not as this try
        BARE: Verdict.RETRY,  # the card or the link was refused; the next try is the text alone
    }
)


@dataclass(frozen=True, slots=True)
class Options:
    """The keys of channels.toml. ``app_id`` with ``app_secret`` asks for the token's life where the token may not."""

    page_id: str
    access_token: Secret = field(repr=False)
    app_id: str = ""
    app_secret: Secret = field(default=Secret(""), repr=False)
    updates: str = "comment"
    api_version: str = "v26.0"
    base_url: str = "https://graph.facebook.com"
    timeout_seconds: float = TOTAL_SECONDS

    def __post_init__(self) -> None:
        if self.updates not in ("comment", "post"):
            raise ValueError("updates is comment or post")
        if self.app_id and not self.app_secret:
            raise ValueError("app_id goes with app_secret")
        if not 0 < self.timeout_seconds <= LONGEST_SECONDS:
            raise ValueError(f"timeout_seconds lies between 0 and {LONGEST_SECONDS:.0f}, the sender's own limit")


class Facebook:
    """One Page (contract: ``broadcaster.domain.channel.Channel``)."""

    asks = True

    def __init__(self, name: str, options: Options) -> None:
        self.name = name
        self._options = options
        base = f"{options.base_url.rstrip('/')}/{options.api_version}"
        access = Access(name, base, options.access_token, options.app_id, options.app_secret)
        self._graph = Graph(access, CODES, options.timeout_seconds)
        self._gone: set[str] = set()
        self._bare = Bare()

    def __repr__(self) -> str:
        return f"<facebook {self.name}>"

    def limits(self) -> Limits:
        """One long post per language, with the card; posts and comments can be changed."""
        return Limits("long", "utf16", LENGTH, "account", edits=True, picture="wide", tags=1)

    async def send(self, message: Message, recipient: Recipient, attempt: Attempt) -> Accepted:
        """One POST. Raises ChannelError or OutcomeUnknown."""
        earlier = attempt.earlier if attempt.earlier not in self._gone else ""
        if attempt.edits:
            return await self._change(message, attempt.edits)
        if earlier and self._is_comment(message):
            return await self._comment(message, earlier)
        try:
            said = await self._post(message, attempt)
        except ChannelError as error:
            if error.code != "506":
                raise
            return await self._standing(message, recipient, attempt, error)
        return _accepted(str(said.body.get("post_id") or said.id), said.wait)

    def _is_comment(self, message: Message) -> bool:
        return self._options.updates == "comment" and utf16(message.text) <= COMMENT_LENGTH

    async def _change(self, message: Message, post: str) -> Accepted:
        try:
            said = await self._graph.post(post, {"message": message.text})
        except ChannelError as error:
            if error.code != "100/33":
                raise
            raise ChannelError("the post that is to be changed is gone", code=NOT_THERE, permanent=True) from error
        return _accepted(post, said.wait)

    async def _comment(self, message: Message, earlier: str) -> Accepted:
        try:
            said = await self._graph.post(f"{earlier}/comments", {"message": message.text})
        except ChannelError as error:
            if error.code != "100/33":
                raise
            self._gone.add(earlier)
            raise ChannelError("the post that this one answers is gone", code=GONE) from error
        return _accepted(said.id, said.wait, earlier)

    async def _post(self, message: Message, attempt: Attempt) -> Said:
        """A post with what goes with it; without, where that was refused before."""
        key = attempt.key or attempt.id
        posting = attempt.posting if key not in self._bare else None
        page = self._options.page_id
        try:
            if posting and posting.picture:
                file = File("source", "alert.png", "image/png", posting.picture.png)
                form = {"caption": message.text, "alt_text_custom": clipped(posting.picture.alt)}
                return await self._graph.post(f"{page}/photos", form, file=file)
            form = {"message": message.text} | ({"link": posting.link} if posting and posting.link else {})
            return await self._graph.post(f"{page}/feed", form)
        except OutcomeUnknown:
            if posting and posting.picture:  # one that hangs twice holds back no words
                self._bare.unanswered(key)
            raise
        except ChannelError as error:
            if posting is None or CODES.get(error.code) not in (None, Verdict.PERMANENT) or error.code == "506":
                raise
            raise self._bare.refused(key, error) from error

    async def _standing(
        self, message: Message, recipient: Recipient, attempt: Attempt, refused: ChannelError
    ) -> Accepted:
        """The post that stands with these words since the alert was sent: an earlier try's; else the refusal."""
        since = attempt.posting.sent if attempt.posting else attempt.started
        found = await self.find(Sent(replace(attempt, started=since), message, recipient))
        if found is None:
            raise refused
        return Accepted(found.provider_id, found.url, delivered=True)

    async def find(self, sent: Sent) -> Found | None:
        """Look for the attempt among the page's comments and posts since it started; None: it is not there."""
        try:
            if sent.attempt.edits:
                return await self._changed(sent)
            return await self._among_comments(sent) or await self._among_posts(sent)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise OutcomeUnknown("the page's posts cannot be read") from error

    async def _changed(self, sent: Sent) -> Found | None:
        """Whether the post says our words already; repeating a change does no harm."""
        post = (await self._graph.get(sent.attempt.edits, {"fields": "id,message"})).body
        return _found(sent.attempt.edits) if same(str(post.get("message", "")), sent.message.text) else None

    async def _among_comments(self, sent: Sent) -> Found | None:
        earlier, since = sent.attempt.earlier, sent.attempt.started
        if not earlier or not self._is_comment(sent.message):
            return None
        wanted = {"fields": "id,message,created_time,from", "filter": "stream", "order": "reverse_chronological"}
        try:
            comments = await self._graph.listed(f"{earlier}/comments", wanted, since, "created_time")
        except ChannelError as error:
            if error.code != "100/33":
                raise
            return None
        found = the_one([one for one in comments if self._is_own(one)], sent, "message", "created_time")
        return _found(str(found["id"]), earlier) if found else None

    async def _among_posts(self, sent: Sent) -> Found | None:
        wanted = {"fields": "id,message,created_time,from"}
        path = (
            f"{self._options.page_id}/published_posts"  # the feed has visitors' posts, too, and wants a right for them
        )
        posts = await self._graph.listed(path, wanted, sent.attempt.started, "created_time")
        found = the_one([one for one in posts if self._is_own(one)], sent, "message", "created_time")
        return _found(str(found["id"])) if found else None

    def _is_own(self, post: Mapping[str, Any]) -> bool:
        """Anybody may write our words on a page; Meta names the page as author of its own."""
        return str(post.get("from", {}).get("id", self._options.page_id)) == self._options.page_id

    async def check(self) -> tuple[Check, ...]:
        """Is the token good for this page, and how long does it live?"""
        comments = COMMENT_SCOPES if self._options.updates == "comment" else ()
        try:
            page = (await self._graph.get(self._options.page_id, {"fields": "id,name"})).body
            life = await self._graph.life((*SCOPES, *comments))
        except (ChannelError, OutcomeUnknown) as error:
            hint = "compare page_id and access_token (of the page, not of a person); docs/channels/facebook.md"
            return unusable(f"{self.name}: the Facebook page cannot be used", error, hint)
        return Check(True, f"{self.name}: posts as the page {page.get('name', page.get('id'))}"), life

    async def close(self) -> None:
        """Close all connections."""
        await self._graph.close()


def open_channel(name: str, options: Options, public_url: str) -> Facebook:
    """The channel of that name; opens no connection. A post's address is Facebook's, not ``public_url``'s."""
    return Facebook(name, options)


def _url(post: str, earlier: str) -> str:
    """The address of a post by its id alone, which needs no further request; a comment's is its post's."""
    return f"https://www.facebook.com/{earlier}?comment_id={post.split('_')[-1]}" if earlier else _url_of(post)


def _url_of(post: str) -> str:
    return f"https://www.facebook.com/{post}"


def _accepted(post: str, wait: float, earlier: str = "") -> Accepted:
    return Accepted(post, _url(post, earlier), delivered=True, wait=wait)


def _found(post: str, earlier: str = "") -> Found:
    return Found(post, "delivered", url=_url(post, earlier))
