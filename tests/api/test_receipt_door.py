"""The ASGI door of receipts keeps to the rules of the webhook, and answers only what is kept."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from broadcaster.api.receipts import LARGEST_BODY, ReceiptDoor
from broadcaster.services.system import System
from broadcaster.store.engine import Database
from broadcaster.transport.connection import connect
from broadcaster.transport.receipts import LIST
from tests.providers.base import served
from tests.providers.twilio import ACCOUNT, TOKEN, Twilio, TwilioFaults, sign
from tests.sending import sms, with_channels

FORM = {"MessageSid": "SM1", "MessageStatus": "delivered", "AccountSid": ACCOUNT}


async def elsewhere(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"other"})


async def ask(
    door: ReceiptDoor,
    path: str,
    query: str,
    body: bytes,
    signature: str,
    method: str = "POST",
    raw: str | None = "",
) -> int:
    """``raw`` is the path before it was unquoted; None for a server that does not tell."""
    said: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    headers = [(b"x-twilio-signature", signature.encode())]
    scope: dict[str, Any] = {"type": "http", "method": method, "path": path, "headers": headers}
    if raw is not None:
        scope["raw_path"] = (raw or path).encode()
    await door({**scope, "query_string": query.encode()}, receive, send)
    return int(said[0]["status"])


def call(
    system: System, form: dict[str, str], *, path: str = "/hooks/twilio/sms/status", method: str = "POST", **wrong: str
) -> int:
    query = wrong.get("query", "a=abc")
    signature = wrong.get("signature", sign(TOKEN, f"{system.settings.public_url}{path}?a=abc", form))
    body = wrong.get("body", urlencode(form)).encode()
    return asyncio.run(ask(ReceiptDoor(system, elsewhere), path, query, body, signature, method))


def kept(system: System) -> list[dict[str, Any]]:
    return [json.loads(row) for row in system.redis.lrange(LIST, 0, -1)]


@pytest.fixture
def ground(system: System) -> System:
    with served(Twilio(TwilioFaults())) as provider:
        return with_channels(system, sms(provider))


def test_a_genuine_receipt_is_kept_before_the_answer(ground: System) -> None:
    assert call(ground, FORM) == 204
    assert [(row["channel"], row["attempt"], row["status"]) for row in kept(ground)] == [("sms", "abc", "delivered")]


@pytest.mark.parametrize("wrong", [{"signature": ""}, {"signature": "bm8="}, {"query": "a=other"}, {"body": "a=b"}])
def test_what_is_not_proven_is_refused_and_not_kept(ground: System, wrong: dict[str, str]) -> None:
    assert call(ground, FORM, **wrong) == 403
    assert kept(ground) == []


def test_another_account_is_refused(ground: System) -> None:
    assert call(ground, FORM | {"AccountSid": "AC" + "0" * 32}) == 403


def test_an_unknown_channel_is_not_there(ground: System) -> None:
    assert call(ground, FORM, path="/hooks/twilio/none/status") == 404


def test_a_body_beyond_the_limit_is_refused(ground: System) -> None:
    assert call(ground, FORM, body="x" * (LARGEST_BODY + 1)) == 422


def test_a_body_of_exactly_the_limit_is_read(ground: System) -> None:
    filled = FORM | {"Body": ""}
    filled["Body"] = "x" * (LARGEST_BODY - len(urlencode(filled)))
    assert call(ground, filled) == 204


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # it takes its ten seconds, and asks no database
def test_a_body_that_comes_too_slowly_is_refused(ground: System) -> None:
    """The door waits for ten seconds and no longer."""
    said: list[Any] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    scope = {"type": "http", "method": "POST", "path": "/hooks/twilio/sms/status", "headers": [], "query_string": b""}
    asyncio.run(ReceiptDoor(ground, elsewhere)(scope, receive, send))
    assert said[0]["status"] == 422
    assert b"too slowly" in said[1]["body"]


@pytest.mark.parametrize("raw", ["/hooks/twilio/s%6Ds/status", None])
def test_the_signature_covers_the_path_as_it_was_called(ground: System, raw: str | None) -> None:
    path = "/hooks/twilio/sms/status"
    signature = sign(TOKEN, f"{ground.settings.public_url}{raw or path}?a=abc", FORM)
    body = urlencode(FORM).encode()
    assert asyncio.run(ask(ReceiptDoor(ground, elsewhere), path, "a=abc", body, signature, raw=raw)) == 204


@pytest.mark.parametrize(
    ("path", "method"), [("/hooks/twilio/sms/inbound", "POST"), ("/hooks/twilio/sms/status", "GET"), ("/", "GET")]
)
def test_everything_else_goes_on(ground: System, path: str, method: str) -> None:
    assert call(ground, FORM, path=path, method=method) == 299


def test_many_at_once_are_all_kept(ground: System) -> None:
    signature = sign(TOKEN, f"{ground.settings.public_url}/hooks/twilio/sms/status?a=abc", FORM)
    body = urlencode(FORM).encode()

    async def all_of_them() -> list[int]:
        door = ReceiptDoor(ground, elsewhere)
        one = (door, "/hooks/twilio/sms/status", "a=abc", body, signature)
        return await asyncio.gather(*(ask(*one) for _ in range(1200)))

    assert set(asyncio.run(all_of_them())) == {204}
    assert len(kept(ground)) == 1200


def test_one_after_the_other_are_all_kept(ground: System) -> None:
    signature = sign(TOKEN, f"{ground.settings.public_url}/hooks/twilio/sms/status?a=abc", FORM)

    async def one_by_one() -> list[int]:
        door = ReceiptDoor(ground, elsewhere)
        one = (door, "/hooks/twilio/sms/status", "a=abc", urlencode(FORM).encode(), signature)
        return [await asyncio.wait_for(ask(*one), 20) for _ in range(3)]

    assert asyncio.run(one_by_one()) == [204] * 3
    assert len(kept(ground)) == 3


def test_where_neither_redis_nor_sql_keeps_it_the_provider_is_asked_to_repeat(ground: System, tmp_path: Path) -> None:
    gone = Database(f"sqlite:///{tmp_path}/empty.db")
    away = replace(ground, redis=connect(f"unix://{tmp_path}/nobody.sock"), database=gone)
    assert call(away, FORM) == 503
    gone.close()
