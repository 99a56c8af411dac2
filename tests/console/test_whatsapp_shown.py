"""A message in approved words stands whole before author and approver, counted in characters and not in parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from broadcaster.channels.whatsapp import Options
from broadcaster.channels.whatsapp_templates import Template
from broadcaster.domain.channel import Secret
from broadcaster.domain.config import ChannelConfig, Config
from broadcaster.services import compose
from broadcaster.services.submit import submit
from broadcaster.services.system import System
from tests.console.conftest import Visitor
from tests.services.agency import AUTHOR, ORDER, agency, settle_people

New = Callable[..., Visitor]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Judge County's channels, and WhatsApp in English."""
    words = Template("HX" + "1" * 32, "Emergency alert for Judge County. {{1}} In danger call 911.")
    options = Options("AC1", Secret("t"), {"en": words}, from_="+15005550006", base_url="http://127.0.0.1:9")
    own = agency(tmp_path)
    return replace(own, channels=(*own.channels, ChannelConfig("whatsapp", "whatsapp", options=options)))


def test_author_and_approver_read_exactly_what_arrives(house: System, visitor: New) -> None:
    settle_people(house)
    made = submit(house, AUTHOR, compose.create(house, AUTHOR, ORDER).id)
    page = visitor("approver").get(f"/console/alerts/{made.id}/review").get_data(True)
    whatsapp, sms = (
        page.split(f'id="text-{made.id}-{name}-en"')[1].split("</details>")[0] for name in ("whatsapp", "sms")
    )
    assert "Emergency alert for Judge County. Judge County: Leave Judge Valley" in whatsapp
    assert "In danger call 911." in whatsapp
    assert ("<strong>Message ·" in whatsapp, "of 1,024 characters" in whatsapp, " part" in whatsapp) == (
        True,
        True,
        False,
    )
    assert ("<strong>Text message ·" in sms, " parts" in sms) == (True, True)
    assert "whatsapp has no approved words in es; people who read it get the text in en by it." in page
    draft = compose.create(house, AUTHOR, ORDER)
    page = visitor("author").get(f"/console/alerts/{draft.id}/edit").get_data(True)
    assert ("Messages <span" in page, "Text messages <span" in page) == (True, True)
