"""Whose words these are: signed by a person of the agency, unsigned again when they change, and said so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from broadcaster.domain.config import Config, Policy
from broadcaster.domain.errors import Forbidden, Invalid, Refused
from broadcaster.domain.review import check_submit
from broadcaster.domain.wording import EVACUATION_LEVELS
from broadcaster.rendering.templates import load, names, words_digest
from broadcaster.services import compose, phrases
from broadcaster.services.drafting import Draft
from broadcaster.services.steps import case, who
from broadcaster.services.system import Actor, System
from broadcaster.store import alerts as store
from broadcaster.store import phrases as signatures
from broadcaster.store.schema import audit_entries
from tests.conftest import Clock
from tests.services.agency import AUTHOR, CHIEF, DEPUTY, ORDER, agency, cap, cap_draft, rows, settle_people

ADMIN = Actor("admin@judge.example", "test", frozenset({"admin"}))


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return agency(tmp_path)


@pytest.fixture(autouse=True)
def _people(system: System) -> None:
    settle_people(system)


def state(system: System, template: str, language: str) -> tuple[str, str | None]:
    found = next(w for w in phrases.listing(system) if (w["template"], w["language"]) == (template, language))
    return found["state"], found["signed_by"]


def told(system: System, draft: Draft = ORDER) -> list[str]:
    made = compose.create(system, AUTHOR, draft)
    with system.database.read() as connection:
        found = [f for f in store.findings_of(connection, made.id) if f.code == "unsigned_words"]
        assert not any(f.blocking for f in found)
        check_submit(case(connection, made), who(AUTHOR), system.now())
    return [f.text for f in found]


def test_nobody_is_invented(system: System) -> None:
    listed = phrases.listing(system)
    assert {(w["state"], w["signed_by"], w["signed_at"]) for w in listed} == {("unsigned", None, None)}
    people = [name for name in names() if load(name).spec.people]
    assert [(w["template"], w["language"]) for w in listed] == [(n, lang) for n in people for lang in ("en", "es")]
    assert len(people) >= 12
    assert "cap" not in people


def test_unsigned_words_are_one_finding_that_names_the_languages_and_blocks_nothing(system: System) -> None:
    assert told(system) == [
        "The English and Spanish words of this template have been signed by nobody here.",
    ]
    phrases.sign(system, CHIEF, "evacuation_order", "en")
    assert told(system) == ["The Spanish words of this template have been signed by nobody here."]
    assert told(system, replace(ORDER, languages=("en",))) == []
    phrases.sign(system, CHIEF, "evacuation_order", "es")
    assert told(system) == []


def test_an_issuers_own_words_need_no_signature(system: System) -> None:
    assert told(system, cap_draft(cap(), zones=("valley",))) == []
    with pytest.raises(Refused) as caught:
        phrases.sign(system, CHIEF, "cap", "en")
    assert caught.value.code == "issuers_words"


@pytest.mark.parametrize("actor", [CHIEF, DEPUTY, ADMIN])
def test_an_approver_or_admin_signs_and_the_audit_keeps_what(system: System, actor: Actor, clock: Clock) -> None:
    signed = phrases.sign(system, actor, "boil_water", "es")
    assert (signed["state"], signed["signed_by"], signed["signed_at"]) == ("signed", actor.name, clock.at)
    assert state(system, "boil_water", "es") == ("signed", actor.name)
    assert state(system, "boil_water", "en") == ("unsigned", None)
    assert state(system, "tornado", "es") == ("unsigned", None)
    (entry,) = rows(system, sa.select(audit_entries.c.verb, audit_entries.c.object, audit_entries.c.detail))
    assert entry[:2] == ("template.sign", "template:boil_water")
    assert entry[2] == {"language": "es", "hash": words_digest(load("boil_water"), "es", {})}


@pytest.mark.parametrize(
    "actor",
    [AUTHOR, Actor("token:x", "test", frozenset({"admin"})), Actor("feed:nws", "clock"), Actor("x@y.example", "test")],
)
def test_authors_and_machines_sign_nothing(system: System, actor: Actor) -> None:
    with pytest.raises(Forbidden):
        phrases.sign(system, actor, "tornado", "en")
    assert state(system, "tornado", "en") == ("unsigned", None)


def test_the_same_words_keep_their_first_signature(system: System, clock: Clock) -> None:
    phrases.sign(system, CHIEF, "tornado", "en")
    clock.forward(minutes=1)
    assert phrases.sign(system, DEPUTY, "tornado", "en")["signed_by"] == CHIEF.name
    assert len(rows(system, sa.select(audit_entries.c.id))) == 1


@pytest.mark.parametrize(
    ("name", "language"), [("nothing", "en"), ("tornado", "hmn"), ("lifted", "fr"), ("tornado", "es_plain")]
)
def test_what_does_not_exist_is_not_signed(system: System, name: str, language: str) -> None:
    with pytest.raises(Invalid):
        phrases.sign(system, CHIEF, name, language)


def test_changed_words_are_unsigned_by_themselves_and_say_who_signed_the_old_ones(system: System, clock: Clock) -> None:
    with system.database.write() as connection:
        signatures.put(connection, "tornado", "en", "0" * 64, "old@judge.example", clock.at)
    assert state(system, "tornado", "en") == ("changed_since", "old@judge.example")
    draft = Draft("tornado", {"seen": "seen"}, ("en",), ("valley",))
    assert told(system, draft) == ["The English words of this template have been signed by nobody here."]
    phrases.sign(system, DEPUTY, "tornado", "en")
    assert state(system, "tornado", "en") == ("signed", DEPUTY.name)
    assert told(system, draft) == []


def test_words_that_come_back_are_signed_by_whom_they_were(system: System, clock: Clock) -> None:
    phrases.sign(system, CHIEF, "tornado", "en")
    with system.database.write() as connection:
        signatures.put(connection, "tornado", "en", "0" * 64, "late@judge.example", clock.at)
    assert state(system, "tornado", "en") == ("signed", CHIEF.name)


def test_a_place_that_takes_other_lawful_words_signs_anew(system: System) -> None:
    phrases.sign(system, CHIEF, "evacuation_order", "en")
    phrases.sign(system, CHIEF, "tornado", "en")
    oregon = replace(system, config=replace(system.config, policy=Policy(evacuation_levels="oregon")))
    assert state(oregon, "evacuation_order", "en") == ("changed_since", CHIEF.name)
    assert state(oregon, "tornado", "en") == ("signed", CHIEF.name)
    assert set(EVACUATION_LEVELS) == {"california", "oregon"}


def test_a_language_with_a_few_phrases_alone_is_signed_like_any_other(system: System) -> None:
    speaks = replace(system.config.agency, languages=("en", "fr"))
    french = replace(system, config=replace(system.config, agency=speaks))
    listed = {w["template"] for w in phrases.listing(french) if w["language"] == "fr"}
    assert "tornado" in listed
    assert "lifted" not in listed
    draft = Draft("tornado", {"seen": "seen"}, zones=("valley",))
    assert told(french, draft) == ["The English and French words of this template have been signed by nobody here."]
    phrases.sign(french, CHIEF, "tornado", "fr")
    assert told(french, draft) == ["The English words of this template have been signed by nobody here."]
