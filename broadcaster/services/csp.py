"""What browsers say our content security policy stopped: counted by directive, and logged. Redis may forget it."""

from __future__ import annotations

import json
import logging
from typing import Any

from redis.exceptions import RedisError

from broadcaster.services.system import System

log = logging.getLogger(__name__)
KEY = "csp_reports"
_FETCHED = (
    "script",
    "script-src-elem",
    "style",
    "style-src-elem",
    "img",
    "font",
    "connect",
    "frame",
    "media",
    "object",
)
DIRECTIVES = frozenset(
    {name if "-" in name else f"{name}-src" for name in _FETCHED}
    | {"default-src", "script-src-attr", "style-src-attr", "worker-src", "form-action", "base-uri", "frame-ancestors"}
)


def note(system: System, body: bytes) -> None:
    """Count and log one request's reports. Anybody can send them: nothing of them is believed or kept."""
    for found in _reports(body)[:10]:
        directive = str(found.get("effectiveDirective") or found.get("effective-directive") or "")
        directive = directive or str(found.get("violated-directive") or "").partition(" ")[0]
        name = directive if directive in DIRECTIVES else "other"
        blocked = found.get("blockedURL") or found.get("blocked-uri")
        where = found.get("documentURL") or found.get("document-uri")
        log.warning("the content security policy stopped %s: %.200r on %.200r", name, blocked, where)
        _count(system, name)


def counts(system: System) -> dict[str, int]:
    """How many reports by directive; empty where none came, or Redis is away."""
    try:
        found: Any = system.redis.hgetall(KEY)
    except RedisError:
        return {}
    return {name.decode(): int(count) for name, count in found.items()}


def _count(system: System, name: str) -> None:
    try:
        system.redis.hincrby(KEY, name, 1)
    except RedisError as error:
        log.warning("a report could not be counted: %s", error)


def _reports(body: bytes) -> list[dict[str, Any]]:
    """Both forms there are: {"csp-report": {...}} of report-uri, and the list of the Reporting API."""
    try:
        found = json.loads(body)
    except ValueError:
        return [{}]
    entries = found if isinstance(found, list) else [found]
    inner = [one.get("body") or one.get("csp-report") or {} for one in entries if isinstance(one, dict)]
    return [one for one in inner if isinstance(one, dict)] or [{}]
