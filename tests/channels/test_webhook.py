"""Webhooks: what is signed and sent, what each answer means, whom nobody connects to. Over real sockets."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import shutil
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from broadcaster.channels import webhook
from broadcaster.channels.webhook import CODES, FACTS, Options, Webhook, open_channel, signed
from broadcaster.domain.alert import Area, CapMessage, Info, Mode, MsgType, Scope, State, Status
from broadcaster.domain.channel import Accepted, ChannelError, OutcomeUnknown, Recipient, Secret, Verdict
from broadcaster.domain.posting import Posting
from broadcaster.domain.snapshot import Public, facts
from broadcaster.public import views
from tests.channels.ways import PUBLIC_URL, TEXT, attempt, message
from tests.providers.base import served
from tests.providers.webhook import OLD_SECRET, PATH, SECRET, Receiver, WebhookFaults

T = TypeVar("T")
WHO = Recipient("en", "en")
SENT = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
DOCS = Path(__file__).parents[2] / "docs" / "channels" / "webhook.md"
INFOS = (Info("en-US", event="Wildfire", headline="Leave now"), Info("es-US", event="Incendio", headline="Salga ya"))


@pytest.fixture
def fake() -> Iterator[Receiver]:
    with served(Receiver(WebhookFaults(latency=0))) as made:
        yield made


def using(fake: Receiver, work: Callable[[Webhook], Awaitable[T]], url: str = "", **more: Any) -> T:
    options = Options(url or fake.base_url + PATH, **{"secret": Secret(SECRET), "allow_private": True, **more})

    async def run() -> T:
        channel = open_channel("sirens", options, PUBLIC_URL)
        try:
            return await work(channel)
        finally:
            await channel.close()

    return asyncio.run(run())


def send(fake: Receiver, about: Posting | None = None, key: str = "b1-7", **more: Any) -> Accepted:
    tried = replace(attempt(), key=key, posting=about)
    return using(fake, lambda channel: channel.send(message(), WHO, tried), **more)


def refused(fake: Receiver, **more: Any) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        send(fake, **more)
    return raised.value


def posting(mode: Mode = Mode.ACTUAL, msg_type: MsgType = MsgType.ALERT, ending: str = "superseded") -> Posting:
    status = Status.ACTUAL if mode is Mode.ACTUAL else Status.EXERCISE
    area = Area("Canyon Road", polygons=(((39.0, -121.0), (39.1, -121.0), (39.1, -121.1), (39.0, -121.0)),))
    infos = tuple(replace(info, areas=(area,)) for info in INFOS)
    cap = CapMessage("judge-1", "alerts@judge.example", SENT, status, msg_type, Scope.PUBLIC, infos=infos)
    public = Public("a1", "canyon-fire", "own", State.LIVE, cap, ("canyon",), ending=ending)
    document = {**facts(public, ()), "state": "live", "level": "act_now"}
    return Posting(
        alert="a1",
        identifier="judge-1",
        sent=SENT,
        msg_type=msg_type,
        mode=mode,
        ending=ending,
        info=INFOS[0],
        zones=("canyon",),
        link=f"{PUBLIC_URL}/alerts/canyon-fire",
        document=document,
    )


# --- what is sent -----------------------------------------------------------------------------------------------
def test_the_signature_is_that_of_the_standards_own_library() -> None:
    key = webhook._key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = signed([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert (made["webhook-id"], made["webhook-timestamp"]) == ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330")


def test_one_document_holds_all_languages_and_the_approved_text(fake: Receiver) -> None:
    assert send(fake, posting()) == Accepted("b1-7", delivered=True)
    body = fake.taken["b1-7"]
    assert (body["type"], body["timestamp"], body["id"]) == ("alert.issued", "2026-11-22T18:30:00.000Z", "b1-7")
    assert (body["text"], body["language"]) == (TEXT, "en")
    assert (body["link"], body["cap"]) == (f"{PUBLIC_URL}/alerts/canyon-fire", f"{PUBLIC_URL}/cap/judge-1.xml")
    assert [(info["language"], info["headline"]) for info in body["alert"]["infos"]] == [
        ("en-US", "Leave now"),
        ("es-US", "Salga ya"),
    ]
    assert body["alert"]["areas"][0]["geometry"]["type"] == "Polygon"
    send(fake, posting(), key="b1-8", geometry=False)
    assert fake.taken["b1-8"]["alert"]["areas"] == [{"areaDesc": "Canyon Road", "zones": ["canyon"], "geometry": None}]


def test_the_alert_is_as_the_page_gives_it() -> None:
    shown = posting().document | {"label": "Act now"}
    assert webhook.alert_of(posting(), True) == {k: v for k, v in views._full(shown).items() if k != "label"}
    assert len(FACTS) == len(set(FACTS))


@pytest.mark.parametrize(
    ("msg_type", "ending", "type_"),
    [
        (MsgType.UPDATE, "superseded", "alert.updated"),
        (MsgType.UPDATE, "lifted", "alert.lifted"),
        (MsgType.CANCEL, "cancelled", "alert.cancelled"),
    ],
)
def test_the_type_says_what_happens(msg_type: MsgType, ending: str, type_: str) -> None:
    assert webhook.event_type(posting(msg_type=msg_type, ending=ending)) == type_


def test_an_exercise_says_so_and_has_no_page() -> None:
    tried = replace(attempt(), posting=posting(Mode.EXERCISE))
    body = webhook.body(message(), "b1-7", tried, PUBLIC_URL)
    assert (body["alert"]["status"], body["link"], body["cap"]) == ("Exercise", "", "")


def test_the_documented_schema_is_the_bodys() -> None:
    [schema] = [
        json.loads(block) for block in re.findall(r"```json\n(.*?)```", DOCS.read_text(), re.S) if "$schema" in block
    ]
    body = webhook.body(message(), "b1-7", replace(attempt(), posting=posting()), PUBLIC_URL)
    conforms(json.loads(json.dumps(body)), schema)
    with pytest.raises(AssertionError):
        conforms({**body, "more": 1}, schema)


TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
}


def conforms(value: Any, schema: Mapping[str, Any]) -> None:
    """The few words of JSON Schema that ours uses."""
    types = schema.get("type", [])
    assert not types or any(isinstance(value, TYPES[t]) for t in ([types] if isinstance(types, str) else types))
    assert value in schema.get("enum", [value])
    if isinstance(value, dict) and "properties" in schema:
        assert value.keys() == schema["properties"].keys() == set(schema["required"])
        for key, inner in schema["properties"].items():
            conforms(value[key], inner)
    if isinstance(value, list):
        for one in value:
            conforms(one, schema["items"])


def by_python(secret: str, headers: Mapping[str, str], data: bytes) -> bool:
    found: dict[str, Any] = {}
    exec(example("python"), found)
    return bool(found["verified"](secret, headers, data))


def by_node(secret: str, headers: Mapping[str, str], data: bytes) -> bool:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    given = json.dumps([secret, dict(headers), base64.b64encode(data).decode()])
    script = f"{example('javascript')}const [s, h, b] = {given}; console.log(verified(s, h, Buffer.from(b, 'base64')))"
    return subprocess.run([node, "-e", script], check=True, capture_output=True, text=True).stdout.strip() == "true"


def example(language: str) -> str:
    [found] = re.findall(rf"```{language}\n(.*?)```", DOCS.read_text(), re.S)
    return str(found)


@pytest.mark.parametrize("verified", [by_python, by_node])
def test_the_manuals_examples_take_what_is_ours_and_nothing_else(verified: Callable[..., bool]) -> None:
    keys, now, data = [webhook._key(SECRET), webhook._key(OLD_SECRET)], int(time.time()), '{"text": "\u4e2d"}'.encode()
    good = signed(keys, "b1-7", now, data)
    assert verified(SECRET, good, data)
    assert verified(OLD_SECRET, good, data)
    for headers, body in (
        (good, data + b" "),
        (good | {"webhook-id": "b1-8"}, data),
        (good | {"webhook-signature": "v1, v1,\xe9 v1a,x"}, data),
        (signed(keys, "b1-7", now - 400, data), data),
        (signed([keys[1]], "b1-7", now, data), data),
        ({}, data),
    ):
        assert not verified(SECRET, headers, body)


def test_while_a_secret_changes_either_is_good(fake: Receiver) -> None:
    fake.secret = OLD_SECRET
    assert refused(fake).code == "http_401"
    send(fake, previous_secret=Secret(OLD_SECRET))
    fake.secret = SECRET
    send(fake, previous_secret=Secret(OLD_SECRET), key="b1-8")
    assert list(fake.taken) == ["b1-7", "b1-8"]


def test_a_repeat_carries_the_same_id_so_that_it_is_taken_once(fake: Receiver) -> None:
    fake.faults = WebhookFaults(latency=0, cut_after=1)
    with pytest.raises(OutcomeUnknown):
        send(fake)
    fake.faults = WebhookFaults(latency=0)
    send(fake)
    assert (fake.ids, list(fake.taken)) == (["b1-7", "b1-7"], ["b1-7"])


# --- what the answers mean ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("status", "verdict", "permanent"),
    [
        (307, Verdict.ALARM, True),
        (400, Verdict.PERMANENT, True),
        (401, Verdict.STOP_CHANNEL, False),
        (404, Verdict.ALARM, True),
        (408, Verdict.RETRY, False),
        (410, Verdict.STOP_CHANNEL, False),
        (418, Verdict.PERMANENT, True),
        (500, Verdict.RETRY, False),
        (501, None, False),
    ],
)
def test_whatever_is_not_2xx_was_not_taken(
    fake: Receiver, status: int, verdict: Verdict | None, permanent: bool
) -> None:
    fake.faults = WebhookFaults(status=status, headers={"Location": "/other", "Retry-After": "7"}, text=f"no {SECRET}")
    error = refused(fake)
    assert (error.code, CODES.get(error.code), error.permanent) == (f"http_{status}", verdict, permanent)
    assert (fake.requests, error.retry_after) == (1, None)
    assert SECRET not in error.text


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_receiver_is_left_alone_as_long_as_it_asks(fake: Receiver, status: int) -> None:
    fake.faults = WebhookFaults(status=status, headers={"Retry-After": "7"})
    error = refused(fake)
    assert (CODES[error.code], error.retry_after) == (Verdict.BACK_OFF, 7.0)


def test_any_2xx_is_delivered(fake: Receiver) -> None:
    fake.faults = WebhookFaults(status=202, text="queued")
    assert send(fake).delivered


def test_a_check_is_a_signed_ping(fake: Receiver) -> None:
    [check] = using(fake, lambda channel: channel.check())
    assert (check.ok, fake.pings, fake.taken) == (True, 1, {})
    [check] = using(fake, lambda channel: channel.check(), secret=Secret(OLD_SECRET))
    assert (check.ok, "401" in check.text) == (False, True)


# --- whom nobody connects to ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_name_that_leads_into_a_private_network_stops_the_channel(fake: Receiver, host: str) -> None:
    error = refused(fake, url=fake.base_url.replace("127.0.0.1", host) + PATH, allow_private=False)
    assert (error.code, CODES[error.code], fake.requests) == ("address", Verdict.STOP_CHANNEL, 0)


def test_cloud_metadata_is_refused_even_where_private_addresses_are_allowed(fake: Receiver) -> None:
    assert refused(fake, url="http://169.254.169.254/latest").code == "address"


@pytest.mark.parametrize(
    ("url", "allow_private", "wrong"),
    [
        ("https://sirens.example/hook?token=1", False, ""),
        ("https://8.8.8.8/hook", False, ""),
        ("https://10.1.2.3/hook", True, ""),
        ("http://127.0.0.1:8080/", True, ""),
        ("http://localhost:8080/", True, ""),
        ("https://10.1.2.3/hook", False, "private"),
        ("http://127.0.0.1:8080/", False, "private"),
        ("https://localhost/", False, "this machine"),
        ("http://sirens.example/", True, "neither https"),
        ("smtp://sirens.example/", True, "neither https"),
        ("https://user:pw@sirens.example/", False, "login"),
        ("https://", False, "no address"),
        ("https://[::1", False, "no address"),
    ],
)
def test_an_address_that_cannot_work_stops_the_start(url: str, allow_private: bool, wrong: str) -> None:
    found = Options(url, Secret(SECRET), allow_private=allow_private).wrong("US")
    assert (found is None) if not wrong else (found is not None and found.key == "base_url" and wrong in found.text)


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_c2hvcnQ=", SECRET.removeprefix("whsec_"), "whsec_!", SECRET * 3]
)
def test_a_secret_that_is_none_stops_the_start(secret: str) -> None:
    found = Options("https://sirens.example/", Secret(secret)).wrong("US")
    assert found is not None
    assert found.key == "secret"
    found = Options("https://sirens.example/", Secret(SECRET), Secret(secret)).wrong("US")
    assert found is not None
    assert found.key == "previous_secret"


def test_a_length_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="length"):
        Options("https://sirens.example/", Secret(SECRET), length=0)
