"""Whether this installation works: /healthz, /readyz, and /metrics for tokens."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from broadcaster.services import metrics, tokens
from broadcaster.services.health import readiness
from broadcaster.services.system import System


class State:
    """The views, on one System."""

    def __init__(self, system: System) -> None:
        self._system = system

    def healthz(self) -> Response:
        """The process lives."""
        return jsonify({"ok": True})

    def readyz(self) -> tuple[Response, int]:
        """200 where every part works, else 503 with which does not and why."""
        found = readiness(self._system)
        return jsonify(found), 200 if found["ready"] else 503

    def metrics(self) -> Response:
        """Prometheus's text format; any token reads it."""
        tokens.authenticate(self._system, request.headers.get("Authorization"), f"api:{request.remote_addr}")
        return Response(metrics.text(self._system), content_type="text/plain; version=0.0.4; charset=utf-8")


def blueprint(system: System) -> Blueprint:
    """/healthz, /readyz, /metrics"""
    views = State(system)
    made = Blueprint("state", __name__)
    made.add_url_rule("/healthz", "healthz", views.healthz, methods=["GET"])
    made.add_url_rule("/readyz", "readyz", views.readyz, methods=["GET"])
    made.add_url_rule("/metrics", "metrics", views.metrics, methods=["GET"])
    return made
