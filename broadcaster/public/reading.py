"""Reads what ``public.site`` wrote: standard library only, so that the page stands when all else is down.

Layout of the folder: ``objects/<sha256>`` hold bodies, ``versions/<number>.json`` say which path is which
object in each state, ``current`` is a symbolic link to one of them, ``checked.json`` is the heartbeat.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

CHECKED_MARK = b"<!--checked-->"
STALE_MARK = b"<!--stale-->"
VERSION_MARK = b"<!--version-->"


@dataclass(frozen=True)
class Body:
    """Bytes as sent, with their ETag; compressed when first asked for."""

    raw: bytes

    @cached_property
    def etag(self) -> bytes:
        """Strong, from the content."""
        return b'"' + hashlib.sha256(self.raw).hexdigest()[:24].encode() + b'"'

    @cached_property
    def zipped(self) -> bytes:
        """gzip without a time in it, so that equal content stays equal."""
        return gzip.compress(self.raw, 6, mtime=0)


@dataclass(frozen=True, slots=True)
class Checked:
    """The heartbeat: when the publisher last made sure, as time and as each language's words."""

    at: datetime | None = None
    text: str = ""
    words: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path) -> Checked:
        """Of a site's folder; empty where there is none yet."""
        raw = _json(folder / "checked.json")
        if raw is None:
            return cls()
        return cls(moment(raw["checked"]), raw["checked"], raw["words"])

    def age(self, now: datetime) -> float:
        """Seconds; endless where nobody ever checked."""
        return float("inf") if self.at is None else (now - self.at).total_seconds()


class Shelf:
    """One state of the page in memory: path -> body; the disk is needed no more once it is made.

    HTML carries the clock time of the last check, and a band where that is too long ago (``mark``).
    """

    def __init__(self, folder: Path, manifest: dict[str, Any], state: dict[str, Any], old: Shelf | None = None) -> None:
        self.number: int = state["number"]
        self.version: dict[str, Any] = state["version"]
        self.stale_after: float = manifest["stale_after"]
        self._bands: dict[str, str] = manifest["stale"]
        self._files: dict[str, list[str]] = state["files"]
        known: dict[str, Body] = old._objects if old else {}
        names = {name for name, _, _ in self._files.values()}
        self._objects: dict[str, Body] = {name: known.get(name) or _object(folder, name) for name in names}
        self._made: dict[str, Body] = {}
        self._checked = Checked()
        self._is_stale = False

    def mark(self, checked: Checked, stale: bool) -> None:
        """Write this heartbeat into all HTML from now on."""
        self._checked, self._is_stale, self._made = checked, stale, {}

    def get(self, path: str) -> tuple[Body, str] | None:
        """Body and content type of a path, None for an unknown one."""
        if path not in self._files:
            return None
        name, kind, language = self._files[path]
        if not language:
            return self._objects[name], kind
        if path not in self._made:
            self._made[path] = Body(self._marked(self._objects[name].raw, language))
        return self._made[path], kind

    def version_json(self) -> bytes:
        """``/version.json``'s object on one line, the heartbeat merged in."""
        merged = {**self.version, "checked": self._checked.text or None, "checked_words": self._checked.words}
        return json.dumps(merged, ensure_ascii=False, separators=(",", ":")).encode()

    def _marked(self, raw: bytes, language: str) -> bytes:
        clock = self._checked.words.get(language, self._checked.text).encode()
        band = self._bands.get(language, "").encode() if self._is_stale else b""
        number = str(self.number).encode()
        return raw.replace(STALE_MARK, band).replace(CHECKED_MARK, clock).replace(VERSION_MARK, number)


def _object(folder: Path, name: str) -> Body:
    """A body, proven by its name: after a power cut a file may be empty."""
    raw = (folder / "objects" / name).read_bytes()
    if hashlib.sha256(raw).hexdigest() != name:
        raise ValueError(f"{name} in {folder}/objects is not what it was")
    return Body(raw)


@dataclass
class Library:
    """What lies in a site's folder: the newest version's manifest, and its state at a moment."""

    folder: Path
    target: str = ""
    manifest: dict[str, Any] | None = None

    def refresh(self) -> bool:
        """Look whether ``current`` names something else; True where it does and could be read."""
        try:
            target = os.readlink(self.folder / "current")
        except OSError:
            return False
        if target == self.target:
            return False
        found = _json(self.folder / target)
        if found is None:
            return False
        self.target, self.manifest = target, found
        return True

    def due(self, now: datetime) -> dict[str, Any] | None:
        """The state that holds now."""
        if self.manifest is None:
            return None
        states: list[dict[str, Any]] = self.manifest["states"]
        return [states[0], *(s for s in states[1:] if moment(s["from"]) <= now)][-1]

    def next_boundary(self, now: datetime) -> datetime | None:
        """When the state changes by itself."""
        later = [moment(s["from"]) for s in self.manifest["states"]] if self.manifest else []
        return min((t for t in later if t > now), default=None)


def moment(text: str) -> datetime:
    """Our stamps ("2026-11-22T00:36:11.000Z") as aware times."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _json(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found
