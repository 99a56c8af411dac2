"""Telegram's Bot API as published (10.1): posts, pictures, edits, pins, rights, and its refusals in words."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.providers.base import Faults, Provider, StandIn, arguments, main

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
CHAT = "@JudgeCounty"
CHAT_ID = -1001234567890
BOT_ID = 110201543
GIFTS = dict.fromkeys(
    ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
)
RIGHTS = dict.fromkeys(  # of an administrator, told in any case
    [
        "can_be_edited",
        "is_anonymous",
        *(f"can_{right}" for right in ("manage_chat", "manage_video_chats", "restrict_members", "promote_members")),
        *(f"can_{right}" for right in ("change_info", "invite_users", "delete_messages")),
        *(f"can_{right}_stories" for right in ("post", "edit", "delete")),
    ],
    False,
)
METHODS = ("sendMessage", "sendPhoto", "editMessageText", "editMessageCaption", "pinChatMessage", "unpinChatMessage")


@dataclass
class TelegramFaults(Faults):
    """``refuse``: what a 400 says; ``refuse_photo``: the same for pictures alone; ``migrated``: the group's new id."""

    refuse: str = ""
    refuse_photo: str = ""
    cut_photo: bool = False
    migrated: int = 0
    public: bool = True
    kind: str = "channel"
    rights: dict[str, Any] = field(default_factory=lambda: {"can_post_messages": True, "can_edit_messages": True})


@dataclass(slots=True)
class Post:
    """A message that stands. ``photo`` is the picture's size in bytes."""

    id: int
    text: str
    photo: int = 0
    answers: int = 0
    preview: str = ""
    topic: int = 0
    before: list[str] = field(default_factory=list)


@dataclass
class Telegram(Provider):
    """``posts`` in order; ``pinned`` ids; ``calls``: (method, parameters) of each request."""

    posts: list[Post] = field(default_factory=list)
    pinned: list[int] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def plan(self) -> TelegramFaults:
        assert isinstance(self.faults, TelegramFaults)
        return self.faults

    def log(self) -> object:
        return {"requests": self.requests, "posts": [asdict(post) for post in self.posts], "pinned": self.pinned}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        plan, method = self.plan, request.path.rpartition("/")[2]
        if plan.unauthorized:
            return _error(401, "Unauthorized")
        if request.path != f"/bot{TOKEN}/{method}":
            return _error(404, "Not Found")
        if plan.status:
            return web.Response(status=plan.status, text=plan.text)
        wanted = await self._wanted(request)
        self.calls.append((method, {key: value for key, value in wanted.items() if key != "photo"}))
        if method == "getMe":
            return _ok({"id": BOT_ID, "is_bot": True, "first_name": "Alerts", "username": "JudgeAlertsBot"})
        if (refused := self._refused(wanted)) is not None:
            return refused
        if method == "getChat":
            return _ok({**self._chat(), "accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": GIFTS})
        if method == "getChatMember":
            bot = {"id": wanted["user_id"], "is_bot": True, "first_name": "Alerts"}
            return _ok({"status": "administrator", "user": bot, **RIGHTS, **plan.rights})
        return await self._changing(request, method, wanted)

    async def _changing(self, request: web.BaseRequest, method: str, wanted: dict[str, Any]) -> web.StreamResponse:
        fault = self.plan.strike(self.chance)
        await asyncio.sleep(self.plan.latency)
        if fault in ("too_many", "error_before"):
            busy = _error(429, "Too Many Requests: retry after 7", retry_after=7)
            return busy if fault == "too_many" else _error(502, "Bad Gateway")
        if fault == "cut_before" or (self.plan.cut_photo and method == "sendPhoto"):
            return self.cut(request)
        answer = self._do(method, wanted) if method in METHODS else _error(404, "Not Found: method not found")
        if fault == "cut_after":
            return self.cut(request)
        if fault == "hang_after":
            return await self.hang()
        rubbish = web.Response(text="<html>ok</html>")
        return {"error_after": _error(500, "Internal Server Error"), "unreadable": rubbish}.get(fault, answer)

    async def _wanted(self, request: web.BaseRequest) -> dict[str, Any]:
        if request.content_type == "application/json":
            found: dict[str, Any] = await request.json()
            return found
        wanted: dict[str, Any] = {}
        async for part in await request.multipart():
            data = bytes(await part.read())  # type: ignore[union-attr]
            wanted[part.name or ""] = data if part.filename else data.decode()  # type: ignore[union-attr]
        if "reply_parameters" in wanted:
            wanted["reply_parameters"] = json.loads(wanted["reply_parameters"])
        return wanted

    def _refused(self, wanted: dict[str, Any]) -> web.Response | None:
        plan, chat = self.plan, str(wanted.get("chat_id"))
        if plan.migrated and chat != str(plan.migrated):
            words = "Bad Request: group chat was upgraded to a supergroup chat"
            return _error(400, words, migrate_to_chat_id=plan.migrated)
        if chat not in (CHAT, str(CHAT_ID), str(plan.migrated)):
            return _error(400, "Bad Request: chat not found")
        refuse = plan.refuse or (plan.refuse_photo if "photo" in wanted else "")
        return _error(403 if refuse.startswith("Forbidden") else 400, refuse) if refuse else None

    def _do(self, method: str, wanted: dict[str, Any]) -> web.Response:
        if method in ("sendMessage", "sendPhoto"):
            return self._send(wanted)
        found = next((post for post in self.posts if post.id == wanted["message_id"]), None)
        if found is None:
            return _error(400, f"Bad Request: message to {'edit' if 'edit' in method else 'pin'} not found")
        if method == "pinChatMessage":
            self.pinned = [*(id_ for id_ in self.pinned if id_ != found.id), found.id]
            return _ok(True)
        if method == "unpinChatMessage":
            self.pinned = [id_ for id_ in self.pinned if id_ != found.id]
            return _ok(True)
        return self._edit(method, found, wanted)

    def _send(self, wanted: dict[str, Any]) -> web.Response:
        text = wanted.get("text") or wanted.get("caption") or ""
        if (wrong := _length(text, "photo" in wanted)) is not None:
            return wrong
        reply = wanted.get("reply_parameters", {})
        answers = reply.get("message_id", 0)
        if answers and answers not in {post.id for post in self.posts}:
            if not reply.get("allow_sending_without_reply"):
                return _error(400, "Bad Request: message to be replied not found")
            answers = 0
        preview = wanted.get("link_preview_options", {}).get("url", "")
        made = self.post(text, len(wanted.get("photo", b"")), answers, preview)
        made.topic = int(wanted.get("message_thread_id", 0))
        return _ok(self._message(made))

    def _edit(self, method: str, found: Post, wanted: dict[str, Any]) -> web.Response:
        text = wanted.get("text") or wanted.get("caption") or ""
        if (method == "editMessageCaption") is not bool(found.photo):
            part = "text" if found.photo else "caption"
            return _error(400, f"Bad Request: there is no {part} in the message to edit")
        if (wrong := _length(text, bool(found.photo))) is not None:
            return wrong
        if text == found.text:
            return _error(400, "Bad Request: message is not modified: specified new message content is the same")
        found.before.append(found.text)
        found.text = text
        return _ok(self._message(found))

    def post(self, text: str, photo: int = 0, answers: int = 0, preview: str = "") -> Post:
        """Put a message up."""
        made = Post(len(self.posts) + 41, text, photo, answers, preview)
        self.posts.append(made)
        return made

    def _chat(self) -> dict[str, Any]:
        named = {"username": CHAT[1:]} if self.plan.public else {}
        return {"id": CHAT_ID, "type": self.plan.kind, "title": "Judge County Alerts", **named}

    def _message(self, post: Post) -> dict[str, Any]:
        words = {"caption": post.text, "photo": []} if post.photo else {"text": post.text}
        return {"message_id": post.id, "date": 1795000000, "chat": self._chat(), **words}


def _length(text: str, photo: bool) -> web.Response | None:
    units = len(text.encode("utf-16-le")) // 2
    if photo:
        return _error(400, "Bad Request: message caption is too long") if units > 1024 else None
    if not text.strip():
        return _error(400, "Bad Request: message text is empty")
    return _error(400, "Bad Request: message is too long") if units > 4096 else None


def _ok(result: object) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _error(status: int, text: str, **parameters: object) -> web.Response:
    more = {"parameters": parameters} if parameters else {}
    return web.json_response({"ok": False, "error_code": status, "description": text, **more}, status=status)


def stand_in(folder: Path) -> StandIn:
    """For the tests over all kinds."""
    fake = Telegram(TelegramFaults(latency=0))
    return StandIn(fake, {"token": TOKEN, "chat_id": CHAT}, (TOKEN,), lambda: [post.text for post in fake.posts])


if __name__ == "__main__":
    given = arguments().parse_args()
    main(Telegram(TelegramFaults(**given.faults)), given)
