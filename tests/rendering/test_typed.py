"""What an alert says in languages that nobody wrote it in: prepared phrases, and nothing that somebody typed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from broadcaster.rendering.templates import load
from broadcaster.rendering.typed import typed

BOTH = ("en", "es")


@pytest.mark.parametrize(
    ("template", "fields", "french"),
    [
        ("evacuation_order", {}, {"event": "Ordre d'évacuation", "action": "Partez maintenant"}),
        ("hazmat", {"guidance": "leave"}, "Partez maintenant. Évitez le nuage, ne touchez pas au produit"),
        ("hazmat", {"guidance": "Leave by the bridge"}, ""),
        ("hazmat", {"guidance": "leave", "guidance.fr": "Partez par le pont"}, "Partez par le pont"),
        ("hazmat", {"guidance": "Leave by the bridge", "guidance.fr": " "}, ""),
        ("hazmat", {}, ""),
    ],
)  # fmt: skip
def test_what_to_do_is_the_choice_made_and_never_a_translation_of_what_was_typed(
    template: str, fields: Mapping[str, str], french: str | dict[str, str]
) -> None:
    found = typed(load(template).spec, fields, BOTH)["fr"]
    assert found == (french if isinstance(french, dict) else {"event": found["event"], "action": french})
    assert found["event"]


def test_only_languages_that_have_no_text_are_told() -> None:
    spec = load("tornado").spec
    assert set(typed(spec, {}, BOTH)) == {"fr", "vi", "zh", "ar"}
    assert set(typed(spec, {}, (*BOTH, "fr"))) == {"vi", "zh", "ar"}
    assert typed(spec, {}, ("es",))["en"] == {"event": "Tornado alert", "action": ""}


@pytest.mark.parametrize("template", ["lifted", "sent_in_error", "cap"])
def test_an_end_of_danger_and_an_issuers_words_are_not_told_in_phrases(template: str) -> None:
    assert typed(load(template).spec, {}, ()) == {}
