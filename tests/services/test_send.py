"""The sender against a Twilio on loopback: everybody once, authority to the last moment, nothing guessed."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from broadcaster.domain.alert import Mode
from broadcaster.domain.message import Message
from broadcaster.services import deliveries, expand, settle
from broadcaster.services.line import GROUP
from broadcaster.services.subscribers import opt_out
from broadcaster.services.system import System
from broadcaster.store import deliveries as store
from broadcaster.store.engine import now
from broadcaster.store.schema import alarms, alerts, attempts, opt_outs, subscribers
from broadcaster.store.schema import deliveries as rows
from broadcaster.transport.connection import connect
from tests.providers.base import served
from tests.providers.twilio import Twilio, TwilioFaults
from tests.sending import TEXT, attempt_rows, go_live, people, sms, states, with_channels
from tests.services.texting import Holding, due_now, work
from tests.waiting import until


def numbers(provider: Twilio) -> Counter[str]:
    return Counter(text.to for text in provider.accepted)


def test_everybody_in_the_zone_gets_the_text_once(ground: System, twilio: Twilio) -> None:
    people(ground, 320)
    people(ground, 5, zone="hills")
    go_live(ground)
    work(ground)
    assert states(ground) == {"accepted": 320}
    assert len(twilio.accepted) == len(numbers(twilio)) == 320
    assert {text.body for text in twilio.accepted} == {TEXT}


def test_an_alert_without_zones_reaches_nobody(ground: System, twilio: Twilio) -> None:
    people(ground, 10)
    go_live(ground, zone_ids=())
    work(ground)
    assert states(ground) == {}
    assert twilio.accepted == []


def test_who_joins_after_the_approval_is_not_in_it(ground: System, twilio: Twilio) -> None:
    people(ground, 3)
    go_live(ground)
    people(ground, 4)
    work(ground)
    assert len(twilio.accepted) == 3


def test_people_get_their_own_language_and_others_the_agencys_first(ground: System, twilio: Twilio) -> None:
    for language in ("en", "es", "vi"):
        people(ground, 2, language=language)
    go_live(ground, texts=[Message("sms", "en", "Leave"), Message("sms", "es", "Salga")])
    work(ground)
    assert Counter(text.body for text in twilio.accepted) == {"Leave": 4, "Salga": 2}


def test_expansion_goes_on_from_its_cursor(ground: System) -> None:
    people(ground, 5003)
    go_live(ground)
    assert expand.step(ground) == 5000
    assert expand.step(ground) == 3
    assert expand.resume(ground) == 0
    assert states(ground) == {"queued": 5003}


def test_a_channel_taken_out_after_the_approval_rings_an_alarm(ground: System) -> None:
    people(ground, 3)
    go_live(ground)
    assert expand.resume(with_channels(ground)) == 0
    with ground.database.read() as connection:
        assert [row.key for row in connection.execute(sa.select(alarms))] == ["channel:sms:gone"]


def test_two_expansions_at_once_write_each_person_once(ground: System) -> None:
    people(ground, 300)
    go_live(ground)
    threads = [threading.Thread(target=expand.resume, args=(ground,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states(ground) == {"queued": 300}


def test_two_senders_share_the_work_without_doubling(ground: System, twilio: Twilio) -> None:
    people(ground, 400)
    go_live(ground)
    expand.resume(ground)
    threads = [threading.Thread(target=work, args=(ground,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(numbers(twilio).values()) == {1}
    assert states(ground) == {"accepted": 400}


def test_an_evacuation_overtakes_what_is_queued(ground: System, twilio: Twilio) -> None:
    people(ground, 40)
    people(ground, 5, zone="hills")
    go_live(ground, "weather", priority=7)
    go_live(ground, "order", zone_ids=["hills"], priority=0, texts=[Message("sms", "en", "Leave")])
    expand.resume(ground)
    work(ground)
    assert {text.body for text in twilio.accepted[:5]} == {"Leave"}


def test_after_a_stop_nothing_more_starts(ground: System, twilio: Twilio) -> None:
    people(ground, 30)
    go_live(ground)
    expand.resume(ground)
    with ground.database.write() as connection:
        assert deliveries.stop_broadcast(connection, "one", ground.now())
        assert not deliveries.stop_broadcast(connection, "one", ground.now())
    work(ground)
    settle.settle(ground)
    assert twilio.accepted == []
    assert states(ground) == {"suppressed": 30}


def test_a_stop_in_the_middle_lets_through_what_is_in_flight_and_one_group(ground: System, twilio: Holding) -> None:
    people(ground, 800)
    twilio.hold_after = 200
    go_live(ground)
    expand.resume(ground)
    sender = threading.Thread(target=work, args=(ground,))
    sender.start()
    until(lambda: len(twilio.accepted) >= 200)
    with ground.database.write() as connection:
        deliveries.stop_broadcast(connection, "one", ground.now())
        begun = connection.execute(sa.select(sa.func.count()).select_from(attempts)).scalar_one()
    twilio.hold_after = None
    sender.join()
    deliveries.suppress_ended(ground)
    unseen = 0 if ground.database.sqlite else GROUP  # a group that PostgreSQL was about to commit beside the stop
    assert len(twilio.accepted) <= begun + unseen
    assert states(ground) == {"accepted": len(twilio.accepted), "suppressed": 800 - len(twilio.accepted)}


@pytest.mark.parametrize("state", ["cancelled", "superseded", "lifted", "expired"])
def test_an_alert_that_is_no_longer_live_sends_nothing(ground: System, twilio: Twilio, state: str) -> None:
    people(ground, 4)
    go_live(ground)
    with ground.database.write() as connection:
        connection.execute(alerts.update().values(state=state))
    work(ground)
    assert twilio.accepted == []
    assert states(ground) == {"suppressed": 4}


def test_an_alert_past_its_end_sends_nothing_even_if_nobody_ended_it(ground: System, twilio: Twilio) -> None:
    people(ground, 4)
    go_live(ground, minutes=-1)
    work(ground)
    assert twilio.accepted == []
    assert states(ground) == {"suppressed": 4}


def test_a_drill_never_goes_out_on_a_channel_without_drills(ground: System, twilio: Twilio) -> None:
    people(ground, 4)
    go_live(ground, mode=Mode.EXERCISE)
    work(ground)
    assert twilio.accepted == []
    assert states(ground) == {"suppressed": 4}


def test_a_drill_goes_out_where_the_channel_carries_drills(system: System, twilio: Twilio) -> None:
    ground = with_channels(system, sms(twilio, drills=True))
    people(ground, 4)
    go_live(ground, mode=Mode.EXERCISE)
    work(ground)
    assert len(twilio.accepted) == 4


def test_a_mode_that_was_changed_after_approval_sends_nothing(ground: System, twilio: Twilio) -> None:
    people(ground, 4)
    go_live(ground)
    with ground.database.write() as connection:
        connection.execute(alerts.update().values(mode="exercise"))
    work(ground)
    assert twilio.accepted == []


def test_who_left_after_the_approval_gets_nothing(ground: System, twilio: Twilio) -> None:
    people(ground, 4)
    go_live(ground)
    expand.resume(ground)
    with ground.database.write() as connection:
        opt_out(ground, connection, "+12020000002", "test", ground.now())
    work(ground)
    assert sorted(numbers(twilio)) == ["+12020000001", "+12020000003", "+12020000004"]
    assert states(ground) == {"accepted": 3, "suppressed": 1}


def test_an_opted_out_number_is_suppressed_and_remembered(ground: System, twilio: Twilio) -> None:
    people(ground, 2)
    twilio.plan.codes = {"+12020000001": 21610}
    go_live(ground)
    work(ground)
    assert states(ground) == {"accepted": 1, "suppressed": 1}
    with ground.database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(opt_outs)).scalar_one() == 1
        left = sa.select(subscribers.c.phone).where(subscribers.c.phone_out.is_not(None))
        assert list(connection.execute(left).scalars()) == ["+12020000001"]


def test_a_dead_number_fails_for_this_alert_with_its_code(ground: System, twilio: Twilio) -> None:
    people(ground, 2)
    twilio.plan.codes = {"+12020000001": 21211}
    go_live(ground)
    work(ground)
    told = deliveries.totals(ground, "one")
    assert told["channels"]["sms"]["failed"] == 1
    assert told["channels"]["sms"]["errors"] == {"21211": 1}
    assert told["settled"]


def test_wrong_credentials_rest_the_channel_ring_an_alarm_and_lose_nothing(ground: System, twilio: Twilio) -> None:
    people(ground, 3)
    twilio.faults.unauthorized = True
    go_live(ground)
    work(ground)
    assert states(ground) == {"waiting": 3}
    with ground.database.read() as connection:
        assert [row.key for row in connection.execute(sa.select(alarms))] == ["channel:sms:20003"]
    before = twilio.requests
    due_now(ground)
    work(ground)
    assert twilio.requests == before


def test_rows_of_a_channel_that_was_switched_off_wait_and_are_not_given_up(ground: System, twilio: Twilio) -> None:
    people(ground, 2)
    go_live(ground)
    expand.resume(ground)
    work(with_channels(ground, sms(twilio, enabled=False)))
    assert twilio.requests == 0
    assert states(ground) == {"queued": 2}


def test_the_fallback_takes_over_what_a_resting_channel_left_unsent(system: System, twilio: Twilio) -> None:
    with served(Twilio(TwilioFaults(latency=0.01, unauthorized=True))) as broken:
        ground = with_channels(system, sms(broken, fallback="backup"), sms(twilio, "backup"))
        people(ground, 5)
        go_live(ground, channels=("sms",))
        work(ground)
        assert states(ground) == {"waiting": 5}
        settle.settle(ground)
        work(ground)
    assert states(ground) == {"accepted": 5}
    assert set(numbers(twilio).values()) == {1}


def test_too_many_requests_are_sent_again_once_the_provider_allows(ground: System, twilio: Twilio) -> None:
    people(ground, 20)
    twilio.faults.too_many, twilio.faults.retry_after = 1.0, 0.2
    go_live(ground)
    work(ground)
    assert states(ground) == {"waiting": 20}
    twilio.faults.too_many = 0
    due_now(ground)
    work(ground)
    assert states(ground) == {"accepted": 20}
    assert set(numbers(twilio).values()) == {1}


def test_a_lease_that_ran_out_frees_its_rows_and_one_that_runs_does_not(ground: System) -> None:
    people(ground, 2)
    go_live(ground)
    expand.resume(ground)
    with ground.database.write() as connection:
        at = now(connection)
        (old,) = store.claim(connection, "sms", "silent", 1, at)
        connection.execute(rows.update().where(rows.c.id == old.id).values(lease=at - timedelta(seconds=1)))
        (held,) = store.claim(connection, "sms", "alive", 1, at)
    settle.settle(ground)
    assert _states_by_id(ground) == {old.id: "queued", held.id: "leased"}


def _states_by_id(system: System) -> dict[int, str]:
    with system.database.read() as connection:
        return {row.id: row.state for row in connection.execute(sa.select(rows.c.id, rows.c.state))}


def test_rows_of_a_dead_process_of_this_host_go_back_at_once_and_others_do_not(ground: System) -> None:
    people(ground, 3)
    go_live(ground)
    expand.resume(ground)
    with ground.database.write() as connection:
        held = [
            store.claim(connection, "sms", holder, 1, now(connection))[0] for holder in ("here:1", "here:2", "there:1")
        ]
        assert store.free_dead(connection, "here", lambda pid: pid == 2) == 1
    assert [_states_by_id(ground)[row.id] for row in held] == ["queued", "leased", "leased"]


def test_a_row_whose_lease_another_took_is_not_begun(ground: System) -> None:
    people(ground, 1)
    go_live(ground)
    expand.resume(ground)
    with ground.database.write() as connection:
        leased = store.claim(connection, "sms", "me", 1, now(connection))
        connection.execute(rows.update().values(holder="other"))
        assert store.begin(connection, [(leased[0], "a1")], "me", now(connection)) == set()
    assert attempt_rows(ground) == []


def test_where_redis_is_away_sending_goes_on(ground: System, twilio: Twilio, tmp_path: object) -> None:
    away = replace(ground, redis=connect(f"unix://{tmp_path}/nobody.sock"))
    people(away, 60)
    go_live(away)
    work(away)
    assert states(away) == {"accepted": 60}


def test_a_cancel_goes_to_everybody_the_first_may_have_reached_and_to_nobody_else(
    ground: System, twilio: Twilio
) -> None:
    people(ground, 4)
    twilio.plan.codes = {"+12020000001": 21211}
    go_live(ground)
    work(ground)
    people(ground, 3)
    go_live(ground, "cancel", ending="cancelled", replaces=["one"], texts=[Message("sms", "en", "Error")])
    work(ground)
    corrected = sorted(text.to for text in twilio.accepted if text.body == "Error")
    assert corrected == ["+12020000002", "+12020000003", "+12020000004"]


def test_totals_count_each_delivery_once_and_zeros_without_a_broadcast(ground: System) -> None:
    people(ground, 7)
    go_live(ground)
    expand.resume(ground)
    told = deliveries.totals(ground, "one")
    assert told["totals"]["total"] == told["totals"]["queued"] == 7
    assert not told["settled"]
    work(ground)
    assert deliveries.totals(ground, "one")["settled"]


def test_the_pace_holds(system: System, twilio: Twilio) -> None:
    ground = with_channels(system, sms(twilio, per_second=50))
    people(ground, 60)
    go_live(ground)
    began = time.monotonic()
    work(ground)
    took = time.monotonic() - began
    assert len(twilio.accepted) == 60
    assert took >= 59 / 50 * 0.97
