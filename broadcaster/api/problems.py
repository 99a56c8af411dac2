"""Errors of machines' doors as application/problem+json (RFC 9457)."""

from __future__ import annotations

import json

from flask import Response
from werkzeug.exceptions import HTTPException

from broadcaster.domain.errors import BroadcasterError

TYPE = "application/problem+json"


def problem(status: int, code: str, title: str, detail: str = "") -> Response:
    """The answer. ``code`` is stable; ``detail`` says what to do."""
    body = {"type": "about:blank", "title": title, "status": status, "code": code, "detail": detail or title}
    answer = Response(json.dumps(body, ensure_ascii=False), status, content_type=TYPE)
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="broadcaster"'
    return answer


def of_error(error: BroadcasterError) -> Response:
    """One of our own errors."""
    title = {401: "Unauthorized", 403: "Forbidden", 404: "Not found", 409: "Refused", 422: "Cannot be taken"}
    return problem(error.status, error.code, title.get(error.status, "Unavailable"), error.text)


def of_http(error: HTTPException) -> Response:
    """One of Flask's."""
    status = error.code or 500
    code = (error.name or "error").lower().replace(" ", "_")
    answer = problem(status, code, error.name or "Error", error.description or "")
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after"):
            answer.headers[name] = value
    return answer
