"""Instagram: what stands, what it cannot do without, what each failure means. The steps are tested with Threads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from broadcaster.channels import containers, graph
from broadcaster.channels.instagram import CODES, LENGTH, NO_PICTURE, Options, open_channel
from broadcaster.domain.channel import Accepted, ChannelError, Found, OutcomeUnknown, Recipient, Secret, Sent, Verdict
from tests.channels.graphs import CARD, posting, using
from tests.channels.ways import PUBLIC_URL, TEXT, attempt, message
from tests.providers.base import served
from tests.providers.graph import TOKEN, GraphFaults
from tests.providers.instagram import ACCOUNT, Instagram

WHO = Recipient("gram", "en")


@pytest.fixture
def fake() -> Iterator[Instagram]:
    with served(Instagram(GraphFaults(latency=0))) as made:
        yield made


def channel(fake: Instagram) -> Any:
    return open_channel("gram", Options(ACCOUNT, Secret(TOKEN), base_url=fake.base_url), PUBLIC_URL)


def send(fake: Instagram, text: str = TEXT, **more: Any) -> Accepted:
    tried = replace(attempt("at_1"), **{"posting": posting(), **more})
    return using(channel(fake), lambda c: c.send(message(text), WHO, tried))


def refused(fake: Instagram, **more: Any) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        send(fake, **more)
    return raised.value


def find(fake: Instagram, **more: Any) -> Found | None:
    return using(channel(fake), lambda c: c.find(Sent(replace(attempt(), **more), message(), WHO)))


def test_the_card_stands_as_jpeg_with_its_caption_and_its_words(fake: Instagram) -> None:
    accepted = send(fake)
    [post] = fake.shown
    assert (post.text, post.more["alt_text"]) == (TEXT, CARD.alt)
    assert post.more["image_url"] == CARD.url.replace(".png", ".jpg")
    assert accepted == Accepted(post.id, f"https://www.instagram.com/p/{post.id}/", delivered=True)


@pytest.mark.parametrize("given", [None, posting(picture=None), posting(replace(CARD, url=""))])
def test_without_a_picture_there_is_no_post_and_somebody_must_act(fake: Instagram, given: Any) -> None:
    error = refused(fake, posting=given)
    assert (error.code, error.permanent, CODES[NO_PICTURE]) == (NO_PICTURE, True, Verdict.ALARM)
    assert fake.requests == 0


def test_an_update_is_a_comment_and_needs_no_picture(fake: Instagram) -> None:
    first = fake.made("first", ACCOUNT)
    accepted = send(fake, earlier=first.id, posting=None)
    comment = fake.shown[1]
    assert (comment.about, comment.text) == (first.id, TEXT)
    assert accepted == Accepted(comment.id, "", delivered=True)


def test_where_the_first_post_is_gone_the_next_try_is_a_post(fake: Instagram) -> None:
    async def two(gram: Any) -> None:
        tried = replace(attempt("at_1", earlier="404"), posting=posting())
        with pytest.raises(ChannelError) as raised:
            await gram.send(message(), WHO, tried)
        assert raised.value.code == graph.GONE
        await gram.send(message(), WHO, tried)

    using(channel(fake), two)
    assert [post.about for post in fake.shown] == [""]


def test_a_picture_that_is_still_fetched_is_waited_for(fake: Instagram) -> None:
    async def three(gram: Any) -> list[str]:
        tried = replace(attempt("at_1"), key="dl_1", posting=posting())
        said = []
        for _ in range(2):
            with pytest.raises(ChannelError) as raised:
                await gram.send(message(), WHO, tried)
            said.append(raised.value.code)
        await gram.send(message(), WHO, tried)
        return said

    fake.reads = 2
    assert using(channel(fake), three) == [containers.PROCESSING] * 2
    assert (len(fake.containers), len(fake.shown)) == (1, 1)


def test_a_post_that_instagram_says_is_published_is_looked_up(fake: Instagram) -> None:
    async def two(gram: Any) -> Accepted:
        tried = replace(attempt("at_1"), key="dl_1", posting=posting())
        fake.faults = GraphFaults(latency=0, edge="/media_publish", cut_after=1)
        with pytest.raises(OutcomeUnknown):
            await gram.send(message(), WHO, tried)
        fake.faults = GraphFaults(latency=0)
        for post in fake.shown:
            post.created -= timedelta(seconds=30)
        accepted: Accepted = await gram.send(message(), WHO, tried)
        return accepted

    accepted = using(channel(fake), two)
    assert [post.id for post in fake.shown] == [accepted.provider_id]
    assert fake.doubled == 0


@pytest.mark.parametrize(
    ("refusal", "verdict", "permanent"),
    [
        ((400, 9, 2207042, "You reached maximum number of posts"), Verdict.BACK_OFF, False),
        ((403, 4, 2207051, "Action is blocked"), Verdict.ALARM, True),
        ((403, 4, 0, "Application request limit reached"), Verdict.BACK_OFF, False),
        ((400, 9004, 2207052, "Media could not be fetched"), Verdict.RETRY, False),
        ((400, 25, 2207050, "The account is restricted"), Verdict.STOP_CHANNEL, False),
        ((400, 36003, 2207009, "Aspect ratio"), Verdict.ALARM, True),
        ((400, 9007, 2207027, "Media ID is not available"), Verdict.RETRY, False),
    ],
)
def test_a_refusal_is_known_by_its_code(
    fake: Instagram, refusal: tuple[int, int, int, str], verdict: Verdict, permanent: bool
) -> None:
    fake.faults = GraphFaults(latency=0, refusal=refusal)
    error = refused(fake)
    assert (CODES[error.code], error.permanent) == (verdict, permanent)
    assert refusal[3] in error.text


def test_a_caption_too_long_is_over_for_good(fake: Instagram) -> None:
    error = refused(fake, text="x" * (LENGTH + 1))
    assert (error.code, error.permanent) == ("36004/2207010", True)


def test_the_days_last_post_makes_all_wait(fake: Instagram) -> None:
    fake.quota = 1
    assert send(fake).wait == containers.QUOTA_SECONDS


@pytest.mark.parametrize("about", ["", "first", "gone"])
def test_a_lost_answer_is_found_among_posts_and_comments(fake: Instagram, about: str) -> None:
    first = fake.made("first", ACCOUNT)
    earlier = {"": "", "first": first.id, "gone": "404"}[about]
    assert find(fake, earlier=earlier) is None
    made = fake.made(TEXT, ACCOUNT, "", first.id if about == "first" else "")
    for number in range(60):
        fake.made(f"Other {number}", ACCOUNT, "", made.about)
    found = find(fake, earlier=earlier)
    assert found is not None
    assert (found.provider_id, bool(found.url)) == (made.id, about != "first")


def test_the_token_must_have_all_permissions(fake: Instagram) -> None:
    account, life = using(channel(fake), lambda c: c.check())
    assert ("@judgecounty" in account.text, life.ok) == (True, True)
    fake.faults = GraphFaults(scopes=("instagram_basic",))
    assert "instagram_content_publish" in using(channel(fake), lambda c: c.check())[1].text
    fake.faults = GraphFaults(unauthorized=True)
    [dead] = using(channel(fake), lambda c: c.check())
    assert not dead.ok
