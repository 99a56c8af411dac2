"""Calls to a Bluesky server (XRPC over HTTP) with one session, kept: creating one is allowed 30 times in 5 minutes.

The session lies in a file of the data folder that only its owner may read, so that every process of this machine uses
the same one, over restarts. Its access token lives two hours and is renewed by the refresh token (90 days); the
password is sent only where both are dead. A refresh token that another process has just used still answers.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from broadcaster.channels.http import NO_REASON, Answer, HttpSession, harmless, refusal, retry_after, said, unsure
from broadcaster.domain.channel import ChannelError, Codes, Verdict

SPARE_SECONDS = 60  # a token with less life left is renewed first
DEAD = frozenset({"ExpiredToken", "InvalidToken"})


@dataclass(frozen=True, slots=True)
class Account:
    """Whose session on which server."""

    base_url: str
    identifier: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Session:
    """What the server gave, and for whom."""

    base_url: str
    identifier: str
    did: str
    handle: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)


class Xrpc:
    """One account's calls. ``file``: where the session is kept."""

    def __init__(self, account: Account, file: Path, seconds: float, codes: Codes) -> None:
        self._account = account
        self._codes = codes
        self._file = file
        self._http = HttpSession(seconds, {"Accept": "application/json"})
        self._session: Session | None = None
        self._dead: set[str] = set()  # tokens that the server called dead
        self._lock: tuple[asyncio.AbstractEventLoop, asyncio.Lock] | None = None

    async def session(self) -> Session:
        """A session whose access token lives. Raises ChannelError alone: nothing is posted here."""
        async with self._turn():
            if living := self._living(self._session):
                return living
            kept = _read(self._file, self._account) or self._session
            living = self._living(kept) or await self._new(kept)
            self._session = living
            return living

    def _turn(self) -> asyncio.Lock:
        loop = asyncio.get_running_loop()
        if self._lock is None or self._lock[0] is not loop:
            self._lock = (loop, asyncio.Lock())
        return self._lock[1]

    def _living(self, session: Session | None) -> Session | None:
        if session is None or session.access in self._dead or life(session.access) <= SPARE_SECONDS:
            return None
        return session

    async def _new(self, kept: Session | None) -> Session:
        made = await self._renewed(kept)
        if made is None:
            made = await harmless(self._created())
        _write(self._file, made)
        return made

    async def _renewed(self, session: Session | None) -> Session | None:
        if session is None or session.refresh in self._dead or life(session.refresh) <= 0:
            return None
        try:
            return await harmless(self._session_from("refreshSession", None, session.refresh))
        except ChannelError as error:
            if error.code in DEAD or error.code in ("http_400", "http_401"):
                self._dead.add(session.refresh)
                return None
            raise

    async def _created(self) -> Session:
        given = {"identifier": self._account.identifier, "password": self._account.password}
        return await self._session_from("createSession", given, "")

    async def _session_from(self, method: str, body: Mapping[str, Any] | None, token: str) -> Session:
        answer = await self._call("POST", f"com.atproto.server.{method}", body, token)
        made = self._read(answer)
        try:
            words = (made["did"], made["handle"], made["accessJwt"], made["refreshJwt"])
        except (KeyError, TypeError):
            unsure(answer)
        return Session(self._account.base_url, self._account.identifier, *map(str, words))

    async def post(
        self, method: str, body: Mapping[str, Any] | bytes, kind: str = "", until: float | None = None
    ) -> tuple[Any, Answer]:
        """What a procedure answers. Raises ChannelError or OutcomeUnknown."""
        session = await self.session()
        answer = await self._call("POST", method, body, session.access, kind, until)
        try:
            return self._read(answer), answer
        except ChannelError as error:
            if error.code in DEAD:
                self._dead.add(session.access)
            raise

    async def get(self, query: str, whole: str = "") -> Any:
        """What a query about public records answers."""
        return self._read(await self._call("GET", query + whole))

    async def _call(
        self,
        verb: str,
        method: str,
        body: Mapping[str, Any] | bytes | None = None,
        token: str = "",
        kind: str = "",
        until: float | None = None,
    ) -> Answer:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if body is not None:
            headers["Content-Type"] = kind or "application/json"
        data = json.dumps(body).encode() if isinstance(body, Mapping) else body
        url = f"{self._account.base_url}/xrpc/{method}"
        return await self._http.exchange(verb, url, data=data, headers=headers, until=until)

    def _read(self, answer: Answer) -> Any:
        try:
            said_so = json.loads(answer.text)
        except ValueError:
            said_so = None
        if 200 <= answer.status < 300 and said_so is not None:
            return said_so
        if answer.status >= 500 or answer.status < 300:
            unsure(answer)
        raise self._refusal(answer, said_so if isinstance(said_so, dict) else {})

    def _refusal(self, answer: Answer, words: Mapping[str, Any]) -> ChannelError:
        name = str(words.get("error", ""))
        code = name if name and name != "InvalidRequest" and answer.status < 429 else f"http_{answer.status}"
        secrets = (self._account.password, *((self._session.access, self._session.refresh) if self._session else ()))
        return ChannelError(
            refusal("Bluesky", answer.status, said(str(words.get("message") or NO_REASON), *secrets)),
            code=code,
            permanent=self._codes.get(code) in (None, Verdict.PERMANENT, Verdict.ALARM),
            retry_after=(rest(answer.headers, full=True) or None) if answer.status == 429 else None,
        )

    async def close(self) -> None:
        """Close all connections; the session stays."""
        await self._http.close()


def rest(headers: Mapping[str, str], full: bool = False) -> float:
    """Seconds until the limit starts anew, where nothing is left of it (``full``: it was refused)."""
    if not full and headers.get("RateLimit-Remaining") != "0":
        return 0.0
    at = headers.get("RateLimit-Reset", "")
    if at.isdigit():
        return max(0.0, float(at) - time.time())
    return retry_after(headers, datetime.now(UTC)) or 0.0


def life(token: str) -> float:
    """Seconds that a token says it has left; 0 for one that says nothing."""
    try:
        claims = token.split(".")[1]
        return float(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"]) - time.time()
    except (IndexError, KeyError, ValueError, TypeError):
        return 0.0


def _read(file: Path, account: Account) -> Session | None:
    """The kept session, if it is this account's; a file that cannot be read is none."""
    try:
        kept = Session(**json.loads(file.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return kept if (kept.base_url, kept.identifier) == (account.base_url, account.identifier) else None


def _write(file: Path, session: Session) -> None:
    """Swap the file whole. Where it cannot be written, this process keeps the session for itself."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    with suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            json.dump(asdict(session), stream)
        beside.replace(file)
