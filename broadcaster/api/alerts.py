"""Alerts for machines: hand in, submit, read. Nothing here approves, stops or ends anything."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from flask import Blueprint, Response, g, jsonify, request
from pydantic import ValidationError
from werkzeug.exceptions import UnsupportedMediaType

from broadcaster.api.openapi import document
from broadcaster.api.schemas import NewAlert
from broadcaster.domain.alert import State
from broadcaster.domain.errors import Invalid
from broadcaster.services import deliveries, partner, show, tokens
from broadcaster.services.submit import submit
from broadcaster.services.system import Actor, System

LARGEST_BODY = 2 * 1024 * 1024  # bytes; the largest CAP documents seen are about 0.3 MB
CAP_TYPES = ("application/cap+xml", "application/xml", "text/xml")


class Alerts:
    """The views, on one System."""

    def __init__(self, system: System) -> None:
        self._system = system

    def authenticate(self) -> None:
        """Before each request: who is it, and how far does its token reach?"""
        request.max_content_length = LARGEST_BODY
        if request.endpoint == "api.openapi":
            return
        origin = f"api:{request.remote_addr}"
        g.actor, g.scope = tokens.authenticate(self._system, request.headers.get("Authorization"), origin)

    def create(self) -> tuple[Response, int]:
        """POST /api/v1/alerts"""
        actor = _submitter()
        key = request.headers.get("Idempotency-Key")
        body = request.get_data()
        if request.mimetype in CAP_TYPES:
            made = partner.receive_cap(self._system, actor, body, request.content_type or "", key)
        elif request.mimetype == "application/json":
            draft = _read(body).draft()
            made = partner.receive_draft(self._system, actor, draft, hashlib.sha256(body).hexdigest(), key)
        else:
            raise UnsupportedMediaType("send application/cap+xml or application/json")
        found = show.alert(self._system, made.alert.id)
        answer = jsonify({"id": found["id"], "state": found["state"], "findings": found["findings"]})
        answer.headers["Location"] = f"/api/v1/alerts/{made.alert.id}"
        return answer, 201 if made.new else 200

    def submit(self, id_: str) -> Response:
        """POST /api/v1/alerts/<id>/submit"""
        moved = submit(self._system, _submitter(), id_)
        return jsonify({"id": moved.id, "state": str(moved.state)})

    def listing(self) -> Response:
        """GET /api/v1/alerts"""
        return jsonify(show.listing(self._system, *[_state(name) for name in request.args.getlist("state")]))

    def one(self, id_: str) -> Response:
        """GET /api/v1/alerts/<id>"""
        return jsonify(show.alert(self._system, id_))

    def deliveries(self, id_: str) -> Response:
        """GET /api/v1/alerts/<id>/deliveries"""
        return jsonify(deliveries.totals(self._system, id_))

    def openapi(self) -> Response:
        """GET /api/v1/openapi.json"""
        return jsonify(document(self._system.settings.public_url))


def blueprint(system: System) -> Blueprint:
    """/api/v1"""
    views = Alerts(system)
    made = Blueprint("api", __name__, url_prefix="/api/v1")
    made.before_request(views.authenticate)
    made.add_url_rule("/alerts", "create", views.create, methods=["POST"])
    made.add_url_rule("/alerts", "listing", views.listing, methods=["GET"])
    made.add_url_rule("/alerts/<id_>", "one", views.one, methods=["GET"])
    made.add_url_rule("/alerts/<id_>/submit", "submit", views.submit, methods=["POST"])
    made.add_url_rule("/alerts/<id_>/deliveries", "deliveries", views.deliveries, methods=["GET"])
    made.add_url_rule("/openapi.json", "openapi", views.openapi, methods=["GET"])
    return made


def _submitter() -> Actor:
    tokens.need("submit", g.scope)
    actor: Actor = g.actor
    return actor


def _read(body: bytes) -> NewAlert:
    try:
        return NewAlert.model_validate(_json(body))
    except ValidationError as error:
        wrong = [f"{'.'.join(str(part) for part in e['loc']) or 'body'}: {e['msg']}" for e in error.errors()[:10]]
        raise Invalid("json_fields", "; ".join(wrong)) from error


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Invalid("json", f"the body is not JSON: {error}"[:300]) from error


def _state(name: str) -> State:
    try:
        return State(name)
    except ValueError as error:
        raise Invalid("state", f"{name!r} is no state; states are {', '.join(State)}") from error
