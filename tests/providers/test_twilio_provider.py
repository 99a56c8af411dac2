"""The Twilio stand-in itself: its answers have Twilio's shape, its callbacks are signed, its faults strike."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from urllib.request import Request, urlopen

import pytest
from aiohttp import web

from broadcaster.channels.twilio_sms import Options, genuine, open_channel, receipt
from broadcaster.domain.channel import Recipient, Secret
from tests.channels.ways import PHONE, attempt, message
from tests.providers.base import Provider, served
from tests.providers.twilio import ACCOUNT, SERVICE, TOKEN, Twilio, TwilioFaults
from tests.waiting import until


class Hook(Provider):
    """Takes callbacks and keeps them: (url, form, signature)."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[tuple[str, dict[str, str], str]] = []
        self.failing = 0

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        form = dict(parse_qsl((await request.read()).decode()))
        if self.failing:
            self.failing -= 1
            return web.Response(status=503)
        self.got.append((f"{self.base_url}{request.path_qs}", form, request.headers["X-Twilio-Signature"]))
        return web.Response(status=204)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with served(Hook()) as made:
        yield made


@pytest.fixture
def fake() -> Iterator[Twilio]:
    with served(Twilio(TwilioFaults(latency=0, callbacks=True, callback_delay=0))) as made:
        yield made


def options(base_url: str) -> Options:
    return Options(ACCOUNT, Secret(TOKEN), SERVICE, base_url=base_url)


def send(base_url: str, public_url: str = "http://127.0.0.1:9") -> None:
    async def run() -> None:
        channel = open_channel("sms", options(base_url), public_url)
        try:
            await channel.send(message(), Recipient(PHONE, "en"), attempt("at_1"))
        finally:
            await channel.close()

    asyncio.run(run())


def words(hook: Hook) -> list[str]:
    return [form["MessageStatus"] for _, form, _ in hook.got]


def test_callbacks_are_signed_for_the_attempt(fake: Twilio, hook: Hook) -> None:
    send(fake.base_url, hook.base_url)
    until(lambda: len(hook.got) == 2)
    for url, form, signature in hook.got:
        assert genuine(options(fake.base_url), url, form, signature)
        assert url.endswith("/hooks/twilio/sms/status?a=at_1")
    assert [receipt(form, "at_1").status for _, form, _ in hook.got] == ["accepted", "delivered"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ({"doubled": 1}, ["sent", "sent", "delivered", "delivered"]),
        ({"reordered": 1}, ["delivered", "sent"]),
        ({"late": 1, "late_seconds": 0.01}, ["sent", "delivered"]),
        ({"finals": {PHONE: ["undelivered", 30005]}}, ["sent", "undelivered"]),
    ],
)
def test_callbacks_come_as_badly_as_planned(
    fake: Twilio, hook: Hook, faults: dict[str, Any], expected: list[str]
) -> None:
    fake.faults = TwilioFaults(latency=0, callbacks=True, callback_delay=0, **faults)
    send(fake.base_url, hook.base_url)
    until(lambda: len(hook.got) == len(expected))
    assert words(hook) == expected


def test_a_callback_that_nobody_took_comes_again(fake: Twilio, hook: Hook) -> None:
    hook.failing = 1
    send(fake.base_url, hook.base_url)
    until(lambda: len(fake.answers) == 3)
    assert words(hook) == ["sent", "delivered"]
    assert fake.answers == [503, 204, 204]


def test_answers_have_the_shape_of_twilios_own_description(fake: Twilio, shared: Path) -> None:
    spec = json.loads((shared / "specs" / "twilio" / "twilio_api_v2010.json").read_text())
    described = spec["components"]["schemas"]["api.v2010.account.message"]["properties"]
    send(fake.base_url)
    shape = fake._shape(fake.accepted[0])
    assert shape.keys() == described.keys()
    assert shape["status"] in spec["components"]["schemas"]["message_enum_status"]["enum"]


def test_it_runs_as_a_process_with_control_and_log() -> None:
    command = [sys.executable, "-m", "tests.providers.twilio", "--faults", '{"latency": 0}']
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        base_url = json.loads(process.stdout.readline())["base_url"]
        body = json.dumps({"codes": {"+15005550999": 21211}}).encode()
        with urlopen(Request(f"{base_url}/_control", body, {"Content-Type": "application/json"})) as answer:
            assert json.load(answer)["codes"] == {"+15005550999": 21211}
        send(base_url)
        with urlopen(f"{base_url}/_log") as answer:
            log = json.load(answer)
        assert log["requests"] == 1
        assert [text["to"] for text in log["accepted"]] == [PHONE]
    finally:
        process.kill()
        process.communicate()
