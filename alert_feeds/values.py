"""What CAP's words mean, shared by every format: times, places, references, VTEC. Pure.

Nothing here raises for bad input: it gives None (or less) and a note, which ends as a finding on the entry.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, TypeVar

from alert_feeds import own_zone
from broadcaster.domain.alert import CapMessage, Circle, Pair, Point, Reference, Ring
from broadcaster.domain.feed_entry import NO_TIME, Problem

Word = TypeVar("Word", bound=StrEnum)
MAX_NOTES = 50
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d?):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?"
    r"\s*(?:([Zz]|UTC|GMT)|([+-])(\d\d)(?::?(\d\d))?)?"
)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_VTEC = re.compile(
    r"/[OTEX]\.[A-Z]{3}\.[A-Z]{4}\.[A-Z]{2}\.[A-Z]\.\d{4}\.\d{6}T\d{4}Z-\d{6}T\d{4}Z/"
)  # NWS Directive 10-1703
_SPACES = re.compile(r"\s+")
_ROUND_COMMAS = re.compile(r"\s*,\s*")


class Notes:
    """Collects what was wrong with optional parts of one entry; at most ``MAX_NOTES``, so that garbage stays small."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def add(self, code: str, text: str) -> None:
        """One finding; ``text`` names the part and what was made of it."""
        if len(self._found) < MAX_NOTES:
            self._found.append(Problem(code, text[:300]))

    @property
    def found(self) -> tuple[Problem, ...]:
        """All findings in order."""
        return tuple(self._found)


def moment(text: str, part: str, notes: Notes) -> datetime | None:
    """CAP's dateTime as aware UTC; one without a zone is read in its feed's (``own_zone``), with a note."""
    match = _TIME.fullmatch(text.strip())
    try:
        found = _moment(match) if match else None
        if found is not None and match and not match.group(7) and not match.group(8):
            found, code, words = own_zone.read(found.replace(tzinfo=None))
            notes.add(code, f"{part} {text!r} names no time zone; {words}.")
    except (ValueError, OverflowError):
        found = None
    if found is None:
        notes.add("time", f"{part} {text!r} is not a time and was left out.")
    return found


def _moment(match: re.Match[str]) -> datetime:
    year, month, day, hour, minute = (int(match.group(i)) for i in range(1, 6))
    second = min(int(match.group(6) or 0), 59) if match.group(6) != "60" else 59  # a leap second
    if match.group(6) and int(match.group(6)) > 60:
        raise ValueError("seconds")
    late = timedelta(days=1) if (hour, minute) == (24, 0) else timedelta(0)  # midnight at a day's end, by XSD
    zone = UTC
    if match.group(8):
        away = timedelta(hours=int(match.group(9)), minutes=int(match.group(10) or 0))
        if away > timedelta(hours=14):
            raise ValueError("zone")
        zone = timezone(-away if match.group(8) == "-" else away)
    return (datetime(year, month, day, 0 if late else hour, minute, second, tzinfo=zone) + late).astimezone(UTC)


def word(kind: type[Word], text: str) -> Word | None:
    """The enumeration's member, whatever the case; None where it has no such word."""
    sought = text.strip().casefold()
    if sought == "very likely":  # CAP 1.0; CAP 1.1 section 3.2.2 reads it as Likely
        sought = "likely"
    return next((member for member in kind if member.value.casefold() == sought), None)


def number(text: str, part: str, notes: Notes) -> float | None:
    """A decimal; None with a note where it is none."""
    if _NUMBER.fullmatch(text.strip()) and math.isfinite(float(text)):
        return float(text)
    notes.add("number", f"{part} {text!r} is not a number and was left out.")
    return None


def ring(text: str, notes: Notes) -> Ring | None:
    """CAP's polygon ("lat,lon lat,lon ..."), closed; separators may be wrong, the numbers may not."""
    pairs = [part.split(",") for part in text.split()]
    if not all(len(pair) == 2 and all(_NUMBER.fullmatch(half) for half in pair) for pair in pairs):
        return _loose_ring(text, notes)
    return closed([(float(a), float(b)) for a, b in pairs], notes)


def _loose_ring(text: str, notes: Notes) -> Ring | None:
    """Spaces after commas, semicolons, trailing commas: the numbers in order, if they come in pairs."""
    parts = [part for part in re.split(r"[\s,;]+", text) if part]
    if len(parts) % 2 or not all(_NUMBER.fullmatch(part) for part in parts):
        notes.add("polygon", f"A polygon cannot be read and was left out: {text[:120]!r}")
        return None
    notes.add("polygon_form", "A polygon was not written as lat,lon pairs; its numbers were read in their order.")
    return closed([(float(a), float(b)) for a, b in zip(parts[::2], parts[1::2], strict=True)], notes)


def closed(points: Sequence[Point], notes: Notes) -> Ring | None:
    """A closed ring of at least three different places on earth, or None with a note."""
    if points and not _on_earth(points) and _on_earth([(b, a) for a, b in points]):
        notes.add("polygon_swapped", "A polygon had longitude before latitude; it was turned round.")
        points = [(b, a) for a, b in points]
    if not _on_earth(points) or len(set(points)) < 3:
        notes.add("polygon", f"A polygon has fewer than three places on earth and was left out ({len(points)} points).")
        return None
    if points[0] != points[-1]:
        notes.add("polygon_open", "A polygon was open; it was closed.")
        points = [*points, points[0]]
    return tuple(points)


def _on_earth(points: Sequence[Point]) -> bool:
    return all(-90 <= latitude <= 90 and -360 <= longitude <= 360 for latitude, longitude in points)


def circle(text: str, notes: Notes) -> Circle | None:
    """CAP's circle ("lat,lon radius", kilometres); radius 0 is a point."""
    parts = [part for part in re.split(r"[\s,;]+", text) if part]
    if len(parts) == 3 and all(_NUMBER.fullmatch(part) for part in parts):
        latitude, longitude, radius = (float(part) for part in parts)
        if _on_earth([(latitude, longitude)]) and 0 <= radius <= 20_040:  # half way round the earth
            return Circle((latitude, longitude), radius)
    notes.add("circle", f"A circle cannot be read and was left out: {text[:120]!r}")
    return None


def references(text: str, notes: Notes, own: str = "") -> tuple[Reference, ...]:
    """CAP's references ("sender,identifier,sent ..."); what lacks its time is kept with ``NO_TIME``.

    MoWaS writes lists of names, identifiers and one time, and repeats the identifier where its sender belongs: of those
    the sender is the message's ``own``.
    """
    plain = _ROUND_COMMAS.sub(",", text)
    lists = _lists(plain, notes, own)
    if lists:
        return tuple(dict.fromkeys(lists))
    found = (_reference(part, notes, own) for part in plain.split())
    return tuple(dict.fromkeys(reference for reference in found if reference))


def _lists(text: str, notes: Notes, own: str) -> list[Reference]:
    """ "a b,x.a x.b,time" as references to x.a and x.b."""
    names, *rest = (part.split() for part in text.split(","))
    if len(rest) != 2 or len(names) < 2 or len(names) != len(rest[0]):
        return []
    notes.add("reference", "The references are lists of names, identifiers and one time; the identifiers were taken.")
    pairs = zip(names, rest[0], strict=True)
    return [Reference(_sender(name, identifier, own), identifier, NO_TIME) for name, identifier in pairs]


def _sender(given: str, identifier: str, own: str) -> str:
    return own if own and given.startswith(f"{own}-") and identifier.endswith(given) else given


def _reference(part: str, notes: Notes, own: str) -> Reference | None:
    sender, comma, rest = part.partition(",")
    identifier, _, when = rest.rpartition(",")
    sent = moment(when, "A reference's time", notes) if identifier else None
    if sent is None:
        identifier = identifier or rest
        notes.add("reference", f"The reference {part[:120]!r} is not sender,identifier,sent.")
    if not (comma and sender and identifier):
        return None
    return Reference(_sender(sender, identifier, own), identifier, sent or NO_TIME)


def vtec(parameters: Sequence[Pair]) -> tuple[str, ...]:
    """All P-VTEC codes in parameters named VTEC, in order, each once."""
    texts = (value for name, value in parameters if name.casefold() == "vtec")
    return tuple(dict.fromkeys(code for text in texts for code in _VTEC.findall(text)))


def parameter(parameters: Sequence[Pair], name: str) -> str:
    """The first value of that name, whatever its case; "" where there is none."""
    return next((value for key, value in parameters if key.casefold() == name.casefold()), "")


def content_hash(message: CapMessage) -> str:
    """Hex SHA-256 of what the message says: not of its bytes, so that re-indenting or re-encoding changes nothing."""
    canonical = _canonical(message)
    return hashlib.sha256(json.dumps(canonical, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def _canonical(value: Any) -> Any:
    if isinstance(value, float) or value is None:
        return value
    if isinstance(value, tuple):
        return [_canonical(item) for item in value]
    if dataclasses.is_dataclass(value):
        return {part.name: _canonical(getattr(value, part.name)) for part in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return _SPACES.sub(" ", value).strip() if isinstance(value, str) else value
