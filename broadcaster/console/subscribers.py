"""The subscribers' desk: counts, search, import with its result, export, forgetting a person. Addresses are masked."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from broadcaster.console import spoken
from broadcaster.console.access import allowed
from broadcaster.console.proof import actor, proven
from broadcaster.console.screens import Screen
from broadcaster.domain.errors import Forbidden, Invalid, Unauthenticated
from broadcaster.services import subscriber_desk as desk
from broadcaster.services.system import System


def screens(system: System) -> list[Screen]:
    """/console/subscribers"""

    @allowed()
    def home() -> str:
        """GET /console/subscribers: q, zone"""
        return _shown(system)

    return [Screen("/subscribers", "subscribers", home), *_files(system), *_forgetting(system)]


def _shown(system: System, **more: object) -> str:
    text, zone = request.args.get("q", ""), request.args.get("zone", "")
    found, wrong = None, ""
    if text or zone:
        try:
            found = desk.search(system, text, zone)
        except Invalid as error:
            wrong = spoken.of(error)
    facts = {"q": text, "zone": zone, "found": found, "wrong": wrong, "most": desk.FOUND, **more}
    facts["first"] = system.config.agency.languages[0]
    admin = "admin" in actor().roles
    return render_template("console/subscribers.html", counts=desk.counts(system), admin=admin, **facts)


def _files(system: System) -> list[Screen]:

    @allowed("admin")
    def take() -> str | tuple[str, int]:
        """POST /console/subscribers/import: file"""
        file = request.files.get("file")
        if file is None or not file.filename:
            return _shown(system, import_wrong=_("Choose a CSV file first.")), 422
        try:
            done = desk.take(system, actor(), file.filename, file.stream)
        except Invalid as error:
            return _shown(system, import_wrong=spoken.of(error)), error.status
        return _shown(system, done=done)

    @allowed("admin")
    def rejected(key: str) -> Response:
        """GET /console/subscribers/rejected/<key>"""
        return _file(desk.rejected(system, actor(), key), "rejected.csv")

    @allowed("admin")
    def export() -> Response | tuple[str, int]:
        """POST /console/subscribers/export: proof"""
        try:
            text = desk.export(system, proven(system))
        except (Forbidden, Unauthenticated) as error:
            return _shown(system, export_wrong=spoken.of(error)), error.status
        return _file(text.encode(), "subscribers.csv")

    return [
        Screen("/subscribers/import", "subscribers_import", take, ("POST",)),
        Screen("/subscribers/rejected/<key>", "subscribers_rejected", rejected),
        Screen("/subscribers/export", "subscribers_export", export, ("POST",)),
    ]


def _forgetting(system: System) -> list[Screen]:
    @allowed("admin")
    def remove() -> Answer:
        """POST /console/subscribers/remove: id, keep_out"""
        desk.remove(system, actor(), request.form.get("id", 0, type=int), request.form.get("keep_out") == "1")
        flash(_("This person is forgotten."))
        return redirect("/console/subscribers")

    return [Screen("/subscribers/remove", "subscribers_remove", remove, ("POST",))]


def _file(content: bytes, name: str) -> Response:
    answer = Response(content, mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
