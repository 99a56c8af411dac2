"""Publication in the transaction, on both databases."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from broadcaster.domain.alert import CapMessage, Mode, MsgType, Scope, State, Status
from broadcaster.domain.config import ChannelConfig, Config
from broadcaster.domain.snapshot import stamp
from broadcaster.services import publish
from broadcaster.services.declared import declared
from broadcaster.services.system import System
from broadcaster.store.alerts import Reviewed, add_review
from broadcaster.store.schema import alert_replaces, alerts, publication, versions
from broadcaster.transport.announce import STREAM
from tests.conftest import Clock
from tests.public.made import alert, info, put, put_shown, put_zones


@pytest.fixture
def county(system: System) -> System:
    with system.database.write() as connection:
        put_zones(connection)
    return system


def newest(system: System) -> dict[str, Any]:
    found = publish.newest(system)
    assert found is not None
    return found


def states(system: System) -> list[tuple[str, str]]:
    return [(a["id"], a["face"]) for a in newest(system)["bundle"]["states"][0]["alerts"]]


def go(system: System, *found: Any) -> int:
    with system.database.write() as connection:
        put(connection, *found)
        return publish.publish(system, connection, system.now())


def test_a_version_is_written_with_the_change_or_not_at_all(county: System) -> None:
    def fail() -> None:
        with county.database.write() as connection:
            put(connection, alert(at=county.now()))
            publish.publish(county, connection, county.now())
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail()
    assert publish.newest(county) is None
    assert publish.latest(county) == (0, None)
    assert go(county, alert(at=county.now())) == 1
    assert states(county) == [("a1", "live")]
    assert publish.latest(county) == (1, county.now())


def test_boundaries_ahead_reserve_numbers_so_that_they_always_grow(county: System) -> None:
    now = county.now()
    assert (
        go(
            county,
            alert("a1", now, expires=now + timedelta(hours=1)),
            alert("a2", now, expires=now + timedelta(hours=2)),
        )
        == 1
    )
    with county.database.read() as connection:
        assert connection.execute(sa.select(versions.c.last)).scalar_one() == 3
    assert go(county) == 4


def test_publishers_at_once_take_different_numbers_and_see_each_other(county: System) -> None:
    count, gate = 6, threading.Barrier(6)

    def one(number: int) -> None:
        gate.wait()
        go(county, alert(f"a{number}", county.now(), until_lifted=True, expires=None))

    threads = [threading.Thread(target=one, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with county.database.read() as connection:
        rows = connection.execute(sa.select(versions).order_by(versions.c.number)).all()
    assert [row.number for row in rows] == list(range(1, count + 1))
    assert [len(row.bundle["states"][0]["alerts"]) for row in rows] == list(range(1, count + 1))


@pytest.mark.parametrize("mode", [Mode.EXERCISE, Mode.TEST])
def test_drills_are_nowhere_in_a_bundle(county: System, mode: Mode) -> None:
    go(county, alert("drill", county.now(), mode=mode))
    assert "drill" not in str(newest(county)["bundle"])
    assert "SIMULACRO" not in str(newest(county)["bundle"])


def test_an_alert_that_never_was_live_is_nowhere(county: System) -> None:
    now = county.now()
    go(
        county,
        alert("draft", now, identifier=None, sent=None, state=State.DRAFT),
        alert("gone", now, identifier=None, sent=None, state=State.EXPIRED, ended_at=now),
    )
    assert newest(county)["bundle"]["alerts"] == {}
    assert newest(county)["bundle"]["archive"] == []


def test_an_alert_ended_long_ago_is_in_the_archive_and_its_facts_can_be_had(county: System) -> None:
    now = county.now()
    ended = now - timedelta(hours=24)
    go(
        county,
        alert("old", now - timedelta(days=9), state=State.LIFTED, ended_at=ended),
        alert("new", now, state=State.LIFTED, ended_at=ended + timedelta(seconds=1)),
        alert("run-out", now - timedelta(days=2), state=State.EXPIRED, expires=now - timedelta(hours=1), ended_at=None),
    )
    bundle = newest(county)["bundle"]
    assert set(bundle["alerts"]) == {"new", "run-out"}
    assert [row["id"] for row in bundle["archive"]] == ["new", "run-out", "old"]
    assert bundle["archive"][2]["headline"] == "Leave Judge Valley now"
    assert bundle["archive"][2]["ended"] == stamp(ended)
    found = publish.archived(county, {"old"})["old"]
    assert found["headline"] == "Leave Judge Valley now"
    assert "<identifier>judge-old</identifier>" in found["cap"]


def test_an_update_names_every_earlier_message_and_the_earlier_ones_name_it(county: System) -> None:
    now = county.now()
    with county.database.write() as connection:
        put(connection, alert("a1", now - timedelta(hours=2), state=State.SUPERSEDED, ended_at=now))
        put(connection, alert("a2", now - timedelta(hours=1), state=State.SUPERSEDED, ended_at=now, replaces=("a1",)))
        put(connection, alert("a3", now, msg_type=MsgType.UPDATE, replaces=("a2",)))
        put(connection, alert("draft", now, identifier=None, sent=None, state=State.DRAFT, replaces=("a2",)))
        publish.publish(county, connection, now)
    found = newest(county)["bundle"]["alerts"]
    assert "judge-a1," in found["a3"]["cap"]
    assert "judge-a2," in found["a3"]["cap"]
    assert found["a2"]["replaced_by"] == ["evacuation-order-a3"]
    assert found["a3"]["replaced_by"] == []


def test_a_shown_warning_stands_in_its_issuers_words(county: System) -> None:
    now = county.now()
    with county.database.write() as connection:
        put_shown(connection, now, "s1")
        put_shown(connection, now, "s2", state="cancelled")
        put_shown(connection, now, "s3", state="superseded")
        put_shown(connection, now, "s4", state="expired", expires=now - timedelta(hours=1))
        put_shown(connection, now, "s5", state="expired", expires=now - timedelta(hours=25))
        publish.publish(county, connection, now)
    found = newest(county)["bundle"]
    assert states(county) == [("s1", "live"), ("s4", "expired")]
    assert (found["alerts"]["s1"]["issuer"], found["alerts"]["s1"]["kind"]) == ("NWS Sacramento", "shown")
    assert found["alerts"]["s1"]["slug"] == "red-flag-warning-s1"
    zone = next(z for z in found["states"][0]["zones"] if z["id"] == "judge-hills")
    assert (zone["status"], zone["alert"]) == ("act_soon", "s1")


@pytest.mark.parametrize(
    ("status", "scope", "kind"),
    [
        (Status.TEST, Scope.PUBLIC, MsgType.ALERT),
        (Status.ACTUAL, Scope.PRIVATE, MsgType.ALERT),
        (Status.ACTUAL, Scope.PUBLIC, MsgType.CANCEL),
    ],
)
def test_only_actual_public_warnings_are_shown(county: System, status: Status, scope: Scope, kind: MsgType) -> None:
    now = county.now()
    with county.database.write() as connection:
        message = CapMessage("x", "w-nws@example.gov", now, status, kind, scope, infos=(info(),))
        put_shown(connection, now, message=message)
        publish.publish(county, connection, now)
    assert states(county) == []


def test_last_confirmed_is_the_latest_act_that_kept_it_on_air(county: System) -> None:
    now = county.now()
    with county.database.write() as connection:
        put(connection, alert("a1", now - timedelta(hours=3), until_lifted=True, expires=None))
        for hours, verb in ((3, "approve"), (1, "extend"), (0, "stop")):
            add_review(connection, "a1", Reviewed(verb, "x@example.org", now - timedelta(hours=hours)))
        publish.publish(county, connection, now)
    assert newest(county)["bundle"]["alerts"]["a1"]["confirmed"] == stamp(now - timedelta(hours=1))


def test_the_heartbeat_moves_without_a_version_while_nothing_changed(county: System, clock: Clock) -> None:
    assert publish.checked(county) == 1
    first = clock.at
    later = clock.forward(seconds=30)
    assert publish.checked(county) is None
    assert publish.latest(county) == (1, later)
    with county.database.read() as connection:
        assert publish.age(connection, later) == timedelta(0)
        assert publish.age(connection, later + timedelta(seconds=5)) == timedelta(seconds=5)
    assert newest(county)["published"] == stamp(first)


def test_the_heartbeat_never_goes_back(county: System, clock: Clock) -> None:
    publish.checked(county)
    before = clock.at
    clock.forward(seconds=-60)
    publish.checked(county)
    assert publish.latest(county)[1] == before


def test_the_heartbeat_publishes_what_was_forgotten_and_tells(county: System, clock: Clock) -> None:
    publish.checked(county)
    with county.database.write() as connection:
        put(connection, alert("a1", clock.at))
    assert publish.checked(county) == 2
    assert states(county) == [("a1", "live")]
    assert county.redis.xlen(STREAM) == 2
    assert publish.checked(county) is None
    assert county.redis.xlen(STREAM) == 2


def test_an_expiry_needs_no_new_version(county: System, clock: Clock) -> None:
    go(county, alert("a1", clock.at, expires=clock.at + timedelta(hours=1)))
    later = clock.forward(hours=1, seconds=1)
    with county.database.write() as connection:
        values = {"state": "expired", "ended_at": later}
        connection.execute(alerts.update().values(**values))
    before = newest(county)["number"]
    publish.checked(county)
    assert newest(county)["number"] == before


def test_nobody_has_checked_before_the_first_time(county: System) -> None:
    with county.database.read() as connection:
        assert publish.age(connection, county.now()) is None
        assert connection.execute(sa.select(publication)).all() == []
        assert connection.execute(sa.select(alert_replaces)).all() == []


@pytest.mark.parametrize(("kinds", "simulated"), [(["simulated"], True), (["simulated", "smtp"], False), ([], False)])
def test_pages_are_a_simulation_only_if_nothing_can_leave(system: System, kinds: list[str], simulated: bool) -> None:
    channels = (*(ChannelConfig(kind, kind) for kind in kinds), ChannelConfig("off", "smtp", enabled=False))
    made = replace(system, config=Config(system.config.agency, channels=channels))
    publish.checked(made)
    assert newest(made)["bundle"]["about"]["simulation"] is simulated


def test_an_order_that_goes_on_for_some_zones_is_never_called_safe(county: System) -> None:
    now = county.now()
    both, one = ("judge-valley", "judge-hills"), ("judge-valley",)
    with county.database.write() as connection:
        put(connection, alert("o", now - timedelta(hours=3), state=State.LIFTED, ended_at=now, zones=both))
        put(
            connection,
            alert("u", now - timedelta(hours=1), state=State.SUPERSEDED, ended_at=now, zones=one, replaces=("o",)),
        )
        put(connection, alert("u2", now, zones=one, replaces=("u",), ending="superseded"))
        put(connection, alert("l", now, zones=("judge-hills",), replaces=("o",), ending="lifted"))
        publish.publish(county, connection, now)
    assert dict(states(county)) == {"u2": "live", "l": "lifted", "o": "superseded", "u": "superseded"}
    bundle = newest(county)["bundle"]
    assert {row["id"]: row["state"] for row in bundle["archive"]}["o"] == "superseded"
    assert {z["id"]: z["status"] for z in bundle["states"][0]["zones"]} == {
        "judge-valley": "act_now",
        "judge-hills": "lifted",
    }
    with county.database.write() as connection:
        connection.execute(alerts.update().where(alerts.c.id == "u2").values(state="lifted", ended_at=now))
        publish.publish(county, connection, now)
    assert dict(states(county))["o"] == "lifted"


def test_what_was_declared_is_read_from_the_all_clear_and_the_last_one_counts(county: System) -> None:
    at = county.now()
    old = alert("old", at, template="boil_water", state="lifted", ended_at=at)
    over = {"template": "lifted", "ending": "lifted", "replaces": ("old",)}
    first = alert("first", at, fields={"guidance": "road_open"}, **over)
    last = alert("last", at + timedelta(seconds=1), fields={"guidance": "The water is safe to drink"}, **over)
    plain = alert("plain", at, template="evacuation_order", ending="lifted")
    with county.database.write() as connection:
        put(connection, old, first, last, plain)
        found = declared(connection)
    assert found == {"old": "water_safe", "first": "road_open", "last": "water_safe"}
