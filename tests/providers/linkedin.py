"""An organisation on LinkedIn by the published versioned API: posts, images, comments, changes, token introspection.

As a process: ``python -m tests.providers.linkedin --port 4015 --token …``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from tests.providers.base import Faults, Provider, StandIn, arguments, main
from tests.providers.graph import Post

TOKEN = "AQVtoken-of-the-test-page"
ORGANIZATION = "5515715"
OWNER = f"urn:li:organization:{ORGANIZATION}"
CLIENT_ID, CLIENT_SECRET = "86client", "secret-of-the-test-app"
SCOPE = ",".join(f"{right}_organization_social{feed}" for right in "wr" for feed in ("", "_feed"))
LENGTH, COMMENT_LENGTH = 3_000, 1_250


@dataclass
class LinkedInFaults(Faults):
    """``refusal``: (status, message, input error's code) of every write whose path ends with ``edge``; faults strike
    there, too. ``upload``: the address for a picture in place of our own. ``expires``: days that the token lives.
    ``image``: what LinkedIn says of a picture; no post takes one that is not available."""

    refusal: tuple[int, str, str] | None = None
    edge: str = ""
    upload: str = ""
    image: str = "AVAILABLE"
    expires: float = 60
    active: bool = True
    scope: str = SCOPE


@dataclass
class LinkedIn(Provider):
    """``shown`` are posts and comments; ``images``: urn -> bytes; ``versions``: every LinkedIn-Version seen."""

    token: str = TOKEN
    shown: list[Post] = field(default_factory=list)
    images: dict[str, bytes] = field(default_factory=dict)
    versions: set[str] = field(default_factory=set)

    @property
    def plan(self) -> LinkedInFaults:
        assert isinstance(self.faults, LinkedInFaults)
        return self.faults

    @property
    def posts(self) -> list[Post]:
        return [post for post in self.shown if not post.about]

    def log(self) -> object:
        return {"requests": self.requests, "shown": [{**asdict(post), "created": None} for post in self.shown]}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        plan = self.plan
        if request.path == "/oauth/v2/introspectToken":
            return await self._introspect(request)
        if plan.unauthorized or request.headers.get("Authorization") != f"Bearer {self.token}":
            return error(401, "Invalid access token")
        if plan.status:
            return web.Response(status=plan.status, text=plan.text, content_type="text/html")
        if request.path.startswith("/upload/"):
            self.images[request.path.removeprefix("/upload/")] = await request.read()
            return web.Response(status=201)
        self.versions.add(request.headers.get("LinkedIn-Version", ""))
        if request.headers.get("X-Restli-Protocol-Version") != "2.0.0":
            return error(400, "X-Restli-Protocol-Version is missing")
        _, _, edge, *more = request.raw_path.partition("?")[0].split("/")
        return await self._route(request, edge, [unquote(part) for part in more])

    async def _route(self, request: web.BaseRequest, edge: str, more: list[str]) -> web.StreamResponse:
        plan = self.plan
        if request.method == "GET":
            return self._read(request, edge, more)
        body = json.loads(await request.text())
        if plan.refusal and request.path.endswith(plan.edge):
            return error(*plan.refusal)
        if edge == "images" and request.query.get("action") == "initializeUpload":
            return await self._faulty(request, self._initialize)
        if edge == "posts" and not more:
            return self._wrong(body) or await self._faulty(request, lambda: self._post(body))
        if edge == "posts" or len(more) == 3:
            return await self._faulty(request, lambda: self._change(request, edge, more, body))
        return await self._faulty(request, lambda: self._comment(more[0], body))

    def _read(self, request: web.BaseRequest, edge: str, more: list[str]) -> web.Response:
        if edge == "posts" and not more:
            if request.headers.get("X-RestLi-Method") != "FINDER" or request.query.get("author") != OWNER:
                return error(403, "Not enough permissions to access: partnerApiPosts.FINDER-author", "ACCESS_DENIED")
            size = int(request.query["count"])
            return web.json_response({"elements": [_shape(post) for post in self.posts[::-1][:size]]})
        if edge == "images":
            return web.json_response({"id": more[0], "owner": OWNER, "status": self.plan.image})
        found = self.one(more[0])
        if found is None:
            return error(404, "Not Found")
        if edge == "posts":
            return web.json_response(_shape(found))
        if "r_organization_social_feed" not in self.plan.scope:
            return error(403, "Not enough permissions to access: socialActions.GET_ALL")
        comments = [_comment(post) for post in self.shown if post.about == found.id]
        if len(more) == 3:
            return web.json_response(next(one for one in comments if one["id"] == more[2]))
        return web.json_response({"elements": comments})

    def _wrong(self, body: dict[str, Any]) -> web.Response | None:
        if body["author"] != OWNER or body["lifecycleState"] != "PUBLISHED":
            return error(403, "Organization permissions must be used when using organization as author")
        if len(read(body["commentary"])) > LENGTH:
            return error(422, "commentary exceeds the limit of 3000 characters", "FIELD_LENGTH_TOO_LONG")
        media = body.get("content", {}).get("media")
        if media and (media["id"] not in self.images or self.plan.image != "AVAILABLE"):
            return error(400, "The media asset is not available")
        if "127.0.0.1" in body.get("content", {}).get("article", {}).get("source", ""):
            return error(400, "source is not a valid URL")
        same = next((post for post in self.posts[-10:] if post.text == read(body["commentary"])), None)
        return error(422, f"Content is a duplicate of {same.id}", "DUPLICATE_POST") if same else None

    def _initialize(self) -> web.Response:
        image = f"urn:li:image:C4E{len(self.images)}{self.requests}"
        url = self.plan.upload or f"{self.base_url}/upload/{image}"
        return web.json_response({"value": {"uploadUrlExpiresAt": 1, "uploadUrl": url, "image": image}})

    def _post(self, body: dict[str, Any]) -> web.Response:
        content = body.get("content", {})
        more = {"image": content.get("media", {}).get("id", ""), "alt": content.get("media", {}).get("altText", "")}
        made = self.made(read(body["commentary"]), link=content.get("article", {}).get("source", ""), **more)
        return web.Response(status=201, headers={"x-restli-id": made.id})

    def _comment(self, about: str, body: dict[str, Any]) -> web.Response:
        if self.one(about) is None:
            return error(404, "Not Found")
        if "w_organization_social_feed" not in self.plan.scope:
            return error(403, "Not enough permissions to access: socialActions.CREATE")
        if len(body["message"]["text"]) > COMMENT_LENGTH or body["object"] != about:
            return error(400, "Comment is too long")
        made = self.made(body["message"]["text"], about)
        made.id = f"urn:li:comment:(urn:li:activity:{about.rpartition(':')[2]},{len(self.shown)})"
        return web.json_response(_comment(made), status=201)

    def _change(self, request: web.BaseRequest, edge: str, more: list[str], body: dict[str, Any]) -> web.Response:
        mine = [
            post for post in self.shown if post.id == more[0] or post.id == f"urn:li:comment:({more[0]},{more[-1]})"
        ]
        if not mine or request.headers.get("X-RestLi-Method") != "PARTIAL_UPDATE":
            return error(404, "Not Found")
        [found], patch = mine, body["patch"]
        found.before.append(found.text)
        found.text = read(patch["$set"]["commentary"]) if edge == "posts" else patch["message"]["$set"]["text"]
        return web.Response(status=204)

    async def _introspect(self, request: web.BaseRequest) -> web.Response:
        form, plan = await request.post(), self.plan
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return error(401, "Client authentication failed")
        ends = int(time.time() + plan.expires * 86_400)
        told = {"active": plan.active, "status": "active" if plan.active else "revoked", "scope": plan.scope}
        return web.json_response(told | {"expires_at": ends})

    async def _faulty(self, request: web.BaseRequest, make: Callable[[], web.Response]) -> web.StreamResponse:
        if not request.path.endswith(self.plan.edge):
            return make()
        busy = error(429, "Resource level throttle limit for calls to this resource is reached")
        return await self.struck(request, make, busy)

    def made(self, text: str, about: str = "", **more: str) -> Post:
        """Something that stands from now on."""
        post = Post(f"urn:li:share:70{len(self.shown):012d}", text, datetime.now(UTC), OWNER, about, dict(more))
        self.shown.append(post)
        return post

    def one(self, id_: str) -> Post | None:
        """What stands under that id; a comment's post also under its activity."""
        number = id_.rpartition(":")[2]
        return next((post for post in self.shown if post.id == id_ or post.id.rpartition(":")[2] == number), None)


def read(little: str) -> str:
    """A "little" text as LinkedIn shows it: it ends at the first reserved letter without a backslash."""
    shown, letters = "", iter(little)
    for letter in letters:
        if letter in "|{}@[]()<>*_~":
            break
        shown += next(letters, "") if letter == "\\" else letter
    return shown


def error(status: int, message: str, code: str = "") -> web.Response:
    """An error as LinkedIn answers it."""
    body: dict[str, Any] = {"status": status, "message": message, "serviceErrorCode": 100}
    body |= {"errorDetails": {"inputErrors": [{"code": code}]}} if code else {}
    return web.Response(status=status, text=json.dumps(body), content_type="application/json")


def _shape(post: Post) -> dict[str, Any]:
    escaped = "".join(f"\\{letter}" if letter in "\\|{}@[]()<>*_~" else letter for letter in post.text)
    created = int(post.created.timestamp() * 1000)
    return {"id": post.id, "author": post.author, "commentary": escaped, "createdAt": created}


def _comment(post: Post) -> dict[str, Any]:
    created = {"actor": post.author, "time": int(post.created.timestamp() * 1000)}
    id_ = post.id.rpartition(",")[2].rstrip(")")
    return {
        "actor": post.author,
        "commentUrn": post.id,
        "id": id_,
        "message": {"text": post.text},
        "created": created,
    }


def stand_in(folder: Path) -> StandIn:
    """For the contract suite; with a version of the API that lives, whenever this runs."""
    fake = LinkedIn(LinkedInFaults(latency=0))
    options = {"organization_id": ORGANIZATION, "access_token": TOKEN, "api_version": f"{datetime.now(UTC):%Y%m}"}
    return StandIn(fake, options, (TOKEN,), lambda: [post.text for post in fake.shown], seen=lambda: len(fake.shown))


if __name__ == "__main__":
    given = arguments(token=TOKEN).parse_args()
    main(LinkedIn(LinkedInFaults(**given.faults), token=given.token), given)
