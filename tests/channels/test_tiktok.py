"""TikTok: what is posted, how tokens are made and kept, what each refusal means. Over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from broadcaster.channels.http import STEP_LOST
from broadcaster.channels.tiktok import CODES, LIMITED_SECONDS, NO_PICTURE, Options, open_channel
from broadcaster.domain.alert import Info
from broadcaster.domain.channel import Accepted, ChannelError, DataPath, OutcomeUnknown, Recipient, Secret, Verdict
from tests.channels.graphs import CARD, posting, using
from tests.channels.ways import PUBLIC_URL, TEXT, attempt, message
from tests.providers.base import served
from tests.providers.tiktok import KEY, REFRESH, SECRET, TikTok, TikTokFaults

WHO = Recipient("tok", "en")


@pytest.fixture
def fake() -> Iterator[TikTok]:
    with served(TikTok(TikTokFaults(latency=0))) as made:
        yield made


def channel(fake: TikTok, folder: Path, **more: Any) -> Any:
    given = {"client_key": KEY, "client_secret": Secret(SECRET), "refresh_token": Secret(REFRESH), **more}
    return open_channel("tok", Options(**given, folder=DataPath(str(folder)), base_url=fake.base_url), PUBLIC_URL)


def send(fake: TikTok, folder: Path, **more: Any) -> Accepted:
    tried = replace(attempt("at_1"), **{"posting": posting(), **more})
    return using(channel(fake, folder), lambda c: c.send(message(), WHO, tried))


def refused(fake: TikTok, folder: Path, **more: Any) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        send(fake, folder, **more)
    return raised.value


def test_a_photo_post_is_taken_and_no_more_is_said(fake: TikTok, tmp_path: Path) -> None:
    assert send(fake, tmp_path) == Accepted("p_pub_url~v2.1")
    [post] = fake.posts
    assert post["post_info"]["description"] == TEXT
    assert post["post_info"]["privacy_level"] == "PUBLIC_TO_EVERYONE"
    assert post["source_info"]["photo_images"] == [CARD.url.replace(".png", ".jpg")]
    assert "title" not in post["post_info"]


@pytest.mark.parametrize(("length", "titled"), [(90, True), (91, False)])
def test_a_headline_that_has_room_is_the_title(fake: TikTok, tmp_path: Path, length: int, titled: bool) -> None:
    send(fake, tmp_path, posting=posting(info=Info(language="en-US", headline="x" * length)))
    assert ("title" in fake.posts[0]["post_info"]) is titled


@pytest.mark.parametrize("given", [None, posting(picture=None), posting(replace(CARD, url=""))])
def test_without_a_picture_there_is_no_post(fake: TikTok, tmp_path: Path, given: Any) -> None:
    error = refused(fake, tmp_path, posting=given)
    assert (error.code, error.permanent, fake.requests) == (NO_PICTURE, True, 0)


def test_an_access_token_is_made_once_and_anew_before_it_ends(fake: TikTok, tmp_path: Path) -> None:
    async def three(tok: Any) -> None:
        for _ in range(3):
            await tok.send(message(), WHO, replace(attempt(), posting=posting()))

    using(channel(fake, tmp_path), three)
    assert fake.refreshed == 1
    fake.faults = TikTokFaults(latency=0, expires=299)
    using(channel(fake, tmp_path), three)
    assert fake.refreshed == 4


def test_a_refresh_token_for_one_use_is_used_once_and_its_heir_is_kept(fake: TikTok, tmp_path: Path) -> None:
    async def both(tok: Any) -> None:
        tries = (tok.send(message(), WHO, replace(attempt(f"at_{n}"), posting=posting())) for n in range(2))
        await asyncio.gather(*tries)

    fake.faults = TikTokFaults(latency=0, rotates=True)
    folder = tmp_path / "kept"
    using(channel(fake, folder), both)
    assert (fake.refreshed, len(fake.posts)) == (1, 2)
    [file] = folder.iterdir()
    assert (file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)
    assert REFRESH not in file.name
    send(fake, folder)  # another process goes on from it
    assert fake.refreshed == 2


def test_a_token_that_another_process_used_meanwhile_is_read_again(fake: TikTok, tmp_path: Path) -> None:
    fake.faults = TikTokFaults(latency=0, rotates=True)
    send(fake, tmp_path)
    [file] = tmp_path.iterdir()

    def meanwhile() -> None:
        fake.refresh, fake.meanwhile = "rft.newer", None
        file.write_text('{"refresh_token": "rft.newer"}', encoding="utf-8")

    fake.meanwhile = meanwhile
    assert refused(fake, tmp_path).code == STEP_LOST
    send(fake, tmp_path)
    assert len(fake.posts) == 2
    fake.refresh = "rft.of-nobody"
    dead = refused(fake, tmp_path)
    assert (dead.code, CODES[dead.code]) == ("invalid_grant", Verdict.STOP_CHANNEL)


def test_a_dead_access_token_is_made_anew_at_the_next_try(fake: TikTok, tmp_path: Path) -> None:
    async def two(tok: Any) -> str:
        tried = replace(attempt(), posting=posting())
        await tok.send(message(), WHO, tried)
        fake.refreshed = 7  # the one it holds is dead
        with pytest.raises(ChannelError) as raised:
            await tok.send(message(), WHO, tried)
        await tok.send(message(), WHO, tried)
        return raised.value.code

    assert using(channel(fake, tmp_path), two) == "access_token_invalid"
    assert len(fake.posts) == 2


@pytest.mark.parametrize(
    ("refusal", "verdict", "permanent"),
    [
        ((403, "spam_risk_too_many_posts"), Verdict.BACK_OFF, False),
        ((403, "unaudited_client_can_only_post_to_private_accounts"), Verdict.STOP_CHANNEL, False),
        ((403, "url_ownership_unverified"), Verdict.ALARM, True),
        ((400, "invalid_params"), Verdict.PERMANENT, True),
        ((200, "scope_not_authorized"), Verdict.STOP_CHANNEL, False),
        ((400, "something_new"), None, False),
    ],
)
def test_a_refusal_is_known_by_its_code(
    fake: TikTok, tmp_path: Path, refusal: tuple[int, str], verdict: Verdict | None, permanent: bool
) -> None:
    fake.faults = TikTokFaults(latency=0, refusal=refusal)
    error = refused(fake, tmp_path)
    assert (error.code, CODES.get(error.code), error.permanent) == (refusal[1], verdict, permanent)
    assert error.retry_after == (LIMITED_SECONDS if verdict is Verdict.BACK_OFF else None)


def test_a_post_that_fails_at_once_is_no_post(fake: TikTok, tmp_path: Path) -> None:
    fake.faults = TikTokFaults(latency=0, failed="photo_pull_failed")
    error = refused(fake, tmp_path)
    assert (error.code, CODES[error.code], error.permanent) == ("photo_pull_failed", Verdict.RETRY, False)


@pytest.mark.parametrize("faults", [{"error_before": 1}, {"cut_before": 1}, {"cut_after": 1}, {"unreadable": 1}])
def test_what_may_stand_is_unknown(fake: TikTok, tmp_path: Path, faults: dict[str, Any]) -> None:
    fake.faults = TikTokFaults(latency=0, **faults)
    with pytest.raises(OutcomeUnknown):
        send(fake, tmp_path)


def test_a_token_without_an_answer_shows_nothing(fake: TikTok, tmp_path: Path) -> None:
    fake.faults = TikTokFaults(status=500, text="{}")
    assert refused(fake, tmp_path).code == STEP_LOST


def test_the_check_tells_whom_it_posts_to_and_when_the_token_dies(fake: TikTok, tmp_path: Path) -> None:
    account, life = using(channel(fake, tmp_path), lambda c: c.check())
    assert "@judgecounty" in account.text
    assert life.until is not None
    assert abs(life.until - datetime.now(UTC) - timedelta(days=365)) < timedelta(minutes=1)
    fake.faults = TikTokFaults(options=("SELF_ONLY",))
    [narrow] = using(channel(fake, tmp_path), lambda c: c.check())
    assert not narrow.ok
    assert "PUBLIC_TO_EVERYONE" in narrow.text
    [dead] = using(channel(fake, tmp_path, client_key="wrong"), lambda c: c.check())
    assert not dead.ok
    assert "Client key is incorrect" in dead.text
