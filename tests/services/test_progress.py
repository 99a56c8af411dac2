"""The live alert's numbers, shortfalls that ring, the correction in one go, and what a review is told beforehand."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from broadcaster.domain.errors import Forbidden, Invalid, NotFound, Refused
from broadcaster.domain.progress import KEPT_FROM
from broadcaster.services import alert_page, audit, compose, expand, note, show, switches
from broadcaster.services.approve import approve
from broadcaster.services.cancel import cancel
from broadcaster.services.correct import correct
from broadcaster.services.override import override
from broadcaster.services.progress import progress, ring_shortfalls
from broadcaster.services.return_ import return_
from broadcaster.services.reviewing import reviewing
from broadcaster.services.send import Sender
from broadcaster.services.stop import stop
from broadcaster.services.submit import submit
from broadcaster.services.system import System
from broadcaster.store import alarms
from broadcaster.store.schema import alerts, broadcasts, deliveries, subscriber_zones, subscribers
from tests.conftest import Clock
from tests.services.agency import AUTHOR, CHIEF, DEPUTY, ORDER, in_review, live, rows
from tests.services.judge import config, people  # noqa: F401


def send(system: System) -> None:
    sender = Sender(system)
    try:
        sender.work(0.1)
        sender.work(100)
    finally:
        sender.close()


def rung(system: System) -> list[str]:
    with system.database.read() as connection:
        return [row.kind for row in alarms.open_alarms(connection)]


def test_before_a_broadcast_there_are_no_numbers(system: System) -> None:
    assert progress(system, in_review(system).id) is None
    with pytest.raises(NotFound):
        progress(system, "none")


def test_numbers_by_channel_zone_and_time_agree(system: System) -> None:
    id_ = live(system).id
    first = progress(system, id_)
    assert first is not None
    assert not first.settled
    assert (first.writing, first.all.total) == (4, 0)
    send(system)
    now = progress(system, id_)
    assert now is not None
    assert (now.all.total, now.all.gone, now.all.confirmed, now.settled) == (4, 4, 4, True)
    assert now.writing is None
    assert {zone.id: zone.counts.confirmed for zone in now.zones} == {"valley": 3, "hills": 1}
    assert (now.chart[-1].sent, now.chart[-1].confirmed) == (6, 6)  # posts in two languages too
    assert len(now.posts) == 2
    assert now.ends is None
    assert [line.people for line in now.lines] == [True, False]


def test_many_refusals_ring_once_and_are_over_with_the_alert(system: System, clock: Clock) -> None:
    with system.database.write() as connection:
        ids = connection.execute(sa.select(subscribers.c.id).order_by(subscribers.c.id)).scalars().all()
        for n, id_ in enumerate(ids[:2]):
            where = subscribers.c.id == id_
            connection.execute(subscribers.update().where(where).values(phone=f"+15550{n}0013"))
    alert = live(system)
    ring_shortfalls(system)
    assert "shortfall" not in rung(system)
    send(system)
    for _ in range(2):
        ring_shortfalls(system)
    assert rung(system).count("shortfall") == 1
    now = progress(system, alert.id)
    assert now is not None
    assert [(one.kind, one.count, one.total) for one in now.shortfalls] == [("failed", 2, 4)]
    assert now.all.missed == 2
    assert [code[:2] for line in now.lines for code in line.codes] == [("gone", "permanent")]
    correct(system, CHIEF, alert.id, "wrong county")
    ring_shortfalls(system)
    assert "shortfall" not in rung(system)


def test_a_correction_is_one_transaction_to_everybody_ever_attempted(system: System) -> None:
    alert = live(system)
    send(system)
    made = correct(system, CHIEF, alert.id, "wrong county")
    assert (made.state, made.signature_owed) == ("live", True)
    assert show.alert(system, alert.id)["state"] == "cancelled"
    assert show.alert(system, made.id)["people"] == {"sms": 4}
    send(system)
    query = sa.select(sa.func.count()).select_from(deliveries.join(broadcasts)).where(broadcasts.c.alert == made.id)
    assert rows(system, query)[0][0] == 4 + 2
    with pytest.raises(Forbidden):
        approve(system, CHIEF, made.id, str(made.digest))
    assert not approve(system, DEPUTY, made.id, str(made.digest)).signature_owed
    assert audit.verify(system) == []


@pytest.mark.parametrize(
    "actor", [AUTHOR, replace(CHIEF, verified=False), replace(CHIEF, name="token:x", roles=frozenset({"approver"}))]
)
def test_a_correction_that_is_refused_leaves_nothing_behind(system: System, actor: object) -> None:
    alert = live(system)
    with pytest.raises(Forbidden):
        correct(system, actor, alert.id, "wrong county")  # type: ignore[arg-type]
    assert len(rows(system, sa.select(alerts.c.id))) == 1
    assert show.alert(system, alert.id)["state"] == "live"


def test_a_correction_needs_a_reason_and_a_live_alert(system: System) -> None:
    alert = live(system)
    with pytest.raises(Refused) as refused:
        correct(system, CHIEF, alert.id, " ")
    assert refused.value.code == "no_reason"
    correct(system, CHIEF, alert.id, "wrong county")
    with pytest.raises(Refused) as refused:
        correct(system, CHIEF, alert.id, "wrong county")
    assert refused.value.code == "not_live"


def test_a_correction_that_waits_in_review_is_released_instead_of_a_second(system: System) -> None:
    alert = live(system)
    waiting = cancel(system, AUTHOR, alert.id)
    assert correct(system, CHIEF, alert.id, "wrong county").id == waiting.id


def test_a_stopped_sending_promises_no_time(system: System) -> None:
    waiting = in_review(system)
    assert reviewing(system, CHIEF, waiting.id).held == ()
    switches.stop(system, CHIEF, "sending")
    assert reviewing(system, CHIEF, waiting.id).held == ("sending",)
    approve(system, CHIEF, waiting.id, str(waiting.digest))
    now = progress(system, waiting.id)
    assert now is not None
    assert now.held == ("sending",)
    expand.resume(system)
    now = progress(system, waiting.id)
    assert now is not None
    assert (now.all.left, now.held) == (4, ("sending",))
    switches.resume(system, CHIEF, "sending")
    now = progress(system, waiting.id)
    assert now is not None
    assert now.held == ()
    assert now.ends is not None
    switches.stop(system, CHIEF, "sending")
    stop(system, CHIEF, waiting.id)
    now = progress(system, waiting.id)
    assert now is not None
    assert now.held == ()


def test_only_a_stopped_channel_that_carries_it_holds_it_back(system: System) -> None:
    waiting = in_review(system)
    (posts,) = set(waiting.channels) - {"sms"}
    switches.stop(system, CHIEF, f"channel:{posts}")
    assert reviewing(system, CHIEF, waiting.id).held == ()
    switches.stop(system, CHIEF, "channel:sms")
    assert reviewing(system, CHIEF, waiting.id).held == ("channel:sms",)


# --- what a review is told --------------------------------------------------------------------------------------
def test_a_review_counts_people_times_parts_and_says_who_may(system: System) -> None:
    waiting = in_review(system)
    seen = reviewing(system, CHIEF, waiting.id)
    assert (seen.people, seen.digest) == (4, waiting.digest)
    assert seen.sentence == "I understand this will alert a few people."
    assert seen.may == {"approve", "override", "return", "reject"}
    parts = max(text.message.segments for text in seen.parts[0].texts if text.kind == "phone")
    assert (seen.segments, seen.cost) == (4 * parts, None)
    assert seen.last is not None
    assert seen.first is not None
    assert seen.last > seen.first
    assert all(place.few for place in seen.parts[0].places)
    own = reviewing(system, AUTHOR, waiting.id)
    assert own.may == {"withdraw"}
    assert "may not approve" in own.why_not


def test_the_submitter_with_every_role_is_told_who_else_can(system: System) -> None:
    chief = replace(CHIEF, roles=frozenset({"author", "approver"}))
    seen = reviewing(system, chief, in_review(system, actor=chief).id)
    assert "approve" not in seen.may
    assert "withdraw" in seen.may
    assert "another person must approve" in seen.why_not


def test_a_price_gives_an_estimate(system: System) -> None:
    priced = replace(system, config=replace(system.config, policy=replace(system.config.policy, price_per_segment=0.5)))
    seen = reviewing(priced, CHIEF, in_review(system).id)
    assert seen.cost == seen.segments * 0.5


def test_what_changed_since_it_was_returned_is_told(system: System) -> None:
    waiting = in_review(system)
    return_(system, CHIEF, waiting.id, "the road is closed")
    compose.edit(system, AUTHOR, waiting.id, replace(ORDER, fields={**ORDER.fields, "route": "Go north on Highway 9"}))
    submit(system, AUTHOR, waiting.id)
    part = reviewing(system, DEPUTY, waiting.id).parts[0]
    assert part.since == "returned"
    pieces = [piece for text in part.texts for piece in text.was]
    assert {"south"} <= {piece.text for piece in pieces if piece.kind == "gone"}
    assert {"north"} <= {piece.text for piece in pieces if piece.kind == "new"}


def test_after_an_override_only_another_may_sign(system: System) -> None:
    waiting = in_review(system)
    override(system, CHIEF, waiting.id, str(waiting.digest), "nobody answers")
    assert reviewing(system, CHIEF, waiting.id).may == frozenset()
    seen = reviewing(system, DEPUTY, waiting.id)
    assert seen.may == {"sign"}


# --- incidents --------------------------------------------------------------------------------------------------
def test_an_incident_has_its_thread_its_log_and_its_notes(system: System, clock: Clock) -> None:
    alert = live(system)
    clock.forward(seconds=1)
    made = correct(system, CHIEF, alert.id, "wrong county")
    note.note(system, AUTHOR, alert.incident, " Called the sheriff. ")
    found = alert_page.incident(system, alert.incident)
    assert [one.alert.id for one in found["thread"]] == [alert.id, made.id]
    assert found["log"][0].at >= found["log"][-1].at
    assert {"alert.approve", "alert.override", "alert.cancel"} <= {told.verb for told in found["log"]}
    assert [(n["by"], n["text"]) for n in found["notes"]] == [(AUTHOR.name, "Called the sheriff.")]
    assert audit.verify(system) == []


def test_notes_that_cannot_be_kept_are_refused(system: System) -> None:
    incident = live(system).incident
    for text in ("", "  ", "x" * 4001, "a\x00b"):
        with pytest.raises(Invalid):
            note.note(system, AUTHOR, incident, text)
    with pytest.raises(NotFound):
        note.note(system, AUTHOR, "none", "words")
    with pytest.raises(Forbidden):
        note.note(system, replace(AUTHOR, roles=frozenset()), incident, "words")
    assert note.notes(system, incident) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_sums_of_a_large_broadcast_are_made_once_for_all_who_watch(system: System) -> None:
    id_ = live(system).id
    send(system)
    key = f"kept:sums:{rows(system, sa.select(broadcasts.c.id))[0][0]}"
    before = progress(system, id_)
    assert not system.redis.exists(key)  # worked out at once: nothing is kept
    with system.database.write() as connection:
        model = connection.execute(sa.select(deliveries).where(deliveries.c.channel == "sms").limit(1)).mappings().one()
        more = [{**model, "id": 1000 + n, "recipient": f"+1202{n:07d}", "subscriber": None} for n in range(KEPT_FROM)]
        connection.execute(deliveries.insert(), more)
    now = progress(system, id_)
    assert before is not None
    assert now is not None
    assert (now.zones, now.chart) == (before.zones, before.chart)
    assert now.all.total == KEPT_FROM + 4
    assert 0 < int(system.redis.ttl(key)) <= 1  # type: ignore[arg-type]
    with system.database.write() as connection:
        connection.execute(subscriber_zones.delete())
    system.redis.expire(key, 100)
    kept = progress(system, id_)
    assert kept is not None
    assert (kept.zones, kept.chart) == (before.zones, before.chart)
    assert kept.all.total == KEPT_FROM + 4
