"""/console: all its screens, what they know in common, and its static files."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from flask import Blueprint, Response, abort, send_file

from broadcaster.console import (
    account,
    alert,
    audit,
    channels,
    compose,
    compose_bundle,
    copy_sheet,
    csp,
    door,
    drill,
    feeds,
    incident,
    people,
    review,
    rules,
    session,
    settings,
    simulated,
    strength,
    subscribers,
    switches,
    templates,
    watch,
    zones,
)
from broadcaster.console.access import open_to_all
from broadcaster.console.screens import Screen, facts
from broadcaster.services.system import System

SCREENS = (
    watch.screens,
    compose.screens,
    compose_bundle.screens,
    alert.screens,
    copy_sheet.screens,
    review.screens,
    incident.screens,
    simulated.screens,
    switches.screens,
    drill.screens,
    feeds.screens,
    rules.screens,
    audit.screens,
    channels.screens,
    settings.screens,
    subscribers.screens,
    templates.screens,
    zones.screens,
    session.screens,
    door.screens,
    account.screens,
    strength.screens,
    people.screens,
    csp.screens,
)
VENDOR = {  # served by us: the console works without a network
    "bootstrap.css": ("flask_bootstrap", "static/bootstrap5/css/bootstrap.min.css"),
    "leaflet.css": ("xstatic.pkg.leaflet", "data/leaflet.css"),
    "leaflet.js": ("xstatic.pkg.leaflet", "data/leaflet.js"),
}


def blueprint(system: System) -> Blueprint:
    """Every screen of ``SCREENS`` on one System."""
    made = Blueprint("console", __name__, url_prefix="/console", static_folder="static", static_url_path="/static")
    made.app_context_processor(lambda: facts(system))
    for one in (screen for screens in SCREENS for screen in screens(system)):
        made.add_url_rule(one.path, one.endpoint, one.view, methods=list(one.methods))
    asset = Screen("/static/vendor/<name>", "vendor", vendor)
    made.add_url_rule(asset.path, asset.endpoint, asset.view)
    return made


@open_to_all  # style and script of the login page; they hold nothing of ours
def vendor(name: str) -> Response:
    """GET /console/static/vendor/<name>"""
    if name not in VENDOR:
        abort(404)
    package, path = VENDOR[name]
    return send_file(Path(str(files(package).joinpath(path))), max_age=86_400)
