"""Threads: what stands on the profile, what each step's failure means, how a post is found again. Over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from broadcaster.channels import containers, graph
from broadcaster.channels.bare import BARE
from broadcaster.channels.http import STEP_LOST
from broadcaster.channels.threads import CODES, Options, open_channel
from broadcaster.domain.channel import Accepted, ChannelError, Found, OutcomeUnknown, Recipient, Secret, Sent, Verdict
from broadcaster.domain.text_social import threads as counted
from tests.channels.graphs import CARD, posting, using
from tests.channels.ways import PUBLIC_URL, TEXT, attempt, message
from tests.providers.base import served
from tests.providers.graph import TOKEN, GraphFaults
from tests.providers.threads import USER, Threads

WHO = Recipient("profile", "en")


@pytest.fixture
def fake() -> Iterator[Threads]:
    with served(Threads(GraphFaults(latency=0))) as made:
        yield made


def channel(fake: Threads, **more: Any) -> Any:
    return open_channel("profile", Options(Secret(TOKEN), base_url=fake.base_url, **more), PUBLIC_URL)


def tries(fake: Threads, count: int, **more: Any) -> list[Any]:
    """What becomes of so many tries of one delivery by one channel: what is accepted, or the error."""

    async def work(profile: Any) -> list[Any]:
        found: list[Any] = []
        for number in range(count):
            tried = replace(attempt(f"at_{number}"), key="dl_1", **more)
            try:
                found.append(await profile.send(message(), WHO, tried))
            except (ChannelError, OutcomeUnknown) as error:
                found.append(error)
        return found

    return using(channel(fake), work)


def codes(found: list[Any]) -> list[str]:
    """Codes of refusals, "unknown", and "" for what was accepted."""
    return [("unknown" if isinstance(one, OutcomeUnknown) else getattr(one, "code", "")) for one in found]


def find(fake: Threads, **more: Any) -> Found | None:
    return using(channel(fake), lambda c: c.find(Sent(replace(attempt(), **more), message(), WHO)))


def url(id_: str) -> str:
    return f"https://www.threads.com/@judgecounty/post/{id_}"


# --- what stands ------------------------------------------------------------------------------------------------------
def test_a_post_stands_with_its_card_its_words_and_its_address(fake: Threads) -> None:
    [accepted] = tries(fake, 1, posting=posting())
    [post] = fake.shown
    assert (post.text, post.more) == (TEXT, {"image_url": CARD.url, "alt_text": CARD.alt})
    assert accepted == Accepted(post.id, url(post.id), delivered=True)
    assert fake.told == []


def test_an_update_and_a_threads_posts_are_replies_without_a_card_of_their_own(fake: Threads) -> None:
    first = fake.made("first", USER)
    more = replace(attempt("at_1", earlier=first.id), posting=posting())
    using(channel(fake), lambda c: c.send(message(number=1), WHO, more))
    assert (fake.shown[1].about, fake.shown[1].more["image_url"]) == (first.id, "")


def test_long_words_of_a_picture_end_between_words(fake: Threads) -> None:
    [_] = tries(fake, 1, posting=posting(replace(CARD, alt="evacuate " * 200)))
    alt = fake.shown[0].more["alt_text"]
    assert 980 < len(alt) <= 1000
    assert alt.endswith("evacuate...")


def test_where_the_first_post_is_gone_the_next_try_answers_nothing(fake: Threads) -> None:
    assert codes(tries(fake, 2, earlier="404")) == [graph.GONE, ""]
    assert [post.about for post in fake.shown] == [""]


# --- the steps --------------------------------------------------------------------------------------------------------
def test_a_picture_that_is_still_fetched_is_waited_for_with_the_same_container(fake: Threads) -> None:
    fake.reads = 2
    found = tries(fake, 3, posting=posting())
    assert codes(found) == [containers.PROCESSING, containers.PROCESSING, ""]
    assert [error.retry_after for error in found[:2]] == [3, 6]
    assert (len(fake.containers), len(fake.shown)) == (1, 1)
    assert fake.shown[0].more["image_url"]


def test_a_picture_that_does_not_come_is_left_out_at_last(fake: Threads) -> None:
    fake.reads = 99
    assert codes(tries(fake, 4, posting=posting())) == [*[containers.PROCESSING] * 2, BARE, ""]
    assert [(post.text, post.more["image_url"]) for post in fake.shown] == [(TEXT, "")]


def test_a_picture_without_an_answer_twice_is_left_out(fake: Threads) -> None:
    fake.faults = GraphFaults(latency=0, edge="/threads", cut_before=1)
    assert codes(tries(fake, 3, posting=posting())) == [STEP_LOST, BARE, STEP_LOST]


def test_a_picture_that_is_refused_is_left_out_at_once(fake: Threads) -> None:
    fake.fails = True
    assert codes(tries(fake, 2, posting=posting())) == [BARE, ""]
    assert len(fake.shown) == 1


@pytest.mark.parametrize("faults", [{"error_before": 1}, {"cut_after": 1}, {"unreadable": 1}, {"hang_after": 1}])
def test_a_container_without_an_answer_shows_nothing_and_is_tried_again(fake: Threads, faults: dict[str, Any]) -> None:
    fake.faults = GraphFaults(latency=0, edge="/threads", **faults)
    lost = using(channel(fake, timeout_seconds=0.5), lambda c: refused(c))
    assert (lost.code, lost.permanent, CODES[lost.code]) == (STEP_LOST, False, Verdict.RETRY)
    assert fake.shown == []


async def refused(profile: Any) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        await profile.send(message(), WHO, attempt())
    return raised.value


@pytest.mark.parametrize(
    ("faults", "stands", "becomes"),
    [({"cut_before": 1}, 0, False), ({"error_after": 1}, 1, False), ({"unreadable": 1}, 1, True)],
)
def test_a_publication_without_an_answer_is_unknown_and_never_made_twice(
    fake: Threads, faults: dict[str, Any], stands: int, becomes: bool
) -> None:
    fake.becomes = becomes

    async def two(profile: Any) -> Accepted:
        tried = replace(attempt("at_1"), key="dl_1", posting=posting(picture=None))
        fake.faults = GraphFaults(latency=0, edge="/threads_publish", **faults)
        with pytest.raises(OutcomeUnknown):
            await profile.send(message(), WHO, tried)
        assert len(fake.shown) == stands
        fake.faults = GraphFaults(latency=0)
        for post in fake.shown:
            post.created -= timedelta(seconds=30)
        accepted: Accepted = await profile.send(message(), WHO, tried)
        return accepted

    accepted = using(channel(fake), two)
    assert [post.id for post in fake.shown] == [accepted.provider_id]
    assert accepted.url == url(accepted.provider_id)
    assert (len(fake.containers), fake.doubled) == (1, 0)


def test_what_is_published_and_not_listed_yet_stays_unknown(fake: Threads) -> None:
    fake.faults = GraphFaults(latency=0, edge="/threads_publish", cut_after=1)

    async def two(profile: Any) -> None:
        for _ in range(2):
            with pytest.raises(OutcomeUnknown):
                await profile.send(message(), WHO, replace(attempt("at_1"), key="dl_1"))
            fake.shown[0].text = "not listed"

    using(channel(fake), two)
    assert len(fake.shown) == 1


def test_a_container_that_meta_does_not_know_is_asked_for_again_and_then_made_anew(fake: Threads) -> None:
    fake.losses = 2
    assert codes(tries(fake, 3)) == [containers.LOST, containers.LOST, ""]
    assert (len(fake.containers), len(fake.shown)) == (2, 1)


def test_a_container_that_meta_forgot_is_made_anew(fake: Threads) -> None:
    fake.losses = 1

    async def work(profile: Any) -> None:
        tried = replace(attempt("at_1"), key="dl_1")
        for code in (containers.LOST, containers.FAILED):
            with pytest.raises(ChannelError) as raised:
                await profile.send(message(), WHO, tried)
            assert raised.value.code == code
            fake.containers.clear()
        await profile.send(message(), WHO, tried)

    using(channel(fake), work)
    assert len(fake.shown) == 1


def test_a_refusal_is_known_by_its_code_at_either_step(fake: Threads) -> None:
    first = fake.made("first", USER)
    for edge in ("/threads", "/threads_publish"):
        fake.faults = GraphFaults(latency=0, edge=edge, refusal=(400, 190, 463, "Session has expired"))
        assert codes(tries(fake, 1, posting=posting())) == ["190"]
        assert codes(tries(fake, 1, earlier=first.id)) == ["190"]
    assert fake.shown == [first]


def test_the_days_last_post_makes_all_wait(fake: Threads) -> None:
    fake.quota = 2
    waits = [using(channel(fake), lambda c: c.send(message(), WHO, attempt())).wait for _ in range(2)]
    assert waits == [0, containers.QUOTA_SECONDS]
    first = fake.shown[0].id
    assert (
        using(channel(fake), lambda c: c.send(message(), WHO, attempt(earlier=first))).wait == 0
    )  # replies are others


# --- finding it again -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("theirs", ["Go. #BearCreekFire @fire", "Go. BearCreekFire @fire"])
def test_a_post_is_found_whether_or_not_its_topic_is_read_back_with_its_sign(fake: Threads, theirs: str) -> None:
    post = fake.made(theirs, USER)
    sent = Sent(attempt(), message("Go. #BearCreekFire @fire"), WHO)
    assert using(channel(fake), lambda c: c.find(sent)) == Found(post.id, "delivered", url=url(post.id))
    other = replace(sent, message=message("Go. @fire"))
    assert using(channel(fake), lambda c: c.find(other)) is None


def test_a_post_is_found_by_its_words_where_it_stands(fake: Threads) -> None:
    first = fake.made("first", USER)
    reply = fake.made(TEXT, USER, "", first.id)
    assert find(fake) is None
    assert find(fake, earlier=first.id) == Found(reply.id, "delivered", url=url(reply.id))
    reply.created -= timedelta(minutes=1)
    assert find(fake, earlier=first.id) is None
    post = fake.made(TEXT, USER)
    assert find(fake, earlier=first.id) == Found(post.id, "delivered", url=url(post.id))


def test_posts_that_cannot_be_read_prove_nothing(fake: Threads) -> None:
    fake.faults = GraphFaults(status=200, text='{"data": [{"id": "1"}]}')
    with pytest.raises(OutcomeUnknown):
        find(fake)


def test_the_token_must_have_all_permissions_and_shows_its_end(fake: Threads) -> None:
    fake.faults = GraphFaults(expires=60)
    profile, life = using(channel(fake), lambda c: c.check())
    assert "@judgecounty" in profile.text
    assert life.until is not None
    fake.faults = GraphFaults(scopes=("threads_basic",))
    [_, life] = using(channel(fake), lambda c: c.check())
    assert "threads_read_replies" in life.text
    assert not life.ok


# --- counting ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("Leave now", 9),
        ("Váyase ya; شارع; 避難; дорога", 27),
        ("e\u0301", 2),
        ("\U0001f525", 4),
        ("\u26a0\ufe0f", 6),  # a warning sign with its variation selector
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", 18),
        ("\U0001f1fa\U0001f1f8", 8),
        ("\U0001f44d\U0001f3fd", 8),
        ("1\ufe0f\u20e3", 7),
        ("1 # *", 5),
        ("", 0),
    ],
)
def test_an_emoji_counts_its_bytes_and_all_else_one(text: str, counts: int) -> None:
    assert counted(text) == counts
