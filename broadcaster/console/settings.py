"""Settings: every one, what it is and where it comes from, and what the doctor says. Admins alone."""

from __future__ import annotations

from flask import render_template

from broadcaster.console.access import allowed
from broadcaster.console.screens import Screen
from broadcaster.services import settings_view
from broadcaster.services.system import System


def screens(system: System) -> list[Screen]:
    """/console/settings"""

    @allowed("admin")
    def home() -> str:
        """GET /console/settings"""
        return render_template("console/settings.html", groups=settings_view.view(system), lines=None)

    @allowed("admin")
    def examine() -> str:
        """POST /console/settings/examine: the doctor's checks; they ask providers and change nothing."""
        lines = settings_view.examine(system)
        return render_template("console/settings.html", groups=settings_view.view(system), lines=lines)

    return [
        Screen("/settings", "settings", home),
        Screen("/settings/examine", "settings_examine", examine, ("POST",)),
    ]
