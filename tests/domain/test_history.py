"""What changed along a chain of alerts, told from the alerts themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from broadcaster.domain.history import steps
from tests.public.made import AT, alert, info


def words(**more: Any) -> dict[str, Any]:
    content = alert("x").content
    return {"content": replace(content, infos=tuple(replace(one, **more) for one in content.infos))}


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({}, []),
        ({"zones": ("judge-valley", "judge-hills")}, [{"what": "zones_added", "zones": ["judge-hills"]}]),
        ({"zones": ()}, [{"what": "zones_removed", "zones": ["judge-valley"]}]),
        ({"expires": AT + timedelta(hours=9)}, [{"what": "until", "time": "2026-01-06T05:00:00.000Z"}]),
        ({"expires": None, "until_lifted": True}, [{"what": "until_lifted"}]),
        (words(instruction="Go north."), [{"what": "instruction"}]),
        (words(description="Rain."), [{"what": "description"}]),
    ],
)
def test_a_change_is_named_by_what_it_is(more: dict[str, Any], wanted: list[dict[str, Any]]) -> None:
    before = alert("old", AT)
    after = replace(alert("new", AT), replaces=("old",), ending="superseded", **more)
    assert steps(after, [before])[0]["changes"] == wanted


def test_another_event_and_level_are_told_in_the_words_of_each_language() -> None:
    warned = (info("be_ready", event="Evacuation warning"), info("be_ready", "es", event="Advertencia"))
    before = replace(alert("old", AT), content=replace(alert("old", AT).content, infos=warned))
    after = replace(alert("new", AT), replaces=("old",), ending="superseded")
    event, level = steps(after, [before])[0]["changes"]
    assert event["old"] == {"en": "Evacuation warning", "es": "Advertencia"}
    assert event["new"]["en"] == "Evacuation order"
    assert (level["old"], level["new"]) == ("be_ready", "act_now")


def test_a_chain_goes_back_to_its_beginning_newest_first() -> None:
    one, two = alert("one", AT), replace(alert("two", AT + timedelta(minutes=5)), replaces=("one",))
    three = replace(alert("three", AT + timedelta(minutes=9)), replaces=("two",))
    found = steps(three, [one, two])
    assert [step["slug"] for step in found] == ["evacuation-order-two", "evacuation-order-one"]
    assert [step["sent"] for step in found] == ["2026-01-05T20:09:00.000Z", "2026-01-05T20:05:00.000Z"]
    assert found[0]["headlines"]["es"] == "Salga de Judge Valley ahora"


def test_what_several_replaced_said_together_counts_as_before() -> None:
    one, two = alert("one", AT), replace(alert("two", AT), zones=("judge-hills",))
    both = replace(alert("both", AT), replaces=("one", "two"), zones=("judge-valley", "judge-hills"))
    assert [step["changes"] for step in steps(both, [one, two])] == [[], []]


def test_an_all_clear_changes_nothing_and_a_loop_ends() -> None:
    clear = replace(alert("clear", AT), replaces=("one",), ending="lifted", zones=())
    assert steps(clear, [alert("one", AT)])[0]["changes"] == []
    assert steps(alert("alone", AT), []) == ()
    self_made = replace(alert("a", AT), replaces=("b",))
    assert len(steps(self_made, [replace(alert("b", AT), replaces=("a",)), self_made])) == 1
