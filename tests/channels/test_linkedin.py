"""LinkedIn: what stands on the page, what each refusal means, how a post is found again. Over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from broadcaster.channels import linkedin_rest as rest
from broadcaster.channels.bare import BARE
from broadcaster.channels.graph import GONE, NOT_THERE
from broadcaster.channels.http import STEP_LOST
from broadcaster.channels.linkedin import CODES, Options, open_channel
from broadcaster.domain.channel import (
    Accepted,
    ChannelError,
    Check,
    Found,
    OutcomeUnknown,
    Recipient,
    Secret,
    Sent,
    Verdict,
)
from tests.channels.graphs import CARD, LINK, PNG, posting, using
from tests.channels.ways import PUBLIC_URL, TEXT, attempt, message
from tests.providers.base import served
from tests.providers.graph import Post
from tests.providers.linkedin import CLIENT_ID, CLIENT_SECRET, ORGANIZATION, TOKEN, LinkedIn, LinkedInFaults, read

WHO = Recipient("org", "en")


@pytest.fixture
def fake() -> Iterator[LinkedIn]:
    with served(LinkedIn(LinkedInFaults(latency=0))) as made:
        yield made


def channel(fake: LinkedIn, **more: Any) -> Any:
    return open_channel("org", Options(ORGANIZATION, Secret(TOKEN), base_url=fake.base_url, **more), PUBLIC_URL)


def send(fake: LinkedIn, text: str = TEXT, **more: Any) -> Accepted:
    return using(channel(fake), lambda c: c.send(message(text), WHO, replace(attempt("at_1"), **more)))


def refused(fake: LinkedIn, **more: Any) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        send(fake, **more)
    return raised.value


def find(fake: LinkedIn, text: str = TEXT, **more: Any) -> Found | None:
    return using(channel(fake), lambda c: c.find(Sent(replace(attempt("at_1"), **more), message(text), WHO)))


def url(post: Post) -> str:
    return f"https://www.linkedin.com/feed/update/{post.id}/"


def test_a_post_stands_with_the_alerts_page_and_says_its_version(fake: LinkedIn) -> None:
    accepted = send(fake, posting=posting(picture=None))
    [post] = fake.posts
    assert (post.text, post.more["link"]) == (TEXT, LINK)
    assert accepted == Accepted(post.id, url(post), delivered=True)
    assert fake.versions == {"202607"}


def test_with_the_card_it_has_the_picture_and_its_words(fake: LinkedIn) -> None:
    send(fake, posting=posting())
    [post] = fake.posts
    assert fake.images[post.more["image"]] == PNG
    assert post.more["alt"] == CARD.alt


@pytest.mark.parametrize(
    "text", ["Leave (now) <all> *of* you_ @home [here] {a|b} ~5 \\ end", "#canyonfire, # 9 and C#"]
)
def test_no_letter_ends_the_text_early(fake: LinkedIn, text: str) -> None:
    send(fake, text)
    assert fake.posts[0].text == text
    assert read(rest.little(text)) == text == rest.plain(rest.little(text))
    assert find(fake, text) is not None


def test_a_hashtag_stays_one() -> None:
    assert rest.little("#canyonfire # 9") == "#canyonfire \\# 9"
    assert rest.plain("{hashtag|\\#|canyonfire} now") == "#canyonfire now"
    ours = "Leave (now)! https://a.example/x #BearCreekFire"
    assert rest.plain(rest.little(ours).replace("#BearCreekFire", "{hashtag|\\#|BearCreekFire}")) == ours


def test_an_update_is_a_comment_where_it_has_room_and_else_a_post(fake: LinkedIn) -> None:
    first = fake.made("first")
    accepted = send(fake, "Now (south)", earlier=first.id, posting=posting())
    comment = fake.shown[1]
    assert (comment.text, comment.about, accepted.provider_id) == ("Now (south)", first.id, comment.id)
    assert accepted.url.startswith(f"{url(first)}?commentUrn=")
    send(fake, "x" * 1_251, earlier=first.id)
    assert len(fake.posts) == 2


def test_where_the_first_post_is_gone_the_next_try_is_a_post(fake: LinkedIn) -> None:
    async def two(org: Any) -> None:
        with pytest.raises(ChannelError) as raised:
            await org.send(message(), WHO, attempt("at_1", earlier="urn:li:share:404"))
        assert raised.value.code == GONE
        await org.send(message(), WHO, attempt("at_2", earlier="urn:li:share:404"))

    using(channel(fake), two)
    assert [post.text for post in fake.posts] == [TEXT]


def test_an_update_that_may_not_be_a_comment_is_a_post_and_found(fake: LinkedIn) -> None:
    async def two(org: Any) -> None:
        with pytest.raises(ChannelError) as raised:
            await org.send(message(), WHO, attempt("at_1", earlier=first.id))
        assert (raised.value.code, raised.value.retry_after) == (rest.MUTE, 0.0)
        await org.send(message(), WHO, attempt("at_2", earlier=first.id))

    first = fake.made("first")
    fake.faults = LinkedInFaults(latency=0, scope="w_organization_social,r_organization_social")
    using(channel(fake), two)
    assert [post.text for post in fake.posts] == ["first", TEXT]
    found = find(fake, earlier=first.id)
    assert found is not None
    assert found.provider_id == fake.posts[1].id
    with pytest.raises(ChannelError):  # among comments that nobody may read it could stand
        find(fake, "Another text", earlier=first.id)


def test_wrong_posts_and_comments_take_the_words_of_sent_in_error(fake: LinkedIn) -> None:
    first = fake.made("Leave (now).")
    comment = send(fake, "By the north.", earlier=first.id).provider_id
    for wrong in (first.id, comment):
        assert find(fake, "Sent in error (sorry).", edits=wrong) is None
        assert send(fake, "Sent in error (sorry).", edits=wrong).provider_id == wrong
        found = find(fake, "Sent in error (sorry).", edits=wrong)
        assert found is not None
        assert found.provider_id == wrong
    assert [post.text for post in fake.shown] == ["Sent in error (sorry)."] * 2
    assert refused(fake, edits="urn:li:share:404").code == NOT_THERE


@pytest.mark.parametrize("given", [posting(), posting(link="http://127.0.0.1/a", picture=None)])
def test_where_the_card_or_the_link_is_refused_the_next_try_is_the_text_alone(fake: LinkedIn, given: Any) -> None:
    async def two(org: Any) -> None:
        tried = replace(attempt("at_1"), key="dl_1", posting=given)
        fake.faults = LinkedInFaults(latency=0, edge="/images", refusal=(400, "Not a picture", ""))
        with pytest.raises(ChannelError) as raised:
            await org.send(message(), WHO, tried)
        assert (raised.value.code, raised.value.retry_after) == (BARE, 0.0)
        await org.send(message(), WHO, tried)

    using(channel(fake), two)
    assert [(post.text, post.more["image"], post.more["link"]) for post in fake.posts] == [(TEXT, "", "")]


def test_a_picture_that_got_no_answer_is_tried_again_and_one_that_is_there_not(fake: LinkedIn) -> None:
    async def three(org: Any) -> list[str]:
        said = []
        tried = replace(attempt("at_1"), key="dl_1", posting=posting())
        for edge in ("/images", "/posts"):
            fake.faults = LinkedInFaults(latency=0, edge=edge, cut_before=1)
            with pytest.raises((ChannelError, OutcomeUnknown)) as raised:
                await org.send(message(), WHO, tried)
            said.append(getattr(raised.value, "code", "unknown"))
        fake.faults = LinkedInFaults(latency=0)
        await org.send(message(), WHO, tried)
        return said

    assert using(channel(fake), three) == [STEP_LOST, "unknown"]
    assert (len(fake.images), len(fake.posts)) == (1, 1)


@pytest.mark.parametrize(
    ("then", "codes", "pictures"),
    [("AVAILABLE", [rest.PROCESSING], 1), ("PROCESSING", [rest.PROCESSING, BARE], 0)],
)
def test_a_picture_that_takes_a_moment_is_waited_for_once(
    fake: LinkedIn, then: str, codes: list[str], pictures: int
) -> None:
    async def tries(org: Any) -> list[str]:
        said: list[str] = []
        while True:
            try:
                await org.send(message(), WHO, replace(attempt("at_1"), key="dl_1", posting=posting()))
                return said
            except ChannelError as error:
                said.append(error.code)
            fake.faults = LinkedInFaults(latency=0, image=then)

    fake.faults = LinkedInFaults(latency=0, image="PROCESSING")
    assert using(channel(fake), tries) == codes
    assert [bool(post.more["image"]) for post in fake.posts] == [bool(pictures)]
    assert len(fake.images) == 1


def test_a_picture_that_got_no_answer_twice_holds_back_no_words(fake: LinkedIn) -> None:
    async def three(org: Any) -> list[str]:
        said = []
        for _ in range(2):
            with pytest.raises(ChannelError) as raised:
                await org.send(message(), WHO, tried)
            said.append(raised.value.code)
        await org.send(message(), WHO, tried)
        return said

    tried = replace(attempt("at_1"), key="dl_1", posting=posting())
    fake.faults = LinkedInFaults(latency=0, edge="/images", hang_after=1)
    assert using(channel(fake, timeout_seconds=2.0), three) == [STEP_LOST, BARE]
    assert [(post.text, post.more["image"]) for post in fake.posts] == [(TEXT, "")]


def test_the_token_goes_to_no_address_that_is_not_linkedins(fake: LinkedIn) -> None:
    fake.faults = LinkedInFaults(latency=0, upload="http://elsewhere.example/upload")
    error = refused(fake, posting=posting())
    assert error.code == BARE
    made = rest.Rest("org", "https://api.linkedin.com", TOKEN, "202607", 1)
    assert made.is_theirs("https://www.linkedin.com/dms-uploads/1")
    for other in ("https://linkedin.com.example/1", "http://www.linkedin.com/1", "https://evil-linkedin.com/1"):
        assert not made.is_theirs(other)


@pytest.mark.parametrize(
    ("status", "verdict", "permanent"),
    [
        (400, Verdict.PERMANENT, True),
        (401, Verdict.STOP_CHANNEL, False),
        (403, Verdict.STOP_CHANNEL, False),
        (404, Verdict.ALARM, True),
        (422, Verdict.PERMANENT, True),
        (426, Verdict.STOP_CHANNEL, False),
        (418, None, False),
    ],
)
def test_a_refusal_is_known_by_its_status(
    fake: LinkedIn, status: int, verdict: Verdict | None, permanent: bool
) -> None:
    fake.faults = LinkedInFaults(latency=0, refusal=(status, "No", ""))
    error = refused(fake)
    assert (error.code, CODES.get(error.code), error.permanent) == (f"http_{status}", verdict, permanent)


def test_too_many_posts_wait(fake: LinkedIn) -> None:
    fake.faults = LinkedInFaults(latency=0, too_many=1)
    error = refused(fake)
    assert (CODES[error.code], error.retry_after) == (Verdict.BACK_OFF, rest.LIMITED_SECONDS)


@pytest.mark.parametrize(
    ("faults", "posts"),
    [({"error_before": 1}, 0), ({"error_after": 1}, 1), ({"cut_after": 1}, 1), ({"unreadable": 1}, 1)],
)
def test_what_may_stand_is_unknown_and_found(fake: LinkedIn, faults: dict[str, Any], posts: int) -> None:
    fake.faults = LinkedInFaults(latency=0, **faults)
    with pytest.raises(OutcomeUnknown):
        send(fake)
    assert len(fake.posts) == posts
    found = find(fake)
    assert (found is not None) == (posts == 1)


def test_a_text_that_stands_already_is_not_posted_twice(fake: LinkedIn) -> None:
    first = send(fake, posting=posting(picture=None))
    fake.posts[0].created -= timedelta(seconds=30)  # by an earlier try
    assert send(fake, posting=posting(picture=None)) == first
    assert len(fake.posts) == 1
    fake.posts[0].created -= timedelta(days=1)
    assert (refused(fake, posting=posting()).code, CODES[rest.DUPLICATE]) == (rest.DUPLICATE, Verdict.PERMANENT)


def test_a_comment_is_found_where_it_answers_and_only_ours(fake: LinkedIn) -> None:
    first = fake.made("first")
    send(fake, earlier=first.id)
    found = find(fake, earlier=first.id)
    assert found is not None
    assert found.provider_id == fake.shown[1].id
    fake.shown[1].author = "urn:li:person:1"
    assert find(fake, earlier=first.id) is None
    assert find(fake, earlier="urn:li:share:404") is None


def test_too_many_posts_and_unreadable_ones_prove_nothing(fake: LinkedIn) -> None:
    fake.faults = LinkedInFaults(status=200, text="{}")
    with pytest.raises(OutcomeUnknown):
        find(fake)
    fake.faults = LinkedInFaults(latency=0)
    for number in range(101):
        fake.made(f"Other {number}").created += timedelta(minutes=1)
    with pytest.raises(OutcomeUnknown):
        find(fake)


def checks(fake: LinkedIn, **more: Any) -> tuple[Check, ...]:
    return using(channel(fake, **more), lambda c: c.check())


def test_the_app_tells_how_long_the_token_lives(fake: LinkedIn) -> None:
    page, untold, _ = checks(fake)
    assert (page.ok, untold.ok, untold.until) == (True, True, None)
    app = {"client_id": CLIENT_ID, "client_secret": Secret(CLIENT_SECRET)}
    life = checks(fake, **app)[1]
    assert life.until is not None
    assert abs(life.until - datetime.now(UTC) - timedelta(days=60)) < timedelta(minutes=1)
    fake.faults = LinkedInFaults(scope="w_organization_social")
    assert "r_organization_social" in checks(fake, **app)[1].text
    fake.faults = LinkedInFaults(active=False)
    assert not checks(fake, **app)[1].ok
    fake.faults = LinkedInFaults(unauthorized=True)
    [dead] = checks(fake)
    assert not dead.ok
    assert dead.hint


@pytest.mark.parametrize(
    ("version", "day", "well"),
    [
        ("202607", (2027, 6, 14), True),
        ("202607", (2027, 6, 15), False),
        ("202607.02", (2026, 11, 22), True),
        ("202511", (2026, 11, 22), False),
        ("202612", (2027, 11, 1), True),
    ],
)
def test_a_version_of_the_api_is_called_old_a_month_before_its_year_is_over(
    version: str, day: tuple[int, int, int], well: bool
) -> None:
    check = rest.version_life("org", version, datetime(*day, tzinfo=UTC))
    assert (check.ok, "api_version" in check.hint) == (well, True)
    assert f"{int(version[:4]) + 1}-{version[4:6]}-15" in check.text


def test_the_check_says_when_the_version_ends(fake: LinkedIn) -> None:
    assert "version 202401 of LinkedIn's API ends about 2025-01-15" in checks(fake, api_version="202401")[2].text


@pytest.mark.parametrize("version", ["", "2026-07", "202613", "v202607", "20260701", "202607.x"])
def test_what_is_no_version_is_refused(version: str) -> None:
    with pytest.raises(ValueError, match=r"version|month"):
        Options(ORGANIZATION, Secret(TOKEN), api_version=version)
