"""What the public sees at a moment: endings, zones, boundaries, and that it is a function of alerts and time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.domain.alert import State
from broadcaster.domain.snapshot import BOUNDARIES, ENDED, Public, bundle, current, evacuation, says_the_same, stamp
from tests.public.made import AT, PLACES, info, public

ABOUT = {"agency": {"name": "Judge County"}}


def made(*alerts: Public, at: datetime = AT, number: int = 1) -> dict[str, Any]:
    return bundle(number, at, ABOUT, list(alerts), PLACES, [])


def status(zone: str, *alerts: Public, at: datetime = AT) -> tuple[str, str | None]:
    found = next(z for z in made(*alerts, at=at)["states"][0]["zones"] if z["id"] == zone)
    return found["status"], found["alert"]


def test_a_zone_without_alerts_has_none() -> None:
    assert status("judge-hills", public()) == ("none", None)


def test_a_zone_shows_the_worst_that_holds_there() -> None:
    assert status("judge-valley", public("a1", "be_ready"), public("a2", "act_now"), public("a3", "act_soon")) == (
        "act_now",
        "a2",
    )


@pytest.mark.parametrize("levels", [("be_ready", "act_now"), ("act_now", "be_ready")])
def test_an_alert_stands_as_its_worst_part_does(levels: tuple[str, str]) -> None:
    both = public(message=replace(public().message, infos=tuple(info(level) for level in levels)))
    assert status("judge-valley", both) == ("act_now", "a1")


def test_a_headline_is_the_event_where_nobody_wrote_one() -> None:
    plain = public(message=replace(public().message, infos=(info(event="Flood Warning", headline=""),)))
    unsaid, said = made(plain)["alerts"]["a1"], made(public())["alerts"]["a1"]
    assert unsaid["headline"] == unsaid["infos"][0]["headline"] == "Flood Warning"
    assert said["headline"] == said["infos"][0]["headline"] == info().headline != info().event


def test_an_alert_without_areas_of_its_own_is_drawn_by_its_zones() -> None:
    bare = public(message=replace(public().message, infos=(info(areas=()),)), zones=("judge-hills",))
    (area,) = made(bare)["alerts"]["a1"]["areas"]
    assert area["areaDesc"] == "Judge Hills"
    assert area["geometry"] == {"type": "GeometryCollection", "geometries": [PLACES[1].shape]}
    elsewhere = replace(bare, zones=("gone",))
    assert made(elsewhere)["alerts"]["a1"]["areas"][0]["geometry"] is None


def test_an_end_that_is_now_is_no_later_change() -> None:
    over = public(expires=AT)
    first, *later = made(over)["states"]
    assert first["from"] == stamp(AT) not in [state["from"] for state in later]


def test_an_ended_danger_never_hides_one_that_holds() -> None:
    over = public("a1", "act_now", state=State.LIFTED, ended_at=AT)
    assert status("judge-valley", over, public("a2", "be_aware")) == ("be_aware", "a2")


@pytest.mark.parametrize("state", [State.LIFTED, State.CANCELLED, State.SUPERSEDED, State.EXPIRED])
def test_the_four_endings_stay_four_things(state: State) -> None:
    over = public("a1", state=state, ended_at=AT - timedelta(hours=1), expires=AT - timedelta(hours=1), in_error=True)
    assert status("judge-valley", over) == (state.value, "a1")
    assert [(a["state"], a["face"]) for a in made(over)["states"][0]["alerts"]] == [(state.value, state.value)]


def test_what_its_issuer_cancelled_is_not_called_an_error() -> None:
    over = public("a1", state=State.CANCELLED, ended_at=AT)
    said = public("c1", ending="cancelled", replaces=("a1",))
    assert status("judge-valley", over) == ("called_off", "a1")
    assert status("judge-valley", over, said) == ("called_off", "c1")
    assert status("judge-valley", replace(over, in_error=True), replace(said, in_error=True)) == ("cancelled", "c1")
    first = made(over, said)["states"][0]["alerts"]
    assert {(a["id"], a["face"], a["level"]) for a in first} == {
        ("a1", "called_off", "act_now"),
        ("c1", "called_off", "called_off"),
    }
    later = made(said, at=AT + timedelta(hours=3))["states"][0]["alerts"]
    assert [(a["state"], a["face"]) for a in later] == [("expired", "called_off")]


def test_an_issuers_cancel_of_one_is_not_hidden_by_an_all_clear_for_another() -> None:
    over = public("a1", state=State.CANCELLED, ended_at=AT - timedelta(minutes=5))
    assert status("judge-valley", over, public("a2", state=State.LIFTED, ended_at=AT)) == ("called_off", "a1")


@pytest.mark.parametrize("in_error", [True, False])
def test_one_that_goes_on_elsewhere_reads_as_replaced_however_it_was_cancelled(in_error: bool) -> None:
    over = public("a1", state=State.CANCELLED, ended_at=AT, held=True, in_error=in_error)
    assert made(over)["states"][0]["alerts"][0]["face"] == "superseded"


def test_expired_outranks_an_all_clear_for_something_else() -> None:
    lifted = public("a1", state=State.LIFTED, ended_at=AT - timedelta(minutes=1))
    expired = public("a2", state=State.EXPIRED, expires=AT - timedelta(hours=3))
    assert status("judge-valley", lifted, expired) == ("expired", "a2")


def test_an_all_clear_answers_what_it_names_even_if_that_had_expired() -> None:
    expired = public("a1", state=State.EXPIRED, expires=AT - timedelta(hours=3))
    clear = public("a2", ending="lifted", replaces=("a1",))
    assert status("judge-valley", expired, clear) == ("lifted", "a2")


def test_an_all_clear_is_no_danger_and_never_turns_into_not_safe() -> None:
    clear = public("a2", ending="lifted", expires=AT + timedelta(minutes=5))
    first, later = made(clear)["states"][:2]
    assert (first["alerts"][0]["level"], first["alerts"][0]["face"]) == ("lifted", "lifted")
    assert (later["alerts"][0]["state"], later["alerts"][0]["face"]) == ("expired", "lifted")
    assert later["zones"][0]["status"] == "none"


def test_a_partial_update_takes_a_zone_out() -> None:
    old = public("a1", zones=("judge-valley", "judge-hills"), state=State.SUPERSEDED, ended_at=AT)
    update = public("a2", zones=("judge-valley",), ending="superseded", replaces=("a1",))
    clear = public("a3", zones=("judge-hills",), ending="lifted", replaces=("a1",))
    assert status("judge-valley", old, update, clear) == ("act_now", "a2")
    assert status("judge-hills", old, update) == ("superseded", "a1")
    assert status("judge-hills", old, update, clear) == ("lifted", "a3")


def test_the_page_drops_an_expired_alert_at_its_time_under_the_next_number() -> None:
    ends = AT + timedelta(hours=2)
    bundled = made(public("a1", expires=ends), number=7)
    assert [s["number"] for s in bundled["states"][:2]] == [7, 8]
    assert bundled["states"][1]["from"] == stamp(ends)
    assert current(bundled, ends - timedelta(seconds=1))["alerts"][0]["state"] == "live"
    assert current(bundled, ends)["alerts"][0]["state"] == "expired"
    assert current(bundled, AT - timedelta(hours=1))["number"] == 7


def test_an_alert_in_force_until_lifted_never_expires_by_a_timer() -> None:
    bundled = made(public("a1", until_lifted=True, expires=AT + timedelta(minutes=1)))
    assert len(bundled["states"]) == 1
    assert (
        made(public("a1", until_lifted=True, expires=AT - timedelta(days=9)))["states"][0]["alerts"][0]["state"]
        == "live"
    )


def test_an_alert_that_is_live_in_the_record_but_past_its_end_is_expired() -> None:
    assert status("judge-valley", public("a1", expires=AT)) == ("expired", "a1")
    assert status("judge-valley", public("a1", expires=AT + timedelta(milliseconds=1)))[0] == "act_now"


def test_what_ended_leaves_the_first_page_after_a_day_at_a_boundary() -> None:
    over = public("a1", state=State.LIFTED, ended_at=AT - timedelta(hours=23))
    bundled = made(over)
    assert bundled["states"][1]["from"] == stamp(AT + timedelta(hours=1))
    assert bundled["states"][1]["alerts"] == []
    assert made(over, at=AT + timedelta(hours=1))["alerts"] == {}


def test_boundaries_ahead_are_few_and_the_soonest() -> None:
    many = [public(f"a{n}", expires=AT + timedelta(minutes=n)) for n in range(1, 40)]
    times = [s["from"] for s in made(*many)["states"][1:]]
    assert times == [stamp(AT + timedelta(minutes=n)) for n in range(1, BOUNDARIES + 1)]


def test_boundaries_further_than_a_day_ahead_wait() -> None:
    assert len(made(public("a1", expires=AT + timedelta(hours=24)))["states"]) == 2
    assert len(made(public("a1", expires=AT + timedelta(hours=24, seconds=1)))["states"]) == 1


def test_alerts_stand_worst_first_and_ended_ones_last() -> None:
    alerts = [
        public("a1", "be_aware"),
        public("a2", "act_now", state=State.LIFTED, ended_at=AT),
        public("a3", "act_now"),
        public("a4", ending="cancelled"),
    ]
    assert [a["id"] for a in made(*alerts)["states"][0]["alerts"]][:2] == ["a3", "a1"]


@pytest.mark.parametrize(
    ("template", "event", "wanted"),
    [
        ("evacuation_order", "Evacuation order", "order"),
        ("evacuation_warning", "Evacuation warning", "warning"),
        ("cap", "Evacuation Immediate", "order"),
        ("cap", "Shelter In Place Warning", "shelter"),
        ("severe_weather", "Tornado Warning", ""),
    ],
)
def test_evacuation_levels_come_from_template_or_event(template: str, event: str, wanted: str) -> None:
    one = public(template=template)
    one = replace(one, message=replace(one.message, infos=(info(event=event),)))
    assert evacuation(one) == wanted
    assert evacuation(replace(one, ending="lifted")) == ""


def test_a_later_look_at_the_same_record_says_the_same() -> None:
    alert = public("a1", expires=AT + timedelta(hours=1))
    old, later = made(alert), AT + timedelta(hours=2)
    fresh = made(replace(alert, state=State.EXPIRED, ended_at=later), at=later, number=9)
    assert says_the_same(old, fresh, later)


def test_a_look_that_began_before_the_publication_says_the_same() -> None:
    assert says_the_same(
        made(public("a1")), made(public("a1"), at=AT - timedelta(seconds=1)), AT - timedelta(seconds=1)
    )


def test_a_change_in_the_record_is_seen() -> None:
    old = made(public("a1"))
    lifted = made(public("a1", state=State.LIFTED, ended_at=AT + timedelta(minutes=1)), at=AT + timedelta(minutes=1))
    assert not says_the_same(old, lifted, AT + timedelta(minutes=1))
    assert not says_the_same(old, made(), AT)
    assert not says_the_same(old, {**made(public("a1")), "about": {}}, AT)
    assert not says_the_same(old, {**made(public("a1")), "archive": [{"id": "x"}]}, AT)
    extended = made(public("a1", expires=AT + timedelta(hours=3)))
    assert not says_the_same(old, extended, AT)
    both, one_changed = made(public("a1"), public("a2")), made(public("a1"), public("a2", cap="<new/>"))
    assert not says_the_same(both, one_changed, AT)
    assert not says_the_same(made(public("a1", zones=())), made(), AT)  # nor must a zone change with it


def test_boundaries_that_are_used_up_want_a_new_version() -> None:
    alert, edge = public("a1", expires=AT + timedelta(hours=30)), AT + timedelta(hours=18)
    before = edge - timedelta(seconds=1)
    assert not says_the_same(made(alert), made(alert, at=edge), edge)
    assert says_the_same(made(alert), made(alert, at=before), before)


STATES = st.sampled_from([State.LIVE, State.LIFTED, State.CANCELLED, State.SUPERSEDED, State.EXPIRED])
MINUTES = st.integers(-2000, 2000)


@st.composite
def alerts(draw: st.DrawFn) -> list[Public]:
    made = []
    for number in range(draw(st.integers(0, 6))):
        state, expires = draw(STATES), AT + timedelta(minutes=draw(MINUTES))
        ended = None if state is State.LIVE else min(expires, AT - timedelta(minutes=draw(st.integers(0, 2000))))
        zones = tuple(p.id for p in PLACES if draw(st.booleans()))
        level = draw(st.sampled_from(["act_now", "act_soon", "be_ready", "be_aware"]))
        ending = draw(st.sampled_from([None, "superseded", "lifted", "cancelled"]))
        more = {"until_lifted": draw(st.booleans()), "ending": ending, "zones": zones, "in_error": draw(st.booleans())}
        made.append(
            public(
                f"a{number}",
                level,
                state=state,
                expires=min(expires, AT) if state is State.EXPIRED else expires,
                ended_at=ended,
                **more,
            )
        )
    return made


@given(alerts(), MINUTES, st.randoms())
def test_a_bundle_shows_at_any_later_time_what_a_fresh_one_would(
    found: list[Public], minutes: int, random: Any
) -> None:
    at = AT + timedelta(minutes=abs(minutes))
    old = made(*found)
    assert old == made(*found)
    shuffled = list(found)
    random.shuffle(shuffled)
    fresh, held = made(*shuffled, at=at), current(old, at)
    last = old["states"][-1]["from"]
    if len(old["states"]) <= BOUNDARIES and at <= AT + timedelta(hours=24):
        assert (held["alerts"], held["zones"]) == (fresh["states"][0]["alerts"], fresh["states"][0]["zones"])
    assert [s["number"] for s in old["states"]] == list(range(1, len(old["states"]) + 1))
    assert all(a["from"] < b["from"] for a, b in zip(old["states"], old["states"][1:], strict=False)), last


@given(alerts())
def test_a_zone_is_safe_only_by_a_person(found: list[Public]) -> None:
    for state in made(*found)["states"]:
        for zone in state["zones"]:
            here = [a for a in state["alerts"] if zone["id"] in made(*found)["alerts"][a["id"]]["zones"]]
            if zone["status"] in ("lifted", "cancelled"):
                assert any(a["face"] == zone["status"] for a in here)
                assert not any(a["face"] == "live" for a in here)
            if any(a["face"] == "live" for a in here):
                assert zone["status"] not in (*ENDED, "none")


def test_evacuation_stands_before_weather_of_the_same_level() -> None:
    weather = public("a1")
    storm = replace(
        weather,
        message=replace(weather.message, sent=AT + timedelta(minutes=1), infos=(info(event="Tornado Warning"),)),
    )
    assert status("judge-valley", storm, public("a2")) == ("act_now", "a2")


def test_an_order_stands_before_shelter_and_warning_of_the_same_level_however_late_they_came() -> None:
    events = ("Evacuation order", "Shelter in place", "Evacuation warning", "Tornado Warning")
    found = []
    for minute, event in enumerate(events):  # the newest would stand first
        one = public(event)
        message = replace(one.message, sent=AT + timedelta(minutes=minute), infos=(info(event=event),))
        found.append(replace(one, message=message))
    assert [row["id"] for row in made(*found)["states"][0]["alerts"]] == list(events)


def test_among_what_ended_not_safe_stands_first() -> None:
    lifted = public("a1", state=State.LIFTED, ended_at=AT)
    expired = public("a2", "be_aware", state=State.EXPIRED, expires=AT - timedelta(hours=3))
    assert [a["id"] for a in made(lifted, expired)["states"][0]["alerts"]] == ["a2", "a1"]
