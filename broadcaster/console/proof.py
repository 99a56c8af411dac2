"""Who acts in the console: the session's person, and that person proven anew in the same request."""

from __future__ import annotations

from flask import current_app, request
from flask_security import current_user

from broadcaster.services import passkeys, users
from broadcaster.services.system import Actor, System


def actor() -> Actor:
    """The person of this session; not verified."""
    roles = frozenset(role.name for role in current_user.roles)
    return Actor(current_user.email, origin(), roles)


def proven(system: System, *, mending: bool = False) -> Actor:
    """The person of this session, verified by this very form: ``password``, ``code``, or what a ``passkey`` signed.

    ``mending``: this leads only to where people mend their own access (``users.fit``). Raises Unauthenticated where
    none is right, Forbidden("locked") after too many tries.
    """
    current_app.extensions["reauth_limit"]()
    form, email = request.form, current_user.email
    if form.get("passkey"):
        return passkeys.reverify(system, email, form["passkey"], origin(), mending=mending)
    return users.reverify(system, email, form.get("password", ""), form.get("code", ""), origin(), mending=mending)


def origin() -> str:
    """Where a request comes from, for the audit."""
    return f"console:{request.remote_addr}"
