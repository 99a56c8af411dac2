"""What a session chooses: the interface's language, and whether it practises."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import redirect, request, session
from werkzeug.wrappers import Response

from broadcaster.console.access import allowed, open_to_all
from broadcaster.console.screens import Screen
from broadcaster.domain.alert import Mode
from broadcaster.services.system import System

LANGUAGES = {"en": "English", "es": "Español"}


def screens(system: System) -> list[Screen]:
    """/console/language, /console/exercise"""
    return [
        Screen("/language", "language", language, ("POST",)),
        Screen("/exercise", "exercise", exercise, ("POST",)),
    ]


@open_to_all  # the login page has it too; it changes nothing but this browser's words
def language() -> Response:
    """POST /console/language: lang"""
    wanted = request.form.get("lang", "")
    if wanted in LANGUAGES:
        session["language"] = wanted
    return redirect(_back())


@allowed()
def exercise() -> Response:
    """POST /console/exercise: on or off. New alerts of this session are then exercises, on every screen marked so."""
    session["mode"] = Mode.EXERCISE.value if request.form.get("on") == "1" else Mode.ACTUAL.value
    return redirect("/console/")


def chosen_language() -> str | None:
    """The interface's language: chosen in this session, else the browser's best."""
    wanted = session.get("language")
    return wanted if wanted in LANGUAGES else request.accept_languages.best_match(list(LANGUAGES), "en")


def _back() -> str:
    """The page somebody came from, if it is one of the console's."""
    path = urlsplit(request.referrer or "").path
    return path if path.startswith("/console/") else "/console/"
