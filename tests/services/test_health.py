"""Readiness by signs of life."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from broadcaster.services import health, metrics
from broadcaster.services.system import System
from broadcaster.store import heartbeats
from broadcaster.store.engine import Database, now
from broadcaster.store.heartbeats import Beat
from broadcaster.store.schema import publication
from broadcaster.transport.connection import connect

T = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def beat(state: str = heartbeats.OK, seconds: float = 0, holder: str = "h:1") -> Beat:
    return Beat("sender", holder, T - timedelta(seconds=seconds), state)


@pytest.mark.parametrize(
    ("beats", "ok", "reason"),
    [
        ([], False, "has not started yet"),
        ([beat()], True, ""),
        ([beat(seconds=15)], True, ""),
        ([beat(seconds=15.5)], False, "no sign for 15 s"),
        ([beat(heartbeats.DOWN)], False, "has stopped"),
        ([beat(heartbeats.STARTING)], False, "came back and has not lived through one beat yet"),
        ([beat(heartbeats.DOWN), beat(heartbeats.STARTING, holder="h:2")], False, "came back and has not"),
        ([beat(heartbeats.DOWN), beat(holder="h:2")], True, ""),
        ([beat(seconds=99), beat(heartbeats.DOWN, holder="h:2")], False, "has stopped"),
        ([replace(beat(), part="worker")], False, "has not started yet"),
    ],
)
def test_a_part_works_if_one_of_its_processes_proves_it(beats: list[Beat], ok: bool, reason: str) -> None:
    found = health.of_part("sender", beats, T)
    assert found.ok is ok
    assert found.reason.startswith(reason)
    assert bool(found.reason) is not ok


def test_the_newest_sign_is_the_one_told() -> None:
    found = health.of_part("sender", [beat(seconds=9), beat(seconds=3, holder="h:2")], T)
    assert found.as_json() == {"ok": True, "seen": "2026-11-22T09:59:57Z", "reason": ""}


def lively(system: System, *, checked: timedelta = timedelta(0)) -> None:
    with system.database.write() as connection:
        for part in ("sender", "worker", "clock"):
            heartbeats.beat(connection, part, "h:1", now(connection))
        connection.execute(publication.insert().values(id=1, checked=system.now() - checked))


def test_all_parts_well_is_ready(system: System) -> None:
    lively(system)
    found = health.readiness(system)
    assert found["ready"] is True
    assert list(found["parts"]) == ["database", "redis", "sender", "worker", "clock", "page"]
    assert all(part["ok"] and part["seen"].endswith("Z") and not part["reason"] for part in found["parts"].values())


def test_one_part_away_is_not_ready(system: System) -> None:
    lively(system)
    with system.database.write() as connection:
        heartbeats.mark_down(connection, "h:1")
        for part in ("sender", "worker"):
            heartbeats.beat(connection, part, "h:2", now(connection))
    found = health.readiness(system)
    assert found["ready"] is False
    assert [name for name, part in found["parts"].items() if not part["ok"]] == ["clock"]


@pytest.mark.parametrize(("seconds", "ok"), [(90, True), (91, False)])
def test_a_page_nobody_checks_is_not_well(system: System, seconds: int, ok: bool) -> None:
    lively(system, checked=timedelta(seconds=seconds))
    assert health.readiness(system)["parts"]["page"]["ok"] is ok


def test_a_page_never_published_is_not_well(system: System) -> None:
    assert health.readiness(system)["parts"]["page"] == {
        "ok": False,
        "seen": None,
        "reason": "has not been published yet",
    }


def test_redis_away_is_seen_and_the_rest_still_told(system: System) -> None:
    lively(system)
    found = health.readiness(replace(system, redis=connect("unix:///nonexistent/redis.sock")))
    assert [name for name, part in found["parts"].items() if not part["ok"]] == ["redis"]


def test_an_embedded_redis_that_died_counts_once_its_part_has_proved_itself(system: System) -> None:
    lively(system)
    embedded = replace(system, settings=replace(system.settings, embedded_redis=True))
    assert health.readiness(embedded)["parts"]["redis"]["ok"] is False
    with system.database.write() as connection:
        heartbeats.beat(connection, "redis", "h:3", now(connection))
    assert health.readiness(embedded)["ready"] is True


def test_with_the_database_down_it_still_answers(system: System) -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=2")
    found = health.readiness(replace(system, database=away))
    assert found["ready"] is False
    assert [name for name, part in found["parts"].items() if part["ok"]] == ["redis"]
    assert found["parts"]["sender"]["reason"] == "not known while the database is away"
    away.close()


def test_a_database_without_tables_is_not_ready(system: System, tmp_path: object) -> None:
    bare = Database(f"sqlite:///{tmp_path}/bare.db")
    assert health.readiness(replace(system, database=bare))["parts"]["database"]["ok"] is False
    bare.close()


def test_metrics_can_be_read_by_prometheus_and_name_each_part(system: System) -> None:
    lively(system, checked=timedelta(seconds=7))
    families = {f.name: f for f in text_string_to_metric_families(metrics.text(system).decode())}
    up = {sample.labels["part"]: sample.value for sample in families["broadcaster_part_up"].samples}
    assert up == {"database": 1, "redis": 1, "sender": 1, "worker": 1, "clock": 1, "page": 1}
    assert families["broadcaster_page_checked_age_seconds"].samples[0].value == pytest.approx(7)
    assert {s.labels["state"]: s.value for s in families["broadcaster_alerts"].samples} == {"in_review": 0, "live": 0}
