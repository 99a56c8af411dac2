"""The templates' desk: examples of every text, and signing the words of a language."""

from __future__ import annotations

from flask import flash, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broadcaster.console.access import allowed
from broadcaster.console.proof import actor
from broadcaster.console.screens import Screen
from broadcaster.domain.review import APPROVERS
from broadcaster.services import phrases, template_desk
from broadcaster.services.system import System


def screens(system: System) -> list[Screen]:
    """/console/templates"""

    @allowed()
    def home() -> str:
        """GET /console/templates"""
        return render_template("console/templates.html", templates=template_desk.listing(system))

    @allowed()
    def one(name: str) -> str:
        """GET /console/templates/<name>"""
        listed, examples = template_desk.examples(system, name)
        may = bool(actor().roles & APPROVERS)
        return render_template("console/template.html", template=listed, examples=examples, may=may)

    @allowed("approver", "admin")
    def sign(name: str) -> Response:
        """POST /console/templates/<name>/sign: language"""
        phrases.sign(system, actor(), name, request.form.get("language", ""))
        flash(_("Signed. When the words change, somebody must read them again."))
        return redirect(f"/console/templates/{name}")

    return [
        Screen("/templates", "templates", home),
        Screen("/templates/<name>", "template", one),
        Screen("/templates/<name>/sign", "template_sign", sign, ("POST",)),
    ]
