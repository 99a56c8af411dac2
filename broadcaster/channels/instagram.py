"""Posts on an Instagram professional account, by the Graph API (v26.0, content publishing): a container, then its
publication.

Instagram has no post without a picture: the alert's card, which it fetches from our public page as JPEG. An update is a
comment on the incident's first post. Neither captions nor comments can be changed by the API.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from broadcaster.channels.checks import unusable
from broadcaster.channels.containers import CONTAINER_CODES, MISSING, Containers, Paths, Published
from broadcaster.channels.graph import GONE, GRAPH_CODES, Access, Graph, clipped, the_one
from broadcaster.channels.http import LONGEST_SECONDS, TOTAL_SECONDS
from broadcaster.channels.mentions import META_NAME, wrong_mentions
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
    Wrong,
)
from broadcaster.domain.message import Limits, Message
from broadcaster.domain.posting import Posting

LENGTH = 2_200
SCOPES = ("instagram_basic", "instagram_content_publish", "instagram_manage_comments", "pages_read_engagement")
PATHS = Paths("media", "media_publish", "status_code", "content_publishing_limit")
QUOTA = ("quota_usage", "config")
NO_PICTURE = "no_picture"
MEDIA, COMMENTS = {"fields": "id,caption,timestamp,permalink"}, {"fields": "id,text,timestamp"}

CODES: Codes = MappingProxyType(
    {
        **GRAPH_CODES,
        **CONTAINER_CODES,
        NO_PICTURE: Verdict.ALARM,  # PUBLIC_URL is not to be reached from outside, or no card was drawn
        "4/2207051": Verdict.ALARM,  # the account is blocked for what looks automatic: asking again makes it worse
        "9/2207042": Verdict.BACK_OFF,  # the day's posts are used up
        "9004/2207052": Verdict.RETRY,  # Instagram could not fetch the picture
        "25/2207050": Verdict.STOP_CHANNEL,  # the account is restricted or inactive
        **dict.fromkeys(("36000/2207004", "36001/2207005", "36003/2207009"), Verdict.ALARM),  # not our card
        **dict.fromkeys(("36004/2207010", "110/2207040"), Verdict.PERMANENT),  # too long, too many mentions
    }
)


@dataclass(frozen=True, slots=True)
class Options:
    """The keys of channels.toml. ``account_id``: of the professional account, not its name."""

    account_id: str
    access_token: Secret = field(repr=False)
    app_id: str = ""
    app_secret: Secret = field(default=Secret(""), repr=False)
    mentions: tuple[str, ...] = ()
    api_version: str = "v26.0"
    base_url: str = "https://graph.facebook.com"
    timeout_seconds: float = TOTAL_SECONDS

    def __post_init__(self) -> None:
        if self.app_id and not self.app_secret:
            raise ValueError("app_id goes with app_secret")
        if not 0 < self.timeout_seconds <= LONGEST_SECONDS:
            raise ValueError(f"timeout_seconds lies between 0 and {LONGEST_SECONDS:.0f}, the sender's own limit")

    def wrong(self, region: str) -> Wrong | None:
        """Whether each of ``mentions`` is a name as Instagram has them."""
        return wrong_mentions(self.mentions, META_NAME, "@countyfire")


class Instagram:
    """One account (contract: ``broadcaster.domain.channel.Channel``)."""

    asks = True

    def __init__(self, name: str, options: Options) -> None:
        self.name = name
        self._account = options.account_id
        self._mentions = options.mentions
        base = f"{options.base_url.rstrip('/')}/{options.api_version}"
        access = Access(name, base, options.access_token, options.app_id, options.app_secret)
        self._graph = Graph(access, CODES, options.timeout_seconds)
        self._containers = Containers(self._graph, self._account, PATHS)
        self._gone: set[str] = set()

    def __repr__(self) -> str:
        return f"<instagram {self.name}>"

    def limits(self) -> Limits:
        """One post per language: the card, and its caption."""
        return Limits("short", "utf16", LENGTH, "account", picture="square", tags=1, mentions=self._mentions)

    async def send(self, message: Message, recipient: Recipient, attempt: Attempt) -> Accepted:
        """A container and its publication, or a comment. Raises ChannelError or OutcomeUnknown."""
        if attempt.earlier and attempt.earlier not in self._gone:
            return await self._comment(message, attempt.earlier)
        until, key = self._graph.until(), attempt.key or attempt.id
        form = _form(message, attempt.posting)
        try:
            said = await self._containers.publish(key, form, until)
        except Published:
            return await self._standing(message, recipient, attempt)
        url, full = await self._containers.extras(said.id, QUOTA, until)
        return Accepted(said.id, url, delivered=True, wait=max(said.wait, full))

    async def _comment(self, message: Message, earlier: str) -> Accepted:
        try:
            said = await self._graph.post(f"{earlier}/comments", {"message": message.text})
        except ChannelError as error:
            if error.code not in MISSING:
                raise
            self._gone.add(earlier)
            raise ChannelError("the post that this one answers is gone", code=GONE) from error
        return Accepted(said.id, "", delivered=True, wait=said.wait)

    async def _standing(self, message: Message, recipient: Recipient, attempt: Attempt) -> Accepted:
        """The post of an earlier try of this delivery, which Instagram says is published."""
        since = attempt.posting.sent if attempt.posting else attempt.started
        found = await self.find(Sent(replace(attempt, started=since, earlier=""), message, recipient))
        if found is None:
            raise OutcomeUnknown("it is published, and Instagram does not list it yet")
        self._containers.forget(attempt.key or attempt.id)
        return Accepted(found.provider_id, found.url, delivered=True)

    async def find(self, sent: Sent) -> Found | None:
        """Look for the attempt among the comments and posts since it started; None: it is not there."""
        since, earlier = sent.attempt.started, sent.attempt.earlier
        try:
            if earlier and (comment := the_one(await self._comments(sent), sent, "text", "timestamp")):
                return Found(str(comment["id"]), "delivered")
            posts = await self._graph.listed(f"{self._account}/media", MEDIA, since, "timestamp")
            post = the_one(posts, sent, "caption", "timestamp")
            return Found(str(post["id"]), "delivered", url=str(post.get("permalink", ""))) if post else None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise OutcomeUnknown("the account's posts cannot be read") from error

    async def _comments(self, sent: Sent) -> list[dict[str, Any]]:
        earlier, since = sent.attempt.earlier, sent.attempt.started
        try:
            return await self._graph.listed(f"{earlier}/comments", COMMENTS, since, "timestamp")
        except ChannelError as error:
            if error.code not in MISSING:
                raise
            return []

    async def check(self) -> tuple[Check, ...]:
        """Is the token good for this account, and how long does it live?"""
        try:
            account = (await self._graph.get(self._account, {"fields": "id,username"})).body
            life = await self._graph.life(SCOPES)
        except (ChannelError, OutcomeUnknown) as error:
            hint = "compare account_id and access_token; docs/channels/instagram.md"
            return unusable(f"{self.name}: the Instagram account cannot be used", error, hint)
        return Check(True, f"{self.name}: posts as @{account.get('username', self._account)}"), life

    async def close(self) -> None:
        """Close all connections."""
        await self._graph.close()


def open_channel(name: str, options: Options, public_url: str) -> Instagram:
    """The channel of that name; opens no connection. The card's address comes with the posting."""
    return Instagram(name, options)


def _form(message: Message, posting: Posting | None) -> dict[str, str]:
    """Raises ChannelError where there is no picture that Instagram could fetch."""
    if posting is None or posting.picture is None or not posting.picture.url:
        text = "Instagram takes no post without a picture, and this alert has no card: see PUBLIC_URL and the log"
        raise ChannelError(text, code=NO_PICTURE, permanent=True)
    jpeg = f"{posting.picture.url.removesuffix('.png')}.jpg"  # JPEG is all that Instagram takes
    return {"image_url": jpeg, "caption": message.text, "alt_text": clipped(posting.picture.alt)}
