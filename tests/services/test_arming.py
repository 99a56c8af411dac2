"""Rules that release by themselves: armed by two, tested before, held whenever a machine must not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from broadcaster.domain.config import Config, FeedConfig, Match, RuleConfig
from broadcaster.domain.errors import BroadcasterError
from broadcaster.services import arm, audit, feed_desk, rule_test, show, switches
from broadcaster.services.approve import approve
from broadcaster.services.correct import correct
from broadcaster.services.extend import extend
from broadcaster.services.ingest import EntryResult, ingest
from broadcaster.services.reject import reject
from broadcaster.services.stop import stop
from broadcaster.services.submit import submit
from broadcaster.services.system import Actor, System
from broadcaster.store.schema import alarms, alerts, broadcasts, metadata, notices
from tests.conftest import Clock
from tests.people import hire
from tests.services.agency import AUTHOR, CHIEF, DEPUTY, agency, rows, settle_people
from tests.services.feed_documents import BOTH, SENDER, document, named

NWS = FeedConfig("nws", "cap", trust="official")
OTHER = FeedConfig("other", "cap")
WHO = Actor("someone", "cli:someone@host")
RULE = RuleConfig(
    "tornado",
    "release",
    feeds=("nws",),
    match=Match(event=("Tornado Warning",), severity=("Extreme",), zones=("valley",)),
    max_per_hour=2,
    follow="release",
)
ONCE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # decided above SQL
TOKEN = Actor("token:partner", "api:10.0.0.1", frozenset({"approver"}), verified=True)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    made = agency(tmp_path)
    policy = replace(made.policy, release_oldest_minutes=120)
    return replace(made, policy=policy, feeds=(NWS, OTHER), rules=(RULE,))


@pytest.fixture(autouse=True)
def people(system: System) -> None:
    settle_people(system)
    hire(system, {"chief": ["approver"], "deputy": ["approver"]}, chief="+15550200001")


def ruled(system: System, **changes: Any) -> System:
    return replace(system, config=replace(system.config, rules=(replace(RULE, **changes),)))


def armed(system: System) -> System:
    """The rule tested and armed by two."""
    rule_test.run(system, CHIEF, "tornado")
    digest = arm.state(system, "tornado").digest
    assert [arm.arm(system, who, "tornado", digest) for who in (CHIEF, DEPUTY)] == [False, True]
    return system


def read(system: System, body: bytes, feed: FeedConfig = NWS) -> EntryResult:
    return ingest(system, feed, body, {}, WHO).entries[0]


def state(system: System, alert: str | None) -> str:
    assert alert is not None
    found: str = show.alert(system, alert)["state"]
    return found


def held_for(system: System, alert: str | None) -> str:
    """Why it was not released, as the review says it."""
    assert alert is not None
    return " ".join(f["text"] for f in show.alert(system, alert)["findings"] if f["code"] == "held_by_rule")


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(BroadcasterError) as caught:
        call()
    return caught.value.code


def table(system: System, name: str, column: str) -> list[Any]:
    return [row[0] for row in rows(system, sa.select(metadata.tables[name].c[column]))]


@ONCE
# --- arming -----------------------------------------------------------------------------------------------------
def test_until_two_have_armed_it_a_release_rule_submits_and_the_review_says_why(system: System) -> None:
    first = read(system, document()).alert
    rule_test.run(system, CHIEF, "tornado")
    assert not arm.arm(system, CHIEF, "tornado", arm.state(system, "tornado").digest)
    second = read(system, document("two")).alert
    assert [state(system, one) for one in (first, second)] == ["in_review"] * 2
    assert "not armed" in held_for(system, first)
    assert "not armed" in held_for(system, second)


@ONCE
def test_armed_it_releases_at_once_with_the_rules_name_in_the_record_and_tells_those_on_duty(system: System) -> None:
    result = read(armed(system), document())
    found = show.alert(system, str(result.alert))
    assert (found["state"], found["submitted_by"], found["signature_owed"]) == ("live", "feed:nws", False)
    assert [(one["verb"], one["by"]) for one in found["reviews"]] == [
        ("submit", "feed:nws"),
        ("release", "rule:tornado"),
    ]
    assert rows(system, sa.select(broadcasts.c.alert)) == [(result.alert,)]
    told = rows(system, sa.select(notices.c.person, notices.c.about, notices.c.text))
    assert [tuple(row)[:2] for row in told] == [("chief@judge.example", f"release:{result.alert}")]
    assert "the rule tornado released by itself" in str(told[0][2])
    assert audit.verify(system) == []


def test_nobody_arms_alone_untested_unproven_by_token_or_for_another_text(system: System) -> None:
    digest = arm.state(system, "tornado").digest
    sign = lambda who, text=digest, at=system: arm.arm(at, who, "tornado", text)  # noqa: E731 - one word for many tries
    assert refused(lambda: sign(CHIEF)) == "no_test_run"
    rule_test.run(system, CHIEF, "tornado")
    assert refused(lambda: sign(TOKEN)) == "role"
    assert refused(lambda: sign(AUTHOR)) == "role"
    assert refused(lambda: sign(Actor("rule:tornado", "clock", frozenset({"approver"}), verified=True))) == "role"
    assert refused(lambda: sign(replace(CHIEF, verified=False))) == "not_verified"
    assert refused(lambda: sign(CHIEF, "another")) == "rule_changed"
    other = ruled(system, max_per_hour=9)
    assert refused(lambda: sign(CHIEF, arm.state(other, "tornado").digest, other)) == "no_test_run"
    assert not sign(CHIEF)
    assert refused(lambda: sign(replace(CHIEF, name="Chief@Judge.example"))) == "four_eyes"
    assert arm.state(system, "tornado").why
    assert sign(DEPUTY)
    assert refused(lambda: sign(DEPUTY)) == "armed"
    assert not arm.state(system, "tornado").why


@ONCE
def test_a_first_signature_of_somebody_who_left_or_that_is_old_arms_nothing(system: System, clock: Clock) -> None:
    rule_test.run(system, CHIEF, "tornado")
    digest = arm.state(system, "tornado").digest
    arm.arm(system, CHIEF, "tornado", digest)
    clock.forward(hours=73)
    assert not arm.arm(system, DEPUTY, "tornado", digest)
    with system.database.write() as connection:
        connection.execute(metadata.tables["users"].update().values(active=False))
    assert refused(lambda: arm.arm(system, CHIEF, "tornado", digest)) == "proposer_gone"


@ONCE
def test_two_signatures_under_two_texts_of_a_rule_arm_neither(system: System) -> None:
    other = ruled(system, max_per_hour=9)
    for one, who in ((system, CHIEF), (other, DEPUTY)):
        rule_test.run(one, who, "tornado")
        assert not arm.arm(one, who, "tornado", arm.state(one, "tornado").digest)
    assert [bool(arm.state(one, "tornado").why) for one in (system, other)] == [True, True]


@ONCE
def test_a_changed_rule_feed_or_an_old_arming_is_disarmed_for_good(system: System, clock: Clock) -> None:
    armed(system)
    changed = ruled(system, max_per_hour=3)
    assert "changed" in held_for(system, read(changed, document()).alert)
    moved = replace(system, config=replace(system.config, feeds=(replace(NWS, url="https://other.example/"), OTHER)))
    assert "changed" in held_for(system, read(moved, document("two")).alert)
    assert arm.watch(changed) == 1
    assert "not armed" in held_for(system, read(system, document("three")).alert)
    assert rows(system, sa.select(alarms.c.kind).where(alarms.c.key == "disarmed:tornado")) == [("rule_disarmed",)]
    armed(system)
    assert arm.watch(system) == 0
    clock.forward(days=89)
    assert not arm.state(system, "tornado").why
    clock.forward(days=1)
    assert arm.state(system, "tornado").why
    assert arm.watch(system) == 1


@ONCE
def test_one_approver_disarms_at_once_and_a_machine_does_not(system: System) -> None:
    armed(system)
    assert refused(lambda: arm.disarm(system, TOKEN, "tornado")) == "role"
    arm.disarm(system, replace(CHIEF, verified=False), "tornado", "too eager")
    assert refused(lambda: arm.disarm(system, CHIEF, "tornado")) == "not_armed"
    assert state(system, read(system, document()).alert) == "in_review"


@ONCE
# --- what is held -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("body", "why"),
    [
        (document(headline="Evacuate the valley now"), "an evacuation"),
        (document(headline="TEST Tornado Warning"), "a test or an exercise"),
        (document(headline="All clear for the valley"), "a danger is over"),
        (document(minutes=-70), "sent more than 120 minutes ago"),
        (document(polygon=BOTH), "beyond the rule's zones: hills"),
        (document(vtec="/X.NEW.KSTO.TO.W.0001.261122T1100Z-261123T0600Z/"), "not that of an operational"),
    ],
)
def test_what_no_machine_may_release_is_in_review_with_the_reason(system: System, body: bytes, why: str) -> None:
    alert = read(armed(system), body).alert
    assert state(system, alert) == "in_review"
    assert why in held_for(system, alert)
    assert table(system, "rule_releases", "alert") == []


@ONCE
@pytest.mark.parametrize("status", ["Test", "Exercise", "System", "Draft"])
def test_what_is_not_actual_becomes_nothing(system: System, status: str) -> None:
    assert read(armed(system), document(status=status)).alert is None


@ONCE
def test_expired_warnings_and_other_feeds_release_nothing(system: System) -> None:
    armed(system)
    assert read(system, document(hours=0.5)).alert is None
    assert read(system, document("two"), OTHER).alert is None
    assert read(system, document("three", event="Flood Warning")).alert is None


@ONCE
@pytest.mark.parametrize("switch", ["sending", "rules"])
def test_after_a_kill_switch_nothing_is_released(system: System, switch: str) -> None:
    switches.stop(armed(system), CHIEF, switch)
    alert = read(system, document()).alert
    assert state(system, alert) == ("draft" if switch == "rules" else "in_review")
    assert switch == "rules" or "All sending is stopped" in held_for(system, alert)


def test_two_workers_at_once_do_not_pass_the_cap(system: System) -> None:
    armed(system)
    bodies = [document(f"n{n}").replace(SENDER.encode(), f"{n}.{SENDER}".encode()) for n in range(5)]
    gate, alerts_made = threading.Barrier(len(bodies)), [""] * len(bodies)

    def take(n: int) -> None:
        gate.wait()
        alerts_made[n] = str(read(system, bodies[n]).alert)

    threads = [threading.Thread(target=take, args=(n,)) for n in range(len(bodies))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    states = sorted(state(system, one) for one in alerts_made)
    assert states == ["in_review"] * 3 + ["live"] * 2
    waiting = [one for one in alerts_made if state(system, one) == "in_review"]
    assert all("has released 2 alerts in the last hour" in held_for(system, one) for one in waiting)
    assert audit.verify(system) == []


@ONCE
def test_the_cap_counts_the_last_hour(system: System, clock: Clock) -> None:
    armed(system)
    found = [read(system, document(f"n{n}")).alert for n in range(3)]
    assert [state(system, one) for one in found] == ["live", "live", "in_review"]
    clock.forward(minutes=61)
    later = document("later", 61)
    assert state(system, read(system, later).alert) == "live"


# --- updates and cancels ----------------------------------------------------------------------------------------
def test_updates_and_the_cancel_of_what_it_released_follow_by_the_same_rule(system: System) -> None:
    wide = armed(ruled(system, max_per_hour=9))
    first = read(wide, document()).alert
    second = read(wide, document("two", 5, "Update", [named("one", 0)])).alert
    assert (state(system, first), state(system, second)) == ("superseded", "live")
    end = read(wide, document("end", 10, "Cancel", [named("two", 5)])).alert
    assert (state(system, second), state(system, end)) == ("cancelled", "live")
    assert len(table(system, "rule_releases", "alert")) == 3


@ONCE
@pytest.mark.parametrize("kind", ["Update", "Cancel"])
def test_a_rule_that_only_begins_leaves_what_follows_to_people(system: System, kind: str) -> None:
    begins = armed(ruled(system, follow="submit"))
    first = read(begins, document()).alert
    second = read(begins, document("two", 5, kind, [named("one", 0)])).alert
    assert (state(system, first), state(system, second)) == ("live", "in_review")
    assert "leaves updates and cancels to people" in held_for(system, second)


@ONCE
def test_an_update_that_the_rule_does_not_match_any_more_is_reviewed(system: System) -> None:
    first = read(armed(system), document()).alert
    second = read(system, document("two", 5, "Update", [named("one", 0)], severity="Moderate")).alert
    assert (state(system, first), state(system, second)) == ("live", "in_review")
    assert "does not match this one" in held_for(system, second)


@ONCE
@pytest.mark.parametrize("kind", ["Update", "Cancel"])
@pytest.mark.parametrize("change", ["stopped", "extended"])
def test_nothing_is_released_against_what_a_person_changed(system: System, kind: str, change: str) -> None:
    first = str(read(armed(system), document()).alert)
    if change == "stopped":
        stop(system, CHIEF, first)
    else:
        longer = extend(system, AUTHOR, first, expires=system.now() + timedelta(hours=5))
        submit(system, AUTHOR, longer.id)
        approve(system, CHIEF, longer.id, show.alert(system, longer.id)["digest"])
    result = read(system, document("two", 5, kind, [named("one", 0)]))
    assert len(table(system, "rule_releases", "alert")) == 1
    assert result.alert is None or state(system, result.alert) in ("draft", "in_review")


@ONCE
@pytest.mark.parametrize("how", ["rejected", "put aside", "in error"])
def test_what_people_rejected_put_aside_or_ended_no_rule_releases_again(system: System, how: str) -> None:
    if how == "in error":
        first = str(read(armed(system), document()).alert)
        wrong = correct(system, CHIEF, first, "a test")
        assert (state(system, first), state(system, wrong.id)) == ("cancelled", "live")
    elif how == "rejected":
        reject(system, CHIEF, str(read(system, document()).alert), "not for us")
        armed(system)
    else:
        read(replace(armed(system), config=replace(system.config, rules=())), document())
        with system.database.read() as connection:
            (row,) = connection.execute(sa.select(metadata.tables["feed_entries"].c.id)).scalars()
        feed_desk.put_aside(system, AUTHOR, row, "not for us")
    before = len(table(system, "rule_releases", "alert"))
    reused = document("one", 5)
    assert state(system, read(system, reused).alert) == "in_review"
    assert len(table(system, "rule_releases", "alert")) == before


@ONCE
def test_nothing_is_released_against_an_alert_that_people_approved(system: System) -> None:
    first = str(read(system, document()).alert)
    approve(system, CHIEF, first, show.alert(system, first)["digest"])
    second = read(armed(system), document("two", 5, "Update", [named("one", 0)])).alert
    end = read(system, document("end", 10, "Cancel", [named("one", 0)])).alert
    assert state(system, first) == "live"
    assert state(system, second) != "live"
    assert end is None or state(system, end) == "draft"
    assert table(system, "rule_releases", "alert") == []


@ONCE
# --- a test run -------------------------------------------------------------------------------------------------
def test_a_test_run_says_of_each_kept_entry_what_the_rule_would_have_done(system: System) -> None:
    quiet = replace(system, config=replace(system.config, rules=()))
    for body in (
        document(),
        document("two", 5, "Update", [named("one", 0)]),
        document("flood", event="Flood Warning"),
        document("out", 6, headline="Evacuate now"),
        document("end", 10, "Cancel", [named("two", 5)]),
        document("third", 20),
    ):
        read(quiet, body)
    found = rule_test.run(system, AUTHOR, "tornado")
    done = {one["identifier"]: one["action"] for one in found.outcomes}
    assert done == {"one": "release", "two": "release", "out": "submit", "end": "submit", "third": "submit"}
    assert (found.released, found.submitted) == (2, 3)
    why = {one["identifier"]: " ".join(one["reasons"]) for one in found.outcomes}
    assert "an evacuation" in why["out"]
    assert "max_per_hour" in why["third"]
    assert rows(system, sa.select(alerts.c.id)) == []
    assert refused(lambda: rule_test.run(system, TOKEN, "tornado")) == "role"


@ONCE
def test_a_test_run_is_good_for_a_week(system: System, clock: Clock) -> None:
    rule_test.run(system, CHIEF, "tornado")
    clock.forward(days=8)
    assert refused(lambda: arm.arm(system, CHIEF, "tornado", arm.state(system, "tornado").digest)) == "no_test_run"
