"""Providers' webhooks: /hooks/twilio/<channel>/status, /inbound and /answer."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, request

from broadcaster.services import webhooks
from broadcaster.services.system import System
from broadcaster.services.webhooks import Hook

LARGEST_BODY = 64 * 1024  # bytes


class Hooks:
    """The views, on one System."""

    def __init__(self, system: System) -> None:
        self._system = system

    def status(self, channel: str) -> Response:
        """A receipt: 204 once it is kept."""
        webhooks.status(self._system, _hook(channel), request.args.get("a", ""))
        return Response(status=204)

    def inbound(self, channel: str) -> Response:
        """A person's text: committed before the answer."""
        return Response(webhooks.text(self._system, _hook(channel)), content_type="text/xml; charset=utf-8")

    def answer(self, channel: str) -> Response:
        """A call that asks what follows, after its first words or a key."""
        attempt, step = request.args.get("a", ""), request.args.get("s", "")
        said = webhooks.call(self._system, _hook(channel), attempt, step)
        return Response(said, content_type="text/xml; charset=utf-8")


def blueprint(system: System) -> Blueprint:
    """/hooks/twilio"""
    views = Hooks(system)
    made = Blueprint("hooks", __name__, url_prefix="/hooks/twilio")
    made.add_url_rule("/<channel>/status", "status", views.status, methods=["POST"])
    made.add_url_rule("/<channel>/inbound", "inbound", views.inbound, methods=["POST"])
    made.add_url_rule("/<channel>/answer", "answer", views.answer, methods=["POST"])
    return made


def _hook(channel: str) -> Hook:
    request.max_content_length = LARGEST_BODY
    query = request.query_string.decode("ascii", "replace")
    path = quote(request.path) + (f"?{query}" if query else "")
    return Hook(channel, path, request.form, request.headers.get("X-Twilio-Signature", ""))
