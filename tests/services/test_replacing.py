"""Which zones of an alert go on when another replaces it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from broadcaster.domain.alert import Alert, AlertContent, Mode, MsgType, State
from broadcaster.domain.rest import remaining


def alert(template: str, *zones: str) -> Alert:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    return Alert("one", "fire", State.LIVE, 1, Mode.ACTUAL, MsgType.UPDATE, AlertContent(template), zones, (), at)


@pytest.mark.parametrize(
    ("template", "zones", "rest"),
    [
        ("evacuation_order", ("valley",), ("hills",)),
        ("evacuation_order", ("valley", "hills"), ()),
        ("evacuation_order", ("lake",), ()),
        ("cap", ("valley",), ()),
    ],
)
def test_a_persons_change_for_some_zones_leaves_the_others_and_a_documents_none(
    template: str, zones: tuple[str, ...], rest: tuple[str, ...]
) -> None:
    assert remaining(alert(template, *zones), alert("evacuation_order", "valley", "hills")) == rest
