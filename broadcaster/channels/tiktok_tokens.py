"""TikTok's tokens: one to use lives two hours, and renewing it ends the refresh token it was renewed with.

So the newest pair lies in a file of the data folder that only its owner may read, one process at a time renews it, and
the refresh token in the environment serves once: to begin with. Written from "Refresh a User Access Token".
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import json
import logging
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from broadcaster.channels.checks import living
from broadcaster.channels.http import Answer, harmless, object_of, said, unsure
from broadcaster.domain.channel import ChannelError, Check

log = logging.getLogger(__name__)
PATH = "/v2/oauth/token/"
SPARE_SECONDS = 120.0  # a token with less life left is renewed first
YOUNG_SECONDS = 60.0
BUSY, STORE, REFUSED = "token_busy", "token_store", "token_refused"
BUSY_SECONDS = 2.0
MAKE_ROOM = "make room in the data folder, and let the service write there"
Ask = Callable[[str, bytes, Mapping[str, str], float], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class App:
    """The app at TikTok, and the refresh token with which an account's owner let it in."""

    client_key: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pair:
    """What TikTok gave; times are Unix seconds."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    made: float
    access_ends: float
    refresh_ends: float
    scope: str


class Tokens:
    """One account's tokens. ``ask`` makes a POST: path, body, headers, end on the loop's clock. Their file has a name
    made from the token in the environment: setting another one begins anew."""

    def __init__(self, app: App, folder: Path, ask: Ask) -> None:
        self._app, self._ask = app, ask
        self._file = folder / f"{hashlib.sha256(app.refresh_token.encode()).hexdigest()[:16]}.json"
        self._held: Pair | None = None
        self._dead: set[str] = set()
        self._lock: tuple[asyncio.AbstractEventLoop, asyncio.Lock] | None = None

    async def good(self, until: float) -> Pair:
        """A pair whose access token lives. Raises ChannelError alone: nothing is posted here."""
        async with self._turn():
            held = self._newest()
            if self._lives(held):
                return held
            with self._alone():
                held = self._newest()  # whoever renewed just now has left it there
                return held if self._lives(held) else await self._renew(held.refresh, until)

    def is_over(self, pair: Pair) -> bool:
        """TikTok does not know this access token any more: the next try renews it. False for one that was only just
        made; then something else is wrong."""
        if time.time() - pair.made < YOUNG_SECONDS:
            return False
        self._dead.add(pair.access)
        return True

    def life(self, name: str, scopes: tuple[str, ...]) -> Check:
        """Until when the account can be used without its owner letting the app in anew."""
        held = self._newest()
        until = datetime.fromtimestamp(held.refresh_ends, UTC)
        check = living(name, until, scopes, held.scope.replace(",", " ").split())
        if check.ok and _read(self._file) != held:
            return Check(False, f"{name}: the token cannot be kept in {self._file.parent}", MAKE_ROOM)
        return check

    def hidden(self) -> tuple[str, ...]:
        """What must stand in no log."""
        held = self._newest()
        return self._app.client_secret, self._app.refresh_token, held.access, held.refresh

    def _turn(self) -> asyncio.Lock:
        loop = asyncio.get_running_loop()
        if self._lock is None or self._lock[0] is not loop:
            self._lock = (loop, asyncio.Lock())
        return self._lock[1]

    def _newest(self) -> Pair:
        kept = _read(self._file)
        pairs = [pair for pair in (kept, self._held) if pair is not None]
        return max(pairs, key=lambda pair: pair.made, default=self._first())

    def _first(self) -> Pair:
        return Pair("", self._app.refresh_token, 0.0, 0.0, 0.0, "")

    def _lives(self, pair: Pair) -> bool:
        return pair.access not in self._dead and pair.access_ends - SPARE_SECONDS > time.time()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process renews meanwhile. Raises ChannelError where one does, or where nothing could be kept: then
        renewing would lose the account."""
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self._file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            text = f"the token cannot be kept in {self._file.parent}: {error.strerror}"
            raise ChannelError(text, code=STORE) from error
        try:
            _locked(handle)
            yield
        finally:
            os.close(handle)

    async def _renew(self, refresh: str, until: float) -> Pair:
        app = self._app
        form = {"client_key": app.client_key, "client_secret": app.client_secret, "grant_type": "refresh_token"}
        data = urlencode({**form, "refresh_token": refresh}).encode()
        self._held = await harmless(self._given(data, refresh, until))
        _write(self._file, self._held)
        return self._held

    async def _given(self, data: bytes, refresh: str, until: float) -> Pair:
        """What TikTok gives for a refresh token; it names a refusal with status 200, too."""
        answer = await self._ask(PATH, data, {"Content-Type": "application/x-www-form-urlencoded"}, until)
        told, now = object_of(answer), time.time()
        if answer.status < 500 and "error" in told:
            words = said(f"{told['error']}: {told.get('error_description', '')}", refresh, *self.hidden())
            raise ChannelError(f"TikTok gives no new token: {words}. Let the app in anew", code=REFUSED)
        try:
            ends = now + float(told["expires_in"]), now + float(told["refresh_expires_in"])
            return Pair(str(told["access_token"]), str(told["refresh_token"]), now, *ends, str(told.get("scope", "")))
        except (KeyError, TypeError, ValueError):
            unsure(answer)


def _locked(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        text = "another process renews the token just now"
        raise ChannelError(text, code=BUSY, retry_after=BUSY_SECONDS) from error


def _read(file: Path) -> Pair | None:
    """The kept pair; a file that cannot be read is none."""
    try:
        return Pair(**json.loads(file.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _write(file: Path, pair: Pair) -> None:
    """Swap the file whole. Where that fails, this process keeps the pair for itself, and ``life`` says so."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            json.dump(asdict(pair), stream)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(file)
    except OSError as error:
        log.error("the new token cannot be kept in %s: %s", file.parent, error.strerror)
