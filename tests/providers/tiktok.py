"""A TikTok account by the published Content Posting API: tokens that end with their use, photo posts that are finished
later, refusals.

As a process: ``python -m tests.providers.tiktok --port 4017``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.channels.graphs import posting
from tests.providers.base import Faults, Provider, StandIn, arguments, main

KEY, SECRET, REFRESH = "awk-of-the-test-app", "tt-secret-of-the-test-app", "rft.first-of-the-test"
ACCOUNT, DOMAIN = "judgecounty", "https://alerts.judge.example/"
OPTIONS = ("PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY")
TITLE, LENGTH = 90, 4_000
INIT = "/v2/post/publish/content/init/"
WANTED = {"privacy_level", "brand_content_toggle", "brand_organic_toggle"}


@dataclass
class TikTokFaults(Faults):
    """``edge``: the paths where the general faults strike, by their end. ``refusal``: (status, code) of that path.
    ``looks``: how often a post is still being fetched; ``fails``: why it comes to nothing then. ``moderated``: whether
    it has an id. ``grant``: why no token is given. ``lives``: seconds of an access token."""

    edge: str = INIT
    refusal: tuple[int, str] | None = None
    looks: int = 0
    fails: str = ""
    moderated: bool = True
    grant: str = ""
    lives: float = 7_200.0
    scope: str = "user.info.basic,video.publish"
    options: tuple[str, ...] = OPTIONS
    comment_disabled: bool = False


@dataclass
class Post:
    """A post that TikTok took: ``text`` is its description, ``looks`` how often its status was asked for."""

    id: str
    text: str
    title: str
    info: dict[str, Any]
    picture: str
    created: datetime
    looks: int = 0


@dataclass
class TikTok(Provider):
    """``posts``: every post that TikTok took."""

    domain: str = DOMAIN
    posts: list[Post] = field(default_factory=list)
    access: list[str] = field(default_factory=list)
    refresh: list[str] = field(default_factory=lambda: [REFRESH])

    @property
    def plan(self) -> TikTokFaults:
        assert isinstance(self.faults, TikTokFaults)
        return self.faults

    def log(self) -> object:
        posts = [{**asdict(post), "created": None} for post in self.posts]
        return {"requests": self.requests, "posts": posts, "renewed": len(self.access)}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        plan, path, text = self.plan, request.path, await request.text()
        if plan.status:
            return web.Response(status=plan.status, text=plan.text, content_type="text/html")
        if path == "/v2/oauth/token/":
            form = dict(await request.post())
            return await self._faulty(request, lambda: self._renew(form))
        live = f"Bearer {self.access[-1]}" if self.access else ""
        if plan.unauthorized or request.headers.get("Authorization") != live:
            return said("access_token_invalid", 401, "The access token is invalid or has expired")
        if plan.refusal and path.endswith(plan.edge):
            return said(plan.refusal[1], plan.refusal[0], "Refused")
        body = json.loads(text) if text else {}
        answers: dict[str, Callable[[], web.Response]] = {
            "/v2/post/publish/creator_info/query/": self._creator,
            INIT: lambda: self._take(body),
            "/v2/post/publish/status/fetch/": lambda: self._status(body),
        }
        return await self._faulty(request, answers[path])

    def _renew(self, form: dict[str, Any]) -> web.Response:
        """A refresh token serves once."""
        good = (form["client_key"], form["client_secret"], form["grant_type"]) == (
            KEY,
            SECRET,
            "refresh_token",
        )
        if self.plan.grant or not good or form["refresh_token"] != self.refresh[-1]:
            words = {
                "error": self.plan.grant or "invalid_grant",
                "error_description": f"{form['refresh_token']} is over",
            }
            return web.json_response(words)
        self.access.append(f"act.{len(self.access)}-of-the-test")
        self.refresh.append(f"rft.{len(self.refresh)}-of-the-test")
        lives = {"expires_in": self.plan.lives, "refresh_expires_in": 15_552_000}
        tokens = {"access_token": self.access[-1], "refresh_token": self.refresh[-1], "scope": self.plan.scope}
        return web.json_response({**tokens, **lives, "open_id": "o1", "token_type": "Bearer"})

    def _creator(self) -> web.Response:
        plan = self.plan
        options = {"privacy_level_options": list(plan.options), "comment_disabled": plan.comment_disabled}
        return said("ok", data={"creator_username": ACCOUNT, "creator_nickname": "Judge County", **options})

    def _take(self, body: dict[str, Any]) -> web.Response:
        info, [picture] = body["post_info"], body["source_info"]["photo_images"]
        lengths = (size(info.get("title", "")) <= TITLE, size(info.get("description", "")) <= LENGTH)
        kind = (body["media_type"], body["post_mode"], body["source_info"]["source"])
        if not all(lengths) or WANTED - info.keys() or kind != ("PHOTO", "DIRECT_POST", "PULL_FROM_URL"):
            return said("invalid_param", 400, "Check the parameters")
        if info["privacy_level"] not in self.plan.options:
            return said("privacy_level_option_mismatch", 403, "Not among the options")
        if not picture.startswith(self.domain):
            return said("url_ownership_unverified", 403, "Verify the domain")
        made = self.made(info["description"], info.get("title", ""), info, picture)
        return said("ok", data={"publish_id": publication(made)})

    def _status(self, body: dict[str, Any]) -> web.Response:
        post = next((post for post in self.posts if publication(post) == body["publish_id"]), None)
        if post is None:
            return said("invalid_publish_id", 400, "The publish_id does not exist")
        post.looks += 1
        if post.looks <= self.plan.looks:
            return said("ok", data={"status": "PROCESSING_DOWNLOAD"})
        fails = self.plan.fails or ("" if post.picture.endswith(".jpg") else "file_format_check_failed")
        if fails:
            return said("ok", data={"status": "FAILED", "fail_reason": fails, "publicaly_available_post_id": []})
        ids = [int(post.id)] if self._is_shown(post) else []
        return said("ok", data={"status": "PUBLISH_COMPLETE", "publicaly_available_post_id": ids})

    def _is_shown(self, post: Post) -> bool:
        return self.plan.moderated and post.info["privacy_level"] == OPTIONS[0]

    async def _faulty(self, request: web.BaseRequest, make: Callable[[], web.Response]) -> web.StreamResponse:
        fault = self.plan.strike(self.chance) if request.path.endswith(self.plan.edge) else ""
        await asyncio.sleep(self.plan.latency)
        if fault == "too_many":
            return said("rate_limit_exceeded", 429, "Too many requests")
        if fault == "error_before":
            return said("internal_error", 500, "Try again later")
        if fault == "cut_before":
            return self.cut(request)
        made = make()
        if fault == "error_after":
            return said("internal_error", 500, "Try again later")
        if fault == "cut_after":
            return self.cut(request)
        if fault == "hang_after":
            return await self.hang()
        return web.Response(text="<html>") if fault == "unreadable" else made

    def made(
        self, text: str, title: str = "", info: dict[str, Any] | None = None, picture: str = f"{DOMAIN}cards/1.jpg"
    ) -> Post:
        """A post that TikTok took."""
        level = info or {"privacy_level": OPTIONS[0]}
        post = Post(f"74{len(self.posts):017d}", text, title, level, picture, datetime.now(UTC))
        self.posts.append(post)
        return post


def publication(post: Post) -> str:
    """The id under which TikTok tells what became of it."""
    return f"p_pub_url~v2.{post.id[-9:]}"


def size(text: str) -> int:
    """UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def said(code: str, status: int = 200, words: str = "", data: dict[str, Any] | None = None) -> web.Response:
    """An answer in TikTok's envelope."""
    error = {"code": code, "message": words, "log_id": "20261122"}
    return web.json_response({"data": data or {}, "error": error}, status=status)


def stand_in(folder: Path) -> StandIn:
    """For the tests over all kinds."""
    fake = TikTok(TikTokFaults(latency=0))
    return StandIn(
        fake,
        {"client_key": KEY, "client_secret": SECRET, "refresh_token": REFRESH, "folder": str(folder)},
        (SECRET, REFRESH),
        lambda: [post.text for post in fake.posts],
        seen=lambda: len(fake.posts),
        posting=posting(),
    )


if __name__ == "__main__":
    given = arguments().parse_args()
    main(TikTok(TikTokFaults(**given.faults)), given)
