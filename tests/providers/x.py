"""X by its published API v2: posts, media, own posts, OAuth 1.0a signatures (checked), windows, refusals in its words.

As a process: ``python -m tests.providers.x --port 4015``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from aiohttp import web

from broadcaster.domain.text_x import weigh
from tests.providers.base import Faults, Provider, StandIn, arguments, main

USER = "1790000000000000001"
KEYS = ("api-key-of-the-app", "api-secret-of-the-app", f"{USER}-access-token", "access-secret-of-the-account")
DUPLICATE = "You are not allowed to create a Tweet with duplicate content."
NO_SUCH = "You attempted to reply to a Tweet that is deleted or not visible to you."
UNASKED = "Reply to this conversation is not allowed because you have not been mentioned by the author of the post"
NOT_FOUND = {
    "title": "Not Found Error",
    "detail": "Could not find tweet",
    "resource_type": "tweet",
    "type": "https://api.x.com/2/problems/resource-not-found",
}
FIELDS = {"text", "reply", "media"}  # of those that POST /2/tweets takes, what we need; it takes no unknown ones


@dataclass
class XFaults(Faults):
    """``remaining``: of the window whose name is ``window``, after this post. ``refusal``: status, type and detail.
    ``summons``: an answer needs the author's word first (self-serve apps since February 2026). ``plain``: errors in
    X's other forms.
    """

    remaining: int = 99
    window: str = "x-rate-limit"
    reset_seconds: float = 600
    refusal: tuple[int, str, str] | None = None
    no_media: bool = False
    media_as: str = ""  # the only kind of upload that is taken
    media_hangs: bool = False
    fields: str = "tweet.fields"  # what a post's fields are called
    strict: bool = True  # an unknown name is refused, not passed over
    summons: bool = False
    plain: bool = False


@dataclass(slots=True)
class Post:
    """A post that stands; ``links``: X's short address -> the one that was given."""

    id: str
    text: str
    answers: str
    media: list[str]
    created: datetime
    links: dict[str, str] = field(default_factory=dict)


@dataclass
class X(Provider):
    """``posts`` in order; ``media``: id -> bytes, ``alts``: id -> words; ``writes`` counts POST /2/tweets."""

    posts: list[Post] = field(default_factory=list)
    media: dict[str, bytes] = field(default_factory=dict)
    alts: dict[str, str] = field(default_factory=dict)
    writes: int = 0
    keys: tuple[str, ...] = KEYS

    @property
    def plan(self) -> XFaults:
        assert isinstance(self.faults, XFaults)
        return self.faults

    def log(self) -> object:
        return {"requests": self.requests, "posts": [_shape(post) for post in self.posts]}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.plan.status:
            return web.Response(status=self.plan.status, text=self.plan.text, content_type="text/html")
        if self.plan.unauthorized or not signed(request, self.keys):
            return _error(401, "about:blank", "Unauthorized")
        path = request.path
        if request.method == "POST":
            return await self._write(request)
        if path == "/2/users/me":
            return web.json_response({"data": {"id": USER, "name": "Judge County", "username": "judgecounty"}})
        if path == f"/2/users/{USER}/tweets":
            return self._list(request)
        found = next((post for post in self.posts if path == f"/2/tweets/{post.id}"), None)
        status = 404 if self.plan.plain and not found else 200
        return web.json_response({"data": _shape(found)} if found else {"errors": [NOT_FOUND]}, status=status)

    async def _write(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/2/media/upload":
            return await self._upload(request)
        given = await request.json()
        if request.path == "/2/media/metadata":
            self.alts[given["id"]] = given["metadata"]["alt_text"]["text"]
            return web.json_response({"data": {"id": given["id"]}})
        self.writes += 1
        busy = _error(429, "about:blank", "Too Many Requests", self._window(0))
        return await self.struck(request, lambda: self._posted(given), busy)

    def _posted(self, given: dict[str, Any]) -> web.Response:
        if refused := self._wrong(given):
            return refused
        made = self.post(given["text"], given.get("reply", {}).get("in_reply_to_tweet_id", ""))
        made.media = given.get("media", {}).get("media_ids", [])
        body = {"data": {"id": made.id, "text": made.text}}
        return web.json_response(body, status=201, headers=self._window(self.plan.remaining))

    def _window(self, remaining: int) -> dict[str, str]:
        name, end = self.plan.window, str(int(time.time() + self.plan.reset_seconds))
        return {f"{name}-limit": "100", f"{name}-remaining": str(remaining), f"{name}-reset": end}

    async def _upload(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.plan.media_hangs:
            return await self.hang()
        multipart = request.content_type == "multipart/form-data"
        if self.plan.no_media or self.plan.media_as not in ("", request.content_type):
            return _invalid("Requests with bodies must have content-type of another kind.")
        if multipart:
            parts = {part.name: await part.read() async for part in await request.multipart()}  # type: ignore[union-attr]
        else:
            given = await request.json()
            parts = {
                **given,
                "media": base64.b64decode(given["media"]),
                "media_category": given["media_category"].encode(),
            }
        if parts.keys() != {"media", "media_category"} or parts["media_category"] != b"tweet_image":
            return _invalid("unknown parameter")
        id_ = f"18{len(self.media):017d}"
        self.media[id_] = bytes(parts["media"])
        return web.json_response({"data": {"id": id_, "media_key": f"3_{id_}", "expires_after_secs": 86400}})

    def _wrong(self, given: dict[str, Any]) -> web.Response | None:
        if self.plan.refusal:
            return _error(*self.plan.refusal)
        if given.keys() - FIELDS:
            return _error(400, "https://api.x.com/2/problems/invalid-request", "unknown parameter")
        answers = given.get("reply", {}).get("in_reply_to_tweet_id", "")
        if answers and self.plan.summons:
            return _error(403, "about:blank", UNASKED)
        if answers and answers not in {post.id for post in self.posts}:
            return (
                _error(403, "about:blank", NO_SUCH)
                if not self.plan.plain
                else _invalid("Your reply tweet ID is invalid.")
            )
        if weigh(given["text"]) > 280:
            return _error(403, "about:blank", "Your Tweet text is too long.")
        if any(_spelt_out(post) == given["text"] for post in self.posts):
            old = web.json_response({"errors": [{"code": 187, "message": DUPLICATE}]}, status=403)
            return old if self.plan.plain else _error(403, "about:blank", DUPLICATE)
        if not set(given.get("media", {}).get("media_ids", [])) <= self.media.keys():
            return _error(400, "about:blank", "Your media IDs are invalid.")
        return None

    def post(self, text: str, answers: str = "") -> Post:
        """Put a post up, as somebody at the account would."""
        made = Post(f"19{len(self.posts):017d}", html.escape(text, quote=False), answers, [], datetime.now(UTC))

        def short(found: re.Match[str]) -> str:
            address = f"https://t.co/{made.id[-4:]}{len(made.links)}"
            made.links[address] = found[0]
            return address

        made.text = re.sub(r"https?://[^\s<>]*[\w/]", short, made.text)
        self.posts.append(made)
        return made

    def _list(self, request: web.BaseRequest) -> web.Response:
        told = self.plan.fields in request.query
        if not told and self.plan.strict:
            return _invalid("The query parameter is not one of those that are known.")
        since = datetime.fromisoformat(request.query["start_time"])
        most, skip = int(request.query["max_results"]), int(request.query.get("pagination_token", "0"))
        found = [post for post in self.posts[::-1] if post.created >= since - timedelta(seconds=1)]
        meta = {"next_token": str(skip + most)} if len(found) > skip + most else {}
        page = [_shape(post) for post in found[skip : skip + most]]
        page = page if told else [{"id": post["id"], "text": post["text"]} for post in page]
        return web.json_response({"meta": {"result_count": len(page), **meta}, **({"data": page} if page else {})})


def _spelt_out(post: Post) -> str:
    text = post.text
    for address, given in post.links.items():
        text = text.replace(address, given)
    return html.unescape(text)


def _shape(post: Post) -> dict[str, Any]:
    text = post.text
    urls: list[dict[str, Any]] = [
        {
            "url": key,
            **({"expanded_url": value} if value != key else {}),
            "start": text.find(key),
            "end": text.find(key) + len(key),
        }
        for key, value in post.links.items()
    ]
    if post.media:
        text += " https://t.co/picture"
        page = f"https://x.com/judgecounty/status/{post.id}/photo/1"
        place = {"start": len(post.text) + 1, "end": len(text)}
        urls.append({"url": "https://t.co/picture", "expanded_url": page, "media_key": f"3_{post.media[0]}", **place})
    created = post.created.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return {"id": post.id, "text": text, "created_at": created, **({"entities": {"urls": urls}} if urls else {})}


def signed(request: web.BaseRequest, keys: tuple[str, ...]) -> bool:
    """Whether OAuth 1.0a's signature is that of our keys (RFC 5849, HMAC-SHA1)."""
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    given = {key: unquote(value) for key, value in re.findall(r'(\w+)="([^"]*)"', rest)}
    if scheme != "OAuth" or (given.get("oauth_consumer_key"), given.get("oauth_token")) != (keys[0], keys[2]):
        return False
    signature = given.pop("oauth_signature")
    fields = [*given.items(), *parse_qsl(request.query_string)]
    listed = "&".join(sorted(f"{quote(key, '~')}={quote(value, '~')}" for key, value in fields))
    base = "&".join(quote(part, "~") for part in (request.method, f"http://{request.host}{request.path}", listed))
    key = f"{quote(keys[1], '~')}&{quote(keys[3], '~')}"
    return base64.b64encode(hmac.digest(key.encode(), base.encode(), hashlib.sha1)).decode() == signature


def _invalid(why: str) -> web.Response:
    """X's 400: what is wrong stands below ``errors``."""
    kind, whole = "https://api.x.com/2/problems/invalid-request", "One or more parameters to your request was invalid."
    body = {"title": "Invalid Request", "detail": whole, "type": kind, "errors": [{"message": why}]}
    return web.json_response(body, status=400, content_type="application/problem+json")


def _error(status: int, kind: str, detail: str, headers: dict[str, str] | None = None) -> web.Response:
    body = {"title": "Forbidden" if status == 403 else detail, "detail": detail, "type": kind, "status": status}
    return web.json_response(body, status=status, headers=headers, content_type="application/problem+json")


def stand_in(folder: Path) -> StandIn:
    """For the tests over all kinds."""
    fake = X(XFaults(latency=0))
    return StandIn(
        fake,
        dict(zip(("api_key", "api_secret", "access_token", "access_secret"), KEYS, strict=True)),
        (KEYS[1], KEYS[3]),
        lambda: [post.text for post in fake.posts],
        seen=lambda: fake.writes,
    )


if __name__ == "__main__":
    given = arguments().parse_args()
    main(X(XFaults(**given.faults)), given)
