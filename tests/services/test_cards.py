"""Cards of alerts: what stands on one, where it is kept, who may see it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broadcaster.app import create_app
from broadcaster.domain.alert import Alert, Mode, MsgType, State
from broadcaster.domain.errors import NotFound
from broadcaster.domain.posting import Picture
from broadcaster.public.recent import Recent
from broadcaster.rendering.card_sheet import Sheet
from broadcaster.services import cards
from broadcaster.services.drafting import Draft
from broadcaster.services.system import System
from broadcaster.store import alerts
from tests.conftest import Clock
from tests.services.agency import ORDER, WEATHER, in_review, live
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
    ("state", "look", "says"),
    [
        ("lifted", "lifted", "It was lifted by Judge County."),
        ("expired", "expired", "Its time has run out."),
        ("superseded", "superseded", "A newer alert took its place."),
        ("cancelled", "called_off", "Judge County has cancelled it"),
    ],
)
def test_the_card_of_an_alert_that_is_over_says_so_first_and_tells_nobody_to_do_anything(
    system: System, state: str, look: str, says: str
) -> None:
    made = sheet(system, replace(live(system, ORDER), state=State(state)))
    assert (made.look, made.label, made.action, made.where, made.scene) == (look, "", "", "", None)
    assert made.headline.startswith(says)
    assert made.was.startswith("Evacuation order: leave")
    assert made.times.startswith("Issued ")


def test_what_people_ended_reads_as_they_said_at_the_old_alerts_address_too(system: System) -> None:
    wrong, order = live(system), live(system)
    follow_up(system, wrong, "sent_in_error", msg_type=MsgType.CANCEL)
    clear = follow_up(system, order, "lifted", fields={"guidance": "safe_return"})
    looks = {alert.id: sheet(system, alert, "es") for alert in (again(system, wrong), again(system, order), clear)}
    assert (looks[wrong.id].look, looks[wrong.id].word) == ("cancelled", "Enviada por error: no hay peligro")
    assert looks[wrong.id].headline.startswith("Se envió por error.")
    assert looks[order.id].word == looks[clear.id].word == "Levantada: es seguro regresar"
    assert (looks[clear.id].was, looks[clear.id].action) == ("", "Es seguro regresar.")
    waiting = replace(clear, state=State.IN_REVIEW, identifier=None)
    assert sheet(system, waiting, "es").word == "Levantada: es seguro regresar"  # as the approver sees it
    assert sheet(system, replace(clear, state=State.EXPIRED)).was == ""


def test_an_order_that_was_lifted_for_some_and_goes_on_for_others_is_not_called_lifted(system: System) -> None:
    order = live(system)
    follow_up(system, order, "evacuation_order", fields=dict(ORDER.fields), msg_type=MsgType.UPDATE)
    assert sheet(system, replace(order, state=State.LIFTED)).look == "superseded"


def test_a_language_that_nobody_wrote_gets_the_templates_own_words(system: System) -> None:
    made = sheet(system, live(system), "zh")
    assert (made.label, made.headline) == ("疏散命令", "疏散命令: Judge\u00a0Valley 和 Judge\u00a0Hills")
    assert made.action == "请立即撤离。"
    assert sheet(system, live(system, WEATHER), "zh").headline.startswith("Tornado")  # it has none


def test_a_warning_that_names_no_place_in_its_headline_says_where(system: System) -> None:
    order = live(system)
    words = tuple(replace(info, headline="Warning") for info in order.content.infos)
    content = replace(order.content, infos=words)
    assert sheet(system, order).where == ""
    assert sheet(system, replace(order, content=content)).where == "Judge Valley and Judge Hills"
    assert sheet(system, replace(order, content=replace(content, fields={"place": "North"}))).where == ""
    idle = replace(content, infos=tuple(replace(info, instruction="Not applicable.") for info in words))
    assert (sheet(system, replace(order, content=idle)).action, bool(sheet(system, order).action)) == ("", True)


def test_an_exercise_says_so(system: System) -> None:
    order = live(system)
    words = tuple(replace(info, headline=f"EXERCISE: {info.headline} EXERCISE") for info in order.content.infos[:1])
    practice = replace(order, mode=Mode.EXERCISE, content=replace(order.content, infos=words))
    assert (sheet(system, practice, "ar").drill, sheet(system, practice).drill) == ("تمرين", "EXERCISE")
    assert "EXERCISE" not in sheet(system, practice).headline  # it stands above and below


def follow_up(system: System, old: Alert, template: str, **more: Any) -> Alert:
    return live(system, Draft(template, **{"zones": old.zones, "replaces": (old.id,), **more}))


def again(system: System, old: Alert) -> Alert:
    with system.database.read() as connection:
        return alerts.get(connection, old.id)


def test_a_million_readers_of_a_card_make_it_once(system: System, clock: Clock) -> None:
    made, kept = [], Recent(system.now, 10, 2)

    def get(key: str) -> bytes:
        return kept.get((key,), lambda: made.append(key) or key.encode())  # type: ignore[func-returns-value]

    assert [get("a"), get("a"), get("b"), get("a")] == [b"a", b"a", b"b", b"a"]
    assert made == ["a", "b"]
    clock.forward(seconds=11)
    assert (get("a"), made) == (b"a", ["a", "b", "a"])
    get("c")
    get("b")
    assert made == ["a", "b", "a", "c", "b"]
    with pytest.raises(ValueError, match="invalid literal"):
        kept.get(("x",), lambda: bytes(int("x")))


def test_who_has_the_card_is_told_that_it_is_the_same(system: System) -> None:
    visit = create_app(system).test_client().get
    path = f"/cards/{live(system).slug}.en.wide.png"
    assert visit(path, headers={"If-None-Match": visit(path).headers["ETag"]}).status_code == 304


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
