"""Kill switches: stopping is a tap and a confirmation, letting go on needs the person proven in the same request."""

from __future__ import annotations

from flask import flash, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broadcaster.console import spoken
from broadcaster.console.access import allowed
from broadcaster.console.proof import actor, proven
from broadcaster.console.screens import Screen
from broadcaster.domain.errors import Forbidden, Refused, Unauthenticated
from broadcaster.services import switches
from broadcaster.services.system import System


def screens(system: System) -> list[Screen]:
    """/console/switches"""

    def shown(wrong: str = "", which: str = "") -> str:
        fallbacks = {channel.name: channel.fallback for channel in system.config.channels}
        return render_template(
            "console/switches.html", switches=switches.listing(system), fallbacks=fallbacks, wrong=wrong, which=which
        )

    @allowed()
    def home() -> str:
        """GET /console/switches"""
        return shown(which=request.args.get("which", ""))

    @allowed()
    def band() -> str:
        """GET /console/switches/band: the moving band of every screen."""
        return render_template("console/switches_band.html")

    @allowed("approver", "admin")
    def stop() -> Response:
        """POST /console/switches/stop: name, reason"""
        name = request.form.get("name", "")
        switches.stop(system, actor(), name, request.form.get("reason", ""))
        flash(_("Stopped. Everybody sees it on every screen."))
        return redirect("/console/switches" if name.startswith("channel:") else "/console/")

    @allowed("approver", "admin")
    def resume() -> Response | tuple[str, int]:
        """POST /console/switches/resume: name, reason, proof"""
        name = request.form.get("name", "")
        try:
            switches.resume(system, proven(system), name, request.form.get("reason", ""))
        except (Forbidden, Unauthenticated, Refused) as error:
            return shown(spoken.of(error), name), error.status
        flash(_("It goes on."))
        return redirect("/console/switches")

    return [
        Screen("/switches", "switches", home),
        Screen("/switches/band", "switches_band", band),
        Screen("/switches/stop", "switch_stop", stop, ("POST",)),
        Screen("/switches/resume", "switch_resume", resume, ("POST",)),
    ]
