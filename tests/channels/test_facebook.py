"""Facebook: what stands on the page, what each refusal means, how a post is found again. Over real sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from broadcaster.channels import graph
from broadcaster.channels.bare import BARE
from broadcaster.channels.facebook import CODES, LENGTH, Options, open_channel
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
from tests.channels.graphs import LINK, PNG, posting, using
from tests.channels.ways import PUBLIC_URL, TEXT, attempt, message
from tests.providers import facebook as provider
from tests.providers.base import served
from tests.providers.facebook import PAGE, Facebook
from tests.providers.graph import APP_ID, APP_SECRET, TOKEN, GraphFaults, Post

WHO = Recipient("page", "en")


@pytest.fixture
def fake() -> Iterator[Facebook]:
    with served(provider.Facebook(GraphFaults(latency=0))) as made:
        yield made


def channel(fake: Facebook, **more: Any) -> Any:
    return open_channel("page", Options(PAGE, Secret(TOKEN), base_url=fake.base_url, **more), PUBLIC_URL)


def send(fake: Facebook, text: str = TEXT, **more: Any) -> Accepted:
    options = {key: more.pop(key) for key in ("updates", "app_id", "app_secret", "timeout_seconds") if key in more}
    tried = replace(attempt("at_1"), **more)
    return using(channel(fake, **options), lambda c: c.send(message(text), WHO, tried))


def refused(fake: Facebook, **more: Any) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        send(fake, **more)
    return raised.value


def find(fake: Facebook, text: str = TEXT, known: frozenset[str] = frozenset(), **more: Any) -> Found | None:
    sent = Sent(replace(attempt("at_1"), **more), message(text), WHO, known)
    return using(channel(fake), lambda c: c.find(sent))


def url(post: Post, about: Post | None = None) -> str:
    if about is None:
        return f"https://www.facebook.com/{post.id}"
    return f"https://www.facebook.com/{about.id}?comment_id={post.id.split('_')[1]}"


# --- what stands ------------------------------------------------------------------------------------------------------
def test_a_post_stands_with_the_alerts_page_as_its_link(fake: Facebook) -> None:
    accepted = send(fake, posting=posting(picture=None))
    [post] = fake.posts
    assert (post.text, post.more) == (TEXT, {"link": LINK})
    assert accepted == Accepted(post.id, url(post), delivered=True)


def test_with_the_card_it_is_a_photo_post_with_words_for_those_who_cannot_see_it(fake: Facebook) -> None:
    accepted = send(fake, "Váyase ya \U0001f525", posting=posting())
    [post] = fake.posts
    assert (post.text, post.more["alt"], post.more["size"]) == (
        "Váyase ya \U0001f525",
        "Evacuate now: Canyon Rd.",
        str(len(PNG)),
    )
    assert accepted.provider_id == post.id  # of the post, not of the photo


@pytest.mark.parametrize(("given", "status"), [(posting(link="http://127.0.0.1/a", picture=None), 0), (posting(), 324)])
def test_where_the_card_or_the_link_is_refused_the_next_try_is_the_text_alone(
    fake: Facebook, given: Any, status: int
) -> None:
    async def two(page: Any) -> None:
        fake.plan.refusal = (400, status, 0, "Missing or invalid image file") if status else None
        with pytest.raises(ChannelError) as raised:
            await page.send(message(), WHO, replace(attempt("at_1"), key="dl_1", posting=given))
        error = raised.value
        assert (error.code, error.permanent, error.retry_after, CODES[BARE]) == (BARE, False, 0.0, Verdict.RETRY)
        fake.plan.refusal = None
        await page.send(message(), WHO, replace(attempt("at_2"), key="dl_1", posting=given))

    using(channel(fake), two)
    assert [(post.text, post.more) for post in fake.posts] == [(TEXT, {"link": ""})]


def test_a_card_without_an_answer_twice_holds_back_no_words(fake: Facebook) -> None:
    async def three(page: Any) -> None:
        for _ in range(2):
            with pytest.raises(OutcomeUnknown):
                await page.send(message(), WHO, tried)
        await page.send(message(), WHO, tried)

    tried = replace(attempt("at_1"), key="dl_1", posting=posting())
    fake.faults = GraphFaults(latency=0, edge="/photos", cut_before=1)
    using(channel(fake), three)
    assert [(post.text, post.more) for post in fake.posts] == [(TEXT, {"link": ""})]


def test_an_update_is_a_comment_on_the_first_post(fake: Facebook) -> None:
    first = fake.made("first", PAGE, f"{PAGE}_{{}}")
    accepted = send(fake, earlier=first.id, posting=posting())
    comment = fake.shown[1]
    assert (comment.about, comment.text) == (first.id, TEXT)
    assert accepted == Accepted(comment.id, url(comment, first), delivered=True)


@pytest.mark.parametrize(("text", "more"), [(TEXT, {"updates": "post"}), ("x" * 8_001, {})])
def test_an_update_can_be_a_post_of_its_own_and_is_where_a_comment_has_no_room(
    fake: Facebook, text: str, more: dict[str, Any]
) -> None:
    first = fake.made("first", PAGE, f"{PAGE}_{{}}")
    send(fake, text, earlier=first.id, **more)
    assert [post.text for post in fake.posts] == ["first", text]


def test_where_the_first_post_is_gone_the_next_try_is_a_post(fake: Facebook) -> None:
    async def two(page: Any) -> None:
        with pytest.raises(ChannelError) as raised:
            await page.send(message(), WHO, attempt("at_1", earlier=f"{PAGE}_404"))
        assert (raised.value.code, raised.value.permanent, CODES[graph.GONE]) == (graph.GONE, False, Verdict.RETRY_ONCE)
        await page.send(message(), WHO, attempt("at_2", earlier=f"{PAGE}_404"))

    using(channel(fake), two)
    assert [post.text for post in fake.posts] == [TEXT]


def test_sent_in_error_takes_the_place_of_the_wrong_words(fake: Facebook) -> None:
    wrong = fake.made("Leave now.", PAGE, f"{PAGE}_{{}}")
    assert send(fake, "Sent in error.", edits=wrong.id, posting=posting()) == Accepted(wrong.id, url(wrong), True)
    assert (wrong.text, wrong.before, len(fake.shown)) == ("Sent in error.", ["Leave now."], 1)
    gone = refused(fake, edits=f"{PAGE}_404")
    assert (gone.code, gone.permanent) == (graph.NOT_THERE, True)


def test_a_request_carries_its_proof_and_never_its_token_in_the_address() -> None:
    with served(Facebook(GraphFaults(latency=0), secret=APP_SECRET)) as fake:
        assert "appsecret_proof" in refused(fake).text
        send(fake, app_secret=Secret(APP_SECRET), posting=posting())
        first = fake.posts[0]
        send(fake, app_secret=Secret(APP_SECRET), earlier=first.id)
        assert len(fake.shown) == 2
        assert fake.told == []


@pytest.mark.parametrize("wrong", [{"updates": "both"}, {"app_id": "1"}])
def test_options_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"updates|app_secret"):
        Options(PAGE, Secret("t"), **wrong)


# --- what the answers mean --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("refusal", "code", "verdict", "permanent"),
    [
        ((400, 190, 463, "Session has expired"), "190", Verdict.STOP_CHANNEL, False),
        ((400, 190, 460, "The session is invalid"), "190", Verdict.STOP_CHANNEL, False),
        ((403, 200, 0, "Requires pages_manage_posts"), "200", Verdict.STOP_CHANNEL, False),
        ((403, 10, 0, "Permission denied"), "10", Verdict.STOP_CHANNEL, False),
        ((400, 2635, 0, "deprecated version"), "2635", Verdict.STOP_CHANNEL, False),
        ((400, 4, 0, "Application request limit reached"), "4", Verdict.BACK_OFF, False),
        ((403, 613, 0, "Calls to this api have exceeded the rate limit"), "613", Verdict.BACK_OFF, False),
        ((500, 32, 0, "Page request limit reached"), "32", Verdict.BACK_OFF, False),
        ((400, 368, 0, "deemed abusive"), "368", Verdict.ALARM, True),
        ((400, 100, 0, "Invalid parameter"), "100", Verdict.PERMANENT, True),
        ((400, 100, 33, "Object does not exist"), "100/33", Verdict.ALARM, True),
        ((400, 5555, 0, "something new"), "5555", None, False),
    ],
)
def test_a_refusal_is_known_by_its_code(
    fake: Facebook, refusal: tuple[int, int, int, str], code: str, verdict: Verdict | None, permanent: bool
) -> None:
    fake.faults = GraphFaults(latency=0, refusal=refusal)
    error = refused(fake)
    assert (error.code, CODES.get(error.code), error.permanent) == (code, verdict, permanent)
    assert refusal[3] in error.text
    assert (error.retry_after == graph.LIMITED_SECONDS) is (verdict is Verdict.BACK_OFF)
    assert ("password was changed" in error.text) is (refusal[2] == 460)
    assert fake.requests == 1


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (401, Verdict.STOP_CHANNEL),
        (403, Verdict.STOP_CHANNEL),
        (404, Verdict.ALARM),
        (429, Verdict.BACK_OFF),
        (302, None),
    ],
)
def test_what_is_no_answer_of_graph_is_known_by_its_status(
    fake: Facebook, status: int, verdict: Verdict | None
) -> None:
    fake.faults = GraphFaults(status=status)
    error = refused(fake)
    assert (error.code, CODES.get(error.code)) == (f"http_{status}", verdict)


@pytest.mark.parametrize(
    "faults",
    [
        {"error_before": 1},
        {"cut_before": 1},
        {"refusal": (400, 2, 0, "Service temporarily unavailable")},
        {"refusal": (503, 5555, 0, "something new")},
        {"status": 502},
        {"status": 200, "text": "{}"},
        {"status": 200, "text": '{"success": true}'},
    ],
)
def test_what_may_stand_is_unknown_and_asked_once(fake: Facebook, faults: dict[str, Any]) -> None:
    fake.faults = GraphFaults(latency=0, **faults)
    with pytest.raises(OutcomeUnknown):
        send(fake, posting=posting())
    assert (fake.requests, len(fake.posts)) == (1, 0)


def business(minutes: int, calls: int = 20) -> dict[str, str]:
    use = {"type": "pages", "call_count": calls, "total_time": 3, "estimated_time_to_regain_access": minutes}
    return {"X-Business-Use-Case-Usage": json.dumps({PAGE: [use]})}


@pytest.mark.parametrize(
    ("usage", "waits"),
    [
        ({}, 0),
        (business(0), 0),
        (business(0, 95), graph.FULL_SECONDS),
        (business(7), 420),
        (business(600), graph.LONGEST_WAIT),
        ({"X-App-Usage": '{"call_count": 28, "total_time": 94, "total_cputime": 25}'}, 0),
        ({"X-Page-Usage": '{"call_count": 28, "total_time": 25, "total_cputime": 95.5}'}, graph.FULL_SECONDS),
        ({"X-App-Usage": "[1]", "X-Business-Use-Case-Usage": '{"1": [7, {"call_count": null}], "2": 3}'}, 0),
    ],
)
def test_the_headers_are_heeded_before_meta_refuses(fake: Facebook, usage: dict[str, str], waits: float) -> None:
    fake.faults = GraphFaults(latency=0, usage=usage)
    assert send(fake).wait == waits
    fake.faults = GraphFaults(latency=0, usage=usage, too_many=1)
    error = refused(fake, text="Another text")
    assert error.retry_after == (waits if waits not in (0, graph.FULL_SECONDS) else graph.LIMITED_SECONDS)


# --- finding a post again ---------------------------------------------------------------------------------------------
def test_a_text_that_stands_already_is_not_posted_twice(fake: Facebook) -> None:
    first = send(fake, posting=posting(picture=None))
    fake.posts[0].created -= timedelta(seconds=30)  # by an earlier try
    assert send(fake, posting=posting(picture=None)) == first
    assert len(fake.posts) == 1
    fake.posts[0].created -= timedelta(days=1)  # of another alert
    error = refused(fake, posting=posting(picture=None))
    assert (error.code, error.permanent) == ("506", True)


@pytest.mark.parametrize("about", ["", "first"])
def test_a_lost_answer_is_found_by_its_words_among_posts_and_comments(fake: Facebook, about: str) -> None:
    first = fake.made("first", PAGE, f"{PAGE}_{{}}")
    earlier = first.id if about else ""
    assert find(fake, earlier=earlier) is None
    fake.faults = GraphFaults(latency=0, cut_after=1)
    with pytest.raises(OutcomeUnknown):
        send(fake, earlier=earlier)
    post = fake.shown[1]
    assert find(fake, earlier=earlier) == Found(post.id, "delivered", url=url(post, first if about else None))


def test_a_change_whose_outcome_is_unknown_is_found_by_its_words(fake: Facebook) -> None:
    post = fake.made("Leave now.", PAGE, f"{PAGE}_{{}}")
    assert find(fake, edits=post.id) is None
    post.text = f"{TEXT}\n"
    assert find(fake, edits=post.id) == Found(post.id, "delivered", url=url(post))


def test_an_update_whose_first_post_is_gone_is_found_among_the_posts(fake: Facebook) -> None:
    post = fake.made(TEXT, PAGE, f"{PAGE}_{{}}")
    found = find(fake, earlier=f"{PAGE}_404")
    assert found is not None
    assert found.provider_id == post.id


def test_only_the_pages_own_new_post_that_nobody_else_holds_is_it(fake: Facebook) -> None:
    known = fake.made(TEXT, PAGE, f"{PAGE}_{{}}")
    fake.made(TEXT, PAGE, f"{PAGE}_{{}}").created -= timedelta(minutes=1)
    fake.made(TEXT, "a visitor", f"{PAGE}_{{}}")
    fake.made("Another text", PAGE, f"{PAGE}_{{}}")
    assert find(fake, known=frozenset([known.id])) is None
    assert find(fake) is not None


def test_a_post_whose_id_is_known_is_found_by_it(fake: Facebook) -> None:
    fake.made(TEXT, PAGE, f"{PAGE}_{{}}")
    post = fake.made("changed since", PAGE, f"{PAGE}_{{}}")
    sent = Sent(attempt(), message(), WHO, frozenset([post.id]), post.id)
    assert using(channel(fake), lambda c: c.find(sent)) == Found(post.id, "delivered", url=url(post))


def test_posts_are_read_over_several_pages_and_only_as_far_as_needed(fake: Facebook) -> None:
    wanted = fake.made(TEXT, PAGE, f"{PAGE}_{{}}")
    for number in range(150):
        fake.made(f"Other {number}", PAGE, f"{PAGE}_{{}}")
    found = find(fake)
    assert found is not None
    assert found.provider_id == wanted.id
    for post in fake.shown:
        post.created -= timedelta(minutes=5)
    fake.requests = 0
    assert find(fake) is None
    assert fake.requests == 1


def test_too_many_posts_and_unreadable_ones_prove_nothing(fake: Facebook) -> None:
    fake.faults = GraphFaults(status=200, text='{"data": [7]}')
    with pytest.raises(OutcomeUnknown):
        find(fake)
    fake.faults = GraphFaults(latency=0)
    for number in range(600):
        fake.made(f"Other {number}", PAGE, f"{PAGE}_{{}}")
    with pytest.raises(OutcomeUnknown):
        find(fake)


# --- the token --------------------------------------------------------------------------------------------------------
def checks(fake: Facebook, **more: Any) -> tuple[Check, ...]:
    return using(channel(fake, **more), lambda c: c.check())


@pytest.mark.parametrize(("expires", "data", "days"), [(0, 0, None), (60, 90, 60), (0, 90, 90), (60, 5, 5)])
def test_the_token_lives_until_the_first_of_its_two_ends(
    fake: Facebook, expires: int, data: int, days: int | None
) -> None:
    fake.faults = GraphFaults(expires=expires, data_expires=data)
    page, life = checks(fake)
    assert (page.ok, life.ok) == (True, True)
    assert "Judge County" in page.text
    if days is None:
        assert life.until is None
    else:
        assert life.until is not None
        assert abs(life.until - datetime.now(UTC) - timedelta(days=days)) < timedelta(minutes=1)


def test_a_token_that_is_dead_or_may_too_little_says_what_to_do(fake: Facebook) -> None:
    fake.faults = GraphFaults(scopes=("pages_manage_posts", "pages_read_engagement"))
    assert "pages_manage_engagement" in checks(fake)[1].text
    assert checks(fake, updates="post")[1].ok
    fake.faults = GraphFaults(invalid=True)
    assert not checks(fake)[1].ok
    fake.faults = GraphFaults(unauthorized=True)
    [dead] = checks(fake)
    assert not dead.ok
    assert dead.hint
    assert TOKEN not in dead.text


def test_where_the_token_may_not_ask_about_itself_the_app_does(fake: Facebook) -> None:
    fake.faults = GraphFaults(blind=True, expires=60)
    untold = checks(fake)[1]
    assert (untold.ok, untold.until) == (True, None)
    assert "app_id" in untold.hint
    assert checks(fake, app_id=APP_ID, app_secret=Secret(APP_SECRET))[1].until is not None


@pytest.mark.parametrize("app", [{}, {"app_id": APP_ID}])
def test_asking_for_the_tokens_life_is_proven_by_whoever_asks(app: dict[str, str]) -> None:
    with served(Facebook(GraphFaults(expires=60), secret=APP_SECRET)) as fake:
        assert checks(fake, app_secret=Secret(APP_SECRET), **app)[1].until is not None


def test_lengths_are_those_of_facebook_and_its_stand_in(fake: Facebook) -> None:
    assert (LENGTH, channel(fake).limits().length) == (provider.LENGTH, provider.LENGTH)
    assert refused(fake, text="x" * (LENGTH + 1)).permanent
