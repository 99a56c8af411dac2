"""Posts on a Threads profile, by the Threads API (v1.0): a container, then its publication.

Updates answer the incident's first post, the posts of a thread the one before. Threads fetches the alert's card from
our public page; where it cannot, the text goes out alone. Posts cannot be changed by the API.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from broadcaster.channels.bare import Bare
from broadcaster.channels.checks import unusable
from broadcaster.channels.containers import (
    CONTAINER_CODES,
    FAILED,
    MISSING,
    PROCESSING,
    Containers,
    Paths,
    Published,
)
from broadcaster.channels.graph import GONE, GRAPH_CODES, Access, Graph, clipped, the_one
from broadcaster.channels.http import LONGEST_SECONDS, STEP_LOST, TOTAL_SECONDS
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

LENGTH = 500
THREAD = 4  # posts at most: the first says all that people need
SCOPES = ("threads_basic", "threads_content_publish", "threads_manage_replies", "threads_read_replies")
PATHS = Paths("threads", "threads_publish", "status", "threads_publishing_limit")
POSTS, REPLIES = ("quota_usage", "config"), ("reply_quota_usage", "reply_config")
PICTURE_ROUNDS = 3  # how often a post waits for its picture before it goes out without
FIELDS = {"fields": "id,text,timestamp,permalink"}

CODES: Codes = MappingProxyType({**GRAPH_CODES, **CONTAINER_CODES})


@dataclass(frozen=True, slots=True)
class Options:
    """The keys of channels.toml. ``user_id`` is the profile's id for the app; "me": the token's own."""

    access_token: Secret = field(repr=False)
    user_id: str = "me"
    mentions: tuple[str, ...] = ()
    base_url: str = "https://graph.threads.net"
    api_version: str = "v1.0"
    timeout_seconds: float = TOTAL_SECONDS

    def __post_init__(self) -> None:
        if not 0 < self.timeout_seconds <= LONGEST_SECONDS:
            raise ValueError(f"timeout_seconds lies between 0 and {LONGEST_SECONDS:.0f}, the sender's own limit")

    def wrong(self, region: str) -> Wrong | None:
        """Whether each of ``mentions`` is a name as Threads has them."""
        return wrong_mentions(self.mentions, META_NAME, "@countyfire")


class Threads:
    """One profile (contract: ``broadcaster.domain.channel.Channel``)."""

    asks = True

    def __init__(self, name: str, options: Options) -> None:
        self.name = name
        self._user = options.user_id
        self._mentions = options.mentions
        base = f"{options.base_url.rstrip('/')}/{options.api_version}"
        self._graph = Graph(Access(name, base, options.access_token), CODES, options.timeout_seconds)
        self._containers = Containers(self._graph, self._user, PATHS)
        self._gone: set[str] = set()
        self._bare = Bare()

    def __repr__(self) -> str:
        return f"<threads {self.name}>"

    def limits(self) -> Limits:
        """A short post per language with the card, and a thread where that is not enough."""
        return Limits(
            "short", "threads", LENGTH, "account", thread=THREAD, picture="square", tags=1, mentions=self._mentions
        )

    async def send(self, message: Message, recipient: Recipient, attempt: Attempt) -> Accepted:
        """A container and its publication. Raises ChannelError or OutcomeUnknown."""
        until, key = self._graph.until(), attempt.key or attempt.id
        form = self._form(message, attempt, key)
        try:
            said = await self._containers.publish(key, form, until)
        except Published:
            return await self._standing(message, recipient, attempt)
        except ChannelError as error:
            raise self._next(error, form, key) from error
        answers = "reply_to_id" in form
        url, full = await self._containers.extras(said.id, REPLIES if answers else POSTS, until)
        return Accepted(said.id, url, delivered=True, wait=max(said.wait, full))

    def _form(self, message: Message, attempt: Attempt, key: str) -> dict[str, str]:
        form = {"media_type": "TEXT", "text": message.text}
        picture = attempt.posting.picture if attempt.posting and key not in self._bare else None
        if picture and picture.url and not message.number:
            form |= {"media_type": "IMAGE", "image_url": picture.url, "alt_text": clipped(picture.alt)}
        if attempt.earlier and attempt.earlier not in self._gone:
            form["reply_to_id"] = attempt.earlier
        return form

    def _next(self, error: ChannelError, form: Mapping[str, str], key: str) -> ChannelError:
        """What the next try leaves out: a picture that is refused or does not come, a post to answer that is gone."""
        if "image_url" in form and self._picture_fails(error, key):
            self._containers.forget(key)
            return self._bare.refused(key, error)
        if "reply_to_id" in form and error.code in MISSING:
            self._gone.add(form["reply_to_id"])
            return ChannelError("the post that this one answers is gone", code=GONE)
        return error

    def _picture_fails(self, error: ChannelError, key: str) -> bool:
        if error.code == PROCESSING:
            return self._containers.rounds(key) >= PICTURE_ROUNDS
        if error.code == STEP_LOST:  # one that hangs twice holds back no words
            return self._bare.unanswered(key)
        return error.code == FAILED or CODES.get(error.code) in (None, Verdict.PERMANENT)

    async def _standing(self, message: Message, recipient: Recipient, attempt: Attempt) -> Accepted:
        """The post of an earlier try of this delivery, which Threads says is published."""
        since = attempt.posting.sent if attempt.posting else attempt.started
        found = await self.find(Sent(replace(attempt, started=since), message, recipient))
        if found is None:
            raise OutcomeUnknown("it is published, and Threads does not list it yet")
        self._containers.forget(attempt.key or attempt.id)
        return Accepted(found.provider_id, found.url, delivered=True)

    async def find(self, sent: Sent) -> Found | None:
        """Look for the attempt among the profile's replies and posts since it started; None: it is not there."""
        sent = replace(sent, message=replace(sent.message, text=_unsigned(sent.message.text)))
        try:
            edges = ("replies", "threads") if sent.attempt.earlier else ("threads",)
            for edge in edges:
                posts = await self._graph.listed(f"{self._user}/{edge}", FIELDS, sent.attempt.started, "timestamp")
                read = [{**post, "text": _unsigned(str(post.get("text", "")))} for post in posts]
                if found := the_one(read, sent, "text", "timestamp"):
                    return Found(str(found["id"]), "delivered", url=str(found.get("permalink", "")))
            return None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise OutcomeUnknown("the profile's posts cannot be read") from error

    async def check(self) -> tuple[Check, ...]:
        """Is the token good, and how long does it live?"""
        try:
            profile: dict[str, Any] = (await self._graph.get(self._user, {"fields": "id,username"})).body
            life = await self._graph.life(SCOPES)
        except (ChannelError, OutcomeUnknown) as error:
            hint = "compare user_id and access_token (a long-lived one); docs/channels/threads.md"
            return unusable(f"{self.name}: the Threads profile cannot be used", error, hint)
        return Check(True, f"{self.name}: posts as @{profile.get('username', self._user)}"), life

    async def close(self) -> None:
        """Close all connections."""
        await self._graph.close()


def open_channel(name: str, options: Options, public_url: str) -> Threads:
    """The channel of that name; opens no connection. The card's address comes with the posting."""
    return Threads(name, options)


def _unsigned(text: str) -> str:
    """Without the sign of a hashtag: Threads makes it the post's topic, shows it without, and does not document how it
    reads it back."""
    return re.sub(r"(?<!\w)#(?=\w)", "", text)
