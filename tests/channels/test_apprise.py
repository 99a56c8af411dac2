"""Apprise: one post, nobody called by it, and what its plugins' logs tell apart. Over real sockets."""

from __future__ import annotations

import asyncio
import html
import io
import json
import logging
import threading
import traceback
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from broadcaster.channels import apprise
from broadcaster.channels.apprise import CODES, AppriseAccount, Options, open_channel, uncalled
from broadcaster.domain.channel import Accepted, ChannelError, OutcomeUnknown, Recipient, Secret, Verdict
from tests.channels.ways import PUBLIC_URL, TEXT, attempt, message
from tests.providers.base import Faults, served
from tests.providers.discord import PATH, TOKEN, URL, Discord, DiscordFaults
from tests.providers.rooms import PLACED, ROOMS, Rooms

T = TypeVar("T")
WHO = Recipient("en", "en")


@pytest.fixture
def fake() -> Iterator[Discord]:
    with served(Discord(DiscordFaults(latency=0))) as made:
        yield made


def using(options: Options, work: Callable[[AppriseAccount], Awaitable[T]]) -> T:
    async def run() -> T:
        channel = open_channel("discord", options, PUBLIC_URL)
        try:
            return await work(channel)
        finally:
            await channel.close()

    return asyncio.run(run())


def send(fake: Discord, text: str = TEXT, **more: Any) -> Accepted:
    options = Options(Secret(URL), fake.base_url + PATH, **more)
    return using(options, lambda channel: channel.send(message(text), WHO, attempt()))


def refused(fake: Discord, text: str = TEXT) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        send(fake, text)
    return raised.value


# --- what is posted -------------------------------------------------------------------------------------------------
def test_a_text_arrives_once_as_it_is_and_calls_nobody(fake: Discord, shared: Path) -> None:
    text = 'Leave "now", \\ {{app_id}} *Canyon* <b>\nGo south. \U0001f692 ' + "x" * 1900
    assert send(fake, text) == Accepted("at_1", delivered=True)
    [body] = fake.posts
    assert (body["content"], body["allowed_mentions"]) == (text, {"parse": []})
    api = json.loads((shared / "specs" / "discord" / "openapi.json").read_text())
    schema = api["components"]["schemas"]["IncomingWebhookRequestPartial"]["properties"]
    assert {"content", "allowed_mentions"} <= schema.keys()


@pytest.mark.parametrize(
    "call", ["@everyone", "@here", "@channel", "@room", "@all", "@Everyone", "<!channel>", "<@123>", "<@&12>", "<#12>"]
)
def test_what_calls_a_room_is_broken_by_a_joiner_that_nobody_sees(call: str) -> None:
    broken = uncalled(f"Leave now {call} please")
    assert broken.replace("\u2060", "") == f"Leave now {call} please"
    assert call not in broken
    assert uncalled("mail a@herefordshire.example, at < 3 ft, @allison").count("\u2060") <= 1


def test_a_text_that_does_not_fit_is_never_split(fake: Discord) -> None:
    error = refused(fake, "x" * 2001)
    assert (error.code, CODES[error.code], fake.requests) == ("too_long", Verdict.PERMANENT, 0)


@pytest.mark.parametrize(
    ("url", "unit", "length", "own", "ours"),
    [
        (URL, "utf16", 2000, 300, 300),
        (URL, "utf16", 2000, 9999, 2000),
        ("ntfys://ntfy.sh/county", "bytes", 4096, None, 4096),
        ("workflows://host:443/wid/sig/", "utf16", 1000, None, 1000),
        ("matrixs://user:pass@matrix.example/#county", "bytes", 40_000, None, 40_000),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general", "utf16", 35_000, None, 35_000),
        ("gchat://space/key/token", "utf16", 4000, None, 4000),
    ],
)
def test_the_length_is_the_services(url: str, unit: str, length: int, own: int | None, ours: int) -> None:
    limits = open_channel("a", Options(Secret(url), length=own), "").limits()
    assert (limits.unit, limits.length) == (unit, ours)


# --- what the answers mean --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("status", "verdict"),
    [(307, Verdict.ALARM), (400, Verdict.PERMANENT), (403, Verdict.STOP_CHANNEL), (404, Verdict.STOP_CHANNEL)],
)
def test_a_refusal_is_told_by_its_status_and_no_redirect_is_followed(
    fake: Discord, status: int, verdict: Verdict
) -> None:
    fake.faults = DiscordFaults(status=status)
    error = refused(fake)
    assert (error.code, CODES[error.code], fake.requests) == (f"http_{status}", verdict, 1)
    assert error.permanent is (verdict is not Verdict.STOP_CHANNEL)


def test_a_busy_service_is_neither_slept_for_nor_asked_again(fake: Discord) -> None:
    fake.faults = DiscordFaults(latency=0, too_many=1, reset_seconds=20)
    error = refused(fake)
    assert (error.code, CODES[error.code], fake.requests) == ("http_429", Verdict.BACK_OFF, 1)
    assert error.retry_after is not None
    assert 15 < error.retry_after <= 31  # the plugin adds ten seconds for wrong clocks


@pytest.mark.parametrize("fault", ["error_before", "error_after", "cut_before", "cut_after", "hang_after"])
def test_what_may_stand_is_unknown_and_tried_once(fake: Discord, fault: str) -> None:
    fake.faults = DiscordFaults(latency=0, **{fault: 1.0})
    with pytest.raises(OutcomeUnknown):
        send(fake, timeout_seconds=1.0)
    assert (fake.requests, len(fake.posts)) == (1, int("after" in fault))


def test_nothing_begins_once_nobody_waits_for_it_any_more(fake: Discord) -> None:
    tried = apprise._Try()
    tried.end()
    service = apprise._service(Options(Secret(URL), fake.base_url + PATH))
    assert service is not None
    with pytest.raises(apprise._Late):
        tried.run(service, TEXT)
    assert fake.requests == 0


@pytest.mark.parametrize("service", ROOMS)
def test_each_service_gets_one_post_by_its_published_interface_and_is_told_apart(service: str) -> None:
    text = f'{TEXT}\n*Canyon* <b> & "x" # {chr(0x4E2D)} \U0001f692 @here: error=404, rate limit'
    told: dict[str, str] = {}
    with served(Rooms(service=service)) as fake:
        here = fake.base_url.removeprefix("http://")
        options = Options(Secret(ROOMS[service].format(here)), fake.base_url if service in PLACED else None)
        assert options.wrong("US") is None
        for status in (200, 400, 401, 404, 429, 500, 0):
            fake.faults, fake.posts = Faults(status=0 if status == 200 else status, cut_after=status == 0), 0
            told[str(status)] = outcome(options, text)
            assert fake.posts == 1, status  # nothing is repeated
        told["down"] = outcome(replace(options, url=Secret(ROOMS[service].format("127.0.0.1:9"))), text, service)
    refused = {str(status): f"http_{status}" for status in (400, 401, 404, 429)}
    assert told == {"200": "ok", **refused, "500": "unknown", "0": "unknown", "down": "connect"}
    assert fake.wrong == []
    assert {html.unescape(one) if service == "slack" else one for one in fake.texts} == {uncalled(text)}


def outcome(options: Options, text: str, down: str = "") -> str:
    if down in PLACED:
        options = replace(options, base_url="http://127.0.0.1:9")
    try:
        using(options, lambda channel: channel.send(message(text), WHO, attempt()))
    except ChannelError as error:
        return error.code
    except OutcomeUnknown:
        return "unknown"
    return "ok"


def test_a_farewell_that_is_refused_does_not_hide_that_nobody_knows() -> None:
    unknown = apprise._failure(["Failed to send: error=502.", "Failed to log out: error=401."], [])
    assert isinstance(unknown, OutcomeUnknown)
    refused = apprise._failure(["error=403."], ["what was sent: error=500"])
    assert isinstance(refused, ChannelError)
    assert refused.code == "http_403"


def test_a_limit_that_names_no_end_is_not_asked_again_either(fake: Discord) -> None:
    fake.faults = DiscordFaults(latency=0, too_many=1, reset_seconds=0)
    error = refused(fake)
    assert (error.code, error.retry_after, fake.requests) == ("http_429", apprise.BUSY_SECONDS, 1)


def test_an_account_that_hangs_holds_up_no_other_and_what_never_began_was_not_sent(fake: Discord) -> None:
    async def work() -> Accepted:
        hung, other = (open_channel(name, Options(Secret(URL), fake.base_url + PATH, **more), "") for name, more in TWO)
        over = threading.Event()
        for _ in range(apprise.AT_ONCE):  # as posts that hang
            hung._pool().submit(over.wait)
        with pytest.raises(ChannelError) as raised:
            await hung.send(message(), WHO, attempt("at_1"))
        assert raised.value.code == "connect"
        sent = await other.send(message(), WHO, attempt("at_2"))
        over.set()
        await hung.close()
        await other.close()
        return sent

    assert asyncio.run(work()).delivered
    assert fake.requests == 1


TWO: tuple[tuple[str, dict[str, Any]], ...] = (("hung", {"timeout_seconds": 0.2}), ("other", {}))


def test_tokens_are_in_no_error_and_no_log(fake: Discord) -> None:
    written = io.StringIO()
    handler, root = logging.StreamHandler(written), logging.getLogger()  # caplog hears what does not propagate, too
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        for faults in ({"unauthorized": True}, {"too_many": 1.0}, {"cut_after": 1.0}):
            fake.faults = DiscordFaults(latency=0, **faults)  # type: ignore[arg-type]
            with pytest.raises((ChannelError, OutcomeUnknown)) as raised:
                send(fake)
            assert TOKEN not in "".join(traceback.format_exception(raised.value))
        logging.getLogger("broadcaster").warning("heard")
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
    assert "heard" in written.getvalue()
    assert TOKEN not in written.getvalue()


# --- addresses --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("url", "told"),
    [
        (URL, ""),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general", ""),
        ("ntfys://ntfy.sh/county", ""),
        ("ntfy://localhost/county", ""),
        ("matrixs://user:pass@matrix.example/#county", ""),
        ("signal://localhost:8080/+15005550006/@group.abcdef", ""),
        ("gchat://space/key/token", ""),
        ("ntfy://ntfy.example/county", "not encrypted"),
        ("jsons://host/hook?verify=no", "unchecked"),
        ("matrixs://user:pass@matrix.example/#county/#other", "2 rooms"),
        ("signal://localhost:8080/+15005550006/+15005550007", "telephone"),
        ("mailto://user:pass@gmail.com", 'kind of its own; write kind = "smtp"'),
        ("tgram://123456789:abcdefg_hijklmnop/12315544/", 'write kind = "telegram"'),
        ("zulip://bot@judge/a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4/alerts", 'write kind = "zulip"'),
        ("vonage://ACaaaaaa:bbbbbbbbbbbbbbbb@15005550006/15005550007", "one by one; they subscribe"),
        ("sendgrid://key:from@judge.example/a@judge.example", "one by one"),
        ("syslog://", "no account"),
        ("nosuch://host", "does not understand"),
        ("s3cr3t-token-alone", "does not understand"),
        ("", "does not understand"),
    ],
)
def test_an_address_that_is_not_for_this_kind_stops_the_start(url: str, told: str) -> None:
    found = Options(Secret(url)).wrong("US")
    assert (found is None) is (told == "")
    if found is not None:
        assert told in f"{found.text}; {found.hint}"
        assert "s3cr3t" not in f"{found.text}{found.hint}"


def test_another_base_url_only_where_the_service_has_one() -> None:
    found = Options(Secret("ntfys://ntfy.example/county"), "http://127.0.0.1:9").wrong("US")
    assert found is not None
    assert found.key == "base_url"
    assert Options(Secret(URL), "http://127.0.0.1:9").wrong("US") is None


def test_a_service_of_which_nothing_can_be_asked_says_so() -> None:
    [check] = using(Options(Secret("rockets://user:pass@chat.example/#county")), lambda channel: channel.check())
    assert check.ok
    assert "without posting" in check.text or "answers" in check.text


def test_a_length_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="length"):
        Options(Secret(URL), length=0)
