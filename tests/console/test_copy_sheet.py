"""The copy sheet on its page: words to copy, the gateway's file, doors; and what stands there before approval."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from broadcaster.domain.config import Config
from broadcaster.services.system import System
from tests.console.conftest import Visitor
from tests.services.agency import ORDER, agency, in_review, live, settle_people


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Judge County's channels."""
    return agency(tmp_path)


def test_a_live_alert_is_copied_in_its_languages_and_taken_as_a_file(
    house: System, visitor: Callable[..., Visitor]
) -> None:
    settle_people(house)
    alert, reader = live(house, ORDER), visitor("author")
    page = reader.get(f"/console/alerts/{alert.id}/sheet").get_data(True)
    assert "Evacuation order: leave" in page
    assert "Orden de evacuaci" in page
    assert page.count('class="door"') == 2
    assert "Take the CAP file" in page
    file = reader.get(f"/console/alerts/{alert.id}/ipaws.xml")
    assert (file.status_code, file.mimetype) == (200, "application/cap+xml")
    assert b"<code>IPAWSv1.0</code>" in file.data
    assert b"<value>EVI</value>" in file.data
    assert "/sheet" in reader.get(f"/console/alerts/{alert.id}").get_data(True)


def test_what_nobody_approved_is_marked_and_has_no_file(house: System, visitor: Callable[..., Visitor]) -> None:
    settle_people(house)
    alert, reader = in_review(house, ORDER), visitor("approver")
    page = reader.get(f"/console/alerts/{alert.id}/sheet").get_data(True)
    assert page.count("Nobody has approved this alert yet") == 3  # on the screen, and on each printed sheet
    assert "Take the CAP file" not in page
    assert reader.get(f"/console/alerts/{alert.id}/ipaws.xml").status_code == 409


def test_the_card_that_goes_with_a_post_is_seen_before_approval(house: System, visitor: Callable[..., Visitor]) -> None:
    settle_people(house)
    alert, reader = in_review(house, ORDER), visitor("approver")
    card = reader.get(f"/console/alerts/{alert.id}/card.es.wide.png")
    assert (card.status_code, card.mimetype, card.data[:4]) == (200, "image/png", b"\x89PNG")
    assert reader.get(f"/console/alerts/{alert.id}/card.es.huge.png").status_code == 404
    assert visitor().get(f"/console/alerts/{alert.id}/card.es.wide.png").status_code == 302


@pytest.mark.parametrize(("kind", "begins"), [("png", b"\x89PNG"), ("jpg", b"\xff\xd8\xff")])
def test_platforms_fetch_the_card_of_what_is_on_air(
    house: System, visitor: Callable[..., Visitor], caplog: pytest.LogCaptureFixture, kind: str, begins: bytes
) -> None:
    settle_people(house)
    alert, platform = live(house, ORDER), visitor()
    card = platform.get(f"/cards/{alert.slug}.en.square.{kind}")
    assert (card.status_code, card.data[: len(begins)]) == (200, begins)
    assert platform.get(f"/cards/{in_review(house, ORDER).slug}.en.square.{kind}").status_code == 404
    assert [record.getMessage() for record in caplog.records if record.name == "flask-limiter"] == []
