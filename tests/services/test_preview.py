"""Looking before writing: texts, people and time of a draft on a reading connection, on both databases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from broadcaster.domain.alert import Area, Mode
from broadcaster.domain.config import Config
from broadcaster.domain.errors import Forbidden, Invalid, NotFound, Refused
from broadcaster.services import areas, preview
from broadcaster.services import compose as composing
from broadcaster.services.discard import discard
from broadcaster.services.drafting import is_id, new_id
from broadcaster.services.hand_in import hand_in
from broadcaster.services.system import System
from broadcaster.store.schema import alerts, audit_entries, subscribers
from tests.services.agency import AUTHOR, FEED, ORDER, agency, in_review, rows, settle_people

TRIANGLE = ((38.01, -120.99), (38.01, -120.95), (38.05, -120.95), (38.01, -120.99))


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return agency(tmp_path)


def test_a_preview_counts_and_times_and_writes_nothing(system: System) -> None:
    settle_people(system, people=30)
    paced = tuple(replace(c, per_second=2.0) for c in system.config.channels)
    seen = preview.preview(replace(system, config=replace(system.config, channels=paced)), ORDER, AUTHOR.name)
    parts = max(m.segments for m in seen.drawn.messages if m.channel == "sms")
    assert seen.people == {"sms": 31}
    assert seen.seconds == {"sms": 31 * parts / 2.0}
    assert {m.channel for m in seen.drawn.messages} == {"sms", "county"}
    assert rows(system, sa.select(alerts.c.id)) == []
    assert rows(system, sa.select(audit_entries.c.id)) == []


def test_a_preview_of_an_edit_is_of_that_alert(system: System) -> None:
    settle_people(system)
    made = composing.create(system, AUTHOR, ORDER)
    seen = preview.preview(system, replace(ORDER, fields={"hazard": "flood"}), AUTHOR.name, made.id)
    assert (seen.drawn.alert.id, seen.drawn.alert.incident) == (made.id, made.incident)
    with pytest.raises(NotFound):
        preview.preview(system, ORDER, AUTHOR.name, "nothing")


def test_zones_count_those_who_can_be_told(system: System) -> None:
    settle_people(system)
    with system.database.write() as connection:
        connection.execute(
            subscribers.update().where(subscribers.c.phone == "+15550100000").values(phone_out=system.now())
        )
    assert {zone.id: zone.people for zone in preview.zones(system)} == {"valley": 2, "hills": 1}


def test_in_an_exercise_zones_count_those_who_take_part(system: System) -> None:
    settle_people(system)
    with system.database.write() as connection:
        connection.execute(subscribers.update().where(subscribers.c.phone == "+15550100001").values(groups=["drill"]))
    policy = replace(system.config.policy, exercise_group="drill")
    drilled = replace(system, config=replace(system.config, policy=policy))
    assert {zone.id: zone.people for zone in preview.zones(drilled, Mode.EXERCISE)} == {"valley": 1, "hills": 0}
    assert {zone.id: zone.people for zone in preview.zones(drilled)} == {"valley": 3, "hills": 1}


def test_shapes_and_zones_are_put_together_and_taken_apart_again(system: System) -> None:
    settle_people(system)
    shape = Area("", polygons=(TRIANGLE,))
    named = Area("Near the mill", polygons=(TRIANGLE,))
    with system.database.read() as connection:
        zones, found = areas.spread(connection, ["hills"], [shape, named])
        assert zones == ("hills", "valley")
        assert [area.description for area in found] == ["Judge Hills", "Part of Judge Valley", "Near the mill"]
        chosen, shapes = areas.taken_apart(connection, zones, found)
        assert chosen == ["hills"]
        assert [area.description for area in shapes] == ["Part of Judge Valley", "Near the mill"]
        assert areas.spread(connection, ["hills", "hills"], []) == (("hills",), ())
        assert areas.taken_apart(connection, (), (named,)) == ([], [named])


def test_ids_of_forms_are_known_by_their_look() -> None:
    assert is_id(new_id())
    assert not any(map(is_id, ("", "abc", "abcdefghi1", "ABCDEFGHJK", new_id() + "2")))


def test_a_form_is_kept_where_it_cannot_be_submitted(system: System) -> None:
    settle_people(system)
    done = hand_in(system, AUTHOR, replace(ORDER, zones=()), submitting=True)
    assert isinstance(done.refused, Refused)
    assert done.refused.code == "no_area"
    assert str(done.alert.state) == "draft"
    again = hand_in(system, AUTHOR, ORDER, done.alert.id, done.alert.revision, submitting=True)
    assert (again.refused, str(again.alert.state)) == (None, "in_review")


def test_an_editor_of_an_old_revision_is_told(system: System) -> None:
    settle_people(system)
    made = hand_in(system, AUTHOR, ORDER).alert
    hand_in(system, AUTHOR, replace(ORDER, fields={"hazard": "flood"}), made.id, made.revision)
    with pytest.raises(Refused) as refused:
        hand_in(system, AUTHOR, ORDER, made.id, made.revision)
    assert refused.value.code == "conflict"


def test_the_same_form_twice_is_one_alert_and_another_form_is_another(system: System) -> None:
    settle_people(system)
    form = replace(ORDER, id=new_id())
    first = hand_in(system, AUTHOR, form, submitting=True).alert
    assert hand_in(system, AUTHOR, form, submitting=True).alert.id == first.id == form.id
    assert hand_in(system, AUTHOR, replace(ORDER, id=new_id())).alert.id != first.id


def test_drafts_are_put_away_by_people_and_never_out_of_review(system: System) -> None:
    settle_people(system)
    made = composing.create(system, AUTHOR, ORDER)
    with pytest.raises(Forbidden):
        discard(system, FEED, made.id)
    assert str(discard(system, AUTHOR, made.id, "wrong county").state) == "discarded"
    with pytest.raises(Refused, match="wrong_state"):
        discard(system, AUTHOR, made.id)
    with pytest.raises(Refused, match="in_review"):
        discard(system, AUTHOR, in_review(system).id)


def test_a_name_that_does_not_exist_is_refused(system: System) -> None:
    settle_people(system)
    with pytest.raises(Invalid, match="unknown_zone"):
        preview.preview(system, replace(ORDER, zones=("nowhere",)), AUTHOR.name)
