"""Passwords: Argon2id, one hash, the same bytes that Flask-Security-Too reads (NFKD, no pepper)."""

from __future__ import annotations

import functools
import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 8
_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """The encoded Argon2id hash of a password."""
    return _hasher.hash(_normal(password))


def matches(hashed: str | None, password: str) -> bool:
    """Whether the password is that of the hash. Takes as long where there is no hash to compare with."""
    try:
        return _hasher.verify(hashed or _nobody(), _normal(password)) and hashed is not None
    except (VerificationError, InvalidHashError):
        return False


def random_password() -> str:
    """A password nobody has thought of, 20 letters and digits."""
    return "".join(secrets.choice("abcdefghijkmnpqrstuvwxyz23456789") for _ in range(20))


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKD", password)


@functools.cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe(24))
