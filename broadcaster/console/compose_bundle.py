"""Several alerts of one incident on one page: a zone gets one of them, shared facts are said once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from broadcaster.console import compose_bundle_conflict, compose_form, compose_view, spoken
from broadcaster.console.access import allowed
from broadcaster.console.compose import checked, kept
from broadcaster.console.compose_bundle_form import Form, Sheet, base, opened, sent, stored
from broadcaster.console.compose_form import Typed
from broadcaster.console.proof import actor
from broadcaster.console.screens import Screen, part_only
from broadcaster.domain import local_time
from broadcaster.domain.alert import Alert
from broadcaster.domain.bundle import zones_twice
from broadcaster.domain.errors import Forbidden, Invalid, Refused
from broadcaster.domain.message import Finding
from broadcaster.rendering.bundles import load_bundle
from broadcaster.rendering.templates import load
from broadcaster.services import alert_page, bundles, preview
from broadcaster.services.discard import discard_bundle
from broadcaster.services.drafting import Draft, new_id
from broadcaster.services.preview import Preview
from broadcaster.services.system import System
from broadcaster.store import bundles as bundle_store
from broadcaster.store import zones as zone_store


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
        sheet = stored(system, bundle_id, about["template"])
        if sheet is None:
            return redirect(f"/console/alerts/{about['alerts'][0]['id']}/edit" if about["alerts"] else "/console/")
        return _answer(system, sheet)

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
        return _page(system, sheet, opened(system, sheet))
    given = sent(system, sheet)
    do = request.form.get("do", "preview")
    if do in ("save", "submit", "resolve"):
        return _keep(system, sheet, given, do)
    if do == "autosave":
        return _autosave(system, sheet, given)
    return _page(system, sheet, given)


# --- keeping ----------------------------------------------------------------------------------------------------
def _drafts(system: System, sheet: Sheet, form: Form) -> list[Draft] | None:
    """The parts that hold somewhere; None where one cannot be read."""
    with system.database.read() as connection:
        read = [
            compose_form.read(system, connection, given, load(name).spec, base(sheet, name, form))
            for name, given in form.used.items()
        ]
    return None if any(one.unreadable for one in read) else [one.draft for one in read]


def _written(system: System, sheet: Sheet, form: Form) -> str | None:
    """The bundle's id once all parts are kept; None where a part cannot be read. Raises Refused, Invalid."""
    drafts = _drafts(system, sheet, form)
    if drafts is None:
        return None
    if not sheet.id:
        return bundles.create(system, actor(), sheet.bundle.name, drafts)
    if not drafts:
        raise Invalid("empty_bundle", _("No part holds anywhere. Give a zone to one of them."))
    seen = {sheet.alerts[name].id: number for name, number in form.revisions.items() if name in sheet.alerts}
    bundles.edit(system, actor(), sheet.id, drafts, seen=seen)
    return sheet.id


def _keep(system: System, sheet: Sheet, form: Form, do: str) -> ResponseReturnValue:
    if sheet.id and do == "resolve":
        chosen = compose_bundle_conflict.resolved(system, sheet, form)
        if chosen is None:
            return compose_bundle_conflict.page(system, sheet, form, _("Choose in every row.")), 422
        form = chosen
    try:
        id_ = _written(system, sheet, form)
    except (Refused, Invalid) as error:
        if error.code == "conflict" and sheet.id:
            return compose_bundle_conflict.page(system, sheet, form), 409
        return _page(system, sheet, form, said=spoken.of(error)), error.status
    if id_ is None:
        return _page(system, sheet, form, said=_("Not kept yet: mend what is marked first.")), 422
    if do != "submit":
        flash(_("The draft is kept."))
        return kept(f"/console/bundles/{id_}/edit", _key(form), _most(system, id_), system)
    return _submitted(system, form, id_)


def _submitted(system: System, form: Form, id_: str) -> ResponseReturnValue:
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
        id_ = _written(system, sheet, form) if sheet.id else None
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
def _page(system: System, sheet: Sheet, form: Form, said: str = "") -> str:
    zones, languages = preview.zones(system, form.first.mode), system.config.agency.languages
    spoken = tuple(each for each in languages if each in form.first.languages) or languages
    facts = {
        "sheet": sheet,
        "form": form,
        "given": form.first,
        "begins": sheet.begins,
        "tried": bool(request.values.get("tried")) or request.form.get("do") in ("save", "submit"),
        "wrong": said,
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
        **_standing(system, sheet),
        title=compose_view.title(sheet.bundle),
        titles={name: compose_view.title(spec) for name, spec in specs.items()},
        paints={name: compose_view.paint(spec) for name, spec in specs.items()},
        shared=shared,
        own=own,
        short_of=lambda name: compose_view.short(load(name).spec),
        chosen={zone: name for name, given in form.parts.items() for zone in given.zones},
        zones=zones,
        channels=compose_view.channels(system, form.first, facts["people"]),
        languages=languages,
        kept=[],
    )


def _standing(system: System, sheet: Sheet) -> dict[str, Any]:
    """What the page says of the bundle being edited: its mode, who returned it and why."""
    first = next(iter(sheet.alerts.values()), None)
    away = f"/console/bundles/{sheet.id}/discard" if sheet.id else ""
    return {"standing": first, "back": alert_page.returned(system, first) if first else None, "away": away}


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
        read = compose_form.read(system, connection, given, spec, base(sheet, name, form))
        found: Sequence[Finding] = read.wrong
        old = sheet.alerts.get(name)
        try:
            seen = preview.seen(system, connection, read.draft, actor().name, old.id if old else None)
        except Invalid as error:
            found = (*found, Finding(error.code, error.text, blocking=True))
    looked = checked(seen, found, given, spec, sheet.names(name))
    for check in looked["checks"]:
        check |= {"title": compose_view.title(spec), "paint": compose_view.paint(spec)}
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
