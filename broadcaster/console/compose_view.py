"""What the compose screens show: fields, channels, findings by their place, and every text as its reader gets it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from babel import Locale
from flask_babel import get_locale
from flask_babel import gettext as _

from broadcaster.console.compose_form import OTHER, Typed, described, rings_of
from broadcaster.console.posted import marked, posted
from broadcaster.domain import local_time, text_sms
from broadcaster.domain.alert import Info
from broadcaster.domain.language import primary
from broadcaster.domain.message import Finding, Message, shown_as
from broadcaster.domain.wording import level
from broadcaster.rendering.bundles import Bundle
from broadcaster.rendering.fields import choice_of
from broadcaster.rendering.templates import Field, Spec, load, names
from broadcaster.rendering.words import pick
from broadcaster.services.channels import fitting, open_channel
from broadcaster.services.preview import Preview, ZoneSeen
from broadcaster.services.system import System

PAINTS = ("order", "warning", "shelter")  # classes of compose.css and map.css, by a template's step of evacuation
FEW = 4  # so many choices stand open; more fold into a list
LATER = frozenset({"missing_field", "no_area", "no_end"})  # said beside the field once somebody has tried to submit


@dataclass(frozen=True, slots=True)
class Part:
    """Names within a form that holds several alerts: those of one begin with ``prefix``, ``shared`` fields do not."""

    prefix: str = ""
    shared: frozenset[str] = frozenset()

    def key(self, key: str) -> str:
        """The form's name of a value (f.FIELD ..., o.FIELD)."""
        return key if key.split(".")[1] in self.shared else f"{self.prefix}{key}"

    def about(self, about: str) -> str:
        """The place on the page of a finding."""
        kind, _colon, name = about.partition(":")
        whole = kind in ("end", "channels", "languages", "hashtag") or (
            kind == "field" and name.partition(".")[0] in self.shared
        )
        return about if whole or not about else f"{self.prefix}{about}"


ALONE = Part()


@dataclass(frozen=True, slots=True)
class Tongue:
    """The words of a field in one more language. ``key`` is the name in the form, ``about`` of its findings."""

    language: str
    called: str
    key: str
    value: str
    about: str


@dataclass(frozen=True, slots=True)
class Line:
    """One field of the form. ``kind``: radio, select, time, text, long or places; ``most``: characters that fit;
    ``rare``: folded away until somebody asks for it."""

    name: str
    key: str
    label: str
    hint: str
    example: bool
    kind: str
    required: bool
    value: str
    other_key: str
    other: str
    choices: tuple[tuple[str, str], ...]
    most: int
    about: str
    rare: bool
    tongues: tuple[Tongue, ...]


def lines(spec: Spec, values: Mapping[str, str], languages: tuple[str, ...], part: Part = ALONE) -> list[Line]:
    """All fields, what must be said first. ``languages``: of the alert, the first is what plain fields are in."""
    made = [_line(name, one, values, languages, part) for name, one in spec.fields.items()]
    return sorted(made, key=lambda line: (not line.required, line.rare))


def _line(name: str, one: Field, values: Mapping[str, str], languages: tuple[str, ...], part: Part) -> Line:
    speaks = str(get_locale() or "en")
    other = values.get(f"o.{name}", "")
    value = values.get(f"f.{name}", "")
    if one.choices and value not in ("", OTHER):
        known = choice_of(one, value)
        value, other = (known, other) if known else (OTHER, value)
    kind = one.kind if not one.choices else "radio" if len(one.choices) <= FEW else "select"
    return Line(
        name=name,
        key=part.key(f"f.{name}"),
        label=pick(one.label, speaks),
        hint=pick(one.hint, speaks) if one.hint else "",
        example=one.kind in ("text", "long"),
        kind=kind,
        required=one.required and not one.default,
        value=value,
        other_key=part.key(f"o.{name}"),
        other=other,
        choices=tuple((key, pick(words, speaks)) for key, words in one.choices.items()),
        most=one.max_length,
        about=part.about(f"field:{name}"),
        rare=one.kind in ("places", "long"),
        tongues=_tongues(name, one, values, languages, part),
    )


def _tongues(
    name: str, one: Field, values: Mapping[str, str], languages: tuple[str, ...], part: Part
) -> tuple[Tongue, ...]:
    """Other languages of words that somebody writes, and whatever else was written: plain variants for texts, words of
    a language that is not chosen now."""
    if one.proper or one.kind in ("time", "places"):
        return ()
    prefix = f"f.{name}."
    more = [key.removeprefix(prefix) for key, text in values.items() if key.startswith(prefix) and text]
    wanted = [each for each in dict.fromkeys([*languages[1:], *more]) if each != languages[0]]
    return tuple(
        Tongue(
            language=each.removesuffix("_plain"),
            called=called(each),
            key=part.key(f"f.{name}.{each}"),
            value=values.get(f"f.{name}.{each}", ""),
            about=part.about(f"field:{name}.{each}"),
        )
        for each in wanted
    )


def called(language: str) -> str:
    """A key of a translation in words: es, or es_plain."""
    if language.endswith("_plain"):
        return _("%(language)s, for text messages alone", language=language_name(language.removesuffix("_plain")))
    return language_name(language)


def language_name(language: str) -> str:
    """A language's name in the language of the screen."""
    return str(Locale.parse(language, sep="-").get_display_name(str(get_locale() or "en")) or language)


# --- where ------------------------------------------------------------------------------------------------------
def kept_areas(given: Typed) -> list[tuple[str, str]]:
    """Areas that a document brought: (value of the form, what it is called)."""
    return [(one, described(one) or _("Area of the document")) for one in given.kept]


def outlines(given: Typed) -> str:
    """What the map draws besides the zones and what is typed, one ring a line."""
    return rings_of(given.kept)


# --- who and how ------------------------------------------------------------------------------------------------
def channels(system: System, given: Typed, people: Mapping[str, int]) -> list[dict[str, Any]]:
    """Every channel that may carry this mode, in the order of channels.toml."""
    found = []
    for name in fitting(system.config, given.mode):
        config = system.config.channel(name)
        assert config is not None
        limits = open_channel(system, config).limits()
        accounts = [language_name(language) for language in config.languages]
        found.append(
            {
                "name": name,
                "kind": shown_as(limits),
                "parts": limits.in_parts,
                "people": people.get(name),
                "languages": accounts if limits.audience == "account" else [],
                "chosen": name in given.channels,
            }
        )
    return found


# --- check ------------------------------------------------------------------------------------------------------
def by_place(findings: Iterable[Finding], spec: Spec, part: Part = ALONE) -> dict[str, list[Finding]]:
    """Findings by what they are about, blocking ones first, in the words of the screen."""
    found: dict[str, list[Finding]] = {}
    for one in sorted(dict.fromkeys(findings), key=lambda f: not f.blocking):
        found.setdefault(part.about(one.about), []).append(_worded(one, spec))
    return found


def _worded(one: Finding, spec: Spec) -> Finding:
    """The commonest findings in the language of the screen, without the keys that machines use."""
    name, _dot, language = one.about.removeprefix("field:").partition(".")
    what = label(spec, name)
    words = {
        "missing_field": lambda: _("%(what)s is needed.", what=what),
        "untranslated": lambda: _(
            "%(what)s is not said in %(language)s: people who read it learn less.",
            what=what,
            language=language_name(language),
        ),
        "unreadable_field": lambda: _("%(what)s is no time. Choose it anew.", what=what),
        "long_field": lambda: _("%(what)s is too long. Shorten it.", what=what),
    }
    return replace(one, text=words[one.code]()) if one.code in words else one


def texts(seen: Preview, values: Mapping[str, str], part: Part = ALONE) -> list[dict[str, Any]]:
    """Every message as its reader gets it, with what it counts and the characters that cost."""
    order = {"phone": 0, "call": 1, "mail": 2, "post": 3}
    made = [_text(message, seen, values, part) for message in seen.drawn.messages]
    return sorted(made, key=lambda text: order[text["kind"]])


def _text(message: Message, seen: Preview, values: Mapping[str, str], part: Part) -> dict[str, Any]:
    limits = seen.limits.get(message.channel)
    sms = limits is not None and limits.in_parts
    counted = text_sms.count(message.text)
    return {
        "message": message,
        "kind": shown_as(limits),
        "called": language_name(message.language),
        "sms": counted if sms else None,
        "most": limits.length if limits else 0,
        "of": sum((one.channel, one.language) == (message.channel, message.language) for one in seen.drawn.messages),
        "costly": [_cost(one, message.language, seen, values, part) for one in text_sms.costly(message.text)]
        if sms
        else [],
        "about": part.about(f"text:{message.channel}:{message.language}"),
    }


def _cost(one: text_sms.Costly, language: str, seen: Preview, values: Mapping[str, str], part: Part) -> dict[str, Any]:
    """A character outside GSM-7, the fields that hold it, and for each what one tap would write instead.

    A letter keeps its accent on the page and in mails: the plain word goes to texts alone. Where no plain character
    is known (an emoji), there is nothing to tap: ``fields`` say where somebody takes it out.
    """
    content = seen.drawn.alert.content
    holding = [key for key, text in values.items() if one.character in text]
    own = [key for key in holding if _spoken(key, content.languages[0]) == language]
    # words that nobody translated stand in the texts of other languages as they are
    keys = own if own or one.character.isalpha() else holding
    fixes = [_fix(one, key, values[key], language, part) for key in keys] if one.suggestion is not None else []
    spec = load(content.template).spec
    fields = [] if fixes else [_held_in(key, spec, part) for key in keys or holding]
    about = {"character": one.character, "name": one.name, "times": one.times, "instead": one.suggestion}
    return {**about, "fixes": fixes, "fields": fields}


def _spoken(key: str, first: str) -> str:
    """The language that a value of the form is in; "es_plain" for words of texts alone."""
    return key.split(".")[2] if key.count(".") > 1 else first


def _fix(one: text_sms.Costly, key: str, text: str, language: str, part: Part) -> dict[str, str]:
    if one.character.isalpha():
        return {"key": part.key(f"f.{key.split('.')[1]}.{language}_plain"), "text": _plain(text)}
    return {"key": part.key(key), "text": _swapped(text, one)}


def _held_in(key: str, spec: Spec, part: Part) -> dict[str, str]:
    """What the field of a value is called, and its place on the page."""
    _kind, name, *language = key.split(".")
    what = f"{label(spec, name)} ({called(language[0])})" if language else label(spec, name)
    return {"label": what, "about": part.about(f"field:{'.'.join([name, *language])}")}


def _swapped(text: str, one: text_sms.Costly) -> str:
    return text.replace(one.character, one.suggestion or "")


def _plain(text: str) -> str:
    for one in text_sms.costly(text):
        text = text.replace(one.character, one.suggestion if one.suggestion is not None else one.character)
    return text


def pages(seen: Preview) -> list[dict[str, Any]]:
    """The alert as the public page would open with it, in each language."""
    return [
        {"info": info, "called": language_name(primary(info.language)), "level": level_of(info)}
        for info in seen.drawn.alert.content.infos
    ]


def level_of(info: Info) -> str:
    """The level that the page would show."""
    return str(level(info.urgency, info.severity, info.certainty, info.response_types))


def label(spec: Spec, name: str) -> str:
    """What a field is called."""
    return pick(spec.fields[name].label, str(get_locale() or "en")) if name in spec.fields else name


def choice_words(spec: Spec, name: str, value: str) -> str:
    """A choice in words; any other value as it stands."""
    choices = spec.fields[name].choices if name in spec.fields else {}
    return pick(choices[value], str(get_locale() or "en")) if value in choices else value


def title(spec: Spec | Bundle) -> str:
    """What a template or a bundle is called."""
    return pick(spec.title, str(get_locale() or "en"))


def paint(spec: Spec) -> str:
    """The class that colours a part."""
    return spec.evacuation if spec.evacuation in PAINTS else "chosen"


def short(spec: Spec) -> str:
    """One word for a part, on a button."""
    words = {"order": _("Order"), "warning": _("Warning"), "shelter": _("Shelter")}
    return words.get(spec.evacuation) or title(spec)


# --- what templates call ----------------------------------------------------------------------------------------
def helpers(system: System, zones: Iterable[ZoneSeen]) -> dict[str, Any]:
    """Small functions of the compose templates."""
    names_by_id = {zone.id: zone.name for zone in zones}
    timezone = system.config.agency.timezone
    return {
        "posted": partial(posted, system),
        "marked": marked,
        "language_name": language_name,
        "place_of": place_of,
        "lasting": lasting,
        "leaves": lambda seconds: local_time.write(system.now() + timedelta(seconds=seconds), timezone)[-5:],
        "names_of": lambda ids: ", ".join(names_by_id.get(id_, id_) for id_ in ids),
    }


def place_of(about: str) -> str:
    """The address within the page of what a finding is about."""
    return f"#said-{about.replace(':', '-').replace('.', '-')}" if about else "#check"


def lasting(seconds: float) -> str:
    """A length of time as somebody would say it."""
    minutes = math.ceil(seconds / 60)
    if minutes < 2:
        return _("less than a minute") if seconds < 60 else _("a minute")
    return _("%(n)s min", n=minutes) if minutes < 120 else _("%(n)s h", n=round(minutes / 60, 1))


# --- choosing ---------------------------------------------------------------------------------------------------
def offered() -> list[dict[str, Any]]:
    """Templates that a person may begin with, most urgent first. What ends an alert begins at that alert."""
    found = []
    for name in names():
        spec = load(name).spec
        if spec.people and spec.ending == "superseded":
            grade = level(spec.cap.urgency, spec.cap.severity, spec.cap.certainty, spec.cap.response_types)
            about = {"name": name, "title": title(spec), "spec": spec}
            found.append({**about, "level": str(grade), "order": grade.order})
    steps = {"order": 0, "warning": 1, "shelter": 2}
    return sorted(found, key=lambda t: (steps.get(t["spec"].evacuation, 3), t["order"], t["title"]))
