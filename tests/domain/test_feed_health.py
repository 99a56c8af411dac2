"""When a feed is well, and what is said where it is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from broadcaster.domain.feed_health import (
    RINGING,
    FeedFacts,
    Look,
    Memory,
    change_due,
    feed_fault,
    learnt,
    pace,
    told,
)

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
WELL = FeedFacts(60, NOW, 0)


def after(memory: Memory, *sizes: int, minutes: int = 0, unread: int = 0) -> Memory:
    for size in sizes:
        memory = learnt(memory, Look(NOW + timedelta(minutes=minutes), 100, 60, size, unread))
    return memory


def of(memory: Memory, minutes: int = 0) -> str:
    at = NOW + timedelta(minutes=minutes)
    return feed_fault(replace(WELL, last_ok=at, memory=memory), at)


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        ("http_403: https://x answered 403", "refused"),
        ("http_429: https://x answered 429", "refused"),
        ("not_well_formed: line 3", "format"),
        ("no_alert: no alert in it", "format"),
        ("No connection to x", "failing"),
    ],
)
def test_three_failures_in_a_row_are_told_by_their_cause(error: str, fault: str) -> None:
    assert feed_fault(replace(WELL, failures=3, error=error), NOW) == fault
    assert feed_fault(replace(WELL, failures=2, error=error), NOW) == ""


def test_most_entries_gone_at_once_is_a_fault_until_they_are_back_or_it_has_lasted() -> None:
    lost = after(Memory(), 50, 52, 50, 10)
    assert of(lost) == "shrunk"
    assert of(after(lost, 24)) == "shrunk"
    assert of(after(lost, 25)) == ""
    assert of(lost, minutes=120) == ""
    assert of(after(Memory(), 50, 52, 50, 11)) == ""
    assert of(after(Memory(), 9, 9, 9, 0)) == ""
    assert of(after(Memory(), 50, 52, 0)) == ""  # two documents are no habit
    assert "50 before, 10 now" in told("nws", "shrunk", replace(WELL, memory=lost), NOW)


def test_a_document_most_of_which_cannot_be_read_has_changed_its_format() -> None:
    assert of(after(Memory(), 2, unread=2)) == "format"
    assert of(after(Memory(), 3, unread=2)) == ""
    assert of(after(Memory(), 0, unread=1)) == ""


def test_no_change_where_a_change_is_due_is_stale() -> None:
    regular = Memory(gaps=(60,) * 9 + (70,))
    assert change_due(0, regular) == timedelta(minutes=30)
    assert change_due(0, Memory(gaps=(600,) * 10)) == timedelta(minutes=40)
    assert change_due(0, Memory(gaps=(60,) * 9)) is None
    assert change_due(0, Memory(gaps=(60,) * 9 + (181,))) is None  # a storm, then calm: no rhythm
    assert change_due(5, Memory()) == timedelta(minutes=5)
    quiet = replace(WELL, memory=regular, changed=NOW - timedelta(minutes=30))
    assert feed_fault(quiet, NOW) == ""
    assert feed_fault(quiet, NOW + timedelta(seconds=1)) == "stale"
    assert "30 minutes" in told("nws", "stale", quiet, NOW)


def test_three_slow_answers_in_a_row_are_a_fault() -> None:
    assert of(Memory(took=(8000, 9000, 8000))) == "slow"
    assert of(Memory(took=(8000, 7999, 8000))) == ""
    assert of(Memory(took=(8000, 8000))) == ""


def test_memory_is_bounded_and_survives_its_row() -> None:
    memory = after(Memory(), *range(40))
    assert (len(memory.gaps), len(memory.sizes), len(memory.took)) == (20, 20, 3)
    lost = after(Memory(), 50, 50, 50, 1)
    assert Memory.of(lost.as_dict() | {"shrunk": list(lost.shrunk or ())}) == lost
    assert learnt(lost, Look(NOW, 5)).shrunk == lost.shrunk  # the same document teaches nothing of its size


def test_every_fault_that_rings_has_words() -> None:
    for fault in RINGING:
        assert told("nws", fault, replace(WELL, changed=NOW), NOW).startswith("The feed nws ")


def test_a_feed_with_a_live_alert_is_asked_twice_as_often_within_bounds() -> None:
    assert [pace(seconds, True) for seconds in (300, 60, 20, 10)] == [150, 30, 15, 10]
    assert pace(60, False) == 60
