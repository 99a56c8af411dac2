"""Whom a post on Bluesky names: a handle becomes a mention only with the DID behind it, which the server knows.

A DID stays what it is, so it is asked for once. A handle that nobody resolves in time is plain text: no post waits
longer for it or fails by it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from broadcaster.channels.bluesky_session import Xrpc
from broadcaster.domain.channel import ChannelError, OutcomeUnknown

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HANDLE = rf"@(?:{_LABEL}\.)+[A-Za-z](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?"  # AT Protocol, "Handle"
SHARE = 0.2  # of a request's time: how long a post waits for all of its names together
REST_SECONDS = 600.0  # until what nobody resolved is asked for again


class Names:
    """The handles of one account's ``mentions``, and what is known of them. ``seconds``: what a request may take."""

    def __init__(self, handles: Sequence[str], server: Xrpc, seconds: float) -> None:
        self.handles = tuple(handles)
        self._seconds = SHARE * seconds
        self._server = server
        self._dids: dict[str, str] = {}
        self._again = 0.0  # on the monotonic clock

    async def known(self, text: str) -> Mapping[str, str]:
        """Handle ("@name") -> DID of those in the text that can be told, soon or not at all. Raises nothing."""
        unknown = [one for one in self.handles if one in text and one not in self._dids]
        if unknown and time.monotonic() >= self._again:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._seconds):
                    for one in unknown:
                        await self._ask(one)
            if any(one not in self._dids for one in unknown):
                self._again = time.monotonic() + REST_SECONDS
        return self._dids

    async def _ask(self, handle: str) -> None:
        with suppress(ChannelError, OutcomeUnknown, KeyError, TypeError):
            found = await self._server.get(f"com.atproto.identity.resolveHandle?handle={handle[1:]}")
            if re.fullmatch(r"did:[a-z]+:[\w.:%-]+", str(found["did"]), re.ASCII):
                self._dids[handle] = found["did"]
