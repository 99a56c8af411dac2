"""What goes on beside an alert that took zones out: its people hear what becomes of it, and of nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from broadcaster.domain.alert import Alert, Mode, State
from broadcaster.services import alert_page, expand, show
from broadcaster.services.cancel import cancel
from broadcaster.services.drafting import redraft
from broadcaster.services.extend import extend
from broadcaster.services.lift import lift
from broadcaster.services.system import System
from broadcaster.store.schema import broadcasts, deliveries, subscriber_zones, zones
from tests.services.agency import AUTHOR, CHIEF, ORDER, in_review, live, rows, square
from tests.services.judge import config, people, ringing  # noqa: F401  (fixtures)
from tests.services.test_endings import all_sent, by


@pytest.mark.parametrize("mode", [Mode.ACTUAL, Mode.EXERCISE])
@pytest.mark.parametrize("verb", [cancel, lift, extend])
def test_whoever_heard_of_an_alert_hears_what_becomes_of_its_rest(system: System, verb: object, mode: Mode) -> None:
    old = live(system, replace(ORDER, mode=mode))
    all_sent(system)
    kept = rest_of(system, by(system, CHIEF, lift(system, AUTHOR, old.id, zones=["hills"])))
    told = verb(system, AUTHOR, kept)  # type: ignore[operator]
    assert (told.channels, told.zones) == (("sms", "county"), ("valley",))
    assert by(system, CHIEF, told).state == State.LIVE


def test_a_rest_whose_channel_is_no_longer_in_use_is_lifted_by_the_others(system: System) -> None:
    old = live(system)
    all_sent(system)
    kept = rest_of(system, by(system, CHIEF, lift(system, AUTHOR, old.id, zones=["hills"])))
    without = tuple(replace(c, enabled=c.name != "county") for c in system.config.channels)
    assert lift(replace(system, config=replace(system.config, channels=without)), AUTHOR, kept).channels == ("sms",)


def test_a_correction_of_one_part_does_not_reach_people_whose_own_part_stands_or_was_corrected(system: System) -> None:
    old = live(system)
    all_sent(system)
    change = replace(redraft(old), zones=("hills",), areas=(), fields={"hazard": "flood"})
    newer = by(system, CHIEF, in_review(system, change))
    all_sent(system)
    kept = rest_of(system, newer)
    assert reached(system, by(system, CHIEF, cancel(system, AUTHOR, newer.id))) == {"+15550100003"}
    seen = alert_page.correction(system, AUTHOR.name, kept)
    assert (seen.people, seen.channels) == (3, {"sms"})
    correction = cancel(system, AUTHOR, kept)
    assert show.alert(system, correction.id)["people"] == {"sms": 3}
    assert reached(system, by(system, CHIEF, correction)) == {"+15550100000", "+15550100001", "+15550100002"}


def test_a_correction_reaches_people_of_a_part_that_was_lifted_and_those_whose_zones_nobody_knows(
    system: System,
) -> None:
    old = live(system)
    all_sent(system)
    with system.database.write() as connection:
        connection.execute(subscriber_zones.delete().where(subscriber_zones.c.zone == "hills"))
    clear = by(system, CHIEF, lift(system, AUTHOR, old.id, zones=["hills"]))
    assert len(reached(system, by(system, CHIEF, cancel(system, AUTHOR, rest_of(system, clear))))) == 4


def rest_of(system: System, newer: Alert) -> str:
    """The id of what goes on beside the alert that took zones out."""
    return next(str(a["id"]) for a in show.listing(system)["alerts"] if a["id"] != newer.id and a["state"] == "live")


def reached(system: System, alert: Alert) -> set[str]:
    """Phones that its broadcast goes to."""
    expand.resume(system)
    query = sa.select(deliveries.c.recipient).join(broadcasts, broadcasts.c.id == deliveries.c.broadcast)
    found = rows(system, query.where(broadcasts.c.alert == alert.id, deliveries.c.channel == "sms"))
    return {str(row[0]) for row in found}


@pytest.mark.parametrize(("places", "said"), [(("hills",), "Judge Valley"), (("hills", "valley"), ""), (("lake",), "")])
def test_a_change_says_where_the_earlier_alert_goes_on(system: System, places: tuple[str, ...], said: str) -> None:
    with system.database.write() as connection:
        connection.execute(
            zones.insert().values(id="lake", slug="lake", name="Lake", ugc=[], same=[], geometry=square(-119.0, 38.0))
        )
    old = live(system)
    change = replace(redraft(old), zones=places, areas=())
    found = [one["text"] for one in codes(system, in_review(system, change)) if one["code"] == "rest_goes_on"]
    assert [said in text for text in found] == ([True] if said else [])


def codes(system: System, alert: Alert) -> list[dict[str, str]]:
    """What is to be seen about it."""
    found: list[dict[str, str]] = show.alert(system, alert.id)["findings"]
    return found
