"""An account's posts whose outcome nobody knows: an update is looked for where it answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from broadcaster.channels.facebook import Options
from broadcaster.domain.channel import Secret
from broadcaster.domain.config import ChannelConfig
from broadcaster.domain.message import Message
from broadcaster.services import settle
from broadcaster.services.system import System
from tests.providers.base import served
from tests.providers.facebook import PAGE, Facebook
from tests.providers.graph import TOKEN, GraphFaults
from tests.sending import go_live, states, with_channels
from tests.services.texting import work

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # decided outside of SQL


@pytest.fixture
def page() -> Iterator[Facebook]:
    with served(Facebook(GraphFaults(latency=0))) as made:
        yield made


def text(words: str) -> list[Message]:
    return [Message("page", "en", words)]


def test_an_update_whose_answer_was_lost_is_found_among_the_comments_on_the_first_post(
    system: System, page: Facebook
) -> None:
    options = Options(PAGE, Secret(TOKEN), base_url=page.base_url)
    there = with_channels(
        system, ChannelConfig("page", "facebook", per_second=1_000, languages=("en",), options=options)
    )
    there = replace(there, settings=replace(there.settings, public_url="https://alerts.judge.example"))
    go_live(there, "one", texts=text("Leave now."))
    work(there)
    page.faults = replace(page.plan, cut_after=1.0)
    go_live(there, "two", texts=text("Leave by the south."), replaces=["one"])
    work(there)
    assert states(there) == {"delivered": 1, "unknown": 1}
    first, comment = page.shown
    assert comment.about == first.id
    assert settle.ask(there) == 1
    work(there)
    assert states(there) == {"delivered": 2}
    assert len(page.shown) == 2
