"""Push subscriptions (W3C Push API, RFC 8291): what a browser hands us, and the text we know it by. Pure."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from broadcaster.domain.errors import Invalid

LONGEST = 1000  # characters of an endpoint; push services' have some 200
PUBLIC_BYTES, AUTH_BYTES = 65, 16


def address_of(given: object) -> str:
    """The subscription as the one text that names this browser among subscribers. Raises Invalid for what is none."""
    raw = given if isinstance(given, Mapping) else {}
    endpoint, keys = raw.get("endpoint"), raw.get("keys")
    keys = keys if isinstance(keys, Mapping) else {}
    public, secret = decoded(keys.get("p256dh")), decoded(keys.get("auth"))
    sound = len(public) == PUBLIC_BYTES and public[:1] == b"\x04" and len(secret) == AUTH_BYTES
    if not isinstance(endpoint, str) or not _is_address(endpoint) or not sound:
        raise Invalid("push", "this is no push subscription of a browser")
    return json.dumps(
        {"endpoint": endpoint, "keys": {"auth": _text(secret), "p256dh": _text(public)}}, separators=(",", ":")
    )


def subscription_of(address: str) -> dict[str, Any]:
    """The subscription again."""
    found: dict[str, Any] = json.loads(address)
    return found


def decoded(text: object) -> bytes:
    """base64url with or without its padding; nothing where it is none."""
    try:
        plain = text.encode("ascii") if isinstance(text, str) else b"!"
        return base64.b64decode(plain.rstrip(b"=") + b"=" * (-len(plain.rstrip(b"=")) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _is_address(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
        named = bool(parts.hostname) and parts.username is None
    except ValueError:
        return False
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost"))
    return named and safe and endpoint.isascii() and len(endpoint) <= LONGEST
