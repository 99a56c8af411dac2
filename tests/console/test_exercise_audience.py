"""Exercises reach their own group alone, in counting as in sending, on both databases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from broadcaster.domain.alert import Mode
from broadcaster.domain.audience import groups_of
from broadcaster.domain.config import Config
from broadcaster.services import approve, cancel, compose, expand, override, show, submit
from broadcaster.services.system import System
from broadcaster.store.schema import deliveries, subscribers
from tests.services.agency import AUTHOR, CHIEF, WEATHER, agency, rows, settle_people

GROUP = "exercise"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    made = agency(tmp_path)
    return replace(made, policy=replace(made.policy, exercise_group=GROUP))


@pytest.fixture(autouse=True)
def county(system: System) -> None:
    """Six in the valley: two of the group (one of them of another besides), one of a group with a longer name."""
    settle_people(system, 6)
    groups = {1: [GROUP], 2: ["fire brigade", GROUP], 3: [GROUP + "s"]}
    with system.database.write() as connection:
        ids = connection.execute(sa.select(subscribers.c.id).order_by(subscribers.c.id)).scalars().all()
        for place, named in groups.items():
            connection.execute(subscribers.update().where(subscribers.c.id == ids[place]).values(groups=named))


def reached(system: System) -> int:
    expand.resume(system)
    return len(rows(system, sa.select(deliveries.c.id).where(deliveries.c.channel == "sms")))


def live(system: System, mode: Mode) -> str:
    made = compose.create(system, AUTHOR, replace(WEATHER, mode=mode))
    waiting = submit.submit(system, AUTHOR, made.id)
    return approve.approve(system, CHIEF, waiting.id, str(waiting.digest)).id


@pytest.mark.parametrize(
    ("mode", "group", "groups"),
    [
        (Mode.ACTUAL, GROUP, ()),
        (Mode.EXERCISE, GROUP, (GROUP,)),
        (Mode.TEST, GROUP, (GROUP,)),
        (Mode.EXERCISE, "", ()),
    ],
)
def test_only_what_is_no_real_alert_is_kept_to_the_group(mode: Mode, group: str, groups: tuple[str, ...]) -> None:
    assert groups_of(mode, group) == groups


@pytest.mark.parametrize(("mode", "people"), [(Mode.ACTUAL, 6), (Mode.EXERCISE, 2), (Mode.TEST, 2)])
def test_whom_the_approver_is_told_of_and_who_gets_it_are_the_same(system: System, mode: Mode, people: int) -> None:
    made = compose.create(system, AUTHOR, replace(WEATHER, mode=mode))
    assert show.alert(system, made.id)["people"]["sms"] == people
    released = live(system, mode)
    assert show.alert(system, released)["people"]["sms"] == people
    assert reached(system) == people


def test_without_a_group_an_exercise_reaches_its_zones(system: System) -> None:
    policy = replace(system.config.policy, exercise_group="")
    everybody = replace(system, config=replace(system.config, policy=policy))
    assert show.alert(everybody, live(everybody, Mode.EXERCISE))["people"]["sms"] == 6
    assert reached(everybody) == 6


def test_what_an_approval_froze_holds_though_the_policy_changes_before_it_is_sent(system: System) -> None:
    live(system, Mode.EXERCISE)
    policy = replace(system.config.policy, exercise_group="")
    assert reached(replace(system, config=replace(system.config, policy=policy))) == 2


def test_the_correction_of_an_exercise_goes_to_those_who_got_it(system: System) -> None:
    first = live(system, Mode.EXERCISE)
    reached(system)
    with system.database.write() as connection:
        connection.execute(deliveries.update().values(state="delivered"))
    waiting = cancel.cancel(system, CHIEF, first)
    override.override(system, CHIEF, waiting.id, str(waiting.digest), "practised")
    assert reached(system) == 4
