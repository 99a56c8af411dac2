"""A provider at its worst: refusals, cut lines, answers lost after acceptance, callbacks doubled, late, reordered."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.bench.transport import provider_process
from tests.journey.installation import installed
from tests.journey.test_kill_the_sender import CHANNELS, asked, system_of
from tests.providers.twilio import TOKEN
from tests.sending import go_live, people, states
from tests.waiting import until

COUNT = 400
WORST = {
    "too_many": 0.05,
    "retry_after": 0.5,
    "error_before": 0.04,
    "error_after": 0.04,
    "cut_before": 0.04,
    "cut_after": 0.04,
    "hang_after": 0.02,
    "unreadable": 0.04,
    "callbacks": True,
    "doubled": 0.2,
    "late": 0.1,
    "reordered": 0.2,
}


@pytest.mark.timeout(300)
def test_everybody_gets_the_text_once_from_a_provider_at_its_worst(tmp_path: Path) -> None:
    with provider_process(**WORST) as base_url:
        with installed(tmp_path, CHANNELS % base_url, TWILIO_AUTH_TOKEN=TOKEN) as made:
            system = system_of(made)
            people(system, COUNT)
            go_live(system)
            until(lambda: states(system) == {"delivered": COUNT}, 240, made.log)
            told = Counter(text["to"] for text in asked(base_url, "/_log")["accepted"])
            system.close()
    assert len(told) == COUNT
    assert set(told.values()) == {1}
