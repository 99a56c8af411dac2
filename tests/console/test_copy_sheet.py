"""The copy sheet on its page: words to copy, the gateway's file, doors; and what stands there before approval."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from broadcaster.channels import mastodon, x
from broadcaster.console.posted import marked
from broadcaster.domain.alert import Mode
from broadcaster.domain.channel import Secret
from broadcaster.domain.config import ChannelConfig, Config
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


class TestPosts:
    """What would be posted, as each platform shows it."""

    @pytest.fixture
    def config(self, tmp_path: Path) -> Config:
        """An account on X and one on Mastodon."""
        own, secret = agency(tmp_path), Secret("s" * 20)
        accounts = (
            ChannelConfig(
                "county-x", "x", drills=True, languages=("en",), options=x.Options(*[secret] * 4, "judgecounty")
            ),
            ChannelConfig(
                "toots",
                "mastodon",
                drills=True,
                languages=("en", "es"),
                options=mastodon.Options(secret, "https://social.judge.example"),
            ),
        )
        return replace(own, channels=own.channels + accounts)

    def test_a_review_shows_a_post_with_its_account_its_card_and_an_exercises_notice(
        self, house: System, visitor: Callable[..., Visitor]
    ) -> None:
        settle_people(house)
        real, drill = in_review(house, ORDER), in_review(house, replace(ORDER, mode=Mode.EXERCISE))
        shown = visitor("approver").get(f"/console/alerts/{real.id}/review").get_data(True)
        assert "@judgecounty · X</span>" in shown
        assert "social.judge.example · Mastodon</span>" in shown
        assert f'<span class="link">http://127.0.0.1:8000/alerts/{real.slug}</span>' in shown
        assert 'alt="Act now. Evacuation order: leave Judge Valley and Judge Hills now. Leave now.' in shown
        assert 'alt="Actúe ahora. ' in shown
        assert "posted-notice" not in shown
        practice = visitor("approver").get(f"/console/alerts/{drill.id}/review").get_data(True)
        assert practice.count("posted-notice") == 2
        assert '<strong lang="es">SIMULACRO</strong>' in practice

    def test_the_desk_names_kinds_and_languages_in_words(self, house: System, visitor: Callable[..., Visitor]) -> None:
        desk = visitor("author").get("/console/channels/toots").get_data(True)
        assert "Mastodon · " in desk
        assert "English, Spanish" in desk


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("Go. https://a.example/b?c=1. #JudgeFire now", ["https://a.example/b?c=1", "#JudgeFire"]),
        ("Ask @county@social.example, not a@b.example or #1", ["@county@social.example"]),
        ("<b>&", []),
    ],
)
def test_what_becomes_a_link_is_marked_and_nothing_else_is_markup(text: str, links: list[str]) -> None:
    made = str(marked(text))
    assert re.findall(r'<span class="link">(.*?)</span>', made) == links
    assert "<b>" not in made
