"""Zulip: what is posted, changed and found, and what each answer means."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import pytest

from broadcaster.channels.zulip import CODES, JOINER, Options, Zulip, open_channel
from broadcaster.domain.channel import Accepted, ChannelError, Found, OutcomeUnknown, Recipient, Secret, Sent, Verdict
from tests.channels.ways import PUBLIC_URL, TEXT, attempt, message
from tests.providers import zulip as provider
from tests.providers.base import served
from tests.providers.zulip import CHANNEL, CHANNEL_ID, EMAIL, KEY, ZulipFaults

T = TypeVar("T")
WHO = Recipient("en", "en")


@pytest.fixture
def fake() -> Iterator[provider.Zulip]:
    with served(provider.Zulip(ZulipFaults(latency=0))) as made:
        yield made


def using(fake: provider.Zulip, work: Callable[[Zulip], Awaitable[T]], **more: Any) -> T:
    given = {"email": EMAIL, "api_key": Secret(KEY), "base_url": fake.base_url, "channel": CHANNEL, **more}

    async def run() -> T:
        channel = open_channel("chat", Options(**given), PUBLIC_URL)
        try:
            return await work(channel)
        finally:
            await channel.close()

    return asyncio.run(run())


def send(fake: provider.Zulip, text: str = TEXT, edits: str = "", **options: Any) -> Accepted:
    tried = replace(attempt(), edits=edits)
    return using(fake, lambda channel: channel.send(message(text), WHO, tried), **options)


def find(fake: provider.Zulip, text: str = TEXT, **more: Any) -> Found | None:
    tried = replace(attempt(), edits=more.pop("edits", ""))
    sent = Sent(tried, message(text), WHO, **more)
    return using(fake, lambda channel: channel.find(sent))


def refused(fake: provider.Zulip, **more: Any) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        send(fake, **more)
    return raised.value


# --- what is posted -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("channel", "page"), [(CHANNEL, "stream/Alerts.20.26.20news/near/41"), (CHANNEL_ID, "stream/7/near/41")]
)
def test_a_text_stands_in_the_channels_topic(fake: provider.Zulip, channel: str | int, page: str) -> None:
    accepted = send(fake, channel=channel, topic="Warnings")
    assert accepted == Accepted("41", f"{fake.base_url}/#narrow/{page}", delivered=True)
    assert [(post.content, post.topic) for post in fake.posts] == [(TEXT, "Warnings")]


def test_nobody_is_called_by_a_text_and_it_is_found_again(fake: provider.Zulip) -> None:
    text = "@**all** @*staff* @_**Bo** ann@judge.example *now*  \n"
    send(fake, text)
    assert fake.posts[0].content == f"@{JOINER}**all** @{JOINER}*staff* @{JOINER}_**Bo** ann@judge.example *now*"
    found = find(fake, text)
    assert found is not None
    assert found.provider_id == "41"


def test_a_wrong_post_takes_other_words_and_shows_it(fake: provider.Zulip) -> None:
    wrong = fake.post(TEXT)
    assert find(fake, "Sent in error.", edits="41") is None
    assert send(fake, "Sent in error.", edits="41").provider_id == "41"
    assert (wrong.before, wrong.content, len(fake.posts)) == ([TEXT], "Sent in error.", 1)
    assert find(fake, "Sent in error.", edits="41") is not None


@pytest.mark.parametrize(("edits", "editable"), [("41", False), ("7", True)])
def test_a_post_too_old_or_gone_is_an_alarm(fake: provider.Zulip, edits: str, editable: bool) -> None:
    fake.post(TEXT)
    fake.faults = ZulipFaults(latency=0, editable=editable)
    error = refused(fake, text="Sent in error.", edits=edits)
    assert (error.code, CODES[error.code], error.permanent) == ("change_refused", Verdict.ALARM, True)


# --- what is found --------------------------------------------------------------------------------------------------
def test_only_the_bots_own_posts_since_then_that_nobody_holds_are_found(fake: provider.Zulip) -> None:
    fake.post(TEXT, ago=60)
    fake.post(TEXT, sender="ann@judge.example")
    assert find(fake) is None
    fake.post(TEXT)
    fake.post(TEXT)
    assert [find(fake), find(fake, known_ids=frozenset({"43"}))] == [
        Found(id_, "delivered", url=f"{fake.base_url}/#narrow/stream/Alerts.20.26.20news/near/{id_}")
        for id_ in ("43", "44")
    ]
    assert find(fake, known_ids=frozenset({"43", "44"})) is None


def test_more_posts_than_a_page_prove_nothing(fake: provider.Zulip) -> None:
    for number in range(1001):
        fake.post(str(number))
    with pytest.raises(OutcomeUnknown):
        find(fake)


def test_posts_that_cannot_be_read_prove_nothing(fake: provider.Zulip) -> None:
    fake.faults = ZulipFaults(status=200, text='{"result": "success", "messages": [{}]}')
    with pytest.raises(OutcomeUnknown):
        find(fake)


# --- what the answers mean ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("faults", "code", "verdict"),
    [
        ({"unauthorized": True}, "http_401", Verdict.STOP_CHANNEL),
        ({"refuse": "STREAM_DOES_NOT_EXIST"}, "no_channel", Verdict.STOP_CHANNEL),
        ({"refuse": "BAD_REQUEST"}, "http_400", Verdict.ALARM),
        ({"status": 404}, "http_404", Verdict.STOP_CHANNEL),
        ({"too_many": 1}, "http_429", Verdict.BACK_OFF),
    ],
)
def test_a_refusal_is_read_by_its_code(
    fake: provider.Zulip, faults: dict[str, Any], code: str, verdict: Verdict
) -> None:
    fake.faults = ZulipFaults(latency=0, **faults)
    error = refused(fake)
    assert (error.code, CODES[error.code], error.permanent) == (code, verdict, verdict is Verdict.ALARM)
    assert fake.posts == []


def test_an_unknown_channel_stops(fake: provider.Zulip) -> None:
    assert refused(fake, channel="elsewhere").code == "no_channel"


def test_too_many_wait_as_long_as_zulip_says(fake: provider.Zulip) -> None:
    fake.faults = ZulipFaults(latency=0, too_many=1, retry_after=28.7)
    assert refused(fake).retry_after == 28.7


@pytest.mark.parametrize(("remaining", "least"), [(0, 30), (1, 0)])
def test_the_last_request_for_now_makes_all_wait(fake: provider.Zulip, remaining: int, least: float) -> None:
    fake.faults = ZulipFaults(latency=0, remaining=remaining)
    assert least <= send(fake).wait <= (40 if least else 0)


@pytest.mark.parametrize(
    "faults",
    [
        {"error_before": 1},
        {"cut_before": 1},
        {"status": 200, "text": '{"result": "success"}'},
        {"status": 502, "text": "<html>"},
    ],
)
def test_what_may_stand_is_unknown_and_tried_once(fake: provider.Zulip, faults: dict[str, Any]) -> None:
    fake.faults = ZulipFaults(latency=0, **faults)
    with pytest.raises(OutcomeUnknown):
        send(fake)
    assert (fake.requests, len(fake.posts)) == (1, 0)


def test_what_was_accepted_a_minute_ago_is_not_this_attempt(fake: provider.Zulip) -> None:
    fake.post(TEXT)
    later = replace(attempt(), started=attempt().started + timedelta(minutes=1))
    assert using(fake, lambda channel: channel.find(Sent(later, message(TEXT), WHO))) is None


# --- the check ------------------------------------------------------------------------------------------------------
def test_a_check_names_the_channel_and_says_what_is_wrong(fake: provider.Zulip) -> None:
    [good] = using(fake, lambda channel: channel.check())
    [bad] = using(fake, lambda channel: channel.check(), channel="elsewhere")
    assert (good.ok, good.text) == (True, "chat: Alerts posts in Alerts & news > Alerts")
    assert not bad.ok
    assert "unknown channel" in bad.text
    assert "channel" in bad.hint


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({}, ""),
        ({"channel": 7}, ""),
        ({"email": "alerts-bot"}, "email"),
        ({"email": "a:b@judge.example"}, "email"),
        ({"channel": "#alerts"}, "channel"),
        ({"channel": " "}, "channel"),
        ({"topic": ""}, "topic"),
        ({"topic": "x" * 61}, "topic"),
    ],
)
def test_options_that_cannot_work_stop_the_start(more: dict[str, Any], key: str) -> None:
    given = {"email": EMAIL, "api_key": Secret(KEY), "base_url": "https://z.example", "channel": CHANNEL, **more}
    found = Options(**given).wrong("US")
    assert (found.key if found else "") == key
