"""Writing alerts: choose what it is, then one page: where, what, who and how, check. No rule stands here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import flash, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from broadcaster.console import compose_conflict, compose_form, compose_view, spoken
from broadcaster.console.access import allowed
from broadcaster.console.compose_form import Typed
from broadcaster.console.compose_view import ALONE, Part
from broadcaster.console.proof import actor
from broadcaster.console.screens import Screen, mode, part_only
from broadcaster.domain import local_time
from broadcaster.domain.alert import Alert, State
from broadcaster.domain.errors import Invalid, Refused
from broadcaster.domain.lifecycle import Verb, move
from broadcaster.domain.message import Finding
from broadcaster.domain.review import check_follow_up
from broadcaster.rendering import bundles
from broadcaster.rendering.templates import Spec, load
from broadcaster.services import alert_page, from_entry, preview
from broadcaster.services import discard as discarding
from broadcaster.services.carriers import carriers
from broadcaster.services.channels import fitting
from broadcaster.services.drafting import Draft, is_id, new_id, redraft, unchanged
from broadcaster.services.hand_in import hand_in
from broadcaster.services.preview import Preview
from broadcaster.services.steps import who
from broadcaster.services.system import System
from broadcaster.store import alerts as store

BOTH = ("GET", "POST")
REMEMBERED = 30  # ids of forms that were kept, told to the browser so that it forgets what it held back of them


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a page writes on: ``base`` brings what the form does not show. ``alert`` is the one being edited."""

    action: str
    title: str
    base: Draft
    alert: Alert | None = None
    entry: int | None = None
    replaces: Alert | None = None

    @property
    def spec(self) -> Spec:
        """Of the template."""
        return load(self.base.template).spec

    @property
    def begins(self) -> bool:
        """Whether it begins an incident by itself, and so is where somebody may give it a hashtag."""
        return not self.base.replaces and not (self.alert and self.alert.bundle)


def screens(system: System) -> list[Screen]:
    """/console/new and all that leads to the compose page; /console/zones.geojson for maps"""
    return [*_beginnings(system), *_of_an_alert(system)]


def _beginnings(system: System) -> list[Screen]:
    @allowed()
    def choose() -> str:
        """GET /console/new"""
        known = [bundles.load_bundle(name) for name in bundles.bundle_names()]
        entry = request.args.get("entry", type=int)  # of a feed: then its area stands on every page that follows
        facts = {"templates": compose_view.offered(), "bundles": known, "title": compose_view.title, "entry": entry}
        return render_template("console/compose_choose.html", **facts)

    @allowed()
    def new(template: str) -> ResponseReturnValue:
        """GET and POST /console/new/<template>; ?zone=<id> or ?like=<alert id>, whose area it is, say where"""
        base = Draft(template, mode=mode(), id=_id())
        if (like := request.args.get("like")) and request.method == "GET":
            old = _alert(system, like)
            base = replace(base, zones=old.zones, areas=old.content.areas)
        return _answer(system, Sheet(f"/console/new/{template}", _title(template), base))

    @allowed()
    def from_feed(entry_id: int) -> ResponseReturnValue:
        """GET and POST /console/entries/<id>/compose"""
        template = request.args.get("template", from_entry.ITS_OWN_WORDS)
        begun = from_entry.begin(system, entry_id, template)
        title = _("From %(feed)s: %(event)s", feed=begun.feed, event=begun.event)
        base = replace(begun.draft, mode=mode(), id=_id())
        here = f"/console/entries/{entry_id}/compose?template={template}"
        return _answer(system, Sheet(here, title, base, None, entry_id))

    @allowed()
    def zones() -> ResponseReturnValue:
        """GET /console/zones.geojson"""
        features = [
            {"type": "Feature", "properties": {"id": z.id, "name": z.name, "people": z.people}, "geometry": z.geometry}
            for z in preview.zones(system)
        ]
        return jsonify({"type": "FeatureCollection", "features": features})

    return [
        Screen("/new", "compose_choose", choose),
        Screen("/new/<template>", "compose_new", new, BOTH),
        Screen("/entries/<int:entry_id>/compose", "compose_entry", from_feed, BOTH),
        Screen("/zones.geojson", "zones_geojson", zones),
    ]


def _of_an_alert(system: System) -> list[Screen]:
    @allowed()
    def edit(alert_id: str) -> ResponseReturnValue:
        """GET and POST /console/alerts/<id>/edit"""
        old = _alert(system, alert_id)
        if request.method == "GET":  # what is sent later is refused with all that was typed still there
            move(old.state, Verb.EDIT)
        title = _title(old.content.template)
        return _answer(system, Sheet(f"/console/alerts/{old.id}/edit", title, unchanged(old), old))

    @allowed()
    def update(alert_id: str) -> ResponseReturnValue:
        """GET and POST /console/alerts/<id>/update: the same alert with changed facts, which replaces it"""
        old = _alert(system, alert_id)
        check_follow_up(old, who(actor()))
        template = request.args.get("template", old.content.template)
        with system.database.read() as connection:
            base = replace(redraft(old), id=_id(), channels=carriers(system, connection, old))
        if template != old.content.template:
            base = replace(base, template=template, fields={}, issuer=(), until_lifted=None)
        here = f"/console/alerts/{old.id}/update" + (f"?template={template}" if "template" in request.args else "")
        return _answer(system, Sheet(here, _("Update: %(what)s", what=_title(template)), base, replaces=old))

    @allowed()
    def put_away(alert_id: str) -> ResponseReturnValue:
        """POST /console/alerts/<id>/discard: reason"""
        discarding.discard(system, actor(), alert_id, request.form.get("reason", "").strip())
        flash(_("The draft was put away."))
        return redirect("/console/")

    return [
        Screen("/alerts/<alert_id>/edit", "compose_edit", edit, BOTH),
        Screen("/alerts/<alert_id>/update", "compose_update", update, BOTH),
        Screen("/alerts/<alert_id>/discard", "compose_discard", put_away, ("POST",)),
    ]


def _alert(system: System, alert_id: str) -> Alert:
    with system.database.read() as connection:
        return store.get(connection, alert_id)


# --- one page, asked for or sent --------------------------------------------------------------------------------
def _answer(system: System, sheet: Sheet) -> ResponseReturnValue:
    if request.method == "GET":
        return _page(system, sheet, _opened(system, sheet))
    given = _given(sheet)
    do = request.form.get("do", "preview")
    if do in ("save", "submit", "resolve"):
        return _keep(system, sheet, given, submitting=do == "submit")
    if do == "autosave":
        return _autosave(system, sheet, given)
    return _page(system, sheet, _helped(system, given))


def _opened(system: System, sheet: Sheet) -> Typed:
    with system.database.read() as connection:
        given = compose_form.written(system, connection, sheet.base, sheet.spec)
    if sheet.alert is not None:
        return compose_form.tagged(system, given, sheet.alert)
    wanted = request.args.get("channels", "").split(",")  # of a shortfall's link
    told = tuple(name for name in fitting(system.config, given.mode) if name in wanted)
    given = replace(given, channels=told or given.channels)
    named = tuple(request.args.getlist("zone"))  # a link may say where; nothing else does
    return replace(given, zones=named, shapes="", kept=()) if named else given


def _given(sheet: Sheet) -> Typed:
    """What was sent. What exists already keeps its mode; a new one has that of the page somebody looked at."""
    given = compose_form.typed(request.form)
    return replace(given, mode=sheet.base.mode) if sheet.alert or sheet.replaces else given


def _helped(system: System, given: Typed) -> Typed:
    """Without script, the small buttons of the page come here: hours to add, a plain character to write."""
    if hours := request.form.get("plus", type=int):
        given = compose_form.later(given, system, hours)
    key, _sign, text = request.form.get("fix", "").partition("=")
    return replace(given, values={**given.values, key: text}) if key.startswith(("f.", "o.")) else given


def _keep(system: System, sheet: Sheet, given: Typed, submitting: bool) -> ResponseReturnValue:
    if sheet.alert is not None and request.form.get("do") == "resolve":
        chosen = compose_conflict.resolved(system, sheet.alert, given, sheet.spec)
        if chosen is None:
            return compose_conflict.page(
                system, sheet.action, sheet.alert, given, sheet.spec, _("Choose in every row.")
            ), 422
        given = chosen
    try:
        handed = _hand_in(system, sheet, given, submitting)
    except Refused as error:
        if error.code == "conflict" and sheet.alert is not None:
            return compose_conflict.page(system, sheet.action, sheet.alert, given, sheet.spec), 409
        return _page(system, sheet, given, said=spoken.of(error)), error.status
    except Invalid as error:
        return _page(system, sheet, given, said=spoken.of(error)), error.status
    if handed is None:
        return _page(system, sheet, given, said=_("Not kept yet: mend what is marked first.")), 422
    alert, refused = handed
    if refused:
        flash(_("It is kept as a draft and not submitted. %(why)s", why=refused), "error")
        return kept(f"/console/alerts/{alert.id}/edit?tried=1", alert.id, alert.revision, system)
    if submitting:
        flash(_("Submitted. An approver decides now."))
        return kept(f"/console/alerts/{alert.id}", alert.id, alert.revision, system)
    flash(_("The draft is kept."))
    return kept(f"/console/alerts/{alert.id}/edit", alert.id, alert.revision, system)


def _hand_in(system: System, sheet: Sheet, given: Typed, submitting: bool) -> tuple[Alert, str] | None:
    """The alert as kept and why it was not submitted; None where the form cannot be read."""
    with system.database.read() as connection:
        form = compose_form.read(system, connection, given, sheet.spec, sheet.base)
    if form.unreadable:
        return None
    old = sheet.alert.id if sheet.alert else None
    done = hand_in(system, actor(), form.draft, old, _revision(sheet), submitting, sheet.entry)
    return done.alert, spoken.plain(done.refused) if done.refused else ""


def _autosave(system: System, sheet: Sheet, given: Typed) -> ResponseReturnValue:
    """As the script asks: {"values": hidden inputs as they are now, "text"}; 409 where somebody else wrote."""
    try:
        handed = _hand_in(system, sheet, given, submitting=False) if sheet.alert else None
    except (Refused, Invalid) as error:
        return {"text": spoken.plain(error)}, error.status
    if handed is None:
        return {"text": _("Not kept yet: mend what is marked first.")}, 422
    at = local_time.write(system.now(), system.config.agency.timezone)[-5:]
    return {"values": {"revision": handed[0].revision}, "text": _("Draft kept at %(time)s.", time=at)}


def kept(path: str, id_: str, revision: int, system: System) -> ResponseReturnValue:
    """On to ``path``; the browser may forget what it held back of this form up to that revision."""
    answer = redirect(path)
    before = [one for one in request.cookies.get("composed", "").split(".") if one and not one.startswith(id_)]
    ids = ".".join([*before, f"{id_}-{revision}"][-REMEMBERED:])
    answer.set_cookie("composed", ids, path="/console", samesite="Lax", secure=system.settings.production)
    return answer


def _page(system: System, sheet: Sheet, given: Typed, said: str = "") -> str:
    """The whole page, or for the script the part that checks it."""
    looked = look(system, sheet, given)
    zones, languages = preview.zones(system, given.mode), system.config.agency.languages
    spoken = tuple(each for each in languages if each in given.languages) or languages
    facts: dict[str, Any] = {
        "sheet": sheet,
        "given": given,
        "begins": sheet.begins,
        "tried": bool(request.values.get("tried")) or request.form.get("do") in ("save", "submit"),
        "wrong": said,
        "id": sheet.alert.id if sheet.alert else sheet.base.id,
        "revision": _revision(sheet),
        "exercise": given.mode != "actual",
        "first": spoken[0],
        **compose_view.helpers(system, zones),
        **looked,
    }
    if part_only():
        return render_template("console/compose_check.html", **facts, part=True)
    return render_template(
        "console/compose.html",
        **facts,
        **_standing(system, sheet.alert),
        title=sheet.title,
        lines=compose_view.lines(sheet.spec, given.values, spoken),
        zones=zones,
        channels=compose_view.channels(system, given, looked["people"]),
        languages=languages,
        kept=compose_view.kept_areas(given),
        outlines=compose_view.outlines(given),
    )


def _standing(system: System, alert: Alert | None) -> dict[str, Any]:
    """What the page says of the alert being edited: who returned it and why, and with what it is decided."""
    if alert is None:
        return {"standing": None, "back": None, "others": [], "away": ""}
    others = alert_page.about(system, alert.id)["together"] if alert.bundle else []
    away = f"/console/alerts/{alert.id}/discard" if alert.state in (State.DRAFT, State.RETURNED) else ""
    return {"standing": alert, "back": alert_page.returned(system, alert), "others": others, "away": away}


def look(system: System, sheet: Sheet, given: Typed) -> dict[str, Any]:
    """The form checked: findings by place, texts, pages, people and time."""
    seen: Preview | None = None
    with system.database.read() as connection:
        form = compose_form.read(system, connection, given, sheet.spec, sheet.base)
        found: Sequence[Finding] = form.wrong
        try:
            seen = preview.seen(system, connection, form.draft, actor().name, sheet.alert.id if sheet.alert else None)
        except Invalid as error:
            found = (*found, Finding(error.code, error.text, blocking=True))
    return checked(seen, found, given, sheet.spec)


def checked(
    seen: Preview | None, found: Sequence[Finding], given: Typed, spec: Spec, part: Part = ALONE
) -> dict[str, Any]:
    """What the check shows of one alert."""
    marked = {(one.code, one.text) for one in found if one.about}
    said = [one for one in found if one.about or (one.code, one.text) not in marked]
    findings = (*said, *(seen.drawn.findings if seen else ()))
    places = compose_view.by_place(findings, spec, part)
    return {
        "said": places,
        "findings": [(about, one) for about, some in places.items() for one in some],
        "checks": [_check(seen, given, part)] if seen else [],
        "people": dict(seen.people) if seen else {},
        "seconds": max(seen.seconds.values(), default=0.0) if seen else 0.0,
        "later": compose_view.LATER,
    }


def _check(seen: Preview, given: Typed, part: Part) -> dict[str, Any]:
    """One alert as people get it."""
    texts = compose_view.texts(seen, given.values, part)
    return {
        "title": "",
        "paint": "",
        "texts": texts,
        "pages": compose_view.pages(seen),
        "zones": seen.drawn.alert.zones,
    }


# --- small things -----------------------------------------------------------------------------------------------
def _id() -> str:
    """The id that this form was opened with, or a new one."""
    given = request.form.get("id", "")
    return given if is_id(given) else new_id()


def _revision(sheet: Sheet) -> int | None:
    """What the editor started from."""
    given = request.form.get("revision", type=int)
    return given if given is not None else sheet.alert.revision if sheet.alert else None


def _title(template: str) -> str:
    return compose_view.title(load(template).spec)
