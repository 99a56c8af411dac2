"""A part's sign of life: honest about deaths, and about a loop that no longer moves."""

import pytest

from broadcaster.jobs.beat import Beat, Pulse
from broadcaster.process import RESTARTED, holder
from broadcaster.store import heartbeats
from broadcaster.store.engine import Database, now


def states(database: Database) -> dict[str, str]:
    with database.read() as connection:
        return {beat.holder: beat.state for beat in heartbeats.every(connection)}


def test_the_first_start_counts_at_once(database: Database) -> None:
    beat = Beat(database, "sender", lambda: True, {})
    assert beat.once()
    assert states(database) == {holder(): heartbeats.OK}


def test_after_a_death_a_part_is_starting_and_the_dead_one_is_down(database: Database) -> None:
    with database.write() as connection:
        heartbeats.beat(connection, "sender", "h:9", now(connection))
    beat = Beat(database, "sender", lambda: True, {RESTARTED: "h:9"})
    assert beat.once()
    assert states(database) == {"h:9": heartbeats.DOWN, holder(): heartbeats.STARTING}


def test_a_part_whose_loop_stands_still_gives_no_sign(database: Database) -> None:
    assert Beat(database, "sender", lambda: False, {}).once()
    assert states(database) == {}


def test_a_polite_end_says_so(database: Database) -> None:
    beat = Beat(database, "sender", lambda: True, {})
    beat.once()
    beat.leave()
    assert states(database) == {holder(): heartbeats.DOWN}


def test_without_the_database_it_says_so_and_will_try_again(caplog: pytest.LogCaptureFixture) -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=2")
    beat = Beat(away, "sender", lambda: True, {})
    assert not beat.once()
    beat.leave()
    assert "the database is away" in caplog.text
    away.close()


def test_a_pulse_beats_until_its_limit_after_the_last_touch() -> None:
    at = [0.0]
    pulse = Pulse(10.0, lambda: at[0])
    at[0] = 10.0
    assert pulse.beats()
    at[0] = 10.1
    assert not pulse.beats()
    pulse.touch()
    assert pulse.beats()
