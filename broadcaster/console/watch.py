"""The watch, first screen: what needs me, what is live, what just happened."""

from __future__ import annotations

from flask import render_template

from broadcaster.console.access import allowed
from broadcaster.console.proof import actor
from broadcaster.console.screens import Screen, part_only
from broadcaster.console.simulated import samples
from broadcaster.domain.review import APPROVERS
from broadcaster.services import phrases
from broadcaster.services.system import System
from broadcaster.services.watch import watch


def screens(system: System) -> list[Screen]:
    """/console/"""

    @allowed()
    def home() -> str:
        """GET /console/"""
        who = actor()
        shown = watch(system, who)
        if part_only():
            return render_template("console/watch_part.html", watch=shown)
        may_stop = bool(who.roles & APPROVERS)
        unsigned = sum(words["state"] != "signed" for words in phrases.listing(system)) if may_stop else 0
        return render_template(
            "console/watch.html", watch=shown, may_stop=may_stop, unsigned=unsigned, samples=samples(system)
        )

    return [Screen("/", "home", home)]
