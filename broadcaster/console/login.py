"""Sessions of the console on this app. Passwords, codes and passkeys are compared by services and nowhere else.

Flask-Security-Too gives the people, roles and marks; its own pages are not registered: they would compare passwords
past ``services.users``, and hand out tokens that no screen of ours takes.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Flask, current_app, redirect, request, session
from flask_security import Security, UserMixin, current_user
from flask_security.utils import set_request_attr
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from broadcaster.accounts.datastore import Datastore
from broadcaster.console.access import ANYBODY
from broadcaster.console.screens import part_only
from broadcaster.services import sessions, users
from broadcaster.services.system import System

LOGIN = "/console/login"
OWN_PASSWORD = "/console/account/password"  # noqa: S105 - a path
_MENDING = tuple(
    f"console.{name}" for name in ("password", "strength", "logout", "language", "static", "vendor", "csp")
)


def install(app: Flask, system: System) -> None:
    """Who is behind a request's cookie; opens no connection."""
    app.config |= _settings(system)
    datastore = Datastore(system.database)
    security = Security(app, datastore, register_blueprint=False)
    security.unauthn_handler(_to_login)
    manager = app.login_manager  # type: ignore[attr-defined]
    manager.user_loader(lambda uniquifier: _person(system, datastore, uniquifier))
    manager.request_loader(lambda _: None)  # no token in a header or an address opens the console
    app.extensions["people"] = datastore
    app.before_request(_own_password_first)
    app.context_processor(lambda: {"factor_missing": lambda: _factor_missing(system)})

    @app.teardown_appcontext
    def forget(_: BaseException | None) -> None:
        datastore.sessions.remove()


def derived(secret_key: str, purpose: str) -> str:
    """A key of its own for each purpose, so that none can stand in for another."""
    return hmac.new(secret_key.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def inside(path: str | None) -> str:
    """A path of the console to go on to, or its first screen: never another site, never another part of this one."""
    wanted = path or ""
    plain = wanted.isascii() and wanted.isprintable() and not set(wanted) & set("\\ \"'<>")
    steps = wanted.partition("?")[0].lower().replace("%2e", ".").split("/")
    if not plain or steps[:2] != ["", "console"] or ".." in steps or "." in steps or wanted.startswith(LOGIN):
        return "/console/"
    return wanted


def logged_out() -> bool:
    """Is nobody behind this request, though its screen needs somebody?"""
    view = current_app.view_functions.get(request.endpoint or "")
    access = getattr(view, "access", ANYBODY)
    return access != ANYBODY and not current_user.is_authenticated


def came_from() -> str:
    """The page of the console that this request's form stood on, to go on to; its first screen where none is known."""
    there = urlsplit(request.referrer or "")
    path = inside(f"{there.path}?{there.query}" if there.query else there.path)
    try:
        current_app.create_url_adapter(request).match(path.partition("?")[0], method="GET")  # type: ignore[union-attr]
    except HTTPException:  # a form's own address shows nothing
        return "/console/"
    return path


def to_login(onward: str) -> str:
    """The login's address that leads on to ``onward``."""
    return f"{LOGIN}?{urlencode({'next': onward})}"


def _person(system: System, datastore: Datastore, uniquifier: str) -> UserMixin | None:
    held = sessions.alive(system, session.get("sid", ""), somebody=not part_only())
    if held is None:
        return None
    user = datastore.find_user(fs_uniquifier=str(uniquifier))
    if user is None or not user.active or user.id != held:
        return None
    set_request_attr("fs_authn_via", "session")
    return user


def _to_login(mechanisms: Any = None, headers: Any = None) -> Response:
    """Where nobody is logged in: the login, which then leads on to where they wanted to go."""
    query = {}
    if request.method == "GET" and not part_only():
        more = urlencode([(name, one) for name, one in request.args.items(multi=True) if name != "for"])
        query["next"] = f"{request.path}?{more}" if more else request.path
    if "for" in request.args:
        query["for"] = request.args["for"]
    return redirect(f"{LOGIN}?{urlencode(query)}" if query else LOGIN)


def _own_password_first() -> Response | None:
    """Somebody with a password that an admin read out sets one of their own before anything else."""
    if request.blueprint != "console" or request.endpoint in _MENDING or "sid" not in session:
        return None
    if current_user.is_authenticated and current_user.password_until is not None:
        return redirect(OWN_PASSWORD)
    return None


def _factor_missing(system: System) -> bool:
    """For the first screen: does this person release or give power with nothing but a password?"""
    return bool(current_user.is_authenticated) and users.needs_factor(users.find(system, current_user.email))


def people() -> Datastore:
    """The datastore of this app."""
    found: Datastore = current_app.extensions["people"]
    return found


def _settings(system: System) -> dict[str, Any]:
    production = system.settings.production
    return {
        "SECURITY_STATIC_FOLDER": None,
        "SECURITY_PASSWORD_HASH": "argon2",
        "SECURITY_PASSWORD_SCHEMES": ["argon2"],
        "SECURITY_DEPRECATED_PASSWORD_SCHEMES": [],
        "SECURITY_PASSWORD_SINGLE_HASH": True,
        "SECURITY_EMAIL_VALIDATOR_ARGS": {"check_deliverability": False, "globally_deliverable": False},
        "SECURITY_DATETIME_FACTORY": system.now,
        "SECURITY_API_ENABLED_METHODS": ["session"],
        "SESSION_COOKIE_SECURE": production,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",  # Strict would meet everybody who opens a link in a text with a login
        "SESSION_COOKIE_NAME": "__Host-console" if production else "console",
        "WTF_CSRF_TIME_LIMIT": None,  # a form may stand open through a long night; the session bounds it
    }
