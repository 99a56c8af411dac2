"""Whole threads of an office, replayed: in order, shuffled, doubled, by two feeds, in one document. What stands at the
end is the same wherever the messages determine it (docs/input.md says where they do not). ``ORACLE=all`` tries more."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import count, permutations
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from broadcaster.domain.alert import Area
from broadcaster.domain.config import Config, FeedConfig, RuleConfig
from broadcaster.services import show
from broadcaster.services.approve import approve
from broadcaster.services.ingest import ingest
from broadcaster.services.system import Actor, System
from broadcaster.store import alerts as store
from broadcaster.store.schema import feed_entries
from tests.services.agency import CHIEF, agency, rows, settle_people
from tests.services.feed_documents import BOTH, SENDER, VALLEY, document, named
from tests.services.test_ingest import HILLS, standing

FEEDS = (FeedConfig("nws", "cap", trust="official"), FeedConfig("second", "cap", trust="official"))
WHO = Actor("someone", "cli:someone@host")
ELSEWHERE = "1,1 1,2 2,2 1,1"
ENDS = "/O.CAN.KSTO.TO.W.0001.261122T1100Z-261123T0600Z/"
FEW = 4
TRIES = int(os.environ.get("ORACLE_TRIES", 200)) if os.environ.get("ORACLE") == "all" else FEW
offices = count()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return replace(agency(tmp_path), feeds=FEEDS)


@pytest.fixture(autouse=True)
def people(system: System) -> None:
    settle_people(system)


@st.composite
def threads(draw: st.DrawFn) -> list[bytes]:
    """An Alert and what follows it: each names one or more of those before it, some a message that nobody read; clocks
    go wrong by minutes, times are equal, identifiers come again later, some are over before they are read."""
    made: list[tuple[str, int]] = []
    bodies = []
    for n in range(draw(st.integers(2, 6))):
        minutes = draw(st.sampled_from([10 * n, 10 * n, 10 * n, 10 * n - 10, 10 * n - 15, 0]))
        name = f"m{n}"
        again = made and (made[0][0], minutes) not in made and minutes > made[0][1]
        if again and draw(st.integers(0, 9)) == 0:
            name = made[0][0]  # its identifier once more
        ending = bool(made) and draw(st.integers(0, 3)) == 0  # VTEC: over in its own zones alone
        kind = "Alert" if n == 0 else draw(st.sampled_from(["Update"] * 5 + ["Cancel", "Ack", "Error", "Alert"]))
        kind = draw(st.sampled_from(["Update", "Cancel"])) if ending else kind
        earlier = draw(st.lists(st.sampled_from(made), unique=True, max_size=3)) if made else []
        references = [named(*one) for one in earlier]
        if draw(st.integers(0, 5)) == 0:
            references.append(named("never-read", 1))
        bodies.append(
            document(
                name,
                minutes,
                kind,
                references if kind in ("Update", "Cancel") else [],
                hours=draw(st.sampled_from([3, 3, 3, 3, 0.2])),
                polygon=draw(st.sampled_from([VALLEY, VALLEY, BOTH, HILLS, ELSEWHERE])),
                status=draw(st.sampled_from(["Actual"] * 9 + ["Test"])),
                info=ending or kind != "Cancel" or draw(st.booleans()),
                vtec=ENDS if ending else "",
            )
        )
        made.append((name, minutes))
    return bodies


def ended(system: System, bodies: Sequence[bytes], how: str, draw: random.Random) -> tuple[object, ...]:
    """What stands after a replay of another office's same thread."""
    office = f"office{next(offices)}-{SENDER}"
    told = [body.replace(SENDER.encode(), office.encode()) for body in bodies]
    if how == "doubled":
        told = [*told, *told]
    if how != "in order":
        draw.shuffle(told)
    if how == "in one document":
        told = [b"<all>" + b"".join(body.partition(b"?>")[2] for body in told) + b"</all>"]
    for n, body in enumerate(told):
        ingest(system, FEEDS[n % 2 if how == "doubled" else 0], body, {}, WHO)
    return standing(system, office)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("action", ["submit", "show", "keep"])
def test_a_thread_ends_the_same_however_it_comes(system: System, action: str) -> None:
    ruled = replace(system, config=replace(system.config, rules=(RuleConfig("all", action),)))

    @settings(
        max_examples=TRIES,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=TRIES == FEW,
        phases=[Phase.generate],  # a thread is short enough to be read as it was found
    )
    @given(threads(), st.randoms(use_true_random=False))
    def tried(bodies: list[bytes], draw: random.Random) -> None:
        first = ended(ruled, bodies, "in order", draw)
        for how in ("shuffled", "doubled", "in one document"):
            assert ended(ruled, bodies, how, draw) == first, how

    tried()


def ends_in(name: str, minutes: int, names: Sequence[str], polygon: str, kind: str = "Update") -> bytes:
    return document(name, minutes, kind, names, polygon=polygon, vtec=ENDS)


WIDE, ONE = document(polygon=BOTH), named("one", 0)
IN_PART = {  # threads of counties, and the zones that one of them leaves
    "a part before the whole": [WIDE, ends_in("end", 5, [ONE], VALLEY)],
    "a Cancel of a part": [WIDE, ends_in("end", 5, [ONE], VALLEY, "Cancel")],
    "part by part until nothing is left": [
        WIDE,
        ends_in("end", 5, [ONE], VALLEY),
        ends_in("end2", 6, [ONE], HILLS, "Cancel"),
    ],
    "a part of what came after": [
        WIDE,
        document("two", 4, "Update", [ONE], polygon=BOTH),
        ends_in("end", 5, [named("two", 4)], HILLS),
    ],
    "an end that a later message names alone": [
        WIDE,
        ends_in("end", 5, [ONE], VALLEY),
        document("two", 7, "Update", [named("end", 5)], polygon=HILLS, event="Flood Warning"),
    ],
    "an end of which nobody knows where": [
        WIDE,
        ends_in("end", 5, [ONE], VALLEY).replace(
            f"<polygon>{VALLEY}</polygon>".encode(),
            b"<geocode><valueName>OWN</valueName><value>7</value></geocode>",
        ),
    ],
    "a place that nobody knows": [
        WIDE.replace(
            f"<polygon>{BOTH}</polygon>".encode(), b"<geocode><valueName>OWN</valueName><value>7</value></geocode>"
        ),
        ends_in("end", 5, [ONE], VALLEY),
    ],
    "an end elsewhere": [WIDE, ends_in("end", 5, [ONE], ELSEWHERE)],
}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("thread", IN_PART)
def test_what_ends_in_some_zones_goes_on_in_the_others_in_any_order(system: System, thread: str) -> None:
    for action in ("submit", "show", "keep"):
        ruled = replace(system, config=replace(system.config, rules=(RuleConfig("all", action),)))
        found = [told(ruled, bodies) for bodies in permutations(IN_PART[thread])]
        assert found == found[:1] * len(found), action
        assert any(found[0]) == (thread != "part by part until nothing is left")


GREEN = b"<parameter><valueName>awareness_level</valueName><value>1; green; Minor</value></parameter><area>"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_green_update_leaves_nothing_of_what_it_names_in_any_order(system: System) -> None:
    """As Meteo-France says through MeteoAlarm that a warning is over: under the same event, until midnight."""
    green = document("two", 5, "Update", [ONE], polygon=BOTH).replace(b"<area>", GREEN)
    for action in ("submit", "show", "keep"):
        ruled = replace(system, config=replace(system.config, rules=(RuleConfig("all", action),)))
        assert [told(ruled, bodies) for bodies in permutations([WIDE, green])] == [([], [], [])] * 2


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_live_alert_whose_issuer_says_green_stays_until_somebody_looks(system: System) -> None:
    ruled = replace(system, config=replace(system.config, rules=(RuleConfig("all", "submit"),)))
    alert = str(ingest(ruled, FEEDS[0], WIDE, {}, WHO).entries[0].alert)
    approve(ruled, CHIEF, alert, show.alert(ruled, alert)["digest"])
    ingest(ruled, FEEDS[0], document("two", 5, "Update", [ONE]).replace(b"<area>", GREEN), {}, WHO)
    found = show.alert(ruled, alert)
    assert found["state"] == "live"
    assert "nothing is to be expected any more (two)" in " ".join(one["text"] for one in found["findings"])


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_warning_that_comes_after_its_end_in_some_zones_says_so_and_holds_in_the_others(system: System) -> None:
    wide, end = IN_PART["a part before the whole"]
    ruled = replace(system, config=replace(system.config, rules=(RuleConfig("all", "submit"),)))
    told(ruled, [end, wide])
    ((zones, said, alert),) = rows(
        system,
        sa.select(feed_entries.c.zones, feed_entries.c.findings, feed_entries.c.alert).where(
            feed_entries.c.identifier == "one"
        ),
    )
    made = show.alert(system, str(alert))
    assert zones == made["zones"] == ["hills"]
    assert "in valley; look where it goes on" in next(
        one["text"]
        for one in said
        if one["code"] == "ended_before_it_came"  # type: ignore[attr-defined]
    )
    assert "ended_before_it_came" in {one["code"] for one in made["findings"]}
    assert [area.description for area in in_areas(system, str(alert))] == ["Judge Hills"]


def in_areas(system: System, alert: str) -> Sequence[Area]:
    with system.database.read() as connection:
        return store.get(connection, alert).content.areas


def told(system: System, bodies: Sequence[bytes]) -> tuple[object, ...]:
    office = f"office{next(offices)}-{SENDER}"
    for body in bodies:
        ingest(system, FEEDS[0], body.replace(SENDER.encode(), office.encode()), {}, WHO)
    return standing(system, office)
