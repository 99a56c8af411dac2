"""Who acts in the console: the session's person, and that person proven anew in the same request."""

from __future__ import annotations

from flask import request
from flask_security import current_user

from broadcaster.services import users
from broadcaster.services.system import Actor, System


def actor() -> Actor:
    """The person of this session; not verified."""
    roles = frozenset(role.name for role in current_user.roles)
    return Actor(current_user.email, origin(), roles)


def proven(system: System) -> Actor:
    """The person of this session, verified by the ``password`` or ``code`` of this very form.

    Raises Unauthenticated where neither is right, Forbidden("locked") after too many tries.
    """
    form = request.form
    return users.verify(system, current_user.email, form.get("password", ""), form.get("code", ""), origin())


def origin() -> str:
    """Where a request comes from, for the audit."""
    return f"console:{request.remote_addr}"
