"""Several alerts of one incident on one page: a zone gets one of them, shared facts are said once.

Names of the form, besides those of ``compose_form``: ``part.ZONE`` = template (several), ``TEMPLATE-f.FIELD`` and
``TEMPLATE-o.FIELD`` for what is not shared, ``TEMPLATE-shape`` for areas, ``id.TEMPLATE``, ``revision.TEMPLATE``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from broadcaster.console import compose_form, compose_view, spoken
from broadcaster.console.access import allowed
from broadcaster.console.compose import checked, kept
from broadcaster.console.compose_form import Typed
from broadcaster.console.compose_view import Part
from broadcaster.console.proof import actor
from broadcaster.console.screens import Screen, mode, part_only
from broadcaster.domain import local_time
from broadcaster.domain.alert import Alert
from broadcaster.domain.bundle import zones_twice
from broadcaster.domain.errors import Forbidden, Invalid, Refused
from broadcaster.domain.message import Finding
from broadcaster.rendering.bundles import Bundle, load_bundle
from broadcaster.rendering.templates import Spec, load
from broadcaster.services import bundles, preview
from broadcaster.services.discard import discard_bundle
from broadcaster.services.drafting import Draft, is_id, new_id, redraft
from broadcaster.services.preview import Preview
from broadcaster.services.system import System
from broadcaster.store import alerts as store
from broadcaster.store import bundles as bundle_store
from broadcaster.store import zones as zone_store

PAINTS = ("order", "warning", "shelter")  # classes of compose.css and map.css, by a template's step of evacuation


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a page writes on. ``alerts``: those of the bundle that stand, by template; ``id``: the bundle's, or ""."""

    action: str
    bundle: Bundle
    alerts: Mapping[str, Alert]
    id: str = ""

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


def screens(system: System) -> list[Screen]:
    """/console/new/bundle/<name>, /console/bundles/<id>/edit and /discard"""

    @allowed()
    def new(name: str) -> ResponseReturnValue:
        """GET and POST /console/new/bundle/<name>"""
        return _answer(system, Sheet(f"/console/new/bundle/{name}", load_bundle(name), {}))

    @allowed()
    def edit(bundle_id: str) -> ResponseReturnValue:
        """GET and POST /console/bundles/<id>/edit"""
        about = bundles.show(system, bundle_id)
        with system.database.read() as connection:
            found = {alert.content.template: alert for alert in bundle_store.parts(connection, bundle_id)}
        return _answer(
            system, Sheet(f"/console/bundles/{bundle_id}/edit", load_bundle(about["template"]), found, bundle_id)
        )

    @allowed()
    def put_away(bundle_id: str) -> ResponseReturnValue:
        """POST /console/bundles/<id>/discard: reason"""
        discard_bundle(system, actor(), bundle_id, request.form.get("reason", "").strip())
        flash(_("The draft was put away."))
        return redirect("/console/")

    both = ("GET", "POST")
    return [
        Screen("/new/bundle/<name>", "compose_bundle", new, both),
        Screen("/bundles/<bundle_id>/edit", "compose_bundle_edit", edit, both),
        Screen("/bundles/<bundle_id>/discard", "compose_bundle_discard", put_away, ("POST",)),
    ]


def _answer(system: System, sheet: Sheet) -> ResponseReturnValue:
    if request.method == "GET":
        return _page(system, sheet, _opened(system, sheet))
    given = _sent(system, sheet)
    do = request.form.get("do", "preview")
    if do in ("save", "submit", "overwrite"):
        return _keep(system, sheet, given, do)
    if do == "autosave":
        return _autosave(system, sheet, given)
    return _page(system, sheet, given)


# --- the form ---------------------------------------------------------------------------------------------------
def _opened(system: System, sheet: Sheet) -> Form:
    parts = {}
    with system.database.read() as connection:
        for name in sheet.bundle.parts:
            alert = sheet.alerts.get(name)
            base = redraft(alert) if alert else _base(sheet, name, Form({}, {}, {}))
            parts[name] = compose_form.written(system, connection, base, load(name).spec)
    some = next((parts[name] for name in sheet.alerts if name in parts), None)
    if some is not None:
        parts = {name: given if name in sheet.alerts else _alike(given, some, sheet) for name, given in parts.items()}
    ids = {name: sheet.alerts[name].id if name in sheet.alerts else new_id() for name in parts}
    return Form(parts, ids, {name: alert.revision for name, alert in sheet.alerts.items()})


def _alike(given: Typed, some: Typed, sheet: Sheet) -> Typed:
    """A part that is not there yet, with what all parts share."""
    shared = {key: text for key, text in some.values.items() if key.split(".")[1] in sheet.bundle.shared}
    common = {name: getattr(some, name) for name in ("end", "expires", "channels", "languages", "mode")}
    return replace(given, values={**given.values, **shared}, **common)


def _sent(system: System, sheet: Sheet) -> Form:
    """What was sent; a bundle that exists keeps its mode."""
    form = request.form
    common = compose_form.typed(form)
    if hours := form.get("plus", type=int):
        common = compose_form.later(common, system, hours)
    held = next((alert.mode for alert in sheet.alerts.values()), common.mode)
    shared = {key: text for key, text in common.values.items() if key.split(".")[1] in sheet.bundle.shared}
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


def _base(sheet: Sheet, name: str, form: Form) -> Draft:
    alert = sheet.alerts.get(name)
    if alert is None:
        return Draft(name, mode=form.first.mode if form.parts else mode(), id=form.ids.get(name, ""))
    return replace(redraft(alert), replaces=alert.replaces, msg_type=alert.msg_type, id=alert.id)


# --- keeping ----------------------------------------------------------------------------------------------------
def _drafts(system: System, sheet: Sheet, form: Form) -> list[Draft] | None:
    """The parts that hold somewhere; None where one cannot be read."""
    with system.database.read() as connection:
        read = [
            compose_form.read(system, connection, given, load(name).spec, _base(sheet, name, form))
            for name, given in form.used.items()
        ]
    return None if any(one.wrong for one in read) else [one.draft for one in read]


def _written(system: System, sheet: Sheet, form: Form, over: bool) -> str | None:
    """The bundle's id once all parts are kept; None where a part cannot be read. Raises Refused, Invalid."""
    drafts = _drafts(system, sheet, form)
    if drafts is None:
        return None
    if not sheet.id:
        return bundles.create(system, actor(), sheet.bundle.name, drafts)
    if not drafts:
        raise Invalid("empty_bundle", _("No part holds anywhere. Give a zone to one of them."))
    seen = {sheet.alerts[name].id: number for name, number in form.revisions.items() if name in sheet.alerts}
    bundles.edit(system, actor(), sheet.id, drafts, seen={} if over else seen)
    return sheet.id


def _keep(system: System, sheet: Sheet, form: Form, do: str) -> ResponseReturnValue:
    try:
        id_ = _written(system, sheet, form, over=do == "overwrite")
    except (Refused, Invalid) as error:
        return _page(system, sheet, form, said=spoken.of(error), conflict=error.code == "conflict"), error.status
    if id_ is None:
        return _page(system, sheet, form, said=_("Not kept yet: mend what is marked first.")), 422
    if do != "submit":
        flash(_("The draft is kept."))
        return kept(f"/console/bundles/{id_}/edit", _key(form), _most(system, id_), system)
    try:
        parts = bundles.submit(system, actor(), id_)
    except (Refused, Forbidden) as error:
        flash(_("It is kept as a draft and not submitted. %(why)s", why=spoken.plain(error)), "error")
        return kept(f"/console/bundles/{id_}/edit?tried=1", _key(form), _most(system, id_), system)
    flash(_("Submitted. An approver decides now."))
    return kept(f"/console/alerts/{parts[0].id}", _key(form), _most(system, id_), system)


def _key(form: Form) -> str:
    """What the browser calls this form: the id of its first part."""
    return next(iter(form.ids.values()))


def _most(system: System, id_: str) -> int:
    with system.database.read() as connection:
        return max((alert.revision for alert in bundle_store.parts(connection, id_)), default=1)


def _autosave(system: System, sheet: Sheet, form: Form) -> ResponseReturnValue:
    """As the script asks: {"values": hidden inputs as they are now, "text"}; 409 where somebody else wrote."""
    try:
        id_ = _written(system, sheet, form, over=False) if sheet.id else None
    except (Refused, Invalid) as error:
        return {"text": spoken.plain(error)}, error.status
    if id_ is None:
        return {"text": _("Not kept yet: mend what is marked first.")}, 422
    with system.database.read() as connection:
        found = {alert.content.template: alert for alert in bundle_store.parts(connection, id_)}
    values = {f"revision.{name}": found[name].revision if name in found else "" for name in form.parts}
    ids = {f"id.{name}": found[name].id if name in found else new_id() for name in form.parts}
    at = local_time.write(system.now(), system.config.agency.timezone)[-5:]
    return {"values": {**values, **ids}, "text": _("Draft kept at %(time)s.", time=at)}


# --- showing ----------------------------------------------------------------------------------------------------
def _page(system: System, sheet: Sheet, form: Form, said: str = "", conflict: bool = False) -> str:
    zones, languages = preview.zones(system, form.first.mode), system.config.agency.languages
    spoken = tuple(each for each in languages if each in form.first.languages) or languages
    facts = {
        "sheet": sheet,
        "form": form,
        "given": form.first,
        "tried": bool(request.values.get("tried")) or request.form.get("do") in ("save", "submit"),
        "wrong": said,
        "conflict": conflict,
        "first": spoken[0],
        "exercise": form.first.mode != "actual",
        **compose_view.helpers(system, zones),
        **_look(system, sheet, form),
    }
    if part_only():
        return render_template("console/compose_check.html", **facts, part=True)
    specs = {name: load(name).spec for name in sheet.bundle.parts}
    made = {
        name: compose_view.lines(spec, form.parts[name].values, spoken, sheet.names(name))
        for name, spec in specs.items()
    }
    shared = [line for line in made[sheet.bundle.parts[0]] if line.name in sheet.bundle.shared]
    own = {name: [line for line in some if line.name not in sheet.bundle.shared] for name, some in made.items()}
    return render_template(
        "console/compose_bundle.html",
        **facts,
        title=compose_view.title(sheet.bundle),
        titles={name: compose_view.title(spec) for name, spec in specs.items()},
        paints={name: paint(spec) for name, spec in specs.items()},
        shared=shared,
        own=own,
        short_of=lambda name: _short(load(name).spec),
        chosen={zone: name for name, given in form.parts.items() for zone in given.zones},
        zones=zones,
        channels=compose_view.channels(system, form.first, facts["people"]),
        languages=languages,
        kept=[],
    )


def paint(spec: Spec) -> str:
    """The class that colours a part."""
    return spec.evacuation if spec.evacuation in PAINTS else "chosen"


def _short(spec: Spec) -> str:
    """One word for a part, on a button."""
    words = {"order": _("Order"), "warning": _("Warning"), "shelter": _("Shelter")}
    return words.get(spec.evacuation) or compose_view.title(spec)


def _look(system: System, sheet: Sheet, form: Form) -> dict[str, Any]:
    """All parts checked, and what is wrong with them together."""
    looked = [_look_at(system, sheet, form, name, given) for name, given in form.used.items()]
    places: dict[str, list[Finding]] = {}
    for one in looked:
        for about, findings in one["said"].items():
            places[about] = list(dict.fromkeys([*places.get(about, ()), *findings]))
    places.setdefault("where", []).extend(_together(system, [one["alert"] for one in looked if one["alert"]]))
    if not form.used:
        text = _("No zone has been given a message. Choose one for each place.")
        places["where"].append(Finding("no_area", text, blocking=True))
    ordered = sorted(places.items(), key=lambda pair: not any(one.blocking for one in pair[1]))
    people: dict[str, int] = {}
    for one in looked:
        people |= {name: people.get(name, 0) + count for name, count in one["people"].items()}
    return {
        "said": places,
        "findings": [(about, one) for about, some in ordered for one in some],
        "checks": [check for one in looked for check in one["checks"]],
        "people": people,
        "seconds": sum(one["seconds"] for one in looked),
        "later": compose_view.LATER,
    }


def _look_at(system: System, sheet: Sheet, form: Form, name: str, given: Typed) -> dict[str, Any]:
    spec, seen = load(name).spec, None
    with system.database.read() as connection:
        read = compose_form.read(system, connection, given, spec, _base(sheet, name, form))
        found: Sequence[Finding] = read.wrong
        old = sheet.alerts.get(name)
        try:
            seen = preview.seen(system, connection, read.draft, actor().name, old.id if old else None)
        except Invalid as error:
            found = (*found, Finding(error.code, error.text, blocking=True))
    looked = checked(seen, found, given, spec, sheet.names(name))
    for check in looked["checks"]:
        check |= {"title": compose_view.title(spec), "paint": paint(spec)}
    return {**looked, "alert": _alert(seen)}


def _alert(seen: Preview | None) -> Alert | None:
    return seen.drawn.alert if seen else None


def _together(system: System, alerts: Sequence[Alert]) -> list[Finding]:
    """The bundle's own rule (``domain.bundle``), with the names of places."""
    twice = zones_twice(alerts)
    if not twice:
        return []
    with system.database.read() as connection:
        names = [zone.name for zone in zone_store.every(connection) if zone.id in twice]
    text = _("%(zones)s would get two messages at once. Take it out of one part.", zones=", ".join(names))
    return [Finding("zone_twice", text, blocking=True)]
