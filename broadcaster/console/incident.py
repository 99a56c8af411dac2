"""/console/incidents/<id>: the thread of its alerts, its log, hashtag and notes, and its records in one file."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import flash, redirect, render_template, request, send_file
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from broadcaster.console import spoken
from broadcaster.console.access import allowed
from broadcaster.console.proof import actor
from broadcaster.console.screens import Screen, part_only
from broadcaster.domain.errors import Invalid
from broadcaster.services import alert_page
from broadcaster.services.export import export_incident
from broadcaster.services.incident_tag import name_incident
from broadcaster.services.note import note
from broadcaster.services.system import System

FRESH: Mapping[str, Any] = {"wrong": "", "said": "", "wrong_tag": "", "said_tag": None}  # no form was refused


def screens(system: System) -> list[Screen]:
    """/console/incidents/<id>, its notes, its hashtag, its records"""

    @allowed()
    def page(incident_id: str) -> str:
        """GET /console/incidents/<id>"""
        template = "console/incident_part.html" if part_only() else "console/incident.html"
        return render_template(template, **alert_page.incident(system, incident_id), **FRESH)

    @allowed()
    def write(incident_id: str) -> ResponseReturnValue:
        """POST /console/incidents/<id>/notes: text"""
        text = request.form.get("text", "")
        try:
            note(system, actor(), incident_id, text)
        except Invalid as error:
            facts = {**alert_page.incident(system, incident_id), **FRESH, "wrong": spoken.of(error), "said": text}
            return render_template("console/incident.html", **facts), error.status
        flash(_("The note is kept."))
        return redirect(f"/console/incidents/{incident_id}#notes")

    @allowed("approver", "admin")
    def records(incident_id: str) -> ResponseReturnValue:
        """POST /console/incidents/<id>/records: everything kept about it, as one ZIP; asking for it is audited"""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "records.zip"
            export_incident(system, actor(), incident_id, file)
            content = io.BytesIO(file.read_bytes())
        return send_file(content, "application/zip", as_attachment=True, download_name=f"incident-{incident_id}.zip")

    return [
        *_naming(system),
        Screen("/incidents/<incident_id>", "incident", page),
        Screen("/incidents/<incident_id>/notes", "incident_note", write, ("POST",)),
        Screen("/incidents/<incident_id>/records", "incident_records", records, ("POST",)),
    ]


def _naming(system: System) -> list[Screen]:
    @allowed()
    def tag(incident_id: str) -> ResponseReturnValue:
        """POST /console/incidents/<id>/hashtag: hashtag"""
        text = request.form.get("hashtag", "")
        try:
            name_incident(system, actor(), incident_id, text)
        except Invalid as error:
            facts = {**alert_page.incident(system, incident_id), **FRESH}
            facts |= {"wrong_tag": spoken.of(error), "said_tag": text}
            return render_template("console/incident.html", **facts), error.status
        flash(_("The hashtag is kept."))
        return redirect(f"/console/incidents/{incident_id}#hashtag-title")

    return [Screen("/incidents/<incident_id>/hashtag", "incident_hashtag", tag, ("POST",))]
