"""A Zulip by its published REST API: messages sent, changed and listed, own user, rate limits, refusals by code."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.providers.base import Faults, Provider, StandIn, arguments, main

EMAIL = "alerts-bot@judge.example"
KEY = "gjA04ZYcqXKalvYMA8OeXSfzUOLrtbZv"
CHANNEL, CHANNEL_ID = "Alerts & news", 7


@dataclass
class ZulipFaults(Faults):
    """``refuse``: the code of a 400; ``remaining``: what X-RateLimit-Remaining says; ``editable``: may posts change."""

    refuse: str = ""
    remaining: int = 199
    editable: bool = True


@dataclass(slots=True)
class Post:
    """A message that stands."""

    id: int
    content: str
    topic: str
    sender: str = EMAIL
    timestamp: int = 0
    before: list[str] = field(default_factory=list)


@dataclass
class Zulip(Provider):
    """``posts`` in order."""

    posts: list[Post] = field(default_factory=list)

    @property
    def plan(self) -> ZulipFaults:
        assert isinstance(self.faults, ZulipFaults)
        return self.faults

    def log(self) -> object:
        return {"requests": self.requests, "posts": [asdict(post) for post in self.posts]}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        plan = self.plan
        login = "Basic " + b64encode(f"{EMAIL}:{KEY}".encode()).decode()
        if plan.unauthorized or request.headers.get("Authorization") != login:
            return _error(401, "INVALID_API_KEY", "Invalid API key")
        if plan.status:
            return web.Response(status=plan.status, text=plan.text, content_type="text/html")
        path = request.path.removeprefix("/api/v1")
        if path == "/users/me":
            return _ok(user_id=9, email=EMAIL, full_name="Alerts", is_bot=True)
        if path == "/messages" and request.method == "GET":
            return self._list(request)
        if path == "/messages" and request.method == "POST":
            return await self._write(request, None)
        if path.startswith("/messages/"):
            found = next((post for post in self.posts if path == f"/messages/{post.id}"), None)
            if found is None:
                return _error(400, "BAD_REQUEST", "Invalid message(s)")
            if request.method == "GET":
                return _ok(message=_shape(found), raw_content=found.content)
            return await self._write(request, found)
        return _error(404, "", "Not found")

    async def _write(self, request: web.BaseRequest, found: Post | None) -> web.StreamResponse:
        form = await request.post()
        wait = self.plan.retry_after
        headers = {"Retry-After": str(wait)}
        busy = _error(429, "RATE_LIMIT_HIT", "API usage exceeded rate limit", headers, **{"retry-after": wait})
        act = (lambda: self._post(form)) if found is None else (lambda: self._change(found, str(form["content"])))
        return await self.struck(request, act, busy)

    def _post(self, form: Any) -> web.Response:
        if self.plan.refuse:
            return _error(400, self.plan.refuse, "Zugriff verweigert")
        if not _named(json.loads(form["to"])):
            return _error(400, "STREAM_DOES_NOT_EXIST", f"Channel {form['to']} does not exist")
        if not form["content"].strip():
            return _error(400, "BAD_REQUEST", "Message must not be empty")
        assert form["type"] == "stream"
        reset = str(int(datetime.now(UTC).timestamp()) + 40)
        headers = {"X-RateLimit-Remaining": str(self.plan.remaining), "X-RateLimit-Reset": reset}
        return _ok(headers, id=self.post(form["content"], form["topic"]).id)

    def post(self, content: str, topic: str = "Alerts", sender: str = EMAIL, ago: int = 0) -> Post:
        """Put a message up; what is too long is cut, as Zulip does."""
        at = int(datetime.now(UTC).timestamp()) - ago
        made = Post(len(self.posts) + 41, _cut(content.rstrip()), topic[:60], sender, at)
        self.posts.append(made)
        return made

    def _change(self, found: Post, content: str) -> web.Response:
        if not self.plan.editable:
            return _error(400, "BAD_REQUEST", "The time limit for editing this message has passed")
        found.before.append(found.content)
        found.content = _cut(content.rstrip())
        return _ok(detached_uploads=[])

    def _list(self, request: web.BaseRequest) -> web.Response:
        narrow = {one["operator"]: one["operand"] for one in json.loads(request.query["narrow"])}
        if not _named(narrow["stream"]):
            return _error(400, "BAD_NARROW", "Invalid narrow operator: unknown channel")
        assert (request.query["anchor"], request.query["apply_markdown"]) == ("newest", "false")
        found = [post for post in self.posts if narrow.get("sender", post.sender) == post.sender]
        last = found[-int(request.query["num_before"]) :]
        return _ok(messages=[_shape(post) for post in last], found_newest=True, found_oldest=len(last) == len(found))


def _named(channel: object) -> bool:
    return channel in (CHANNEL, CHANNEL_ID)


def _cut(content: str) -> str:
    return content if len(content) <= 10_000 else content[: 10_000 - 20] + "\n[message truncated]"


def _shape(post: Post) -> dict[str, Any]:
    return {
        "id": post.id,
        "content": post.content,
        "content_type": "text/x-markdown",
        "timestamp": post.timestamp,
        "sender_email": post.sender,
        "subject": post.topic,
        "stream_id": CHANNEL_ID,
    }


def _ok(headers: dict[str, str] | None = None, **more: object) -> web.Response:
    return web.json_response({"result": "success", "msg": "", **more}, headers=headers)


def _error(status: int, code: str, text: str, headers: dict[str, str] | None = None, **more: object) -> web.Response:
    body = {"result": "error", "code": code, "msg": text, **more}
    return web.json_response(body, status=status, headers=headers)


def stand_in(folder: Path) -> StandIn:
    """For the tests over all kinds."""
    fake = Zulip(ZulipFaults(latency=0))
    return StandIn(
        fake,
        {"email": EMAIL, "api_key": KEY, "channel": CHANNEL},
        (KEY,),
        lambda: [post.content for post in fake.posts],
    )


if __name__ == "__main__":
    given = arguments().parse_args()
    main(Zulip(ZulipFaults(**given.faults)), given)
