"""A Bluesky server by its lexicons, with the answers that a real one (@atproto/pds 0.5) gave: sessions, records, blobs.

As a process: ``python -m tests.providers.bluesky --port 4014``.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from broadcaster.domain.text_graphemes import graphemes
from tests.providers.base import Faults, Provider, StandIn, arguments, main

DID, HANDLE, PASSWORD = "did:plc:judgecounty", "judgecounty.example", "app-pass-word-1234"
POST = "app.bsky.feed.post"
MOST_BLOB = 2_000_000


@dataclass
class BlueskyFaults(Faults):
    """``remaining``: what is left of the limit after this write; ``expired``: every access token made before now is;
    ``sessions``: how many more may be created; ``no_blobs``: no picture is taken; ``conflict``: what a key that is
    taken gives in place of a 500; ``names``: DIDs of handles, told unless ``silent_names``.
    """

    remaining: int = 2990
    expired: bool = False
    refresh_refused: bool = False
    sessions: int = 30
    no_blobs: bool = False
    blobs_hang: bool = False
    conflict: tuple[int, str] | None = None
    names: dict[str, str] = field(default_factory=dict)
    silent_names: bool = False


@dataclass
class Bluesky(Provider):
    """``records`` by key; ``writes`` counts createRecord, ``methods`` every call by its name."""

    password: str = PASSWORD
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    methods: list[str] = field(default_factory=list)
    writes: int = 0
    tokens: int = 0

    @property
    def plan(self) -> BlueskyFaults:
        assert isinstance(self.faults, BlueskyFaults)
        return self.faults

    def log(self) -> object:
        return {"requests": self.requests, "posts": list(self.records.values())}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        method = request.path.removeprefix("/xrpc/")
        self.methods.append(method.rsplit(".", 1)[-1])
        if self.plan.status:
            return web.Response(status=self.plan.status, text=self.plan.text, content_type="text/html")
        if method == "com.atproto.server.createSession":
            return await self._create_session(request)
        if method == "com.atproto.server.refreshSession":
            return self._refresh_session(request)
        if method == "com.atproto.identity.resolveHandle":
            return await self._resolve(request.query["handle"])
        if method == "com.atproto.repo.getRecord":
            return self._one(request.query["rkey"])
        if method == "com.atproto.repo.listRecords":
            return self._list(request)
        if refusal := self._unknown(request, "access"):
            return refusal
        if method == "com.atproto.repo.uploadBlob":
            return await self._upload(request)
        if method == "com.atproto.repo.createRecord":
            return await self._create(request)
        return _error(404, "XRPCNotSupported", "XRPCNotSupported")

    # --- sessions ---------------------------------------------------------------------------------------------
    async def _create_session(self, request: web.BaseRequest) -> web.Response:
        given = await request.json()
        if self.plan.sessions <= 0:
            return _limited()
        self.plan.sessions -= 1
        if self.plan.unauthorized or given.get("password") != self.password:
            return _error(401, "AuthenticationRequired", "Invalid identifier or password")
        return self._session()

    def _refresh_session(self, request: web.BaseRequest) -> web.Response:
        if self.plan.refresh_refused:
            return _error(400, "ExpiredToken", "Token has been revoked")
        return self._unknown(request, "refresh") or self._session()

    def _session(self) -> web.Response:
        self.tokens += 1
        self.plan.expired = False
        tokens = {"accessJwt": self.token("access", 7200), "refreshJwt": self.token("refresh", 90 * 86400)}
        return web.json_response({"did": DID, "handle": HANDLE, "active": True, **tokens})

    def token(self, scope: str, life: float) -> str:
        """A token that lives so many seconds."""
        claims = {"scope": f"com.atproto.{scope}", "sub": DID, "exp": int(time.time() + life), "jti": self.tokens}
        return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.signature"

    def _unknown(self, request: web.BaseRequest, scope: str) -> web.Response | None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not token:
            return _error(401, "AuthMissing", "Authentication Required")
        try:
            claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        except (IndexError, ValueError):
            return _error(400, "InvalidToken", "Token could not be verified")
        if claims["scope"] != f"com.atproto.{scope}":
            return _error(400, "InvalidToken", "Token could not be verified")
        if claims["exp"] < time.time() or (self.plan.expired and scope == "access"):
            return _error(400, "ExpiredToken", "Token has expired")
        return None

    async def _resolve(self, handle: str) -> web.Response:
        if self.plan.silent_names:
            return await self.hang()
        if handle in self.plan.names:
            return web.json_response({"did": self.plan.names[handle]})
        return _error(400, "InvalidRequest", "Unable to resolve handle")

    # --- records ----------------------------------------------------------------------------------------------
    async def _upload(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.plan.blobs_hang:
            return await self.hang()
        body = await request.read()
        if self.plan.no_blobs:
            return _error(413, "PayloadTooLarge", "request entity too large")
        reference = cid(0x55, body)
        self.blobs[reference] = body
        kind = request.headers["Content-Type"]
        blob = {"$type": "blob", "ref": {"$link": reference}, "mimeType": kind, "size": len(body)}
        return web.json_response({"blob": blob})

    async def _create(self, request: web.BaseRequest) -> web.StreamResponse:
        self.writes += 1
        given = await request.json()
        fault = self.plan.strike(self.chance)
        await asyncio.sleep(self.plan.latency)
        if fault == "too_many":
            return _limited(self.plan.retry_after)
        if fault == "cut_before":
            return self.cut(request)
        if self.plan.conflict and given["rkey"] in self.records:
            return _error(*self.plan.conflict, "Record already exists")
        if fault == "error_before" or given["rkey"] in self.records:
            return _error(500, "InternalServerError", "Internal Server Error")
        if refusal := self._wrong(given):
            return refusal
        made = self.put(given["rkey"], given["record"])
        if fault == "error_after":
            return _error(500, "InternalServerError", "Internal Server Error")
        if fault == "cut_after":
            return self.cut(request)
        if fault == "hang_after":
            return await self.hang()
        if fault == "unreadable":
            return web.Response(text="<html>ok</html>", content_type="text/html")
        headers = {"RateLimit-Remaining": str(self.plan.remaining), "RateLimit-Reset": str(int(time.time()) + 40)}
        body = {"uri": made["uri"], "cid": made["cid"], "validationStatus": "valid"}
        return web.json_response(body, headers=headers)

    def put(self, key: str, record: dict[str, Any]) -> dict[str, Any]:
        """A record as it stands afterwards."""
        address = f"at://{DID}/{POST}/{key}"
        self.records[key] = {"uri": address, "cid": cid(0x71, json.dumps(record).encode()), "value": record}
        return self.records[key]

    def _wrong(self, given: dict[str, Any]) -> web.Response | None:
        record, text = given["record"], given["record"]["text"]
        if not re.fullmatch("[234567a-j][234567a-z]{12}", given["rkey"]):
            return _invalid(f'record key for {POST}: Invalid TID string (got "{given["rkey"]}") at $')
        if (size := graphemes(text)) > 300:
            return _invalid(f"{POST} record: grapheme too big (maximum 300, got {size}) at $.record.text")
        if (size := len(text.encode())) > 3000:
            return _invalid(f"{POST} record: string too big (maximum 3000, got {size}) at $.record.text")
        datetime.fromisoformat(record["createdAt"])
        for image in record.get("embed", {}).get("images", []):
            if (size := image["image"]["size"]) > MOST_BLOB or image["image"]["ref"]["$link"] not in self.blobs:
                return _invalid(f"{POST} record: blob too big (maximum {MOST_BLOB}, got {size})")
        return None

    def _one(self, key: str) -> web.Response:
        if key not in self.records:
            return _error(400, "RecordNotFound", f"Could not locate record: at://{DID}/{POST}/{key}")
        return web.json_response(self.records[key])

    def _list(self, request: web.BaseRequest) -> web.Response:
        cursor, limit = request.query.get("cursor", "~"), int(request.query.get("limit", "50"))
        page = [self.records[key] for key in sorted(self.records, reverse=True) if key < cursor][:limit]
        more = {"cursor": page[-1]["uri"].rsplit("/", 1)[-1]} if page else {}
        return web.json_response({"records": page, **more})


def cid(codec: int, content: bytes) -> str:
    """A content id (CIDv1, SHA-256, base32) as the lexicons' own validator takes it."""
    return "b" + base64.b32encode(
        bytes([1, codec, 0x12, 0x20]) + hashlib.sha256(content).digest()
    ).decode().lower().rstrip("=")


def _invalid(text: str) -> web.Response:
    return _error(400, "InvalidRequest", f"Invalid {text}")


def _limited(seconds: float = 30) -> web.Response:
    headers = {"RateLimit-Remaining": "0", "RateLimit-Reset": str(int(time.time() + seconds))}
    return _error(429, "RateLimitExceeded", "Rate Limit Exceeded", headers | {"Retry-After": str(int(seconds))})


def _error(status: int, name: str, text: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": name, "message": text}, status=status, headers=headers)


def stand_in(folder: Path) -> StandIn:
    """For the tests over all kinds."""
    fake = Bluesky(BlueskyFaults(latency=0))
    return StandIn(
        fake,
        {"app_password": PASSWORD, "identifier": HANDLE, "sessions": str(folder)},
        (PASSWORD,),
        lambda: [kept["value"]["text"] for kept in fake.records.values()],
        seen=lambda: fake.writes,
    )


if __name__ == "__main__":
    given = arguments().parse_args()
    main(Bluesky(BlueskyFaults(**given.faults)), given)
