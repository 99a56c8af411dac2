"""What tests of Meta's kinds share: an alert with its card, and one channel's work in a loop of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from broadcaster.domain.alert import Info, Mode, MsgType
from broadcaster.domain.posting import Picture, Posting

T = TypeVar("T")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
LINK = "https://alerts.judge.example/alerts/canyon-fire"
CARD = Picture(PNG, "Evacuate now: Canyon Rd.", "https://alerts.judge.example/cards/1.en.square.png", 1080, 1080)


def posting(picture: Picture | None = CARD, link: str = LINK, **more: Any) -> Posting:
    """The alert behind a message, sent a minute ago."""
    return Posting(
        **{
            "alert": "al_1",
            "identifier": "judge-1",
            "sent": datetime.now(UTC) - timedelta(minutes=1),
            "msg_type": MsgType.ALERT,
            "mode": Mode.ACTUAL,
            "ending": "",
            "info": Info(language="en-US"),
            "zones": ("canyon",),
            "link": link,
            "picture": picture,
            **more,
        }
    )


def using(channel: Any, work: Callable[[Any], Awaitable[T]]) -> T:
    """The work's result; the channel is closed in the same loop."""

    async def run() -> T:
        try:
            return await work(channel)
        finally:
            await channel.close()

    return asyncio.run(run())
