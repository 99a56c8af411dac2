"""An Instagram professional account by the published Graph API: containers of JPEG pictures, publication, comments.

As a process: ``python -m tests.providers.instagram --port 4014 --token …``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.channels.graphs import posting
from tests.providers.base import StandIn, arguments, main
from tests.providers.containers import Container, Containers, usage
from tests.providers.graph import TOKEN, GraphFaults, Post, error, iso, missing, page

ACCOUNT = "17841400000000001"
SCOPES = ("instagram_basic", "instagram_content_publish", "instagram_manage_comments", "pages_read_engagement")
LENGTH, ALT = 2_200, 1_000


@dataclass
class Instagram(Containers):
    """Comments are those of ``shown`` that are about something."""

    status: str = "status_code"
    quota: int = 100
    scopes: tuple[str, ...] = SCOPES

    def read(self, path: str, form: Mapping[str, Any]) -> web.Response:
        about, _, edge = path.partition("/")
        if path == ACCOUNT:
            return web.json_response({"id": ACCOUNT, "username": "judgecounty"})
        if about == ACCOUNT and edge == "media":
            return page([_media(post) for post in self.shown[::-1] if not post.about], form)
        if about == ACCOUNT:
            return web.json_response({"data": [usage(sum(not post.about for post in self.shown), self.quota)]})
        if about in self.containers:
            return self.state_of(self.containers[about])
        found = self.one(about)
        if found is None:
            return missing()
        if edge == "comments":
            return page([_comment(post) for post in self.shown[::-1] if post.about == about], form, 50)
        return web.json_response(_media(found))

    async def write(self, path: str, form: Mapping[str, Any], request: web.BaseRequest) -> web.StreamResponse:
        about, _, edge = path.partition("/")
        if (about, edge) == (ACCOUNT, "media"):
            return _refused(form) or await self.faulty(request, lambda: self.contain(form))
        if (about, edge) == (ACCOUNT, "media_publish"):
            return await self.faulty(request, lambda: self.publish(form))
        found = self.one(about)
        if found is None or edge != "comments":
            return missing()
        return await self.faulty(request, lambda: self._add(found, form))

    def _add(self, about: Post, form: Mapping[str, Any]) -> web.Response:
        return web.json_response({"id": self.made(form["message"], ACCOUNT, "", about.id).id})

    def show(self, made: Container) -> Post:
        return self.made(made.form["caption"], ACCOUNT, "", "", **made.form)


def _refused(form: Mapping[str, Any]) -> web.Response | None:
    if len(form.get("caption", "")) > LENGTH:
        return error(400, 36004, "The caption was too long", 2207010)
    if not str(form.get("image_url", "")).endswith(".jpg") or len(form.get("alt_text", "")) > ALT:
        return error(400, 36001, "The image format is not supported", 2207005)
    return None


def _media(post: Post) -> dict[str, Any]:
    link = f"https://www.instagram.com/p/{post.id}/"
    return {"id": post.id, "caption": post.text, "timestamp": iso(post.created), "permalink": link}


def _comment(post: Post) -> dict[str, Any]:
    return {"id": post.id, "text": post.text, "timestamp": iso(post.created)}


def stand_in(folder: Path) -> StandIn:
    """For the tests over all kinds."""
    fake = Instagram(GraphFaults(latency=0))
    return StandIn(
        fake,
        {"account_id": ACCOUNT, "access_token": TOKEN},
        (TOKEN,),
        lambda: [post.text for post in fake.shown],
        seen=lambda: len(fake.shown),
        posting=posting(),
    )


if __name__ == "__main__":
    given = arguments(token=TOKEN).parse_args()
    main(Instagram(GraphFaults(**given.faults), token=given.token), given)
