"""The Twilio channel against raw aiohttp: 100 in flight, a provider in a process of its own that takes 50 ms.

Runs are interleaved, so that a busy machine hits both alike; the median of the rounds counts.
``python -m tests.bench.transport [MESSAGES]`` prints the row.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import statistics
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from time import perf_counter

import aiohttp

from broadcaster.channels.twilio_sms import Options, open_channel
from broadcaster.domain.channel import Attempt, Recipient, Secret
from broadcaster.domain.message import Message
from tests.bench.row import Row
from tests.providers.twilio import ACCOUNT, SERVICE, TOKEN

IN_FLIGHT = 100
ROUNDS = 5
WANTED = 0.90
TEXT = Message(
    "sms", "en", "Clearwater County: EVACUATE NOW Canyon Rd and Mill St. Fire. Go to Main St School. 6:30 pm"
)

Send = Callable[[int], Awaitable[object]]


@contextlib.contextmanager
def provider_process(latency: float = 0.05, **faults: object) -> Iterator[str]:
    """The address of a Twilio stand-in running as its own process."""
    command = [sys.executable, "-m", "tests.providers.twilio", "--faults", json.dumps({"latency": latency, **faults})]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["base_url"]
    finally:
        process.kill()
        process.communicate()


async def rate(send: Send, messages: int) -> float:
    """Messages a second with IN_FLIGHT at a time."""
    numbers = iter(range(messages))

    async def line() -> None:
        for number in numbers:
            await send(number)

    started = perf_counter()
    await asyncio.gather(*(line() for _ in range(IN_FLIGHT)))
    return messages / (perf_counter() - started)


async def raw(base_url: str, messages: int) -> float:
    """Raw aiohttp: the same form, the same headers' size, the answer read."""
    pair = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    connector = aiohttp.TCPConnector(limit=500)
    url = f"{base_url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    async with aiohttp.ClientSession(connector=connector, headers={"Authorization": f"Basic {pair}"}) as session:

        async def send(number: int) -> None:
            form = {
                "To": f"+1500{number:07d}",
                "Body": TEXT.text,
                "StatusCallback": f"http://127.0.0.1:9/hooks/twilio/sms/status?a={number}",
                "ValidityPeriod": "3600",
                "SmartEncoded": "false",
                "MessagingServiceSid": SERVICE,
            }
            async with session.post(url, data=form) as response:
                assert response.status == 201
                await response.json()

        return await rate(send, messages)


async def ours(base_url: str, messages: int) -> float:
    """The channel as the sender uses it."""
    options = Options(ACCOUNT, Secret(TOKEN), SERVICE, base_url=base_url)
    channel = open_channel("sms", options, "http://127.0.0.1:9")
    started = datetime.now(UTC)

    async def send(number: int) -> None:
        await channel.send(TEXT, Recipient(f"+1500{number:07d}", "en"), Attempt(str(number), started, 3600))

    try:
        return await rate(send, messages)
    finally:
        await channel.close()


def run(messages: int = 5000) -> list[Row]:
    """One row: messages a second through the channel against raw aiohttp, medians of interleaved rounds."""
    mine, bare = [], []
    for _ in range(ROUNDS):
        with provider_process() as base_url:
            bare.append(asyncio.run(raw(base_url, messages)))
        with provider_process() as base_url:
            mine.append(asyncio.run(ours(base_url, messages)))
    ratio = statistics.median(mine) / statistics.median(bare)
    name = f"Twilio transport, {IN_FLIGHT} in flight, 50 ms provider (messages/s)"
    return [Row(name, statistics.median(mine), statistics.median(bare), ratio, WANTED, ratio >= WANTED)]


if __name__ == "__main__":
    print(*run(int(sys.argv[1]) if len(sys.argv) > 1 else 5000), sep="\n")
