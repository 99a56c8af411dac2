"""Logging in to the console. Passwords and codes are compared by ``services.users`` and nowhere else."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, NoReturn

from flask import Flask, abort, request
from flask_security import Security
from flask_security.forms import LoginForm
from wtforms import StringField  # type: ignore[import-untyped]

from broadcaster.accounts.datastore import Datastore
from broadcaster.domain.errors import Forbidden, Unauthenticated
from broadcaster.services import users
from broadcaster.services.system import System


def install(app: Flask, system: System) -> None:
    """Sessions, /console/login and /console/logout on this app; opens no connection."""
    app.config |= _settings(system)
    datastore = Datastore(system.database)
    app.extensions["security"] = Security(app, datastore, login_form=_form(system, datastore))
    app.view_functions["security.verify"] = _no_second_door

    @app.teardown_appcontext
    def forget(_: BaseException | None) -> None:
        datastore.sessions.remove()


def _no_second_door() -> NoReturn:
    """The package's own page for asking a password again would compare it past ``services.users``."""
    abort(404)


def derived(secret_key: str, purpose: str) -> str:
    """A key of its own for each purpose, so that none can stand in for another."""
    return hmac.new(secret_key.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def _form(system: System, datastore: Datastore) -> type[LoginForm]:
    class Login(LoginForm):
        """E-mail, password and, where one is enrolled, the code."""

        code = StringField("Code from your authenticator app", render_kw={"autocomplete": "one-time-code"})

        def validate(self, **kwargs: Any) -> bool:
            if not super(LoginForm, self).validate(**kwargs):
                return False
            origin = f"console:{request.remote_addr}"
            email, password = self.email.data or "", self.password.data or ""
            try:
                actor = users.verify(system, email, password, self.code.data or "", origin)
            except (Forbidden, Unauthenticated) as refused:
                self.form_errors.append(refused.text)
                return False
            self.user = datastore.find_user(email=actor.name)
            return self.user is not None

    return Login


def _settings(system: System) -> dict[str, Any]:
    production = system.settings.production
    return {
        "SECURITY_LOGIN_URL": "/console/login",
        "SECURITY_LOGOUT_URL": "/console/logout",
        "SECURITY_LOGOUT_CSRF": True,
        "SECURITY_VERIFY_URL": "/console/verify",
        "SECURITY_POST_LOGIN_VIEW": "/console/",
        "SECURITY_POST_LOGOUT_VIEW": "/console/login",
        "SECURITY_LOGIN_USER_TEMPLATE": "console/login.html",
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
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_NAME": "__Host-console" if production else "console",
        "REMEMBER_COOKIE_SECURE": production,
        "WTF_CSRF_TIME_LIMIT": None,  # a form may stand open through a long night; the session bounds it
    }
