"""X: what is posted, what each refusal means, how a post is found again. Over real sockets, signatures checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from broadcaster.channels.x import CODES, Options, X, open_channel
from broadcaster.domain.channel import (
    Accepted,
    Attempt,
    ChannelError,
    Found,
    OutcomeUnknown,
    Recipient,
    Secret,
    Sent,
    Verdict,
)
from tests.channels.graphs import CARD, PNG, posting, using
from tests.channels.ways import PUBLIC_URL, TEXT, attempt, message
from tests.providers import x as provider
from tests.providers.base import served
from tests.providers.x import XFaults

WHO = Recipient("judgecounty", "en")
KEYS = tuple(map(Secret, provider.KEYS))


@pytest.fixture
def fake() -> Iterator[provider.X]:
    with served(provider.X(XFaults(latency=0))) as made:
        yield made


def channel(fake: provider.X, **more: Any) -> X:
    return open_channel("county", Options(*KEYS, **{"base_url": fake.base_url, **more}), PUBLIC_URL)


def tried(id_: str = "at_1", earlier: str = "", **more: Any) -> Attempt:
    return replace(attempt(id_, earlier=earlier), posting=posting(**more))


def send(fake: provider.X, text: str = TEXT, one: Attempt | None = None, **more: Any) -> Accepted:
    return using(channel(fake, **more), lambda c: c.send(message(text), WHO, one or attempt()))


def find(fake: provider.X, sent: Sent) -> Found | None:
    return using(channel(fake), lambda c: c.find(sent))


def refused(fake: provider.X, text: str = TEXT, one: Attempt | None = None) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        send(fake, text, one)
    return raised.value


# --- what is posted -------------------------------------------------------------------------------------------
def test_a_post_answers_the_first_one_and_bears_its_picture_with_words(fake: provider.X) -> None:
    first = send(fake, "Cafe\u0301 fire", username="judgecounty")
    second = send(fake, "Second", tried(earlier=first.provider_id))
    assert [(post.text, post.answers) for post in fake.posts] == [("Caf\u00e9 fire", ""), ("Second", fake.posts[0].id)]
    assert first == Accepted(fake.posts[0].id, f"https://x.com/judgecounty/status/{fake.posts[0].id}", delivered=True)
    assert second.url == f"https://x.com/i/status/{fake.posts[1].id}"
    [media] = fake.posts[1].media
    assert (fake.media[media], fake.alts[media]) == (PNG, CARD.alt)


def test_later_posts_of_a_thread_have_no_picture(fake: provider.X) -> None:
    using(channel(fake), lambda c: c.send(message(number=1), WHO, tried()))
    assert (fake.posts[0].media, fake.media) == ([], {})


@pytest.mark.parametrize("kind", ["multipart/form-data", "application/json"])
def test_a_picture_is_uploaded_in_the_form_that_x_takes(fake: provider.X, kind: str) -> None:
    fake.faults = XFaults(latency=0, media_as=kind)
    send(fake, one=tried())
    [media] = fake.posts[0].media
    assert (fake.media[media], fake.alts[media]) == (PNG, CARD.alt)


@pytest.mark.parametrize("faults", [{"no_media": True}, {"media_hangs": True}])
def test_a_picture_that_is_not_taken_takes_no_word_with_it(fake: provider.X, faults: dict[str, Any]) -> None:
    fake.faults = XFaults(latency=0, **faults)
    send(fake, one=tried(), timeout_seconds=2.0)
    assert (len(fake.posts), fake.posts[0].media) == (1, [])


def test_where_the_first_post_is_gone_the_next_try_answers_nothing(fake: provider.X) -> None:
    async def two(c: X) -> None:
        with pytest.raises(ChannelError) as raised:
            await c.send(message(), WHO, attempt("at_1", earlier="404"))
        assert CODES[raised.value.code] is Verdict.RETRY_ONCE
        await c.send(message(), WHO, attempt("at_2", earlier="404"))

    using(channel(fake), two)
    assert [post.answers for post in fake.posts] == [""]


def test_what_x_says_of_a_wrong_parameter_stands_below_its_words(fake: provider.X) -> None:
    fake.faults = XFaults(latency=0, plain=True)
    error = refused(fake, one=attempt("at_1", earlier="404"))
    assert (error.code, error.permanent) == ("comment_refused", False)
    assert "parameters to your request was invalid. Your reply tweet ID is invalid." in error.text


def test_where_x_takes_no_answer_the_words_go_by_themselves(fake: provider.X) -> None:
    fake.faults = XFaults(latency=0, summons=True)

    async def two(c: X) -> None:
        with pytest.raises(ChannelError, match="not allowed") as raised:
            await c.send(message(), WHO, attempt("at_1", earlier="19"))
        error = raised.value
        assert (CODES[error.code], error.permanent, error.retry_after) == (Verdict.RETRY, False, 0)
        await c.send(message(), WHO, attempt("at_2", earlier="19"))
        fake.faults = XFaults(latency=0, refusal=(403, "about:blank", "spam"))
        with pytest.raises(ChannelError) as raised:
            await c.send(message(), WHO, attempt("at_3", earlier="19"))
        assert raised.value.code == "http_403"

    using(channel(fake), two)
    assert [post.answers for post in fake.posts] == [""]


# --- duplicates -----------------------------------------------------------------------------------------------
def test_a_text_refused_as_a_duplicate_is_ours_where_it_stands_since_the_alert(fake: provider.X) -> None:
    first = send(fake, f"{TEXT} https://alerts.judge.example/a", tried("at_1"))
    again = send(fake, f"{TEXT} https://alerts.judge.example/a", tried("at_2"))
    assert (again.provider_id, again.url, len(fake.posts)) == (first.provider_id, first.url, 1)


@pytest.mark.parametrize("plain", [False, True])
def test_an_older_post_with_the_same_words_is_not_ours(fake: provider.X, plain: bool) -> None:
    fake.faults = XFaults(latency=0, plain=plain)
    fake.post(TEXT).created -= timedelta(hours=1)
    error = refused(fake, one=tried())
    assert (error.code, error.permanent, CODES[error.code]) == ("duplicate", True, Verdict.PERMANENT)
    assert "duplicate content" in error.text


# --- what the answers mean ------------------------------------------------------------------------------------
@pytest.mark.parametrize("window", ["x-rate-limit", "x-app-limit-24hour", "x-user-limit-24hour"])
def test_a_window_that_is_used_up_makes_all_wait_before_it_is_refused(fake: provider.X, window: str) -> None:
    fake.faults = XFaults(latency=0, window=window, remaining=0)
    assert 590 < send(fake).wait <= 600
    fake.faults = XFaults(latency=0, window=window, remaining=1)
    assert send(fake, "Another").wait == 0
    fake.faults = XFaults(latency=0, window=window, too_many=1)
    error = refused(fake, "Third")
    assert (error.code, CODES[error.code]) == ("http_429", Verdict.BACK_OFF)
    assert 590 < (error.retry_after or 0) <= 600


@pytest.mark.parametrize(
    ("refusal", "code", "verdict"),
    [
        ((402, "https://api.x.com/2/problems/credits", "no credits"), "http_402", Verdict.STOP_CHANNEL),
        ((403, "https://api.x.com/2/problems/client-forbidden", "enrol"), "no_access", Verdict.STOP_CHANNEL),
        (
            (403, "about:blank", "Your client app is not configured with the appropriate oauth1 app permissions"),
            "no_access",
            Verdict.STOP_CHANNEL,
        ),
        ((403, "about:blank", "You are not permitted to perform this action."), "http_403", Verdict.ALARM),
        ((400, "about:blank", "One or more parameters was invalid."), "http_400", Verdict.PERMANENT),
    ],
)
def test_each_refusal_says_who_must_act(
    fake: provider.X, refusal: tuple[int, str, str], code: str, verdict: Verdict
) -> None:
    fake.faults = XFaults(latency=0, refusal=refusal)
    error = refused(fake)
    assert (error.code, CODES[error.code], len(fake.posts)) == (code, verdict, 0)
    assert error.permanent is (verdict in (Verdict.ALARM, Verdict.PERMANENT))
    assert refusal[2][:30] in error.text


@pytest.mark.parametrize(
    "faults",
    [
        {"error_before": 1},
        {"cut_before": 1},
        {"status": 200, "text": "[]"},
        {"status": 200, "text": "{}"},
    ],
)
def test_what_may_stand_is_unknown_and_asked_once(fake: provider.X, faults: dict[str, Any]) -> None:
    fake.faults = XFaults(latency=0, **faults)
    with pytest.raises(OutcomeUnknown):
        send(fake)
    assert (fake.requests, len(fake.posts)) == (1, 0)


def test_a_wrong_key_stops_the_channel_and_says_what_to_do(fake: provider.X) -> None:
    fake.faults = XFaults(unauthorized=True)
    error = refused(fake)
    assert (error.code, CODES[error.code]) == ("http_401", Verdict.STOP_CHANNEL)
    [line] = using(channel(fake), lambda c: c.check())
    assert not line.ok
    assert "Read and write" in line.hint
    wrong = open_channel("c", Options(*KEYS[:3], Secret("wrong"), base_url=fake.base_url), "")
    fake.faults = XFaults(latency=0)
    with pytest.raises(ChannelError):
        using(wrong, lambda c: c.send(message(), WHO, attempt()))
    assert fake.posts == []


def test_the_price_of_a_post_stands_in_the_check(fake: provider.X) -> None:
    lines = using(channel(fake, price_per_post=0.015), lambda c: c.check())
    assert [line.text for line in lines] == ["county: posts as @judgecounty", "county: each post costs 0.015"]


def test_a_post_that_costs_less_than_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="price_per_post"):
        Options(*KEYS, price_per_post=-1)


# --- finding a post again -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        "Fire & smoke <now>\nhttps://alerts.judge.example/a/b?c=d https://alerts.judge.example/x",
        "Cafe\u0301 \U0001f525",
        "Go now. https://alerts.judge.example/x #BearCreekFire @CountyFire",
    ],
)
def test_a_post_is_found_by_its_text_as_x_shows_it(fake: provider.X, text: str) -> None:
    accepted = send(fake, text, tried())
    found = find(fake, Sent(attempt(), message(text), WHO))
    assert found == Found(accepted.provider_id, "delivered", url=accepted.url)
    assert find(fake, Sent(attempt(), message(text + "!"), WHO)) is None
    assert find(fake, Sent(attempt(), message(text), WHO, frozenset([accepted.provider_id]))) is None


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("fields", ["tweet.fields", "post.fields"])
def test_posts_are_read_whatever_x_calls_their_fields(fake: provider.X, fields: str, strict: bool) -> None:
    fake.faults = XFaults(latency=0, fields=fields, strict=strict)
    fake.post(TEXT)
    assert find(fake, Sent(attempt(), message(), WHO)) is not None
    fake.faults = XFaults(latency=0, fields="other.fields", strict=strict)
    with pytest.raises(ChannelError if strict else OutcomeUnknown):
        find(fake, Sent(attempt(), message(), WHO))


def test_an_address_that_x_did_not_shorten_is_read_as_it_stands(fake: provider.X) -> None:
    text = "Fire https://alerts.judge.example/a"
    fake.post("Fire").text = text
    fake.posts[0].links = {"https://alerts.judge.example/a": "https://alerts.judge.example/a"}
    assert find(fake, Sent(attempt(), message(text), WHO)) is not None


@pytest.mark.parametrize("plain", [False, True])
def test_a_post_whose_id_is_known_is_asked_for_by_it(fake: provider.X, plain: bool) -> None:
    fake.faults = XFaults(latency=0, plain=plain)
    post = fake.post("edited since")
    found = find(fake, Sent(attempt(), message(), WHO, provider_id=post.id))
    assert found is not None
    assert found.provider_id == post.id
    assert find(fake, Sent(attempt(), message(), WHO, provider_id="404")) is None


def test_posts_are_read_over_pages_back_to_the_try_and_of_two_the_older_is_it(fake: provider.X) -> None:
    fake.post(TEXT).created -= timedelta(minutes=1)
    wanted, second = fake.post(TEXT), fake.post(TEXT)
    wanted.created -= timedelta(seconds=2)
    for number in range(120):
        fake.post(f"Other {number}")
    found = find(fake, Sent(attempt(), message(), WHO))
    assert found is not None
    assert found.provider_id == wanted.id != second.id
    for number in range(500):
        fake.post(f"More {number}")
    with pytest.raises(OutcomeUnknown):
        find(fake, Sent(attempt(), message(), WHO))


def test_without_the_accounts_id_in_the_token_it_is_asked_for(fake: provider.X) -> None:
    keys = fake.keys = (*provider.KEYS[:2], "token-of-another-form", provider.KEYS[3])
    fake.post(TEXT)
    other = open_channel("c", Options(*map(Secret, keys), base_url=fake.base_url), "")
    assert using(other, lambda c: c.find(Sent(attempt(), message(), WHO))) is not None
