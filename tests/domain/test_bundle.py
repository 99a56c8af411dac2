"""What is decided together: the order, the digest, and what may not stand in two parts."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from broadcaster.domain.alert import Alert, AlertContent, Mode, MsgType, State
from broadcaster.domain.bundle import check_together, digest_of, members, priority_in, rank, together, zones_twice
from broadcaster.domain.errors import Refused

AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def part(id_: str, template: str, *zones: str, **more: object) -> Alert:
    content = AlertContent(template)
    made = Alert(id_, "i", State.DRAFT, 1, Mode.ACTUAL, MsgType.ALERT, content, zones, ("sms",), AT, bundle="b")
    return replace(made, **more)  # type: ignore[arg-type]


ORDER, WARNING = part("z", "evacuation_order", "a"), part("y", "evacuation_warning", "b")
SHELTER, OTHER = part("x", "shelter_in_place", "c"), part("a", "boil_water", "d")


def test_orders_stand_first_then_warnings_then_shelter_then_the_rest() -> None:
    assert [rank(one.content.template) for one in (ORDER, WARNING, SHELTER, OTHER)] == [0, 1, 2, 3]
    assert members([OTHER, SHELTER, WARNING, ORDER]) == (ORDER, WARNING, SHELTER, OTHER)


def test_of_two_orders_the_one_written_first_stands_first_then_by_id() -> None:
    later, twin = replace(ORDER, id="b", created=AT + timedelta(seconds=1)), replace(ORDER, id="c")
    assert members([later, ORDER, twin]) == (twin, ORDER, later)


@pytest.mark.parametrize("state", [State.DISCARDED, State.REJECTED, State.EXPIRED, State.SUPERSEDED])
def test_what_was_put_away_before_it_went_out_stands_in_it_no_more(state: State) -> None:
    assert members([replace(ORDER, state=state), WARNING]) == (WARNING,)
    assert members([replace(ORDER, state=state, identifier="us-1")]) != ()


@pytest.mark.parametrize("state", [State.DRAFT, State.IN_REVIEW, State.RETURNED])
def test_what_is_not_live_yet_stands_in_it(state: State) -> None:
    assert len(members([replace(ORDER, state=state)])) == 1


def test_the_digest_is_over_the_parts_in_their_order() -> None:
    assert digest_of(["aa", "bb"]) == hashlib.sha256(b"aa\nbb").hexdigest()
    assert len({digest_of(["aa", "bb"]), digest_of(["bb", "aa"]), digest_of(["aabb"]), digest_of(["aa"])}) == 4


def test_corrections_stand_where_stood_what_they_are_about() -> None:
    taken_back = [part("a", "sent_in_error", "b", replaces=("y",)), part("b", "sent_in_error", "a", replaces=("z",))]
    earlier = {"z": "evacuation_order", "y": "evacuation_warning", "x": "boil_water"}
    assert [one.id for one in members(taken_back, earlier)] == ["b", "a"]
    assert [one.id for one in members(taken_back)] == ["a", "b"]
    assert rank("sent_in_error", ["boil_water", "shelter_in_place"]) == 2


def test_the_order_of_parts_decides_only_among_evacuations_and_among_corrections() -> None:
    assert [priority_in(0, place) for place in (0, 1, 2, 3)] == [0, 1, 2, 3]
    assert [priority_in(5, place) for place in (0, 3)] == [5, 8]
    assert [priority_in(10, place) for place in (0, 3)] == [10, 10]


@pytest.mark.parametrize(
    ("state", "ending", "stands"),
    [
        (State.LIVE, "superseded", True),
        (State.LIVE, None, True),
        (State.LIVE, "lifted", False),
        (State.LIVE, "cancelled", False),
        (State.SUPERSEDED, "superseded", False),
        (State.IN_REVIEW, None, False),
    ],
)
def test_one_follow_up_is_about_what_is_live_and_ends_nothing_itself(
    state: State, ending: str | None, stands: bool
) -> None:
    live = replace(WARNING, state=State.LIVE)
    asked = replace(ORDER, state=state, ending=ending)
    assert together(live, [asked, live]) == ((asked, live) if stands else (live,))
    assert together(asked, [asked, live]) == ((asked, live) if stands else (asked,))
    assert together(live, [live, replace(asked, mode=Mode.EXERCISE)]) == (live,)


def test_a_zone_stands_in_one_part_only() -> None:
    check_together([ORDER, WARNING, SHELTER])
    twice = replace(WARNING, zones=("b", "a"))
    assert zones_twice([ORDER, twice]) == ("a",)
    with pytest.raises(Refused, match="a stand in two parts") as refused:
        check_together([ORDER, twice])
    assert refused.value.code == "zone_twice"
    check_together([replace(ORDER, ending="cancelled"), replace(twice, ending="cancelled")])


def test_a_drill_and_the_real_thing_share_no_signature() -> None:
    with pytest.raises(Refused) as refused:
        check_together([ORDER, replace(WARNING, mode=Mode.EXERCISE)])
    assert refused.value.code == "mixed_modes"
