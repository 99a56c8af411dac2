"""Cards of alerts: what stands on one, where it is kept, who may see it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from broadcaster.app import create_app
from broadcaster.domain.alert import Alert, Mode, State
from broadcaster.domain.errors import NotFound
from broadcaster.domain.posting import Picture
from broadcaster.rendering.card import Sheet
from broadcaster.services import cards
from broadcaster.services.drafting import Draft
from broadcaster.services.system import System
from tests.services.agency import ORDER, in_review, live
from tests.services.judge import config, people

__all__ = ["config", "people"]
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # what stands on a card is no matter of SQL
PNG = b"\x89PNG\r\n"
TORNADO = Draft("tornado", {"seen": "seen"}, zones=("valley",), channels=("sms",))


def sheet(system: System, alert: Alert, language: str = "en") -> Sheet:
    with system.database.read() as connection:
        return cards.sheet(system, connection, alert, language)


def drawn(system: System, alert: Alert, shape: str = "wide") -> Picture | None:
    with system.database.read() as connection:
        return cards.picture(system, connection, alert, "en", shape)


def test_a_card_says_what_the_alert_says_in_the_words_of_the_law_and_of_the_page(system: System) -> None:
    made = sheet(system, live(system, ORDER))
    assert (made.look, made.word, made.label) == ("act_now", "Act now", "Evacuation order")
    assert made.headline.startswith("Evacuation order: leave")
    assert made.action
    assert made.times.startswith("In force until lifted · Issued ")
    assert made.scene is not None
    assert made.scene.kind == "evacuation-order"
    assert made.link.endswith(f"/alerts/{made.link.rpartition('/')[2]}")


def test_a_danger_without_a_lawful_word_says_until_when(system: System) -> None:
    made = sheet(system, live(system, TORNADO), "es")
    assert (made.word, made.label, made.times[:6]) == ("Actúe ahora", "", "Hasta ")
    assert made.scene is not None
    assert made.scene.kind == made.look


@pytest.mark.parametrize(
    ("ending", "template", "look"),
    [("cancelled", "sent_in_error", "cancelled"), ("cancelled", "cap", "called_off"), ("lifted", "lifted", "lifted")],
)
def test_what_ends_an_alert_looks_like_its_ending_and_paints_no_area(
    system: System, ending: str, template: str, look: str
) -> None:
    alert = live(system, ORDER)
    made = sheet(system, replace(alert, ending=ending, content=replace(alert.content, template=template)))
    assert (made.look, made.label, made.scene) == (look, "", None)


@pytest.mark.parametrize(
    ("state", "look"),
    [("lifted", "lifted"), ("expired", "expired"), ("superseded", "superseded"), ("cancelled", "called_off")],
)
def test_the_card_of_an_alert_that_is_over_shows_no_level_and_tells_nobody_to_do_anything(
    system: System, state: str, look: str
) -> None:
    made = sheet(system, replace(live(system, ORDER), state=State(state)))
    assert (made.look, made.label, made.action, made.scene) == (look, "", "", None)
    assert made.times.startswith("Issued ")


def test_an_exercise_says_so(system: System) -> None:
    assert sheet(system, replace(live(system), mode=Mode.EXERCISE), "es").drill == "SIMULACRO"


def test_a_card_is_drawn_once_and_kept(system: System) -> None:
    alert = live(system)
    first = drawn(system, alert, "square")
    assert first is not None
    assert (first.png[:6], first.width, first.height) == (PNG, 1080, 1080)
    [file] = (Path(system.settings.data) / cards.FOLDER).iterdir()
    file.write_bytes(b"kept")
    again = drawn(system, alert, "square")
    assert again is not None
    assert (again.png, again.alt, again.url) == (b"kept", first.alt, first.url)


def test_where_a_card_cannot_be_kept_there_is_none_and_no_error(system: System) -> None:
    (Path(system.settings.data) / cards.FOLDER).write_text("in the way")
    assert drawn(system, live(system)) is None


@pytest.mark.parametrize(
    ("ending", "kind", "first"), [("png", "image/png", PNG), ("jpg", "image/jpeg", b"\xff\xd8\xff")]
)
def test_platforms_fetch_the_card_as_png_or_jpeg(system: System, ending: str, kind: str, first: bytes) -> None:
    answer = create_app(system).test_client().get(f"/cards/{live(system).slug}.en.square.{ending}")
    assert (answer.status_code, answer.mimetype, answer.data.startswith(first)) == (200, kind, True)


def test_only_what_was_on_air_has_a_card_in_public(system: System) -> None:
    alert = live(system)
    assert cards.public(system, alert.slug, "en", "tall")[:6] == PNG
    waiting = in_review(system, TORNADO)
    for slug, language, shape in (
        (waiting.slug, "en", "wide"),
        (alert.slug, "xx", "wide"),
        (alert.slug, "en", "huge"),
        ("nothing", "en", "wide"),
    ):
        with pytest.raises(NotFound):
            cards.public(system, slug, language, shape)
