"""Recovery codes: ten, each good once instead of the second factor, kept as salted keyed hashes.

80 random bits each (OWASP ASVS 2.6.2 asks for a salted hash below 112); the key is derived from SECRET_KEY, so that
a stolen database alone says nothing about them.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence

COUNT = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz234567890"  # 32, none that reads as another
_GROUPS, _EACH = 4, 4


def make() -> list[str]:
    """Ten new codes, as a person reads them: four groups of four."""
    return ["-".join(_group() for _ in range(_GROUPS)) for _ in range(COUNT)]


def hashed(secret_key: str, code: str) -> str:
    """What is kept of a code: "salt$hash" in hex."""
    salt = secrets.token_hex(16)
    return f"{salt}${_mac(secret_key, salt, code)}"


def looks_like(text: str) -> bool:
    """Is it one of these, and not six digits from an app?"""
    return len(_plain(text)) == _GROUPS * _EACH


def place(secret_key: str, kept: Sequence[str], code: str) -> int | None:
    """Where among the kept ones this code stands; None where it is none of them."""
    found = None
    for number, one in enumerate(kept):
        salt, _, mac = one.partition("$")
        if hmac.compare_digest(mac, _mac(secret_key, salt, code)):
            found = number
    return found


def _group() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(_EACH))


def _mac(secret_key: str, salt: str, code: str) -> str:
    key = hmac.new(secret_key.encode(), b"recovery", hashlib.sha256).digest()
    return hmac.new(key, f"{salt}:{_plain(code)}".encode(), hashlib.sha256).hexdigest()


def _plain(text: str) -> str:
    return re.sub(r"[\s-]", "", text).lower().replace("o", "0")  # there is no o
