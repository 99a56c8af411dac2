"""The form of several alerts together: as it was sent, as it opens on what stands, and carried on as hidden fields.

Names of the form, besides those of ``compose_form``: ``part.ZONE`` = template (several), ``TEMPLATE-f.FIELD`` and
``TEMPLATE-o.FIELD`` for what is not shared, ``TEMPLATE-shape`` for areas, ``id.TEMPLATE``, ``revision.TEMPLATE``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from flask import request

from broadcaster.console import compose_form
from broadcaster.console.compose_form import Typed
from broadcaster.console.compose_view import Part
from broadcaster.console.screens import mode
from broadcaster.domain.alert import Alert
from broadcaster.rendering.bundles import Bundle, load_bundle
from broadcaster.rendering.templates import load
from broadcaster.services.drafting import Draft, is_id, new_id, redraft
from broadcaster.services.system import System
from broadcaster.store import alerts as store
from broadcaster.store import bundles as bundle_store


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a page writes on. ``alerts``: those of the bundle that stand, by template; ``id``: the bundle's, or ""."""

    action: str
    bundle: Bundle
    alerts: Mapping[str, Alert]
    id: str = ""

    @property
    def begins(self) -> bool:
        """Whether it begins an incident, and so is where somebody may give it a hashtag."""
        return not any(alert.replaces for alert in self.alerts.values())

    def names(self, template: str) -> Part:
        """Names of the form for that part."""
        return Part(f"{template}-", frozenset(self.bundle.shared))


@dataclass(frozen=True, slots=True)
class Form:
    """The whole form: ``parts`` by template, in the order of the bundle, shared values in each of them."""

    parts: Mapping[str, Typed]
    ids: Mapping[str, str]
    revisions: Mapping[str, int]

    @property
    def first(self) -> Typed:
        """What all parts have in common: end, channels, languages, mode and shared values."""
        return next(iter(self.parts.values()))

    @property
    def used(self) -> dict[str, Typed]:
        """Parts that hold somewhere; the others are left out."""
        return {name: given for name, given in self.parts.items() if given.zones or given.shapes.strip()}


def stored(system: System, id_: str, template: str) -> Sheet | None:
    """The sheet of a bundle as it stands now; None where its parts do not fit the page of one (several by the same
    template, corrections, all clears): then each is written by itself."""
    with system.database.read() as connection:
        parts = bundle_store.parts(connection, id_)
    found = {alert.content.template: alert for alert in parts}
    bundle = load_bundle(template) if template else None
    if bundle is None or len(found) < len(parts) or not set(found) <= set(bundle.parts):
        return None
    return Sheet(f"/console/bundles/{id_}/edit", bundle, found, id_)


def opened(system: System, sheet: Sheet) -> Form:
    """The form that says what stands, with what all parts share in those that do not stand yet."""
    parts = {}
    with system.database.read() as connection:
        for name in sheet.bundle.parts:
            alert = sheet.alerts.get(name)
            draft = redraft(alert) if alert else base(sheet, name, Form({}, {}, {}))
            parts[name] = compose_form.written(system, connection, draft, load(name).spec)
    for alert in list(sheet.alerts.values())[:1]:
        parts = {name: compose_form.tagged(system, given, alert) for name, given in parts.items()}
    some = next((parts[name] for name in sheet.alerts if name in parts), None)
    if some is not None:
        parts = {name: given if name in sheet.alerts else _alike(given, some, sheet) for name, given in parts.items()}
    ids = {name: sheet.alerts[name].id if name in sheet.alerts else new_id() for name in parts}
    return Form(parts, ids, {name: alert.revision for name, alert in sheet.alerts.items()})


def _alike(given: Typed, some: Typed, sheet: Sheet) -> Typed:
    """A part that is not there yet, with what all parts share."""
    shared = {key: text for key, text in some.values.items() if shares(sheet, key)}
    common = {name: getattr(some, name) for name in ("end", "expires", "channels", "languages", "mode")}
    return replace(given, values={**given.values, **shared}, **common)


def sent(system: System, sheet: Sheet) -> Form:
    """What was sent; a bundle that exists keeps its mode."""
    form = request.form
    common = compose_form.typed(form)
    if hours := form.get("plus", type=int):
        common = compose_form.later(common, system, hours)
    held = next((alert.mode for alert in sheet.alerts.values()), common.mode)
    shared = {key: text for key, text in common.values.items() if shares(sheet, key)}
    key, _sign, text = form.get("fix", "").partition("=")
    parts = {}
    for name in sheet.bundle.parts:
        own = {**shared, **compose_form.values(form, f"{name}-")}
        plain = key.removeprefix(f"{name}-")
        if plain.startswith(("f.", "o.")) and sheet.names(name).key(plain) == key:
            own[plain] = text
        zones = tuple(zone.removeprefix("part.") for zone in form if name in _parts_of(zone))
        shapes = form.get(f"{name}-shape", "")
        parts[name] = replace(common, values=own, zones=zones, shapes=shapes, kept=(), mode=held)
    return Form(parts, _ids(system, sheet), _revisions(sheet))


def _parts_of(key: str) -> list[str]:
    return request.form.getlist(key) if key.startswith("part.") else []


def _ids(system: System, sheet: Sheet) -> dict[str, str]:
    """Each part's id: the form's own, unless that alert was put away meanwhile."""
    given = {name: request.form.get(f"id.{name}", "") for name in sheet.bundle.parts}
    given = {name: id_ if is_id(id_) else new_id() for name, id_ in given.items()}
    with system.database.read() as connection:
        known = {alert.id for alert in store.by_ids(connection, given.values())}
    standing = {alert.id for alert in sheet.alerts.values()}
    gone = known - standing if sheet.id else set()
    return {name: new_id() if id_ in gone else id_ for name, id_ in given.items()}


def _revisions(sheet: Sheet) -> dict[str, int]:
    found = {name: request.form.get(f"revision.{name}", type=int) for name in sheet.bundle.parts}
    return {name: number for name, number in found.items() if number is not None}


def base(sheet: Sheet, name: str, form: Form) -> Draft:
    """What the form does not show of a part."""
    alert = sheet.alerts.get(name)
    if alert is None:
        return Draft(name, mode=form.first.mode if form.parts else mode(), id=form.ids.get(name, ""))
    return replace(redraft(alert), replaces=alert.replaces, msg_type=alert.msg_type, id=alert.id)


def shares(sheet: Sheet, key: str) -> bool:
    """Does a value of the form (f.FIELD ...) belong to all parts?"""
    return key.split(".")[1] in sheet.bundle.shared


def pairs(sheet: Sheet, form: Form, now: Form) -> list[tuple[str, str]]:
    """The form as (name, value), to carry it on; ids and revisions as they stand ``now``."""
    first = form.first
    found = [(name, text) for name, text in compose_form.pairs(replace(first, values={}, zones=(), shapes=""))]
    found += [(key, text) for key, text in first.values.items() if shares(sheet, key)]
    for name, given in form.parts.items():
        found += [(f"{name}-{key}", text) for key, text in given.values.items() if not shares(sheet, key)]
        found += [(f"part.{zone}", name) for zone in given.zones]
        found += [(f"{name}-shape", given.shapes), (f"id.{name}", now.ids[name])]
        found.append((f"revision.{name}", str(now.revisions.get(name, ""))))
    return found
