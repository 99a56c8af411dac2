"""The second factor: time-based codes (RFC 6238), each good once."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime

from flask_security.totp import Totp
from passlib.exc import TokenError  # type: ignore[import-untyped]

WINDOW_SECONDS = 30  # one step early or late: phones' clocks drift


class OnceTotp(Totp):
    """Flask-Security's factory whose codes cannot be used twice.

    ``claim(user_id, counter)`` stores a counter if it is newer than the last one and says whether it was:
    two requests with the same code side by side have one winner.
    """

    def __init__(self, secret_key: str, issuer: str, claim: Callable[[int, int], bool]) -> None:
        super().__init__({"1": _wallet_key(secret_key)}, issuer)
        self._claim = claim

    def verify_once(self, code: str, secret: str, user_id: int, now: datetime) -> bool:
        """Whether ``code`` is right at ``now`` and has not been used yet; uses it up."""
        counter = self.counter_of(code, secret, now)
        return counter is not None and self._claim(user_id, counter)

    def counter_of(self, code: str, secret: str, now: datetime) -> int | None:
        """The step that a right code belongs to; None for a wrong one. Uses nothing up."""
        try:
            match = self._totp.verify(code.strip(), secret, window=WINDOW_SECONDS, time=int(now.timestamp()))
        except (TokenError, ValueError, TypeError):
            return None
        return int(match.counter)

    def code_at(self, secret: str, now: datetime) -> str:
        """The code that an authenticator shows at ``now``."""
        return str(self._totp.from_source(secret).generate(time=int(now.timestamp())).token)


def _wallet_key(secret_key: str) -> str:
    return hmac.new(secret_key.encode(), b"totp", hashlib.sha256).hexdigest()
