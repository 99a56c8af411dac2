"""The channels' desk: state, pace, errors in words, today's totals; check now, test to oneself, stop and go on."""

from __future__ import annotations

from flask import flash, redirect, render_template
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broadcaster.console import spoken
from broadcaster.console.access import allowed
from broadcaster.console.compose_view import language_name
from broadcaster.console.posted import PLATFORMS
from broadcaster.console.proof import actor
from broadcaster.console.screens import Screen, part_only
from broadcaster.domain.audience import masked
from broadcaster.domain.channel import Check
from broadcaster.domain.errors import Refused
from broadcaster.domain.review import APPROVERS
from broadcaster.services import channel_desk
from broadcaster.services.system import System

WORDS = {"platforms": PLATFORMS, "language_name": language_name}


def screens(system: System) -> list[Screen]:
    """/console/channels"""

    @allowed()
    def home() -> str:
        """GET /console/channels"""
        page = "console/channels_part.html" if part_only() else "console/channels.html"
        may = bool(actor().roles & APPROVERS)
        return render_template(page, channels=channel_desk.channels(system), may=may, **WORDS)

    @allowed()
    def one(name: str) -> str:
        """GET /console/channels/<name>"""
        return _one(system, name)

    @allowed()
    def check(name: str) -> str:
        """POST /console/channels/<name>/check: asks the provider; changes nothing."""
        return _one(system, name, channel_desk.check(system, name))

    @allowed("approver", "admin")
    def test(name: str) -> Response:
        """POST /console/channels/<name>/test"""
        try:
            done = channel_desk.test(system, actor(), name)
        except Refused as error:
            flash(spoken.of(error), "error")
            return redirect(f"/console/channels/{name}")
        if done.accepted:
            flash(_("The provider took it: “%(text)s”", text=done.text))
        else:
            flash(_("It did not go out: %(why)s", why=spoken.words("check", done.said)), "error")
        return redirect(f"/console/channels/{name}")

    return [
        Screen("/channels", "channels", home),
        Screen("/channels/<name>", "channel", one),
        Screen("/channels/<name>/check", "channel_check", check, ("POST",)),
        Screen("/channels/<name>/test", "channel_test", test, ("POST",)),
    ]


def _one(system: System, name: str, checks: tuple[Check, ...] | None = None) -> str:
    own = channel_desk.own_address(system, actor(), name)
    desk = next(desk for desk in channel_desk.channels(system) if desk.config.name == name)
    may = bool(actor().roles & APPROVERS)
    own = masked(own) if own else ""
    return render_template("console/channel.html", desk=desk, checks=checks, own=own, may=may, **WORDS)
