"""A public agency on Nextdoor by the published Publish API: posts, comments, changes, own posts, refusals.

As a process: ``python -m tests.providers.nextdoor --port 4016 --token …``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.providers.base import Faults, Provider, StandIn, arguments, main
from tests.providers.graph import Post

TOKEN = "nd-token-of-the-test-agency"
API = "/external/api/partner/v1"
LENGTH = 8_192


@dataclass
class NextdoorFaults(Faults):
    """``refusal``: (status, description) of every write. ``listed``: whether the agency's posts are listed already.
    ``agency``: whether the token is an agency's. ``link``: under which name a post's address comes; "": not at all."""

    refusal: tuple[int, str] | None = None
    listed: bool = True
    agency: bool = True
    link: str = "share_link"


@dataclass
class Nextdoor(Provider):
    """``shown`` are posts, and comments that are about one; ``more`` is what came with each."""

    token: str = TOKEN
    shown: list[Post] = field(default_factory=list)

    @property
    def plan(self) -> NextdoorFaults:
        assert isinstance(self.faults, NextdoorFaults)
        return self.faults

    @property
    def posts(self) -> list[Post]:
        return [post for post in self.shown if not post.about]

    def log(self) -> object:
        return {"requests": self.requests, "shown": [{**asdict(post), "created": None} for post in self.shown]}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        plan, path = self.plan, request.path.removeprefix(API)
        if plan.unauthorized or request.headers.get("Authorization") != f"Bearer {self.token}":
            return error(401, "unauthorized")
        if plan.status:
            return web.Response(status=plan.status, text=plan.text, content_type="text/html")
        if request.method == "GET" and path == "/me/":
            agency = {"agency_id": "77", "agency_name": "Judge County"} if plan.agency else {}
            return web.json_response({"id": "1", **agency})
        if request.method == "GET":
            return web.json_response({"posts": [self._shape(post) for post in self.posts[::-1] if plan.listed]})
        body = json.loads(await request.text())
        if plan.refusal:
            return error(*plan.refusal)
        if len(body["body_text"].encode()) > LENGTH or "127.0.0.1" in body.get("smartlink_url", ""):
            return error(400, "The provided input is not valid")
        if path == "/post/create/":
            return await self.struck(request, lambda: self._post(body), error(429, "too many requests"))
        found = next((post for post in self.shown if post.id == body["id"]), None)
        if found is None:
            return error(400, "No such post")
        if request.method == "PUT":
            return await self.struck(request, lambda: self._change(found, body), error(429, "too many requests"))
        return await self.struck(request, lambda: self._comment(found, body), error(429, "too many requests"))

    def _post(self, body: dict[str, Any]) -> web.Response:
        made = self.made(body["body_text"], **{key: json.dumps(value) for key, value in body.items()})
        named = {self.plan.link: link(made)} if self.plan.link else {}
        return web.json_response({"result": "success", **named})

    def _comment(self, about: Post, body: dict[str, Any]) -> web.Response:
        self.made(body["body_text"], about.id)
        return web.json_response({"result": "success"})

    def _change(self, found: Post, body: dict[str, Any]) -> web.Response:
        found.before.append(found.text)
        found.text = body["body_text"]
        return web.json_response({"result": "success"})

    def made(self, text: str, about: str = "", **more: str) -> Post:
        """Something that stands from now on."""
        post = Post(f"s{len(self.shown):09d}", text, datetime.now(UTC), "agency", about, more)
        self.shown.append(post)
        return post

    def _shape(self, post: Post) -> dict[str, Any]:
        comments = [{**_row(one), "parent_comment_id": None} for one in self.shown if one.about == post.id]
        return {**_row(post), "url": link(post), "comments": comments}


def link(post: Post) -> str:
    """A post's address."""
    return f"https://nextdoor.com/p/{post.id}"


def _row(post: Post) -> dict[str, Any]:
    return {"id": post.id, "body": post.text, "creation_date_epoch_seconds": int(post.created.timestamp())}


def error(status: int, text: str) -> web.Response:
    """An error as Nextdoor answers it."""
    body = {"error": "invalid_input", "error_description": text}
    return web.Response(status=status, text=json.dumps(body), content_type="application/json")


def stand_in(folder: Path) -> StandIn:
    """For the tests over all kinds."""
    fake = Nextdoor(NextdoorFaults(latency=0))
    return StandIn(
        fake,
        {"access_token": TOKEN},
        (TOKEN,),
        lambda: [post.text for post in fake.shown],
        seen=lambda: len(fake.shown),
    )


if __name__ == "__main__":
    given = arguments(token=TOKEN).parse_args()
    main(Nextdoor(NextdoorFaults(**given.faults), token=given.token), given)
