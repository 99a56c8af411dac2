"""Our own people are told: at once, in steps, once, never a flood, and nothing is lost where a process dies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from broadcaster.channels.simulated import Options, Shown, path, shown
from broadcaster.domain.alert import Mode
from broadcaster.domain.config import ChannelConfig, Config, Policy
from broadcaster.services import compose, login_hint, show, tell
from broadcaster.services.approve import approve
from broadcaster.services.cancel import cancel
from broadcaster.services.override import override
from broadcaster.services.reject import reject
from broadcaster.services.submit import submit
from broadcaster.services.system import Actor, System
from broadcaster.services.withdraw import withdraw
from broadcaster.store import alarms, switches
from broadcaster.store.schema import notices
from broadcaster.store.schema import users as users_table
from tests.conftest import Clock
from tests.people import hire
from tests.services.agency import AUTHOR, CHIEF, ORDER, WEATHER, agency, in_review, live, rows, settle_people
from tests.services.test_races import at_once

ONCE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # decided above SQL

SHELL = Actor("system", "cli:test")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Judge County, whose people are told by text alone."""
    return agency(tmp_path)


@pytest.fixture(autouse=True)
def staff(system: System) -> None:
    """An author, and approvers in two steps; the last digits of a phone decide what the simulation does."""
    settle_people(system)
    phones = {name: f"+155502000{n}0" for n, name in enumerate(("author", "chief", "deputy"))}
    hire(system, {"author": ["author"], "chief": ["approver"], "deputy": ["approver"]}, **phones)
    change(system, "deputy", notify_order=1)


def change(system: System, name: str, **columns: object) -> None:
    with system.database.write() as connection:
        where = users_table.c.email == f"{name}@judge.example"
        connection.execute(users_table.update().where(where).values(**columns))


def texts(system: System, channel: str = "sms") -> list[Shown]:
    """What staff got so far; nothing else is sent in these tests."""
    options = next(c.options for c in system.config.channels if c.name == channel)
    assert isinstance(options, Options)
    return list(shown(path(channel, options)))


def to(system: System) -> list[str]:
    return [{"00": "author", "10": "chief", "20": "deputy"}[one.to[-2:]] for one in texts(system)]


def all_states(system: System) -> list[str]:
    return [str(row.state) for row in rows(system, sa.select(notices.c.state).order_by(notices.c.id))]


def rung(system: System) -> dict[str, str]:
    with system.database.read() as connection:
        return {row.kind: row.text for row in alarms.open_alarms(connection)}


def test_a_submitted_review_reaches_the_first_approvers_on_duty_with_their_own_link(system: System) -> None:
    waiting = in_review(system)
    assert all_states(system) == ["queued"]
    assert tell.tell(system) == 1
    [told] = texts(system)
    assert to(system) == ["chief"]
    head = f"Judge County: waits for your approval: {show.alert(system, waiting.id)['headline'][:20]}"
    assert told.text.startswith(head)
    assert "From author@judge.example" in told.text
    link = f"{system.settings.console_url}/console/alerts/{waiting.id}/review?for="
    assert link in told.text
    assert login_hint.read(system, told.text.partition("?for=")[2].split()[0]) == "chief@judge.example"
    assert all_states(system) == ["delivered"]


def test_the_row_is_written_in_the_submitting_transaction_and_gone_with_it(system: System) -> None:
    made = compose.create(system, AUTHOR, ORDER)

    def broken_off() -> None:
        with system.database.write() as connection:
            submit(system, AUTHOR, made.id, connection)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken_off()
    assert all_states(system) == []
    assert show.alert(system, made.id)["state"] == "draft"


@ONCE
def test_the_next_are_told_after_so_many_minutes_and_everybody_once(system: System, clock: Clock) -> None:
    in_review(system)
    tell.tell(system)
    clock.forward(minutes=2, seconds=59)
    tell.tell(system)
    assert to(system) == ["chief"]
    clock.forward(seconds=1)
    for _ in range(3):
        tell.tell(system)
    assert to(system) == ["chief", "deputy"]
    assert "unanswered" not in rung(system)
    clock.forward(minutes=3)
    tell.tell(system)
    tell.tell(system)
    assert to(system) == ["chief", "deputy"]
    assert "nobody has decided" in rung(system)["unanswered"]


@ONCE
@pytest.mark.parametrize("how", ["approve", "reject", "withdraw"])
def test_a_decision_ends_it(system: System, clock: Clock, how: str) -> None:
    waiting = in_review(system)
    if how == "approve":
        approve(system, CHIEF, waiting.id, str(waiting.digest))
    elif how == "reject":
        reject(system, CHIEF, waiting.id, "no")
    else:
        withdraw(system, AUTHOR, waiting.id)
    clock.forward(minutes=10)
    tell.tell(system)
    assert texts(system) == []
    assert all_states(system) == ["dropped"]


@ONCE
def test_withdrawn_and_submitted_again_is_told_again(system: System, clock: Clock) -> None:
    waiting = in_review(system)
    tell.tell(system)
    withdraw(system, AUTHOR, waiting.id)
    clock.forward(minutes=2)
    submit(system, AUTHOR, waiting.id)
    tell.tell(system)
    assert to(system) == ["chief", "chief"]


@ONCE
def test_an_answered_alarm_of_silence_is_cleared(system: System, clock: Clock) -> None:
    waiting = in_review(system)
    clock.forward(minutes=10)
    tell.tell(system)
    assert "unanswered" in rung(system)
    reject(system, CHIEF, waiting.id, "no")
    tell.tell(system)
    assert "unanswered" not in rung(system)


@ONCE
def test_who_submitted_is_not_asked_to_approve(system: System) -> None:
    in_review(system, actor=replace(CHIEF, roles=frozenset({"approver", "author"})))
    tell.tell(system)
    assert to(system) == ["deputy"]


@ONCE
def test_who_is_off_duty_or_disabled_is_not_told(system: System) -> None:
    change(system, "chief", on_duty=False)
    in_review(system)
    tell.tell(system)
    assert to(system) == ["deputy"]
    change(system, "deputy", active=False)
    in_review(system, WEATHER)
    tell.tell(system)
    assert to(system) == ["deputy"]


@ONCE
def test_nobody_to_tell_is_a_finding_and_an_alarm_and_stops_no_submission(system: System) -> None:
    change(system, "chief", phone=None)
    change(system, "deputy", on_duty=False)
    waiting = in_review(system)
    assert waiting.state == "in_review"
    found = [f["code"] for f in show.alert(system, waiting.id)["findings"]]
    assert found.count("nobody_told") == 1
    assert "Call somebody" in rung(system)["nobody_told"]


@ONCE
def test_once_somebody_is_on_duty_again_the_finding_goes_and_they_are_told(system: System) -> None:
    change(system, "chief", on_duty=False)
    change(system, "deputy", on_duty=False)
    waiting = in_review(system)
    withdraw(system, AUTHOR, waiting.id)
    change(system, "chief", on_duty=True)
    submit(system, AUTHOR, waiting.id)
    assert "nobody_told" not in [f["code"] for f in show.alert(system, waiting.id)["findings"]]
    tell.tell(system)
    assert to(system) == ["chief"]
    assert "nobody_told" not in rung(system)


@ONCE
def test_who_comes_on_duty_while_it_waits_is_told(system: System) -> None:
    change(system, "chief", on_duty=False)
    change(system, "deputy", on_duty=False)
    in_review(system)
    tell.tell(system)
    assert to(system) == []
    change(system, "deputy", on_duty=True)
    tell.tell(system)
    assert to(system) == ["deputy"]


@ONCE
def test_a_channel_that_tells_again_is_no_alarm_any_more(system: System, clock: Clock) -> None:
    change(system, "chief", phone="+15550200013")
    waiting = in_review(system)
    tell.tell(system)
    assert "notice" in rung(system)
    withdraw(system, AUTHOR, waiting.id)
    change(system, "chief", phone="+15550200010")
    clock.forward(minutes=2)
    submit(system, AUTHOR, waiting.id)
    tell.tell(system)
    assert "notice" not in rung(system)


def test_several_reviews_at_once_are_one_text_a_minute(system: System, clock: Clock) -> None:
    in_review(system)
    tell.tell(system)
    in_review(system, WEATHER)
    in_review(system, replace(ORDER, zones=("hills",)))
    tell.tell(system)
    assert len(texts(system)) == 1
    clock.forward(seconds=61)
    tell.tell(system)
    assert len(texts(system)) == 2
    assert "2 things wait for you" in texts(system)[1].text
    assert f"{system.settings.console_url}/console/?for=" in texts(system)[1].text
    clock.forward(seconds=61)
    tell.tell(system)
    assert len(texts(system)) == 2


@ONCE
def test_an_exercise_and_the_real_thing_never_share_a_text(system: System) -> None:
    in_review(system)
    in_review(system, replace(ORDER, mode=Mode.EXERCISE))
    tell.tell(system)
    tell.tell(system)
    said = sorted(one.text.startswith("EXERCISE") and one.text.endswith("EXERCISE") for one in texts(system))
    assert said in ([False, True], [True], [False])
    assert all("things wait" not in one.text for one in texts(system))


@ONCE
def test_an_override_is_told_to_everybody_with_a_role_at_once(system: System) -> None:
    change(system, "deputy", on_duty=False)
    waiting = in_review(system)
    tell.tell(system)
    override(system, CHIEF, waiting.id, str(waiting.digest), "nobody answers")
    tell.tell(system)
    assert sorted(to(system)) == ["author", "chief", "chief", "deputy"]
    assert "released by chief@judge.example alone" in texts(system)[-1].text
    assert "Reason: nobody answers." in texts(system)[-1].text


@ONCE
def test_a_correction_by_one_person_is_told_to_everybody(system: System) -> None:
    correction = cancel(system, AUTHOR, live(system).id)
    override(system, CHIEF, correction.id, str(correction.digest), "wrong county")
    tell.tell(system)
    assert {"author", "chief", "deputy"} <= set(to(system))


def test_an_alarm_rings_once_however_often_it_is_renewed_and_again_after_it_was_over(
    system: System, clock: Clock
) -> None:
    def ring() -> None:
        with system.database.write() as connection:
            alarms.ring(connection, "channel:sms:20003", "channel", "sms: the provider answers 20003.", clock.at)

    for _ in range(3):
        ring()
        tell.tell(system)
        clock.forward(minutes=2)
    assert sorted(to(system)) == ["chief", "deputy"]
    with system.database.write() as connection:
        alarms.clear(connection, "channel:sms:20003", clock.at)
    tell.tell(system)
    ring()
    tell.tell(system)
    assert sorted(to(system)) == ["chief", "chief", "deputy", "deputy"]


@ONCE
def test_an_alarm_that_concerns_nobody_on_duty_rings_nobody(system: System, clock: Clock) -> None:
    with system.database.write() as connection:
        alarms.ring(connection, "signature:x", "signature_owed", "A second person must sign it.", clock.at)
    tell.tell(system)
    assert texts(system) == []


@ONCE
def test_a_channel_that_a_person_stopped_tells_nobody(system: System, clock: Clock) -> None:
    in_review(system)
    with system.database.write() as connection:
        switches.stop(connection, "channel:sms", "chief@judge.example", clock.at, "")
    tell.tell(system)
    assert texts(system) == []


@ONCE
def test_policy_says_by_which_channels(system: System, tmp_path: Path) -> None:
    other = ChannelConfig("staff", "simulated", options=Options("sms", str(tmp_path)))  # type: ignore[arg-type]
    policy = replace(Policy(), notify_channels=("staff",))
    ruled = replace(system, config=replace(system.config, channels=(*system.config.channels, other), policy=policy))
    in_review(ruled)
    tell.tell(ruled)
    assert (len(texts(ruled)), len(texts(ruled, "staff"))) == (0, 1)


@ONCE
def test_a_number_that_is_gone_fails_with_an_alarm(system: System) -> None:
    change(system, "chief", phone="+15550200013")
    in_review(system)
    tell.tell(system)
    assert all_states(system) == ["failed"]
    assert "chief@judge.example could not be told by sms (gone)" in rung(system)["notice"]


@ONCE
def test_a_busy_line_is_tried_again_and_says_the_same(system: System, clock: Clock) -> None:
    change(system, "chief", phone="+15550200041")
    in_review(system)
    tell.tell(system)
    assert all_states(system) == ["queued"]
    tell.tell(system)
    assert len(texts(system)) == 1
    clock.forward(seconds=5)
    tell.tell(system)
    assert all_states(system) == ["delivered"]
    first, second = texts(system)
    assert first.text == second.text


@ONCE
def test_an_answer_that_was_lost_is_asked_about_and_not_sent_twice(system: System, clock: Clock) -> None:
    change(system, "chief", phone="+15550200059")
    in_review(system)
    tell.tell(system)
    assert all_states(system) == ["unknown"]
    clock.forward(seconds=15)
    tell.tell(system)
    assert all_states(system) == ["delivered"]
    assert len(texts(system)) == 1


@ONCE
def test_what_the_provider_does_not_know_twice_is_sent_again(system: System, clock: Clock) -> None:
    change(system, "chief", phone="+15550200073")
    in_review(system)
    tell.tell(system)
    clock.forward(seconds=15)
    tell.tell(system)
    clock.forward(seconds=9)
    tell.tell(system)
    assert (all_states(system), len(texts(system))) == (["unknown"], 1)
    clock.forward(seconds=1)
    tell.tell(system)
    assert (all_states(system), len(texts(system))) == (["delivered"], 2)


@ONCE
def test_a_process_killed_after_it_took_a_notice_loses_none(system: System, clock: Clock) -> None:
    """What ``kill -9`` between the claim and the request leaves behind: a row that says sending, and no text."""
    in_review(system)
    [going] = tell._take(system)
    assert all_states(system) == ["sending"]
    assert going.row.text.startswith("Judge County")
    for seconds in (14, 1, 10):
        clock.forward(seconds=seconds)
        tell.tell(system)
    assert (all_states(system), to(system)) == (["delivered"], ["chief"])


def test_two_processes_at_once_send_it_once(system: System) -> None:
    in_review(system)
    assert at_once(lambda: tell.tell(system), lambda: tell.tell(system)) == ["done", "done"]
    assert to(system) == ["chief"]


@ONCE
def test_news_that_is_an_hour_old_is_none(system: System, clock: Clock) -> None:
    in_review(system)
    clock.forward(minutes=61)
    tell.tell(system)
    assert "chief" not in to(system)


@ONCE
def test_the_same_person_is_not_told_again_when_the_order_changes(system: System, clock: Clock) -> None:
    in_review(system)
    tell.tell(system)
    change(system, "deputy", notify_order=0)
    change(system, "chief", notify_order=1)
    clock.forward(minutes=4)
    tell.tell(system)
    assert to(system).count("chief") == 1
