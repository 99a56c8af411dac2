"""Bluesky: what is posted, how often a session is made, what each answer means. Over real sockets.

Where BLUESKY_PDS names a real server (``http://127.0.0.1:2583``), its part runs over that one too.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broadcaster.channels.bluesky import CODES, GONE, Bluesky, Options, facets, open_channel, record_key
from broadcaster.domain.channel import (
    Accepted,
    Attempt,
    ChannelError,
    DataPath,
    Found,
    OutcomeUnknown,
    Recipient,
    Secret,
    Sent,
    Verdict,
)
from tests.channels.graphs import LINK, PNG, posting, using
from tests.channels.ways import PUBLIC_URL, TEXT, attempt, message
from tests.providers import bluesky as provider
from tests.providers.base import served
from tests.providers.bluesky import BlueskyFaults

WHO = Recipient("judgecounty", "en")


@pytest.fixture
def fake() -> Iterator[provider.Bluesky]:
    with served(provider.Bluesky(BlueskyFaults(latency=0))) as made:
        yield made


def channel(fake: provider.Bluesky, folder: Path, **more: Any) -> Bluesky:
    options = Options(Secret(provider.PASSWORD), provider.HANDLE, fake.base_url, DataPath(str(folder / "s")), **more)
    return open_channel("county", options, PUBLIC_URL)


def tried(key: str = "k1", earlier: str = "", id_: str = "at_1", **more: Any) -> Attempt:
    return replace(attempt(id_, earlier=earlier), key=key, posting=posting(**more))


def send(fake: provider.Bluesky, folder: Path, text: str = TEXT, **more: Any) -> Accepted:
    return using(channel(fake, folder), lambda c: c.send(message(text, "es"), WHO, tried(**more)))


def refused(fake: provider.Bluesky, folder: Path, **more: Any) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        send(fake, folder, **more)
    return raised.value


# --- over a real server, too ----------------------------------------------------------------------------------
@pytest.fixture(params=["stand-in", "real"])
def account(request: pytest.FixtureRequest, tmp_path: Path, fake: provider.Bluesky) -> Bluesky:
    if request.param == "stand-in":
        return channel(fake, tmp_path)
    if not (url := os.environ.get("BLUESKY_PDS", "")):
        pytest.skip("BLUESKY_PDS names no real server")
    handle, password = f"t{time.time_ns() // 1000 % 10**11}.test", "a-pass-word"
    body = {"handle": handle, "email": f"{handle}@example.org", "password": password}
    made = urllib.request.Request(
        f"{url}/xrpc/com.atproto.server.createAccount", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(made).close()
    return open_channel("county", Options(Secret(password), handle, url, DataPath(str(tmp_path))), PUBLIC_URL)


def test_a_thread_with_its_picture_stands_once_and_is_found(account: Bluesky) -> None:
    text = "Evacuate \u2014 \u907f\u96e3. https://judgecounty.gov/a(b). #Fire, \U0001f525"

    async def work(c: Bluesky) -> None:
        one = tried("k1")
        first = await c.send(message(text), WHO, one)
        assert await c.send(message(text), WHO, replace(one, id="at_2")) == first
        second = await c.send(message("More", number=1), WHO, tried("k2", first.provider_id))
        third = await c.send(message("Last", number=2), WHO, tried("k3", second.provider_id))
        records = {post["uri"]: post async for post in c._posts(first.provider_id.split("/")[2], attempt().started)}
        assert records.keys() == {first.provider_id, second.provider_id, third.provider_id}
        reply = records[third.provider_id]["value"]["reply"]
        assert (reply["root"]["uri"], reply["parent"]["uri"]) == (first.provider_id, second.provider_id)
        assert reply["root"]["cid"] == records[first.provider_id]["cid"]
        shown = records[first.provider_id]["value"]
        raw = text.encode()
        spans = [raw[f["index"]["byteStart"] : f["index"]["byteEnd"]].decode() for f in shown["facets"]]
        assert spans == ["https://judgecounty.gov/a(b)", "#Fire"]
        assert shown["embed"]["images"][0]["alt"] == posting().picture.alt  # type: ignore[union-attr]
        found = await c.find(Sent(attempt(), message(text), WHO))
        assert found == Found(first.provider_id, "delivered", url=first.url)
        assert await c.find(Sent(attempt(), message("Another"), WHO)) is None
        for long in ("x" * 301, "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466" * 150):
            with pytest.raises(ChannelError) as raised:
                await c.send(message(long), WHO, tried("k4"))
            assert (raised.value.code, raised.value.permanent) == ("http_400", True)

    using(account, work)


def test_where_the_first_post_is_gone_the_next_try_answers_nothing(account: Bluesky) -> None:
    async def work(c: Bluesky) -> None:
        did = (await c._server.session()).did
        gone = f"at://{did}/app.bsky.feed.post/3k22222222222"
        with pytest.raises(ChannelError) as raised:
            await c.send(message(), WHO, tried(earlier=gone))
        assert (raised.value.code, CODES[GONE]) == (GONE, Verdict.RETRY_ONCE)
        assert (await c.send(message(), WHO, tried(earlier=gone))).provider_id

    using(account, work)


# --- whom a post names ----------------------------------------------------------------------------------------
NAMED = "Go \u2014 now. #BearCreekFire @fire.county.example @gone.county.example"


def named(fake: provider.Bluesky, folder: Path, posts: int = 1, **more: Any) -> list[dict[str, str]]:
    """The features of the last post's facets, by their words."""
    mentions = ("@fire.county.example", "@gone.county.example")

    async def work(c: Bluesky) -> None:
        for n in range(posts):
            await c.send(message(NAMED), WHO, tried(f"n{n}"))

    using(channel(fake, folder, mentions=mentions, **more), work)
    value = list(fake.records.values())[-1]["value"]
    raw = value["text"].encode()
    return [
        {raw[f["index"]["byteStart"] : f["index"]["byteEnd"]].decode(): f["features"][0].get("did", "")}
        for f in value["facets"]
    ]


def test_a_name_is_asked_for_once_and_one_that_nobody_knows_is_plain_text(
    fake: provider.Bluesky, tmp_path: Path
) -> None:
    fake.plan.names = {"fire.county.example": "did:plc:fire", "gone.county.example": "no did"}
    assert named(fake, tmp_path, posts=2) == [{"#BearCreekFire": ""}, {"@fire.county.example": "did:plc:fire"}]
    assert fake.methods.count("resolveHandle") == 2  # each once: neither is asked for again with the next post


def test_a_post_waits_for_names_no_longer_than_a_part_of_its_time(fake: provider.Bluesky, tmp_path: Path) -> None:
    fake.plan.silent_names = True
    assert named(fake, tmp_path, timeout_seconds=3.0) == [{"#BearCreekFire": ""}]


# --- what a post holds ----------------------------------------------------------------------------------------
def test_without_a_picture_a_card_leads_to_the_alerts_page(fake: provider.Bluesky, tmp_path: Path) -> None:
    send(fake, tmp_path, picture=None)
    [record] = fake.records.values()
    assert record["value"]["embed"]["external"]["uri"] == LINK
    assert record["value"]["langs"] == ["es"]


@pytest.mark.parametrize("faults", [{"no_blobs": True}, {"blobs_hang": True}])
def test_a_picture_that_is_not_taken_takes_no_word_with_it(
    fake: provider.Bluesky, tmp_path: Path, faults: dict[str, Any]
) -> None:
    fake.faults = BlueskyFaults(latency=0, **faults)
    using(channel(fake, tmp_path, timeout_seconds=2.0), lambda c: c.send(message(), WHO, tried()))
    [record] = fake.records.values()
    assert record["value"]["embed"]["$type"] == "app.bsky.embed.external"


def test_a_picture_goes_up_as_it_is_with_its_shape(fake: provider.Bluesky, tmp_path: Path) -> None:
    send(fake, tmp_path)
    [record] = fake.records.values()
    assert list(fake.blobs.values()) == [PNG]
    assert record["value"]["embed"]["images"][0]["aspectRatio"] == {"width": 1080, "height": 1080}


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("see http://a.org/x, then", ["http://a.org/x"]),
        ("(https://a.org/b)", ["https://a.org/b"]),
        ("https://a.org/b_(c)", ["https://a.org/b_(c)"]),
        ("\u8a73\u7d30https://a.org/\u3002", ["https://a.org/"]),
        ("#Fire #1 #2026Fire, a#b #\ufe0f #Canyon_Fire!", ["#Fire", "#2026Fire", "#Canyon_Fire"]),
        ("no https:// and # alone", []),
    ],
)
def test_links_and_tags_are_marked_by_bytes(text: str, spans: list[str]) -> None:
    raw = text.encode()
    assert [raw[f["index"]["byteStart"] : f["index"]["byteEnd"]].decode() for f in facets(text)] == spans


def test_a_deliverys_key_is_the_same_for_all_its_tries_and_no_other_deliverys() -> None:
    first, again = tried("k1"), tried("k1", id_="at_2")
    again = replace(again, posting=first.posting)
    other = replace(again, key="k2")
    assert record_key(first) == record_key(again) != record_key(other)
    assert record_key(first)[:5] == record_key(other)[:5]  # both of the alert's time


# --- sessions -------------------------------------------------------------------------------------------------
def made_sessions(fake: provider.Bluesky) -> list[str]:
    return [name for name in fake.methods if name.endswith("Session")]


def ends_soon(fake: provider.Bluesky, folder: Path) -> None:
    """The kept access token has less life left than a request may take."""
    kept = folder / "s" / "county.json"
    kept.write_text(json.dumps(json.loads(kept.read_text()) | {"access": fake.token("access", 30)}))


def test_one_session_serves_all_posts_and_processes_and_only_its_owner_reads_it(
    fake: provider.Bluesky, tmp_path: Path
) -> None:
    send(fake, tmp_path, key="k1")
    send(fake, tmp_path, key="k2")
    assert made_sessions(fake) == ["createSession"]
    kept = tmp_path / "s" / "county.json"
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert provider.PASSWORD not in kept.read_text()


def test_many_at_once_make_one_session(fake: provider.Bluesky, tmp_path: Path) -> None:
    async def work(c: Bluesky) -> None:
        await asyncio.gather(*(c.send(message(f"Text {n}"), WHO, tried(f"k{n}")) for n in range(20)))

    using(channel(fake, tmp_path), work)
    assert (made_sessions(fake), len(fake.records)) == (["createSession"], 20)


def test_a_session_that_ends_is_renewed_without_the_password(fake: provider.Bluesky, tmp_path: Path) -> None:
    send(fake, tmp_path, key="k1")
    ends_soon(fake, tmp_path)
    send(fake, tmp_path, key="k2")
    assert made_sessions(fake) == ["createSession", "refreshSession"]


def test_a_session_that_the_server_ended_is_renewed_by_the_next_try(fake: provider.Bluesky, tmp_path: Path) -> None:
    send(fake, tmp_path, key="k1", picture=None)
    fake.faults = BlueskyFaults(latency=0, expired=True)

    async def two(c: Bluesky) -> None:
        with pytest.raises(ChannelError) as raised:
            await c.send(message(), WHO, tried("k2"))
        assert CODES[raised.value.code] is Verdict.RETRY
        await c.send(message(), WHO, tried("k2"))

    using(channel(fake, tmp_path), two)
    assert made_sessions(fake) == ["createSession", "refreshSession"]


def test_where_the_session_cannot_be_renewed_the_password_makes_a_new_one(
    fake: provider.Bluesky, tmp_path: Path
) -> None:
    send(fake, tmp_path, key="k1")
    ends_soon(fake, tmp_path)
    fake.faults = BlueskyFaults(latency=0, refresh_refused=True)
    send(fake, tmp_path, key="k2")
    assert made_sessions(fake) == ["createSession", "refreshSession", "createSession"]


def test_a_kept_session_of_another_account_or_a_broken_one_is_not_used(fake: provider.Bluesky, tmp_path: Path) -> None:
    send(fake, tmp_path, key="k1")
    kept = tmp_path / "s" / "county.json"
    for text in (kept.read_text().replace(provider.HANDLE, "other.example"), "{}", "no JSON", "[]"):
        kept.write_text(text)
        send(fake, tmp_path, key=text[:20])
    assert made_sessions(fake) == ["createSession"] * 5


def test_no_more_sessions_make_all_wait(fake: provider.Bluesky, tmp_path: Path) -> None:
    fake.faults = BlueskyFaults(latency=0, sessions=0)
    error = refused(fake, tmp_path)
    assert (error.code, CODES[error.code]) == ("http_429", Verdict.BACK_OFF)
    assert 25 < (error.retry_after or 0) <= 30


def test_a_wrong_password_stops_the_channel_and_is_said_nowhere(fake: provider.Bluesky, tmp_path: Path) -> None:
    fake.faults = BlueskyFaults(unauthorized=True)
    error = refused(fake, tmp_path)
    assert (error.code, CODES[error.code]) == ("AuthenticationRequired", Verdict.STOP_CHANNEL)
    [line] = using(channel(fake, tmp_path), lambda c: c.check())
    assert not line.ok
    assert "app password" in line.hint
    assert provider.PASSWORD not in line.text + str(error)


# --- what the answers mean ------------------------------------------------------------------------------------
def test_a_limit_that_is_used_up_makes_all_wait_before_it_is_refused(fake: provider.Bluesky, tmp_path: Path) -> None:
    fake.faults = BlueskyFaults(latency=0, remaining=0)
    assert 35 < send(fake, tmp_path).wait <= 40
    fake.faults = BlueskyFaults(latency=0, remaining=1)
    assert send(fake, tmp_path, key="k2").wait == 0
    fake.faults = BlueskyFaults(latency=0, too_many=1, retry_after=50)
    assert 45 < (refused(fake, tmp_path, key="k3").retry_after or 0) <= 50


@pytest.mark.parametrize("fault", ["error_after", "cut_after", "unreadable"])
def test_a_lost_answer_is_looked_up_at_once(fake: provider.Bluesky, tmp_path: Path, fault: str) -> None:
    fake.faults = BlueskyFaults(latency=0, **{fault: 1.0})
    assert send(fake, tmp_path).provider_id == next(iter(fake.records.values()))["uri"]
    assert fake.writes == 1


@pytest.mark.parametrize("fault", ["error_before", "cut_before"])
def test_what_does_not_stand_after_a_lost_answer_is_unknown(fake: provider.Bluesky, tmp_path: Path, fault: str) -> None:
    fake.faults = BlueskyFaults(latency=0, **{fault: 1.0})
    with pytest.raises(OutcomeUnknown):
        send(fake, tmp_path)
    assert (fake.writes, fake.records) == (1, {})


@pytest.mark.parametrize("conflict", [None, (400, "InvalidRequest"), (409, "RecordAlreadyExists")])
def test_a_key_that_is_taken_by_an_earlier_try_is_read_whatever_it_is_called(
    fake: provider.Bluesky, tmp_path: Path, conflict: tuple[int, str] | None
) -> None:
    fake.faults = BlueskyFaults(latency=0, conflict=conflict)
    first = send(fake, tmp_path)
    assert send(fake, tmp_path).provider_id == first.provider_id
    assert refused(fake, tmp_path, text="x" * 301, key="k2").code == "http_400"


def test_another_post_under_the_same_key_is_not_taken_for_ours(fake: provider.Bluesky, tmp_path: Path) -> None:
    one = tried("k1")
    fake.put(record_key(one), {"text": "Somebody else's", "createdAt": "2026-11-22T00:00:00Z"})
    with pytest.raises(OutcomeUnknown):
        using(channel(fake, tmp_path), lambda c: c.send(message(), WHO, one))


@pytest.mark.parametrize(
    ("status", "code", "verdict"),
    [(403, "http_403", Verdict.STOP_CHANNEL), (404, "http_404", Verdict.ALARM), (500, "step_lost", Verdict.RETRY)],
)
def test_a_server_that_gives_no_session_took_no_post(
    fake: provider.Bluesky, tmp_path: Path, status: int, code: str, verdict: Verdict
) -> None:
    fake.faults = BlueskyFaults(status=status)
    error = refused(fake, tmp_path)
    assert (error.code, CODES[error.code]) == (code, verdict)
    assert fake.writes == 0


def test_older_posts_and_those_of_other_attempts_are_not_it(fake: provider.Bluesky, tmp_path: Path) -> None:
    first = send(fake, tmp_path)
    held = Sent(attempt(), message(), WHO, frozenset([first.provider_id]))
    later = Sent(replace(attempt(), started=attempt().started.replace(year=2030)), message(), WHO)
    known = Sent(attempt(), message("other"), WHO, provider_id=first.provider_id)
    for sent, there in ((held, False), (later, False), (known, True)):
        assert bool(using(channel(fake, tmp_path), lambda c, s=sent: c.find(s))) is there


def test_reading_stops_a_day_back_and_gives_up_after_500_posts(fake: provider.Bluesky, tmp_path: Path) -> None:
    for n in range(150):
        fake.put(f"2222222222{n:03d}".replace("0", "a").replace("1", "b").replace("8", "c").replace("9", "d"), {})
    assert (
        using(channel(fake, tmp_path), lambda c: c.find(Sent(attempt("at_1"), message(), WHO, provider_id="x"))) is None
    )
    assert fake.methods.count("listRecords") == 1
    for n in range(600):
        fake.put(f"6zzzzzzzzz{n:03d}", {})
    with pytest.raises(OutcomeUnknown):
        using(channel(fake, tmp_path), lambda c: c.find(Sent(attempt(), message(), WHO, provider_id="x")))
