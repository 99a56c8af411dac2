"""Nextdoor: whom a post reaches, what stands, what each refusal means, how it is found again. Over real sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from broadcaster.channels.bare import BARE
from broadcaster.channels.graph import GONE, NOT_THERE
from broadcaster.channels.nextdoor import CODES, LIMITED_SECONDS, NO_AREA, Options, groups_of, open_channel
from broadcaster.domain.channel import Accepted, ChannelError, Found, OutcomeUnknown, Recipient, Secret, Sent, Verdict
from tests.channels.graphs import CARD, LINK, posting, using
from tests.channels.ways import PUBLIC_URL, TEXT, attempt, message
from tests.providers.base import served
from tests.providers.nextdoor import TOKEN, Nextdoor, NextdoorFaults, link

WHO = Recipient("agency", "en")
AREAS = {"canyon": [7, 3], "hills": [3, 4]}


@pytest.fixture
def fake() -> Iterator[Nextdoor]:
    with served(Nextdoor(NextdoorFaults(latency=0))) as made:
        yield made


def channel(fake: Nextdoor, **more: Any) -> Any:
    return open_channel("agency", Options(Secret(TOKEN), base_url=fake.base_url, **more), PUBLIC_URL)


def send(fake: Nextdoor, text: str = TEXT, areas: dict[str, list[int]] | None = None, **more: Any) -> Accepted:
    made = channel(fake, areas=areas or {})
    return using(made, lambda c: c.send(message(text), WHO, replace(attempt("at_1"), **more)))


def refused(fake: Nextdoor, **more: Any) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        send(fake, **more)
    return raised.value


def find(fake: Nextdoor, **more: Any) -> Found | None:
    return using(channel(fake), lambda c: c.find(Sent(replace(attempt("at_1"), **more), message(), WHO)))


def test_zones_become_areas_and_without_any_areas_it_is_the_agencys_whole_area() -> None:
    assert groups_of(("canyon",), AREAS) == [3, 7]
    assert groups_of(("canyon", "hills"), AREAS) == [3, 4, 7]
    assert groups_of(("canyon",), {}) == []


@pytest.mark.parametrize(("zones", "named"), [(("canyon", "valley"), "valley"), ((), "an alert without zones")])
def test_a_zone_without_an_area_never_becomes_everybody(fake: Nextdoor, zones: tuple[str, ...], named: str) -> None:
    error = refused(fake, areas=AREAS, posting=posting(zones=zones))
    assert (error.code, error.permanent, CODES[error.code]) == (NO_AREA, True, Verdict.ALARM)
    assert f"no area for {named}" in error.text
    assert fake.posts == []


def test_a_post_reaches_its_zones_with_the_card(fake: Nextdoor) -> None:
    accepted = send(fake, areas=AREAS, posting=posting())
    [post] = fake.posts
    assert json.loads(post.more["group_ids"]) == [3, 7]
    assert json.loads(post.more["media_attachments"]) == [CARD.url]
    assert accepted == Accepted(post.id, link(post), delivered=True)
    send(fake, "Another text", posting=posting(picture=None))
    assert json.loads(fake.posts[1].more["smartlink_url"]) == LINK
    assert "group_ids" not in fake.posts[1].more


def test_a_post_that_is_not_listed_yet_is_known_by_its_address(fake: Nextdoor) -> None:
    fake.faults = NextdoorFaults(latency=0, listed=False)
    accepted = send(fake)
    assert accepted.provider_id == accepted.url == link(fake.posts[0])


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("named", ["link_to_post", ""])
def test_a_post_stands_whatever_its_address_is_called(fake: Nextdoor, named: str, listed: bool) -> None:
    fake.faults = NextdoorFaults(latency=0, link=named, listed=listed)
    accepted = send(fake)
    address = link(fake.posts[0]) if named or listed else ""
    assert accepted == Accepted(fake.posts[0].id if listed else address or "at_1", address, delivered=True)


@pytest.mark.parametrize("given", [posting(), posting(link="http://127.0.0.1/a", picture=None)])
def test_where_the_card_or_the_link_is_refused_the_next_try_is_the_text_alone(fake: Nextdoor, given: Any) -> None:
    async def two(agency: Any) -> None:
        tried = replace(attempt("at_1"), key="dl_1", posting=given)
        fake.faults = NextdoorFaults(latency=0, refusal=(400, "media_attachments") if given.picture else None)
        with pytest.raises(ChannelError) as raised:
            await agency.send(message(), WHO, tried)
        assert (raised.value.code, raised.value.retry_after) == (BARE, 0.0)
        fake.faults = NextdoorFaults(latency=0)
        await agency.send(message(), WHO, tried)

    using(channel(fake), two)
    [post] = fake.posts
    assert not post.more.keys() & {"media_attachments", "smartlink_url"}


def test_an_update_is_a_comment_and_wrong_words_are_changed(fake: Nextdoor) -> None:
    first = fake.made("first")
    accepted = send(fake, earlier=first.id)
    comment = fake.shown[1]
    assert (comment.about, accepted) == (first.id, Accepted(f"{first.id}/{comment.id}", link(first), delivered=True))
    for id_ in (first.id, accepted.provider_id):
        assert send(fake, "Sent in error.", edits=id_).provider_id == id_
    assert [post.text for post in fake.shown] == ["Sent in error."] * 2
    assert refused(fake, edits="404").code == NOT_THERE


def test_where_the_first_post_is_gone_the_next_try_is_a_post(fake: Nextdoor) -> None:
    async def two(agency: Any) -> None:
        with pytest.raises(ChannelError) as raised:
            await agency.send(message(), WHO, attempt("at_1", earlier="404"))
        assert raised.value.code == GONE
        await agency.send(message(), WHO, attempt("at_2", earlier="404"))

    using(channel(fake), two)
    assert [post.text for post in fake.posts] == [TEXT]


@pytest.mark.parametrize(
    ("status", "verdict", "permanent"),
    [
        (400, Verdict.PERMANENT, True),
        (401, Verdict.STOP_CHANNEL, False),
        (403, Verdict.STOP_CHANNEL, False),
        (418, None, False),
    ],
)
def test_a_refusal_is_known_by_its_status(
    fake: Nextdoor, status: int, verdict: Verdict | None, permanent: bool
) -> None:
    fake.faults = NextdoorFaults(latency=0, refusal=(status, "lack of scope"))
    error = refused(fake)
    assert (error.code, CODES.get(error.code), error.permanent) == (f"http_{status}", verdict, permanent)
    assert "lack of scope" in error.text
    fake.faults = NextdoorFaults(latency=0, too_many=1)
    assert refused(fake).retry_after == LIMITED_SECONDS


@pytest.mark.parametrize(
    ("faults", "posts"),
    [({"error_before": 1}, 0), ({"error_after": 1}, 1), ({"cut_after": 1}, 1), ({"unreadable": 1}, 1)],
)
def test_what_may_stand_is_unknown_and_found(fake: Nextdoor, faults: dict[str, Any], posts: int) -> None:
    first = fake.made("first")
    for earlier in ("", first.id):
        before = len(fake.shown)
        fake.faults = NextdoorFaults(latency=0, **faults)
        with pytest.raises(OutcomeUnknown):
            send(fake, earlier=earlier)
        assert len(fake.shown) == before + posts
        found = find(fake, earlier=earlier)
        assert (found is not None) == (posts == 1)
        fake.shown[-1].text = "first"


def test_posts_that_cannot_be_read_prove_nothing(fake: Nextdoor) -> None:
    fake.faults = NextdoorFaults(status=200, text='{"posts": [7]}')
    with pytest.raises(OutcomeUnknown):
        find(fake)


def test_only_an_agencys_token_is_good_and_its_end_is_what_we_were_told(fake: Nextdoor) -> None:
    agency, untold = using(channel(fake), lambda c: c.check())
    assert "Judge County" in agency.text
    assert (untold.ok, untold.until) == (True, None)
    ends = datetime.now(UTC) + timedelta(days=30)
    life = using(channel(fake, token_ends=f"{ends:%Y-%m-%d}"), lambda c: c.check())[1]
    assert life.until is not None
    assert life.until.date() == ends.date()
    fake.faults = NextdoorFaults(agency=False)
    [neighbour] = using(channel(fake), lambda c: c.check())
    assert not neighbour.ok
    with pytest.raises(ValueError, match="isoformat"):
        Options(Secret("t"), token_ends="soon")
