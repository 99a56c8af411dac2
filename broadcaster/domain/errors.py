"""The one tree of errors that our own code raises.

``BroadcasterError`` is what a request, command or job may meet and answer. ``ConfigError`` stands outside
it: a wrong configuration stops the start and is never caught by a handler of ordinary errors.
"""

from __future__ import annotations


class BroadcasterError(Exception):
    """Something was refused or failed for a reason a person can act on.

    ``code`` is stable and machine-readable, ``text`` says what is wrong and what to do.
    """

    status = 500

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


class Refused(BroadcasterError):
    """A rule forbids it in the present state; nothing was changed (HTTP 409, exit code 1)."""

    status = 409


class Forbidden(BroadcasterError):
    """This person or token may not do this; nothing was changed (HTTP 403)."""

    status = 403


class Unauthenticated(BroadcasterError):
    """Nobody proved who they are (HTTP 401)."""

    status = 401


class NotFound(BroadcasterError):
    """The thing named does not exist (HTTP 404)."""

    status = 404


class Invalid(BroadcasterError):
    """What was handed in cannot be read or breaks a rule of form (HTTP 422)."""

    status = 422


class Unavailable(BroadcasterError):
    """A part this needs is away; trying again helps (HTTP 503)."""

    status = 503


class ConfigError(Exception):
    """Configuration that must not start: where, what, an id to look up, and what to do."""

    def __init__(self, id: str, where: str, text: str, hint: str) -> None:
        super().__init__(f"{id} {where}: {text} ({hint})")
        self.id = id
        self.where = where
        self.text = text
        self.hint = hint
