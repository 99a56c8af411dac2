"""Templates on disk: shared fields, languages that somebody began, and the digest that a signature is under."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from broadcaster.domain.errors import ConfigError
from broadcaster.rendering.templates import ROOT, incomplete, load, words_digest
from broadcaster.rendering.words import language_name


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "messages"
    for name in ("_shared", "tornado", "active_threat"):
        shutil.copytree(ROOT / name, made / name)
    return made


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


# --- shared fields ----------------------------------------------------------------------------------------------
def test_a_field_like_another_takes_all_of_it_but_what_it_says_itself(root: Path) -> None:
    movement = load("tornado", root).spec.fields["movement"]
    assert movement.max_length == 36
    assert movement.label["en"] == "Where it moves or how it grows"
    assert movement.hint["en"] == "moving northeast at 30 mph"


def test_a_field_like_none_that_is_shared_stops_with_the_known_ones(root: Path) -> None:
    change(root / "tornado" / "template.toml", 'like = "movement"', 'like = "colour"')
    with pytest.raises(ConfigError) as caught:
        load("tornado", root)
    assert (caught.value.id, "fields.movement.like" in caught.value.where) == ("T005", True)
    assert "hazard" in caught.value.hint


def test_kinds_are_known_and_long_is_one_of_them(root: Path) -> None:
    assert load("tornado", root).spec.fields["detail"].kind == "long"
    change(root / "_shared" / "fields.toml", 'kind = "long"', 'kind = "picture"')
    with pytest.raises(ConfigError) as caught:
        load("active_threat", root)
    assert caught.value.id == "T003"


# --- languages --------------------------------------------------------------------------------------------------
def test_a_language_that_somebody_began_names_the_parts_it_lacks(root: Path) -> None:
    assert incomplete("tornado", root) == {}
    (root / "tornado" / "es" / "sms.j2").unlink()
    (root / "tornado" / "hmn").mkdir()
    assert incomplete("tornado", root) == {"es": ("sms",)}
    assert load("tornado", root).languages == ("en",)


@pytest.mark.parametrize(
    ("file", "old"),
    [
        ("tornado/template.toml", ', fr = "Alerte à la tornade"'),
        ("tornado/template.toml", 'action = { fr = "'),
        ("active_threat/template.toml", ", fr = \"Restez à l'intérieur"),
    ],
)
def test_a_few_phrases_are_said_only_where_all_of_them_are_there(root: Path, file: str, old: str) -> None:
    name = file.partition("/")[0]
    change(root / file, old, old.replace("fr = ", "hmn = "))
    assert load(name, root).facts == ("ar", "vi", "zh")


def test_a_language_with_parts_has_no_need_of_a_few_phrases(root: Path) -> None:
    shutil.copytree(root / "tornado" / "en", root / "tornado" / "fr")
    found = load("tornado", root)
    assert (found.languages, found.facts) == (("en", "es", "fr"), ("ar", "vi", "zh"))


@pytest.mark.parametrize(("code", "name"), [("es", "Spanish"), ("zh", "Chinese"), ("hmn", "hmn"), ("x_1", "x_1")])
def test_a_language_has_a_name_or_stays_its_code(code: str, name: str) -> None:
    assert language_name(code) == name


# --- the digest -------------------------------------------------------------------------------------------------
def digest(root: Path, language: str = "es", **lawful: str) -> str:
    load.cache_clear()
    return words_digest(load("tornado", root), language, lawful, root)


READ: list[tuple[str, str, str]] = [
    ("tornado/es/sms.j2", "Busque", "Encuentre"),
    ("tornado/es/long.j2", "{%", "x{%"),
    ("_shared/es/foot_sms.j2", "Hasta", "Antes de"),
    ("tornado/template.toml", 'es = "Alerta de tornado"', 'es = "Alarma de tornado"'),
    ("tornado/template.toml", 'es = "Se vio un tornado"', 'es = "Hay un tornado"'),
    ("tornado/template.toml", 'es = "Se vio un tornado"', 'es = "Se vio un tornado", es_plain = "Hay un tornado"'),
    ("tornado/template.toml", "proper = true\n", 'proper = true\ndefault = { en = "x", es = "x" }\n'),
]
UNREAD: list[tuple[str, str, str]] = [
    ("tornado/en/sms.j2", "Take", "Find"),
    ("_shared/en/foot_sms.j2", "Until", "To"),
    ("tornado/template.toml", 'en = "A tornado was seen"', 'en = "Somebody saw a tornado"'),
    ("tornado/template.toml", 'es = "Qué se sabe"', 'es = "Lo que se sabe"'),
    ("tornado/template.toml", 'es = "Visto, en el radar, o puede formarse"', 'es = "Visto"'),
    ("tornado/template.toml", "expires_hours = 1", "expires_hours = 2"),
]


@pytest.mark.parametrize(("file", "old", "new"), READ)
def test_whatever_people_may_read_is_under_the_signature(root: Path, file: str, old: str, new: str) -> None:
    before = digest(root)
    change(root / file, old, new)
    assert digest(root) != before


@pytest.mark.parametrize(("file", "old", "new"), UNREAD)
def test_other_languages_labels_and_hints_are_not(root: Path, file: str, old: str, new: str) -> None:
    before = digest(root)
    change(root / file, old, new)
    assert digest(root) == before


def test_what_to_do_in_a_few_phrases_and_lawful_words_are_under_the_signature(root: Path) -> None:
    before = digest(root, "fr")
    change(root / "tornado" / "template.toml", "loin des vitres", "loin des portes")
    assert digest(root, "fr") != before
    assert digest(root, name="Tornado order") != digest(root)
