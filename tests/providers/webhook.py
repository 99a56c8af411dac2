"""A partner's receiver as Standard Webhooks 1.0.0 wants it: signature, time and id are checked, ids are kept."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.providers.base import Faults, Provider, StandIn, arguments, main

SECRET = "whsec_" + base64.b64encode(b"the secret of the judge's sirens").decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"the sirens' secret of last year!").decode()
PATH = "/sirens?token=of-the-address"
TOLERANCE_SECONDS = 300


@dataclass
class WebhookFaults(Faults):
    """``status`` with ``headers`` answers what was understood."""

    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Receiver(Provider):
    """``taken``: id -> body, each id once; ``pings`` are counted; ``secret`` is the one it knows."""

    secret: str = SECRET
    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    pings: int = 0

    def log(self) -> object:
        return {"requests": self.requests, "ids": self.ids, "taken": self.taken}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        plan = self.faults
        assert isinstance(plan, WebhookFaults)
        data = await request.read()
        if request.method != "POST" or request.path_qs != PATH:
            return web.Response(status=404)
        if plan.unauthorized or not self._genuine(request, data):
            return web.Response(status=401, text="signature does not match")
        if plan.status:
            return web.Response(status=plan.status, text=plan.text, headers=plan.headers)
        fault = plan.strike(self.chance)
        await asyncio.sleep(plan.latency)
        if fault in ("too_many", "error_before"):
            return web.Response(status=429 if fault == "too_many" else 500, headers={"Retry-After": "7"})
        if fault == "cut_before":
            return self.cut(request)
        self._take(request.headers["webhook-id"], json.loads(data))
        if fault == "error_after":
            return web.Response(status=500)
        if fault == "cut_after":
            return self.cut(request)
        if fault == "hang_after":
            return await self.hang()
        return web.Response(status=204)

    def _take(self, id_: str, body: dict[str, Any]) -> None:
        if body["type"] == "ping":
            self.pings += 1
            return
        self.ids.append(id_)
        self.taken.setdefault(id_, body)

    def _genuine(self, request: web.BaseRequest, data: bytes) -> bool:
        id_, at = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "")
        if not id_ or not at.isdigit() or abs(int(at) - time.time()) > TOLERANCE_SECONDS:
            return False
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        wanted = base64.b64encode(hmac.new(key, f"{id_}.{at}.".encode() + data, hashlib.sha256).digest()).decode()
        given = [word.partition(",") for word in request.headers.get("webhook-signature", "").split(" ")]
        return any(version == "v1" and hmac.compare_digest(word, wanted) for version, _, word in given)


def stand_in(folder: Path) -> StandIn:
    """For the tests over all kinds."""
    fake = Receiver(WebhookFaults(latency=0))
    return StandIn(fake, {"secret": SECRET, "allow_private": True}, (SECRET, PATH), lambda: list(fake.ids), path=PATH)


if __name__ == "__main__":
    options = arguments(secret=SECRET).parse_args()
    main(Receiver(WebhookFaults(**options.faults), secret=options.secret), options)
