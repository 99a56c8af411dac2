"""Posts in a Telegram channel or group, by the published Bot API (10.1): sendMessage, sendPhoto, edits, pins.

Plain text without a parse mode, so nothing in it can be markup. The card is uploaded with the text as its caption where
that is short enough; where Telegram refuses the picture, the text goes alone in the same try: it is what counts. A bot
cannot read what it posted, so policy decides about a try whose outcome nobody knows. The token is part of every
address, by Telegram's design; no address is ever in an error or a log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import aiohttp

from broadcaster.channels.bare import Bare
from broadcaster.channels.checks import unusable
from broadcaster.channels.http import (
    LONGEST_SECONDS,
    NO_REASON,
    TOTAL_SECONDS,
    Answer,
    HttpSession,
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
from broadcaster.domain.text_social import utf16

BASE_URL = "https://api.telegram.org"
LENGTH, CAPTION_LENGTH = 4096, 1024  # UTF-16 units
PHOTO = "/photo"  # behind the id of a post that is a picture with a caption: it is changed by another method
PRIVATE = "-100"  # before the number of a channel or supergroup in its chat_id
CHAT, RIGHTS, MIGRATED, NOT_THERE = "chat", "rights", "migrated", "post_gone"

CODES: Codes = MappingProxyType(
    {
        "http_400": Verdict.PERMANENT,  # this text
        "http_401": Verdict.STOP_CHANNEL,  # the token is not valid (any more)
        "http_403": Verdict.STOP_CHANNEL,  # the bot is no member, or was thrown out
        "http_404": Verdict.STOP_CHANNEL,  # no token at all, or base_url is no Bot API
        "http_409": Verdict.RETRY,
        "http_413": Verdict.PERMANENT,
        "http_429": Verdict.BACK_OFF,
        CHAT: Verdict.STOP_CHANNEL,  # chat_id or topic names nothing that the bot can see, or a topic that is closed
        RIGHTS: Verdict.STOP_CHANNEL,  # the bot is there and may not post
        MIGRATED: Verdict.BACK_OFF,  # the group has another id now, which the next try uses
        NOT_THERE: Verdict.PERMANENT,  # somebody deleted the post that is to be changed: nothing is left to change
    }
)
# What Telegram says in words alone: all of it is "400 Bad Request".
_SAID = (
    (re.compile(r"chat not found|chat_id is empty|peer_id_invalid|message thread not found|topic_", re.I), CHAT),
    (re.compile(r"not enough rights|need administrator rights|chat_admin_required|have no rights", re.I), RIGHTS),
    (re.compile(r"message to (edit|pin|unpin) not found|message_id_invalid|message can't be edited", re.I), NOT_THERE),
)

_POST = re.compile(rf"\d+({PHOTO})?")


@dataclass(frozen=True, slots=True)
class Options:
    """The keys of channels.toml. ``chat_id`` is @name of a public channel or the number of any chat; ``pin`` keeps a
    danger's post at the top for as long as it is in force; ``topic`` is the number of a forum's topic to post in."""

    token: Secret = field(repr=False)
    chat_id: str | int
    base_url: str = BASE_URL
    pin: bool = True
    topic: int = 0
    mentions: tuple[str, ...] = ()
    timeout_seconds: float = TOTAL_SECONDS

    def __post_init__(self) -> None:
        if not 0 < self.timeout_seconds <= LONGEST_SECONDS:
            raise ValueError(f"timeout_seconds lies between 0 and {LONGEST_SECONDS:.0f}, the sender's own limit")

    def wrong(self, region: str) -> Wrong | None:
        """Whether token, chat and mentions look like such."""
        if not re.fullmatch(r"\d+:[\w-]+", self.token, re.ASCII):
            return Wrong(
                "token", "is no bot's token", "BotFather gives it, such as 110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
            )
        if not re.fullmatch(r"@[A-Za-z]\w{3,31}|-?\d+", str(self.chat_id), re.ASCII):
            return Wrong(
                "chat_id", f"{self.chat_id!r} names no chat", 'for example "@ClearwaterCounty" or -1001234567890'
            )
        return wrong_mentions(self.mentions, r"@[A-Za-z]\w{3,31}", "@CountyFire")


class Telegram:
    """One chat (contract: ``broadcaster.domain.channel.Channel``, and ``Pins``)."""

    asks = False

    def __init__(self, name: str, options: Options) -> None:
        self.name = name
        self.pins = options.pin
        self._options = options
        self._chat: str | int = options.chat_id
        self._bare = Bare()
        self._session = HttpSession(options.timeout_seconds, {"Accept": "application/json"})

    def __repr__(self) -> str:
        return f"<telegram {self.name}>"

    def limits(self) -> Limits:
        """One post per language, with the card."""
        mentions = self._options.mentions
        return Limits("short", "utf16", LENGTH, "account", edits=True, picture="wide", tags=1, mentions=mentions)

    async def send(self, message: Message, recipient: Recipient, attempt: Attempt) -> Accepted:
        """One post, or one change of an earlier one. Raises ChannelError or OutcomeUnknown."""
        if attempt.edits:
            return await self._change(message.text, attempt.edits)
        key = attempt.key or attempt.id
        picture = attempt.posting.picture if attempt.posting and key not in self._bare else None
        if picture is not None and utf16(message.text) <= CAPTION_LENGTH:
            try:
                return await self._photo(message.text, picture, attempt.earlier)
            except OutcomeUnknown:  # one that hangs twice holds back no words
                self._bare.unanswered(key)
                raise
            except ChannelError as error:
                if error.code not in ("http_400", "http_413", RIGHTS):  # a group may allow words and no pictures
                    raise
        wanted: dict[str, Any] = {"text": message.text, **self._place_of(attempt.earlier)}
        if attempt.posting is not None and attempt.posting.link:
            wanted["link_preview_options"] = {"url": attempt.posting.link, "prefer_large_media": True}
        return _accepted(await self._call("sendMessage", wanted))

    def _place_of(self, earlier: str) -> dict[str, Any]:
        return {**({"message_thread_id": self._options.topic} if self._options.topic else {}), **_answering(earlier)}

    async def _photo(self, text: str, picture: Picture, earlier: str) -> Accepted:
        form = aiohttp.FormData()
        form.add_field("chat_id", str(self._chat))
        form.add_field("caption", text)
        for key, value in self._place_of(earlier).items():
            form.add_field(key, json.dumps(value))
        form.add_field("photo", picture.png, filename="alert.png", content_type="image/png")
        return _accepted(self._read(await self._post("sendPhoto", form)), PHOTO)

    async def _change(self, text: str, post: str) -> Accepted:
        """A post that says our words already counts as changed; so doing it again does no harm."""
        if not _POST.fullmatch(post):
            raise ChannelError("the post that is to be changed is none of Telegram's", code=NOT_THERE, permanent=True)
        method, key = ("editMessageCaption", "caption") if post.endswith(PHOTO) else ("editMessageText", "text")
        try:
            await self._call(method, {"message_id": _number(post), key: text})
        except ChannelError as error:
            if "message is not modified" not in error.text:
                raise
        return Accepted(post, self._address(post), delivered=True)

    async def find(self, sent: Sent) -> Found | None:
        """Nobody can be asked: a bot does not see its own posts again."""
        raise OutcomeUnknown("Telegram does not tell a bot what it posted")

    async def pin(self, provider_id: str) -> None:
        """Keep a post at the top, without a sound. Raises ChannelError or OutcomeUnknown."""
        await self._place("pinChatMessage", {"message_id": _number(provider_id), "disable_notification": True})

    async def unpin(self, provider_id: str) -> None:
        """No longer keep it at the top. Raises ChannelError or OutcomeUnknown."""
        await self._place("unpinChatMessage", {"message_id": _number(provider_id)})

    async def _place(self, method: str, wanted: Mapping[str, Any]) -> None:
        try:
            await self._call(method, wanted)
        except ChannelError as error:
            error.permanent = error.permanent or error.code == RIGHTS  # who may post need not be let pin
            raise

    async def check(self) -> tuple[Check, ...]:
        """Is the token good, does the chat exist, and may the bot post and pin there?"""
        try:
            bot = await self._call("getMe", {})
            chat = await self._call("getChat", {})
            member = await self._call("getChatMember", {"user_id": bot["id"]})
            return self._checked(bot, chat, member)
        except (ChannelError, OutcomeUnknown, KeyError, TypeError, AttributeError) as error:
            moved = (
                f"; write chat_id = {self._chat}, the group's new number" if self._chat != self._options.chat_id else ""
            )
            hint = f"compare token and chat_id, and make the bot an administrator of the chat{moved}"
            return unusable(f"{self.name}: the Telegram chat cannot be used", error, hint)

    def _checked(self, bot: Mapping[str, Any], chat: Mapping[str, Any], member: Mapping[str, Any]) -> tuple[Check, ...]:
        channel, owner = chat["type"] == "channel", member["status"] == "creator"
        where = f"{self.name}: @{bot['username']} posts in {chat.get('title') or self._chat}"
        if not (owner or _may_post(channel, member)):
            hint = 'make the bot an administrator of the channel with the right "Post messages"'
            hint = hint if channel else "let the bot into the group, with the right to send messages"
            return (Check(False, f"{self.name}: @{bot['username']} may not post in {chat.get('title')}", hint),)
        right = "can_edit_messages" if channel else "can_pin_messages"  # pinChatMessage, Bot API 10.1
        if self.pins and not (owner or member.get(right)):
            hint = f'give the bot the right "{"Edit messages" if channel else "Pin messages"}", or write pin = false'
            return (Check(True, where), Check(False, f"{self.name}: the bot may not pin", hint))
        return (Check(True, where),)

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    # --- requests
    async def _call(self, method: str, wanted: Mapping[str, Any]) -> Any:
        return self._read(await self._post(method, json.dumps({"chat_id": self._chat, **wanted}).encode()))

    async def _post(self, method: str, data: bytes | aiohttp.FormData) -> Answer:
        headers = {"Content-Type": "application/json"} if isinstance(data, bytes) else None
        address = f"{self._options.base_url.rstrip('/')}/bot{self._options.token}/{method}"
        return await self._session.exchange("POST", address, data=data, headers=headers)

    def _read(self, answer: Answer) -> Any:
        """``result`` of an answer that is ok."""
        if answer.status >= 500:
            unsure(answer)
        try:
            body = json.loads(answer.text)
            if answer.status == 200 and body["ok"] is True:
                return body["result"]
        except (ValueError, KeyError, TypeError):
            body = {}
        if answer.status < 300 or not isinstance(body, dict):
            unsure(answer)
        raise self._refusal(answer.status, body)

    def _refusal(self, status: int, body: Mapping[str, Any]) -> ChannelError:
        words, more = str(body.get("description", NO_REASON)), body.get("parameters")
        more = more if isinstance(more, dict) else {}
        code, wait = f"http_{status}", more.get("retry_after") if status == 429 else None
        if isinstance(moved := more.get("migrate_to_chat_id"), int):
            self._chat, code, wait = moved, MIGRATED, 0
        elif status == 400:
            code = next((found for pattern, found in _SAID if pattern.search(words)), code)
        text = refusal("Telegram", status, said(words, self._options.token))
        permanent = CODES.get(code) is Verdict.PERMANENT
        return ChannelError(text, code=code, permanent=permanent, retry_after=None if wait is None else float(wait))

    def _address(self, post: str) -> str:
        """Where the post stands, by what channels.toml says of the chat."""
        chat = str(self._chat)
        return _page({"username": chat[1:]} if chat.startswith("@") else {"id": chat}, _number(post))


def open_channel(name: str, options: Options, public_url: str) -> Telegram:
    """The channel of that name; opens no connection. A post's address is Telegram's, not ``public_url``'s."""
    return Telegram(name, options)


def _answering(earlier: str) -> dict[str, Any]:
    """An update answers the first post; where that is gone, or was another kind's channel of this name, it stands by
    itself."""
    if not _POST.fullmatch(earlier):
        return {}
    return {"reply_parameters": {"message_id": _number(earlier), "allow_sending_without_reply": True}}


def _accepted(made: Any, kind: str = "") -> Accepted:
    try:
        number = int(made["message_id"])
        return Accepted(f"{number}{kind}", _page(made["chat"], number), delivered=True)
    except (KeyError, TypeError, ValueError) as error:
        raise OutcomeUnknown("Telegram's answer names no post") from error


def _may_post(channel: bool, member: Mapping[str, Any]) -> bool:
    """A public chat answers about itself also to bots that are not in it."""
    if channel:
        return bool(member.get("can_post_messages"))
    return member["status"] not in ("left", "kicked") and bool(member.get("can_send_messages", True))


def _number(post: str) -> int:
    return int(post.removesuffix(PHOTO))


def _page(chat: Mapping[str, Any], number: int) -> str:
    """t.me's address of a post: for all in a public chat, for members in a private one; none in a basic group."""
    if chat.get("username"):
        return f"https://t.me/{chat['username']}/{number}"
    id_ = str(chat.get("id", ""))
    return f"https://t.me/c/{id_.removeprefix(PRIVATE)}/{number}" if id_.startswith(PRIVATE) else ""
