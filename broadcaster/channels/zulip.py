"""Posts in a channel ("stream") of a Zulip, by its published REST API: /api/v1/messages, basic authentication.

Zulip keeps raw Markdown and gives it back, so ``find`` compares our very words. Mentions are taken apart by an
invisible joiner, so that nothing a feed says calls a whole organisation. Its error messages are translated, so only
its codes are read.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode

from broadcaster.channels.checks import unusable
from broadcaster.channels.http import (
    LONGEST_SECONDS,
    NO_REASON,
    TOTAL_SECONDS,
    Answer,
    HttpSession,
    object_of,
    refusal,
    said,
    unsure,
)
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

LENGTH, TOPIC_LENGTH = 10_000, 60  # what is longer Zulip cuts without a word
PAGE_SIZE = 1000  # as many as Zulip recommends at most
CLOCK_SLACK = timedelta(seconds=5)
NO_CHANNEL, UNCHANGED = "no_channel", "change_refused"
JOINER = "\N{WORD JOINER}"

CODES: Codes = MappingProxyType(
    {
        "http_400": Verdict.ALARM,  # the bot may not post there, or this text is refused: only words say which
        "http_401": Verdict.STOP_CHANNEL,  # e-mail and key do not belong together (any more)
        "http_403": Verdict.STOP_CHANNEL,
        "http_404": Verdict.STOP_CHANNEL,  # base_url is no Zulip
        "http_429": Verdict.BACK_OFF,
        NO_CHANNEL: Verdict.STOP_CHANNEL,
        UNCHANGED: Verdict.ALARM,  # too old by the organisation's setting, or gone: somebody must change it by hand
    }
)


@dataclass(frozen=True, slots=True)
class Options:
    """The keys of channels.toml. ``channel`` is a channel's name or number, ``email`` the bot's."""

    email: str
    api_key: Secret = field(repr=False)
    base_url: str
    channel: str | int
    topic: str = "Alerts"
    timeout_seconds: float = TOTAL_SECONDS

    def __post_init__(self) -> None:
        if not 0 < self.timeout_seconds <= LONGEST_SECONDS:
            raise ValueError(f"timeout_seconds lies between 0 and {LONGEST_SECONDS:.0f}, the sender's own limit")

    def wrong(self, region: str) -> Wrong | None:
        """Whether e-mail, channel and topic look like such."""
        if not re.fullmatch(r"[^\s:@]+@[^\s:@]+", self.email):
            return Wrong("email", f"{self.email!r} is no e-mail", "the bot's, such as alerts-bot@county.zulipchat.com")
        if not str(self.channel).strip() or str(self.channel).startswith("#"):
            return Wrong("channel", f"{self.channel!r} names no channel", 'its name without "#", or its number')
        if not 0 < len(self.topic.strip()) <= TOPIC_LENGTH:
            return Wrong("topic", f"is empty or longer than {TOPIC_LENGTH} characters", 'for example "Alerts"')
        return None


class Zulip:
    """One channel's topic (contract: ``broadcaster.domain.channel.Channel``)."""

    asks = True

    def __init__(self, name: str, options: Options) -> None:
        self.name = name
        self._options = options
        self._base_url = options.base_url.rstrip("/")
        login = b64encode(f"{options.email}:{options.api_key}".encode()).decode()
        self._secrets = (options.api_key, login)
        self._session = HttpSession(
            options.timeout_seconds, {"Authorization": f"Basic {login}", "User-Agent": "CrisisBroadcaster"}
        )

    def __repr__(self) -> str:
        return f"<zulip {self.name}>"

    def limits(self) -> Limits:
        """One post per language, in the form of a post; Zulip counts code points."""
        return Limits("short", "characters", LENGTH, "account", edits=True)

    async def send(self, message: Message, recipient: Recipient, attempt: Attempt) -> Accepted:
        """One POST, or one PATCH of an earlier post. Raises ChannelError or OutcomeUnknown."""
        content = {"content": _quiet(message.text)}
        if attempt.edits:
            answer = await self._call("PATCH", f"/messages/{quote(attempt.edits, safe='')}", content)
            if answer.status == 400:
                said_so = said(str(object_of(answer).get("msg", "")), *self._secrets)
                raise ChannelError(f"Zulip does not change this post: {said_so}", code=UNCHANGED, permanent=True)
            self._read(answer)
            return Accepted(attempt.edits, self._page(attempt.edits), delivered=True, wait=_rest(answer))
        where = {"type": "stream", "to": json.dumps(self._options.channel), "topic": self._options.topic}
        answer = await self._call("POST", "/messages", {**where, **content})
        made = self._read(answer).get("id")
        if not isinstance(made, int):
            unsure(answer)
        return Accepted(str(made), self._page(str(made)), delivered=True, wait=_rest(answer))

    async def find(self, sent: Sent) -> Found | None:
        """The bot's own posts in the channel since the attempt began; None: it is not among them."""
        try:
            if sent.attempt.edits:
                one = self._read(await self._call("GET", f"/messages/{sent.attempt.edits}?apply_markdown=false"))
                return self._found(one["message"]) if _says(one["message"], sent.message.text) else None
            mine = [post for post in await self._posts(sent.attempt.started) if _is(post, sent)]
            return self._found(mine[0]) if mine else None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise OutcomeUnknown("the channel's posts cannot be read") from error

    async def _posts(self, since: datetime) -> list[dict[str, Any]]:
        """Oldest first. Raises OutcomeUnknown where a page does not reach back so far."""
        narrow = [{"operator": "sender", "operand": self._options.email}]
        body = await self._list(narrow, PAGE_SIZE)
        posts: list[dict[str, Any]] = body["messages"]
        early = (since - CLOCK_SLACK).timestamp()
        if posts and not body.get("found_oldest") and posts[0]["timestamp"] >= early:
            raise OutcomeUnknown(f"more than {PAGE_SIZE} posts since then")
        return [post for post in posts if post["timestamp"] >= int(early)]

    async def _list(self, narrow: list[dict[str, Any]], most: int) -> dict[str, Any]:
        wanted = [{"operator": "stream", "operand": self._options.channel}, *narrow]
        query = {"anchor": "newest", "num_before": most, "num_after": 0, "apply_markdown": "false"}
        return self._read(await self._call("GET", "/messages?" + urlencode({**query, "narrow": json.dumps(wanted)})))

    async def check(self) -> tuple[Check, ...]:
        """Is the key good, and can the bot read the channel? Whether it may post there only a post can tell."""
        try:
            bot = self._read(await self._call("GET", "/users/me"))["full_name"]
            await self._list([], 1)
        except (ChannelError, OutcomeUnknown, KeyError) as error:
            hint = "compare base_url, email, api_key and channel; subscribe the bot to a private channel"
            return unusable(f"{self.name}: the Zulip channel cannot be used", error, hint)
        return (Check(True, f"{self.name}: {bot} posts in {self._options.channel} > {self._options.topic}"),)

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    # --- requests
    async def _call(self, verb: str, path: str, form: Mapping[str, str] | None = None) -> Answer:
        return await self._session.exchange(
            verb,
            f"{self._base_url}/api/v1{path}",
            data=None if form is None else urlencode(form).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"} if form is not None else None,
        )

    def _read(self, answer: Answer) -> dict[str, Any]:
        body = object_of(answer)
        if answer.status >= 500 or (answer.status < 300 and body.get("result") != "success"):
            unsure(answer)
        if answer.status < 300:
            return body
        code = NO_CHANNEL if body.get("code") == "STREAM_DOES_NOT_EXIST" else f"http_{answer.status}"
        raise ChannelError(
            refusal("Zulip", answer.status, said(str(body.get("msg", NO_REASON)), *self._secrets)),
            code=code,
            permanent=CODES.get(code, Verdict.PERMANENT) in (Verdict.PERMANENT, Verdict.ALARM),
            retry_after=_wait(body, answer) if answer.status == 429 else None,
        )

    def _page(self, id_: str) -> str:
        """A post's address, for who may see the channel. Zulip writes "." where others write "%"."""
        channel = quote(str(self._options.channel), safe="").replace(".", "%2E").replace("%", ".")
        return f"{self._base_url}/#narrow/stream/{channel}/near/{id_}"

    def _found(self, post: Mapping[str, Any]) -> Found:
        return Found(str(post["id"]), "delivered", url=self._page(str(post["id"])))


def open_channel(name: str, options: Options, public_url: str) -> Zulip:
    """The channel of that name; opens no connection. A post's address is Zulip's, not ``public_url``'s."""
    return Zulip(name, options)


def _quiet(text: str) -> str:
    """The text, with nobody called by it: @**all**, @*group*, @_**name**."""
    return re.sub(r"@(?=_?\*)", f"@{JOINER}", text)


def _says(post: Mapping[str, Any], text: str) -> bool:
    return str(post["content"]).rstrip() == _quiet(text).rstrip()


def _is(post: Mapping[str, Any], sent: Sent) -> bool:
    if sent.provider_id:
        return str(post["id"]) == sent.provider_id
    return str(post["id"]) not in sent.known_ids and _says(post, sent.message.text)


def _wait(body: Mapping[str, Any], answer: Answer) -> float | None:
    """Seconds, with a fraction, in the body and in the header."""
    try:
        return max(0.0, float(body.get("retry-after", answer.headers.get("Retry-After", ""))))
    except (TypeError, ValueError):
        return None


def _rest(answer: Answer) -> float:
    """Seconds to wait, where Zulip says that this was the last request for now (the end is a Unix time)."""
    end = answer.headers.get("X-RateLimit-Reset", "")
    if answer.headers.get("X-RateLimit-Remaining") != "0" or not end.isdigit():
        return 0.0
    return max(0.0, int(end) - datetime.now(UTC).timestamp())
