"""A Facebook Page by the published Graph API: feed, photos, comments, changes, debug_token, refusals.

As a process: ``python -m tests.providers.facebook --port 4012 --token …``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.providers.base import StandIn, arguments, main
from tests.providers.graph import TOKEN, Graph, GraphFaults, Post, error, iso, missing, page

PAGE = "546349135390552"
SCOPES = ("pages_manage_posts", "pages_read_engagement", "pages_manage_engagement", "pages_show_list")
LENGTH, COMMENT_LENGTH = 63_206, 8_000


@dataclass
class Facebook(Graph):
    """Comments are those of ``shown`` that are about something."""

    scopes: tuple[str, ...] = SCOPES

    @property
    def posts(self) -> list[Post]:
        return [post for post in self.shown if not post.about]

    def read(self, path: str, form: Mapping[str, Any]) -> web.Response:
        about, _, edge = path.partition("/")
        if path == PAGE:
            return web.json_response({"id": PAGE, "name": "Judge County"})
        if path == f"{PAGE}/published_posts":
            return page([_shape(post) for post in self.posts[::-1] if post.author == PAGE], form)
        found = self.one(about)
        if found is None:
            return missing()
        if edge == "comments":
            newest_first = form.get("order") == "reverse_chronological"
            comments = [_shape(post) for post in self.shown if post.about == about]
            return page(comments[::-1] if newest_first else comments, form)
        return web.json_response(_shape(found))

    async def write(self, path: str, form: Mapping[str, Any], request: web.BaseRequest) -> web.StreamResponse:
        about, _, edge = path.partition("/")
        if (about, edge) == (PAGE, "feed"):
            return self._refused(form, "message") or await self.faulty(request, lambda: self._feed(form))
        if (about, edge) == (PAGE, "photos"):
            return self._refused(form, "caption") or await self.faulty(request, lambda: self._photo(form))
        found = self.one(about)
        if found is None or edge not in ("", "comments"):
            return missing()
        if edge == "comments":
            if len(form["message"]) > COMMENT_LENGTH:
                return error(400, 100, "message is too long")
            return await self.faulty(request, lambda: self._comment(found, form))
        return await self.faulty(request, lambda: self._change(found, form))

    def _refused(self, form: Mapping[str, Any], key: str) -> web.Response | None:
        text = str(form.get(key, ""))
        if len(text) > LENGTH:
            return error(400, 100, "message is too long")
        if "127.0.0.1" in str(form.get("link", "")):
            return error(400, 100, "url should represent a valid URL", 1_500)
        if key == "caption" and not bytes_of(form).startswith(b"\x89PNG"):
            return error(400, 324, "Missing or invalid image file")
        if any(post.text == text for post in self.posts[-10:]):
            return error(400, 506, "Duplicate status message")
        return None

    def _feed(self, form: Mapping[str, Any]) -> web.Response:
        post = self.made(form["message"], PAGE, f"{PAGE}_{{}}", link=str(form.get("link", "")))
        return web.json_response({"id": post.id})

    def _photo(self, form: Mapping[str, Any]) -> web.Response:
        alt = str(form.get("alt_text_custom", ""))
        post = self.made(form["caption"], PAGE, f"{PAGE}_{{}}", alt=alt, size=str(len(bytes_of(form))))
        return web.json_response({"id": post.id.split("_")[1] + "0", "post_id": post.id})

    def _comment(self, about: Post, form: Mapping[str, Any]) -> web.Response:
        made = self.made(form["message"], PAGE, f"{about.id.split('_')[1]}_{{}}", about.id)
        return web.json_response({"id": made.id})

    def _change(self, found: Post, form: Mapping[str, Any]) -> web.Response:
        found.before.append(found.text)
        found.text = form["message"]
        return web.json_response({"success": True})


def bytes_of(form: Mapping[str, Any]) -> bytes:
    """The uploaded picture."""
    source = form.get("source")
    if isinstance(source, web.FileField):
        source.file.seek(0)
        return bytes(source.file.read())
    return b""


def _shape(post: Post) -> dict[str, Any]:
    author = {"id": post.author, "name": "somebody"}
    return {"id": post.id, "message": post.text, "created_time": iso(post.created), "from": author}


def stand_in(folder: Path) -> StandIn:
    """For the tests over all kinds."""
    fake = Facebook(GraphFaults(latency=0))
    return StandIn(
        fake,
        {"page_id": PAGE, "access_token": TOKEN},
        (TOKEN,),
        lambda: [post.text for post in fake.shown],
        seen=lambda: len(fake.shown),
    )


if __name__ == "__main__":
    given = arguments(token=TOKEN).parse_args()
    main(Facebook(GraphFaults(**given.faults), token=given.token), given)
