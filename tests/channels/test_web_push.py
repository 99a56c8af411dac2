"""Web push: what a browser shows, what its push service's answers mean, and where nobody connects to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest

from broadcaster.channels.web_push import CODES, LENGTH, MOST_BYTES, Options, WebPush, open_channel, payload
from broadcaster.domain.alert import Info, Mode, MsgType
from broadcaster.domain.channel import Accepted, ChannelError, OutcomeUnknown, Recipient, Secret, Verdict
from broadcaster.domain.errors import Invalid
from broadcaster.domain.posting import Posting
from broadcaster.domain.push import address_of, subscription_of
from tests.channels.ways import PUBLIC_URL, TEXT, attempt, message
from tests.providers.base import served
from tests.providers.push import PRIVATE_KEY, Push, PushFaults

T = TypeVar("T")
CONTACT = "mailto:alerts@judge.example"
LINK = f"{PUBLIC_URL}/alerts/canyon-fire"
POSTING = Posting(
    "a1",
    "judge-1",
    datetime(2026, 11, 22, tzinfo=UTC),
    MsgType.ALERT,
    Mode.ACTUAL,
    "",
    Info(headline="Leave now: Canyon"),
    ("canyon",),
    LINK,
    incident="fire",
)


@pytest.fixture
def fake() -> Iterator[Push]:
    with served(Push(PushFaults(latency=0))) as made:
        yield made


def using(work: Callable[[WebPush], Awaitable[T]], **more: Any) -> T:
    options = Options(**{"private_key": Secret(PRIVATE_KEY), "contact": CONTACT, "allow_private": True, **more})

    async def run() -> T:
        channel = open_channel("browsers", options, PUBLIC_URL)
        try:
            return await work(channel)
        finally:
            await channel.close()

    return asyncio.run(run())


def send(fake: Push, text: str = TEXT, about: Posting | None = POSTING, seconds: int = 3600, **more: Any) -> Accepted:
    to = Recipient(address_of(fake.subscription()), "en")
    tried = replace(attempt(valid_seconds=seconds), posting=about)
    return using(lambda channel: channel.send(message(text), to, tried), **more)


def refused(fake: Push, **more: Any) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        send(fake, **more)
    return raised.value


# --- what is sent -------------------------------------------------------------------------------------------------
def test_the_browser_shows_the_headline_the_words_and_opens_the_alerts_page(fake: Push) -> None:
    accepted = send(fake, seconds=1234)
    [(headers, said)] = fake.messages
    assert {key: said[key] for key in said if key != "tag"} == {
        "sent": "2026-11-22T00:00:00+00:00",
        "title": "Leave now: Canyon",
        "body": TEXT,
        "language": "en",
        "url": LINK,
    }
    assert (headers["TTL"], headers["Urgency"], headers["Topic"]) == ("1234", "high", said["tag"])
    assert accepted == Accepted(f"{fake.base_url}/message/1", delivered=True)


def test_an_update_replaces_what_was_said_of_its_incident_and_nothing_else(fake: Push) -> None:
    for alert, incident in (("a1", "fire"), ("a2", "fire"), ("a3", "flood")):
        send(fake, alert, replace(POSTING, alert=alert, incident=incident))
    assert [said["body"] for said in fake.shown.values()] == ["a2", "a3"]


def test_an_address_of_another_site_is_never_opened(fake: Push) -> None:
    send(fake, about=replace(POSTING, link="https://elsewhere.example/"))
    send(fake, about=None)
    assert [said["url"] for _, said in fake.messages] == [PUBLIC_URL, PUBLIC_URL]


def test_what_limits_allow_fits_and_what_does_not_fit_is_not_sent(fake: Push) -> None:
    long = replace(POSTING, info=Info(headline="\u4e2d" * 160))
    send(fake, "\u4e2d" * (LENGTH // 3), long)
    assert refused(fake, text="x" * 4000).code == "http_413"
    assert fake.requests == 1


def test_not_a_byte_too_many_is_sent_and_not_one_fewer_than_fits(fake: Push) -> None:
    rest = len(json.dumps(payload(message(""), replace(attempt(), posting=POSTING), PUBLIC_URL), separators=(",", ":")))
    send(fake, "x" * (MOST_BYTES - rest))
    assert fake.messages[-1][0]["Content-Length"] == "4096"
    assert refused(fake, text="x" * (MOST_BYTES - rest + 1)).code == "http_413"
    assert fake.requests == 1


# --- what the answers mean ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("status", "verdict", "wait"),
    [
        (400, Verdict.ALARM, None),
        (403, Verdict.ALARM, None),
        (404, Verdict.OPTED_OUT, None),
        (410, Verdict.OPTED_OUT, None),
        (413, Verdict.PERMANENT, None),
        (429, Verdict.RETRY, 7.0),
    ],
)
def test_a_refusal_is_told_by_its_status_without_the_address(
    fake: Push, status: int, verdict: Verdict, wait: float | None
) -> None:
    fake.faults = PushFaults(status=status, retry_after=7, text="no")
    error = refused(fake)
    assert (error.code, CODES[error.code], error.retry_after) == (f"http_{status}", verdict, wait)
    assert error.permanent is (verdict is not Verdict.RETRY)
    assert "t=secret" in fake.subscription()["endpoint"]
    assert fake.subscription()["endpoint"] not in error.text


@pytest.mark.parametrize("faults", [{"status": 500}, {"status": 503}, {"cut_before": 1.0}, {"cut_after": 1.0}])
def test_what_may_have_arrived_is_unknown_and_harmless_to_repeat(fake: Push, faults: dict[str, Any]) -> None:
    fake.faults = PushFaults(latency=0, **faults)
    with pytest.raises(OutcomeUnknown):
        send(fake)
    fake.faults = PushFaults(latency=0)
    send(fake)
    assert (fake.requests, len(fake.shown)) == (2, 1)


def test_another_key_than_the_subscriptions_rings_an_alarm(fake: Push) -> None:
    fake.faults = PushFaults(unauthorized=True)
    assert CODES[refused(fake).code] is Verdict.ALARM


def test_a_subscription_that_leads_into_a_private_network_is_over(fake: Push) -> None:
    error = refused(fake, allow_private=False)
    assert (error.code, CODES[error.code], fake.requests) == ("address", Verdict.PERMANENT, 0)


def test_the_key_for_browsers_is_the_private_ones_public_half() -> None:
    key = open_channel("b", Options(Secret(PRIVATE_KEY), CONTACT), "").application_key
    assert (len(key), key[0]) == (87, "B")


@pytest.mark.parametrize(
    ("key", "contact", "wrong"),
    [
        (PRIVATE_KEY, CONTACT, ""),
        (PRIVATE_KEY, "https://judge.example", ""),
        (PRIVATE_KEY, "alerts@judge.example", "contact"),
        (PRIVATE_KEY[:-2], CONTACT, "private_key"),
        ("-----BEGIN", CONTACT, "private_key"),
    ],
)
def test_options_that_cannot_work_stop_the_start(key: str, contact: str, wrong: str) -> None:
    found = Options(Secret(key), contact).wrong("US")
    assert (found.key if found else "") == wrong


# --- subscriptions --------------------------------------------------------------------------------------------------
def test_a_subscription_has_one_address_however_it_is_written(fake: Push) -> None:
    given = fake.subscription()
    padded = {**given, "keys": {key: f"{text}==" for key, text in given["keys"].items()}}
    assert address_of(given) == address_of(json.loads(json.dumps(padded)))
    assert subscription_of(address_of(given)) == {"endpoint": given["endpoint"], "keys": given["keys"]}


@pytest.mark.parametrize(
    "change",
    [
        {"endpoint": "http://push.example/1"},
        {"endpoint": "https://user@push.example/1"},
        {"endpoint": "https://"},
        {"endpoint": "https://[::1"},
        {"endpoint": "https://push.example/" + "x" * 1000},
        {"endpoint": "https://push.example/\u4e2d"},
        {"endpoint": 7},
        {"keys": {}},
        {"keys": None},
        {"keys": {"p256dh": "AAAA", "auth": "AAAAAAAAAAAAAAAAAAAAAA"}},
    ],
)
def test_what_is_no_subscription_is_refused(fake: Push, change: dict[str, Any]) -> None:
    good = {**fake.subscription(), "endpoint": "https://push.example/1"}
    assert address_of(good)
    with pytest.raises(Invalid):
        address_of({**good, **change})
    with pytest.raises(Invalid):
        address_of([change])
