"""A fallback takes over what a resting channel left unsent: only then, and only for the same kind of address."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from broadcaster.channels.smtp import Options
from broadcaster.domain.config import ChannelConfig
from broadcaster.services import expand, settle
from broadcaster.services.system import System
from broadcaster.store import alarms
from broadcaster.store.engine import now
from broadcaster.store.schema import deliveries
from tests.providers.twilio import Twilio
from tests.sending import go_live, people, sms, with_channels

MAIL = ChannelConfig("backup", "smtp", options=Options(base_url="smtp://127.0.0.1:9", from_="Judge <a@judge.example>"))


def ready(system: System, twilio: Twilio, *others: ChannelConfig) -> System:
    """Four people are queued on "sms", whose fallback is "backup"."""
    ground = with_channels(system, sms(twilio, fallback="backup"), *others)
    people(ground, 4)
    go_live(ground, channels=("sms",))
    expand.resume(ground)
    return ground


def rests(system: System, channel: str, seconds: float = 0) -> None:
    with system.database.write() as connection:
        alarms.pause(connection, channel, "away", now(connection) - timedelta(seconds=seconds))


def by_channel(system: System) -> dict[str, int]:
    with system.database.read() as connection:
        query = sa.select(deliveries.c.channel, sa.func.count()).group_by(deliveries.c.channel)
        return {row[0]: row[1] for row in connection.execute(query)}


def test_of_a_channel_that_works_nothing_is_taken_over(system: System, twilio: Twilio) -> None:
    ground = ready(system, twilio, sms(twilio, "backup"))
    settle.settle(ground)
    assert by_channel(ground) == {"sms": 4}


@pytest.mark.parametrize(("seconds", "channel"), [(59, "backup"), (61, "sms")])
def test_a_channel_rests_for_a_minute(system: System, twilio: Twilio, seconds: float, channel: str) -> None:
    ground = ready(system, twilio, sms(twilio, "backup"))
    rests(ground, "sms", seconds)
    settle.settle(ground)
    assert by_channel(ground) == {channel: 4}


def test_a_fallback_that_rests_too_takes_nothing_over(system: System, twilio: Twilio) -> None:
    ground = ready(system, twilio, sms(twilio, "backup"))
    rests(ground, "sms")
    rests(ground, "backup")
    settle.settle(ground)
    assert by_channel(ground) == {"sms": 4}


def test_a_fallback_for_another_kind_of_address_takes_nothing_over(system: System, twilio: Twilio) -> None:
    ground = ready(system, twilio, MAIL)
    rests(ground, "sms")
    settle.settle(ground)
    assert by_channel(ground) == {"sms": 4}


@pytest.mark.parametrize("others", [(), (ChannelConfig("backup", "twilio_sms", enabled=False),)])
def test_a_fallback_that_is_not_there_takes_nothing_over(
    system: System, twilio: Twilio, others: tuple[ChannelConfig, ...]
) -> None:
    ground = ready(system, twilio, *others)
    rests(ground, "sms")
    settle.settle(ground)
    assert by_channel(ground) == {"sms": 4}


def test_whom_the_fallback_has_already_is_left_where_they_are(system: System, twilio: Twilio) -> None:
    """They get the text by the fallback's own delivery: nobody gets it twice."""
    ground = with_channels(system, sms(twilio, fallback="backup"), sms(twilio, "backup"))
    people(ground, 4)
    go_live(ground, channels=("sms", "backup"))
    expand.resume(ground)
    rests(ground, "sms")
    settle.settle(ground)
    assert by_channel(ground) == {"sms": 4, "backup": 4}


@pytest.mark.parametrize(
    ("state", "moved"),
    [("queued", True), ("waiting", True), ("leased", False), ("sending", False), ("unknown", False), ("failed", False)],
)
def test_only_what_is_unsent_is_taken_over(system: System, twilio: Twilio, state: str, moved: bool) -> None:
    ground = ready(system, twilio, sms(twilio, "backup"))
    with ground.database.write() as connection:
        later = now(connection) + timedelta(minutes=1)
        connection.execute(deliveries.update().values(state=state, lease=later, holder="me", due=later))
    rests(ground, "sms")
    settle.settle(ground)
    assert by_channel(ground) == {"backup" if moved else "sms": 4}
