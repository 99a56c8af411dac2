"""Discord's webhooks by its published OpenAPI (v10): executing one, its rate limit, and its refusals."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.providers.base import Faults, Provider, StandIn, arguments, main

ID, TOKEN = "123456789012345678", "kQx3-judge-county-webhook-token-0123456789_abcdefghijklmnopqrstuvwxyz"
URL = f"discord://{ID}/{TOKEN}"
PATH = "/api/webhooks"
MOST = 2000


@dataclass
class DiscordFaults(Faults):
    """``reset_seconds``: when a 429 says that it ends (X-RateLimit-Reset)."""

    reset_seconds: float = 20.0


@dataclass
class Discord(Provider):
    """``posts``: the body of each message that stands."""

    posts: list[dict[str, Any]] = field(default_factory=list)

    def log(self) -> object:
        return {"requests": self.requests, "posts": self.posts}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        plan = self.faults
        assert isinstance(plan, DiscordFaults)
        if request.method == "GET":
            return _error(404, 0, "404: Not Found")
        if plan.unauthorized:
            return _error(401, 50027, "Invalid Webhook Token")
        if request.path != f"{PATH}/{ID}/{TOKEN}":
            return _error(404, 10015, "Unknown Webhook")
        if plan.status:
            return web.Response(status=plan.status, text=plan.text, headers={"Location": f"{PATH}/{ID}/other"})
        body = json.loads(await request.read())
        fault = plan.strike(self.chance)
        await asyncio.sleep(plan.latency)
        if fault == "too_many":
            return self._too_many(plan)
        if fault == "error_before":
            return _error(502, 0, "Bad Gateway")
        if fault == "cut_before":
            return self.cut(request)
        if not 1 <= len(body.get("content", "")) <= MOST:
            return _error(400, 50035, "Invalid Form Body")
        self.posts.append(body)
        return await self._answer(request, fault)

    async def _answer(self, request: web.BaseRequest, fault: str) -> web.StreamResponse:
        if fault == "error_after":
            return _error(500, 0, "Internal Server Error")
        if fault == "cut_after":
            return self.cut(request)
        if fault == "hang_after":
            return await self.hang()
        return web.Response(status=204)

    def _too_many(self, plan: DiscordFaults) -> web.Response:
        reset = str(int(time.time() + plan.reset_seconds))
        headers = {"Retry-After": str(plan.reset_seconds), "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
        body = {"message": "You are being rate limited.", "retry_after": plan.reset_seconds, "global": False}
        return web.json_response(body, status=429, headers=headers)


def _error(status: int, code: int, text: str) -> web.Response:
    return web.json_response({"message": text, "code": code}, status=status)


def stand_in(folder: Path) -> StandIn:
    """For the tests over all kinds."""
    fake = Discord(DiscordFaults(latency=0))
    return StandIn(
        fake,
        {"url": URL},
        (TOKEN,),
        lambda: [post["content"] for post in fake.posts],
        seen=lambda: len(fake.posts),
        path=PATH,
    )


if __name__ == "__main__":
    given = arguments().parse_args()
    main(Discord(DiscordFaults(**given.faults)), given)
