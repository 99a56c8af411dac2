"""Whether a new password would be taken, said while it is typed: the same judgement as when the form is sent."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from broadcaster.console import spoken
from broadcaster.console.access import open_to_all
from broadcaster.console.screens import Screen
from broadcaster.services import users
from broadcaster.services.system import System


def screens(system: System) -> list[Screen]:
    """/console/strength"""

    @open_to_all  # who is invited has no login yet; it reads nothing, and keeps nothing of what it is given
    def strength() -> ResponseReturnValue:
        """POST /console/strength: new, username; JSON with good (true or false) and said"""
        new, name = request.form.get("new", ""), request.form.get("username", "")
        weak = users.weakness(system, name, new)
        return {"good": not weak, "said": str(spoken.said("password", weak)) if weak else _("Good.")}

    return [Screen("/strength", "strength", strength, ("POST",))]
