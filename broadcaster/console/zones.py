"""The zones' desk: list with people, map, and importing GeoJSON after seeing what would change."""

from __future__ import annotations

from flask import flash, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broadcaster.console import spoken
from broadcaster.console.access import allowed
from broadcaster.console.proof import actor
from broadcaster.console.screens import Screen, mode
from broadcaster.domain.errors import Invalid
from broadcaster.services import preview, uploads, zones
from broadcaster.services.system import System


def screens(system: System) -> list[Screen]:
    """/console/zones"""

    def shown(wrong: str = "") -> str:
        admin = "admin" in actor().roles
        return render_template("console/zones.html", zones=preview.zones(system, mode()), admin=admin, wrong=wrong)

    @allowed()
    def home() -> str:
        """GET /console/zones"""
        return shown()

    @allowed("admin")
    def look() -> str | tuple[str, int]:
        """POST /console/zones/import: file; shows what would change and changes nothing."""
        file = request.files.get("file")
        if file is None or not file.filename:
            return shown(_("Choose a GeoJSON file first.")), 422
        key, path = uploads.keep(system, file.filename, file.stream)
        try:
            found = zones.compare(system, path)
        except Invalid as error:
            uploads.drop(system, key)
            return shown(spoken.said(error.code, error.text.replace(str(path), file.filename))), error.status
        return render_template("console/zones_import.html", found=found, key=key, name=path.name)

    @allowed("admin")
    def take() -> Response:
        """POST /console/zones/take: key; imports what was looked at."""
        key = request.form.get("key", "")
        done = zones.import_geojson(system, actor(), uploads.find(system, key))
        uploads.drop(system, key)
        flash(_("%(new)s zones added, %(changed)s changed.", new=done.added, changed=done.updated))
        return redirect("/console/zones")

    return [
        Screen("/zones", "zones", home),
        Screen("/zones/import", "zones_import", look, ("POST",)),
        Screen("/zones/take", "zones_take", take, ("POST",)),
    ]
