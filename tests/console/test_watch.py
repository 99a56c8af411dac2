"""The watch as a read model: what needs whom, in which order, and fast, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from broadcaster.domain.alert import Mode
from broadcaster.domain.config import Config, FeedConfig, RuleConfig
from broadcaster.domain.feed_health import FeedFacts, feed_fault
from broadcaster.services import expand, override, return_, switches, users
from broadcaster.services.ingest import ingest
from broadcaster.services.system import Actor, System
from broadcaster.services.watch import Need, Watch, watch
from broadcaster.store import alarms as rung
from broadcaster.store.schema import alerts, broadcasts, deliveries, feed_states
from tests.conftest import Clock
from tests.people import hire
from tests.services.agency import AUTHOR, CHIEF, DEPUTY, ORDER, WEATHER, agency, in_review, live, settle_people
from tests.services.feed_documents import document, named

NWS = FeedConfig("nws", "cap", url="https://feed.example/", trust="official")
ADMIN = Actor("admin@judge.example", "test", frozenset({"admin"}))
MACHINE = Actor("feed:nws", "clock")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return replace(agency(tmp_path), feeds=(NWS,))


@pytest.fixture(autouse=True)
def county(system: System) -> None:
    settle_people(system)


def needs(found: Watch, kind: str) -> list[Need]:
    return [need for need in found.needs if need.kind == kind]


def test_on_a_calm_night_nothing_but_silent_parts_needs_anybody(system: System) -> None:
    found = watch(system, CHIEF)
    assert {need.kind for need in found.needs} <= {"part"}
    assert (found.live, found.drafts, found.stopped, found.entries) == ((), (), (), 0)


def test_a_review_says_whose_it_is_and_who_may_not_decide_it(system: System) -> None:
    waiting = in_review(system)
    for actor, mine, why in ((CHIEF, True, ""), (AUTHOR, False, "own"), (replace(AUTHOR, name="b"), False, "role")):
        (need,) = needs(watch(system, actor), "review")
        assert (need.id, need.mine, need.why_not) == (waiting.id, mine, why)
        assert need.at == waiting.submitted_at
        assert need.card is not None
        assert need.card.zones == ("Judge Valley", "Judge Hills")
        assert need.card.level == "act_now"


def test_what_i_may_decide_comes_before_what_i_may_not(system: System, clock: Clock) -> None:
    own = in_review(system, ORDER, replace(CHIEF, roles=frozenset({"approver"})))
    clock.forward(minutes=5)
    other = in_review(system, WEATHER)
    assert [need.id for need in needs(watch(system, CHIEF), "review")] == [other.id, own.id]


def test_the_real_thing_comes_before_exercises(system: System, clock: Clock) -> None:
    drill = in_review(system, replace(ORDER, mode=Mode.EXERCISE))
    clock.forward(minutes=5)
    real = in_review(system, WEATHER)
    assert [need.id for need in needs(watch(system, CHIEF), "review")] == [real.id, drill.id]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_messages_of_a_large_broadcast_are_counted_once_for_all_who_watch(system: System) -> None:
    live(system)
    with system.database.write() as connection:
        connection.execute(broadcasts.update().values(people={"sms": 10_000}))
    expand.resume(system)
    sent = [card.sent for card in watch(system, CHIEF).live]
    assert sent == [{"queued": 6}]
    with system.database.write() as connection:
        connection.execute(deliveries.update().values(state="delivered"))
    assert [card.sent for card in watch(system, CHIEF).live] == sent
    for key in system.redis.keys("kept:*"):  # type: ignore[union-attr]
        assert 0 < int(system.redis.ttl(key)) <= 2  # type: ignore[arg-type]
        system.redis.delete(key)
    assert [card.sent for card in watch(system, CHIEF).live] == [{"delivered": 6}]


def test_a_live_alert_shows_what_went_out_in_percent(system: System) -> None:
    alert = live(system)
    with system.database.write() as connection:
        broadcast = connection.execute(sa.select(broadcasts.c.id)).scalar_one()
        account = sa.select(deliveries.c.message).limit(1).scalar_subquery()
        for n, state in enumerate(("delivered", "delivered", "accepted", "failed", "leased")):
            row = {"broadcast": broadcast, "channel": "sms", "recipient": str(n), "state": state, "priority": 1}
            row |= {"due": system.now(), "tries": 0, "code": "", "reason": "", "changed": system.now()}
            connection.execute(deliveries.insert().values(message=account, **row))
    (card,) = watch(system, CHIEF).live
    assert (card.id, card.gone, card.confirmed) == (alert.id, 3, 67)
    assert card.total == 5 + card.sent.get("queued", 0)


def test_an_override_is_owed_a_signature_by_everybody_but_its_author(system: System) -> None:
    waiting = in_review(system)
    override.override(system, CHIEF, waiting.id, str(waiting.digest), "nobody answers")
    for actor, mine in ((CHIEF, False), (DEPUTY, True)):
        (need,) = needs(watch(system, actor), "signature")
        assert (need.mine, need.facts["by"], need.facts["reason"]) == (mine, CHIEF.name, "nobody answers")
    assert needs(watch(system, DEPUTY), "alarm") == []


def test_a_returned_alert_needs_whoever_submitted_it(system: System) -> None:
    waiting = in_review(system)
    return_.return_(system, CHIEF, waiting.id, "name the road")
    (need,) = needs(watch(system, AUTHOR), "returned")
    assert (need.id, need.mine, need.facts) == (waiting.id, True, {"by": CHIEF.name, "reason": "name the road"})
    assert needs(watch(system, CHIEF), "returned") == []


def test_an_alert_near_its_end_asks_and_one_until_lifted_asks_at_its_review_time(system: System, clock: Clock) -> None:
    weather, order = live(system, WEATHER), live(system, ORDER)
    assert weather.expires is not None
    assert order.review_at is not None
    assert needs(watch(system, CHIEF), "ending") == needs(watch(system, CHIEF), "review_due") == []
    clock.at = weather.expires - timedelta(minutes=30)
    assert [need.id for need in needs(watch(system, CHIEF), "ending")] == [weather.id]
    clock.at = order.review_at
    assert [need.id for need in needs(watch(system, CHIEF), "review_due")] == [order.id]


def test_alarms_show_unless_an_item_of_their_own_says_the_same(system: System) -> None:
    with system.database.write() as connection:
        rung.ring(connection, "channel:sms:30007", "channel", "sms: filtered", system.now())
    switches.stop(system, CHIEF, "rules")
    found = watch(system, CHIEF)
    assert [(need.id, need.text) for need in needs(found, "alarm")] == [("channel:sms:30007", "sms: filtered")]
    assert [one.name for one in found.stopped] == ["rules"]


def test_a_channel_that_rests_says_why(system: System) -> None:
    with system.database.write() as connection:
        rung.pause(connection, "sms", "the provider answers 20003", system.now())
    (need,) = needs(watch(system, CHIEF), "channel")
    assert (need.id, need.text) == ("sms", "the provider answers 20003")


def test_a_kept_entry_that_touches_our_zones_waits_until_a_later_one_takes_its_place(system: System) -> None:
    ingest(system, NWS, document(), {}, MACHINE)
    (need,) = needs(watch(system, CHIEF), "entry")
    assert need.facts["zones"] == ["Judge Valley"]
    assert need.facts["feed"] == "nws"
    ingest(system, NWS, document("two", 10, "Update", [named("one", 0)]), {}, MACHINE)
    assert [n.id != need.id for n in needs(watch(system, CHIEF), "entry")] == [True]
    ingest(system, NWS, document("end", 20, "Cancel", [named("two", 10)]), {}, MACHINE)
    assert needs(watch(system, CHIEF), "entry") == []


def test_an_entry_that_is_over_or_elsewhere_waits_for_nobody(system: System, clock: Clock) -> None:
    far = "50.01,-119.99 50.01,-119.95 50.05,-119.95 50.01,-119.99"
    ingest(system, NWS, document("far", polygon=far), {}, MACHINE)
    assert needs(watch(system, CHIEF), "entry") == []
    ingest(system, NWS, document("near"), {}, MACHINE)
    assert len(needs(watch(system, CHIEF), "entry")) == 1
    clock.forward(days=5)
    assert needs(watch(system, CHIEF), "entry") == []


def test_a_draft_that_a_rule_made_waits_for_a_person_and_is_no_entry_any_more(system: System) -> None:
    ruled = replace(system, config=replace(system.config, rules=(RuleConfig("all", "draft"),)))
    ingest(ruled, NWS, document(), {}, MACHINE)
    found = watch(ruled, AUTHOR)
    assert [need.card.feed for need in needs(found, "drafted") if need.card] == ["nws"]
    assert (needs(found, "entry"), found.drafts) == ([], ())


@pytest.mark.parametrize(
    ("ok_minutes_ago", "failures", "fault"),
    [(1, 0, ""), (1, 2, ""), (1, 3, "failing"), (16, 0, "silent"), (None, 1, "never"), (None, 0, "")],
)
def test_a_feeds_condition(clock: Clock, ok_minutes_ago: int | None, failures: int, fault: str) -> None:
    last = None if ok_minutes_ago is None else clock() - timedelta(minutes=ok_minutes_ago)
    assert feed_fault(FeedFacts(60, last, failures), clock()) == fault


def test_a_feed_with_a_slow_pace_is_silent_only_after_ten_of_its_polls(clock: Clock) -> None:
    facts = FeedFacts(600, clock() - timedelta(minutes=99), 0)
    assert feed_fault(facts, clock()) == ""
    assert feed_fault(facts, clock() + timedelta(minutes=2)) == "silent"


def test_a_sick_feed_needs_somebody_and_one_that_is_off_does_not(system: System) -> None:
    row = {"name": "nws", "due": system.now(), "etag": "", "last_modified": "", "failures": 3, "last_error": "HTTP 403"}
    with system.database.write() as connection:
        connection.execute(feed_states.insert().values(last_ok=system.now(), **row))
    (need,) = needs(watch(system, CHIEF), "feed")
    assert (need.id, need.facts["fault"], need.text) == ("nws", "failing", "HTTP 403")
    off = replace(system, config=replace(system.config, feeds=(replace(NWS, enabled=False),)))
    assert needs(watch(off, CHIEF), "feed") == []


def test_what_just_happened_is_told_with_headlines(system: System) -> None:
    waiting = in_review(system)
    newest = watch(system, CHIEF).recent[0]
    assert (newest.verb, newest.actor, newest.alert) == ("alert.submit", AUTHOR.name, waiting.id)
    assert "vacuation" in newest.title


def crowded(system: System) -> System:
    """500 alerts in five states and 50 feeds."""
    feeds = tuple(replace(NWS, name=f"feed-{n}") for n in range(50))
    large = replace(system, config=replace(system.config, feeds=feeds))
    first = live(large)
    states = ("expired", "live", "in_review", "draft", "cancelled")
    with large.database.write() as connection:
        row = dict(connection.execute(sa.select(alerts).where(alerts.c.id == first.id)).one()._mapping)
        copies = [{"id": f"a{n}", "slug": f"a{n}", "identifier": f"i{n}", "state": states[n % 5]} for n in range(500)]
        connection.execute(alerts.insert(), [row | copy for copy in copies])
        fed = {"due": large.now(), "etag": "", "last_modified": "", "failures": 0, "last_error": ""}
        connection.execute(feed_states.insert(), [fed | {"name": feed.name} for feed in feeds])
    return large


def test_five_hundred_alerts_and_fifty_feeds_ask_no_more_questions_than_none(system: System) -> None:
    asked: list[str] = []

    def heard(*given: object) -> None:
        asked.append(str(given[2]))

    sa.event.listen(system.database.engine, "before_cursor_execute", heard)
    try:
        watch(system, CHIEF)
        calm = len(asked)
        large = crowded(system)
        asked.clear()
        found = watch(large, CHIEF)
    finally:
        sa.event.remove(system.database.engine, "before_cursor_execute", heard)
    assert (len(found.live), found.more_drafts) == (101, 88)
    assert len(asked) <= calm + 2  # totals of live broadcasts, headlines of what just happened
    assert calm < 20


def test_an_alarm_about_a_review_stands_with_the_review(system: System) -> None:
    waiting = in_review(system)
    found = watch(system, CHIEF)
    (need,) = needs(found, "review")
    assert (need.id, need.facts["alarm"]) == (waiting.id, "nobody_told")
    assert needs(found, "alarm") == []


def test_an_admin_sees_which_other_approvers_have_no_second_factor(system: System) -> None:
    hire(system, {CHIEF.name: ["approver"], ADMIN.name: ["admin"], AUTHOR.name: ["author"]})
    (need,) = needs(watch(system, ADMIN), "factor")
    assert need.facts["people"] == [CHIEF.name]
    assert needs(watch(system, CHIEF), "factor") == []
    users.enroll(system, Actor("system", "test"), CHIEF.name)
    assert needs(watch(system, ADMIN), "factor") == []
