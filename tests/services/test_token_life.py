"""Channels are asked once a day; an alarm rings a week before a token dies and when one cannot be used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from broadcaster.channels.facebook import Options
from broadcaster.domain.channel import Secret
from broadcaster.domain.config import ChannelConfig
from broadcaster.services import channel_desk, doctor
from broadcaster.services.system import System
from broadcaster.services.token_life import look
from broadcaster.store import alarms
from broadcaster.store.engine import now
from broadcaster.store.schema import channel_states
from tests.providers.base import served
from tests.providers.facebook import PAGE, Facebook
from tests.providers.graph import TOKEN, GraphFaults
from tests.sending import with_channels


@pytest.fixture
def page() -> Iterator[Facebook]:
    with served(Facebook(GraphFaults(expires=60))) as made:
        yield made


@pytest.fixture
def place(system: System, page: Facebook) -> System:
    return with_channels(system, facebook(page.base_url), facebook("http://127.0.0.1:9", "off", enabled=False))


def facebook(url: str, name: str = "page", **more: bool) -> ChannelConfig:
    return ChannelConfig(name, "facebook", options=Options(PAGE, Secret(TOKEN), base_url=url), **more)


def later(system: System, by: timedelta) -> None:
    with system.database.write() as connection:
        connection.execute(channel_states.update().values(checked=now(connection) - by))


def rung(system: System) -> dict[str, str]:
    with system.database.read() as connection:
        return {row.key: row.text for row in alarms.open_alarms(connection)}


def test_a_token_that_dies_within_a_week_rings_until_a_new_one_is_set(place: System, page: Facebook) -> None:
    assert (look(place), look(place), rung(place)) == (1, 0, {})
    page.faults = GraphFaults(expires=6)
    assert look(place) == 0
    later(place, timedelta(days=1))
    assert look(place) == 1
    [(key, text)] = rung(place).items()
    assert key == "channel:page:check"
    assert text.startswith("page: its token dies on 2")
    assert text.endswith(" UTC. Make a new one before (docs/channels).")
    page.faults = GraphFaults(expires=60)
    later(place, timedelta(hours=1))
    assert (look(place), rung(place)) == (1, {})


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_alarm_that_rings_on_is_the_same_one(place: System, page: Facebook) -> None:
    page.faults = GraphFaults(unauthorized=True)
    look(place)
    with place.database.read() as connection:
        [first] = alarms.open_alarms(connection)
    assert first.text.startswith("page: it failed its daily check: the Facebook page cannot be used: ")
    assert "has expired" in first.text
    assert "compare page_id" in first.text
    later(place, timedelta(hours=1))
    assert look(place) == 1
    with place.database.read() as connection:
        assert alarms.open_alarms(connection) == [first]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_channel_that_was_taken_out_rings_no_more(place: System, page: Facebook) -> None:
    page.faults = GraphFaults(unauthorized=True)
    look(place)
    assert len(rung(place)) == 1
    assert look(with_channels(place)) == 0
    assert rung(place) == {}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_one_that_cannot_be_reached_rings_and_holds_no_other(place: System, page: Facebook) -> None:
    both = with_channels(place, facebook("http://127.0.0.1:9", "away"), facebook(page.base_url))
    assert look(both) == 2
    assert list(rung(both)) == ["channel:away:check"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_doctor_and_the_desk_show_the_end_that_is_near(place: System, page: Facebook) -> None:
    page.faults = GraphFaults(expires=6)
    assert [check.ok for check in channel_desk.check(place, "page")] == [True, False]
    [line] = [one for one in doctor.examine(replace(place)) if one.name == "channel page" and not one.check.ok]
    assert "lives until" in line.check.text
