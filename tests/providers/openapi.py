"""A request and its answer against a provider's own OpenAPI document: what the document does not name is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
PLAIN = {"string": str, "integer": int, "object": dict, "array": list, "boolean": bool, "number": (int, float)}


def faults(spec: Mapping[str, Any], method: str, path: str, query: str, form: str) -> list[str]:
    """What is wrong with a request of a form or of none."""
    named, operation = _operation(spec, method, path)
    if operation is None:
        return [f"there is no {method} {path}"]
    found: list[str] = []
    in_path = [(name, unquote(value)) for name, value in named.items()]
    for place, given in (("path", in_path), ("query", parse_qsl(query, keep_blank_values=True))):
        known = {one["name"]: one["schema"] for one in operation.get("parameters", ()) if one["in"] == place}
        found += _texts(spec, known, given)
    return found + list(_form(spec, operation, form))


def answer_faults(spec: Mapping[str, Any], method: str, path: str, status: int, body: Any) -> list[str]:
    """What is wrong with the answer that a stand-in gave."""
    _, operation = _operation(spec, method, path)
    if operation is None or str(status) not in operation["responses"]:
        return [f"{method} {path} never answers {status}"]
    return list(_value(spec, operation["responses"][str(status)]["content"][JSON]["schema"], body, ""))


def _operation(spec: Mapping[str, Any], method: str, path: str) -> tuple[dict[str, str], Any]:
    for template, operations in spec["paths"].items():
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+?)", re.escape(template))
        match = re.fullmatch(pattern, path)
        if match is not None and method.lower() in operations:
            return match.groupdict(), operations[method.lower()]
    return {}, None


def _form(spec: Mapping[str, Any], operation: Mapping[str, Any], form: str) -> Iterator[str]:
    given = parse_qsl(form, keep_blank_values=True)
    content = operation.get("requestBody", {}).get("content", {}).get(FORM, {"schema": {"properties": {}}})
    schema = content["schema"]
    yield from (f"{name} is missing" for name in schema.get("required", ()) if name not in dict(given))
    yield from _texts(spec, schema["properties"], given)


def _texts(spec: Mapping[str, Any], known: Mapping[str, Any], given: Sequence[tuple[str, str]]) -> Iterator[str]:
    for name, value in given:
        if name not in known:
            yield f"{name}: not in the document"
        else:
            yield from (f"{name}: {why}" for why in _text(spec, known[name], value))


def _text(spec: Mapping[str, Any], schema: Mapping[str, Any], value: str) -> Iterator[str]:
    """A value as it stands in an address or a form."""
    schema = _resolved(spec, schema)
    kind = schema.get("type")
    if kind == "integer":
        if not re.fullmatch(r"-?[0-9]+", value):
            yield f"{value!r} is no whole number"
        elif not schema.get("minimum", int(value)) <= int(value) <= schema.get("maximum", int(value)):
            yield f"{value} is out of range"
        return
    if kind == "boolean" and value not in ("true", "false", "True", "False"):
        yield f"{value!r} is neither true nor false"
    if schema.get("format") == "uri" and not re.match(r"https?://\S+$", value):
        yield f"{value!r} is no address"
    yield from _bounds(schema, value)


def _value(spec: Mapping[str, Any], schema: Mapping[str, Any], value: Any, where: str) -> Iterator[str]:
    schema = _resolved(spec, schema)
    if value is None and schema.get("nullable"):
        return
    kind = schema.get("type")
    if kind is not None and (not isinstance(value, PLAIN[kind]) or (kind == "integer" and value is True)):
        yield f"{where}: {value!r} is no {kind}"
    elif kind == "object" and "properties" in schema:
        for name, one in value.items():
            inner = f"{where}.{name}"
            if name not in schema["properties"]:
                yield f"{inner}: not in the document"
            else:
                yield from _value(spec, schema["properties"][name], one, inner)
    elif kind == "array":
        for one in value:
            yield from _value(spec, schema["items"], one, f"{where}[]")
    else:
        yield from (f"{where}: {why}" for why in _bounds(schema, value))


def _bounds(schema: Mapping[str, Any], value: Any) -> Iterator[str]:
    if "enum" in schema and value not in schema["enum"]:
        yield f"{value!r} is none of {schema['enum']}"
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{value!r} does not match {schema['pattern']}"


def _resolved(spec: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in schema:
        return schema
    found: Mapping[str, Any] = spec["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found
