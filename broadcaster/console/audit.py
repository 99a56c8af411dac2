"""The audit: who did what, found by object, person and time; the exact content; is the chain whole; export."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Response, render_template, request
from flask_babel import gettext as _

from broadcaster.console import spoken
from broadcaster.console.access import allowed
from broadcaster.console.proof import actor
from broadcaster.console.screens import Screen
from broadcaster.domain.errors import Invalid
from broadcaster.services import audit, audit_trail
from broadcaster.services.system import System
from broadcaster.store.audit_trail import Asked


def screens(system: System) -> list[Screen]:
    """/console/audit"""
    zone = ZoneInfo(system.config.agency.timezone)

    def shown(**more: object) -> str:
        asked, wrong = Asked(), ""
        try:
            asked = _asked(zone)
        except Invalid as error:
            wrong = spoken.of(error)
        page = audit_trail.search(system, asked)
        form = {key: request.values.get(key, "") for key in ("object", "person", "since", "until")}
        return render_template("console/audit.html", page=page, form=form, wrong=wrong, **more)

    @allowed()
    def home() -> str:
        """GET /console/audit: object, person, since, until, before"""
        return shown()

    @allowed()
    def one(id_: int) -> str:
        """GET /console/audit/<number>"""
        entry = audit_trail.entry(system, id_)
        content = json.dumps(entry["detail"], ensure_ascii=False, indent=1, default=str)
        return render_template("console/audit_entry.html", entry=entry, content=content)

    @allowed("approver", "admin")
    def verify() -> str:
        """POST /console/audit/verify: reads the whole chain; changes nothing."""
        return shown(verified=audit.verify(system))

    @allowed("admin")
    def export() -> Response:
        """POST /console/audit/export: object, person, since, until"""
        answer = Response(audit_trail.export(system, actor(), _asked(zone)), mimetype="application/x-ndjson")
        answer.headers["Content-Disposition"] = 'attachment; filename="audit.jsonl"'
        return answer

    return [
        Screen("/audit", "audit", home),
        Screen("/audit/<int:id_>", "audit_entry", one),
        Screen("/audit/verify", "audit_verify", verify, ("POST",)),
        Screen("/audit/export", "audit_export", export, ("POST",)),
    ]


def _asked(zone: ZoneInfo) -> Asked:
    """What the form asks for; dates are days of the agency's time zone. Raises Invalid."""
    until = _day("until", zone)
    return Asked(
        object=request.values.get("object", "").strip(),
        person=request.values.get("person", "").strip(),
        since=_day("since", zone),
        until=until + timedelta(days=1) if until else None,
        before=request.values.get("before", type=int),
    )


def _day(name: str, zone: ZoneInfo) -> datetime | None:
    text = request.values.get(name, "").strip()
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=zone)
    except ValueError as error:
        raise Invalid("date", _("%(text)s is no day such as 2026-11-22.", text=text)) from error
