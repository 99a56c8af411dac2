"""The compose form as it stands: every value as it was typed, read into a Draft, and written back for another look.

Names of the form: ``f.FIELD`` (``f.FIELD.es`` in another language, ``f.FIELD.es_plain`` for texts alone), ``o.FIELD``
(own words beside a list), ``zone`` (several), ``shape`` (coordinates, one area a line), ``kept`` (areas of a document,
as JSON), ``end`` (lifted or at) with ``expires`` (local time), ``channel``, ``language`` (several), ``hashtag`` (where
an incident begins), ``mode``, ``id``, ``revision``. A part of a bundle has a prefix before ``f.`` and ``o.``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.engine import Connection
from werkzeug.datastructures import MultiDict

from broadcaster.domain import coordinates, local_time
from broadcaster.domain.alert import Alert, Area, Mode
from broadcaster.domain.errors import Invalid
from broadcaster.domain.hashtag import hashtag, shown, suggested
from broadcaster.domain.message import Finding
from broadcaster.domain.text_clean import forbidden
from broadcaster.rendering.fields import choice_of
from broadcaster.rendering.templates import Field, Spec
from broadcaster.services.areas import PART, spread, taken_apart
from broadcaster.services.channels import fitting
from broadcaster.services.drafting import Draft, unreadable
from broadcaster.services.system import System
from broadcaster.store import incidents

OTHER = "~other"
_AREA = TypeAdapter(Area)


@dataclass(frozen=True, slots=True)
class Typed:
    """One alert's form. ``values`` by their names in the form, without a prefix; ``hashtag`` None: the form does not
    ask; all else as described above."""

    values: Mapping[str, str] = field(default_factory=dict)
    zones: tuple[str, ...] = ()
    shapes: str = ""
    kept: tuple[str, ...] = ()
    end: str = "at"
    expires: str = ""
    channels: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    hashtag: str | None = None
    mode: Mode = Mode.ACTUAL


@dataclass(frozen=True, slots=True)
class Read:
    """A form read, and what is wrong with it; ``unreadable``: what cannot be read cannot be kept as a draft."""

    draft: Draft
    wrong: tuple[Finding, ...] = ()

    @property
    def unreadable(self) -> bool:
        """Does anything stand in the way of keeping it?"""
        return any(one.blocking for one in self.wrong)


# --- from the browser -------------------------------------------------------------------------------------------
def typed(form: MultiDict[str, str], prefix: str = "") -> Typed:
    """What the browser sent."""
    return Typed(
        values=values(form, prefix),
        zones=tuple(form.getlist("zone")),
        shapes=form.get("shape", ""),
        kept=tuple(form.getlist("kept")),
        end=form.get("end", ""),
        expires=form.get("expires", ""),
        channels=tuple(form.getlist("channel")),
        languages=tuple(form.getlist("language")),
        hashtag=form.get("hashtag"),
        mode=Mode(form.get("mode", "")) if form.get("mode") in set(Mode) else Mode.ACTUAL,
    )


def values(form: MultiDict[str, str], prefix: str = "") -> dict[str, str]:
    """The fields of a form, or of one part of it, without the prefix."""
    starts = (f"{prefix}f.", f"{prefix}o.")
    return {key.removeprefix(prefix): form.get(key, "") for key in form if key.startswith(starts)}


# --- to a draft -------------------------------------------------------------------------------------------------
def read(system: System, connection: Connection, given: Typed, spec: Spec, base: Draft) -> Read:
    """The draft that this form means; ``base`` brings what the form does not show."""
    zone = system.config.agency.timezone
    shapes, wrong = _shapes(given)
    zones, areas = spread(connection, given.zones, shapes)
    draft = replace(
        base,
        fields=fields(spec, given.values, zone),
        zones=zones,
        areas=areas,
        channels=given.channels,
        languages=given.languages,
        mode=given.mode,
    )
    wrong += _unreadable(draft)
    if not given.languages:
        wrong.append(Finding("no_language", "Choose one language at least.", True, about="languages"))
    tag, unreadable_tag = _hashtag(given)
    ended, said = _end(given, replace(draft, hashtag=tag), zone)
    return Read(ended, tuple(wrong + unreadable_tag + said))


def _unreadable(draft: Draft) -> list[Finding]:
    """Fields with a character that nothing can carry, in the words of ``drafting.draw``, which refuses them."""
    found = [(key, text, forbidden(text)) for key, text in draft.fields.items()]
    return [
        Finding("unreadable_text", unreadable(text, sign), True, f"field:{key}") for key, text, sign in found if sign
    ]


def fields(spec: Spec, values: Mapping[str, str], timezone: str) -> dict[str, str]:
    """Values of the form as fields of the template: own words beside a list in its place, local times with a zone."""
    found: dict[str, str] = {}
    for name, one in spec.fields.items():
        value = _value(name, one, values, timezone)
        found[name] = value
        if one.choices and choice_of(one, value) is not None:
            continue  # words of a list are prepared in every language
        prefix = f"f.{name}."
        found |= {key.removeprefix("f."): text for key, text in values.items() if key.startswith(prefix)}
    return {key: text.strip() for key, text in found.items() if text.strip()}


def _value(name: str, one: Field, values: Mapping[str, str], timezone: str) -> str:
    value = values.get(f"f.{name}", "")
    if one.choices and (value == OTHER or not value.strip()):
        return values.get(f"o.{name}", "")
    if one.kind == "time" and value.strip():
        try:
            return local_time.read(value, timezone).astimezone(ZoneInfo(timezone)).isoformat()
        except local_time.NoSuchTime:
            return value  # kept as typed; rendering says that it is no time
    return value


def _shapes(given: Typed) -> tuple[list[Area], list[Finding]]:
    wrong: list[Finding] = []
    shapes: list[Area] = []
    try:
        shapes = [Area("", polygons=(ring,)) for ring in coordinates.rings(given.shapes)]
    except coordinates.BadCoordinates as error:
        wrong.append(Finding("coordinates", str(error), True, about="where"))
    try:
        shapes += [_AREA.validate_json(one) for one in given.kept]
    except ValidationError:
        wrong.append(Finding("kept_area", "The document's area cannot be read. Choose zones.", True, about="where"))
    return shapes, wrong


def _hashtag(given: Typed) -> tuple[str | None, list[Finding]]:
    """What the incident is to be called. No warning waits for a hashtag: what nearly is one is mended, and said so;
    what cannot be one leaves it as it was, and stands in the way of keeping it."""
    typed = given.hashtag or ""
    try:
        return (None if given.hashtag is None else hashtag(typed)), []
    except Invalid as error:
        better = suggested(typed)
        text = f"Posts will say {shown(better)}: a hashtag holds letters, digits and _ alone." if better else error.text
        return better or None, [Finding(error.code, text, not better, about="hashtag")]


def _end(given: Typed, draft: Draft, timezone: str) -> tuple[Draft, list[Finding]]:
    if given.end == "lifted":
        return replace(draft, until_lifted=True, expires=None), []
    ended = replace(draft, until_lifted=False, expires=None)
    if not given.expires.strip():
        text = "Say until when it holds, or choose until lifted."
        return ended, [Finding("no_end", text, True, about="end")]
    try:
        return replace(ended, expires=local_time.read(given.expires, timezone)), []
    except local_time.NoSuchTime as error:
        return ended, [Finding("no_end", str(error), True, about="end")]


# --- from a draft -----------------------------------------------------------------------------------------------
def fresh(system: System, spec: Spec, mode: Mode) -> Typed:
    """A new form: all that carries it, every language, the template's end. No place: somebody must choose it."""
    end = system.now() + timedelta(hours=spec.expires_hours)
    return Typed(
        end="lifted" if spec.until_lifted else "at",
        expires="" if spec.until_lifted else local_time.write(end, system.config.agency.timezone),
        channels=fitting(system.config, mode),
        languages=system.config.agency.languages,
        mode=mode,
    )


def later(given: Typed, system: System, hours: int) -> Typed:
    """The form with an end so many hours from now."""
    end = local_time.write(system.now() + timedelta(hours=hours), system.config.agency.timezone)
    return replace(given, end="at", expires=end)


def written(system: System, connection: Connection, draft: Draft, spec: Spec) -> Typed:
    """The form that says what the draft says."""
    zone = system.config.agency.timezone
    chosen, shapes = taken_apart(connection, draft.zones, draft.areas) if draft.zones else ([], list(draft.areas))
    start = fresh(system, spec, draft.mode)
    drawn = [area for area in shapes if area.description.startswith(PART) and len(area.polygons) == 1]
    lifted = bool(draft.until_lifted) or (draft.until_lifted is None and draft.expires is None and spec.until_lifted)
    return replace(
        start,
        values=_as_values(spec, draft.fields, zone),
        zones=tuple(chosen),
        shapes="\n".join(coordinates.written(area.polygons[0]) for area in drawn),
        kept=tuple(_AREA.dump_json(area).decode() for area in shapes if area not in drawn),
        end="lifted" if lifted else "at",
        expires=local_time.write(draft.expires, zone) if draft.expires else "" if lifted else start.expires,
        channels=start.channels if draft.channels is None else draft.channels,
        languages=draft.languages or start.languages,
    )


def tagged(system: System, given: Typed, alert: Alert) -> Typed:
    """The form with the hashtag that the alert's incident has now."""
    with system.database.read() as connection:
        return replace(given, hashtag=shown(incidents.hashtag(connection, alert.incident)))


def _as_values(spec: Spec, said: Mapping[str, str], timezone: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, text in said.items():
        name, _, language = key.partition(".")
        one = spec.fields.get(name)
        if one is None or language or not one.choices:
            found[f"f.{key}"] = _local(text, timezone) if one and one.kind == "time" and not language else text
            continue
        choice = choice_of(one, text)
        found |= {f"f.{name}": OTHER, f"o.{name}": text} if choice is None else {f"f.{name}": choice}
    return found


def _local(text: str, timezone: str) -> str:
    try:
        return local_time.write(local_time.read(text, timezone), timezone)
    except local_time.NoSuchTime:
        return text


def pairs(given: Typed, prefix: str = "") -> list[tuple[str, str]]:
    """The form as (name, value), to carry it on."""
    several = {"zone": given.zones, "kept": given.kept, "channel": given.channels, "language": given.languages}
    found = [(f"{prefix}{key}", text) for key, text in given.values.items()]
    found += [(name, text) for name, texts in several.items() for text in texts]
    once = {"shape": given.shapes, "end": given.end, "expires": given.expires, "mode": str(given.mode)}
    asked = {} if given.hashtag is None else {"hashtag": given.hashtag}
    return [*found, *once.items(), *asked.items()]


def described(kept: str) -> str:
    """What a kept area is called; "" where it cannot be read."""
    try:
        return _AREA.validate_json(kept).description
    except ValidationError:
        return ""


def rings_of(kept: tuple[str, ...]) -> str:
    """The outlines of kept areas, one a line, for the map."""
    try:
        areas = [_AREA.validate_json(one) for one in kept]
    except ValidationError:
        return ""
    return "\n".join(coordinates.written(ring) for area in areas for ring in area.polygons)
