"""Receipts of texts: proof counts whenever it comes, and what a carrier refuses later is tried again within bounds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broadcaster.domain.channel import Receipt
from broadcaster.services import expand, receipts
from broadcaster.services.system import System
from broadcaster.store import deliveries as store
from broadcaster.store.engine import now
from broadcaster.transport.connection import connect
from tests.providers.twilio import Twilio
from tests.sending import attempt_rows, go_live, people, states
from tests.services.texting import due_now, receipt, work


def test_a_receipt_raises_the_state_and_proof_is_never_lowered(ground: System) -> None:
    people(ground, 1)
    go_live(ground)
    work(ground)
    receipt(ground, "delivered")
    receipt(ground, "accepted")
    receipt(ground, "failed", "30005")
    assert receipts.drain(ground) == 3
    assert states(ground) == {"delivered": 1}


def test_a_receipt_that_the_database_cannot_take_does_not_hold_the_others(ground: System) -> None:
    people(ground, 1)
    go_live(ground)
    work(ground)
    receipts.receive(ground, "sms", [Receipt("nul\x00", "SM\x00", "delivered")])
    receipt(ground, "delivered")
    receipts.drain(ground)
    assert states(ground) == {"delivered": 1}
    assert ground.redis.keys("receipts:*draining*") == []


def test_a_late_failure_after_acceptance_counts(ground: System) -> None:
    people(ground, 1)
    go_live(ground)
    work(ground)
    receipt(ground, "failed", "30005")
    receipts.drain(ground)
    assert states(ground) == {"failed": 1}


@pytest.mark.parametrize(("code", "again"), [("30003", 3), ("30008", 1), ("30005", 0)])
def test_a_retryable_receipt_opens_another_attempt(ground: System, twilio: Twilio, code: str, again: int) -> None:
    people(ground, 1)
    go_live(ground)
    work(ground)
    for _ in range(3):
        receipt(ground, "failed", code)
        receipts.drain(ground)
        due_now(ground)
        work(ground)
    assert len(twilio.accepted) == 1 + again


def test_a_delivered_word_about_the_first_attempt_wins_over_the_second(ground: System) -> None:
    people(ground, 1)
    go_live(ground)
    work(ground)
    first = attempt_rows(ground)[0]
    receipt(ground, "failed", "30003")
    receipts.drain(ground)
    due_now(ground)
    work(ground)
    receipts.receive(ground, "sms", [Receipt(first.id, first.provider_id, "delivered")])
    receipt(ground, "failed", "30005")
    receipts.drain(ground)
    assert states(ground) == {"delivered": 1}


def test_a_receipt_proves_an_unknown_attempt(ground: System, twilio: Twilio) -> None:
    people(ground, 1)
    twilio.faults.cut_after = 1.0
    go_live(ground)
    work(ground)
    receipts.receive(ground, "sms", [Receipt(attempt_rows(ground)[0].id, "SM1", "accepted")])
    receipts.drain(ground)
    assert states(ground) == {"accepted": 1}
    assert attempt_rows(ground)[0].provider_id == "SM1"


def test_a_receipt_that_matches_nothing_is_kept_and_tried_again(ground: System) -> None:
    people(ground, 1)
    go_live(ground)
    expand.resume(ground)
    receipts.receive(ground, "sms", [Receipt("early", "SM1", "delivered")])
    assert receipts.drain(ground) == 0
    with ground.database.write() as connection:
        leased = store.claim(connection, "sms", "me", 1, now(connection))
        store.begin(connection, [(leased[0], "early")], "me", now(connection))
    assert receipts.drain(ground) == 1
    assert states(ground) == {"delivered": 1}
    assert receipts.drain(ground) == 0


def test_receipts_are_kept_in_sql_while_redis_is_away(ground: System, tmp_path: object) -> None:
    people(ground, 1)
    go_live(ground)
    work(ground)
    away = replace(ground, redis=connect(f"unix://{tmp_path}/nobody.sock"))
    receipt(away, "delivered")
    assert receipts.drain(away) == 1
    assert states(ground) == {"delivered": 1}
