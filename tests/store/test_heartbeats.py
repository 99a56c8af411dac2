"""Signs of life."""

from datetime import UTC, datetime, timedelta

from broadcaster.store import heartbeats
from broadcaster.store.engine import Database
from broadcaster.store.heartbeats import Beat

T = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def test_each_process_has_one_row_that_its_beats_renew(database: Database) -> None:
    with database.write() as connection:
        heartbeats.beat(connection, "sender", "h:1", T, heartbeats.STARTING)
        heartbeats.beat(connection, "sender", "h:2", T + timedelta(seconds=1))
        heartbeats.beat(connection, "sender", "h:1", T + timedelta(seconds=5))
    with database.read() as connection:
        assert heartbeats.every(connection) == (
            Beat("sender", "h:1", T + timedelta(seconds=5), heartbeats.OK),
            Beat("sender", "h:2", T + timedelta(seconds=1), heartbeats.OK),
        )


def test_a_known_death_marks_that_process_alone_and_keeps_when_it_was_seen(database: Database) -> None:
    with database.write() as connection:
        heartbeats.beat(connection, "sender", "h:1", T)
        heartbeats.beat(connection, "sender", "h:2", T)
        heartbeats.mark_down(connection, "h:1")
    with database.read() as connection:
        assert {b.holder: (b.state, b.seen) for b in heartbeats.every(connection)} == {
            "h:1": (heartbeats.DOWN, T),
            "h:2": (heartbeats.OK, T),
        }


def test_a_supervisor_marks_its_own_host_alone(database: Database) -> None:
    with database.write() as connection:
        for holder in ("a_b:1", "aXb:1", "a_b2:1"):
            heartbeats.beat(connection, "clock", holder, T)
        heartbeats.mark_host_down(connection, "a_b")
    with database.read() as connection:
        down = [beat.holder for beat in heartbeats.every(connection) if beat.state == heartbeats.DOWN]
    assert down == ["a_b:1"]


def test_signs_of_processes_long_gone_are_forgotten(database: Database) -> None:
    with database.write() as connection:
        heartbeats.beat(connection, "clock", "h:1", T - heartbeats.KEPT - timedelta(seconds=1))
        heartbeats.beat(connection, "clock", "h:2", T - heartbeats.KEPT + timedelta(seconds=1))
        heartbeats.forget(connection, T)
    with database.read() as connection:
        assert [beat.holder for beat in heartbeats.every(connection)] == ["h:2"]
