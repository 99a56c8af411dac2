"""Tricks on an armed rule by what went before: what follows a release, forged senders, copies of a rule, stops, and the
alerts of people beside it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from broadcaster.services import rule_test, show, switches
from broadcaster.services.correct import correct
from broadcaster.services.system import System
from broadcaster.store.schema import metadata
from tests.conftest import Clock
from tests.services.agency import CHIEF, ORDER, WEATHER, live, rows
from tests.services.test_release_tricks import (
    AREA,
    DRILL,
    LEAVE,
    ONCE,
    RULE,
    SAFE,
    TO_COME,
    VTEC,
    armed,
    at,
    became,
    clock,
    config,
    people,
    warning,
)

__all__ = ["clock", "config", "people"]  # fixtures
RELEASED = sa.select(metadata.tables["rule_releases"].c.alert)
WIDE = "38.01,-120.99 38.01,-119.95 38.05,-119.95 38.05,-120.99 38.01,-120.99"  # the valley and the hills
NAMED = f"w-nws@noaa.example,one,{at(-2)}"
FIRST_OF_ALL = warning({"area": [{**AREA, "polygon": WIDE}]}, sent=at(-2))
SAME_AREA = {"area": [{**AREA, "polygon": WIDE}]}


def follow(kind: str, *infos: dict[str, Any], **head: Any) -> bytes:
    found = [{**SAME_AREA, **one} for one in infos]
    return warning(*found, **{"identifier": "two", "msgType": kind, "references": NAMED, **head})


FOLLOWING: tuple[tuple[bytes, str], ...] = (
    (follow("Update", {}), "live"),
    (follow("Update", {"area": [AREA]}), "leaves Judge Hills behind"),
    (follow("Update", {"urgency": "Future"}), "less pressing"),
    (follow("Update", {"severity": "Minor"}), "does not match this one"),
    (follow("Update", {"responseType": "AllClear"}), SAFE),
    (follow("Update", {"headline": "Evacuate"}), LEAVE),
    (follow("Update", {}, sent=at(-3)), "a clock of its sender is wrong"),
    (follow("Alert", {}, identifier="one", references=None), "was used before"),
    (follow("Cancel", {"headline": "The Tornado Warning is cancelled", "instruction": "None."}), "live"),
    (follow("Cancel", {"responseType": "AllClear"}), SAFE),
    (follow("Cancel", {"description": "It is safe to return to your homes."}), SAFE),
    (follow("Cancel", {"description": "Es seguro regresar."}), SAFE),
    (follow("Cancel", {"instruction": "Evacuate now."}), LEAVE),
    (follow("Cancel", {"event": "Test"}), DRILL),
    (follow("Cancel", {"area": [AREA], "parameter": [("VTEC", VTEC.format("O", "CAN", TO_COME))]}), "ended in part"),
)


@ONCE
def test_what_follows_a_release_is_released_only_where_it_neither_lowers_nor_widens_nor_orders(system: System) -> None:
    """And a test run of the same entries says the same of each."""
    armed(system)
    for n, (body, why) in enumerate(FOLLOWING):
        assert became(system, FIRST_OF_ALL, n) == "live: "
        found = became(system, body.replace(b"w-nws@noaa.example,", f"w-nws{n}@noaa.example,".encode()), n)
        assert why in found
        assert found.startswith("live") == (why == "live")
    tried = rule_test.run(system, CHIEF, "tornado").outcomes[1::2]
    for (_, why), one in zip(FOLLOWING, tried, strict=True):
        assert (one["action"] == "release") == (why == "live")
        assert why == "live" or why in " ".join(one["reasons"])


@ONCE
def test_a_forged_sender_ends_nothing_that_people_wrote(system: System) -> None:
    """A Cancel in our own name, and an Update in that of an office whose warning people approved."""
    ours = live(armed(system), WEATHER)
    names = f"{system.config.agency.cap_sender},{ours.identifier},{at(-5)}"
    forged = follow("Cancel", {}, sender=system.config.agency.cap_sender, references=names)
    assert not became(system, forged, 0).startswith("live")
    assert show.alert(system, ours.id)["state"] == "live"


EVENT = {"parameter": [("VTEC", VTEC.format("O", "CON", TO_COME))]}


@ONCE
def test_an_event_that_people_ended_is_released_no_more_whatever_it_forgets_to_refer_to(system: System) -> None:
    """The same office's same VTEC event under a new identifier; another event of the office is no part of it."""
    armed(system)
    first = became(system, warning(EVENT), 0)
    ((ours,),) = rows(system, RELEASED)
    again = warning({"parameter": [("VTEC", EVENT["parameter"][0][1].replace("0001", "0002"))]}, identifier="other")
    assert (first, became(system, again, 0)) == ("live: ", "live: ")
    correct(system, CHIEF, ours, "It was a test of ours")
    assert "People have worked" in became(system, warning(EVENT, identifier="two"), 0)
    assert became(system, warning(EVENT, identifier="two"), 1) == "live: "


@ONCE
def test_where_people_told_somebody_to_leave_no_rule_tells_them_anything_else(system: System) -> None:
    order = live(armed(system), replace(ORDER, zones=("valley",)))
    assert f"told some of those it is for to leave (alert {order.id})" in became(system, warning(), 0)
    elsewhere = {"area": [{**AREA, "polygon": "38.01,-119.99 38.01,-119.95 38.05,-119.95 38.01,-119.99"}]}
    assert became(system, warning(elsewhere), 1) == "live: "


@ONCE
def test_a_copy_of_a_rule_or_a_clock_that_is_set_back_gives_no_second_cap(system: System, clock: Clock) -> None:
    few = replace(RULE, max_per_hour=1)
    two = replace(system, config=replace(system.config, rules=(few, replace(few, name="copy"))))
    armed(two)
    assert [became(two, warning(), n)[:4] for n in range(3)] == ["live", "in_r", "in_r"]
    clock.forward(minutes=-90)
    assert "max_per_hour" in became(two, warning(sent=at(-91)), 4)


def test_what_was_stopped_while_workers_release_stays_stopped(system: System) -> None:
    """Four workers at once; whoever was answered that rules are stopped sees no release after it."""
    armed(system)
    go, answered, seen = threading.Event(), threading.Event(), []

    def work(numbers: Iterator[int]) -> None:
        while not answered.is_set():
            seen.append(became(system, warning(), next(numbers)))
            go.set()
        seen.append(became(system, warning(), next(numbers)))  # surely after it

    workers = [threading.Thread(target=work, args=(itertools.count(1000 * n),)) for n in range(4)]
    for worker in workers:
        worker.start()
    go.wait()
    switches.stop(system, CHIEF, "rules")
    answered.set()
    then = len(rows(system, RELEASED))
    for worker in workers:
        worker.join()
    assert 1 <= then == len(rows(system, RELEASED)) <= len(seen) - 4
