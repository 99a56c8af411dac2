"""What HTTP channels share: how long a provider asks us to wait, and what of its words may stand in a log."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from aiohttp import web

from broadcaster.channels.http import LONGEST_TEXT, MOST_BYTES, HttpSession, retry_after, said
from broadcaster.domain.channel import OutcomeUnknown
from tests.providers.base import Provider, served

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": " 0 "}, 0),
        ({"Retry-After": "Sun, 22 Nov 2026 06:00:30 GMT"}, 30),
        ({"Retry-After": "Sun, 22 Nov 2026 05:00:00 GMT"}, 0),
        ({"X-RateLimit-Reset": "2026-11-22T06:01:00.000Z"}, 60),
        ({"X-RateLimit-Reset": "2026-11-22T06:01:00"}, 60),
        ({"Retry-After": "5", "X-RateLimit-Reset": "2026-11-22T06:01:00Z"}, 5),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_how_long_a_provider_asks_us_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


def test_secrets_numbers_and_lines_do_not_reach_a_log() -> None:
    assert said("token t0k\n refused +15005550101", "t0k", "") == "token [secret] refused [number]"


def test_a_long_answer_is_cut() -> None:
    assert len(said("no " * 500)) == LONGEST_TEXT


@dataclass
class Endless(Provider):
    """Answers without end, until the connection is closed."""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b"x" * 500_000)


def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    async def ask(url: str) -> int:
        session = HttpSession()
        try:
            return len((await session.exchange("GET", url)).text)
        finally:
            await session.close()

    with served(Endless()) as provider:
        assert MOST_BYTES < asyncio.run(ask(provider.base_url)) < MOST_BYTES + 1_000_000


class Silent(Provider):
    """Takes everything and never answers."""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        return await self.hang()


def test_silence_is_unknown_at_the_time_limit() -> None:
    async def ask(url: str) -> None:
        session = HttpSession(0.5)
        try:
            await session.exchange("POST", url)
        finally:
            await session.close()

    with served(Silent()) as provider, pytest.raises(OutcomeUnknown, match="in time"):
        asyncio.run(ask(provider.base_url))
