"""The console in Spanish: screens without English, refusals in the reader's words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import gettext
from markupsafe import Markup

from broadcaster.console import spoken
from broadcaster.domain.config import Config
from broadcaster.domain.errors import Invalid
from broadcaster.services import switches
from broadcaster.services.system import System
from tests.console.conftest import Visitor
from tests.services.agency import CHIEF, agency

ENGLISH = re.compile(  # words that stand in no Spanish sentence, name of the test's county or name of a setting
    r"\b(?:the|and|of|is|are|was|you|your|it|this|with|nothing|nobody|somebody|waiting|waits|alert|alerts|"
    r"feeds?|people|drafts?|settings|password|log in|back|review|submit|approve|stopped|since|until)\b",
    re.IGNORECASE,
)
SCREENS = (
    "/console/",
    "/console/alerts",
    "/console/new",
    "/console/account",
    "/console/account/passkeys",
    "/console/channels",
    "/console/zones",
    "/console/subscribers",
    "/console/rules",
    "/console/rule/new",
    "/console/switches",
    "/console/drill",
    "/console/audit",
    "/console/people",
    "/console/people/new",
    "/console/powers",
    "/console/tokens",
)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return replace(agency(tmp_path), feeds=())


@pytest.fixture
def reader(visitor: Callable[..., Visitor]) -> Visitor:
    """An admin and approver who reads Spanish."""
    made = visitor("chief")
    assert made.post("/console/language", lang="es").status_code == 302
    return made


def seen(page: str) -> str:
    """What people read of a page: texts and labels, without what is marked as another language's, code or data."""
    inside = re.sub(r"<(script|style|code|pre)\b.*?</\1>", " ", page, flags=re.DOTALL)
    inside = re.sub(r'<(\w+)[^>]*\blang="(?!es)[^"]*"[^>]*>.*?</\1>', " ", inside, flags=re.DOTALL)
    labels = re.findall(r'(?:aria-label|placeholder|alt|title)="([^"]*)"', inside)
    return Markup(re.sub(r"<[^>]*>", " ", inside)).unescape() + " ".join(labels)


def test_screens_in_spanish_hold_no_english(reader: Visitor) -> None:
    pages = {path: reader.get(path).get_data(as_text=True) for path in SCREENS}
    assert {path for path, page in pages.items() if '<html lang="es"' not in page} == set()
    assert {path: found for path, page in pages.items() if (found := ENGLISH.findall(seen(page)))} == {}


def test_the_login_speaks_the_browsers_spanish(visitor: Callable[..., Visitor]) -> None:
    page = visitor().get("/console/login", Accept_Language="es-MX,es;q=0.9").get_data(as_text=True)
    assert '<html lang="es"' in page
    assert ENGLISH.findall(seen(page)) == []


def test_a_screen_that_is_not_there_is_told_in_spanish(reader: Visitor) -> None:
    page = reader.get("/console/alerts/none").get_data(as_text=True)
    assert "No se encontró" in page
    assert "No existe la alerta none." in page


def test_a_refusal_stands_in_spanish_beside_its_form(reader: Visitor) -> None:
    page = reader.post("/console/account/password", password="x", new="short", again="short").get_data(as_text=True)
    assert "no es correcta" in page
    assert "is not right" not in page


def test_the_audit_tells_in_spanish_who_stopped_what(reader: Visitor, house: System) -> None:
    switches.stop(house, CHIEF, "sending", "")
    assert "detuvo" in reader.get("/console/audit").get_data(as_text=True)
    assert "detenido" in reader.get("/console/switches").get_data(as_text=True)


# --- sentences --------------------------------------------------------------------------------------------------
@pytest.fixture
def spanish(site: Flask) -> Iterator[None]:
    with site.test_request_context("/console/", headers={"Accept-Language": "es"}):
        yield


def test_english_stays_as_it_is_and_is_safe_in_a_page(site: Flask) -> None:
    with site.test_request_context("/console/", headers={"Accept-Language": "en"}):
        assert (
            spoken.said("no_feed", "There is no feed <b> in feeds.toml.") == "There is no feed &lt;b&gt; in feeds.toml."
        )


@pytest.mark.usefixtures("spanish")
def test_facts_of_a_sentence_are_kept_and_safe_in_a_page() -> None:
    text = "There is no feed '<b>' in feeds.toml."
    assert spoken.said("no_feed", text) == "No hay ninguna fuente &#39;&lt;b&gt;&#39; en feeds.toml."


@pytest.mark.usefixtures("spanish")
def test_languages_are_called_as_the_reader_calls_them() -> None:
    told = spoken.said(
        "unsigned_words", "The English and Spanish words of this template have been signed by nobody here."
    )
    assert told == "Nadie aquí ha firmado las palabras en inglés y español de esta plantilla."


@pytest.mark.usefixtures("spanish")
def test_a_text_that_says_more_than_its_sentence_follows_in_english() -> None:
    said = spoken.said("zones", "map.json: zone 7 has <no> id. Nothing was changed")
    assert said.startswith("El archivo no se puede aceptar así.")
    assert said.endswith('<span lang="en">map.json: zone 7 has &lt;no&gt; id. Nothing was changed</span>')


@pytest.mark.usefixtures("spanish")
def test_an_error_where_no_markup_can_stand_has_none() -> None:
    assert spoken.plain(Invalid("zones", "a <b>")).endswith("No se cambió nada. a <b>")


@pytest.mark.usefixtures("spanish")
def test_words_that_a_screen_put_into_spanish_already_stay() -> None:
    words = gettext("Tick the zones where it is over.")
    assert spoken.said("no_zone", words) == words != "Tick the zones where it is over."


@pytest.mark.usefixtures("spanish")
def test_a_text_of_no_known_code_stays_as_it_is() -> None:
    assert spoken.said("nobody_knows", "Something new.") == "Something new."


def test_the_longest_sentence_that_fits_is_read() -> None:
    text = "x has a login already, or was added this moment"
    assert spoken.read(text) == ("%(who)s has a login already, or was added this moment", {"who": "x"})


@pytest.mark.usefixtures("spanish")
def test_what_a_channel_failed_by_is_told_to_its_last_word() -> None:
    found = "the Facebook page cannot be used: no connection: its name is not known"
    hint = "compare page_id and access_token (of the page, not of a person); docs/channels/facebook.md"
    assert spoken.said("alarm:channel", f"page: it failed its daily check: {found}. What to do: {hint}") == (
        "page: no superó su comprobación diaria: la página de Facebook no se puede usar: no hay conexión: no se conoce "
        "su nombre. Qué hacer: compare page_id y access_token (de la página, no de una persona); "
        "docs/channels/facebook.md"
    )


@pytest.mark.usefixtures("spanish")
def test_a_providers_own_words_stay_between_ours() -> None:
    text = "X refused with 401: Unauthorized"
    assert spoken.said("check", text) == "X rechazó con 401: Unauthorized"
    assert spoken.said("check", "X refused with 401: no reason given") == "X rechazó con 401: sin dar un motivo"
