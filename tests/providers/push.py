"""A browser and its push service: RFC 8030 on loopback, decrypting as a browser does (RFC 8291), checking VAPID."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import http_ece
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

from broadcaster.domain.channel import Recipient
from broadcaster.domain.push import address_of
from tests.providers.base import Faults, Provider, StandIn

PRIVATE_KEY = base64.urlsafe_b64encode(bytes(range(1, 33))).decode().rstrip("=")
MOST = 4096
TOPICS = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@dataclass
class PushFaults(Faults):
    """``status`` with ``retry_after`` where it is not 0."""

    retry_after: float = 0


@dataclass
class Push(Provider):
    """``shown``: what the worker would show, by tag, the last of each; ``messages``: (headers, what was said)."""

    shown: dict[str, dict[str, str]] = field(default_factory=dict)
    messages: list[tuple[dict[str, str], dict[str, str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = os.urandom(16)

    def subscription(self, browser: str = "1") -> dict[str, Any]:
        """What PushManager.subscribe() gives, as JSON."""
        public = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": _text(public), "auth": _text(self._auth)}
        return {"endpoint": f"{self.base_url}/push/{browser}?t=secret", "expirationTime": None, "keys": keys}

    def log(self) -> object:
        return {"requests": self.requests, "shown": self.shown}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        plan = self.faults
        if request.method != "POST" or not request.path.startswith("/push/"):
            return web.Response(status=405)
        if plan.unauthorized or not self._signed(request):
            return web.Response(status=403, text="the key is not the one of this subscription")
        if plan.status:
            wait = {"Retry-After": str(int(plan.retry_after))} if plan.retry_after else {}
            return web.Response(status=plan.status, text=f"{request.path_qs} {plan.text}", headers=wait)
        fault = plan.strike(self.chance)
        await asyncio.sleep(plan.latency)
        if fault == "cut_before":
            return self.cut(request)
        data = await request.read()
        if len(data) > MOST or not _sound(request):
            return web.Response(status=413 if len(data) > MOST else 400)
        said = json.loads(http_ece.decrypt(data, private_key=self._key, auth_secret=self._auth, version="aes128gcm"))
        self.messages.append((dict(request.headers), said))
        self.shown[said["tag"]] = said
        if fault == "cut_after":
            return self.cut(request)
        return web.Response(status=201, headers={"Location": f"{self.base_url}/message/{len(self.messages)}"})

    def _signed(self, request: web.BaseRequest) -> bool:
        header = request.headers.get("Authorization", "")
        if not Vapid02.verify(header):
            return False
        claims = header.split("t=")[1].split(",")[0].split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        return said["aud"] == self.base_url and time.time() < said["exp"] < time.time() + 86_400 and "sub" in said


def _sound(request: web.BaseRequest) -> bool:
    topic = request.headers.get("Topic", "")
    coded = request.headers.get("Content-Encoding") == "aes128gcm"
    return coded and request.headers.get("TTL", "").isdigit() and len(topic) <= 32 and set(topic) <= TOPICS


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def stand_in(folder: Path) -> StandIn:
    """For the tests over all kinds."""
    fake = Push(PushFaults(latency=0))
    return StandIn(
        fake,
        {"private_key": PRIVATE_KEY, "contact": "mailto:alerts@judge.example", "allow_private": True},
        (PRIVATE_KEY,),
        lambda: [said["tag"] for _, said in fake.messages],
        recipient=lambda: Recipient(address_of(fake.subscription()), "en"),
        busy={"status": 429, "retry_after": 7},
    )
