"""What a feed's format lacks (severity, urgency, certainty, event, category, end, area) filled by a table that says so.

The table is ``[feed.mapping]`` in config/feeds.toml over the format's own (``MAPPING`` of its parser). It never
changes what a document says; each thing it fills is a ``Problem`` of code ``mapped`` on the entry, and what neither
document nor table gives stays Unknown, with a ``Problem`` of code ``unknown``: that is for a person to decide. Pure.

A value is a word, or a list of cases of which the first that holds decides::

    severity = [{ when = { magnitude = ">= 6", distance_km = "< 100" }, value = "Severe" }, "Minor"]

Conditions look at facts: the entry's parameters by name, ``category``, ``place`` (areas' names), ``severity``,
``urgency`` and ``certainty`` as read, and ``distance_km`` from ``near``. A condition is a number, a comparison
(``">= 6"``), a word in which ``*`` stands for anything, or a list of words.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

from broadcaster.domain.alert import (
    Area,
    CapMessage,
    Certainty,
    Circle,
    Info,
    MsgType,
    Pair,
    Point,
    Severity,
    Urgency,
)
from broadcaster.domain.feed_entry import FeedEntry, Problem

WORDS: Mapping[str, type[StrEnum]] = {"severity": Severity, "urgency": Urgency, "certainty": Certainty}
CATEGORIES = ("Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE")
NUMBERS = {"expires_minutes": 60 * 24 * 30, "radius_km": 5_000}  # the most that makes sense
TEXTS = ("event", "category", "area")
OWN_FACTS = frozenset(["category", "place", "severity", "urgency", "certainty", "distance_km"])
EARTH_KM = 6371.0
LAST_START = datetime(9000, 1, 1, tzinfo=UTC)  # a start so late that an end could not be written any more
MOST_CASES = 500
_COMPARISON = re.compile(r"\s*(>=|<=|>|<)\s*([+-]?\d+(?:\.\d+)?)\s*")
_NUMBER = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)")
_FACT = re.compile(r"\{([^{}]+)\}")
_CODES = re.compile(r"[A-Za-z][\w-]*( [^\s]+)+")
_CIRCLE = re.compile(r"circle (-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?) (\d+(?:\.\d+)?)")
_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
Facts = Mapping[str, Sequence[str]]


class WrongMapping(Exception):
    """A table that cannot be used: ``key`` says where in it, ``hint`` what to write instead."""

    def __init__(self, key: str, text: str, hint: str) -> None:
        super().__init__(f"{key}: {text}")
        self.key = key
        self.text = text
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Case:
    """``value`` where every condition holds: a fact's name with patterns, of which one must fit one of its values."""

    value: str
    when: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Filling:
    """A table as read: key -> its cases. ``near`` is the place from which ``distance_km`` is measured."""

    cases: Mapping[str, tuple[Case, ...]] = field(default_factory=dict)
    near: Point | None = None

    def over(self, own: Filling) -> Filling:
        """This table laid over a format's own: each key of it replaces the other's."""
        return Filling({**own.cases, **self.cases}, self.near or own.near)


def filling(raw: Mapping[str, object], facts: Collection[str] | None = None) -> Filling:
    """A table from TOML's values. Raises WrongMapping; with ``facts``, also for a fact the format never has."""
    cases: dict[str, tuple[Case, ...]] = {}
    near = None
    for key, given in raw.items():
        if key == "near":
            near = _place(given)
        elif key in WORDS or key in NUMBERS or key in TEXTS:
            cases[key] = tuple(_cases(key, given))
        else:
            known = ", ".join([*WORDS, *TEXTS, *NUMBERS, "near"])
            raise WrongMapping(key, "unknown key", f"known keys: {known}")
    known_facts = None if facts is None else {*OWN_FACTS, *(fact.casefold() for fact in facts)}
    _check_facts(cases, near, known_facts)
    return Filling(cases, near)


def _check_facts(cases: Mapping[str, Sequence[Case]], near: Point | None, known: Collection[str] | None) -> None:
    for key, several in cases.items():
        for name in [name for case in several for name, _ in case.when]:
            if name == "distance_km" and near is None:
                raise WrongMapping(key, "distance_km needs a place to measure from", "near = [latitude, longitude]")
            if known is not None and name not in known:
                hint = f"known: {', '.join(sorted(known))}"
                raise WrongMapping(key, f"this format has no {name!r}, so that case would never hold", hint)


def _place(given: object) -> Point:
    if isinstance(given, list) and len(given) == 2 and all(_is_number(part) for part in given):
        latitude, longitude = float(given[0]), float(given[1])
        if -90 <= latitude <= 90 and -180 <= longitude <= 180:
            return latitude, longitude
    raise WrongMapping("near", f"{given!r} is no place", "near = [38.9, -122.6], latitude first")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _cases(key: str, given: object) -> Iterator[Case]:
    several = given if isinstance(given, list) else [given]
    if not several or len(several) > MOST_CASES:
        raise WrongMapping(key, "has no case, or too many", f"one value, or 1 to {MOST_CASES} cases")
    for number, one in enumerate(several, 1):
        if not isinstance(one, dict):
            yield Case(_value(key, one))
        elif set(one) == {"when", "value"} and isinstance(one["when"], dict) and one["when"]:
            yield Case(_value(key, one["value"]), tuple(_condition(key, *part) for part in one["when"].items()))
        else:
            text = f"case {number} has not exactly when and value"
            raise WrongMapping(key, text, '{ when = { magnitude = ">= 6" }, value = "Severe" }')


def _value(key: str, given: object) -> str:
    if key in WORDS:
        names = [word.value for word in WORDS[key]]
        found = next((name for name in names if isinstance(given, str) and name.casefold() == given.casefold()), None)
        if found is None:
            raise WrongMapping(key, f"{given!r} is no {key}", f"one of {', '.join(names)}")
        return found
    if key in NUMBERS:
        if not _is_number(given) or not 0 < float(str(given)) <= NUMBERS[key]:
            raise WrongMapping(key, f"{given!r} is out of range", f"a number above 0, at most {NUMBERS[key]}")
        return str(given)
    return _text(key, given)


def _text(key: str, given: object) -> str:
    if not isinstance(given, str) or not given.strip():
        raise WrongMapping(key, f"{given!r} is no text", f'for example {key} = "Earthquake"')
    if key == "category" and given not in CATEGORIES:
        raise WrongMapping(key, f"{given!r} is no category of CAP", f"one of {', '.join(CATEGORIES)}")
    if key == "area" and not _is_area(given):
        raise WrongMapping(key, f"{given!r} is no area", '"SAME 006033 006045" or "circle 38.9,-122.6 25" (km)')
    return given


def _is_area(text: str) -> bool:
    match = _CIRCLE.fullmatch(text)
    if match:
        return abs(float(match.group(1))) <= 90 and abs(float(match.group(2))) <= 180 and float(match.group(3)) > 0
    return not text.startswith("circle") and bool(_CODES.fullmatch(text))


def _condition(key: str, fact: str, given: object) -> tuple[str, tuple[str, ...]]:
    patterns = given if isinstance(given, list) else [given]
    if not patterns or not all(isinstance(one, str) or _is_number(one) for one in patterns):
        raise WrongMapping(key, f"the condition of {fact} is {given!r}", '">= 6", a number, a word or a list of words')
    for one in patterns:
        if isinstance(one, str) and one.lstrip()[:1] in ("<", ">", "=") and not _COMPARISON.fullmatch(one):
            raise WrongMapping(key, f"the condition of {fact} {one!r} compares with no number", 'for example ">= 6"')
    return fact.casefold(), tuple(one if isinstance(one, str) else f"= {one}" for one in patterns)


# --- filling --------------------------------------------------------------------------------------------------
def fill(entry: FeedEntry, table: Filling) -> FeedEntry:
    """The entry with what it lacks filled from the table, and a finding for each thing filled or still unknown.

    Its hash stays that of what the document said: another table does not make another message of it.
    """
    if entry.message.msg_type not in (MsgType.ALERT, MsgType.UPDATE):
        return entry
    notes: dict[Problem, None] = {}
    infos = tuple(_filled(info, entry.message, table, notes) for info in entry.message.infos)
    known = {finding.code for finding in entry.findings}
    notes |= {note: None for info in infos for note in _still_lacking(info) if note.code not in known}
    found = tuple(note for note in notes if note not in entry.findings)
    return replace(entry, message=replace(entry.message, infos=infos), findings=(*entry.findings, *found))


def _filled(info: Info, message: CapMessage, table: Filling, notes: dict[Problem, None]) -> Info:
    facts = _facts(info, table.near)
    info = _with_words(info, table, facts, notes)
    if not info.event and (event := _chosen("event", table, facts, notes)):
        info = replace(info, event=event)
    if not info.categories and (category := _chosen("category", table, facts, notes)):
        info = replace(info, categories=(category,))
    start = min(info.onset or message.sent, LAST_START)
    if info.expires is None and (minutes := _chosen("expires_minutes", table, facts, notes)):
        info = replace(info, expires=start + timedelta(minutes=float(minutes)))
    return replace(info, areas=_areas(info, table, facts, notes))


def _still_lacking(info: Info) -> Iterator[Problem]:
    if not info.event:
        yield Problem("no_event", "Neither the document nor a mapping says what happens.")
    if info.expires is None:
        yield Problem("no_expires", "Neither the document nor a mapping says when it ends.")
    if not info.areas:
        yield Problem("no_area", "Neither the document nor a mapping says where it holds.")
    elif not any(area.polygons or area.circles or area.geocodes for area in info.areas):
        yield Problem("area_by_name", "Its area is a name alone, which a mapping can give codes or a circle.")


def _with_words(info: Info, table: Filling, facts: Facts, notes: dict[Problem, None]) -> Info:
    changes: dict[str, StrEnum] = {}
    for key, kind in WORDS.items():
        if getattr(info, key) != kind("Unknown"):
            continue
        changes[key] = kind(_chosen(key, table, facts, notes) or "Unknown")
        if changes[key] == kind("Unknown"):
            text = f"{key} is Unknown: neither the document nor a mapping says it. A person decides."
            notes[Problem("unknown", text)] = None
    return replace(info, **changes)  # type: ignore[arg-type]


def _areas(info: Info, table: Filling, facts: Facts, notes: dict[Problem, None]) -> tuple[Area, ...]:
    """A place without a size gets ``radius_km``; an info that says of no place where it holds gets ``area``."""
    if not any(area.polygons or area.circles or area.geocodes for area in info.areas):
        text = _chosen("area", table, facts, notes)
        return (*info.areas, _area(text, info)) if text else info.areas
    if not any(circle.radius_km == 0 for area in info.areas for circle in area.circles):
        return info.areas
    radius = _chosen("radius_km", table, facts, notes)
    return tuple(_widened(area, float(radius)) for area in info.areas) if radius else info.areas


def _widened(area: Area, radius: float) -> Area:
    circles = tuple(Circle(one.centre, radius) if one.radius_km == 0 else one for one in area.circles)
    return replace(area, circles=circles)


def _area(text: str, info: Info) -> Area:
    name = next((area.description for area in info.areas if area.description), text)
    match = _CIRCLE.fullmatch(text)
    if match:
        latitude, longitude, radius = (float(part) for part in match.groups())
        return Area(name, circles=(Circle((latitude, longitude), radius),))
    kind, *codes = text.split()
    pairs: tuple[Pair, ...] = tuple((kind, code) for code in codes)
    return Area(name, geocodes=pairs)


def _chosen(key: str, table: Filling, facts: Facts, notes: dict[Problem, None]) -> str:
    """The value of the first case that holds, said in a note; "" where none does or a fact in it is not there."""
    for case in table.cases.get(key, ()):
        because = _because(case, facts)
        if because is None:
            continue
        value = case.value if key in WORDS or key in NUMBERS else _written(case.value, facts)
        if value and value != "Unknown":
            unit = {"expires_minutes": " minutes after its onset, or else after sent", "radius_km": " km"}.get(key, "")
            text = f"{key} filled by mapping: {because} -> {value}{unit}"
            notes[Problem("mapped", text[:300])] = None
        return value
    return ""


def _because(case: Case, facts: Facts) -> str | None:
    """The facts that made the case hold, as text; None where it does not hold."""
    held = []
    for name, patterns in case.when:
        value = next((one for one in facts.get(name, ()) if any(_fits(one, pattern) for pattern in patterns)), None)
        if value is None:
            return None
        held.append(f"{name} {value[:60]}")
    return ", ".join(held) or "in every case"


def _fits(value: str, pattern: str) -> bool:
    match = _COMPARISON.fullmatch(pattern)
    number = _NUMBER.match(value)
    if match:
        return number is not None and _SIGNS[match.group(1)](float(number.group(1)), float(match.group(2)))
    if pattern.startswith("= "):
        return number is not None and float(number.group(1)) == float(pattern[2:])
    escaped = pattern.casefold().replace("[", "[[]").replace("?", "[?]")
    return fnmatchcase(value.casefold().strip(), escaped)


def _written(text: str, facts: Facts) -> str:
    """``{fact}`` in a text stands for the fact's first value; without it the text says nothing."""
    names = [name.casefold() for name in _FACT.findall(text)]
    if not all(facts.get(name) for name in names):
        return ""
    return _FACT.sub(lambda match: facts[match.group(1).casefold()][0], text)


def _facts(info: Info, near: Point | None) -> Facts:
    found: dict[str, list[str]] = {}
    for name, value in info.parameters:
        found.setdefault(name.casefold(), []).append(value)
    found.setdefault("category", []).extend(info.categories)
    found.setdefault("place", []).extend(area.description for area in info.areas if area.description)
    for key in WORDS:
        found.setdefault(key, []).append(str(getattr(info, key)))
    away = distance_km(info, near) if near else None
    if away is not None:
        found["distance_km"] = [f"{away:.0f}"]
    return found


def distance_km(info: Info, near: Point) -> float | None:
    """From ``near`` to the nearest centre or corner of the info's areas; None where it has neither."""
    points = [circle.centre for area in info.areas for circle in area.circles]
    points += [point for area in info.areas for ring in area.polygons for point in ring]
    return min((_apart(near, point) for point in points), default=None)


def _apart(a: Point, b: Point) -> float:
    """Great-circle distance in kilometres (haversine)."""
    first, second = math.radians(a[0]), math.radians(b[0])
    east = math.radians(b[1] - a[1])
    half = math.sin((second - first) / 2) ** 2 + math.cos(first) * math.cos(second) * math.sin(east / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))
