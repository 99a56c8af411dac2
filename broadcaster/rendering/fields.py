"""Filled-in fields to words of one language, with findings about what is missing or not translated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from broadcaster.domain.errors import Invalid
from broadcaster.domain.message import Finding
from broadcaster.rendering.spoken import said_when
from broadcaster.rendering.templates import Field, Spec
from broadcaster.rendering.words import pick, places, when


@dataclass(frozen=True, slots=True)
class Tongue:
    """One way of saying it. ``first`` is the language that plain field keys are written in; ``spoken``: by a voice."""

    language: str
    first: str
    timezone: str
    plain: bool = False
    spoken: bool = False

    def when(self, moment: datetime) -> str:
        """A time in this tongue."""
        return (said_when if self.spoken else when)(moment, self.timezone, self.language, self.plain)


def check_names(spec: Spec, fields: Mapping[str, str], languages: Iterable[str]) -> None:
    """Every key is a field of the template, or ``field.language`` (``field.es_plain`` for SMS); else Invalid."""
    known = {f"{language}{ending}" for language in languages for ending in ("", "_plain")}
    for key in fields:
        name, dot, language = key.partition(".")
        if name not in spec.fields or (dot and language not in known):
            raise Invalid(
                "unknown_field", f"The template has no field {key!r}. Known: {', '.join(spec.fields) or 'none'}."
            )


def check(spec: Spec, fields: Mapping[str, str], languages: Iterable[str], first: str) -> list[Finding]:
    """What must be filled in, is too long or unreadable (blocking), or is not said in a language (to be seen)."""
    found: list[Finding] = []
    for name, one in spec.fields.items():
        value = fields.get(name, "").strip()
        if one.required and not value and not one.default:
            text = f"{pick(one.label, 'en')} ({name}) is missing."
            found.append(Finding("missing_field", text, blocking=True, about=f"field:{name}"))
        if one.kind == "time" and value and _moment(value) is None:
            text = f"{pick(one.label, 'en')} ({name}) is no time. Write it like 2026-11-22T18:30:00-08:00."
            found.append(Finding("unreadable_field", text, blocking=True, about=f"field:{name}"))
        found += [_untranslated(name, one, lang) for lang in languages if _foreign(name, one, fields, lang, first)]
    found += [
        Finding("long_field", f"{key} has {len(text)} characters; {most} fit.", blocking=True, about=f"field:{key}")
        for key, text in fields.items()
        if len(text) > (most := spec.fields[key.partition(".")[0]].max_length)
    ]
    return found


def resolve(spec: Spec, fields: Mapping[str, str], tongue: Tongue) -> dict[str, str]:
    """Every field of the template in words; empty where nothing is said."""
    return {name: _one(name, one, fields, tongue) for name, one in spec.fields.items()}


def foreign(spec: Spec, fields: Mapping[str, str], language: str, first: str) -> bool:
    """Is anything filled in that is not said in this language?"""
    return any(_foreign(name, one, fields, language, first) for name, one in spec.fields.items())


def choice_of(one: Field, value: str) -> str | None:
    """The key of the choice that a value names, by key or by any of its words, whatever the capitals."""
    wanted = value.strip().casefold()
    for key, words in one.choices.items():
        if wanted in {key.casefold(), key.replace("_", " ").casefold(), *(w.casefold() for w in words.values())}:
            return key
    return None


def _one(name: str, one: Field, fields: Mapping[str, str], tongue: Tongue) -> str:
    own = _own(name, fields, tongue)
    value = own or fields.get(name, "").strip()
    if not value:
        if one.default:
            return pick(one.default, tongue.language, tongue.plain)
        return f"[{name}]" if one.required else ""
    if own:
        return own
    if one.kind == "time":
        moment = _moment(value)
        return tongue.when(moment) if moment else value
    if one.kind == "places":
        return places([part.strip() for part in value.split(";") if part.strip()], tongue.language, tongue.plain)
    key = choice_of(one, value)
    if key is not None:
        return pick(one.choices[key], tongue.language, tongue.plain)
    return _text(one, value, tongue)


def _text(one: Field, value: str, tongue: Tongue) -> str:
    """Free words: in their own language; elsewhere only where they must be said, or where words are prepared."""
    if tongue.language == tongue.first or one.proper:
        return value
    if one.default:
        return pick(one.default, tongue.language, tongue.plain)
    return value if one.required else ""


def _own(name: str, fields: Mapping[str, str], tongue: Tongue) -> str:
    keys = [f"{name}.{tongue.language}_plain"] if tongue.plain else []
    return next((fields[k].strip() for k in [*keys, f"{name}.{tongue.language}"] if fields.get(k, "").strip()), "")


def _foreign(name: str, one: Field, fields: Mapping[str, str], language: str, first: str) -> bool:
    value = fields.get(name, "").strip()
    if not value or language == first or one.proper or one.kind in ("time", "places"):
        return False
    return choice_of(one, value) is None and not fields.get(f"{name}.{language}", "").strip()


def _untranslated(name: str, one: Field, language: str) -> Finding:
    label = pick(one.label, "en")
    text = f"{label} ({name}) is not said in {language}. Fill in {name}.{language}, or people read less there."
    return Finding("untranslated", text, about=f"field:{name}.{language}")


def _moment(value: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
