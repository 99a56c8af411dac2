"""What nobody knows is asked of the provider: when, how often, and what the answer changes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from broadcaster.services import deliveries, expand, receipts, settle
from broadcaster.services.system import System
from broadcaster.store import deliveries as store
from broadcaster.store.engine import now
from broadcaster.store.schema import alerts, attempts, opt_outs
from broadcaster.transport.connection import connect
from tests.providers.twilio import Twilio
from tests.sending import attempt_rows, go_live, people, states, with_channels
from tests.services.texting import aged, receipt, work


def test_an_answer_lost_after_acceptance_is_found_at_the_provider_and_not_sent_again(
    ground: System, twilio: Twilio
) -> None:
    people(ground, 30)
    twilio.faults.cut_after = 1.0
    go_live(ground)
    work(ground)
    assert states(ground) == {"unknown": 30}
    assert settle.ask(ground) == 30
    work(ground)
    assert states(ground) == {"accepted": 30}
    assert set(Counter(text.to for text in twilio.accepted).values()) == {1}


def test_not_found_must_hold_twice_ten_seconds_apart_before_sending_again(ground: System, twilio: Twilio) -> None:
    people(ground, 1)
    twilio.faults.cut_before = 1.0
    go_live(ground)
    work(ground)
    twilio.faults.cut_before = 0
    assert settle.ask(ground) == 0
    aged(ground, 6)
    assert settle.ask(ground) == 0
    assert states(ground) == {"unknown": 1}
    aged(ground, 6)
    assert settle.ask(ground) == 1
    work(ground)
    assert states(ground) == {"accepted": 1}
    assert len(twilio.accepted) == 1


def test_an_accepted_message_without_a_receipt_is_asked_about(ground: System, twilio: Twilio) -> None:
    people(ground, 1)
    go_live(ground)
    work(ground)
    twilio.accepted[0].status = "delivered"
    assert settle.ask(ground) == 0
    aged(ground, 601)
    assert settle.ask(ground) == 1
    assert states(ground) == {"delivered": 1}


def asked(system: System) -> list[object]:
    return [row.asked for row in attempt_rows(system)]


def test_the_same_answer_again_and_again_is_asked_for_at_the_policys_pace_only(ground: System, twilio: Twilio) -> None:
    receipts.drain(ground)
    people(ground, 2)
    go_live(ground)
    work(ground)
    aged(ground, 601)
    before = attempt_rows(ground)
    assert settle.ask(ground) == 0
    first = asked(ground)
    assert None not in first
    assert [(row.state, row.changed) for row in attempt_rows(ground)] == [("accepted", row.changed) for row in before]
    settle.ask(ground)
    assert asked(ground) == first
    aged(ground, 590)
    older = asked(ground)
    settle.ask(ground)
    assert asked(ground) == older
    aged(ground, 11)
    older = asked(ground)
    settle.ask(ground)
    assert not set(asked(ground)) & set(older)


def _lost(system: System) -> None:
    """Redis is emptied, and the next drain finds it so."""
    receipts.drain(system)
    receipt(system, "delivered")
    system.redis.flushdb()
    assert receipts.drain(system) == 0


def test_receipts_lost_with_redis_are_asked_for_after_half_a_minute_and_once(ground: System, twilio: Twilio) -> None:
    people(ground, 3)
    go_live(ground)
    work(ground)
    _lost(ground)
    twilio.accepted[0].status = "delivered"
    aged(ground, 29)
    settle.ask(ground)
    assert asked(ground) == [None] * 3
    aged(ground, 2)
    assert settle.ask(ground) == 1
    assert states(ground) == {"accepted": 2, "delivered": 1}
    aged(ground, 60)  # what was asked about since the loss waits like any other
    older = asked(ground)
    settle.ask(ground)
    assert asked(ground) == older


def test_where_redis_lost_nothing_the_provider_is_not_asked_early(ground: System, twilio: Twilio) -> None:
    receipts.drain(ground)
    people(ground, 2)
    go_live(ground)
    work(ground)
    with ground.database.write() as connection:  # quiet for long, but begun after the mark
        for row in connection.execute(sa.select(attempts)).all():
            quiet = attempts.update().where(attempts.c.id == row.id).values(changed=row.changed - timedelta(seconds=60))
            connection.execute(quiet)
    settle.ask(ground)
    assert asked(ground) == [None, None]


def test_while_redis_is_away_nothing_is_taken_for_lost(ground: System, twilio: Twilio, tmp_path: object) -> None:
    people(ground, 1)
    go_live(ground)
    work(ground)
    aged(ground, 60)
    settle.ask(replace(ground, redis=connect(f"unix://{tmp_path}/nobody.sock")))
    assert asked(ground) == [None]


def test_what_is_unknown_of_an_alert_that_is_over_is_asked_about_and_settled(ground: System, twilio: Twilio) -> None:
    people(ground, 2)
    twilio.faults.cut_after = 1.0
    go_live(ground)
    work(ground)
    with ground.database.write() as connection:
        deliveries.end_broadcasts(connection, ["one"], "lifted", ground.now())
        connection.execute(alerts.update().values(state="lifted"))
    settle.settle(ground)
    assert states(ground) == {"unknown": 2}
    twilio.accepted[0].status = "delivered"
    assert settle.ask(ground) == 2
    assert states(ground) == {"accepted": 1, "delivered": 1}
    assert deliveries.totals(ground, "one")["settled"]


def test_what_was_never_sent_of_an_alert_that_is_over_is_not_sent_again(ground: System, twilio: Twilio) -> None:
    people(ground, 1)
    twilio.faults.cut_before = 1.0
    go_live(ground)
    work(ground)
    with ground.database.write() as connection:
        deliveries.end_broadcasts(connection, ["one"], "expired", ground.now())
    for _ in range(2):
        settle.ask(ground)
        aged(ground, 11)
    twilio.faults.cut_before = 0
    work(ground)
    assert states(ground) == {"failed": 1}
    assert twilio.accepted == []


def test_a_sender_that_fell_silent_leaves_unknowns_only_after_its_time(ground: System, twilio: Twilio) -> None:
    people(ground, 1)
    go_live(ground)
    expand.resume(ground)
    with ground.database.write() as connection:
        at = now(connection)
        leased = store.claim(connection, "sms", "dead", 10, at)
        assert store.begin(connection, [(leased[0], "a1")], "dead", at) == {leased[0].id}
    aged(ground, 14)
    settle.settle(ground)
    assert states(ground) == {"sending": 1}
    aged(ground, 2)
    settle.settle(ground)
    assert states(ground) == {"unknown": 1}


def test_a_message_that_another_attempt_holds_proves_nothing_for_this_one(ground: System, twilio: Twilio) -> None:
    people(ground, 1)
    go_live(ground)
    work(ground)
    twilio.faults.cut_before = 1.0
    go_live(ground, "two")
    work(ground)
    assert states(ground) == {"accepted": 1, "unknown": 1}
    assert settle.ask(ground) == 0
    assert states(ground) == {"accepted": 1, "unknown": 1}


def test_a_message_whose_id_is_known_is_asked_for_by_it(ground: System, twilio: Twilio) -> None:
    people(ground, 1)
    go_live(ground)
    work(ground)
    (text,) = twilio.accepted
    text.body, text.status = "as the provider rewrote it", "delivered"
    aged(ground, 601)
    assert settle.ask(ground) == 1
    assert states(ground) == {"delivered": 1}


def test_an_accepted_message_that_is_no_longer_listed_stays_accepted(ground: System, twilio: Twilio) -> None:
    people(ground, 1)
    go_live(ground)
    work(ground)
    twilio.accepted.clear()
    twilio.by_number.clear()
    for _ in range(3):
        aged(ground, 601)
        assert settle.ask(ground) == 0
    assert states(ground) == {"accepted": 1}
    assert [row.not_found for row in attempt_rows(ground)] == [None]


def test_unknowns_of_a_channel_that_was_taken_out_are_decided_by_the_policy(ground: System, twilio: Twilio) -> None:
    people(ground, 1)
    twilio.faults.cut_after = 1.0
    go_live(ground)
    work(ground)
    assert states(ground) == {"unknown": 1}
    assert settle.ask(with_channels(ground)) == 1
    assert attempt_rows(ground)[0].code == "unknown_sent_again"


def test_a_provider_that_cannot_be_asked_now_changes_nothing(ground: System, twilio: Twilio) -> None:
    people(ground, 1)
    twilio.faults.cut_before = 1.0
    go_live(ground)
    work(ground)
    twilio.faults.cut_before, twilio.faults.status = 0, 500
    for _ in range(3):
        assert settle.ask(ground) == 0
        aged(ground, 11)
    assert states(ground) == {"unknown": 1}
    assert attempt_rows(ground)[0].not_found is None


def test_who_left_is_remembered_also_where_only_asking_tells(ground: System, twilio: Twilio) -> None:
    people(ground, 2)
    go_live(ground)
    work(ground)
    twilio.accepted[0].status, twilio.accepted[0].code = "undelivered", 21610
    aged(ground, 601)
    assert settle.ask(ground) == 1
    assert states(ground) == {"accepted": 1, "suppressed": 1}
    with ground.database.read() as connection:
        assert len(connection.execute(sa.select(opt_outs)).all()) == 1
