"""The OpenAPI 3.1 document of /api/v1, from one table of routes and the models themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from broadcaster.api.problems import TYPE
from broadcaster.api.schemas import schemas


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. ``answers``: status -> (model, words). ``scope`` empty: no token needed."""

    method: str
    path: str
    operation: str
    summary: str
    scope: str
    answers: tuple[tuple[int, str, str], ...]
    problems: tuple[int, ...] = ()


ROUTES = (
    Route(
        "post",
        "/api/v1/alerts",
        "create",
        "Hand in an alert, as CAP 1.2 or by template. It becomes a draft; two people still have to agree.",
        "submit",
        ((201, "Made", "made"), (200, "Made", "the same CAP message came before")),
        (401, 403, 409, 413, 415, 422, 429),
    ),
    Route(
        "get",
        "/api/v1/alerts",
        "listing",
        "All alerts, newest first.",
        "read",
        ((200, "AlertList", "alerts"),),
        (401, 422, 429),
    ),
    Route(
        "get", "/api/v1/alerts/{id}", "one", "One alert.", "read", ((200, "AlertOut", "the alert"),), (401, 404, 429)
    ),
    Route(
        "post",
        "/api/v1/alerts/{id}/submit",
        "submit",
        "Hand a draft to a second person. Blocking findings refuse it with 409.",
        "submit",
        ((200, "Moved", "in review"),),
        (401, 403, 404, 409, 429),
    ),
    Route(
        "get",
        "/api/v1/alerts/{id}/deliveries",
        "deliveries",
        "What became of its messages, in numbers.",
        "read",
        ((200, "DeliveriesOut", "numbers"),),
        (401, 404, 429),
    ),
    Route("get", "/api/v1/openapi.json", "openapi", "This document.", "", ()),
)
WORDS = {
    401: "no token, or one that is unknown or revoked",
    403: "this token may not do that",
    404: "there is no such alert",
    409: "a rule refuses it in its present state; nothing was changed",
    413: "the body is too large (2 MiB)",
    415: "neither CAP nor JSON",
    422: "it cannot be read, or breaks a rule of form",
    429: "too many requests; wait as Retry-After says",
}


def document(public_url: str) -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Crisis broadcaster", "version": "1", "description": "Machines submit; people approve."},
        "servers": [{"url": public_url}],
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    answers = {str(status): _answer("application/json", model, words) for status, model, words in route.answers}
    answers |= {str(status): _answer(TYPE, "Problem", WORDS[status]) for status in route.problems}
    made: dict[str, Any] = {
        "operationId": route.operation,
        "summary": route.summary,
        "responses": answers or {"200": {"description": "OpenAPI", "content": {"application/json": {}}}},
        "security": [{"token": [route.scope]}] if route.scope else [],
    }
    if parameters := _parameters(route):
        made["parameters"] = parameters
    if route.operation == "create":
        made["requestBody"] = _body()
    return made


def _parameters(route: Route) -> list[dict[str, Any]]:
    text = {"type": "string"}
    found: list[dict[str, Any]] = []
    if "{id}" in route.path:
        found.append({"name": "id", "in": "path", "required": True, "schema": text})
    if route.operation == "listing":
        found.append({"name": "state", "in": "query", "schema": {"type": "array", "items": text}})
    if route.operation == "create":
        about = "1 to 255 characters. The same key with the same body gives the first answer again; with another, 422."
        found.append({"name": "Idempotency-Key", "in": "header", "description": about, "schema": text})
    return found


def _body() -> dict[str, Any]:
    return {
        "required": True,
        "content": {
            "application/cap+xml": {"schema": {"type": "string"}},
            "application/json": {"schema": {"$ref": "#/components/schemas/NewAlert"}},
        },
    }


def _answer(kind: str, model: str, words: str) -> dict[str, Any]:
    return {"description": words, "content": {kind: {"schema": {"$ref": f"#/components/schemas/{model}"}}}}
