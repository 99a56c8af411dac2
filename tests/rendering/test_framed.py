"""Texts in words that a platform has approved: whole for whoever reads them, in its languages alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broadcaster.domain.alert import Mode
from broadcaster.domain.config import Agency, Config
from broadcaster.domain.frames import cut_out
from broadcaster.domain.message import Limits
from broadcaster.rendering.messages import Rendered, render
from tests.rendering.test_messages import CONFIG, JOB, codes, text

EN = "Alert from Judge County: {{1}} In danger call 911."
ES = "Alerta del condado: {{1}} En peligro llame al 911."
VI = "B\u00e1o \u0111\u1ed9ng: {{1}} G\u1ecdi 911 khi nguy hi\u1ec3m."
DRILL = "EXERCISE: Judge County practises. {{1}} Do nothing. EXERCISE"


def framed(frames: dict[Mode, dict[str, str]], mode: Mode = Mode.ACTUAL) -> Rendered:
    """The order on one channel of approved words."""
    limits = Limits("sms", "characters", 1024, "people", "phone", chosen=True, frames=frames)
    return render(CONFIG, replace(JOB, limits={"whatsapp": limits}, mode=mode))


def test_people_read_the_approved_words_around_ours() -> None:
    found = framed({Mode.ACTUAL: {"en": EN, "es": ES}})
    english = text(found, "whatsapp", "en")
    assert english.text.startswith("Alert from Judge County: Judge County: Leave Judge Valley and Judge Hills now.")
    assert english.text.endswith(" In danger call 911.")
    assert (english.characters, english.segments) == (len(english.text), 1)
    assert "evacuaci\u00f3n" in (cut_out(ES, text(found, "whatsapp", "es").text) or "")
    assert codes(found) == {}


def test_a_drills_own_words_have_its_label_and_nothing_says_it_twice() -> None:
    found = framed({Mode.ACTUAL: {"en": EN, "es": ES}, Mode.EXERCISE: {"en": DRILL}}, Mode.EXERCISE)
    assert text(found, "whatsapp", "en").text.count("EXERCISE") == 2
    assert text(found, "whatsapp", "en").text.startswith("EXERCISE: Judge County practises. Judge County: Leave")


def test_people_without_approved_words_in_their_language_get_the_first_and_it_is_said() -> None:
    found = framed({Mode.ACTUAL: {"en": EN}})
    assert [message.language for message in found.messages] == ["en"]
    [finding] = found.findings
    assert (finding.code, finding.blocking, finding.about) == ("frame_missing", False, "languages")
    assert finding.text == ("whatsapp has no approved words in es; people who read it get the text in en by it.")


@pytest.mark.parametrize("mode", [Mode.ACTUAL, Mode.TEST])
def test_where_nothing_can_be_said_it_blocks(mode: Mode) -> None:
    found = framed({Mode.ACTUAL: {"vi": VI}, Mode.EXERCISE: {"en": DRILL}}, mode)
    assert found.messages == ()
    assert codes(found) == {"no_frame": True}


def test_facts_are_told_in_approved_words_too_and_not_without() -> None:
    agency = Config(Agency("Judge County", "a@judge.example", languages=("en", "vi")))
    for frames, spoken in (({"en": EN, "vi": VI}, ["en", "vi"]), ({"en": EN}, ["en"])):
        limits = Limits("sms", "characters", 1024, "people", "phone", frames={Mode.ACTUAL: frames})
        job = replace(JOB, fields={"hazard": "wildfire"}, languages=("en", "vi"), limits={"whatsapp": limits})
        found = render(agency, job).messages
        assert [message.language for message in found] == spoken
        assert cut_out(frames[spoken[-1]], found[-1].text)
