"""A Threads profile by the published Threads API: containers, publication, posts, replies, quota, debug_token.

As a process: ``python -m tests.providers.threads --port 4013 --token …``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.providers.base import StandIn, arguments, main
from tests.providers.containers import Container, Containers, usage
from tests.providers.graph import TOKEN, GraphFaults, Post, error, iso, missing, page

USER = "26100000000000001"
SCOPES = ("threads_basic", "threads_content_publish", "threads_manage_replies", "threads_read_replies")
LENGTH, ALT = 500, 1_000
ME = ("me", USER)


@dataclass
class Threads(Containers):
    """Replies are those of ``shown`` that are about something."""

    version: str = "v1.0"
    scopes: tuple[str, ...] = SCOPES

    def read(self, path: str, form: Mapping[str, Any]) -> web.Response:
        about, _, edge = path.partition("/")
        if about not in ME:
            return self._one(about)
        if edge in ("threads", "replies"):
            return page([_shape(post) for post in self.shown[::-1] if bool(post.about) == (edge == "replies")], form)
        if edge == "threads_publishing_limit":
            posts = sum(not post.about for post in self.shown)
            told = usage(posts, self.quota) | usage(len(self.shown) - posts, self.quota, "reply_")
            return web.json_response({"data": [{key: told[key] for key in form["fields"].split(",")}]})
        return web.json_response({"id": USER, "username": "judgecounty"})

    def _one(self, id_: str) -> web.Response:
        if id_ in self.containers:
            return self.state_of(self.containers[id_])
        found = self.one(id_)
        return web.json_response(_shape(found)) if found else missing()

    async def write(self, path: str, form: Mapping[str, Any], request: web.BaseRequest) -> web.StreamResponse:
        about, _, edge = path.partition("/")
        if about in ME and edge == "threads":
            return self._refused(form) or await self.faulty(request, lambda: self.contain(form))
        if about in ME and edge == "threads_publish":
            return await self.faulty(request, lambda: self.publish(form))
        return missing()

    def _refused(self, form: Mapping[str, Any]) -> web.Response | None:
        if form.get("media_type") not in ("TEXT", "IMAGE") or (form["media_type"] == "IMAGE") != ("image_url" in form):
            return error(400, 100, "Invalid media_type")
        if len(form.get("text", "")) > LENGTH or len(form.get("alt_text", "")) > ALT:
            return error(400, 100, "Param text must be at most 500 characters long")
        if "reply_to_id" in form and self.one(form["reply_to_id"]) is None:
            return error(400, 24, "The requested resource does not exist", 4279009)
        return None

    def show(self, made: Container) -> Post:
        more = {key: made.form.get(key, "") for key in ("image_url", "alt_text")}
        return self.made(made.form["text"], USER, "", made.form.get("reply_to_id", ""), **more)


def _shape(post: Post) -> dict[str, Any]:
    link = f"https://www.threads.com/@judgecounty/post/{post.id}"
    return {"id": post.id, "text": post.text, "timestamp": iso(post.created), "permalink": link}


def stand_in(folder: Path) -> StandIn:
    """For the tests over all kinds."""
    fake = Threads(GraphFaults(latency=0))
    return StandIn(
        fake,
        {"access_token": TOKEN, "user_id": USER},
        (TOKEN,),
        lambda: [post.text for post in fake.shown],
        seen=lambda: len(fake.shown),
    )


if __name__ == "__main__":
    given = arguments(token=TOKEN).parse_args()
    main(Threads(GraphFaults(**given.faults), token=given.token), given)
