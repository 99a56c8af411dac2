"""The watch, first screen: what needs me, what is live, what just happened."""

from __future__ import annotations

from flask import render_template

from broadcaster.console.access import allowed
from broadcaster.console.screens import Screen, part_only
from broadcaster.console.simulated import samples
from broadcaster.domain.alert import State
from broadcaster.services import alarms, show
from broadcaster.services.system import System


def screens(system: System) -> list[Screen]:
    """/console/"""

    @allowed()
    def home() -> str:
        """GET /console/"""
        found = show.listing(system, State.DRAFT, State.RETURNED, State.IN_REVIEW, State.LIVE)["alerts"]
        groups = {state: [alert for alert in found if alert["state"] == state] for state in ("in_review", "live")}
        drafts = [alert for alert in found if alert["state"] in ("draft", "returned")]
        page = "console/watch_part.html" if part_only() else "console/watch.html"
        return render_template(page, **groups, drafts=drafts, alarms=alarms.open_(system), samples=samples(system))

    return [Screen("/", "home", home)]
