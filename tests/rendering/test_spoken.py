"""What a voice reads: no address, no abbreviation, no sign it stumbles over; times as people say them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from broadcaster.domain.alert import Mode
from broadcaster.domain.config import Agency, Config
from broadcaster.domain.message import VOICE, Limits
from broadcaster.rendering.messages import Job, render
from broadcaster.rendering.spoken import said, said_when
from broadcaster.rendering.templates import names

ENGLISH = [
    ("Hwy 9 & Oak St, 6:30pm PST", "Highway 9 and Oak Street, 6:30 p.m. Pacific time"),
    ("Take Main St. Go north on I-80.", "Take Main Street. Go north on Interstate 80."),
    ("SR-29/CR 12, US-50", "State Route 29, County Road 12, U.S. Highway 50"),
    ("St. Helena Hwy at Mt St Helens", "Saint Helena Highway at Mount Saint Helens"),
    ("the St. Mary church", "the Saint Mary church"),
    ("12 Oak Dr. Ask the Dr. there", "12 Oak Drive. Ask the Doctor there"),
    ("N Main St, W of 5th Ave, NW wind", "North Main Street, West of 5th Avenue, Northwest wind"),
    ("Call 911 or (555) 555-0100 or 555-0100.", "Call 9 1 1 or 5 5 5, 5 5 5, 0 1 0 0 or 5 5 5, 0 1 0 0."),
    ("+15035550100", "1 5 0 3 5 5 5 0 1 0 0"),
    ("See https://a.gov/x?y=1 now, a@b.org, www.c.d or county.gov/e", "See now, or"),
    ("gusts 50-60 mph, 100°F, 12 ft. Go", "gusts 50 to 60 miles per hour, 100 degrees Fahrenheit, 12 feet. Go"),
    ("5 mi. Then stop", "5 miles. Then stop"),
    ("6:00 PM, 12 AM, 6:30-8:30 pm", "6 p.m., 12 a.m., 6:30 to 8:30 p.m."),
    ("by 5 p.m. Leave now.", "by 5 p.m. Leave now."),
    ("at 6 pm at Oak Park", "at 6 p.m. at Oak Park"),
    ("until 8 PM Nov 22, May 3", "until 8 p.m. November 22, May 3"),
    ("NWS, e.g. w/ pets", "National Weather Service, for example with pets"),
    ("* WHAT...Flooding (fast) \u2014 now", "WHAT. Flooding, fast, now"),
    ("FLOOD WARNING UNTIL 8 PM PST. GO NOW!", "Flood warning until 8 p.m. Pacific time. Go now!"),
    ("GO NOW", "GO NOW"),
    ("'Go' (fast) - now, 7 PM  MST at https://", "Go, fast, now, 7 p.m. Mountain time at"),
    ("\u201cFire\u201d \U0001f525\u2122 a_b <c> #4", "Fire a b c number 4"),
    ("$3,200.50 of 1,200, 2026-09-23, N95, don't", "$3,200.50 of 1,200, 2026-09-23, N95, don't"),
]
OTHERS = [
    ("es", "Por Canyon Rd a las 6:30 pm. Llame al 911.", "Por Canyon Road a las 6:30 de la tarde. Llame al 9 1 1."),
    ("es", "A las 9 p. m. o 3 am & 5-6 km/h", "A las 9 de la noche o 3 de la madrugada y 5 a 6 kilómetros por hora"),
    ("es", "Hasta 11 am.", "Hasta 11 de la mañana."),
    ("zh", "疏散令，A & B。https://a.gov", "疏散令，A 和 B。"),
    ("fr", "Oak St, 5-6", "Oak St, 5 à 6"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "written", "spoken"), [*(("en", *pair) for pair in ENGLISH), *OTHERS])
def test_what_is_written_is_said_in_whole_words(language: str, written: str, spoken: str) -> None:
    assert said(written, language) == spoken
    assert said(spoken, language) == spoken


@pytest.mark.parametrize(
    ("language", "evening", "noon", "midnight"),
    [
        ("en", "6:30 p.m. on Sunday, November 22", "midday on Sunday, November 22",
         "midnight at the start of Sunday, November 22"),
        ("es", "las 6:30 de la tarde del domingo 22 de noviembre", "el mediodía del domingo 22 de noviembre",
         "la medianoche, al empezar el domingo 22 de noviembre"),
        ("fr", "18 heures 30, dimanche 22 novembre", "12 heures, dimanche 22 novembre",
         "0 heure, dimanche 22 novembre"),
        ("vi", "18 giờ 30 phút, chủ nhật ngày 22 tháng 11", "12 giờ, chủ nhật ngày 22 tháng 11",
         "0 giờ, chủ nhật ngày 22 tháng 11"),
        ("zh", "11月22日星期日18点30分", "11月22日星期日12点", "11月22日星期日0点"),
        ("ar", "الساعة 18:30 يوم الأحد 22 نوفمبر", "الساعة 12:00 يوم الأحد 22 نوفمبر",
         "الساعة 00:00 يوم الأحد 22 نوفمبر"),
        ("de", "Sonntag 22 November, 18:30", "Sonntag 22 November, 12:00", "Sonntag 22 November, 00:00"),
    ],
)  # fmt: skip
def test_a_time_is_said_with_its_day(language: str, evening: str, noon: str, midnight: str) -> None:
    moments = [(23, 2, 30), (22, 20, 0), (22, 8, 0)]
    times = [datetime(2026, 11, day, hour, minute, tzinfo=UTC) for day, hour, minute in moments]
    assert [said_when(at, "America/Los_Angeles", language) for at in times] == [evening, noon, midnight]


def test_one_oclock_is_one_in_spanish_and_night_has_its_own_words() -> None:
    said_at = [said_when(datetime(2026, 11, 22, hour, tzinfo=UTC), "UTC", "es")[:20] for hour in (1, 13, 20)]
    assert said_at == ["la 1 de la madrugada", "la 1 de la tarde del", "las 8 de la noche de"]


def call(language: str, template: str = "evacuation_order", mode: Mode = Mode.ACTUAL, **fields: str) -> str:
    """What a call says in that language, to people of an agency that has it."""
    config = Config(Agency("Judge Co Fire Dept", "a@judge.example", languages=("en", "es", language)))
    limits = {"voice": Limits(VOICE, "characters", 900, "people", "phone", chosen=True)}
    filled = {"hazard": "wildfire", **fields} if template == "evacuation_order" else fields
    now, link = datetime(2026, 11, 22, 8, tzinfo=UTC), "https://alerts.county.example.gov/alerts/x"
    job = Job(template, filled, ("en", "es", language), ("Oak & Elm",), limits, mode, now, until_lifted=True, link=link)
    found = {message.language: message.text for message in render(config, job).messages}
    return found.get(language, "")


def test_typed_words_are_said_too_and_never_the_link() -> None:
    text = call("en", route="Take Oak Rd. See https://x.gov/map")
    assert text.startswith("This is Judge Co Fire Department. Leave Oak and Elm now.")
    assert "Take Oak Road." in text
    assert "http" not in text
    assert "//" not in text


def test_a_drill_is_called_one_first_and_last() -> None:
    text = call("en", mode=Mode.EXERCISE)
    assert text.startswith("EXERCISE: This is")
    assert text.endswith("call 9 1 1. EXERCISE")


@pytest.mark.parametrize("language", ["fr", "vi", "zh", "ar"])
def test_a_language_with_a_few_phrases_is_called_in_them(language: str) -> None:
    assert "9 1 1" in call(language)
    assert "http" not in call(language)


def test_no_facts_are_told_of_an_all_clear() -> None:
    assert "lifted" in names()
    assert call("fr", "lifted", what="Evacuation order") == ""
