"""The console's first pages: what is in review, live or wrong, and what simulated channels showed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request
from flask_security import auth_required, current_user, roles_accepted
from werkzeug.wrappers import Response

from broadcaster.demo.samples import FILES, sample
from broadcaster.domain.alert import State
from broadcaster.domain.errors import NotFound
from broadcaster.services import alarms, show, simulated
from broadcaster.services.ingest import ingest
from broadcaster.services.system import Actor, System


class Console:
    """The views, on one System."""

    def __init__(self, system: System) -> None:
        self._system = system

    def facts(self) -> dict[str, Any]:
        """What every page of the console knows."""
        zone = ZoneInfo(self._system.config.agency.timezone)
        return {
            "agency": self._system.config.agency,
            "band": simulated.band(self._system),
            "local": lambda moment: _local(moment, zone),
        }

    @auth_required("session")
    def home(self) -> str:
        """GET /console/"""
        found = show.listing(self._system, State.DRAFT, State.RETURNED, State.IN_REVIEW, State.LIVE)["alerts"]
        groups = {state: [alert for alert in found if alert["state"] == state] for state in ("in_review", "live")}
        drafts = [alert for alert in found if alert["state"] in ("draft", "returned")]
        samples = [feed for feed in self._system.config.feeds if feed.format in FILES] if self._demo() else []
        return render_template(
            "console/home.html", **groups, drafts=drafts, alarms=alarms.open_(self._system), samples=samples
        )

    @auth_required("session")
    def simulated(self) -> str:
        """GET /console/simulated"""
        return render_template("console/simulated.html", stages=simulated.stages(self._system))

    @auth_required("session")
    @roles_accepted("author", "admin")
    def sample(self, name: str) -> Response:
        """POST /console/samples/<feed>: take the bundled document of that feed's format, as if it came now."""
        feed = self._system.config.feed(name)
        if feed is None or feed.format not in FILES or not self._demo():
            raise NotFound("sample", "there is no such sample here")
        actor = Actor(f"feed:{feed.name}", f"console:{request.remote_addr}")
        result = ingest(self._system, feed, sample(feed.format, self._system.now()), {}, actor)
        flash(f"{feed.name}: {len(result.entries)} taken, asked by {current_user.email}")
        return redirect("/console/")

    def _demo(self) -> bool:
        return self._system.settings.demo and not self._system.settings.production


def blueprint(system: System) -> Blueprint:
    """/console"""
    views = Console(system)
    made = Blueprint("console", __name__, url_prefix="/console", static_folder="static", static_url_path="/static")
    made.app_context_processor(views.facts)
    made.add_url_rule("/", "home", views.home, methods=["GET"])
    made.add_url_rule("/simulated", "simulated", views.simulated, methods=["GET"])
    made.add_url_rule("/samples/<name>", "sample", views.sample, methods=["POST"])
    return made


def _local(moment: datetime | str | None, zone: ZoneInfo) -> str:
    if moment is None:
        return ""
    known = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return known.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")
