"""What a provider says it carries: learnt by itself, laid over the kind's own, and kept while nobody answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from broadcaster.channels import mastodon
from broadcaster.domain import text_social
from broadcaster.domain.alert import State
from broadcaster.domain.channel import Secret
from broadcaster.domain.config import ChannelConfig, Config
from broadcaster.domain.errors import Refused
from broadcaster.jobs.schedule import PERIODIC
from broadcaster.rendering.templates import load
from broadcaster.services import compose, submit
from broadcaster.services.channels import limits_of
from broadcaster.services.compose import Draft
from broadcaster.services.learn import learn
from broadcaster.services.show import alert as shown
from broadcaster.services.system import System
from broadcaster.store import alarms, learned
from broadcaster.store.engine import now
from broadcaster.store.schema import channel_states
from tests.providers.base import served
from tests.providers.mastodon import TOKEN, Mastodon, MastodonFaults
from tests.services.agency import AUTHOR, ORDER, agency, settle_people

SHORT = replace(
    ORDER, channels=("toot",), languages=("en",), fields={"hazard": "wildfire", "route": "Go south on Highway 9"}
)
FIELDS = load("evacuation_order").spec.fields
LONG = replace(
    SHORT, fields={name: "w" * FIELDS[name].max_length for name in ("hazard", "movement", "route", "shelter")}
)
ABOUT_LENGTH = ("too_long", "shortened")


@pytest.fixture
def fake() -> Iterator[Mastodon]:
    with served(Mastodon(MastodonFaults(latency=0))) as made:
        yield made


@pytest.fixture
def config(tmp_path: Path, fake: Mastodon) -> Config:
    return replace(agency(tmp_path), channels=(*agency(tmp_path).channels, toot(fake.base_url)))


@pytest.fixture
def place(system: System) -> System:
    settle_people(system)
    return system


def toot(url: str, name: str = "toot", seconds: float = 10.0, **more: int) -> ChannelConfig:
    options = mastodon.Options(Secret(TOKEN), url, timeout_seconds=seconds, **more)
    return ChannelConfig(name, "mastodon", languages=("en",), options=options)


def carried(system: System, name: str = "toot") -> tuple[int, int]:
    with system.database.read() as connection:
        limits = limits_of(system, connection)[name]
    return limits.length, limits.extras["url"]


def ages(system: System, by: timedelta) -> None:
    """What was learnt is older by that much."""
    with system.database.write() as connection:
        connection.execute(channel_states.update().values(learned=now(connection) - by))


def written(system: System, draft: Draft) -> tuple[str, str, dict[str, bool]]:
    """The alert's id, the post's text, and the findings about its length."""
    made = shown(system, compose.create(system, AUTHOR, draft).id)
    return made["id"], made["messages"][0]["text"], lengths(made)


def lengths(made: dict[str, Any]) -> dict[str, bool]:
    """Findings about lengths by code: whether they block."""
    return {f["code"]: f["blocking"] for f in made["findings"] if f["code"] in ABOUT_LENGTH}


def test_an_instance_is_asked_by_itself_and_texts_follow(place: System, fake: Mastodon) -> None:
    assert carried(place) == (500, 23)
    fake.faults = MastodonFaults(characters=130)
    assert learn(place) == 1
    assert carried(place) == (130, 23)
    assert written(place, LONG)[2] == {"too_long": True}
    ages(place, timedelta(hours=1))
    fake.faults = MastodonFaults(characters=5000, url=30)
    learn(place)
    assert carried(place) == (5000, 30)
    assert written(place, LONG)[2] == {}


def test_an_instance_that_takes_less_gets_shorter_words(place: System, fake: Mastodon) -> None:
    ends = replace(SHORT, until_lifted=False, expires=place.now() + timedelta(hours=3))
    _, whole, findings = written(place, ends)
    assert whole.startswith("Evacuation order for Judge Valley and Judge Hills: leave now.")
    assert findings == {}
    fake.faults = MastodonFaults(characters=text_social.mastodon(whole) - 1)
    learn(place)
    _, shorter, findings = written(place, ends)
    assert shorter.startswith("Judge County: Leave Judge Valley and Judge Hills now.")
    assert findings == {"shortened": False}


def test_what_was_written_for_more_is_refused_at_submission_and_what_was_for_less_is_taken(
    place: System, fake: Mastodon
) -> None:
    fake.faults = MastodonFaults(characters=5000)
    learn(place)
    long, _, findings = written(place, LONG)
    assert "too_long" not in findings
    ages(place, timedelta(hours=1))
    fake.faults = MastodonFaults(characters=130)
    learn(place)
    with pytest.raises(Refused) as raised:
        submit.submit(place, AUTHOR, long)
    assert raised.value.code == "too_long"
    assert "130 fit" in raised.value.text
    refused, _, findings = written(place, LONG)
    assert findings["too_long"]
    ages(place, timedelta(hours=1))
    fake.faults = MastodonFaults(characters=5000)
    learn(place)
    assert submit.submit(place, AUTHOR, refused).state == State.IN_REVIEW
    assert lengths(shown(place, refused)) == {}


@pytest.mark.parametrize(
    "faults",
    [
        MastodonFaults(instance_status=503),
        MastodonFaults(instance_status=404),
        MastodonFaults(instance="nonsense"),
        MastodonFaults(characters=7),
    ],
    ids=["503", "404", "nonsense", "seven"],
)
def test_an_instance_that_says_nothing_leaves_its_last_word(
    place: System, fake: Mastodon, faults: MastodonFaults
) -> None:
    fake.faults = MastodonFaults(characters=5000)
    learn(place)
    ages(place, timedelta(hours=1))
    fake.faults = faults
    assert learn(place) == 0
    assert carried(place) == (5000, 23)
    fake.faults = MastodonFaults(characters=400)
    assert learn(place) == 1  # asked again at the next look, not a quarter of an hour later
    assert carried(place) == (400, 23)


def test_an_instance_that_is_away_leaves_its_last_word(place: System, config: Config) -> None:
    with served(Mastodon(MastodonFaults(characters=5000))) as other:
        there = replace(place, config=replace(config, channels=(toot(other.base_url),)))
        assert learn(there) == 1
    ages(there, timedelta(days=3))
    assert learn(there) == 0
    assert carried(there) == (5000, 23)


def test_it_is_asked_every_quarter_of_an_hour_and_not_more(place: System, fake: Mastodon) -> None:
    assert (learn(place), learn(place), fake.requests) == (1, 0, 1)
    ages(place, timedelta(minutes=14))
    assert learn(place) == 0
    ages(place, timedelta(minutes=15))
    assert learn(place) == 1
    assert {p.name: p.every for p in PERIODIC}["learn"] == 60


def test_another_instance_under_the_same_name_has_not_spoken_yet(place: System, config: Config) -> None:
    with served(Mastodon(MastodonFaults(characters=5000))) as other:
        learn(replace(place, config=replace(config, channels=(toot(other.base_url),))))
        assert carried(place) == (500, 23)
        assert learn(place) == 1
        assert carried(place) == (500, 23)


def test_the_agencys_own_bound_is_never_raised(place: System, fake: Mastodon, config: Config) -> None:
    bounded = replace(place, config=replace(config, channels=(toot(fake.base_url, length=450),)))
    fake.faults = MastodonFaults(characters=5000)
    learn(bounded)
    assert carried(bounded) == (450, 23)
    ages(place, timedelta(hours=1))
    fake.faults = MastodonFaults(characters=300)
    learn(bounded)
    assert carried(bounded) == (300, 23)


def test_one_that_hangs_or_is_away_holds_no_other(place: System, fake: Mastodon, config: Config) -> None:
    with served(Silent()) as silent:
        channels = (
            toot("http://127.0.0.1:9", "away"),
            toot(silent.base_url, "hangs", seconds=1.0),
            toot(fake.base_url),
        )
        fake.faults = MastodonFaults(characters=700)
        several = replace(place, config=replace(config, channels=channels))
        assert learn(several) == 1
    assert carried(several) == (700, 23)
    assert carried(several, "hangs") == (500, 23)


class Silent(Mastodon):
    """Takes a request and never answers."""

    async def handle(self, request: object) -> object:  # type: ignore[override]
        return await self.hang()


def test_a_channel_that_rests_keeps_what_was_learnt_and_its_rest(place: System, fake: Mastodon) -> None:
    with place.database.write() as connection:
        alarms.pause(connection, "toot", "http_401", now(connection))
    fake.faults = MastodonFaults(characters=5000)
    learn(place)
    with place.database.write() as connection:
        assert alarms.paused(connection, now(connection)) == {"toot": "http_401"}
        alarms.pause(connection, "toot", "again", now(connection))
        assert alarms.paused(connection, now(connection)) == {"toot": "again"}
        assert learned.last(connection)["toot"][0].length == 5000
        alarms.pause(connection, "sms", "20003", now(connection))
    assert carried(place) == (5000, 23)  # a row that only rests has learnt nothing
    with place.database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(channel_states)).scalar_one() == 2


def test_two_processes_that_learn_at_once_keep_one_word(place: System, fake: Mastodon) -> None:
    fake.faults = MastodonFaults(latency=0, characters=900)

    async def both() -> list[int]:
        return list(await asyncio.gather(*(asyncio.to_thread(learn, place) for _ in range(4))))

    assert sum(asyncio.run(both())) >= 1
    assert carried(place) == (900, 23)
