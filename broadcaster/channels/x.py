"""Posts on an X account, by API v2 with OAuth 1.0a user tokens, signed by oauthlib.

Not by tweepy: its AsyncClient has its host written into the request, uploads no pictures, keeps back the rate-limit
headers of what went well, and logs the signature. X has no idempotency key, but refuses a text that stands already:
then, and after a lost answer, the account's own posts are read. Posts cannot be changed by the API.
"""

from __future__ import annotations

import asyncio
import base64
import html
import json
import re
import time
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal

import aiohttp
from oauthlib.oauth1 import Client as Signer

from broadcaster.channels.checks import unusable
from broadcaster.channels.http import (
    LONGEST_SECONDS,
    NO_REASON,
    STEP_LOST,
    TOTAL_SECONDS,
    Answer,
    HttpSession,
    aware,
    harmless,
    refusal,
    said,
    unsure,
)
from broadcaster.channels.mentions import wrong_mentions
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
from broadcaster.domain.posting import Picture

Verb = Literal["GET", "POST"]
LENGTH, THREAD = 280, 4
MOST_ALT = 1000
PAGE_SIZE, MOST_PAGES = 100, 5
CLOCK_SLACK = timedelta(seconds=5)
GONE, DUPLICATE, NO_ACCESS, ALONE = "earlier_gone", "duplicate", "no_access", "comment_refused"
FIELDS = ("tweet.fields", "post.fields")  # X's manuals and, since 2026, its published interface
UPLOAD, CATEGORY = "/2/media/upload", "tweet_image"
WINDOWS = ("x-rate-limit", "x-app-limit-24hour", "x-user-limit-24hour")
FULL_SECONDS = 900.0  # X's own window, where a refusal names no time

CODES: Codes = MappingProxyType(
    {
        STEP_LOST: Verdict.RETRY,  # a look at the account's posts after a refusal: nothing was posted
        DUPLICATE: Verdict.PERMANENT,  # X has this very text from this account already, and it is not this alert's
        GONE: Verdict.RETRY_ONCE,  # the post to be answered is gone; the next try answers nothing
        ALONE: Verdict.RETRY,  # X takes no answer there; the next try is a post by itself
        NO_ACCESS: Verdict.STOP_CHANNEL,  # the app's plan or rights do not allow it
        "http_400": Verdict.PERMANENT,
        "http_401": Verdict.STOP_CHANNEL,  # a key or token is wrong, or this machine's clock
        "http_402": Verdict.STOP_CHANNEL,  # no credits are left
        "http_403": Verdict.ALARM,  # X's own reason stands in the text
        "http_404": Verdict.ALARM,  # base_url is no X
        "http_429": Verdict.BACK_OFF,
    }
)


@dataclass(frozen=True, slots=True)
class Options:
    """The keys of channels.toml. ``username`` is for the addresses of posts; ``price_per_post`` in any currency."""

    api_key: Secret = field(repr=False)
    api_secret: Secret = field(repr=False)
    access_token: Secret = field(repr=False)
    access_secret: Secret = field(repr=False)
    username: str = ""
    price_per_post: float = 0.0
    mentions: tuple[str, ...] = ()
    base_url: str = "https://api.x.com"
    timeout_seconds: float = TOTAL_SECONDS

    def __post_init__(self) -> None:
        if not 0 < self.timeout_seconds <= LONGEST_SECONDS:
            raise ValueError(f"timeout_seconds lies between 0 and {LONGEST_SECONDS:.0f}, the sender's own limit")
        if self.price_per_post < 0:
            raise ValueError("price_per_post is at least 0")

    def wrong(self, region: str) -> Wrong | None:
        """Whether each of ``mentions`` is a name as X has them."""
        return wrong_mentions(self.mentions, r"@\w{1,15}", "@CountyFire")


class X:
    """One account (contract: ``broadcaster.domain.channel.Channel``)."""

    asks = True

    def __init__(self, name: str, options: Options) -> None:
        self.name = name
        self._options = options
        self._base_url = options.base_url.rstrip("/")
        self._secrets = (options.api_key, options.api_secret, options.access_token, options.access_secret)
        self._signer = Signer(*self._secrets)
        self._session = HttpSession(options.timeout_seconds, {"Accept": "application/json"})
        owner = options.access_token.partition("-")[0]
        self._account = owner if owner.isdigit() else ""  # X writes the account's id in front of its tokens
        self._gone: set[str] = set()

    def __repr__(self) -> str:
        return f"<x {self.name}>"

    def limits(self) -> Limits:
        """One post per language, or a short thread; nothing can be changed afterwards."""
        mentions = self._options.mentions
        return Limits("short", "x", LENGTH, "account", thread=THREAD, picture="wide", tags=1, mentions=mentions)

    async def send(self, message: Message, recipient: Recipient, attempt: Attempt) -> Accepted:
        """One POST, after the picture's upload. Raises ChannelError or OutcomeUnknown."""
        post: dict[str, Any] = {"text": unicodedata.normalize("NFC", message.text)}
        if attempt.earlier and attempt.earlier not in self._gone:
            post["reply"] = {"in_reply_to_tweet_id": attempt.earlier}
        picture = attempt.posting.picture if attempt.posting is not None and message.number == 0 else None
        if picture is not None and (media := await self._uploaded(picture)):
            post["media"] = {"media_ids": [media]}
        answer = await self._call("POST", "/2/tweets", post)
        try:
            made = str(self._read(answer)["data"]["id"])
        except ChannelError as error:
            if error.code == DUPLICATE and (standing := await self._standing(message, recipient, attempt)):
                return Accepted(standing.provider_id, standing.url, delivered=True, wait=wait(answer.headers))
            raise self._next(error, attempt.earlier if "reply" in post else "") from error
        except (KeyError, TypeError):
            unsure(answer)
        return Accepted(made, self._page(made), delivered=True, wait=wait(answer.headers))

    def _next(self, error: ChannelError, answered: str) -> ChannelError:
        """What the next try leaves out. A post that is gone has no code of its own; and since February 2026 X refuses
        answers of most apps unless the author named them, perhaps in one's own threads too. Words come first."""
        if not answered or error.code not in (GONE, "http_400", "http_403"):
            return error
        self._gone.add(answered)
        if error.code == GONE:
            return error
        return ChannelError(f"{error}; the next try answers nothing", code=ALONE, retry_after=0.0)

    async def _standing(self, message: Message, recipient: Recipient, attempt: Attempt) -> Found | None:
        """The post of an earlier try: it stands since the alert went live, and says the same."""
        since = attempt.posting.sent if attempt.posting is not None else attempt.started
        earlier_try = Attempt(attempt.id, min(since, attempt.started), attempt.valid_seconds, attempt.earlier)
        return await harmless(self.find(Sent(earlier_try, message, recipient)))

    async def _uploaded(self, picture: Picture) -> str:
        """The picture's id at X; "" where it is not taken in half of our time: the words go without it."""
        until = asyncio.get_running_loop().time() + self._options.timeout_seconds / 2
        try:
            media = await self._media(picture.png, until)
            words = {"id": media, "metadata": {"alt_text": {"text": picture.alt[:MOST_ALT]}}}
            self._read(await harmless(self._call("POST", "/2/media/metadata", words, until)))
        except (KeyError, TypeError, OutcomeUnknown):
            return ""
        except ChannelError as error:
            if CODES.get(error.code) in (Verdict.STOP_CHANNEL, Verdict.BACK_OFF) or error.code == "connect":
                raise
            return ""
        return media

    async def _media(self, png: bytes, until: float) -> str:
        """X's interface names two forms of an upload, and X has refused one or the other for weeks."""
        form = aiohttp.FormData()
        form.add_field("media", png, filename="card.png", content_type="image/png")
        form.add_field("media_category", CATEGORY)
        try:
            made = self._read(await harmless(self._call("POST", UPLOAD, form, until)))
        except ChannelError as error:
            if error.code != "http_400":
                raise
            whole = {"media": base64.b64encode(png).decode(), "media_category": CATEGORY}
            made = self._read(await harmless(self._call("POST", UPLOAD, whole, until)))
        return str(made["data"]["id"])

    async def find(self, sent: Sent) -> Found | None:
        """Look for the attempt among the account's own posts since it started; None: it is not there."""
        try:
            if sent.provider_id:
                return await self._one(sent.provider_id)
            matching = [post for post in await self._posts(sent.attempt.started) if _is(post, sent)]
            found = min(matching, key=_created, default=None)
            return None if found is None else Found(found["id"], "delivered", url=self._page(found["id"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise OutcomeUnknown("the account's posts cannot be read") from error

    async def _one(self, id_: str) -> Found | None:
        try:
            answer = self._read(await self._call("GET", f"/2/tweets/{id_}"))
        except ChannelError as error:
            if error.code != "http_404":
                raise
            return None
        return Found(id_, "delivered", url=self._page(id_)) if answer.get("data") else None

    async def _posts(self, since: datetime) -> list[Mapping[str, Any]]:
        """The account's posts since then."""
        start = (since - CLOCK_SLACK).astimezone(UTC).strftime("%Y-%m-%dT%H%%3A%M%%3A%SZ")
        path = f"/2/users/{await self._own()}/tweets?max_results={PAGE_SIZE}&start_time={start}"
        posts: list[Mapping[str, Any]] = []
        token = ""
        for _ in range(MOST_PAGES):
            page = await self._listed(path + (f"&pagination_token={token}" if token else ""))
            posts.extend(page.get("data") or [])
            token = str(page.get("meta", {}).get("next_token") or "")
            if not token:
                return posts
        raise OutcomeUnknown(f"more than {PAGE_SIZE * MOST_PAGES} posts since then")

    async def _listed(self, path: str) -> Any:
        """One page with times and addresses, under the name for them that X takes."""
        for name in FIELDS:
            try:
                page = self._read(await self._call("GET", f"{path}&{name}=created_at,entities"))
            except ChannelError as error:
                if error.code != "http_400" or name == FIELDS[-1]:
                    raise
            else:
                if all("created_at" in post for post in page.get("data") or ()):
                    return page
        raise OutcomeUnknown("X does not say when posts were made")

    async def _own(self) -> str:
        if not self._account:
            self._account = str(self._read(await self._call("GET", "/2/users/me"))["data"]["id"])
        return self._account

    async def _call(
        self,
        verb: Verb,
        path: str,
        body: Mapping[str, Any] | aiohttp.FormData | None = None,
        until: float | None = None,
    ) -> Answer:
        url = self._base_url + path
        _, headers, _ = self._signer.sign(url, verb)
        data = body if not isinstance(body, Mapping) else json.dumps(body).encode()
        if isinstance(body, Mapping):
            headers = {**headers, "Content-Type": "application/json"}
        return await self._session.exchange(verb, url, data=data, headers=headers, until=until)

    def _read(self, answer: Answer) -> Any:
        try:
            told = json.loads(answer.text)
        except ValueError:
            told = None
        if 200 <= answer.status < 300 and isinstance(told, dict):
            return told
        if answer.status >= 500 or answer.status < 300:
            unsure(answer)
        raise self._refusal(answer, told if isinstance(told, dict) else {})

    def _refusal(self, answer: Answer, told: Mapping[str, Any]) -> ChannelError:
        code = _code(answer.status, told)
        return ChannelError(
            refusal("X", answer.status, said(_words(told) or NO_REASON, *self._secrets)),
            code=code,
            permanent=CODES.get(code) in (None, Verdict.PERMANENT, Verdict.ALARM),
            retry_after=(wait(answer.headers) or FULL_SECONDS) if answer.status == 429 else None,
        )

    def _page(self, id_: str) -> str:
        return f"https://x.com/{self._options.username or 'i'}/status/{id_}"

    async def check(self) -> tuple[Check, ...]:
        """Are the keys good, and what does a post cost?"""
        try:
            account = str(self._read(await self._call("GET", "/2/users/me"))["data"]["username"])
        except (ChannelError, OutcomeUnknown, KeyError, TypeError) as error:
            hint = "compare the four keys; the app needs Read and write, and its tokens made after that was set"
            return unusable(f"{self.name}: the X account cannot be used", error, hint)
        lines = [Check(True, f"{self.name}: posts as @{account}")]
        if self._options.price_per_post:
            lines.append(Check(True, f"{self.name}: each post costs {self._options.price_per_post:g}"))
        return tuple(lines)

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()


def open_channel(name: str, options: Options, public_url: str) -> X:
    """The channel of that name; opens no connection. A post's address is X's, not ``public_url``'s."""
    return X(name, options)


def wait(headers: Mapping[str, str]) -> float:
    """Seconds until X takes more, where one of its windows is used up; 0 where there is room."""
    used = [window for window in WINDOWS if headers.get(f"{window}-remaining") == "0"]
    ends = (headers.get(f"{window}-reset", "") for window in used)
    return max((float(end) - time.time() for end in ends if end.isdigit()), default=0.0)


def _code(status: int, told: Mapping[str, Any]) -> str:
    """Ours, for what X says in words alone."""
    words = f"{told.get('type', '')} {told.get('title', '')} {_words(told)}".lower()
    if status == 403 and "duplicate content" in words:
        return DUPLICATE
    if status in (400, 403) and "deleted or not visible" in words:
        return GONE
    if status == 403 and re.search("client-forbidden|usage-capped|unsupported-authentication|oauth1 app perm", words):
        return NO_ACCESS
    return f"http_{status}"


def _words(told: Mapping[str, Any]) -> str:
    """X's reason: a problem's (RFC 9457) with that of the first of its ``errors``, or {"message"} alone."""
    listed = told.get("errors")
    first = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}
    whole = told.get("detail") or told.get("message") or ("" if first else told.get("title"))
    part = first.get("message") or first.get("detail")
    return " ".join(str(words) for words in dict.fromkeys((whole, part)) if words)


# --- which post is it? ----------------------------------------------------------------------------------------
def _is(post: Mapping[str, Any], sent: Sent) -> bool:
    if post["id"] in sent.known_ids or _created(post) < sent.attempt.started - CLOCK_SLACK:
        return False
    return _plain(_spelt_out(post)) == _plain(sent.message.text)


def _created(post: Mapping[str, Any]) -> datetime:
    return aware(datetime.fromisoformat(post["created_at"]))


def _spelt_out(post: Mapping[str, Any]) -> str:
    """A post's words with the addresses that were given, not X's short ones, and without its picture's."""
    text = html.unescape(post["text"])
    for link in post.get("entities", {}).get("urls", []):
        whole = link.get("expanded_url") or link["url"]
        text = text.replace(link["url"], "" if link.get("media_key") else whole, 1)
    return text


def _plain(text: str) -> str:
    return " ".join(re.sub("https?://", "", unicodedata.normalize("NFC", text)).split())
