"""The guided drill: each step proved by what really happened, by the rules of every alert, calling nobody."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from broadcaster.domain.config import Config
from broadcaster.domain.drill import INSTRUCTOR, Did, Facts, Step, done
from broadcaster.domain.errors import Forbidden, Refused
from broadcaster.domain.snapshot import danger_of
from broadcaster.domain.wording import Level
from broadcaster.services import approve, audit, cancel, drill, lift, override, return_, show
from broadcaster.services.submit import submit
from broadcaster.services.system import Actor, System
from broadcaster.services.tell import tell
from broadcaster.store import alerts as store
from broadcaster.store.schema import alerts, notices, versions
from tests.people import hire
from tests.services.agency import AUTHOR, CHIEF, agency, rows, settle_people

SHELL = Actor("system", "test")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return agency(tmp_path)


@pytest.fixture(autouse=True)
def county(system: System) -> None:
    settle_people(system)
    hire(system, {name: ["approver"] for name in ("chief", "deputy")}, chief="+15035550000", deputy="+15035550000")


def digest(system: System, alert: str) -> str:
    found: str = show.alert(system, alert)["digest"]
    return found


def said(system: System, alert: str) -> tuple[Level, set[str]]:
    """An alert's level, and what it calls the event in each language."""
    with system.database.read() as connection:
        infos = store.get(connection, alert).content.infos
    return Level(danger_of(infos)), {info.event for info in infos}


def to_air(system: System) -> drill.Drill:
    """As far as the approval."""
    begun = drill.start(system, CHIEF)
    drill.opened(system, CHIEF)
    return_.return_(system, CHIEF, begun.alerts[0], "It is a tornado, not a flood")
    now = drill.resubmit(system, CHIEF)
    approve.approve(system, CHIEF, now.alerts[0], digest(system, now.alerts[0]))
    return drill.current(system, CHIEF.name) or now


def test_the_whole_drill_step_by_step(system: System) -> None:
    begun = drill.start(system, CHIEF)
    exercise = show.alert(system, begun.alerts[0])
    assert (exercise["mode"], exercise["state"], exercise["submitted_by"]) == ("exercise", "in_review", INSTRUCTOR)
    assert begun.next == Step.OPEN
    assert drill.opened(system, CHIEF) == begun.alerts[0]
    return_.return_(system, CHIEF, begun.alerts[0], "It is a tornado, not a flood")
    assert said(system, begun.alerts[0]) == (Level.ACT_NOW, {"Flash flood alert", "Alerta de inundación repentina"})
    assert drill.resubmit(system, CHIEF).next == Step.APPROVE
    assert said(system, begun.alerts[0]) == (Level.ACT_NOW, {"Tornado alert", "Alerta de tornado"})
    approve.approve(system, CHIEF, begun.alerts[0], digest(system, begun.alerts[0]))
    drill.watched(system, CHIEF)
    wrong = cancel.cancel(system, CHIEF, begun.alerts[0], "practised")
    assert all("tornado" in f"{info.headline} {info.description}".lower() for info in wrong.content.infos)
    override.override(system, CHIEF, wrong.id, str(wrong.digest), "practised")
    after = drill.second(system, CHIEF)
    assert said(system, after.alerts[1])[0] in (Level.ACT_SOON, Level.BE_READY)
    approve.approve(system, CHIEF, after.alerts[1], digest(system, after.alerts[1]))
    lift.lift(system, CHIEF, after.alerts[1], "over")
    complete = drill.current(system, CHIEF.name)
    assert complete is not None
    assert (complete.complete, complete.finished) == (True, None)
    assert drill.finish(system, CHIEF).finished is not None
    assert audit.verify(system) == []
    by_name = {one.person: one for one in drill.trained(system)}
    assert by_name[CHIEF.name].finished is not None
    assert by_name["deputy@judge.example"] == drill.Trained("deputy@judge.example", None, 0)


def test_nothing_of_it_is_public_and_nobody_is_called(system: System) -> None:
    live = to_air(system)
    wrong = cancel.cancel(system, CHIEF, live.alerts[0], "practised")
    override.override(system, CHIEF, wrong.id, str(wrong.digest), "practised")
    tell(system)
    assert rows(system, sa.select(notices.c.id)) == []
    assert all(not row[0]["alerts"] for row in rows(system, sa.select(versions.c.bundle)) if "alerts" in row[0])  # type: ignore[index,operator]


def test_steps_out_of_turn_are_refused(system: System) -> None:
    for act in (drill.opened, drill.resubmit, drill.watched, drill.second, drill.finish, drill.leave):
        with pytest.raises(Refused):
            act(system, CHIEF)
    drill.start(system, CHIEF)
    for act in (drill.start, drill.resubmit, drill.watched, drill.second, drill.finish):
        with pytest.raises(Refused):
            act(system, CHIEF)


def test_only_who_may_approve_practises_it(system: System) -> None:
    with pytest.raises(Forbidden):
        drill.start(system, AUTHOR)


def test_without_a_channel_for_exercises_it_says_what_to_do(system: System) -> None:
    off = tuple(replace(channel, drills=False) for channel in system.config.channels)
    without = replace(system, config=replace(system.config, channels=off))
    with pytest.raises(Refused, match="drills = true"):
        drill.start(without, CHIEF)
    assert rows(system, sa.select(alerts.c.id)) == []


def test_giving_up_puts_away_what_waits_and_another_drill_may_begin(system: System) -> None:
    begun = drill.start(system, CHIEF)
    drill.leave(system, CHIEF)
    assert show.alert(system, begun.alerts[0])["state"] == "discarded"
    assert drill.current(system, CHIEF.name) is None
    assert drill.start(system, CHIEF).alerts != begun.alerts


def test_a_later_drill_begins_at_its_first_step(system: System) -> None:
    to_air(system)
    drill.leave(system, CHIEF)
    again = drill.start(system, CHIEF)
    assert (again.steps, again.finished) == ((), None)


def test_somebody_elses_acts_prove_nothing(system: System) -> None:
    begun = drill.start(system, CHIEF)
    deputy = replace(CHIEF, name="deputy@judge.example")
    return_.return_(system, deputy, begun.alerts[0], "wrong")
    found = drill.current(system, CHIEF.name)
    assert found is not None
    assert found.steps == ()


def test_an_exercise_of_the_drill_is_not_the_trainees_to_submit(system: System) -> None:
    begun = drill.start(system, CHIEF)
    return_.return_(system, CHIEF, begun.alerts[0], "wrong")
    with pytest.raises(Forbidden):
        submit(system, CHIEF, begun.alerts[0])


ME = "me@x.example"
FIRST = (Did("submit", INSTRUCTOR), Did("return", ME), Did("submit", INSTRUCTOR), Did("approve", ME))


@pytest.mark.parametrize(
    ("facts", "steps"),
    [
        (Facts(ME), 0),
        (Facts(ME, opened=True), 1),
        (Facts(ME, first=FIRST[:1]), 0),
        (Facts(ME, first=FIRST[:2]), 2),
        (Facts(ME, first=FIRST[:3]), 3),
        (Facts(ME, first=(*FIRST[:2], Did("submit", "author"))), 2),
        (Facts(ME, first=FIRST), 4),
        (Facts("ME@x.example", first=FIRST), 4),
        (Facts("other", opened=True, first=FIRST), 1),
        (Facts(ME, first=(FIRST[0], FIRST[3])), 0),
        (Facts(ME, first=FIRST, watched=True), 5),
        (Facts(ME, first=FIRST, corrected=(Did("override", ME),)), 4),
        (Facts(ME, first=FIRST, watched=True, corrected=(Did("submit", ME),)), 5),
        (Facts(ME, first=FIRST, watched=True, corrected=(Did("override", ME),)), 6),
        (Facts(ME, first=FIRST, watched=True, corrected=(Did("approve", ME),)), 6),
        (Facts(ME, True, True, FIRST, (Did("override", ME),), (Did("approve", ME),)), 7),
        (Facts(ME, True, True, FIRST, (Did("override", ME),), (Did("approve", ME),), (Did("submit", ME),)), 8),
    ],
)
def test_steps_are_done_in_order_by_what_is_recorded(facts: Facts, steps: int) -> None:
    assert done(facts) == tuple(Step)[:steps]
