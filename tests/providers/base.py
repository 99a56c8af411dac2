"""A provider's stand-in at the outer wire: a real HTTP server on loopback, in a thread or as a process."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import json
import random
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiohttp import web

from broadcaster.domain.channel import Recipient
from broadcaster.domain.frames import SLOT
from broadcaster.domain.posting import Posting

T = TypeVar("T")


@dataclass
class Faults:
    """What goes wrong, as shares of requests from 0 to 1; the first that strikes wins, in this order.

    ``latency`` is the provider's time for an answer, in seconds. ``hang_after`` accepts and never answers.
    """

    latency: float = 0.05
    too_many: float = 0.0  # 429
    retry_after: float = 1.0
    error_before: float = 0.0  # 500, nothing accepted
    error_after: float = 0.0  # 500, though accepted
    cut_before: float = 0.0
    cut_after: float = 0.0
    hang_after: float = 0.0
    unreadable: float = 0.0  # accepted, but the answer is rubbish
    status: int = 0  # always this status with ``text``, nothing accepted
    text: str = "<html>no JSON here</html>"
    unauthorized: bool = False

    def strike(self, chance: random.Random) -> str:
        """The fault of this request, or "" for none."""
        for name in ("too_many", "error_before", "error_after", "cut_before", "cut_after", "hang_after", "unreadable"):
            share = getattr(self, name)
            if share and chance.random() < share:
                return name
        return ""


@dataclass
class Provider:
    """Subclasses answer ``handle`` for POST and GET; ``_control`` and ``_log`` are ours.

    ``requests`` counts what came in on the provider's own paths, refused or not.
    """

    faults: Faults = field(default_factory=Faults)
    seed: int = 1
    requests: int = 0
    base_url: str = ""

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self._runner: web.ServerRunner | None = None
        self.closing: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self, port: int = 0) -> None:
        """Listen on loopback; ``base_url`` is known afterwards."""
        self.closing, self._loop = asyncio.Event(), asyncio.get_running_loop()
        self._runner = web.ServerRunner(web.Server(self._dispatch, access_log=None), shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port, backlog=1024).start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Let hanging requests go, then close everything."""
        assert self.closing is not None
        assert self._runner is not None
        self.closing.set()
        await self._runner.cleanup()

    async def _dispatch(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/_control":
            return self._control(await request.json())
        if request.path == "/_log":
            return web.json_response(self.log())
        self.requests += 1
        return await self.handle(request)

    def _control(self, wanted: dict[str, Any]) -> web.Response:
        known = {f.name for f in dataclasses.fields(self.faults)}
        if wanted.keys() - known:
            return web.json_response({"unknown": sorted(wanted.keys() - known)}, status=422)
        self.faults = dataclasses.replace(self.faults, **wanted)
        return web.json_response(dataclasses.asdict(self.faults))

    def log(self) -> object:
        """Everything accepted so far, as JSON."""
        raise NotImplementedError

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request of the provider's API."""
        raise NotImplementedError

    async def struck(
        self, request: web.BaseRequest, act: Callable[[], web.Response], too_many: web.Response
    ) -> web.StreamResponse:
        """What ``act`` answers, or what the fault of this request leaves of it; before some faults nothing is done."""
        fault = self.faults.strike(self.chance)
        await asyncio.sleep(self.faults.latency)
        if fault == "cut_before":
            return self.cut(request)
        if fault in ("too_many", "error_before"):
            return too_many if fault == "too_many" else web.Response(status=500)
        answer = act()
        if fault == "cut_after":
            return self.cut(request)
        if fault == "hang_after":
            return await self.hang()
        rubbish = {"error_after": web.Response(status=500), "unreadable": web.Response(text="<html>ok</html>")}
        return rubbish.get(fault, answer)

    def cut(self, request: web.BaseRequest) -> web.Response:
        """End the connection without an answer."""
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    def release(self) -> None:
        """Let hanging requests go, from another thread."""
        assert self._loop is not None
        assert self.closing is not None
        self._loop.call_soon_threadsafe(self.closing.set)

    async def hang(self) -> web.Response:
        """No answer until the server closes, or ``release``."""
        assert self.closing is not None
        await self.closing.wait()
        return web.Response(status=503)


@dataclass
class StandIn:
    """How the contract suite uses a stand-in: each module here that has a kind's name gives it by ``stand_in(folder)``.

    ``options`` are the keys of channels.toml but for ``base_url``, which is the stand-in's address with ``path``;
    ``secrets`` are those among them that must never show; ``has`` tells what came to stand there, a word for each that
    no two share. ``seen`` counts the messages that arrived (else: requests).
    """

    provider: Provider
    options: dict[str, Any]
    secrets: tuple[str, ...]
    has: Callable[[], list[str]]
    seen: Callable[[], int] | None = None
    recipient: Callable[[], Recipient] = lambda: Recipient("en", "en")  # asked once the stand-in runs
    posting: Posting | None = None  # what this kind cannot do without
    lists_words: bool = True  # the provider shows what each of its own was, not only when
    path: str = ""
    busy: dict[str, Any] = field(default_factory=lambda: {"too_many": 1.0})  # faults that are too many requests
    frame: str = SLOT  # approved words in which alone this kind says something


class Thread:
    """An event loop in a thread, to run servers beside a test."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The coroutine's result, from the thread's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def close(self) -> None:
        """End the loop and its thread."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


P = TypeVar("P", bound=Provider)


@contextlib.contextmanager
def served(provider: P, port: int = 0) -> Iterator[P]:
    """Run the provider in a thread of its own."""
    thread = Thread()
    try:
        thread.run(provider.start(port))
        yield provider
        thread.run(provider.stop())
    finally:
        thread.close()


def main(provider: Provider, options: argparse.Namespace) -> None:
    """Run the provider as this process until it is killed; prints its address as one JSON line."""

    async def forever() -> None:
        await provider.start(options.port)
        print(json.dumps({"base_url": provider.base_url}), flush=True)
        await asyncio.Event().wait()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(forever())


def arguments(**extra: str) -> argparse.ArgumentParser:
    """--port, --faults JSON, and a text option for each of ``extra`` with its default."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--faults", type=json.loads, default={}, help='JSON of the faults, e.g. {"latency": 0.05}')
    for name, default in extra.items():
        parser.add_argument(f"--{name}", default=default)
    return parser
