"""Message templates on disk: ``templates/messages/<template>/template.toml`` and ``<language>/<part>.j2``.

template.toml is data: typed fields, CAP defaults, whether it holds until lifted, what it does to what it
replaces. A field may be ``like`` one of ``_shared/fields.toml``. Parts are plain text in sandboxed Jinja2, where a
name that does not exist is an error. docs/templates.md says what each key means.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from broadcaster.domain.alert import Certainty, Severity, Urgency
from broadcaster.domain.errors import ConfigError, Invalid
from broadcaster.domain.ipaws import EVENT_CODES
from broadcaster.domain.message import VOICE
from broadcaster.rendering.words import sentences, stop

ROOT = Path(__file__).resolve().parents[2] / "templates" / "messages"
SHARED = "_shared"
FACTS = "facts"
KINDS = ("text", "long", "choice", "time", "places")
PARTS = ("subject", "description", "instruction", "sms", "short", "long")
BRIEF = "brief"  # headline, end, source and link: for accounts that take little
FORMS = ("sms", "short", "long", BRIEF, VOICE)  # what a channel may ask for (``Limits.form``)
TOLD = {"sms": FACTS, VOICE: f"{FACTS}_{VOICE}"}  # in which form people whose language has only facts are told them
Words = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to fill in. ``choices``: key -> words; any other text is taken as it stands.

    ``kind``: text (one line), long (several lines), choice, time (RFC 3339 with its zone), places (names separated
    by ";"). ``hint``: an example of a text, else a word of help. ``proper``: names (roads, places) that are the same
    in every language. ``default``: words per language. ``sets``: choice key -> CAP urgency, severity, certainty that
    this choice means.
    """

    label: Words
    kind: str = "text"
    required: bool = False
    max_length: int = 120
    proper: bool = False
    choices: Mapping[str, Words] = field(default_factory=dict)
    default: Words = field(default_factory=dict)
    sets: Mapping[str, tuple[Urgency, Severity, Certainty]] = field(default_factory=dict)
    hint: Words = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CapDefaults:
    """What the CAP info says unless a field says otherwise. ``event`` in words per language; ``same``: the event code
    of 47 CFR 11.31(e) that the federal gateway wants (``domain.ipaws``)."""

    category: tuple[str, ...]
    event: Words
    response_types: tuple[str, ...] = ()
    urgency: Urgency = Urgency.UNKNOWN
    severity: Severity = Severity.UNKNOWN
    certainty: Certainty = Certainty.UNKNOWN
    same: str = "CEM"


@dataclass(frozen=True, slots=True)
class Spec:
    """template.toml. ``evacuation`` is a step of the place's evacuation words, which then name the event.

    ``action``: the one thing to do, in languages that have no text but these facts; where there is a field
    ``guidance``, its choice stands instead. ``all_clear``: what the template ``lifted`` says when this one is lifted,
    a choice of its field ``guidance``. ``endings``: what the page calls the ending, by that choice: "safe" is said of
    what somebody declared safe, and of nothing else.
    """

    title: Words
    cap: CapDefaults
    fields: Mapping[str, Field] = field(default_factory=dict)
    until_lifted: bool = False
    expires_hours: float = 6.0
    ending: str = "superseded"
    evacuation: str = ""
    action: Words = field(default_factory=dict)
    all_clear: str = "danger_over"
    endings: Mapping[str, Words] = field(default_factory=dict)
    people: bool = True  # offered to people; false: only documents make it


@dataclass(frozen=True, slots=True)
class Template:
    """A template by name, with the languages it has every part in; ``facts``: those with a few phrases alone."""

    name: str
    spec: Spec
    languages: tuple[str, ...]
    facts: tuple[str, ...] = ()

    def part(
        self, language: str, part: str, context: Mapping[str, object], root: Path = ROOT, variant: str = ""
    ) -> str:
        """The part's text: the template's own, else the shared one, else the words of a text message.

        Words for the kind ``variant`` (``short-nextdoor.j2``), own or shared, stand before those for all kinds.
        Raises jinja2.UndefinedError for a name that does not exist.
        """
        special = [(folder, f"{part}-{variant}") for folder in (self.name, SHARED) if variant]
        places = [*special, (self.name, part), (SHARED, part), (self.name, "sms")]
        files = [f"{folder}/{language}/{file}.j2" for folder, file in places]
        return environment(root).select_template(files).render(context)


@cache
def environment(root: Path = ROOT) -> SandboxedEnvironment:
    """Sandboxed, strict; plain text, so nothing is escaped here (pages and XML escape where they write)."""
    made = SandboxedEnvironment(
        loader=FileSystemLoader(root),
        undefined=StrictUndefined,
        autoescape=False,
    )
    made.filters["sentences"] = sentences
    made.filters["stop"] = stop
    made.filters["opening"] = opening
    return made


@cache
def load(name: str, root: Path = ROOT) -> Template:
    """The template; raises Invalid for an unknown name and ConfigError for a broken file."""
    folder = root / name
    if not name.replace("_", "").isalnum() or not (folder / "template.toml").is_file():
        raise Invalid("unknown_template", f"There is no template {name!r}. Known: {', '.join(names(root))}.")
    spec, whole = _spec(folder / "template.toml"), _languages(folder)
    return Template(name, spec, whole, tuple(language for language in _facts(spec, root) if language not in whole))


def names(root: Path = ROOT) -> tuple[str, ...]:
    """All templates."""
    return tuple(sorted(path.parent.name for path in root.glob("*/template.toml")))


def variants(root: Path = ROOT) -> tuple[tuple[str, str], ...]:
    """(form, kind) of all files that have words for one kind alone."""
    named = {file.stem.partition("-") for file in root.glob("*/*/*-*.j2")}
    return tuple(sorted((form, kind) for form, _, kind in named))


def incomplete(name: str, root: Path = ROOT) -> dict[str, tuple[str, ...]]:
    """Languages that somebody began and that lack parts, each with the parts it lacks."""
    begun = [path for path in sorted((root / name).iterdir()) if path.is_dir() and any(path.glob("*.j2"))]
    lacking = {path.name: tuple(part for part in PARTS if not (path / f"{part}.j2").is_file()) for path in begun}
    return {language: parts for language, parts in lacking.items() if parts}


def words_digest(template: Template, language: str, lawful: Mapping[str, str], root: Path = ROOT) -> str:
    """Hex SHA-256 of all that people may read of this template in this language; labels and hints are not among it.

    Its parts, the shared parts, the words of events, choices and defaults, and ``lawful``: the place's own words.
    """
    keys = (language, f"{language}_plain")
    files = [file for name in (template.name, SHARED) for file in sorted((root / name / language).glob("*.j2"))]
    fields = {
        name: [_in(one.default, keys), {key: _in(words, keys) for key, words in one.choices.items()}]
        for name, one in template.spec.fields.items()
    }
    read = {
        "parts": {f"{file.parts[-3]}/{file.name}": file.read_text(encoding="utf-8") for file in files},
        "event": _in(template.spec.cap.event, keys),
        "action": _in(template.spec.action, keys),
        "fields": fields,
        "endings": {key: _in(words, keys) for key, words in template.spec.endings.items()},
        "lawful": dict(lawful),
    }
    body = json.dumps(read, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(body.encode()).hexdigest()


def _in(words: Words, keys: tuple[str, ...]) -> dict[str, str]:
    return {key: words[key] for key in keys if key in words}


def _languages(folder: Path) -> tuple[str, ...]:
    whole = [path for path in sorted(folder.iterdir()) if all((path / f"{part}.j2").is_file() for part in PARTS)]
    return tuple(path.name for path in whole)


def _facts(spec: Spec, root: Path) -> list[str]:
    """Languages in which a text message can say event, what to do, place and end."""
    said = [path.parent.name for path in sorted((root / SHARED).glob(f"*/{FACTS}.j2"))]
    advice = [*spec.fields["guidance"].choices.values()] if "guidance" in spec.fields else [spec.action]
    return [language for language in said if all(language in words for words in (spec.cap.event, *advice))]


def _spec(path: Path) -> Spec:
    hint = "see templates/messages/evacuation_order/template.toml"
    try:
        raw = _like(path, tomllib.loads(path.read_text(encoding="utf-8")))
        spec = TypeAdapter(with_config(ConfigDict(extra="forbid"))(Spec)).validate_python(raw)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("T001", str(path), f"is not TOML: {error}", "mend that line") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError("T002", f"{path} {key}", first["msg"], hint) from error
    for name, one in spec.fields.items():
        if one.kind not in KINDS:
            raise ConfigError(
                "T003", f"{path} fields.{name}.kind", f"{one.kind!r} is unknown", f"known: {', '.join(KINDS)}"
            )
    if spec.cap.same not in EVENT_CODES:
        raise ConfigError("T006", f"{path} cap.same", f"{spec.cap.same!r} is no event code", "see 47 CFR 11.31(e)")
    if spec.ending not in ("superseded", "cancelled", "lifted"):
        raise ConfigError("T004", f"{path} ending", f"{spec.ending!r} is unknown", "superseded, cancelled or lifted")
    return spec


def _like(path: Path, raw: dict[str, Any]) -> dict[str, Any]:
    """The fields with what ``like`` borrows from _shared/fields.toml; keys of their own stand before borrowed ones."""
    file = path.parents[1] / SHARED / "fields.toml"
    shared = tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    for name, own in (raw.get("fields") or {}).items():
        wanted = own.pop("like", None) if isinstance(own, dict) else None
        if wanted is None:
            continue
        if wanted not in shared:
            hint = f"known: {', '.join(shared) or 'none'}"
            raise ConfigError("T005", f"{path} fields.{name}.like", f"{wanted!r} is no shared field", hint)
        raw["fields"][name] = shared[wanted] | own
    return raw


def opening(text: str) -> str:
    """Words that a person typed, standing at the start of a sentence."""
    return text[:1].upper() + text[1:]
