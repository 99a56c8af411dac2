"""Kill switches: who may, what stops, that nothing is lost, and that it goes on; on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from rq import Queue

from broadcaster.domain.alert import Mode
from broadcaster.domain.config import Config, FeedConfig, RuleConfig
from broadcaster.domain.errors import Forbidden, NotFound, Refused
from broadcaster.domain.rules import Ruling, held_back
from broadcaster.services import audit, expand, settle, switches
from broadcaster.services.ingest import ingest
from broadcaster.services.line import GROUP
from broadcaster.services.system import Actor, System
from broadcaster.store import alarms as rung
from broadcaster.store.engine import now
from broadcaster.store.schema import alarms, alerts, attempts, audit_entries, deliveries, shown
from tests.providers.base import served
from tests.providers.twilio import Twilio, TwilioFaults
from tests.sending import go_live, people, sms, states, with_channels
from tests.services.agency import agency, rows, settle_people
from tests.services.feed_documents import document, named
from tests.services.texting import Holding, due_now, work
from tests.waiting import until

APPROVER = Actor("approver@judge.example", "console:test", frozenset({"approver"}))
PROVEN = replace(APPROVER, verified=True)
AUTHOR = Actor("author@judge.example", "console:test", frozenset({"author"}), verified=True)
TOKEN = Actor("token:partner", "api:test", frozenset({"approver"}), verified=True)
NWS = FeedConfig("nws", "cap", trust="official")


@pytest.fixture
def twilio() -> Iterator[Holding]:
    with served(Holding(TwilioFaults(latency=0.01))) as provider:
        yield provider


@pytest.fixture
def ground(system: System, twilio: Twilio) -> System:
    return with_channels(system, sms(twilio))


# --- who may --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("actor", [AUTHOR, TOKEN, Actor("feed:nws", "clock")])
def test_only_approvers_and_admins_stop_and_resume(ground: System, actor: Actor) -> None:
    with pytest.raises(Forbidden):
        switches.stop(ground, actor, "sending")
    switches.stop(ground, APPROVER, "sending")
    with pytest.raises(Forbidden):
        switches.resume(ground, actor, "sending")
    assert switches.listing(ground)[0].stopped


def test_stopping_needs_no_password_and_letting_go_on_does(ground: System) -> None:
    assert switches.stop(ground, APPROVER, "sending", "wrong county")
    with pytest.raises(Forbidden, match="password"):
        switches.resume(ground, APPROVER, "sending")
    switches.resume(ground, PROVEN, "sending", "cleared up")
    assert [one.stopped for one in switches.listing(ground)] == [False, False, False]


def test_each_step_is_in_the_audit_and_an_alarm_rings_until_it_goes_on(ground: System) -> None:
    switches.stop(ground, APPROVER, "sending", "wrong county")
    assert rows(ground, sa.select(alarms.c.key, alarms.c.cleared)) == [("switch:sending", None)]
    switches.resume(ground, PROVEN, "sending", "cleared up")
    assert rows(ground, sa.select(alarms.c.key).where(alarms.c.cleared.is_(None))) == []
    assert Queue("send", connection=ground.redis).count == 1  # the senders are woken
    table = audit_entries.c
    query = sa.select(table.actor, table.verb, table.object, table.detail).order_by(table.id)
    assert [tuple(row) for row in rows(ground, query)] == [
        (APPROVER.name, "switch.stop", "switch:sending", {"reason": "wrong county", "first": True}),
        (APPROVER.name, "switch.resume", "switch:sending", {"reason": "cleared up"}),
    ]
    assert audit.verify(ground) == []


def test_who_stopped_it_first_stays_and_resuming_twice_is_refused(ground: System) -> None:
    assert switches.stop(ground, APPROVER, "rules", "first")
    assert not switches.stop(ground, replace(APPROVER, name="second@judge.example"), "rules", "second")
    found = {one.name: one for one in switches.listing(ground)}["rules"]
    assert (found.by, found.reason) == (APPROVER.name, "first")
    switches.stop(ground, APPROVER, "sending")
    switches.resume(ground, PROVEN, "rules")
    assert [one.name for one in switches.stopped(ground)] == ["sending"]
    with pytest.raises(Refused, match="not stopped"):
        switches.resume(ground, PROVEN, "rules")
    assert switches.stop(ground, APPROVER, "rules", "again")


@pytest.mark.parametrize("name", ["everything", "channel:pigeon", "channel:"])
def test_a_switch_that_does_not_exist_is_not_found(ground: System, name: str) -> None:
    with pytest.raises(NotFound):
        switches.stop(ground, APPROVER, name)
    with pytest.raises(NotFound):
        switches.resume(ground, PROVEN, name)


# --- stop everything --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["sending", "channel:sms"])
def test_what_is_queued_stays_queued_and_goes_out_when_it_goes_on(ground: System, twilio: Twilio, name: str) -> None:
    people(ground, 30)
    go_live(ground)
    expand.resume(ground)
    switches.stop(ground, APPROVER, name)
    work(ground)
    settle.settle(ground)
    assert twilio.accepted == []
    assert states(ground) == {"queued": 30}
    switches.resume(ground, PROVEN, name)
    work(ground)
    assert len({text.to for text in twilio.accepted}) == len(twilio.accepted) == 30


def test_another_channels_switch_holds_nothing(ground: System, twilio: Twilio) -> None:
    both = with_channels(ground, *ground.config.channels, sms(twilio, "second"))
    people(both, 3)
    go_live(both, channels=["sms"])
    expand.resume(both)
    switches.stop(both, APPROVER, "channel:second")
    work(both)
    assert len(twilio.accepted) == 3


def test_stopped_in_the_middle_only_what_was_begun_goes_and_the_rest_waits(ground: System, twilio: Holding) -> None:
    people(ground, 800)
    twilio.hold_after = 200
    go_live(ground)
    expand.resume(ground)
    sender = threading.Thread(target=work, args=(ground,))
    sender.start()
    until(lambda: len(twilio.accepted) >= 200)
    switches.stop(ground, APPROVER, "sending")
    with ground.database.read() as connection:
        begun = connection.execute(sa.select(sa.func.count()).select_from(attempts)).scalar_one()
    twilio.hold_after = None
    sender.join()
    first = len(twilio.accepted)
    assert first <= begun + GROUP  # what had begun, and the one group that was being written
    left = states(ground)
    assert left.pop("accepted") == first
    assert left.keys() <= {"queued", "waiting"}
    assert sum(left.values()) == 800 - first
    switches.resume(ground, PROVEN, "sending")
    due_now(ground)
    work(ground)
    assert states(ground) == {"accepted": 800}
    assert len({text.to for text in twilio.accepted}) == len(twilio.accepted) == 800


def test_while_all_is_stopped_a_resting_channels_fallback_takes_nothing_over(ground: System, twilio: Twilio) -> None:
    pair = with_channels(ground, sms(twilio, fallback="backup"), sms(twilio, "backup"))
    people(pair, 4)
    go_live(pair, channels=["sms"])
    expand.resume(pair)
    with pair.database.write() as connection:
        rung.pause(connection, "sms", "30002", now(connection))
    switches.stop(pair, APPROVER, "sending")
    settle.settle(pair)
    assert _by_channel(pair) == {"sms": 4}
    switches.resume(pair, PROVEN, "sending")
    settle.settle(pair)
    assert _by_channel(pair) == {"backup": 4}


def test_what_a_stopped_channel_has_not_sent_goes_out_by_its_fallback(ground: System, twilio: Twilio) -> None:
    pair = with_channels(ground, sms(twilio, fallback="backup"), sms(twilio, "backup"))
    people(pair, 4)
    go_live(pair, channels=["sms"])
    expand.resume(pair)
    settle.settle(pair)
    assert _by_channel(pair) == {"sms": 4}
    switches.stop(pair, APPROVER, "channel:sms")
    settle.settle(pair)
    assert _by_channel(pair) == {"backup": 4}


def _by_channel(system: System) -> dict[str, int]:
    query = sa.select(deliveries.c.channel, sa.func.count()).group_by(deliveries.c.channel)
    return dict(tuple(row) for row in rows(system, query))  # type: ignore[misc]


def test_an_alert_that_ends_while_all_is_stopped_is_not_sent_afterwards(ground: System, twilio: Twilio) -> None:
    people(ground, 4)
    go_live(ground)
    expand.resume(ground)
    switches.stop(ground, APPROVER, "sending")
    with ground.database.write() as connection:
        connection.execute(alerts.update().values(state="cancelled"))
    switches.resume(ground, PROVEN, "sending")
    work(ground)
    assert twilio.accepted == []
    assert states(ground) == {"suppressed": 4}


def test_drills_stop_like_everything_else(ground: System, twilio: Twilio) -> None:
    drills = with_channels(ground, sms(twilio, drills=True))
    people(drills, 2)
    go_live(drills, mode=Mode.EXERCISE)
    expand.resume(drills)
    switches.stop(drills, APPROVER, "sending")
    work(drills)
    assert states(drills) == {"queued": 2}


# --- stop automatic rules ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("action", "then"),
    [("keep", "keep"), ("show", "keep"), ("draft", "draft"), ("submit", "draft"), ("release", "draft")],
)
def test_while_rules_are_stopped_a_rule_at_most_drafts(action: str, then: str) -> None:
    ruling = Ruling(action, "all", "cap", 3)
    assert held_back(ruling) == replace(ruling, action=then)


@pytest.fixture
def ruled(system: System, tmp_path: Path) -> System:
    settle_people(system)
    config: Config = replace(agency(tmp_path), feeds=(NWS,))
    return replace(system, config=config)


def by_rule(system: System, action: str) -> System:
    return replace(system, config=replace(system.config, rules=(RuleConfig("all", action),)))


@pytest.mark.parametrize(("action", "drafts", "page"), [("submit", ["draft"], 0), ("show", [], 0)])
def test_stopped_rules_submit_and_show_nothing_and_say_so(
    ruled: System, action: str, drafts: list[str], page: int
) -> None:
    with_rule = by_rule(ruled, action)
    switches.stop(with_rule, APPROVER, "rules")
    result = ingest(with_rule, NWS, document(), {}, Actor("feed:nws", "clock")).entries[0]
    assert [row[0] for row in rows(with_rule, sa.select(alerts.c.state))] == drafts
    assert len(rows(with_rule, sa.select(shown.c.id))) == page
    assert "Automatic rules are stopped" in result.reason


def test_what_is_on_the_page_already_follows_its_issuer_though_rules_are_stopped(ruled: System) -> None:
    showing = by_rule(ruled, "show")
    who = Actor("feed:nws", "clock")
    ingest(showing, NWS, document(), {}, who)
    switches.stop(showing, APPROVER, "rules")
    ingest(showing, NWS, document("two", 10, "Update", [named("one", 0)]), {}, who)
    query = sa.select(shown.c.state).order_by(shown.c.at, shown.c.state.desc())
    assert sorted(row[0] for row in rows(showing, query)) == ["live", "superseded"]
    ingest(showing, NWS, document("end", 20, "Cancel", [named("two", 10)]), {}, who)
    assert sorted(row[0] for row in rows(showing, query)) == ["cancelled", "superseded"]


def test_when_rules_go_on_they_act_again(ruled: System) -> None:
    submitting = by_rule(ruled, "submit")
    switches.stop(submitting, APPROVER, "rules")
    switches.resume(submitting, PROVEN, "rules")
    ingest(submitting, NWS, document(), {}, Actor("feed:nws", "clock"))
    assert [row[0] for row in rows(submitting, sa.select(alerts.c.state))] == ["in_review"]
