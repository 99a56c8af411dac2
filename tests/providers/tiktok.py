"""A TikTok account by the published Content Posting API: tokens, photo posts, their status, creator info, refusals.

As a process: ``python -m tests.providers.tiktok --port 4017``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.providers.base import Faults, Provider, arguments, main

KEY, SECRET, REFRESH = "aw-client-key", "secret-of-the-test-app", "rft.of-the-test-account"
LENGTH, TITLE_LENGTH = 4_000, 90


@dataclass
class TikTokFaults(Faults):
    """``refusal``: (HTTP status, code) of every post. ``rotates``: each refresh token is good for one use.
    ``failed``: why posts fail at once. ``options``: whom the account may post to. ``expires``: seconds of a token."""

    refusal: tuple[int, str] | None = None
    rotates: bool = False
    failed: str = ""
    options: tuple[str, ...] = ("PUBLIC_TO_EVERYONE", "SELF_ONLY")
    expires: int = 86_400


@dataclass
class TikTok(Provider):
    """``posts``: bodies that were taken; ``refreshed``: how many access tokens were made."""

    refresh: str = REFRESH
    refreshed: int = 0
    posts: list[dict[str, Any]] = field(default_factory=list)
    meanwhile: Callable[[], None] | None = None  # what another process does before a token is looked at

    @property
    def plan(self) -> TikTokFaults:
        assert isinstance(self.faults, TikTokFaults)
        return self.faults

    @property
    def access(self) -> str:
        return f"act.{self.refreshed}"

    def log(self) -> object:
        return {"requests": self.requests, "posts": self.posts}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        plan = self.plan
        if request.path == "/v2/oauth/token/":
            return await self._refresh(request)
        if plan.unauthorized or request.headers.get("Authorization") != f"Bearer {self.access}":
            return answer({}, 401, "access_token_invalid")
        body = json.loads(await request.text())
        if request.path == "/v2/post/publish/creator_info/query/":
            return answer({"creator_username": "judgecounty", "privacy_level_options": list(plan.options)})
        if request.path == "/v2/post/publish/status/fetch/":
            return answer({"status": "FAILED" if plan.failed else "PROCESSING_DOWNLOAD", "fail_reason": plan.failed})
        return await self._init(request, body)

    async def _refresh(self, request: web.BaseRequest) -> web.Response:
        form, plan = await request.post(), self.plan
        if plan.status:
            return web.Response(status=plan.status, text=plan.text)
        if (form.get("client_key"), form.get("client_secret")) != (KEY, SECRET):
            return web.json_response(
                {"error": "invalid_client", "error_description": "Client key is incorrect"}, status=400
            )
        if self.meanwhile:
            self.meanwhile()
        if form.get("refresh_token") != self.refresh:
            told = {"error": "invalid_grant", "error_description": "Refresh token is invalid or expired"}
            return web.json_response(told, status=400)
        self.refreshed += 1
        if plan.rotates:
            self.refresh = f"rft.{self.refreshed}"
        ends = {"expires_in": plan.expires, "refresh_expires_in": 365 * 86_400}
        return web.json_response({"access_token": self.access, "refresh_token": self.refresh, **ends})

    async def _init(self, request: web.BaseRequest, body: dict[str, Any]) -> web.StreamResponse:
        plan, fault = self.plan, self.plan.strike(self.chance)
        await asyncio.sleep(plan.latency)
        if plan.refusal:
            return answer({}, *plan.refusal)
        if fault == "too_many":
            return answer({}, 429, "rate_limit_exceeded")
        if fault == "error_before":
            return answer({}, 500, "internal_error")
        if fault == "cut_before":
            return self.cut(request)
        info, [photo] = body["post_info"], body["source_info"]["photo_images"]
        if len(info["description"]) > LENGTH or len(info.get("title", "")) > TITLE_LENGTH or photo.endswith(".png"):
            return answer({}, 400, "invalid_params")
        self.posts.append(body)
        if fault == "cut_after":
            return self.cut(request)
        if fault == "unreadable":
            return web.Response(text="<html>")
        return answer({"publish_id": f"p_pub_url~v2.{len(self.posts)}"})


def answer(data: dict[str, Any], status: int = 200, code: str = "ok") -> web.Response:
    """An answer as the API gives it, good or not."""
    told = {"code": code, "message": "" if code == "ok" else f"it is {code}", "log_id": "2026"}
    return web.json_response({"data": data, "error": told}, status=status)


if __name__ == "__main__":
    given = arguments().parse_args()
    main(TikTok(TikTokFaults(**given.faults)), given)
