"""What every template says with usual values, sentence by sentence."""

from __future__ import annotations

import re

import pytest

from broadcaster.domain.text_sms import count
from broadcaster.rendering.templates import load, names
from tests.rendering.golden import FOLDER, texts

TEXTS = dict(texts())
PEOPLE = [name for name in names() if load(name).spec.people]
NAMES = {"N95", "CAP", "PDT", "PST", "EXERCISE"}


def part(file: str, name: str) -> str:
    return TEXTS[file].split(f"== {name}\n")[1].split("\n\n== ")[0].strip()


@pytest.mark.parametrize("file", sorted(TEXTS))
def test_every_sentence_is_the_one_that_was_read(file: str) -> None:
    assert (FOLDER / file).read_text(encoding="utf-8") == TEXTS[file]


def test_no_text_is_left_of_a_template_that_is_gone() -> None:
    assert {path.name for path in FOLDER.glob("*.txt")} == set(TEXTS)


def test_there_is_a_template_for_what_a_county_meets() -> None:
    wanted = "evacuation_order evacuation_warning shelter_in_place boil_water tornado flash_flood severe_weather"
    wanted += " active_threat hazmat wildfire_smoke road_closure utility_outage missing_person lifted sent_in_error"
    assert set(wanted.split()) == set(PEOPLE)
    assert {load(name).languages for name in names()} == {("en", "es")}


@pytest.mark.parametrize("file", sorted(TEXTS))
def test_nothing_shouts(file: str) -> None:
    assert not [word for word in re.findall(r"\b[A-ZÁÉÍÓÚÑ]{3,}\b", TEXTS[file]) if word not in NAMES]


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize("language", ["en", "es"])
def test_a_text_message_is_plain_even_with_every_field_filled_in(name: str, language: str) -> None:
    sms = count(part(f"{name}.{language}.txt", "sms"))
    assert (sms.encoding, sms.segments <= 3) == ("GSM-7", True)


def test_an_all_clear_and_a_correction_have_no_end() -> None:
    for name in ("lifted", "sent_in_error"):
        assert not re.search(r"Until|Hasta", TEXTS[f"{name}.en.txt"] + TEXTS[f"{name}.es.txt"])


def test_boil_water_and_shelter_hold_until_lifted_as_an_evacuation_does() -> None:
    for name in ("boil_water", "shelter_in_place", "evacuation_order", "evacuation_warning"):
        assert load(name).spec.until_lifted
        for channel in ("sms", "post", "mail"):
            assert "In force until lifted." in part(f"{name}.en.txt", channel)
            assert re.search(r"Vigente hasta (nuevo aviso|que se levante)\.", part(f"{name}.es.txt", channel))


def test_what_police_or_fire_crews_end_says_so_in_plain_words() -> None:
    assert "Until we say it is over." in part("active_threat.en.txt", "sms")
    assert "Hasta que le avisemos que ha terminado." in part("hazmat.es.txt", "post")
