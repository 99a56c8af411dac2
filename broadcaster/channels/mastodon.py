"""Posts on a Mastodon account, by its documented HTTP API (4.x): /api/v1/statuses and /api/v2/instance.

A post that stands counts as delivered: nothing more ever comes. ``Idempotency-Key`` is the delivery's, so that
a repeat within the hour makes one post; later ``find`` reads the account's own posts. Not by Mastodon.py: its calls
repeat and sleep by themselves (in each of its ways to meet a rate limit but one), and its errors do not say whether a
request was sent.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from types import MappingProxyType
from typing import Any

import aiohttp

from broadcaster.channels.checks import unusable
from broadcaster.channels.http import (
    LONGEST_SECONDS,
    NO_REASON,
    TOTAL_SECONDS,
    Answer,
    HttpSession,
    aware,
    refusal,
    retry_after,
    said,
    unsure,
)
from broadcaster.channels.mastodon_media import PROCESSING, Media
from broadcaster.channels.mentions import wrong_mentions
from broadcaster.domain.channel import (
    Accepted,
    Attempt,
    ChannelError,
    Check,
    Codes,
    Found,
    Learned,
    OutcomeUnknown,
    Recipient,
    Secret,
    Sent,
    Verdict,
    Wrong,
    laid_over,
)
from broadcaster.domain.message import Limits, Message
from broadcaster.domain.posting import Posting
from broadcaster.domain.text_graphemes import graphemes
from broadcaster.domain.text_social import mastodon
from broadcaster.domain.wording import drill_label

LENGTH = 500  # of an instance that nobody has asked yet
URL_CHARACTERS = 23
LEAST_LENGTH, MOST_LENGTH = 100, 1_000_000  # an instance that takes less carries no warning: its word is not taken
THREAD = 4  # posts at most: the first says all that people need
PAGE_SIZE = 40
MOST_PAGES = 5
CLOCK_SLACK = timedelta(seconds=5)
GONE, NOT_THERE = "earlier_gone", "post_gone"
NAME = r"@\w+(?:[.-]+\w+)*(?:@[A-Za-z0-9]+(?:[.-]+[A-Za-z0-9]+)*)?"  # without a domain: of the same instance

CODES: Codes = MappingProxyType(
    {
        "http_400": Verdict.PERMANENT,  # as 422, of other servers of this API
        "http_401": Verdict.STOP_CHANNEL,  # the token is not valid (any more)
        "http_403": Verdict.STOP_CHANNEL,  # the account is suspended, or the token lacks write:statuses
        "http_404": Verdict.ALARM,  # base_url is no Mastodon
        "http_422": Verdict.PERMANENT,  # this text, on this instance
        "http_429": Verdict.BACK_OFF,
        NOT_THERE: Verdict.PERMANENT,  # somebody deleted the post that is to be changed: nothing is left to change
        PROCESSING: Verdict.RETRY,  # the picture is not ready; the next try takes it, or goes without
        GONE: Verdict.RETRY_ONCE,  # the post to be answered is gone; the next try answers nothing
    }
)


@dataclass(frozen=True, slots=True)
class Options:
    """The keys of channels.toml. ``length`` is a bound of the agency's own: the instance's limit is learnt."""

    access_token: Secret = field(repr=False)
    base_url: str
    length: int | None = None
    visibility: str = "public"
    mentions: tuple[str, ...] = ()
    timeout_seconds: float = TOTAL_SECONDS

    def __post_init__(self) -> None:
        if self.visibility not in ("public", "unlisted", "private"):
            raise ValueError("visibility is public, unlisted or private")
        if self.length is not None and self.length < 1:
            raise ValueError("length is at least 1")
        if not 0 < self.timeout_seconds <= LONGEST_SECONDS:
            raise ValueError(f"timeout_seconds lies between 0 and {LONGEST_SECONDS:.0f}, the sender's own limit")

    def wrong(self, region: str) -> Wrong | None:
        """Whether each of ``mentions`` is a name as Mastodon has them."""
        return wrong_mentions(self.mentions, NAME, "@fire@county.social")


class Mastodon:
    """One account (contract: ``broadcaster.domain.channel.Channel``)."""

    asks = True

    def __init__(self, name: str, options: Options) -> None:
        self.name = name
        self._options = options
        self.source = self._base_url = options.base_url.rstrip("/")
        self._session = HttpSession(
            options.timeout_seconds,
            {"Authorization": f"Bearer {options.access_token}", "Accept": "application/json"},
        )
        self._account = ""
        self._gone: set[str] = set()
        self._learned: Learned | None = None
        self._media = Media(self._call, self._read, options.timeout_seconds / 2)

    def __repr__(self) -> str:
        return f"<mastodon {self.name}>"

    def limits(self) -> Limits:
        """One post per language; as long as instances usually take, until this one was asked (``learn``)."""
        extras = MappingProxyType({"url": URL_CHARACTERS})
        own = self._options.length
        return Limits(
            "short",
            "mastodon",
            own or LENGTH,
            "account",
            extras=extras,
            bounded=own is not None,
            thread=THREAD,
            edits=True,
            picture="wide",
            tags=1,
            mentions=self._options.mentions,
        )

    async def learn(self) -> Learned:
        """What the instance carries, by its own word. Raises ChannelError and OutcomeUnknown."""
        try:
            instance = await self._get("/api/v2/instance")
            statuses = instance["configuration"]["statuses"]
            url = _size(statuses.get("characters_reserved_per_url", URL_CHARACTERS), 0)
            if "gotosocial" in str(instance.get("source_url")):
                url = 0  # it names 25 and counts addresses whole
            self._learned = Learned(_size(statuses["max_characters"], LEAST_LENGTH), url, self.source)
            return self._learned
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise OutcomeUnknown("the instance does not say what it carries") from error

    async def send(self, message: Message, recipient: Recipient, attempt: Attempt) -> Accepted:
        """One POST, or one PUT that changes an earlier post. Raises ChannelError or OutcomeUnknown."""
        earlier = "" if attempt.earlier in self._gone else attempt.earlier
        post: dict[str, Any] = {"status": message.text, "language": message.language}
        if notice := await self._notice(message, attempt.posting):
            post["spoiler_text"] = notice
        if not attempt.edits:
            post["visibility"] = self._options.visibility
            if pictures := await self._pictures(message, attempt):
                post["media_ids"] = pictures
        if earlier:
            post["in_reply_to_id"] = earlier
        answer = await self._session.exchange(
            "PUT" if attempt.edits else "POST",
            f"{self._base_url}/api/v1/statuses{'/' + attempt.edits if attempt.edits else ''}",
            data=json.dumps(post).encode(),
            headers={"Content-Type": "application/json", "Idempotency-Key": attempt.key or attempt.id},
        )
        if answer.status in (404, 410) and (attempt.edits or earlier):
            raise self._missing(attempt.edits, earlier)
        if answer.status == 422 and attempt.edits and (found := await self._there(Sent(attempt, message, recipient))):
            return Accepted(found.provider_id, found.url, delivered=True)
        made = self._read(answer)
        if not isinstance(made, dict) or not made.get("id"):
            unsure(answer)
        page = str(made.get("url") or made.get("uri") or "")
        return Accepted(str(made["id"]), page, delivered=True, wait=_rest(answer))

    async def _pictures(self, message: Message, attempt: Attempt) -> list[str]:
        picture = attempt.posting.picture if attempt.posting is not None and message.number == 0 else None
        return [] if picture is None else await self._media.attached(picture, attempt.key or attempt.id)

    async def _call(self, verb: str, path: str, form: aiohttp.FormData | None, until: float) -> Answer:
        return await self._session.exchange(verb, self._base_url + path, data=form, until=until)

    async def _notice(self, message: Message, posting: Posting | None) -> str:
        """What a drill says before anybody opens it, where there is room: the instance counts it with the text."""
        notice = drill_label(posting.mode, message.language) if posting is not None else ""
        if not notice:
            return ""
        if self._learned is None:
            with suppress(ChannelError, OutcomeUnknown):
                await self.learn()
        length, url = (self._learned.length, self._learned.url) if self._learned else (LENGTH, URL_CHARACTERS)
        return notice if mastodon(message.text, url) + graphemes(notice) <= length else ""

    async def find(self, sent: Sent) -> Found | None:
        """Look for the attempt among the account's own posts since it started; None: it is not there."""
        try:
            if sent.attempt.edits:
                return await self._changed(sent)
            matching = [post for post in await self._posts(sent.attempt.started) if _is(post, sent)]
            return _found(min(matching, key=_created)) if matching else None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise OutcomeUnknown("the account's posts cannot be read") from error

    def _missing(self, edits: str, earlier: str) -> ChannelError:
        if edits:
            return ChannelError("the post that is to be changed is gone", code=NOT_THERE, permanent=True)
        self._gone.add(earlier)
        return ChannelError("the post that this one answers is gone", code=GONE)

    async def _there(self, sent: Sent) -> Found | None:
        """A change that the server refuses because it is made already (GoToSocial); None also where nobody can say."""
        with suppress(ChannelError, OutcomeUnknown, KeyError, TypeError):
            return await self._changed(sent)
        return None

    async def _changed(self, sent: Sent) -> Found | None:
        """Whether the post says our words already; repeating a change does no harm."""
        post = await self._get(f"/api/v1/statuses/{sent.attempt.edits}")
        return _found(post) if same_text(sent.message.text, post["content"]) else None

    async def _posts(self, since: datetime) -> list[dict[str, Any]]:
        """The account's posts, newest first, back to ``since``."""
        path = f"/api/v1/accounts/{await self._own_account()}/statuses?limit={PAGE_SIZE}&exclude_reblogs=true"
        posts: list[dict[str, Any]] = []
        for _ in range(MOST_PAGES):
            page = await self._get(path + (f"&max_id={posts[-1]['id']}" if posts else ""))
            posts.extend(page)
            if not page or _created(page[-1]) < since - CLOCK_SLACK:
                return posts
        raise OutcomeUnknown(f"more than {PAGE_SIZE * MOST_PAGES} posts since then")

    async def _own_account(self) -> str:
        if not self._account:
            self._account = str((await self._get("/api/v1/accounts/verify_credentials"))["id"])
        return self._account

    async def _get(self, path: str) -> Any:
        return self._read(await self._session.exchange("GET", self._base_url + path))

    def _read(self, answer: Answer) -> Any:
        if not 200 <= answer.status < 300:
            _refuse(answer, self._options.access_token)
        try:
            return json.loads(answer.text)
        except ValueError:
            unsure(answer)

    async def check(self) -> tuple[Check, ...]:
        """Is the token good, and what does the instance carry?"""
        try:
            account = str((await self._get("/api/v1/accounts/verify_credentials"))["acct"])
            learned = await self.learn()
        except (ChannelError, OutcomeUnknown, KeyError, TypeError) as error:
            scopes = "read:accounts, read:statuses, write:statuses, write:media"
            hint = f"compare base_url and access_token (scopes {scopes})"
            return unusable(f"{self.name}: the Mastodon account cannot be used", error, hint)
        ours = laid_over(self.limits(), learned).length
        return (
            Check(True, f"{self.name}: posts as @{account}"),
            Check(True, f"{self.name}: the instance takes {learned.length} characters, we write up to {ours}"),
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()


def open_channel(name: str, options: Options, public_url: str) -> Mastodon:
    """The channel of that name; opens no connection. A post's address is the instance's, not ``public_url``'s."""
    return Mastodon(name, options)


def _refuse(answer: Answer, secret: str) -> None:
    if answer.status >= 500:
        unsure(answer)
    code = f"http_{answer.status}"
    wait = retry_after(answer.headers, datetime.now(UTC)) if answer.status == 429 else None
    permanent = CODES.get(code) in (Verdict.PERMANENT, Verdict.ALARM)
    raise ChannelError(
        refusal("Mastodon", answer.status, said(_words(answer), secret)),
        code=code,
        permanent=permanent,
        retry_after=wait,
    )


def _rest(answer: Answer) -> float:
    """Seconds to wait, where the instance says that this was the last request for now."""
    if answer.headers.get("X-RateLimit-Remaining") != "0":
        return 0.0
    return retry_after(answer.headers, datetime.now(UTC)) or 0.0


def _size(raw: object, least: int) -> int:
    """A number of characters; raises ValueError for what is none."""
    if type(raw) is not int or not least <= raw <= MOST_LENGTH:
        raise ValueError(f"{raw!r} is no number of characters")
    return raw


def _words(answer: Answer) -> str:
    try:
        body = json.loads(answer.text)
    except ValueError:
        return NO_REASON
    return str(body.get("error", NO_REASON)) if isinstance(body, dict) else NO_REASON


# --- which post is it? ----------------------------------------------------------------------------------------
class _Text(HTMLParser):
    """A status's HTML as text: paragraphs and breaks are spaces; the hidden ends of addresses are kept."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("p", "br"):
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def same_text(ours: str, content: str) -> bool:
    """Whether a status's HTML says our text (spaces, NFC and the domains of mentions aside)."""
    parser = _Text()
    parser.feed(content)
    parser.close()
    return _plain(ours) == _plain("".join(parser.parts))


def _plain(text: str) -> str:
    without_domains = re.sub(r"(?<![\w/])@(\w+)@[\w.-]*\w", r"@\1", text)
    return " ".join(unicodedata.normalize("NFC", without_domains).split())


def _created(post: Mapping[str, Any]) -> datetime:
    return aware(datetime.fromisoformat(post["created_at"]))


def _found(post: Mapping[str, Any]) -> Found:
    return Found(str(post["id"]), "delivered", url=str(post.get("url") or ""))


def _is(post: Mapping[str, Any], sent: Sent) -> bool:
    if sent.provider_id:
        return str(post["id"]) == sent.provider_id
    return (
        str(post["id"]) not in sent.known_ids
        and _created(post) >= sent.attempt.started - CLOCK_SLACK
        and same_text(sent.message.text, post["content"])
    )
