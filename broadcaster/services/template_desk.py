"""The templates' desk: every template with its languages, examples as they would go out, who answers for the words."""

from __future__ import annotations

from dataclasses import dataclass

from broadcaster.domain.alert import Mode
from broadcaster.domain.errors import NotFound
from broadcaster.domain.message import Message
from broadcaster.rendering.messages import render
from broadcaster.rendering.templates import load, names
from broadcaster.services import phrases
from broadcaster.services.phrases import Words
from broadcaster.services.system import System
from broadcaster.services.templates import sample, usual


@dataclass(frozen=True, slots=True)
class Listed:
    """One template: its words' state in each language of the agency; none where the words are an issuer's."""

    name: str
    title: str
    words: tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """One language: its words' state and the texts of a usual day, by kind of channel (sms, post, mail)."""

    words: Words
    messages: tuple[Message, ...]


def listing(system: System) -> list[Listed]:
    """All templates that people write from, by title."""
    found: dict[str, list[Words]] = {}
    for words in phrases.listing(system):
        found.setdefault(words["template"], []).append(words)
    made = [Listed(name, own[0]["title"], tuple(own)) for name, own in found.items()]
    return sorted(made, key=lambda one: one.title)


def examples(system: System, name: str, mode: Mode = Mode.ACTUAL) -> tuple[Listed, list[Example]]:
    """One template with an example in each language, on invented facts of a usual day. Raises NotFound."""
    listed = next((one for one in listing(system) if one.name == name), None)
    if name not in names() or listed is None:
        raise NotFound("no_template", f"There is no template {name!r} for people.")
    template = load(name)
    fields = usual(template, system.config.agency.languages)
    drawn = render(system.config, sample(system.config, template, fields, mode))
    of = {words["language"]: words for words in listed.words}
    made = [Example(of[key], tuple(m for m in drawn.messages if m.language == key)) for key in of]
    return listed, made
