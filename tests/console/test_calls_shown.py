"""How a call sounds stands before author and approver as a call, in its own words; and how calls were taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from broadcaster.channels.twilio_voice import Options
from broadcaster.domain.channel import Secret
from broadcaster.domain.config import ChannelConfig, Config
from broadcaster.domain.message import Limits, shown_as
from broadcaster.services import compose, expand
from broadcaster.services.submit import submit
from broadcaster.services.system import Actor, System
from broadcaster.store.schema import deliveries
from tests.console.conftest import Visitor
from tests.sending import go_live, people
from tests.services.agency import ORDER, agency, settle_people

New = Callable[..., Visitor]
WRITER = Actor("author@judge.example", "cli:author@desk", frozenset({"author"}), verified=True)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Judge County's channels, and one of calls."""
    options = Options("AC1", Secret("t"), "+15005550006", "http://127.0.0.1:9", everyone=True)
    own = agency(tmp_path)
    return replace(own, channels=(*own.channels, ChannelConfig("voice", "twilio_voice", options=options)))


@pytest.mark.parametrize(
    ("limits", "kind"),
    [
        (None, "post"),
        (Limits("short", "mastodon", 500, "account"), "post"),
        (Limits("sms", "sms_segments", 3, "people", "phone"), "phone"),
        (Limits("long", "characters", 9, "people", "email"), "mail"),
        (Limits("voice", "characters", 900, "people", "phone"), "call"),
    ],
)
def test_a_text_is_shown_as_what_it_is(limits: Limits | None, kind: str) -> None:
    assert shown_as(limits) == kind


def test_author_and_approver_read_what_a_call_says(house: System, visitor: New) -> None:
    settle_people(house)
    made = submit(house, WRITER, compose.create(house, WRITER, ORDER).id)
    page = visitor("approver").get(f"/console/alerts/{made.id}/review").get_data(True)
    call = page.split('id="text-' + made.id + '-voice-en"')[1].split("</details>")[0]
    assert "Call, said twice" in call
    assert "This is Judge County. Leave Judge Valley and" in call
    assert "http" not in call.split('class="text"')[1]
    draft = compose.create(house, WRITER, ORDER)
    page = visitor("author").get(f"/console/alerts/{draft.id}/edit").get_data(True)
    assert "Calls <span" in page
    assert 'class="as-call"' in page


def test_an_alerts_page_says_how_calls_were_taken(house: System, visitor: New) -> None:
    people(house, 3)
    go_live(house, channels=["voice"])
    expand.resume(house)
    with house.database.write() as connection:
        for recipient, code in (("+12020000001", "confirmed"), ("+12020000002", "machine")):
            row = deliveries.update().where(deliveries.c.recipient == recipient)
            connection.execute(row.values(state="delivered", code=code))
    page = visitor("author").get("/console/alerts/one").get_data(True)
    assert "voice: 1 confirmed with a key, 1 left on an answering machine." in page
