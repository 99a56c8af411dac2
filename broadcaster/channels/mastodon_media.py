"""A picture's way to a Mastodon status: uploaded with its words, and waited for where the instance works on it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from broadcaster.channels.http import Answer, harmless
from broadcaster.domain.channel import ChannelError, OutcomeUnknown
from broadcaster.domain.posting import Picture

MOST_ALT = 1500
PROCESSING = "media_processing"
AGAIN_SECONDS = 2.0  # until the instance has worked on a picture; once, then the words go without it
GOES_ON = frozenset({"http_401", "http_403", "http_429", "connect"})  # what concerns the post as well

Call = Callable[[str, str, aiohttp.FormData | None, float], Awaitable[Answer]]
Read = Callable[[Answer], Any]


class Media:
    """Pictures of one account. ``call`` makes one request until a time on the loop's clock, ``read`` refuses what is no
    success. A picture has ``seconds``: the rest of a try is for the words."""

    def __init__(self, call: Call, read: Read, seconds: float) -> None:
        self._call = call
        self._read = read
        self._seconds = seconds
        self._pending: dict[str, str] = {}  # a delivery's key -> its picture, which the instance works on

    async def attached(self, picture: Picture, key: str) -> list[str]:
        """The picture's id, or nothing where the words must go without it.

        Raises ChannelError(PROCESSING) once a delivery, where the instance needs a moment.
        """
        until = asyncio.get_running_loop().time() + self._seconds
        try:
            if pending := self._pending.pop(key, ""):
                ready = await harmless(self._call("GET", f"/api/v1/media/{pending}", None, until))
                return [pending] if ready.status == 200 else []
            return [await self._uploaded(picture, key, until)]
        except (KeyError, TypeError, OutcomeUnknown):
            return []
        except ChannelError as error:
            if error.code in GOES_ON or error.code == PROCESSING:
                raise
            return []

    async def _uploaded(self, picture: Picture, key: str, until: float) -> str:
        form = aiohttp.FormData()
        form.add_field("file", picture.png, filename="card.png", content_type="image/png")
        form.add_field("description", picture.alt[:MOST_ALT])
        answer = await harmless(self._call("POST", "/api/v2/media", form, until))
        media = str(self._read(answer)["id"])
        if answer.status == 202:
            self._pending[key] = media
            raise ChannelError("the instance works on the picture", code=PROCESSING, retry_after=AGAIN_SECONDS)
        return media
