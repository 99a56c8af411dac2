"""The guided drill for a new approver: ten minutes on the real screens, with exercises that reach nobody else."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broadcaster.console import spoken
from broadcaster.console.access import allowed
from broadcaster.console.proof import actor
from broadcaster.console.screens import Screen, part_only
from broadcaster.domain.drill import Step
from broadcaster.domain.errors import Refused
from broadcaster.domain.review import APPROVERS
from broadcaster.services import drill
from broadcaster.services.system import System


def screens(system: System) -> list[Screen]:
    """/console/drill"""

    @allowed()
    def home() -> str:
        """GET /console/drill"""
        who = actor()
        facts = {
            "mine": drill.current(system, who.name),
            "steps": list(Step),
            "may": bool(who.roles & APPROVERS),
            "trained": drill.trained(system) if "admin" in who.roles else None,
        }
        return render_template("console/drill_part.html" if part_only() else "console/drill.html", **facts)

    @allowed("approver", "admin")
    def act() -> Response:
        """POST /console/drill: do = start, open, resubmit, watch, second, finish, leave"""
        return _done(system, request.form.get("do", ""))

    return [Screen("/drill", "drill", home), Screen("/drill/do", "drill_do", act, ("POST",))]


def _done(system: System, wanted: str) -> Response:
    """What was asked for, then the screen where it goes on."""
    leads: dict[str, Callable[[], str]] = {
        "open": lambda: f"/console/alerts/{drill.opened(system, actor())}/review",
        "watch": lambda: f"/console/alerts/{drill.watched(system, actor())}",
    }
    acts = {"start": drill.start, "resubmit": drill.resubmit, "second": drill.second, "finish": drill.finish}
    try:
        if wanted in leads:
            return redirect(leads[wanted]())
        if wanted in acts:
            acts[wanted](system, actor())
        elif wanted == "leave":
            drill.leave(system, actor())
            flash(_("The drill is given up. What of it waited was put away."))
    except Refused as error:
        flash(spoken.of(error), "error")
    return redirect("/console/drill")
