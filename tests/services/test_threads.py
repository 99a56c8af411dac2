"""Whole threads of an office, replayed: in order, shuffled, doubled, by two feeds, in one document. What stands at the
end is the same wherever the messages determine it (docs/input.md says where they do not). ``ORACLE=all`` tries more."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from broadcaster.domain.config import Config, FeedConfig, RuleConfig
from broadcaster.services.ingest import ingest
from broadcaster.services.system import Actor, System
from tests.services.agency import agency, settle_people
from tests.services.feed_documents import BOTH, SENDER, VALLEY, document, named
from tests.services.test_ingest import HILLS, standing

FEEDS = (FeedConfig("nws", "cap", trust="official"), FeedConfig("second", "cap", trust="official"))
WHO = Actor("someone", "cli:someone@host")
ELSEWHERE = "1,1 1,2 2,2 1,1"
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
        kind = "Alert" if n == 0 else draw(st.sampled_from(["Update"] * 5 + ["Cancel", "Ack", "Error", "Alert"]))
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
                info=kind != "Cancel" or draw(st.booleans()),
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
