"""Mastodon: what is posted, what each answer means, how a post is found again. Over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import pytest

from broadcaster.channels.mastodon import CODES, GONE, Mastodon, Options, open_channel, same_text
from broadcaster.domain.alert import Mode
from broadcaster.domain.channel import (
    Accepted,
    Attempt,
    ChannelError,
    Found,
    Learned,
    OutcomeUnknown,
    Recipient,
    Secret,
    Sent,
    Verdict,
    laid_over,
)
from tests.channels.graphs import CARD, PNG, posting
from tests.channels.ways import PUBLIC_URL, TEXT, attempt, message
from tests.providers import mastodon as provider
from tests.providers.base import served
from tests.providers.mastodon import MastodonFaults, shown

T = TypeVar("T")
WHO = Recipient("county", "en")


@pytest.fixture
def fake() -> Iterator[provider.Mastodon]:
    with served(provider.Mastodon(MastodonFaults(latency=0))) as made:
        yield made


def using(fake: provider.Mastodon, work: Callable[[Mastodon], Awaitable[T]], **more: Any) -> T:
    async def run() -> T:
        channel = open_channel("county", Options(Secret(provider.TOKEN), fake.base_url, **more), PUBLIC_URL)
        try:
            return await work(channel)
        finally:
            await channel.close()

    return asyncio.run(run())


def send(fake: provider.Mastodon, text: str = TEXT, earlier: str = "", **more: Any) -> Accepted:
    return using(fake, lambda c: c.send(message(text, "es"), WHO, attempt("at_1", earlier=earlier)), **more)


def refused(fake: provider.Mastodon, **more: Any) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        send(fake, **more)
    return raised.value


def test_a_post_stands_in_public_in_its_language_with_its_address(fake: provider.Mastodon) -> None:
    accepted = send(fake)
    [post] = fake.posts
    assert (post.text, post.language, post.visibility, post.answers) == (TEXT, "es", "public", "")
    assert accepted == Accepted(post.id, f"{fake.base_url}/@county/{post.id}", delivered=True)
    assert fake.sent == [{"status": TEXT, "language": "es", "visibility": "public"}]


def test_an_update_answers_the_first_post(fake: provider.Mastodon) -> None:
    first = fake.post("first")
    send(fake, earlier=first.id)
    assert fake.posts[1].answers == first.id


def test_a_change_whose_outcome_is_unknown_is_found_by_its_words(fake: provider.Mastodon) -> None:
    wrong = fake.post("Leave now.")
    change = replace(attempt("at_1"), edits=wrong.id)
    sent = Sent(change, message("Sent in error.", "es"), WHO)
    assert using(fake, lambda c: c.find(sent)) is None
    fake.faults = MastodonFaults(latency=0, cut_after=1.0)
    with pytest.raises(OutcomeUnknown):
        using(fake, lambda c: c.send(message("Sent in error.", "es"), WHO, change))
    found = using(fake, lambda c: c.find(sent))
    assert found == Found(wrong.id, "delivered", url=f"{fake.base_url}/@county/{wrong.id}")
    assert (wrong.before[0], wrong.text, wrong.language, len(fake.posts)) == ("Leave now.", "Sent in error.", "es", 1)


def test_a_change_that_is_made_already_is_no_refusal(fake: provider.Mastodon) -> None:
    wrong = fake.post("Leave now.")
    change = replace(attempt("at_1"), edits=wrong.id)
    for strict, characters in ((True, 500), (True, 500), (False, 5)):
        fake.faults = MastodonFaults(latency=0, strict=strict, characters=characters)
        made = using(fake, lambda c: c.send(message("Sent in error."), WHO, change))
        assert (made.provider_id, wrong.before) == (wrong.id, ["Leave now."])
    with pytest.raises(ChannelError, match="limit of 5 exceeded"):
        using(fake, lambda c: c.send(message("Other words."), WHO, change))


def tried(id_: str = "at_1", **more: Any) -> Attempt:
    return replace(attempt(id_), key="dl_1", posting=posting(**more))


def test_the_first_post_of_a_thread_has_the_card_and_its_words(fake: provider.Mastodon) -> None:
    using(fake, lambda c: c.send(message(), WHO, tried()))
    using(fake, lambda c: c.send(message("More", number=1), WHO, replace(tried(), key="dl_2")))
    assert [fake.pictures[id_] for id_ in fake.posts[0].media] == [(PNG, CARD.alt)]
    assert (fake.posts[1].media, len(fake.pictures)) == ([], 1)


@pytest.mark.parametrize(("ready", "pictures"), [(True, 1), (False, 0)])
def test_a_picture_that_takes_a_moment_is_waited_for_once(fake: provider.Mastodon, ready: bool, pictures: int) -> None:
    fake.faults = MastodonFaults(latency=0, media=202, ready=ready)

    async def two(channel: Mastodon) -> None:
        with pytest.raises(ChannelError) as raised:
            await channel.send(message(), WHO, tried())
        assert (raised.value.code, raised.value.retry_after) == ("media_processing", 2)
        assert CODES["media_processing"] is Verdict.RETRY
        await channel.send(message(), WHO, tried("at_2"))

    using(fake, two)
    assert (len(fake.posts), len(fake.posts[0].media), len(fake.pictures)) == (1, pictures, 1)


@pytest.mark.parametrize("faults", [{"media": 422}, {"media_hangs": True}])
def test_a_picture_that_is_not_taken_takes_no_word_with_it(fake: provider.Mastodon, faults: dict[str, Any]) -> None:
    fake.faults = MastodonFaults(latency=0, **faults)
    using(fake, lambda c: c.send(message(), WHO, tried()), timeout_seconds=2.0)
    assert (len(fake.posts), fake.posts[0].media) == (1, [])
    fake.faults = MastodonFaults(latency=0, media=401)
    with pytest.raises(ChannelError):
        using(fake, lambda c: c.send(message(), WHO, replace(tried(), key="dl_2")))


@pytest.mark.parametrize(
    ("mode", "language", "text", "notice"),
    [
        (Mode.ACTUAL, "en", "x", ""),
        (Mode.EXERCISE, "en", "x", "EXERCISE"),
        (Mode.EXERCISE, "es", "x", "SIMULACRO"),
        (Mode.EXERCISE, "hmn", "x" * 592, "EXERCISE"),
        (Mode.EXERCISE, "en", "x" * 593, ""),  # no room: the text says so itself, first and last
    ],
)
def test_a_drill_says_so_before_anybody_opens_it(
    fake: provider.Mastodon, mode: Mode, language: str, text: str, notice: str
) -> None:
    fake.faults = MastodonFaults(latency=0, characters=600)
    using(fake, lambda c: c.send(message(text, language), WHO, tried(mode=mode)))
    assert fake.posts[0].notice == notice


def test_a_window_that_is_used_up_makes_all_wait_before_it_is_refused(fake: provider.Mastodon) -> None:
    fake.faults = MastodonFaults(latency=0, remaining=0, reset_seconds=200)
    assert 190 < send(fake).wait <= 200
    fake.faults = MastodonFaults(latency=0, remaining=1, reset_seconds=200)
    assert using(fake, lambda c: c.send(message("Another"), WHO, attempt("at_2"))).wait == 0


def test_where_the_first_post_is_gone_the_next_try_answers_nothing(fake: provider.Mastodon) -> None:
    async def two(channel: Mastodon) -> None:
        with pytest.raises(ChannelError) as raised:
            await channel.send(message(), WHO, attempt("at_1", earlier="404"))
        assert (raised.value.code, raised.value.permanent, CODES[GONE]) == (GONE, False, Verdict.RETRY_ONCE)
        await channel.send(message(), WHO, attempt("at_2", earlier="404"))

    using(fake, two)
    assert [post.answers for post in fake.posts] == [""]


def test_a_request_doubled_on_the_wire_makes_one_post(fake: provider.Mastodon) -> None:
    assert send(fake).provider_id == send(fake).provider_id
    assert (len(fake.posts), fake.keys) == (1, ["at_1", "at_1"])


def test_another_try_of_the_same_delivery_makes_no_second_post(fake: provider.Mastodon) -> None:
    async def two(channel: Mastodon) -> None:
        for id_ in ("at_1", "at_2"):
            await channel.send(message(), WHO, replace(attempt(id_), key="dl_1"))

    using(fake, two)
    assert (len(fake.posts), fake.keys) == (1, ["dl_1", "dl_1"])


def test_visibility_is_a_choice(fake: provider.Mastodon) -> None:
    send(fake, visibility="unlisted")
    assert fake.posts[0].visibility == "unlisted"


@pytest.mark.parametrize("wrong", [{"visibility": "direct"}, {"length": 0}])
def test_options_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"visibility|length"):
        Options(Secret("t"), "https://m.example", **wrong)


# --- what the answers mean ------------------------------------------------------------------------------------
def test_too_many_posts_wait_until_the_reset(fake: provider.Mastodon) -> None:
    fake.faults = MastodonFaults(latency=0, too_many=1, reset_seconds=30)
    error = refused(fake)
    assert (error.code, error.permanent, CODES[error.code]) == ("http_429", False, Verdict.BACK_OFF)
    assert error.retry_after is not None
    assert 20 < error.retry_after <= 30


def test_a_text_too_long_is_over_for_good(fake: provider.Mastodon) -> None:
    error = refused(fake, text="x" * 501)
    assert (error.code, error.permanent, CODES[error.code]) == ("http_422", True, Verdict.PERMANENT)
    assert "limit of 500" in error.text


def test_a_token_that_is_not_valid_stops_the_channel(fake: provider.Mastodon) -> None:
    fake.faults = MastodonFaults(unauthorized=True)
    error = refused(fake)
    assert (error.code, error.permanent, CODES[error.code]) == ("http_401", False, Verdict.STOP_CHANNEL)


@pytest.mark.parametrize(
    ("status", "verdict", "permanent"),
    [
        (400, Verdict.PERMANENT, True),
        (403, Verdict.STOP_CHANNEL, False),
        (404, Verdict.ALARM, True),
        (418, None, False),
    ],
)
def test_other_refusals_keep_their_status(
    fake: provider.Mastodon, status: int, verdict: Verdict | None, permanent: bool
) -> None:
    fake.faults = MastodonFaults(status=status)
    error = refused(fake)
    assert (error.code, error.permanent, CODES.get(error.code)) == (f"http_{status}", permanent, verdict)
    assert fake.requests == 1


@pytest.mark.parametrize(
    "faults",
    [
        {"error_before": 1},
        {"cut_before": 1},
        {"status": 500},
        {"status": 200, "text": "{}"},
        {"status": 200, "text": "[]"},
        {"status": 200, "text": ""},
    ],
)
def test_what_may_stand_is_unknown_and_asked_once(fake: provider.Mastodon, faults: dict[str, Any]) -> None:
    fake.faults = MastodonFaults(latency=0, **faults)
    with pytest.raises(OutcomeUnknown):
        send(fake)
    assert (fake.requests, len(fake.posts)) == (1, 0)


# --- finding a post again -------------------------------------------------------------------------------------
def find(fake: provider.Mastodon, sent: Sent) -> Found | None:
    return using(fake, lambda channel: channel.find(sent))


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        "Two\nlines\n\nand a paragraph",
        "More at https://alerts.judge.example/alerts/canyon-fire-evacuation-order-2026 now",
        "Ask @sheriff@social.judge.example & say \u201chelp\u201d <now>",
        "cafe\u0301",
    ],
)
def test_a_post_is_found_by_its_text_as_the_instance_shows_it(fake: provider.Mastodon, text: str) -> None:
    post = fake.post(text)
    found = find(fake, Sent(attempt(), message(text), WHO))
    assert found == Found(post.id, "delivered", url=f"{fake.base_url}/@county/{post.id}")


def test_a_hashtag_and_a_mention_are_known_in_the_instances_own_html() -> None:
    tag = '<a href="https://m.example/tags/BearCreekFire" class="mention hashtag">#<span>BearCreekFire</span></a>'
    link = '<a href="https://county.social/@fire" class="u-url mention">@<span>fire</span></a>'
    name = f'<span class="h-card" translate="no">{link}</span>'
    assert same_text("Go now. #BearCreekFire @fire@county.social", f"<p>Go now. {tag} {name}</p>")
    assert not same_text("Go now.", f"<p>Go now. {tag}</p>")


@pytest.mark.parametrize(("ours", "theirs"), [("Go now", "Go"), ("Go", "Go now"), ("go", "Go")])
def test_another_text_is_another_post(ours: str, theirs: str) -> None:
    assert not same_text(ours, shown(theirs))


def test_older_posts_and_those_of_other_attempts_are_not_it(fake: provider.Mastodon) -> None:
    known = fake.post(TEXT)
    old = fake.post(TEXT)
    old.created -= timedelta(minutes=1)
    assert find(fake, Sent(attempt(), message(), WHO, frozenset([known.id]))) is None


def test_a_post_whose_id_is_known_is_found_by_it(fake: provider.Mastodon) -> None:
    fake.post(TEXT)
    post = fake.post("edited since")
    asked = Sent(attempt(), message(), WHO, frozenset([post.id]), post.id)
    found = find(fake, asked)
    assert found is not None
    assert found.provider_id == post.id


def test_of_two_equal_posts_the_older_is_the_first_trys(fake: provider.Mastodon) -> None:
    older, newer = fake.post(TEXT), fake.post(TEXT)
    older.created -= timedelta(seconds=2)
    found = find(fake, Sent(attempt(), message(), WHO))
    assert found is not None
    assert found.provider_id == older.id != newer.id


def test_the_accounts_posts_are_read_over_several_pages(fake: provider.Mastodon) -> None:
    wanted = fake.post(TEXT)
    for number in range(100):
        fake.post(f"Other {number}")
    found = find(fake, Sent(attempt(), message(), WHO))
    assert found is not None
    assert found.provider_id == wanted.id


def test_reading_stops_at_posts_older_than_the_try(fake: provider.Mastodon) -> None:
    for number in range(300):
        fake.post(f"Other {number}").created -= timedelta(minutes=5)
    assert find(fake, Sent(attempt(), message(), WHO)) is None
    assert fake.requests == 2  # whose account, and one page


def test_too_many_posts_to_read_prove_nothing(fake: provider.Mastodon) -> None:
    for number in range(240):
        fake.post(f"Other {number}")
    with pytest.raises(OutcomeUnknown):
        find(fake, Sent(attempt(), message(), WHO))


@pytest.mark.parametrize("status", [200, 500])
def test_posts_that_cannot_be_read_prove_nothing(fake: provider.Mastodon, status: int) -> None:
    fake.faults = MastodonFaults(status=status)
    with pytest.raises(OutcomeUnknown):
        find(fake, Sent(attempt(), message(), WHO))


@pytest.mark.parametrize(
    ("longest", "bound", "ours"),
    [(500, None, 500), (5000, None, 5000), (300, None, 300), (5000, 400, 400), (300, 400, 300)],
)
def test_the_instances_word_counts_within_the_agencys_own_bound(
    fake: provider.Mastodon, longest: int, bound: int | None, ours: int
) -> None:
    fake.faults = MastodonFaults(characters=longest, url=30)
    learned = using(fake, lambda channel: channel.learn(), length=bound)
    assert learned == Learned(longest, 30, fake.base_url)
    own = open_channel("c", Options(Secret("t"), fake.base_url, length=bound), "").limits()
    assert own.length == (bound or 500)
    assert (laid_over(own, learned).length, laid_over(own, learned).extras) == (ours, {"url": 30})
    account, size = using(fake, lambda channel: channel.check(), length=bound)
    assert (account.ok, size.ok) == (True, True)
    assert f"takes {longest} characters, we write up to {ours}" in size.text


@pytest.mark.parametrize(
    ("reserved", "code", "url"),
    [
        (0, "https://git.pleroma.social/pleroma/pleroma", 0),
        (25, "https://codeberg.org/superseriousbusiness/gotosocial", 0),
        (25, "https://github.com/mastodon/mastodon", 25),
    ],
)
def test_a_server_that_counts_addresses_whole_is_known(
    fake: provider.Mastodon, reserved: int, code: str, url: int
) -> None:
    statuses = {"max_characters": 5000, "characters_reserved_per_url": reserved}
    fake.faults = MastodonFaults(instance=json.dumps({"source_url": code, "configuration": {"statuses": statuses}}))
    assert using(fake, lambda channel: channel.learn()) == Learned(5000, url, fake.base_url)


def test_an_instance_without_a_word_on_addresses_counts_them_as_ever(fake: provider.Mastodon) -> None:
    fake.faults = MastodonFaults(instance='{"configuration": {"statuses": {"max_characters": 100}}}')
    assert using(fake, lambda channel: channel.learn()) == Learned(100, 23, fake.base_url)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>",
        "[]",
        "{}",
        '{"configuration": []}',
        '{"configuration": {"statuses": {}}}',
        *(
            f'{{"configuration": {{"statuses": {{"max_characters": {raw}}}}}}}'
            for raw in ("null", "true", '"500"', "99", "-1", "5.5", "1000001", "1e400", "[500]")
        ),
        '{"configuration": {"statuses": {"max_characters": 500, "characters_reserved_per_url": -1}}}',
    ],
)
def test_an_instance_that_says_nonsense_about_its_limits_has_said_nothing(fake: provider.Mastodon, body: str) -> None:
    fake.faults = MastodonFaults(instance=body or " ")
    with pytest.raises(OutcomeUnknown):
        using(fake, lambda channel: channel.learn())


@pytest.mark.parametrize(("status", "raised"), [(500, OutcomeUnknown), (404, ChannelError), (302, ChannelError)])
def test_an_instance_that_refuses_has_said_nothing(fake: provider.Mastodon, status: int, raised: type) -> None:
    fake.faults = MastodonFaults(instance_status=status)
    with pytest.raises(raised):
        using(fake, lambda channel: channel.learn())
