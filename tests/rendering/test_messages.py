"""Exact texts from templates, and what author and approver are told about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError

from broadcaster.domain.alert import Info, Mode, Severity, Urgency
from broadcaster.domain.config import Agency, Config, Policy
from broadcaster.domain.errors import ConfigError, Invalid
from broadcaster.domain.message import Limits, Message
from broadcaster.domain.text_sms import count
from broadcaster.domain.wording import drill_label
from broadcaster.rendering.messages import Job, Rendered, render
from broadcaster.rendering.templates import SHARED, load, names
from broadcaster.services.templates import templates_check

NOW = datetime(2026, 11, 22, 0, 2, tzinfo=UTC)
AGENCY = Agency(name="Judge County", cap_sender="a@judge.example", timezone="America/Los_Angeles", contact="555-0100")
CONFIG = Config(AGENCY)
SMS = Limits("sms", "sms_segments", 10, "people", "phone", {"characters": 1600})
POST = Limits("short", "mastodon", 500, "account")
MAIL = Limits("long", "characters", 20_000, "people", "email")
JOB = Job(
    template="evacuation_order",
    fields={"hazard": "wildfire", "route": "Go south on Highway 9", "route.es": "Vaya al sur por Highway 9"},
    languages=("en", "es"),
    places=("Judge Valley", "Judge Hills"),
    limits={"sms": SMS, "county": POST, "mail": MAIL},
    mode=Mode.ACTUAL,
    now=NOW,
    until_lifted=True,
    link="https://judge.example/alerts/k3m9x2qa4t",
    accounts={"county": ("en", "es")},
)
WEATHER = replace(
    JOB,
    template="severe_weather",
    fields={"event": "tornado", "guidance": "go_indoors"},
    until_lifted=False,
    expires=NOW + timedelta(hours=4),
)


def text(rendered: Rendered, channel: str, language: str) -> Message:
    return next(m for m in rendered.messages if (m.channel, m.language) == (channel, language))


def codes(rendered: Rendered) -> dict[str, bool]:
    return {finding.code: finding.blocking for finding in rendered.findings}


def test_an_order_says_who_what_to_do_where_why_and_until_when() -> None:
    found = render(CONFIG, JOB)
    assert text(found, "sms", "en").text == (
        "Judge County: Leave Judge Valley and Judge Hills now. Evacuation order. Wildfire. Go south on Highway 9. "
        "In force until lifted. Sent 4:02 pm PST, Nov 21. https://judge.example/alerts/k3m9x2qa4t"
    )
    assert text(found, "sms", "es").text == (
        "Judge County: Salga ya de Judge Valley y Judge Hills. Orden de evacuacion. Incendio forestal. "
        "Vaya al sur por Highway 9. Vigente hasta nuevo aviso. Enviado 4:02 pm PST, 21 nov. "
        "https://judge.example/alerts/k3m9x2qa4t"
    )
    assert text(found, "county", "es").text.startswith(
        "Orden de evacuación para Judge Valley y Judge Hills: salga ahora."
    )
    assert text(found, "mail", "es").subject == "Orden de evacuación: salga ahora de Judge Valley y Judge Hills"
    assert found.findings == ()


REAL_LINK = "https://judgecounty.gov/alerts/k3m9x2qa4t"  # accounts shorten no address that cannot exist


def test_parts_and_characters_are_those_of_the_text() -> None:
    sms = text(render(CONFIG, JOB), "sms", "en")
    assert (sms.segments, sms.characters) == (count(sms.text).segments, count(sms.text).units) == (2, 193)
    post = text(render(CONFIG, replace(JOB, link=REAL_LINK)), "county", "en")
    assert (post.segments, post.characters) == (1, len(post.text) - len(REAL_LINK) + 23)


def test_the_caps_words_are_whole_in_each_language() -> None:
    english, spanish = render(CONFIG, JOB).infos
    assert (english.language, spanish.language) == ("en-US", "es-US")
    assert english.headline == "Evacuation order: leave Judge Valley and Judge Hills now"
    assert spanish.event == "Orden de evacuación"
    assert "This is a lawful order to leave now." in english.description
    assert english.instruction.startswith("Leave now. Go south on Highway 9.")
    assert (english.urgency, english.severity, english.response_types) == (
        Urgency.IMMEDIATE,
        Severity.EXTREME,
        ("Evacuate",),
    )
    assert (english.sender_name, english.contact, english.web) == ("Judge County", "555-0100", JOB.link)


def test_oregons_words_replace_californias_by_policy() -> None:
    oregon = Config(AGENCY, Policy(evacuation_levels="oregon"))
    found = render(oregon, JOB)
    assert found.infos[0].event == "Level 3: Go now"
    assert count(text(found, "sms", "es").text).encoding == "GSM-7"


def test_the_level_somebody_chooses_sets_caps_words() -> None:
    chosen = replace(WEATHER, fields={**WEATHER.fields, "level": "act_now"})
    assert render(CONFIG, chosen).infos[0].urgency == Urgency.IMMEDIATE
    assert render(CONFIG, WEATHER).infos[0].urgency == Urgency.EXPECTED


@pytest.mark.parametrize(
    ("hours", "english", "spanish"),
    [
        (4, "Until 8:02 pm PST, Nov 21.", "Hasta 8:02 pm PST, 21 nov."),
        (19.9666666667, "Until midday PST, Nov 22.", "Hasta mediodia PST, 22 nov."),
        (7.9666666667, "Until midnight PST at the start of Nov 22.", "Hasta medianoche PST al inicio del 22 nov."),
        (8.4666666667, "Until 12:30 am PST, Nov 22.", "Hasta 12:30 am PST, 22 nov."),
        (20.4666666667, "Until 12:30 pm PST, Nov 22.", "Hasta 12:30 pm PST, 22 nov."),
    ],
)
def test_times_are_absolute_with_date_and_zone_and_noon_and_midnight_in_words(
    hours: float, english: str, spanish: str
) -> None:
    end = NOW + timedelta(hours=hours) + timedelta(seconds=1)
    found = render(CONFIG, replace(WEATHER, expires=end))
    assert english in text(found, "sms", "en").text
    assert spanish in text(found, "sms", "es").text


def test_summer_time_is_named() -> None:
    july = datetime(2026, 7, 4, 20, 0, tzinfo=UTC)
    assert "Until 1:00 pm PDT, Jul 4." in text(render(CONFIG, replace(WEATHER, expires=july)), "sms", "en").text


# --- languages -----------------------------------------------------------------------------------------------------
def test_words_not_said_in_a_language_are_left_out_there_and_named() -> None:
    found = render(CONFIG, replace(JOB, fields={"hazard": "wildfire", "movement": "moving from the north"}))
    assert "moving from the north" in text(found, "sms", "en").text
    assert "moving" not in text(found, "sms", "es").text
    assert "Detalles en ingles: https" in text(found, "sms", "es").text
    assert codes(found) == {"untranslated": False}


def test_what_must_be_said_is_said_even_untranslated_and_names_of_places_are_the_same_everywhere() -> None:
    found = render(CONFIG, replace(JOB, fields={"hazard": "Lava", "shelter": "Judge High School"}))
    assert "Lava" in text(found, "sms", "es").text
    assert "Refugio: Judge High School." in text(found, "sms", "es").text
    assert codes(found) == {"untranslated": False}


def test_a_choice_may_be_named_by_its_words_in_any_language() -> None:
    found = render(CONFIG, replace(JOB, fields={"hazard": "Incendio Forestal"}))
    assert ". Wildfire." in text(found, "sms", "en").text
    assert codes(found) == {}


def test_a_language_without_a_text_falls_to_the_first_and_is_named() -> None:
    three = Config(replace(AGENCY, languages=("en", "es", "hmn")))
    found = render(three, replace(JOB, languages=("en", "es", "hmn")))
    assert {m.language for m in found.messages} == {"en", "es"}
    assert codes(found) == {"language_missing": False}
    alone = render(three, replace(JOB, languages=("hmn",), fields={"hazard": "wildfire"}))
    assert {m.language for m in alone.messages} == {"en"}


def test_an_account_posts_in_its_own_languages_else_in_the_first() -> None:
    def posted(languages: tuple[str, ...]) -> list[str]:
        found = render(CONFIG, replace(JOB, accounts={"county": languages}))
        return [m.language for m in found.messages if m.channel == "county"]

    assert posted(("es",)) == ["es"]
    assert posted(("en", "es")) == ["en", "es"]
    assert posted(()) == ["en"]
    assert posted(("fr",)) == ["en"]


# --- drills --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("mode", "english", "spanish"), [(Mode.EXERCISE, "EXERCISE", "SIMULACRO"), (Mode.TEST, "TEST", "PRUEBA")]
)
def test_a_drill_says_so_first_and_last_in_every_text_and_subject(mode: Mode, english: str, spanish: str) -> None:
    found = render(CONFIG, replace(JOB, mode=mode))
    for message in found.messages:
        label = english if message.language == "en" else spanish
        for said in (message.text, message.subject or label):
            assert said.startswith(label)
            assert said.endswith(label)
    assert found.infos[0].headline.startswith(english)
    assert len(found.messages) == 6


def test_the_real_thing_never_says_drill() -> None:
    assert not any("EXERCISE" in m.text or "TEST" in m.text for m in render(CONFIG, JOB).messages)


@pytest.mark.parametrize(("mode", "blocks"), [(Mode.EXERCISE, True), (Mode.ACTUAL, False)])
def test_a_drill_never_says_that_it_is_none(mode: Mode, blocks: bool) -> None:
    found = render(CONFIG, replace(JOB, mode=mode, fields={"hazard": "Fire, this is NOT a drill"}))
    assert ("drill_words" in codes(found)) is blocks
    assert codes(found).get("drill_words", blocks) is blocks


# --- findings ------------------------------------------------------------------------------------------------------
def test_a_missing_field_blocks_and_stands_in_the_text() -> None:
    found = render(CONFIG, replace(JOB, fields={"hazard": "  "}))
    assert codes(found) == {"missing_field": True}
    assert "[hazard]" in text(found, "sms", "en").text


def test_an_unreadable_time_and_an_overlong_field_block() -> None:
    assert codes(render(CONFIG, replace(JOB, fields={**JOB.fields, "next_update": "soon"}))) == {
        "unreadable_field": True
    }
    naive = {**JOB.fields, "next_update": "2026-11-22T18:30:00"}
    assert codes(render(CONFIG, replace(JOB, fields=naive))) == {"unreadable_field": True}
    good = {**JOB.fields, "next_update": "2026-11-22T18:30:00-08:00"}
    found = render(CONFIG, replace(JOB, fields=good))
    assert "Next word by 6:30 pm PST, Nov 22." in text(found, "mail", "en").text
    assert codes(found) == {}
    assert codes(render(CONFIG, replace(JOB, fields={**JOB.fields, "route": "x" * 61}))) == {"long_field": True}
    assert codes(render(CONFIG, replace(JOB, fields={**JOB.fields, "route": "x" * 60}))) == {}


def test_an_unknown_field_template_or_language_of_a_field_is_invalid() -> None:
    for key in ("colour", "hazard.fr", "hazard.", "hazard.es_plain_plain"):
        fields = {key: "x"}
        with pytest.raises(Invalid):
            render(CONFIG, replace(JOB, fields={**JOB.fields, **fields}))
    with pytest.raises(Invalid):
        render(CONFIG, replace(JOB, template="../../config"))


@pytest.mark.parametrize(("length", "unit", "blocks"), [(2, "sms_segments", False), (1, "sms_segments", True)])
def test_more_parts_than_the_channel_takes_block(length: int, unit: str, blocks: bool) -> None:
    found = render(CONFIG, replace(JOB, limits={"sms": replace(SMS, length=length, unit=unit)}))
    assert ("too_long" in codes(found)) is blocks


def test_more_characters_than_the_channel_takes_block() -> None:
    length = len(text(render(CONFIG, JOB), "sms", "es").text)
    exact = replace(SMS, extras={"characters": length})
    assert codes(render(CONFIG, replace(JOB, limits={"sms": exact}))) == {}
    assert codes(render(CONFIG, replace(JOB, limits={"sms": replace(SMS, extras={"characters": length - 1})}))) == {
        "too_long": True
    }
    post = text(render(CONFIG, JOB), "county", "es").characters
    assert codes(render(CONFIG, replace(JOB, limits={"county": replace(POST, length=post)}))) == {}
    assert codes(render(CONFIG, replace(JOB, limits={"county": replace(POST, length=99)}))) == {"too_long": True}


def test_an_account_that_takes_less_gets_the_words_of_a_text_message_where_they_fit() -> None:
    def post(length: int) -> Rendered:
        short = replace(POST, length=length)
        return render(CONFIG, replace(WEATHER, languages=("en",), accounts={}, limits={"county": short}))

    whole = text(post(500), "county", "en")
    assert text(post(whole.characters), "county", "en") == whole
    shorter = post(whole.characters - 1)
    words = text(shorter, "county", "en")
    assert words.text.startswith("Judge County: Go indoors now, to the lowest floor")
    assert codes(shorter) == {"shortened": False}
    assert f"{whole.characters} characters, {whole.characters - 1} fit" in shorter.findings[0].text
    assert text(post(words.characters), "county", "en") == words
    assert text(post(words.characters - 1), "county", "en") == whole
    assert codes(post(words.characters - 1)) == {"too_long": True}


LONG = replace(JOB, fields={**JOB.fields, "route": "Go south on " + "Highway 9 " * 9}, languages=("en",), accounts={})


def narrow(length: int, thread: int = 1, job: Job = LONG) -> list[Message]:
    limits = {"county": replace(POST, length=length, thread=thread)}
    return list(render(CONFIG, replace(job, limits=limits)).messages)


def test_where_no_text_message_fits_either_a_post_says_what_to_do_where_until_when_and_who_says_so() -> None:
    [brief] = narrow(200)
    assert brief.text == (
        "Evacuation order: leave Judge Valley and Judge Hills now. In force until lifted. "
        "Judge County, 4:02 pm PST, Nov 21. https://judge.example/alerts/k3m9x2qa4t"
    )
    assert narrow(brief.characters) == [brief]
    assert narrow(brief.characters - 1)[0].characters > 200


def test_what_a_short_post_leaves_out_follows_it_as_a_thread_broken_between_sentences() -> None:
    [alone], thread = narrow(200), narrow(200, 9)
    assert [m.number for m in thread] == list(range(len(thread)))
    assert len(thread) > 2
    assert thread[0] == alone
    assert all(m.characters <= 200 and m.text.endswith(".") for m in thread[1:])
    [whole] = render(CONFIG, replace(LONG, limits={})).infos
    assert " ".join(m.text for m in thread[1:]) == " ".join(f"{whole.description} {whole.instruction}".split())
    assert narrow(200, 3) == thread[:3]
    assert len(narrow(500, 9)) == 1


def test_every_post_of_a_drills_thread_says_that_it_is_one() -> None:
    thread = narrow(260, 9, replace(LONG, mode=Mode.EXERCISE))
    assert len(thread) > 2
    assert all(m.text.startswith("EXERCISE") and m.text.endswith("EXERCISE") for m in thread)


def test_an_address_counts_in_a_post_what_its_channel_says() -> None:
    job = replace(JOB, link=REAL_LINK)
    plain = text(render(CONFIG, job), "county", "en").characters
    found = render(CONFIG, replace(job, limits={"county": replace(POST, extras={"url": 30})}))
    assert text(found, "county", "en").characters == plain + 7


def test_more_than_three_parts_are_shown_and_do_not_block() -> None:
    valley = replace(JOB, places=("Judge Valley " * 12,), languages=("en",), limits={"sms": SMS})
    assert text(render(CONFIG, valley), "sms", "en").segments == 3
    assert codes(render(CONFIG, valley)) == {}
    longer = replace(JOB, places=("Judge Valley " * 30,), languages=("en",), limits={"sms": SMS})
    assert codes(render(CONFIG, longer)) == {"many_segments": False}


def test_letters_that_cost_are_named_with_what_to_write_and_never_changed() -> None:
    found = render(CONFIG, replace(JOB, fields={**JOB.fields, "route": "Take “Río\u00a0Road”"}, limits={"sms": SMS}))
    assert "Take “Río\u00a0Road”." in text(found, "sms", "en").text
    finding = next(f for f in found.findings if f.code == "costly_characters")
    assert not finding.blocking
    assert 'left double quotation mark, 1 times): write """' in finding.text
    assert 'write "i"' in finding.text


# --- headlines -----------------------------------------------------------------------------------------------------
def test_a_headline_never_exceeds_140_and_names_fewer_places_instead() -> None:
    many = (
        "Upper Judge Creek and the lake shore",
        "North Judge Valley beyond the river",
        "South Judge Valley and town",
    )
    for mode in (Mode.ACTUAL, Mode.EXERCISE):
        headline = render(CONFIG, replace(JOB, places=(*many, "Hills", "Flats"), mode=mode)).infos[0].headline
        assert len(headline) <= 140
        assert "Upper Judge Creek and the lake shore and 4 more areas" in headline
    lost = render(CONFIG, replace(JOB, places=("x" * 150,))).infos[0].headline
    assert lost == "Evacuation order: Judge County"


ISSUED = Info(
    language="en-US",
    event="Tornado Warning",
    headline="Tornado Warning issued",
    description="A tornado was seen. " * 30,
    instruction="Take cover now. " * 30,
    sender_name="NWS Sacramento",
)


def test_an_issuers_words_stay_and_short_texts_take_whole_sentences() -> None:
    found = render(CONFIG, replace(JOB, template="cap", fields={}, issuer=(ISSUED,), expires=NOW, until_lifted=False))
    assert found.infos[0].description == ISSUED.description
    assert found.infos[0].contact == "555-0100"
    sms = text(found, "sms", "en").text
    assert sms.startswith(
        "NWS Sacramento: Tornado Warning, Judge Valley and Judge Hills, until 4:02 pm PST, Nov 21. Take"
    )
    assert "Take cover now. By Judge County, 4:02 pm PST, Nov 21. https" in sms
    assert sms.count("Take cover now.") == 9


def test_an_issuers_end_of_the_event_is_what_is_said_where_it_is_known() -> None:
    lasting = replace(ISSUED, ends=NOW + timedelta(hours=2))
    found = render(CONFIG, replace(JOB, template="cap", fields={}, issuer=(lasting,), expires=NOW, until_lifted=False))
    assert "until 6:02 pm PST" in text(found, "sms", "en").text


@pytest.mark.parametrize(("length", "kept"), [(160, True), (161, False)])
def test_an_issuers_headline_beyond_160_gives_way(length: int, kept: bool) -> None:
    info = replace(ISSUED, headline="x" * length)
    found = render(CONFIG, replace(JOB, template="cap", fields={}, issuer=(info,)))
    assert (found.infos[0].headline == info.headline) is kept
    assert ("long_headline" in codes(found)) is kept
    assert found.infos[0].headline in (info.headline, "Tornado Warning: NWS Sacramento")


def test_a_cancelled_warning_reads_as_cancelled_in_every_text() -> None:
    job = replace(JOB, template="cap", fields={}, issuer=(ISSUED,), cancelled=True, limits={"sms": SMS, "county": POST})
    assert all("Cancelled: Tornado Warning" in m.text for m in render(CONFIG, job).messages)


# --- templates themselves ------------------------------------------------------------------------------------------
def own(root: Path, text: str, head: str = "") -> Path:
    folder = root / "mine" / "en"
    folder.mkdir(parents=True)
    (root / "mine" / "template.toml").write_text(
        f'title = {{ en = "Mine" }}\n{head}[cap]\ncategory = ["Met"]\nevent = {{ en = "Mine" }}\n'
    )
    for part in ("subject", "description", "instruction", "sms", "short", "long"):
        (folder / f"{part}.j2").write_text(text if part == "sms" else "x")
    return root


def test_a_name_that_does_not_exist_fails_loudly(tmp_path: Path) -> None:
    root = own(tmp_path, "{{ f.colour }}")
    with pytest.raises(UndefinedError):
        render(CONFIG, replace(JOB, template="mine", fields={}, languages=("en",)), root)
    english = Config(replace(AGENCY, languages=("en",)))
    assert [f.code for f in templates_check(english, root)] == ["broken_template"]


def test_a_kind_with_words_of_its_own_gets_them_and_no_other_kind_does(tmp_path: Path) -> None:
    limits = {"county": replace(POST, variant="nextdoor"), "x": replace(POST, variant="x")}
    job = replace(JOB, template="mine", fields={}, languages=("en",), accounts={}, limits=limits)
    root = own(tmp_path, "x")
    assert {m.text for m in render(CONFIG, job, root).messages} == {"x"}
    (root / SHARED / "en").mkdir(parents=True)
    (root / SHARED / "en" / "short-nextdoor.j2").write_text("Neighbors: leave now.")
    assert {m.channel: m.text for m in render(CONFIG, job, root).messages} == {
        "county": "Neighbors: leave now.",
        "x": "x",
    }
    (root / "mine" / "en" / "short-nextdoor.j2").write_text("Neighbors of Judge Creek: leave now.")
    assert text(render(CONFIG, job, root), "county", "en").text == "Neighbors of Judge Creek: leave now."


def test_a_template_cannot_reach_out_of_its_sandbox(tmp_path: Path) -> None:
    root = own(tmp_path, "{{ ''.__class__.__mro__ }}")
    with pytest.raises(SecurityError):
        render(CONFIG, replace(JOB, template="mine", fields={}, languages=("en",)), root)


@pytest.mark.parametrize("head", ["colour = 1\n", 'ending = "gone"\n', "until_lifted = 'perhaps'\n", "= ["])
def test_a_broken_template_file_says_which_and_why(tmp_path: Path, head: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load("mine", own(tmp_path, "x", head))
    assert "template.toml" in caught.value.where


def test_a_template_that_lacks_a_language_of_the_agency_is_found(tmp_path: Path) -> None:
    assert "language_missing" in [f.code for f in templates_check(CONFIG, own(tmp_path, "x"))]


# --- languages with a few phrases alone ------------------------------------------------------------------------------
SIX = Config(replace(AGENCY, languages=("en", "es", "fr", "vi", "zh", "ar")))
FACTS = ("fr", "vi", "zh", "ar")


def test_a_language_without_a_text_gets_event_action_place_and_end_in_its_text_message_alone() -> None:
    found = render(SIX, replace(JOB, languages=SIX.agency.languages))
    assert [m.language for m in found.messages if m.channel == "sms"] == ["en", "es", *FACTS]
    assert {m.language for m in found.messages if m.channel != "sms"} == {"en", "es"}
    assert {info.language for info in found.infos} == {"en-US", "es-US"}
    missing = [f.text for f in found.findings if f.code == "language_missing"]
    assert [text.split(" in ")[1][:2] for text in missing] == list(FACTS)
    assert text(found, "sms", "fr").text == (
        "Judge County: Ordre d'évacuation, Judge Valley et Judge Hills. Partez maintenant. "
        "Valable jusqu'à nouvel avis. 16:02 PST, 21 nov. Détails en anglais: https://judge.example/alerts/k3m9x2qa4t"
    )
    assert text(found, "sms", "zh").text.startswith("Judge County: 疏散令，Judge Valley 和 Judge Hills。请立即撤离。")
    assert set(codes(found)) == {"language_missing"}


def test_a_drill_says_so_in_a_few_phrases_too() -> None:
    found = render(SIX, replace(JOB, languages=SIX.agency.languages, mode=Mode.EXERCISE))
    for language in FACTS:
        said = text(found, "sms", language).text
        label = drill_label(Mode.EXERCISE, language)
        assert label != "EXERCISE"
        assert said.startswith(label)
        assert said.endswith(label)


def test_an_end_is_said_in_every_language_that_says_anything() -> None:
    job = replace(WEATHER, template="tornado", fields={"seen": "seen"}, languages=SIX.agency.languages)
    said = {language: text(render(SIX, job), "sms", language).text for language in FACTS}
    assert "Jusqu'à 20:02 PST" in said["fr"]
    assert "Đến 20:02 PST" in said["vi"]
    assert "有效至 20:02 PST" in said["zh"]
    assert "حتى 20:02 PST" in said["ar"]


@pytest.mark.parametrize(("guidance", "told"), [("stay_in", True), ("Walk to the pier", False)])
def test_advice_that_nobody_translated_falls_back_to_the_first_language(guidance: str, told: bool) -> None:
    fields = {"threat": "armed", "guidance": guidance}
    job = replace(JOB, template="active_threat", fields=fields, languages=("en", "fr"))
    found = [m for m in render(SIX, job).messages if m.language == "fr"]
    assert [m.channel for m in found] == (["sms"] if told else [])
    assert all("Restez à l'intérieur" in m.text for m in found)


@pytest.mark.parametrize("name", ["lifted", "sent_in_error", "cap"])
def test_an_end_of_danger_is_never_told_in_a_few_phrases(name: str) -> None:
    assert load(name).facts == ()


def test_facts_are_told_to_people_in_few_parts_though_their_letters_cost() -> None:
    able = [name for name in names() if load(name).facts]
    assert len(able) >= 8
    limits = {"sms": SMS, "other": replace(SMS, audience="account"), "mail": MAIL}
    for name in able:
        assert load(name).facts == tuple(sorted(FACTS))
        spec = load(name).spec
        fields = {key: next(iter(one.choices)) for key, one in spec.fields.items() if one.required}
        job = replace(JOB, template=name, fields=fields, languages=SIX.agency.languages, limits=limits)
        told = [m for m in render(SIX, job).messages if m.language in FACTS]
        assert {m.channel for m in told} == {"sms"}
        assert all(m.segments <= (2 if m.language == "fr" else 4) for m in told)


# --- hashtag and mentions ------------------------------------------------------------------------------------------
TAGGED = replace(WEATHER, languages=("en",), accounts={}, hashtag="BearCreekFire")
SOCIAL = replace(POST, tags=1, mentions=("@fire@county.social", "@sheriff"))
ENDS = " #BearCreekFire @fire@county.social @sheriff"


def posted(length: int = 500, job: Job = TAGGED, **more: object) -> tuple[list[str], dict[str, bool]]:
    """The posts of one account, and the findings."""
    found = render(CONFIG, replace(job, limits={"county": replace(SOCIAL, length=length, **more)}))  # type: ignore[arg-type]
    return [message.text for message in found.messages], codes(found)


def test_hashtag_and_mentions_stand_behind_words_and_link_and_count_as_the_account_counts() -> None:
    plain = text(render(CONFIG, replace(TAGGED, limits={"county": POST})), "county", "en")
    ended = text(render(CONFIG, replace(TAGGED, limits={"county": SOCIAL})), "county", "en")
    assert ended.text == plain.text + ENDS
    assert plain.text.endswith(TAGGED.link)
    assert ended.characters == plain.characters + len(" #BearCreekFire @fire @sheriff")  # without the mention's domain
    assert posted(job=replace(TAGGED, hashtag=""))[0] == [plain.text + " @fire@county.social @sheriff"]
    assert posted(job=replace(TAGGED, hashtag=""), mentions=())[0] == [plain.text]


def test_where_there_is_no_room_mentions_go_first_then_the_hashtag_and_never_the_words() -> None:
    [plain] = render(CONFIG, replace(TAGGED, limits={"county": POST})).messages
    room = {0: "", 15: " #BearCreekFire", 21: " #BearCreekFire @fire@county.social", 30: ENDS}
    for length, ends in room.items():
        assert posted(plain.characters + length)[0] == [plain.text + ends]
    for length in (1, 16, 22):
        less = max(key for key in room if key < length)
        assert posted(plain.characters + length) == ([plain.text + room[less]], {"left_out": False})
    found = render(CONFIG, replace(TAGGED, limits={"county": replace(SOCIAL, length=plain.characters + 15)}))
    assert [f.text for f in found.findings] == [
        "county (en): no room for @fire@county.social @sheriff; the words come first."
    ]
    assert found.findings[0].about == "text:county:en"


def test_a_thread_bears_them_in_its_first_post_and_is_no_longer_for_them() -> None:
    plain = narrow(200, 9)
    limits = replace(SOCIAL, length=200, thread=9, mentions=())
    tagged = list(render(CONFIG, replace(LONG, hashtag="Fire", limits={"county": limits})).messages)
    assert [m.text for m in tagged] == [plain[0].text + " #Fire", *(m.text for m in plain[1:])]
    assert [m.number for m in tagged] == [m.number for m in plain]


def test_a_long_post_bears_them_in_a_paragraph_of_their_own() -> None:
    page = Limits("long", "utf16", 63_206, "account", tags=1)
    plain, tagged = (
        render(CONFIG, replace(j, limits={"page": page})).messages for j in (replace(TAGGED, hashtag=""), TAGGED)
    )
    assert tagged[0].text == plain[0].text + "\n\n#BearCreekFire"
    assert tagged[0].subject == plain[0].subject != ""


@pytest.mark.parametrize("mode", [Mode.EXERCISE, Mode.TEST])
def test_a_drill_calls_nobody_and_joins_no_stream(mode: Mode) -> None:
    [post], found = posted(job=replace(TAGGED, mode=mode))
    assert "#" not in post
    assert "@" not in post
    assert found == {}


def test_a_hashtag_in_somebodys_own_words_is_not_said_twice() -> None:
    fields = {"event": "tornado", "guidance": "Go inside. #bearcreekfire"}
    [post], _ = posted(job=replace(TAGGED, fields=fields), mentions=())
    assert post.casefold().count("#bearcreekfire") == 1
    [other], _ = posted(job=replace(TAGGED, fields={**fields, "guidance": "Go inside. #BearCreekFire2"}), mentions=())
    assert other.endswith(" #BearCreekFire")


def test_what_takes_no_hashtag_gets_none() -> None:
    plain = render(CONFIG, replace(JOB, limits={**JOB.limits, "county": POST}))
    assert render(CONFIG, replace(JOB, hashtag="BearCreekFire", limits={**JOB.limits, "county": POST})) == plain
