"""Message templates on disk: ``templates/messages/<template>/template.toml`` and ``<language>/<part>.j2``.

template.toml is data: typed fields, CAP defaults, whether it holds until lifted, what it does to what it
replaces. Parts are plain text in sandboxed Jinja2, where a name that does not exist is an error.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from broadcaster.domain.alert import Certainty, Severity, Urgency
from broadcaster.domain.errors import ConfigError, Invalid
from broadcaster.rendering.words import sentences, stop

ROOT = Path(__file__).resolve().parents[2] / "templates" / "messages"
KINDS = ("text", "choice", "time", "places")
PARTS = ("subject", "description", "instruction", "sms", "short", "long")
Words = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to fill in. ``choices``: key -> words; any other text is taken as it stands.

    ``proper``: names (roads, places) that are the same in every language. ``default``: words per language.
    ``sets``: choice key -> CAP urgency, severity, certainty that this choice means.
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
    """What the CAP info says unless a field says otherwise. ``event`` in words per language."""

    category: tuple[str, ...]
    event: Words
    response_types: tuple[str, ...] = ()
    urgency: Urgency = Urgency.UNKNOWN
    severity: Severity = Severity.UNKNOWN
    certainty: Certainty = Certainty.UNKNOWN


@dataclass(frozen=True, slots=True)
class Spec:
    """template.toml. ``evacuation`` is a step of the place's evacuation words, which then name the event."""

    title: Words
    cap: CapDefaults
    fields: Mapping[str, Field] = field(default_factory=dict)
    until_lifted: bool = False
    expires_hours: float = 6.0
    ending: str = "superseded"
    evacuation: str = ""
    people: bool = True  # offered to people; false: only documents make it


@dataclass(frozen=True, slots=True)
class Template:
    """A template by name, with the languages it has every part in."""

    name: str
    spec: Spec
    languages: tuple[str, ...]

    def part(self, language: str, part: str, context: Mapping[str, object], root: Path = ROOT) -> str:
        """The part's text; raises jinja2.UndefinedError for a name that does not exist."""
        return environment(root).get_template(f"{self.name}/{language}/{part}.j2").render(context)


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
    return Template(name, _spec(folder / "template.toml"), _languages(folder))


def names(root: Path = ROOT) -> tuple[str, ...]:
    """All templates."""
    return tuple(sorted(path.parent.name for path in root.glob("*/template.toml")))


def _languages(folder: Path) -> tuple[str, ...]:
    whole = [path for path in sorted(folder.iterdir()) if all((path / f"{part}.j2").is_file() for part in PARTS)]
    return tuple(path.name for path in whole)


def _spec(path: Path) -> Spec:
    hint = "see templates/messages/evacuation_order/template.toml"
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
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
    if spec.ending not in ("superseded", "cancelled", "lifted"):
        raise ConfigError("T004", f"{path} ending", f"{spec.ending!r} is unknown", "superseded, cancelled or lifted")
    return spec


def opening(text: str) -> str:
    """Words that a person typed, standing at the start of a sentence."""
    return text[:1].upper() + text[1:]
