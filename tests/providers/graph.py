"""What stand-ins of Meta's Graph APIs share: tokens, errors as "Handling Errors" describes them, usage headers, pages.

A request's token is taken from the Authorization header; one in the address is noted in ``told`` (``debug_token`` alone
takes there the token that it inspects).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.providers.base import Faults, Provider

TOKEN = "EAAtoken-of-the-test-account"
APP_ID, APP_SECRET = "990602627938098", "secret-of-the-test-app"
DAY = 86_400


@dataclass
class GraphFaults(Faults):
    """``refusal``: (HTTP status, code, subcode, message) of every write. ``usage``: headers of every answer.
    ``edge``: refusal and faults strike only writes whose path ends so.

    ``expires`` and ``data_expires`` are days from now (0: never); ``blind``: the token may not ask about itself.
    """

    refusal: tuple[int, int, int, str] | None = None
    edge: str = ""
    usage: dict[str, str] = field(default_factory=dict)
    expires: float = 0
    data_expires: float = 90
    scopes: tuple[str, ...] | None = None
    invalid: bool = False
    blind: bool = False


@dataclass(slots=True)
class Post:
    """What stands: a post, a comment, a reply; ``about`` is what it answers."""

    id: str
    text: str
    created: datetime
    author: str
    about: str = ""
    more: dict[str, str] = field(default_factory=dict)
    before: list[str] = field(default_factory=list)


def error(status: int, code: int, message: str, subcode: int = 0, transient: bool = False) -> web.Response:
    """An error as Graph APIs answer it."""
    body: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code, "is_transient": transient}
    body |= {"error_subcode": subcode} if subcode else {}
    return web.Response(
        status=status, text=json.dumps({"error": body | {"fbtrace_id": "A1"}}), content_type="application/json"
    )


MISSING = (100, "Unsupported post request. Object does not exist, or lacks permissions", 33)


def missing() -> web.Response:
    """The object is not there."""
    code, message, sub = MISSING
    return error(400, code, message, sub)


@dataclass
class Graph(Provider):
    """``shown`` in order; ``told``: addresses of requests that carried a token; ``proofs``: each appsecret_proof."""

    token: str = TOKEN
    version: str = "v26.0"
    secret: str = ""
    scopes: tuple[str, ...] = ()
    shown: list[Post] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    @property
    def plan(self) -> GraphFaults:
        assert isinstance(self.faults, GraphFaults)
        return self.faults

    def log(self) -> object:
        return {"requests": self.requests, "shown": [{**asdict(post), "created": None} for post in self.shown]}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        answer = await self._handle(request)
        answer.headers.update(self.plan.usage)
        return answer

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        plan, path = self.plan, request.path.removeprefix(f"/{self.version}/").strip("/")
        if path == request.path.strip("/"):
            return error(400, 2635, "You are calling a deprecated version of the API")
        if path == "debug_token":
            return self._debug(request)
        if self.token in str(request.rel_url):
            self.told.append(str(request.rel_url))
        form = {**request.query, **({} if request.method == "GET" else await request.post())}
        if plan.unauthorized or request.headers.get("Authorization") != f"Bearer {self.token}":
            return error(401, 190, "Error validating access token: Session has expired", 463)
        if self.secret and form.get("appsecret_proof") != self._proof():
            return error(400, 100, "Invalid appsecret_proof provided in the API argument")
        if plan.status:
            return web.Response(status=plan.status, text=plan.text, content_type="text/html")
        if request.method == "GET":
            return self.read(path, form)
        if plan.refusal and path.endswith(plan.edge):
            status, code, sub, message = plan.refusal
            return error(status, code, message, sub)
        return await self.write(path, form, request)

    def _proof(self) -> str:
        return hmac.new(self.secret.encode(), self.token.encode(), hashlib.sha256).hexdigest()

    def _debug(self, request: web.BaseRequest) -> web.Response:
        plan, by = self.plan, request.headers.get("Authorization", "")
        if by != f"Bearer {APP_ID}|{APP_SECRET}" and (plan.blind or by != f"Bearer {self.token}"):
            return error(400, 100, "You must provide an app access token or a token of a developer of the app")
        wanted = self._proof() if self.secret and by == f"Bearer {self.token}" else None
        if request.query.get("appsecret_proof") != wanted:
            return error(400, 100, "Invalid appsecret_proof provided in the API argument")
        if request.query.get("input_token") != self.token or plan.invalid:
            failed = {"code": 190, "message": "The session has been invalidated", "subcode": 460}
            return web.json_response({"data": {"is_valid": False, "error": failed, "scopes": []}})
        ends = {"expires_at": plan.expires, "data_access_expires_at": plan.data_expires}
        data = {key: int(time.time() + days * DAY) if days else 0 for key, days in ends.items()}
        scopes = list(self.scopes if plan.scopes is None else plan.scopes)
        return web.json_response({"data": {"is_valid": True, "type": "PAGE", "scopes": scopes, **data}})

    def read(self, path: str, form: Mapping[str, Any]) -> web.Response:
        """Answer a GET."""
        raise NotImplementedError

    async def write(self, path: str, form: Mapping[str, Any], request: web.BaseRequest) -> web.StreamResponse:
        """Answer a POST."""
        raise NotImplementedError

    async def faulty(self, request: web.BaseRequest, make: Callable[[], web.Response]) -> web.StreamResponse:
        """A write under the faults of ``plan``."""
        fault = self.plan.strike(self.chance) if request.path.endswith(self.plan.edge) else ""
        await asyncio.sleep(self.plan.latency)
        if fault == "too_many":
            return error(400, 32, "Page request limit reached")
        if fault == "error_before":
            return error(500, 2, "An unexpected error has occurred. Please retry your request later", 0, True)
        if fault == "cut_before":
            return self.cut(request)
        made = make()
        if fault == "error_after":
            return error(500, 1, "An unknown error occurred")
        if fault == "cut_after":
            return self.cut(request)
        if fault == "hang_after":
            return await self.hang()
        return web.Response(text="<html>") if fault == "unreadable" else made

    def made(self, text: str, author: str, id_: str = "", about: str = "", **more: str) -> Post:
        """Something that stands from now on."""
        number = 122_000_000_000 + len(self.shown)
        post = Post(id_.format(number) or str(number), text, datetime.now(UTC), author, about, more)
        self.shown.append(post)
        return post

    def one(self, id_: str) -> Post | None:
        """What stands under that id."""
        return next((post for post in self.shown if post.id == id_), None)


def page(posts: Sequence[Mapping[str, Any]], form: Mapping[str, Any], most: int = 100) -> web.Response:
    """One page of a list, by cursors; ``next`` where there is more."""
    start, size = int(form.get("after", "0")), min(int(form.get("limit", "25")), most)
    paging: dict[str, Any] = {"cursors": {"before": str(start), "after": str(start + size)}}
    if len(posts) > start + size:
        paging["next"] = f"https://graph.facebook.com/feed?access_token={TOKEN}&after={start + size}"
    return web.json_response({"data": list(posts)[start : start + size], "paging": paging})


def iso(at: datetime) -> str:
    """A time as Graph APIs write it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S+0000")
