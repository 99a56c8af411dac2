"""What providers say of notices later: who was told is known, and that nobody was is noticed (SQLite, a Twilio)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from broadcaster.domain.channel import Receipt
from broadcaster.domain.config import Config
from broadcaster.services import receipts, tell
from broadcaster.services.system import System
from broadcaster.store import alarms
from broadcaster.store.schema import notices
from broadcaster.store.schema import receipts as waiting_receipts
from broadcaster.store.schema import users as users_table
from broadcaster.transport.pace import Pace
from tests.conftest import Clock
from tests.people import hire
from tests.providers.twilio import Twilio
from tests.sending import sms, with_channels
from tests.services.agency import WEATHER, agency, in_review, rows, settle_people

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Judge County."""
    return agency(tmp_path)


@pytest.fixture
def county(ground: System) -> System:
    """Its people are told by text: the chief, and three minutes later the deputy."""
    settle_people(ground)
    hire(ground, {"chief": ["approver"], "deputy": ["approver"]}, chief="+12025550110", deputy="+12025550120")
    with ground.database.write() as connection:
        later = users_table.c.email == "deputy@judge.example"
        connection.execute(users_table.update().where(later).values(notify_order=1))
    return ground


def told(system: System) -> list[tuple[str, str]]:
    return [
        (row.person.partition("@")[0], row.state) for row in rows(system, sa.select(notices).order_by(notices.c.id))
    ]


def hear(system: System, status: str, code: str = "", tries: int = 1, id_: int = 1) -> None:
    """A callback as Twilio sends it, merged."""
    receipts.receive(system, "sms", [Receipt(f"notice-{id_}-{tries}", "SMx", status, code)])
    receipts.drain(system)
    assert rows(system, sa.select(waiting_receipts)) == []


def rung(system: System) -> dict[str, str]:
    with system.database.read() as connection:
        return {row.kind: row.text for row in alarms.open_alarms(connection)}


def test_each_try_carries_an_id_that_its_callback_names(county: System, twilio: Twilio) -> None:
    in_review(county)
    tell.tell(county)
    assert twilio.accepted[0].callback.endswith("/hooks/twilio/sms/status?a=notice-1-1")
    assert told(county) == [("chief", "accepted")]
    hear(county, "accepted")
    assert told(county) == [("chief", "accepted")]
    hear(county, "delivered")
    assert told(county) == [("chief", "delivered")]
    hear(county, "accepted")  # late and out of order
    hear(county, "failed", "30003")
    assert told(county) == [("chief", "delivered")]


def test_what_a_callback_says_of_no_notice_of_ours_changes_nothing(county: System) -> None:
    in_review(county)
    tell.tell(county)
    hear(county, "delivered", id_=99)
    receipts.receive(county, "other", [Receipt("notice-1-1", "SMx", "delivered", "")])
    receipts.drain(county)
    assert told(county) == [("chief", "accepted")]


def test_a_text_that_did_not_arrive_goes_out_again_while_that_can_help(
    county: System, twilio: Twilio, clock: Clock
) -> None:
    in_review(county)
    tell.tell(county)
    hear(county, "failed", "30003")  # the handset is off
    assert told(county) == [("chief", "queued")]
    clock.forward(seconds=5)
    tell.tell(county)
    assert [text.to for text in twilio.accepted] == ["+12025550110"] * 2
    hear(county, "failed", "30003")  # of the first try, once more
    assert told(county) == [("chief", "accepted")]
    hear(county, "failed", "30005", tries=2)  # there is no such number
    assert told(county) == [("chief", "failed")]
    assert "chief@judge.example could not be told by sms (30005)" in rung(county)["notice"]
    hear(county, "delivered")  # the first one had arrived after all
    assert told(county) == [("chief", "delivered")]
    assert "notice" not in rung(county)


def test_that_nobody_was_told_is_noticed_at_once_where_it_failed(county: System, clock: Clock) -> None:
    in_review(county)
    tell.tell(county)
    hear(county, "failed", "30005")
    tell.tell(county)
    assert "Nobody is known to have been told of it" in rung(county)["nobody_told"]
    clock.forward(minutes=3)  # the deputy's turn
    tell.tell(county)
    assert "nobody_told" not in rung(county)
    hear(county, "delivered", id_=2)
    clock.forward(minutes=4)
    tell.tell(county)
    assert "nobody_told" not in rung(county)
    assert "nobody has decided" in rung(county)["unanswered"]


def test_that_nobody_was_told_is_noticed_where_no_provider_confirms_it(
    county: System, twilio: Twilio, clock: Clock
) -> None:
    in_review(county)
    tell.tell(county)
    clock.forward(seconds=119)
    tell.tell(county)
    assert "nobody_told" not in rung(county)
    clock.forward(seconds=1)
    tell.tell(county)
    assert "nobody_told" in rung(county)
    twilio.accepted[0].status = "delivered"  # its callback was lost: the next round asks
    clock.forward(seconds=121)
    tell.tell(county)
    tell.tell(county)
    assert told(county)[0] == ("chief", "delivered")
    assert "nobody_told" not in rung(county)


def test_what_went_out_with_another_is_told_as_that_one_is(county: System, clock: Clock) -> None:
    in_review(county)
    tell.tell(county)
    hear(county, "delivered")
    in_review(county, WEATHER)
    in_review(county, replace(WEATHER, zones=("hills",)))
    clock.forward(seconds=61)
    tell.tell(county)
    assert told(county) == [("chief", "delivered"), ("chief", "accepted"), ("chief", "dropped")]
    hear(county, "delivered", id_=2)
    clock.forward(seconds=100)
    tell.tell(county)
    assert "nobody_told" not in rung(county)


def test_notices_keep_the_pace_that_alerts_keep(county: System, twilio: Twilio) -> None:
    slow = with_channels(county, sms(twilio, per_second=1))
    in_review(slow)
    Pace(slow.redis, "sms", 1, 1).take([6], 10)  # an alert has the next six seconds
    tell.tell(slow)
    assert told(slow) == [("chief", "queued")]
    slow.redis.delete("pace:sms")
    tell.tell(slow)
    assert told(slow) == [("chief", "accepted")]
    assert Pace(slow.redis, "sms", 1, 1).take([1], 10).starts[0] > 0  # and took its share of it


def test_a_provider_that_is_too_busy_holds_all_senders_back(county: System, twilio: Twilio) -> None:
    twilio.faults.too_many = 1.0
    in_review(county)
    tell.tell(county)
    assert told(county) == [("chief", "queued")]
    assert Pace(county.redis, "sms", 1_000_000, 1).take([1], 0.01).starts == ()


def test_an_alarm_says_what_it_is_in_its_reader_s_language(county: System, twilio: Twilio, clock: Clock) -> None:
    with county.database.write() as connection:
        chief = users_table.c.email == "chief@judge.example"
        connection.execute(users_table.update().where(chief).values(language="es"))
        alarms.ring(connection, "switch:sending", "switch", "All sending is stopped by x.", clock.at)
    tell.tell(county)
    said = {text.to[-2:]: text.body for text in twilio.accepted}
    assert "alarma: algo esta detenido. All sending is stopped by x." in said["10"]
    assert "alarm: All sending is stopped by x." in said["20"]
