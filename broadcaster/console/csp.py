"""Where browsers report what our content security policy stopped."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from broadcaster.console.access import open_to_all
from broadcaster.console.screens import Screen
from broadcaster.services import csp
from broadcaster.services.system import System

PATH = "/console/csp"
LARGEST = 16_384  # bytes


def screens(system: System) -> list[Screen]:
    """/console/csp"""

    @open_to_all  # browsers send reports without cookies
    def report() -> ResponseReturnValue:
        """POST /console/csp: a report of at most 16 KB"""
        request.max_content_length = LARGEST
        csp.note(system, request.get_data())
        return "", 204

    return [Screen("/csp", "csp", report, ("POST",))]
