"""A Mastodon by its documented API: statuses, own account, instance, Idempotency-Key, limits, faults.

As a process: ``python -m tests.providers.mastodon --port 4011 --token …``.
"""

from __future__ import annotations

import asyncio
import html
import json
import re
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.providers.base import Faults, Provider, StandIn, arguments, main

TOKEN = "token-of-the-test-account"
ACCOUNT_ID = "109000000000000001"


@dataclass
class MastodonFaults(Faults):
    """``reset_seconds`` stands in X-RateLimit-Reset of a 429; ``characters`` and ``url`` are the instance's limits.

    ``instance``: what /api/v2/instance answers in place of them, as it stands; ``instance_status``: with which status.
    """

    reset_seconds: float = 30.0
    characters: int = 500
    url: int = 23
    instance: str = ""
    instance_status: int = 200
    remaining: int = 299
    media: int = 200  # with which status a picture is answered; 202: it is worked on until ``ready``
    ready: bool = True
    media_hangs: bool = False
    strict: bool = False  # a change that changes nothing is refused, as by GoToSocial


@dataclass(slots=True)
class Status:
    """A post that stands."""

    id: str
    text: str
    language: str
    visibility: str
    answers: str
    key: str
    created: datetime
    before: list[str] = field(default_factory=list)  # what it said before it was edited
    notice: str = ""
    media: list[str] = field(default_factory=list)


@dataclass
class Mastodon(Provider):
    """``posts`` in order; ``keys`` every Idempotency-Key seen, ``sent`` every body of a post."""

    token: str = TOKEN
    posts: list[Status] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    pictures: dict[str, tuple[bytes, str]] = field(default_factory=dict)  # id -> file and description

    @property
    def plan(self) -> MastodonFaults:
        assert isinstance(self.faults, MastodonFaults)
        return self.faults

    def log(self) -> object:
        return {"requests": self.requests, "posts": [{**asdict(post), "created": None} for post in self.posts]}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        plan = self.plan
        if request.path == "/api/v2/instance":
            limits = {"max_characters": plan.characters, "characters_reserved_per_url": plan.url}
            body = plan.instance or json.dumps({"configuration": {"statuses": limits}})
            return web.Response(status=plan.instance_status, text=body, content_type="application/json")
        if plan.unauthorized or request.headers.get("Authorization") != f"Bearer {self.token}":
            return _error(401, "The access token is invalid")
        if plan.status:
            return web.Response(status=plan.status, text=plan.text, content_type="text/html")
        if request.method == "POST" and request.path == "/api/v1/statuses":
            return await self._create(request)
        if request.path == "/api/v2/media":
            return await self._upload(request)
        if request.path.startswith("/api/v1/media/"):
            return web.json_response({"id": request.path.rsplit("/", 1)[1]}, status=200 if plan.ready else 206)
        if request.path.startswith("/api/v1/statuses/"):
            return await self._one(request)
        if request.path == "/api/v1/accounts/verify_credentials":
            return web.json_response({"id": ACCOUNT_ID, "username": "county", "acct": "county"})
        if request.path == f"/api/v1/accounts/{ACCOUNT_ID}/statuses":
            return self._list(request)
        return _error(404, "Record not found")

    async def _create(self, request: web.BaseRequest) -> web.StreamResponse:
        post = await request.json()
        self.sent.append(post)
        fault = self.plan.strike(self.chance)
        await asyncio.sleep(self.plan.latency)
        if fault == "too_many":
            return self._too_many()
        if fault == "error_before":
            return _error(503, "Remote data could not be fetched")
        if fault == "cut_before":
            return self.cut(request)
        key = request.headers.get("Idempotency-Key", "")
        self.keys.append(key)
        made = next((known for known in self.posts if key and known.key == key), None)
        if made is None:
            refused = self._wrong(post)
            if refused is not None:
                return refused
            made = self.post(post["status"], post.get("language", ""), post.get("in_reply_to_id", ""), key)
            made.visibility = post.get("visibility", "public")
            made.notice, made.media = post.get("spoiler_text", ""), post.get("media_ids", [])
        return await self._answer(request, fault, made)

    async def _upload(self, request: web.BaseRequest) -> web.Response:
        if self.plan.media_hangs:
            return await self.hang()
        if self.plan.media >= 400:
            return _error(self.plan.media, "Validation failed: File content type is invalid")
        parts = {part.name: await part.read() async for part in await request.multipart()}  # type: ignore[union-attr]
        id_ = f"2{len(self.pictures):017d}"
        self.pictures[id_] = (bytes(parts["file"]), parts["description"].decode())
        return web.json_response({"id": id_, "type": "image"}, status=self.plan.media)

    async def _one(self, request: web.BaseRequest) -> web.StreamResponse:
        """One status, read or edited (PUT takes no in_reply_to_id and no visibility)."""
        found = next((post for post in self.posts if request.path.endswith(f"/{post.id}")), None)
        if found is None:
            return _error(404, "Record not found")
        if request.method == "GET":
            return web.json_response(self._shape(found))
        change = await request.json()
        fault = self.plan.strike(self.chance)
        await asyncio.sleep(self.plan.latency)
        if (refused := self._wrong(change)) is not None:
            return refused
        if self.plan.strict and change["status"] == found.text:
            return _error(422, "Unprocessable Entity: status was not changed")
        found.before.append(found.text)
        found.text, found.language = change["status"], change.get("language", found.language)
        found.notice, found.media = change.get("spoiler_text", ""), change.get("media_ids", [])
        return await self._answer(request, fault, found)

    async def _answer(self, request: web.BaseRequest, fault: str, made: Status) -> web.StreamResponse:
        if fault == "error_after":
            return _error(503, "Service unavailable")
        if fault == "cut_after":
            return self.cut(request)
        if fault == "hang_after":
            return await self.hang()
        if fault == "unreadable":
            return web.Response(text="<html>ok</html>", content_type="text/html")
        return web.json_response(self._shape(made), headers=self._window(self.plan.remaining))

    def post(self, text: str, language: str = "en", answers: str = "", key: str = "") -> Status:
        """Put a status up, as somebody at the account would."""
        made = Status(f"1{len(self.posts):017d}", text, language, "public", answers, key, datetime.now(UTC))
        self.posts.append(made)
        return made

    def _wrong(self, post: dict[str, Any]) -> web.Response | None:
        if not post.get("status"):
            return _error(422, "Validation failed: Text can't be blank")
        notice = post.get("spoiler_text", "")
        if len(notice + re.sub(r"https?://\S+", "x" * self.plan.url, post["status"])) > self.plan.characters:
            return _error(422, f"Validation failed: Text character limit of {self.plan.characters} exceeded")
        if post.get("media_ids") and not self.plan.ready:
            return _error(422, "Cannot attach files that have not finished processing. Try again in a moment!")
        answers = post.get("in_reply_to_id")
        if answers and answers not in {known.id for known in self.posts}:
            return _error(404, "The post you are trying to reply to does not appear to exist.")
        return None

    def _too_many(self) -> web.Response:
        return web.json_response({"error": "Too many requests"}, status=429, headers=self._window(0))

    def _window(self, remaining: int) -> dict[str, str]:
        reset = _iso(datetime.now(UTC) + timedelta(seconds=self.plan.reset_seconds))
        return {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": str(remaining), "X-RateLimit-Reset": reset}

    def _list(self, request: web.BaseRequest) -> web.StreamResponse:
        found = self.posts[::-1]
        if "max_id" in request.query:
            found = [post for post in found if int(post.id) < int(request.query["max_id"])]
        return web.json_response([self._shape(post) for post in found[: int(request.query.get("limit", "20"))]])

    def _shape(self, post: Status) -> dict[str, Any]:
        return {
            "id": post.id,
            "created_at": _iso(post.created),
            "in_reply_to_id": post.answers or None,
            "visibility": post.visibility,
            "language": post.language,
            "uri": f"{self.base_url}/users/county/statuses/{post.id}",
            "url": f"{self.base_url}/@county/{post.id}",
            "content": shown(post.text),
        }


def shown(text: str) -> str:
    """A post's text as Mastodon's HTML: paragraphs, breaks, addresses with hidden ends, mentions without domain."""
    escaped = html.escape(text, quote=True)
    linked = re.sub(
        r"(https?://)(\S{1,30})(\S*)",
        r'<a href="\1\2\3"><span class="invisible">\1</span><span>\2</span><span class="invisible">\3</span></a>',
        escaped,
    )
    mentioned = re.sub(r"(?<![\w/])@(\w+)@([\w.]+)", r'<span class="h-card"><a>@<span>\1</span></a></span>', linked)
    return "<p>" + mentioned.replace("\n\n", "</p><p>").replace("\n", "<br />") + "</p>"


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _error(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=json.dumps({"error": text}), content_type="application/json")


def stand_in(folder: Path) -> StandIn:
    """For the tests over all kinds."""
    fake = Mastodon(MastodonFaults(latency=0))
    return StandIn(fake, {"access_token": TOKEN}, (TOKEN,), lambda: [post.text for post in fake.posts])


if __name__ == "__main__":
    given = arguments(token=TOKEN).parse_args()
    main(Mastodon(MastodonFaults(**given.faults), token=given.token), given)
