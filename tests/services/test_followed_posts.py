"""A provider that finishes later what it took (TikTok): what became of a post is asked for soon and by its id."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from broadcaster.channels.tiktok import FOLLOWS, Options
from broadcaster.domain.channel import DataPath, Secret
from broadcaster.domain.config import ChannelConfig
from broadcaster.services import settle
from broadcaster.services.system import System
from tests.providers.base import served
from tests.providers.tiktok import KEY, REFRESH, SECRET, TikTok, TikTokFaults
from tests.sending import attempt_rows, go_live, states, with_channels
from tests.services.texting import aged, work

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def tiktok() -> Iterator[TikTok]:
    with served(TikTok(TikTokFaults(latency=0), domain="http://")) as made:
        yield made


@pytest.fixture
def ground(system: System, tiktok: TikTok, tmp_path: Path) -> System:
    folder = DataPath(str(tmp_path / "tokens"))
    options = Options(KEY, Secret(SECRET), Secret(REFRESH), folder=folder, base_url=tiktok.base_url)
    return with_channels(system, ChannelConfig("tok", "tiktok", per_second=1000, options=options))


def test_what_became_of_a_post_is_asked_for_until_it_stands(ground: System, tiktok: TikTok) -> None:
    tiktok.faults = TikTokFaults(latency=0, looks=1)
    go_live(ground)
    work(ground)
    assert states(ground) == {"accepted": 1}
    looks = []
    for _ in range(3):
        settle.ask(ground)
        looks.append(tiktok.posts[0].looks)
        aged(ground, FOLLOWS)
    assert looks == [0, 1, 2]
    assert states(ground) == {"delivered": 1}
    assert attempt_rows(ground)[0].url.endswith(f"@judgecounty/photo/{tiktok.posts[0].id}")


def test_a_card_that_could_not_be_fetched_is_posted_again(ground: System, tiktok: TikTok) -> None:
    tiktok.faults = TikTokFaults(latency=0, fails="photo_pull_failed")
    go_live(ground)
    work(ground)
    aged(ground, FOLLOWS)
    assert settle.ask(ground) == 1
    assert [(row.state, row.code) for row in attempt_rows(ground)] == [("failed", "photo_pull_failed")]
    assert states(ground) == {"waiting": 1}


def test_what_may_stand_and_has_no_id_is_decided_by_the_policy(ground: System, tiktok: TikTok) -> None:
    tiktok.faults = TikTokFaults(latency=0, cut_after=1)
    go_live(ground)
    work(ground)
    assert states(ground) == {"unknown": 1}
    assert settle.ask(ground) == 1
    assert attempt_rows(ground)[0].code == "unknown_sent_again"
