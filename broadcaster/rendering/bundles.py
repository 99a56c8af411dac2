"""Bundles on disk: ``templates/bundles/<name>.toml``, several templates of one incident reviewed under one signature.

``parts`` stand in the order in which they are sent. ``shared`` fields are filled in once for all parts; all others
belong to the part whose template has them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from broadcaster.domain.errors import ConfigError, Invalid
from broadcaster.rendering import templates
from broadcaster.rendering.templates import Field, Words

ROOT = templates.ROOT.parent / "bundles"


@dataclass(frozen=True, slots=True)
class Bundle:
    """``parts``: names of templates, the one sent first standing first. ``shared``: names of fields."""

    name: str
    title: Words
    parts: tuple[str, ...]
    shared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _File:
    title: Words
    parts: tuple[str, ...]
    shared: tuple[str, ...] = ()


@cache
def load_bundle(name: str, root: Path = ROOT) -> Bundle:
    """The bundle; raises Invalid ("unknown_bundle") for an unknown name and ConfigError for a broken file."""
    path = root / f"{name}.toml"
    if not name.replace("_", "").isalnum() or not path.is_file():
        known = ", ".join(bundle_names(root)) or "none"
        raise Invalid("unknown_bundle", f"There is no bundle {name!r}. Known: {known}.")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        read = TypeAdapter(with_config(ConfigDict(extra="forbid"))(_File)).validate_python(raw)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("T010", str(path), f"is not TOML: {error}", "mend that line") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        hint = "see templates/bundles/evacuation.toml"
        raise ConfigError("T011", f"{path} {key}", first["msg"], hint) from error
    return Bundle(name, read.title, read.parts, read.shared)


def bundle_names(root: Path = ROOT) -> tuple[str, ...]:
    """All bundles."""
    return tuple(sorted(path.stem for path in root.glob("*.toml")))


def faults(bundle: Bundle, known: Mapping[str, Mapping[str, Field]]) -> list[str]:
    """What is wrong, in words. ``known``: the fields of every template by name.

    Parts must exist, each once, two at least; a shared field means the same in all of them.
    """
    missing = [part for part in bundle.parts if part not in known]
    found = [f"there is no template {part!r}" for part in missing]
    if len(set(bundle.parts)) != len(bundle.parts):
        found.append("a template stands in parts twice")
    if len(bundle.parts) < 2:
        found.append("it needs two parts at least")
    there = [part for part in bundle.parts if part not in missing]
    return found + [text for name in bundle.shared for text in _shared(name, {part: known[part] for part in there})]


def _shared(name: str, parts: Mapping[str, Mapping[str, Field]]) -> list[str]:
    lacking = [part for part, fields in parts.items() if name not in fields]
    if lacking:
        return [f"the shared field {name!r} is missing in {', '.join(lacking)}"]
    kinds = {(fields[name].kind, tuple(sorted(fields[name].choices))) for fields in parts.values()}
    if len(kinds) > 1:
        return [f"the shared field {name!r} is not of the same kind, with the same choices, in all parts"]
    return []
