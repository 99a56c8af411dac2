"""Rooms of chat services that Apprise speaks with, each by its published interface: what it wants, what it answers.

Slack's incoming webhooks, ntfy, Matrix (client-server API v3), signal-cli-rest-api v2, Google Chat, Mattermost,
Rocket.Chat and Gotify. Faults strike the request that posts; ``wrong`` says what was not as the interface wants it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.providers.base import Provider

HOOK = "3ccdd113474722377935511fc85d3dd4"
ROOMS: Mapping[str, str] = {
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "ntfy": "ntfy://{}/county",
    "matrix": "matrix://user:pass@{}/!room:judge.example",
    "signal": "signal://{}/+15005550006/@group.abcdef",
    "gchat": "gchat://space/key/token",
    "mattermost": f"mmost://{{}}/{HOOK}",
    "rocket": "rocket://user:pass@{}/#county",
    "gotify": "gotify://{}/Ajudgetoken12345",
}
PLACED = ("slack", "gchat")  # whose address is not in the URL
POSTS: Mapping[str, tuple[str, str]] = {  # how the path of a post begins, the key of its text
    "slack": ("/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "text"),
    "ntfy": ("/", "message"),
    "matrix": ("/_matrix/client/v3/rooms/!room:judge.example/send/m.room.message/", "body"),
    "signal": ("/v2/send", "message"),
    "gchat": ("/", "text"),
    "mattermost": (f"/hooks/{HOOK}", "text"),
    "rocket": ("/api/v1/chat.postMessage", "text"),
    "gotify": ("/message", "message"),
}
WANTED: Mapping[str, dict[str, Any]] = {  # what else a post must say
    "ntfy": {"topic": "county"},
    "matrix": {"msgtype": "m.text"},
    "signal": {"number": "+15005550006", "recipients": ["group.abcdef"]},
    "rocket": {"channel": "#county"},
}
STEPS: Mapping[str, dict[str, Any]] = {  # what comes before and after a post
    "/_matrix/client/v3/login": {"access_token": "t", "user_id": "@user:judge.example", "device_id": "D"},
    "/_matrix/client/v3/join/!room:judge.example": {"room_id": "!room:judge.example"},
    "/api/v1/login": {"status": "success", "data": {"userId": "u", "authToken": "t"}},
    "/api/v1/logout": {"status": "success"},
}


@dataclass
class Rooms(Provider):
    """``posts``: requests that would post, ``texts`` what they said."""

    service: str = "slack"
    posts: int = 0
    texts: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        start, key = POSTS[self.service]
        if request.path in STEPS:
            return web.json_response(STEPS[request.path])
        if not request.path.startswith(start) or not body:
            self.wrong.append(f"{request.method} {request.path}")
            return web.Response(status=404)
        self.posts += 1
        return self._post(request, json.loads(body), key)

    def _post(self, request: web.BaseRequest, said: dict[str, Any], key: str) -> web.Response:
        self.texts.append(str(said.get(key, said.get("attachments", [{}])[0].get(key))))
        wanted = WANTED.get(self.service, {})
        if {name: said.get(name) for name in wanted} != wanted or not _known(self.service, request):
            self.wrong.append(json.dumps(said))
        if self.faults.cut_after:
            return self.cut(request)
        if self.faults.status:
            return _refused(self.service, self.faults.status)
        return TAKEN.get(self.service, lambda: web.json_response({"id": "1"}))()


TAKEN: Mapping[str, Callable[[], web.Response]] = {
    "slack": lambda: web.Response(text="ok"),
    "mattermost": lambda: web.Response(text="ok"),
    "matrix": lambda: web.json_response({"event_id": "$1"}),
    "signal": lambda: web.json_response({"timestamp": "1766400000000"}, status=201),
    "rocket": lambda: web.json_response({"success": True}),
}


def _known(service: str, request: web.BaseRequest) -> bool:
    """Whether the request says who it is, where the address alone does not."""
    given = {
        "matrix": request.headers.get("Authorization") == "Bearer t" and request.method == "PUT",
        "gchat": dict(request.query) == {"key": "key", "token": "token"},
        "rocket": (request.headers.get("X-User-Id"), request.headers.get("X-Auth-Token")) == ("u", "t"),
        "gotify": request.headers.get("X-Gotify-Key") == "Ajudgetoken12345",
    }
    return given.get(service, request.method == "POST")


def _refused(service: str, status: int) -> web.Response:
    if service == "matrix":
        code = {401: "M_UNKNOWN_TOKEN", 404: "M_NOT_FOUND", 429: "M_LIMIT_EXCEEDED"}.get(status, "M_UNKNOWN")
        more = {"retry_after_ms": 2000} if status == 429 else {}
        return web.json_response({"errcode": code, "error": "no", **more}, status=status)
    headers = {"Retry-After": "30"} if status == 429 else {}
    return web.Response(status=status, text="no", headers=headers)
