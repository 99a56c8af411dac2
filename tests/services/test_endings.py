"""What ends an alert: cancel, lift, extend, a newer one, time; and stopping its sending. On both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from broadcaster.domain.alert import Alert, MsgType, State
from broadcaster.domain.errors import Forbidden, Invalid, Refused
from broadcaster.services import audit, compose, end, expand, show
from broadcaster.services.approve import approve
from broadcaster.services.cancel import cancel
from broadcaster.services.correct import correct
from broadcaster.services.drafting import redraft
from broadcaster.services.extend import extend
from broadcaster.services.lift import lift
from broadcaster.services.override import override
from broadcaster.services.reject import reject
from broadcaster.services.stop import stop
from broadcaster.services.system import Actor, System
from broadcaster.store import alerts as store
from broadcaster.store.schema import audit_entries, broadcasts, deliveries, versions
from tests.conftest import Clock
from tests.services.agency import (
    AUTHOR,
    CHIEF,
    DEPUTY,
    FEED,
    ORDER,
    WEATHER,
    in_review,
    live,
    rows,
)
from tests.services.judge import config, people, ringing  # noqa: F401  (fixtures)


def now_is(system: System, alert: Alert) -> Alert:
    with system.database.read() as connection:
        return store.get(connection, alert.id)


def by(system: System, actor: Actor, alert: Alert) -> Alert:
    return approve(system, actor, alert.id, str(alert.digest))


def all_sent(system: System, state: str = "delivered") -> None:
    """As if the sender had been at work."""
    expand.resume(system)
    with system.database.write() as connection:
        connection.execute(deliveries.update().values(state=state))


def ended(system: System, alert: Alert) -> str | None:
    reason: str | None = rows(system, sa.select(broadcasts.c.ended_reason).where(broadcasts.c.alert == alert.id))[0][0]  # type: ignore[assignment]
    return reason


def codes(system: System, alert: Alert) -> set[str]:
    return {finding["code"] for finding in show.alert(system, alert.id)["findings"]}


# --- cancel ----------------------------------------------------------------------------------------------------
def test_a_cancel_is_in_review_at_once_and_ends_the_alert_when_approved(system: System) -> None:
    old = live(system)
    correction = cancel(system, AUTHOR, old.id, "wrong county")
    assert (correction.state, correction.msg_type, correction.submitted_by) == (
        State.IN_REVIEW,
        MsgType.CANCEL,
        AUTHOR.name,
    )
    assert (correction.replaces, correction.zones, correction.channels) == ((old.id,), old.zones, old.channels)
    assert now_is(system, old).state == State.LIVE
    by(system, CHIEF, correction)
    assert now_is(system, old).state == State.CANCELLED
    assert now_is(system, correction).state == State.LIVE
    assert ended(system, old) == "cancelled"


def test_a_cancel_goes_to_whom_the_alert_may_have_reached(system: System) -> None:
    old = live(system)
    all_sent(system)
    with system.database.write() as connection:
        connection.execute(deliveries.update().where(deliveries.c.recipient == "+15550100000").values(state="failed"))
        connection.execute(deliveries.update().where(deliveries.c.recipient == "+15550100002").values(state="unknown"))
    correction = cancel(system, AUTHOR, old.id)
    assert show.alert(system, correction.id)["people"] == {"sms": 3}
    by(system, CHIEF, correction)
    expand.resume(system)
    frozen = rows(system, sa.select(broadcasts.c.id).where(broadcasts.c.alert == correction.id))[0][0]
    reached = rows(system, sa.select(deliveries.c.recipient).where(deliveries.c.broadcast == frozen))
    assert {r[0] for r in reached} == {"+15550100001", "+15550100002", "+15550100003", "en", "es"}


def test_a_cancel_of_an_update_reaches_those_of_the_first_message_too(system: System) -> None:
    first = live(system)
    all_sent(system)
    second = by(system, CHIEF, extend(system, AUTHOR, first.id))
    with system.database.write() as connection:
        stop_id = sa.select(broadcasts.c.id).where(broadcasts.c.alert == second.id).scalar_subquery()
        connection.execute(deliveries.delete().where(deliveries.c.broadcast == stop_id))
    assert show.alert(system, cancel(system, AUTHOR, second.id).id)["people"] == {"sms": 4}


def test_one_approver_alone_says_sent_in_error_even_where_the_policy_forbids_overrides(system: System) -> None:
    strict = replace(
        system, config=replace(system.config, policy=replace(system.config.policy, override_allowed=False))
    )
    old = live(strict)
    correction = cancel(strict, CHIEF, old.id)
    done = override(strict, CHIEF, correction.id, str(correction.digest), "wrong button")
    assert done.signature_owed
    assert now_is(strict, old).state == State.CANCELLED
    with pytest.raises(Forbidden):
        by(strict, CHIEF, correction)
    assert not by(strict, DEPUTY, correction).signature_owed


def test_cancelling_twice_gives_the_same_correction(system: System) -> None:
    old = live(system)
    first = cancel(system, AUTHOR, old.id)
    assert cancel(system, CHIEF, old.id).id == first.id
    assert lift(system, AUTHOR, old.id).id != cancel(system, AUTHOR, old.id).id  # another follow-up is no answer


def test_a_correction_that_was_rejected_is_written_anew(system: System) -> None:
    old = live(system)
    first = cancel(system, AUTHOR, old.id)
    reject(system, CHIEF, first.id, "it was no error")
    assert cancel(system, AUTHOR, old.id).id != first.id


@pytest.mark.parametrize("verb", [cancel, lift, extend])
@pytest.mark.parametrize("machine", [FEED, Actor("token:dispatch", "api", owner=CHIEF.name)])
def test_no_machine_ends_an_alert(system: System, verb: object, machine: Actor) -> None:
    old = live(system)
    with pytest.raises(Forbidden) as caught:
        verb(system, machine, old.id)  # type: ignore[operator]
    assert caught.value.code == "person_only"


@pytest.mark.parametrize("verb", [cancel, lift, extend, stop])
def test_what_is_not_live_has_nothing_to_end(system: System, verb: object) -> None:
    waiting = in_review(system)
    with pytest.raises(Refused):
        verb(system, CHIEF, waiting.id)  # type: ignore[operator]


# --- lift -------------------------------------------------------------------------------------------------------
def test_lifting_ends_as_lifted_and_says_that_it_is_safe_to_return(system: System) -> None:
    old = live(system)
    clear = lift(system, AUTHOR, old.id)
    texts = {(m["channel"], m["language"]): m["text"] for m in show.alert(system, clear.id)["messages"]}
    assert texts["sms", "en"].startswith("Judge County: It is safe to return. Evacuation order is lifted for")
    assert texts["sms", "es"].startswith("Judge County: Es seguro regresar. Orden de evacuacion: se levanta")
    assert clear.content.infos[0].response_types == ("AllClear",)
    by(system, CHIEF, clear)
    assert now_is(system, old).state == State.LIFTED
    assert ended(system, old) == "lifted"


def test_lifting_some_zones_leaves_the_others_under_an_update_that_is_not_texted(system: System) -> None:
    old = live(system)
    all_sent(system)
    clear = by(system, CHIEF, lift(system, AUTHOR, old.id, zones=["hills"]))
    assert now_is(system, old).state == State.LIFTED
    kept = [a for a in show.listing(system, State.LIVE)["alerts"] if a["id"] != clear.id]
    assert [(a["zones"], a["msgType"], a["replaces"], a["channels"]) for a in kept] == [
        (["valley"], "Update", [old.id], [])
    ]
    assert kept[0]["until_lifted"]
    assert "Judge Hills" not in kept[0]["headline"]
    assert rows(system, sa.select(broadcasts.c.id).where(broadcasts.c.alert == kept[0]["id"])) == []
    assert len(rows(system, sa.select(versions.c.number))) == 2
    assert audit.verify(system) == []


@pytest.mark.parametrize(
    ("expanded", "state", "stopped", "again"),
    [(False, "delivered", False, True), (True, "waiting", False, True), (True, "queued", True, False)],
)
def test_taking_zones_out_while_texts_are_unsent_texts_the_rest_again_unless_stopped(
    system: System, expanded: bool, state: str, stopped: bool, again: bool
) -> None:
    old = live(system)
    if expanded:
        expand.resume(system)
    with system.database.write() as connection:
        connection.execute(deliveries.update().values(state=state))
    if stopped:
        stop(system, CHIEF, old.id)
    clear = by(system, CHIEF, lift(system, AUTHOR, old.id, zones=["hills"]))
    kept = next(a for a in show.listing(system, State.LIVE)["alerts"] if a["id"] != clear.id)
    assert kept["people"] == ({"sms": 3} if again else {})


def test_what_is_unsent_of_another_alert_texts_nobody_again(system: System) -> None:
    old = live(system)
    all_sent(system)
    live(system, WEATHER)
    expand.resume(system)
    clear = by(system, CHIEF, lift(system, AUTHOR, old.id, zones=["hills"]))
    kept = next(
        a for a in show.listing(system, State.LIVE)["alerts"] if a["replaces"] == [old.id] and a["id"] != clear.id
    )
    assert kept["people"] == {}


def test_zones_that_are_not_in_the_alert_cannot_be_lifted(system: System) -> None:
    with pytest.raises(Invalid):
        lift(system, AUTHOR, live(system, replace(ORDER, zones=("valley",))).id, zones=["hills"])


# --- extend and other updates -------------------------------------------------------------------------------------
def test_extending_gives_a_later_end_and_replaces(system: System, clock: Clock) -> None:
    old = live(system, WEATHER)
    later = clock.at + timedelta(hours=9)
    longer = by(system, CHIEF, extend(system, AUTHOR, old.id, expires=later))
    assert (longer.expires, longer.msg_type, longer.incident) == (later, MsgType.UPDATE, old.incident)
    assert now_is(system, old).state == State.SUPERSEDED
    assert ended(system, old) == "superseded"


def test_extending_without_an_end_gives_as_long_again(system: System, clock: Clock) -> None:
    old = live(system, replace(WEATHER, expires=clock.at.replace(microsecond=0) + timedelta(hours=2)))
    clock.forward(hours=1)
    longer = extend(system, AUTHOR, old.id)
    assert longer.expires is not None
    assert timedelta(hours=2) <= longer.expires - clock.at <= timedelta(hours=2, seconds=1)


def test_extending_what_holds_until_lifted_confirms_it_and_asks_again_later(system: System, clock: Clock) -> None:
    old = live(system)
    clock.forward(hours=1)
    again = by(system, CHIEF, extend(system, AUTHOR, old.id))
    assert again.until_lifted
    assert again.expires is None
    assert again.review_at == clock.at + timedelta(minutes=120)


def test_an_update_puts_away_a_draft_it_replaces(system: System) -> None:
    waiting = in_review(system)
    newer = in_review(system, replace(ORDER, replaces=(waiting.id,)))
    assert (waiting.msg_type, newer.msg_type) == (MsgType.ALERT, MsgType.UPDATE)
    by(system, CHIEF, newer)
    assert now_is(system, waiting).state == State.SUPERSEDED


def test_what_a_draft_was_to_replace_goes_on_being_sent_when_another_takes_the_drafts_place(system: System) -> None:
    old = live(system)
    waiting = extend(system, AUTHOR, old.id)
    by(system, CHIEF, in_review(system, replace(WEATHER, replaces=(waiting.id,))))
    assert now_is(system, waiting).state == State.SUPERSEDED
    assert now_is(system, old).state == State.LIVE
    query = sa.select(broadcasts.c.ended).where(broadcasts.c.alert == old.id)
    assert rows(system, query)[0][0] is None


def test_what_ended_before_stays_as_it_ended(system: System) -> None:
    old = live(system)
    by(system, CHIEF, lift(system, AUTHOR, old.id))
    draft = replace(redraft(old), fields=ORDER.fields)
    by(system, CHIEF, in_review(system, draft))
    assert now_is(system, old).state == State.LIFTED


def test_what_waits_while_somebody_says_there_is_no_danger_is_not_approved_after_it(
    system: System, clock: Clock
) -> None:
    old = live(system)
    waiting = extend(system, AUTHOR, old.id)
    clock.forward(seconds=1)
    correct(system, CHIEF, old.id, "wrong county")
    with pytest.raises(Refused, match="is cancelled meanwhile"):
        by(system, DEPUTY, waiting)
    assert now_is(system, waiting).state == State.IN_REVIEW


def test_a_reference_that_matches_nothing_is_kept_and_shown(system: System) -> None:
    made = compose.create(system, AUTHOR, replace(ORDER, replaces=("nothing-1",)))
    assert made.unresolved == ("nothing-1",)
    assert "unknown_reference" in codes(system, made)


# --- stop -------------------------------------------------------------------------------------------------------
def test_stopping_is_one_approvers_act_and_leaves_the_alert_live(system: System) -> None:
    old = live(system)
    with pytest.raises(Forbidden):
        stop(system, AUTHOR, old.id)
    stop(system, CHIEF, old.id, "wrong text")
    stop(system, DEPUTY, old.id)
    assert now_is(system, old).state == State.LIVE
    assert rows(system, sa.select(broadcasts.c.stopped))[0][0] is not None
    verbs = [
        r.detail["first"]
        for r in rows(system, sa.select(audit_entries).order_by(audit_entries.c.id))
        if r.verb == "alert.stop"
    ]
    assert verbs == [True, False]


# --- time -------------------------------------------------------------------------------------------------------
def test_time_ends_what_has_an_end_at_that_very_moment(system: System, clock: Clock) -> None:
    end_at = clock.at.replace(microsecond=0) + timedelta(hours=1)
    old, waiting = live(system, replace(WEATHER, expires=end_at)), in_review(system, replace(WEATHER, expires=end_at))
    draft = compose.create(system, AUTHOR, replace(WEATHER, expires=end_at))
    clock.at = end_at - timedelta(seconds=1)
    assert end.expire(system) == []
    clock.at = end_at
    assert set(end.expire(system)) == {old.id, waiting.id, draft.id}
    assert {now_is(system, a).state for a in (old, waiting, draft)} == {State.EXPIRED}
    assert ended(system, old) == "expired"
    assert len(rows(system, sa.select(versions.c.number))) == 2
    assert end.expire(system) == []
    assert audit.verify(system) == []


def test_time_never_ends_what_is_in_force_until_lifted_but_asks(system: System, clock: Clock) -> None:
    old = live(system)
    clock.forward(minutes=119)
    end.expire(system)
    with system.database.read() as connection:
        assert ringing(connection) == []
    clock.forward(days=400)
    assert end.expire(system) == []
    assert now_is(system, old).state == State.LIVE
    with system.database.read() as connection:
        assert ringing(connection) == [f"review:{old.id}"]
    by(system, CHIEF, lift(system, AUTHOR, old.id))
    with system.database.read() as connection:
        assert ringing(connection) == []


def test_time_alone_with_drafts_publishes_nothing(system: System, clock: Clock) -> None:
    compose.create(system, AUTHOR, replace(WEATHER, expires=clock.at + timedelta(minutes=1)))
    clock.forward(minutes=2)
    assert len(end.expire(system)) == 1
    assert rows(system, sa.select(versions.c.number)) == []


def test_an_end_too_far_away_or_passed_blocks(system: System, clock: Clock) -> None:
    far = compose.create(system, AUTHOR, replace(WEATHER, expires=clock.at + timedelta(hours=72, seconds=1)))
    near = compose.create(system, AUTHOR, replace(WEATHER, expires=clock.at + timedelta(hours=72)))
    past = compose.create(system, AUTHOR, replace(WEATHER, expires=clock.at))
    assert "ends_too_late" in codes(system, far)
    assert "ends_too_late" not in codes(system, near)
    assert "expired" in codes(system, past)


def test_a_time_without_a_zone_is_invalid(system: System, clock: Clock) -> None:
    with pytest.raises(Invalid) as caught:
        compose.create(system, AUTHOR, replace(WEATHER, expires=clock.at.replace(tzinfo=None)))
    assert caught.value.code == "naive_time"


def test_an_end_and_until_lifted_together_are_invalid(system: System, clock: Clock) -> None:
    with pytest.raises(Invalid) as caught:
        compose.create(system, AUTHOR, replace(WEATHER, expires=clock.at, until_lifted=True))
    assert caught.value.code == "two_ends"
