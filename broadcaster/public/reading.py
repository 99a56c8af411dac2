"""Reads what ``public.site`` wrote: standard library only, so that the page stands when all else is down.

Layout of the folder: ``objects/<sha256>`` hold bodies, ``versions/<number>.json`` say which path is which
object in each state, ``current`` is a symbolic link to one of them, ``checked.json`` is the heartbeat.
"""

from __future__ import annotations

import gzip
import hashlib
import html
import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from broadcaster.public import asking

CHECKED_MARK = b"<!--checked-->"
STALE_MARK = b"<!--stale-->"
VERSION_MARK = b"<!--version-->"
PREFIX_MARK = b"<!--prefix-->"  # before addresses of the agency's first language
QUERY_MARK = b"<!--query-->"
FOUND_MARK = b"<!--found-->"


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
        return gzip.compress(self.raw, 9, mtime=0)


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
        self.languages: list[str] = manifest["languages"]
        self._bands: dict[str, str] = manifest["stale"]
        kept = {path: entry for made in manifest["kept"].values() for path, entry in made.items()}
        self._files: dict[str, list[str]] = kept | state["files"]
        self._folder = folder
        known: dict[str, Body] = old._objects if old else {}
        names = {name for name, _, _ in state["files"].values()}
        self._objects: dict[str, Body] = {name: known.get(name) or _object(folder, name) for name in names}
        self._made: dict[tuple[str, str], Body] = {}
        self._checked = Checked()
        self._is_stale = False

    def mark(self, checked: Checked, stale: bool) -> None:
        """Write this heartbeat into all HTML from now on."""
        self._checked, self._is_stale, self._made = checked, stale, {}

    def get(self, path: str, prefix: str = "") -> tuple[Body, str] | None:
        """Body and content type of a path, None for an unknown one. ``prefix`` opens the addresses in a page of the
        agency's first language."""
        if path not in self._files:
            return None
        name, kind, language = self._files[path]
        found = self._body(name)
        if found is None:
            return None
        if not language:
            return found, kind
        if (path, prefix) not in self._made:
            self._made[path, prefix] = Body(self._marked(found.raw, language, prefix))
        return self._made[path, prefix], kind

    def is_page(self, path: str) -> bool:
        """Whether there is a page of that address, in every language."""
        return bool(self._files.get(path, ("", "", ""))[2])

    def search(self, path: str, prefix: str, language: str, wanted: str) -> tuple[Body, str] | None:
        """The page of all zones with what a search found on it."""
        found, rows = self.get(path, prefix), self.get(f"finder:{language}")
        if found is None or rows is None:
            return None
        name = self._files[path][0]
        answer = _answer(json.loads(rows[0].raw), wanted)
        whole = self._body(name)
        assert whole is not None
        return Body(self._marked(whole.raw, language, prefix, html.escape(wanted), answer)), found[1]

    def _body(self, name: str) -> Body | None:
        """From memory; pages of alerts that ended long ago are read when somebody asks."""
        if name in self._objects:
            return self._objects[name]
        try:
            return _object(self._folder, name)
        except (OSError, ValueError):
            return None

    def version_json(self) -> bytes:
        """``/version.json``'s object on one line, the heartbeat merged in."""
        merged = {**self.version, "checked": self._checked.text or None, "checked_words": self._checked.words}
        return json.dumps(merged, ensure_ascii=False, separators=(",", ":")).encode()

    def _marked(self, raw: bytes, language: str, prefix: str = "", query: str = "", found: str = "") -> bytes:
        marks = {
            STALE_MARK: self._bands.get(language, "") if self._is_stale else "",
            FOUND_MARK: found,
            CHECKED_MARK: self._checked.words.get(language, self._checked.text),
            VERSION_MARK: str(self.number),
            PREFIX_MARK: prefix,
            QUERY_MARK: query,
        }
        for mark, text in marks.items():
            raw = raw.replace(mark, text.encode())
        return raw


def _answer(finder: dict[str, Any], wanted: str) -> str:
    """What a search found, as a part of the page."""
    rows = asking.found(wanted, finder["rows"])
    key = "found_one" if len(rows) == 1 else "found_some"
    if not rows:
        rows = asking.near(wanted, finder["rows"])
        key = "found_near" if rows else "found_none"
    said = (
        html.escape(finder["said"][key])
        .replace("{query}", f"<bdi>{html.escape(wanted)}</bdi>")
        .replace("{n}", str(len(rows)))
    )
    listed = "".join(row["html"] for row in rows)
    return f'<p id="found">{said}</p>' + (f'<ul class="zones">{listed}</ul>' if rows else "")


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
