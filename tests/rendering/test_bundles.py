"""Bundles: several templates of one incident, as data."""

from __future__ import annotations

from pathlib import Path

import pytest

from broadcaster.domain.errors import ConfigError, Invalid
from broadcaster.rendering.bundles import Bundle, bundle_names, faults, load_bundle
from broadcaster.rendering.templates import Field, load

NAMES = {"en": "x"}
TITLE = 'title = { en = "Mine" }\n'


def test_an_evacuation_is_sent_worst_first_and_shares_what_is_the_same_everywhere() -> None:
    assert bundle_names() == ("evacuation",)
    found = load_bundle("evacuation")
    assert found.parts == ("evacuation_order", "evacuation_warning", "shelter_in_place")
    assert found.shared == ("hazard", "movement", "next_update")
    assert set(found.title) == {"en", "es"}
    assert faults(found, {part: load(part).spec.fields for part in found.parts}) == []


@pytest.mark.parametrize("name", ["nothing", "../bundles/evacuation", "", "evacuation.toml"])
def test_an_unknown_bundle_is_invalid_and_the_known_ones_are_named(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        load_bundle(name)
    assert (caught.value.code, "Known: evacuation." in caught.value.text) == ("unknown_bundle", True)


@pytest.mark.parametrize(
    ("text", "id_"),
    [("= [", "T010"), (TITLE, "T011"), (f'{TITLE}parts = "tornado"', "T011"), (f"{TITLE}parts = []\nx = 1", "T011")],
)
def test_a_broken_file_says_which_and_why(tmp_path: Path, text: str, id_: str) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_bundle("mine", tmp_path)
    assert (caught.value.id, "mine.toml" in caught.value.where) == (id_, True)


def test_parts_exist_each_once_and_two_at_least() -> None:
    known = {"a": {}, "b": {}}
    assert faults(Bundle("x", NAMES, ("a", "b")), known) == []
    assert faults(Bundle("x", NAMES, ("a", "c")), known) == ["there is no template 'c'"]
    assert faults(Bundle("x", NAMES, ("a", "b", "a")), known) == ["a template stands in parts twice"]
    assert faults(Bundle("x", NAMES, ("a",)), known) == ["it needs two parts at least"]


def test_a_shared_field_means_the_same_in_every_part() -> None:
    def wrong(other: Field) -> list[str]:
        one = Field(NAMES, kind="choice", choices={"fire": NAMES, "flood": NAMES})
        return faults(Bundle("x", NAMES, ("a", "b"), ("hazard",)), {"a": {"hazard": one}, "b": {"hazard": other}})

    assert wrong(Field({"en": "y"}, kind="choice", choices={"flood": NAMES, "fire": NAMES})) == []
    assert len(wrong(Field(NAMES, kind="choice", choices={"fire": NAMES}))) == 1
    assert len(wrong(Field(NAMES))) == 1
    lacking = faults(Bundle("x", NAMES, ("a", "b"), ("hazard",)), {"a": {"hazard": Field(NAMES)}, "b": {}})
    assert lacking == ["the shared field 'hazard' is missing in b"]
