"""``templates check`` finds what is wrong with a template or a bundle, and finds nothing wrong with ours."""

from __future__ import annotations

import dataclasses
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from broadcaster.domain.config import Agency, Config, Policy
from broadcaster.rendering import messages
from broadcaster.rendering.templates import PARTS, ROOT, CapDefaults, Field, Spec, load
from broadcaster.services import templates as checking
from broadcaster.services.templates import templates_check, usual

AGENCY = Agency(name="Judge County", cap_sender="a@judge.example", timezone="America/Los_Angeles")
CONFIG = Config(AGENCY)
ENGLISH = Config(replace(AGENCY, languages=("en",)))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of one template, with what all share, to be broken."""
    made = tmp_path / "messages"
    for name in ("_shared", "tornado"):
        shutil.copytree(ROOT / name, made / name)
    return made


def change(root: Path, file: str, old: str, new: str) -> None:
    path = root / "tornado" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def found(root: Path, config: Config = CONFIG) -> set[str]:
    return {finding.code for finding in templates_check(config, root)}


@pytest.mark.parametrize(("levels", "languages"), [("california", ("en", "es")), ("oregon", ("es", "en"))])
def test_ours_are_whole_whatever_the_first_language(levels: str, languages: tuple[str, ...]) -> None:
    config = Config(replace(AGENCY, languages=languages), Policy(evacuation_levels=levels))
    assert templates_check(config) == []


def test_a_copy_is_whole_so_that_each_fault_below_is_the_only_one(root: Path) -> None:
    assert found(root) == set()


@pytest.mark.parametrize("part", ["sms", "short", "long"])
@pytest.mark.parametrize(
    ("words", "content"),
    [
        ("Tornado alert in {{ place }}. A tornado. Take shelter now. Until {{ until }} {{ issued }}.", "source"),
        ("{{ source }}: in {{ place }} take shelter now. Until {{ until }}, {{ issued }}.", "hazard"),
        ("{{ source }}: Tornado alert. Take shelter now. Until {{ until }}, {{ issued }}.", "place"),
        ("{{ source }}: Tornado alert in {{ place }}. Until {{ until }}, {{ issued }}.", "guidance"),
        ("{{ source }}: Tornado alert in {{ place }}. Take shelter now{% if until %}.{% endif %}", "time"),
    ],
)
def test_each_of_the_five_contents_is_looked_for_in_every_text(root: Path, part: str, words: str, content: str) -> None:
    (root / "tornado" / "en" / f"{part}.j2").write_text(words)
    lacking = [f for f in templates_check(ENGLISH, root) if f.code == "content_missing"]
    channel = {"sms": "sms", "short": "post", "long": "mail"}[part]
    assert f"tornado: {channel} (en): it does not say the {content}." in {f.text for f in lacking}
    said = {f.text.rsplit(" ", 1)[1] for f in lacking if "how long" not in f.text}
    assert said == {f"{content}."}
    assert all(f.blocking for f in lacking)


def test_a_text_that_hides_whether_it_ends_is_found(root: Path) -> None:
    words = "{{ source }}: Tornado alert in {{ place }}. Take shelter now. Sent {{ issued }}."
    (root / "tornado" / "en" / "sms.j2").write_text(words)
    texts = {f.text for f in templates_check(ENGLISH, root)}
    assert texts == {"tornado: sms (en): it does not say how long it holds."}


def test_a_missing_part_or_word_of_a_language_is_named(root: Path) -> None:
    (root / "tornado" / "es" / "sms.j2").unlink()
    texts = {f.text for f in templates_check(CONFIG, root)}
    assert "tornado: es lacks sms." in texts
    assert found(root) == {"language_incomplete", "language_missing"}


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        (', es = "El radar muestra un tornado"', "", "fields.seen.choices.radar"),
        (', es = "Qué se sabe"', "", "fields.seen.label"),
        (', es = "Alerta de tornado"', "", "cap.event"),
        ('title = { en = "Tornado", es = "Tornado" }', 'title = { en = "Tornado" }', "title"),
        (', es = "Visto, en el radar, o puede formarse"', "", "fields.seen.hint"),
    ],
)
def test_words_without_a_translation_are_named(root: Path, old: str, new: str, where: str) -> None:
    change(root, "template.toml", old, new)
    assert f"tornado: {where} has no words in es." in {f.text for f in templates_check(CONFIG, root)}
    assert "words_missing" not in found(root, ENGLISH)


def test_a_costly_letter_in_any_choice_is_found_not_only_in_the_longest(root: Path) -> None:
    change(root, "template.toml", "Se vio un tornado", "Se verá un tornado")
    assert "costly_characters" in found(root)


def test_too_long_with_the_longest_values_and_too_many_parts_with_usual_ones_are_two_things(root: Path) -> None:
    change(root, "en/sms.j2", "Take shelter now", "Take shelter now " + "and wait " * 12)
    assert found(root, ENGLISH) == {"too_long", "many_parts"}


def test_values_that_fit_alone_and_not_together_are_found(root: Path) -> None:
    change(root, "template.toml", "max_length = 34", "max_length = 110")
    assert found(root, ENGLISH) == {"too_long"}


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (
            "en/instruction.j2",
            "Take shelter immediately, considering structural vulnerabilities and meteorological risk.",
        ),
        (
            "es/instruction.j2",
            "Considerando manifestaciones meteorológicas extraordinariamente peligrosas, permanezca resguardado "
            "inmediatamente en instalaciones estructuralmente apropiadas conforme a disposiciones administrativas.",
        ),
    ],
)
def test_words_that_need_more_than_eight_years_of_school_are_found(root: Path, file: str, words: str) -> None:
    (root / "tornado" / file).write_text(words, encoding="utf-8")
    hard = [f for f in templates_check(CONFIG, root) if f.code == "hard_to_read"]
    assert hard
    assert all(f.text.startswith(f"tornado: {file[:2]}: it asks for ") for f in hard)


def test_words_for_one_kind_alone_are_held_to_the_same(root: Path) -> None:
    (root / "tornado" / "en" / "short-nextdoor.j2").write_text("{{ source }}: take shelter.")
    texts = {f.text for f in templates_check(ENGLISH, root) if f.code == "content_missing"}
    assert "tornado: nextdoor (short) (en): it does not say the place." in texts
    assert all("nextdoor (short)" in text for text in texts)


@pytest.mark.parametrize("file", ["short-nextdor", "shrt-nextdoor"])
def test_words_for_a_kind_or_form_that_nobody_asks_for_are_found(root: Path, file: str) -> None:
    (root / "_shared" / "en" / f"{file}.j2").write_text("{{ headline }}")
    assert found(root) == {"unknown_variant"}


def test_the_all_clear_of_a_template_is_a_choice_of_lifted(root: Path) -> None:
    shutil.copytree(ROOT / "lifted", root / "lifted")
    change(root, "template.toml", 'all_clear = "danger_over"', 'all_clear = "gone"')
    assert {f.text for f in templates_check(CONFIG, root)} == {"tornado: all_clear = 'gone' is no guidance of lifted."}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('parts = ["tornado", "gone"]', "bundle mine: there is no template 'gone'."),
        ('parts = ["tornado"]', "bundle mine: it needs two parts at least."),
        ("parts = 1", "mine.toml parts: "),
    ],
)
def test_bundles_are_looked_at_too(root: Path, text: str, said: str) -> None:
    folder = root.parent / "bundles"
    folder.mkdir()
    (folder / "mine.toml").write_text(f'title = {{ en = "Mine" }}\n{text}\n')
    (finding,) = (f for f in templates_check(CONFIG, root) if f.code == "broken_bundle")
    assert said in finding.text
    assert finding.blocking


# --- usual values -----------------------------------------------------------------------------------------------
def test_usual_values_are_what_is_required_or_all_of_it() -> None:
    order = load("evacuation_order")
    assert usual(order, ("en", "es")) == {"hazard": "wildfire"}
    whole = usual(order, ("en", "es"), whole=True)
    assert set(order.spec.fields) - {"place"} == {key.partition(".")[0] for key in whole}
    assert (whole["route"], whole["route.es"]) == ("Go south on Highway 9", "Vaya al sur por Highway 9")
    assert "shelter.es" not in whole


def test_required_fields_come_first_and_every_field_has_a_hint_and_a_bound() -> None:
    for path in sorted(ROOT.glob("*/template.toml")):
        fields = load(path.parent.name).spec.fields
        required = [one.required for one in fields.values()]
        assert required == sorted(required, reverse=True)
        assert all(set(one.hint) >= {"en", "es"} and one.max_length <= 600 for one in fields.values())


# --- docs/templates.md --------------------------------------------------------------------------------------------
def test_the_manual_names_every_key_and_every_finding() -> None:
    manual = (ROOT.parents[1] / "docs" / "templates.md").read_text(encoding="utf-8")
    keys = {key.name for kind in (Spec, Field, CapDefaults) for key in dataclasses.fields(kind)}
    source = "".join(Path(str(module.__file__)).read_text(encoding="utf-8") for module in (checking, messages))
    codes = set(re.findall(r'Finding\(\s*"([a-z_]+)"', source)) - {"missing_field", "shortened", "many_segments"}
    assert {name for name in (keys - {"fields", "cap"}) | codes if f"`{name}`" not in manual} == set()
    assert set(PARTS) == set(re.findall(r"^\| `([a-z]+)\.j2`", manual, re.MULTILINE))
