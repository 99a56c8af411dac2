"""TikTok: what is posted, what becomes of it, what each refusal means, how tokens are renewed. Over real sockets."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from broadcaster.channels.http import STEP_LOST
from broadcaster.channels.tiktok import CODES, NO_PICTURE, OLD, PRIVACY, Options, open_channel
from broadcaster.channels.tiktok_tokens import BUSY, REFUSED, STORE
from broadcaster.domain.alert import Info
from broadcaster.domain.channel import (
    Accepted,
    ChannelError,
    Check,
    DataPath,
    Found,
    OutcomeUnknown,
    Recipient,
    Secret,
    Sent,
    Verdict,
)
from tests.channels.graphs import CARD, posting, using
from tests.channels.ways import PUBLIC_URL, TEXT, attempt, message
from tests.providers.base import served
from tests.providers.tiktok import KEY, REFRESH, SECRET, TikTok, TikTokFaults, publication

WHO = Recipient("tok", "en")


@pytest.fixture
def fake() -> Iterator[TikTok]:
    with served(TikTok(TikTokFaults(latency=0))) as made:
        yield made


@pytest.fixture
def tok(fake: TikTok, tmp_path: Path) -> Any:
    return channel(fake, tmp_path)


def channel(fake: TikTok, folder: Path, **more: Any) -> Any:
    given = {"folder": DataPath(str(folder / "tiktok")), "base_url": fake.base_url}
    keys = {"client_key": KEY, "client_secret": Secret(SECRET), "refresh_token": Secret(REFRESH)}
    return open_channel("tok", Options(**{**keys, **given, **more}), PUBLIC_URL)


def send(tok: Any, text: str = TEXT, **more: Any) -> Accepted:
    tried = replace(attempt("at_1"), **{"posting": posting(), **more})
    return using(tok, lambda c: c.send(message(text), WHO, tried))


def refused(tok: Any, **more: Any) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        send(tok, **more)
    return raised.value


def find(tok: Any, text: str = TEXT, ago: timedelta = timedelta(), **more: Any) -> Found | None:
    tried = attempt("at_7")
    sent = Sent(replace(tried, started=tried.started - ago), message(text), WHO, **more)
    return using(tok, lambda c: c.find(sent))


def test_a_post_is_the_card_as_jpeg_with_the_approved_words(fake: TikTok, tok: Any) -> None:
    accepted = send(tok)
    [post] = fake.posts
    assert accepted == Accepted(publication(post))
    assert (post.title, post.text, post.picture) == ("", TEXT, CARD.url.replace(".png", ".jpg"))
    assert (post.info["privacy_level"], post.info["auto_add_music"]) == ("PUBLIC_TO_EVERYONE", False)


@pytest.mark.parametrize(("headline", "titled"), [("x" * 90, True), ("x" * 91, False), ("\U0001f525" * 46, False)])
def test_a_headline_that_has_room_is_the_title(fake: TikTok, tok: Any, headline: str, titled: bool) -> None:
    send(tok, posting=posting(info=Info(language="en-US", headline=headline)))
    assert fake.posts[0].title == (headline if titled else "")


@pytest.mark.parametrize("off", [True, False])
def test_where_the_account_takes_no_comments_the_post_asks_for_none(fake: TikTok, tok: Any, off: bool) -> None:
    fake.faults = TikTokFaults(latency=0, comment_disabled=off)
    send(tok)
    assert fake.posts[0].info["disable_comment"] is off


@pytest.mark.parametrize("without", [None, posting(picture=None), posting(picture=replace(CARD, url=""))])
def test_without_a_card_nothing_is_posted(fake: TikTok, tok: Any, without: Any) -> None:
    error = refused(tok, posting=without)
    assert (error.code, error.permanent, fake.requests) == (NO_PICTURE, True, 0)


def test_a_privacy_level_that_the_account_does_not_offer_stops_the_channel(fake: TikTok, tok: Any) -> None:
    fake.faults = TikTokFaults(latency=0, options=("SELF_ONLY",))
    assert refused(tok).code == PRIVACY
    assert CODES[PRIVACY] is Verdict.STOP_CHANNEL
    assert not fake.posts
    with pytest.raises(ValueError, match="privacy"):
        Options("k", Secret("s"), Secret("r"), "public")


def test_what_becomes_of_a_post_is_told_by_looking(fake: TikTok, tok: Any) -> None:
    fake.faults = TikTokFaults(latency=0, looks=1)
    id_ = send(tok).provider_id
    url = f"https://www.tiktok.com/@judgecounty/photo/{fake.posts[0].id}"
    assert find(tok, provider_id=id_) == Found(id_, "accepted")
    assert find(tok, provider_id=id_) == Found(id_, "delivered", url=url)


def test_a_process_that_did_not_post_knows_the_address_too(fake: TikTok, tok: Any, tmp_path: Path) -> None:
    id_ = send(tok).provider_id
    found = find(channel(fake, tmp_path), provider_id=id_)
    assert found is not None
    assert found.url.endswith(f"@judgecounty/photo/{fake.posts[0].id}")
    fake.faults = TikTokFaults(latency=0, edge="creator_info/query/", error_before=1)
    assert find(channel(fake, tmp_path), provider_id=id_) == Found(id_, "delivered")


@pytest.mark.parametrize(
    ("reason", "verdict"),
    [
        ("photo_pull_failed", Verdict.RETRY),
        ("internal", Verdict.RETRY),
        ("spam_risk", Verdict.ALARM),
        ("spam_risk_text", Verdict.ALARM),
        ("picture_size_check_failed", Verdict.ALARM),
        ("auth_removed", Verdict.STOP_CHANNEL),
        ("publish_cancelled", Verdict.PERMANENT),
    ],
)
def test_a_post_that_came_to_nothing_says_why(fake: TikTok, tok: Any, reason: str, verdict: Verdict) -> None:
    fake.faults = TikTokFaults(latency=0, fails=reason)
    id_ = send(tok).provider_id
    assert find(tok, provider_id=id_) == Found(id_, "failed", reason)
    assert CODES[reason] is verdict


def test_a_public_post_waits_for_its_address_while_tiktok_moderates(fake: TikTok, tok: Any, tmp_path: Path) -> None:
    fake.faults = TikTokFaults(latency=0, moderated=False)
    id_ = send(tok).provider_id
    assert find(tok, provider_id=id_, ago=timedelta(minutes=9)) == Found(id_, "accepted")
    assert find(tok, provider_id=id_, ago=timedelta(minutes=11)) == Found(id_, "delivered")
    private = channel(fake, tmp_path, privacy="SELF_ONLY")
    assert find(private, provider_id=id_) == Found(id_, "delivered")


@pytest.mark.parametrize(
    ("status", "code", "verdict", "permanent", "wait"),
    [
        (400, "invalid_param", Verdict.PERMANENT, True, None),
        (401, "scope_not_authorized", Verdict.STOP_CHANNEL, False, None),
        (403, "url_ownership_unverified", Verdict.STOP_CHANNEL, False, None),
        (403, "unaudited_client_can_only_post_to_private_accounts", Verdict.STOP_CHANNEL, False, None),
        (403, "spam_risk_user_banned_from_posting", Verdict.STOP_CHANNEL, False, None),
        (200, "spam_risk_too_many_posts", Verdict.BACK_OFF, False, 900),
        (403, "reached_active_user_cap", Verdict.BACK_OFF, False, 900),
        (429, "rate_limit_exceeded", Verdict.BACK_OFF, False, 60),
        (403, "something_new", None, False, None),
    ],
)
def test_a_refusal_is_known_by_its_code(
    fake: TikTok, tok: Any, status: int, code: str, verdict: Verdict | None, permanent: bool, wait: float | None
) -> None:
    fake.faults = TikTokFaults(latency=0, refusal=(status, code))
    error = refused(tok)
    assert (error.code, CODES.get(code), error.permanent, error.retry_after) == (code, verdict, permanent, wait)


@pytest.mark.parametrize("refusal", [(500, "something_new"), (200, "internal_error")])
def test_tiktoks_own_failure_proves_nothing(fake: TikTok, tok: Any, refusal: tuple[int, str]) -> None:
    fake.faults = TikTokFaults(latency=0, refusal=refusal)
    with pytest.raises(OutcomeUnknown):
        send(tok)


def test_a_refusal_without_a_code_is_known_by_its_status(fake: TikTok, tok: Any) -> None:
    send(tok)
    fake.faults = TikTokFaults(status=429)
    error = refused(tok)
    assert (error.code, error.retry_after) == ("http_429", 60.0)


def test_a_domain_that_is_not_verified_is_named(fake: TikTok, tok: Any) -> None:
    error = refused(tok, posting=posting(picture=replace(CARD, url="https://elsewhere.example/1.png")))
    assert "PUBLIC_URL" in error.text


def test_the_sixth_post_of_a_minute_lets_the_others_wait(fake: TikTok, tok: Any) -> None:
    async def six(tok: Any) -> list[float]:
        tried = [replace(attempt(f"at_{n}"), posting=posting()) for n in range(6)]
        return [(await tok.send(message(), WHO, one)).wait for one in tried]

    waits = using(tok, six)
    assert waits[:5] == [0.0] * 5
    assert 50 < waits[5] <= 60


@pytest.mark.parametrize("faults", [{"error_before": 1}, {"error_after": 1}, {"cut_after": 1}, {"unreadable": 1}])
def test_what_may_stand_is_unknown_and_cannot_be_asked_for(fake: TikTok, tok: Any, faults: dict[str, Any]) -> None:
    fake.faults = TikTokFaults(latency=0, **faults)
    with pytest.raises(OutcomeUnknown):
        send(tok)
    assert len(fake.posts) == ("error_before" not in faults)
    with pytest.raises(OutcomeUnknown):
        find(tok)
    fake.faults = TikTokFaults(status=200, text='{"data": {}, "error": {"code": "ok"}}')
    assert find(tok, provider_id="p_1") == Found("p_1", "accepted")


# --- tokens -----------------------------------------------------------------------------------------------------------
def kept(folder: Path) -> Path:
    [file] = (folder / "tiktok").glob("*.json")
    return file


def test_the_first_token_serves_once_and_the_newest_pair_is_kept_for_all(
    fake: TikTok, tok: Any, tmp_path: Path
) -> None:
    async def many(tok: Any) -> None:
        tried = [replace(attempt(f"at_{n}"), posting=posting()) for n in range(5)]
        await asyncio.gather(*(tok.send(message(), WHO, one) for one in tried))

    using(tok, many)
    send(channel(fake, tmp_path))
    assert (len(fake.access), len(fake.posts)) == (1, 6)
    assert kept(tmp_path).stat().st_mode & 0o777 == 0o600
    fake.faults = TikTokFaults(latency=0, lives=60)
    fake.refresh = ["rft.anew"]  # the owner let the app in anew: another token stands in the environment
    send(channel(fake, tmp_path, refresh_token=Secret("rft.anew")))
    send(channel(fake, tmp_path, refresh_token=Secret("rft.anew")))
    assert len(fake.access) == 5  # one that ends in a minute is renewed before each request, by the newest token


def test_what_another_process_renewed_is_used(fake: TikTok, tok: Any, tmp_path: Path) -> None:
    send(tok)
    pair = json.loads(kept(tmp_path).read_text())
    kept(tmp_path).write_text(json.dumps({**pair, "made": pair["made"] + 1, "access": "act.newer"}))
    fake.access.append("act.newer")
    send(tok)
    assert len(fake.posts) == 2


def test_many_wait_for_one_renewal_in_each_loop(fake: TikTok, tok: Any, tmp_path: Path) -> None:
    async def two(tok: Any) -> None:
        tried = [replace(attempt(f"at_{n}"), posting=posting()) for n in range(2)]
        await asyncio.gather(*(tok.send(message(), WHO, one) for one in tried))

    using(tok, two)
    pair = json.loads(kept(tmp_path).read_text())
    kept(tmp_path).write_text(json.dumps({**pair, "made": pair["made"] + 1, "access_ends": 0}))
    using(tok, two)
    assert (len(fake.access), len(fake.posts)) == (2, 4)


def test_a_token_that_ended_early_is_renewed_by_the_next_try_and_a_new_one_not(
    fake: TikTok, tok: Any, tmp_path: Path
) -> None:
    send(tok)
    fake.access.append("act.of somebody else")
    error = refused(tok)
    assert (error.code, CODES[error.code]) == ("access_token_invalid", Verdict.STOP_CHANNEL)
    pair = json.loads(kept(tmp_path).read_text())
    kept(tmp_path).write_text(json.dumps({**pair, "made": pair["made"] - 61}))
    later = channel(fake, tmp_path)
    error = refused(later)
    assert (error.code, error.retry_after, CODES[OLD]) == (OLD, 0.0, Verdict.RETRY)
    send(later)
    assert len(fake.posts) == 2


def test_a_refused_renewal_stops_the_channel_and_tells_no_secret(fake: TikTok, tok: Any) -> None:
    fake.faults = TikTokFaults(latency=0, grant="invalid_grant")
    error = refused(tok)
    assert (error.code, CODES[error.code]) == (REFUSED, Verdict.STOP_CHANNEL)
    assert "invalid_grant: [secret] is over" in error.text


@pytest.mark.parametrize("faults", [{"error_after": 1}, {"cut_before": 1}, {"unreadable": 1}])
@pytest.mark.parametrize("edge", ["/oauth/token/", "/creator_info/query/"])
def test_a_step_before_the_post_without_an_answer_shows_nothing(
    fake: TikTok, tok: Any, edge: str, faults: dict[str, Any]
) -> None:
    fake.faults = TikTokFaults(latency=0, edge=edge, **faults)
    assert refused(tok).code == STEP_LOST
    assert not fake.posts
    if edge == "/oauth/token/":
        with pytest.raises(ChannelError):
            find(tok, provider_id="p_1")


def test_one_process_at_a_time_renews(fake: TikTok, tok: Any, tmp_path: Path) -> None:
    send(tok)
    handle = os.open(kept(tmp_path).with_suffix(".lock"), os.O_RDWR)
    kept(tmp_path).unlink()
    fcntl.flock(handle, fcntl.LOCK_SH)
    other = channel(fake, tmp_path)
    error = refused(other)
    os.close(handle)
    assert (error.code, error.retry_after, CODES[BUSY]) == (BUSY, 2.0, Verdict.RETRY)
    assert len(fake.access) == 1


def test_where_no_token_could_be_kept_none_is_spent(fake: TikTok, tok: Any, tmp_path: Path) -> None:
    (tmp_path / "tiktok").write_text("a file stands here")
    error = refused(tok)
    assert (error.code, CODES[error.code], fake.requests) == (STORE, Verdict.STOP_CHANNEL, 0)


def checks(tok: Any) -> tuple[Check, ...]:
    return using(tok, lambda c: c.check())


def test_the_account_and_the_life_of_its_tokens_are_told(fake: TikTok, tok: Any, tmp_path: Path) -> None:
    account, life = checks(tok)
    assert account.text == "tok: posts as @judgecounty"
    assert life.until is not None
    assert abs(life.until - datetime.now(UTC) - timedelta(days=180)) < timedelta(minutes=1)
    kept(tmp_path).unlink()
    assert "cannot be kept" in checks(tok)[1].text
    fake.faults = TikTokFaults(scope="user.info.basic", lives=200)
    fake.refresh = [REFRESH]
    assert "video.publish" in checks(channel(fake, tmp_path))[1].text
    fake.faults = TikTokFaults(options=("SELF_ONLY",))
    [wrong] = checks(channel(fake, tmp_path))
    assert (wrong.ok, wrong.text) == (False, "tok: the account does not allow PUBLIC_TO_EVERYONE")
    fake.faults = TikTokFaults(status=500)
    [away] = checks(channel(fake, tmp_path))
    assert (away.ok, "cannot be used" in away.text) == (False, True)
