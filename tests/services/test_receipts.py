"""Receipts of several channels in one group: each acts on its own channel and person alone."""

from __future__ import annotations

import sqlalchemy as sa

from broadcaster.domain.channel import Receipt
from broadcaster.services import receipts
from broadcaster.services.system import System
from broadcaster.store import alarms
from broadcaster.store.engine import now
from broadcaster.store.schema import attempts, deliveries, subscribers
from tests.providers.twilio import Twilio
from tests.sending import go_live, people, sms, states, with_channels
from tests.services.texting import work


def attempt_of(system: System, channel: str, recipient: str) -> str:
    with system.database.read() as connection:
        query = sa.select(attempts.c.id).join(deliveries, deliveries.c.id == attempts.c.delivery)
        found: str = connection.execute(
            query.where(deliveries.c.channel == channel, deliveries.c.recipient == recipient)
        ).scalar_one()
        return found


def test_receipts_of_two_channels_in_one_group_act_each_on_its_own(system: System, twilio: Twilio) -> None:
    ground = with_channels(system, sms(twilio), sms(twilio, "second"))
    people(ground, 2)
    go_live(ground)
    work(ground)
    left = Receipt(attempt_of(ground, "sms", "+12020000001"), "SM1", "failed", "21610")
    resting = Receipt(attempt_of(ground, "second", "+12020000002"), "SM2", "failed", "30002")
    receipts.receive(ground, "sms", [left])
    receipts.receive(ground, "second", [resting])
    assert receipts.drain(ground) == 2
    with ground.database.read() as connection:
        assert [row.key for row in alarms.open_alarms(connection)] == ["channel:second:30002"]
        assert list(alarms.paused(connection, now(connection))) == ["second"]
        gone = sa.select(subscribers.c.phone).where(subscribers.c.phone_out.is_not(None))
        assert list(connection.execute(gone).scalars()) == ["+12020000001"]
    assert states(ground)["accepted"] == 2


def test_a_receipt_without_an_attempt_waits_and_the_others_of_its_group_count(ground: System) -> None:
    people(ground, 1)
    go_live(ground)
    work(ground)
    known = attempt_of(ground, "sms", "+12020000001")
    receipts.receive(ground, "sms", [Receipt("nobody's", "SM9", "delivered"), Receipt(known, "SM1", "delivered")])
    assert receipts.drain(ground) == 1
    assert states(ground) == {"delivered": 1}
