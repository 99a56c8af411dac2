"""The Flask app: console, API, webhooks and forms. Creating it opens no connection."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, g, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_babel import Babel
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, SQLAlchemyError
from werkzeug.exceptions import HTTPException, UnsupportedMediaType
from werkzeug.middleware.proxy_fix import ProxyFix

from broadcaster.api import alerts, hooks, problems, state
from broadcaster.console import blueprint as console
from broadcaster.console import csp, login, spoken
from broadcaster.console.session import chosen_language
from broadcaster.domain.errors import BroadcasterError, ConfigError, Invalid, Unavailable
from broadcaster.public import forms
from broadcaster.rules_file import config_at_start
from broadcaster.services.system import System
from broadcaster.settings import load_settings

log = logging.getLogger(__name__)
TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
TRANSLATIONS = Path(__file__).resolve().parent / "console" / "translations"
LARGEST_BODY = 2 * 1024 * 1024  # bytes
LIMITS = {  # per address; how often an account's password is tried is counted in SQL (domain/lockout.py)
    "console.login": "30 per minute",
    "console.login_passkey": "30 per minute",
    "console.passkey_login": "30 per minute",
    "console.join": "30 per minute",
    "console.strength": "120 per minute",
    "console.csp": "60 per minute",
    "forms.subscribe": "60 per hour",
    "forms.push": "60 per hour",
    "forms.push_leave": "60 per hour",
}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(), microphone=(), geolocation=(), payment=(), usb=(), "
        "publickey-credentials-get=(self), publickey-credentials-create=(self)"
    ),
}
OWN_WORDS = {  # for what nobody of ours worded
    403: "Your role does not allow this. Ask an admin for the role that does. Where there is no admin yet, whoever "
    "runs the server adds one: python -m broadcaster users add you@example.org --role admin",
    404: "There is no such page. It may be over or put away, or its address is not complete.",
}
MACHINES = ("/api/", "/hooks/", "/metrics", "/readyz", "/healthz")


def create_app(system: System | None = None) -> Flask:
    """The app on ``system``, or on one from the environment. Raises ConfigError."""
    system = system or _system()
    app = Flask("broadcaster", template_folder=str(TEMPLATES), static_folder=None)
    app.secret_key = login.derived(system.settings.secret_key, "session")
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.config["MAX_FORM_MEMORY_SIZE"] = LARGEST_BODY
    Babel(  # type: ignore[no-untyped-call]
        app, default_translation_directories=str(TRANSLATIONS), locale_selector=chosen_language, default_timezone="UTC"
    )
    _answer_headers(app, system)  # first: whatever refuses a request answers with a nonce too
    app.before_request(_plain_body)
    login.install(app, system)
    _guard(app, system)
    _answer_errors(app)
    if system.settings.trusted_proxies:
        hops = system.settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]
    return app


def _system() -> System:
    settings = load_settings()
    if not settings.secret_key:
        hint = "set it, or start once with: python -m broadcaster serve"
        raise ConfigError("S014", "SECRET_KEY", "is not set and the data folder has none", hint)
    return System.open(settings, config_at_start(settings))


def _plain_body() -> None:
    """A packed body would be read as it stands, and the refusal would speak of anything but that."""
    packed = request.headers.get("Content-Encoding", "").strip().lower()
    if packed not in ("", "identity"):
        raise UnsupportedMediaType(f"A body packed with {packed!r} is not read. Send it without Content-Encoding.")


def _guard(app: Flask, system: System) -> None:
    """Blueprints with what stands before them: CSRF for browsers' forms, limits for everybody but providers."""
    csrf = CSRFProtect(app)  # type: ignore[no-untyped-call]
    limiter = Limiter(
        get_remote_address,
        app=app,
        storage_uri=_limits_uri(system.settings.redis_url),
        storage_options={"socket_connect_timeout": 1, "socket_timeout": 1},
        in_memory_fallback_enabled=True,
        swallow_errors=True,
        default_limits=["6000 per minute"],
    )
    made = [alerts.blueprint(system), hooks.blueprint(system), state.blueprint(system)]
    for machine in made:
        csrf.exempt(machine)  # type: ignore[no-untyped-call]
    limiter.exempt(made[1])
    limiter.exempt(made[2])
    public = forms.blueprint(system)
    csrf.exempt(public)  # type: ignore[no-untyped-call]  # no login stands behind these forms: their proof is the signed link itself
    app.register_blueprint(console.blueprint(system))
    for each in (*made, public):
        app.register_blueprint(each)
    csrf.exempt("broadcaster.console.csp.report")  # type: ignore[no-untyped-call]  # a browser's word, bound to no form
    for endpoint, limit in LIMITS.items():
        _limit(app, limiter, endpoint, limit)
    app.extensions["reauth_limit"] = limiter.limit("30 per minute", key_func=_session_key)(_not_too_often)


def _session_key() -> str:
    """Whoever proves themselves anew, from wherever."""
    return f"reauth:{session.get('sid', '')}"


def _not_too_often() -> None:
    """Stands before each re-authentication (console.proof); the limit round it does the work."""


def _limit(app: Flask, limiter: Limiter, endpoint: str, limit: str) -> None:
    limited: Any = limiter.limit(limit, methods=["POST"])(app.view_functions[endpoint])
    app.view_functions[endpoint] = limited


def _limits_uri(redis_url: str) -> str:
    """The limits package spells Redis on a socket redis+unix://."""
    return f"redis+{redis_url}" if redis_url.startswith("unix:") else redis_url


def _answer_errors(app: Flask) -> None:
    app.register_error_handler(BroadcasterError, _of_ours)
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(SQLAlchemyError, _of_database)
    app.register_error_handler(Exception, _of_anything)


def _of_ours(error: Exception) -> ResponseReturnValue:
    assert isinstance(error, BroadcasterError)
    if _machine():
        return problems.of_error(error)
    return _page(error.status, error.text, error.code)


def _of_http(error: Exception) -> ResponseReturnValue:
    assert isinstance(error, HTTPException)
    if _machine():
        return problems.of_http(error)
    if error.code is None or error.code < 400:
        return error
    if isinstance(error, CSRFError):
        return _of_form()
    if error.code == 405 and request.method == "GET" and request.path.startswith("/console/"):
        return redirect(_nearest())
    if error.code in OWN_WORDS and error.description == type(error).description:
        return _page(error.code, OWN_WORDS[error.code])
    return _page(error.code, error.description or error.name)


def _nearest() -> str:
    """The page to which a form's address belongs: a phone that wakes up, or a way back, asks for that address anew."""
    routes = current_app.create_url_adapter(request)
    path = request.path
    while routes is not None and path.count("/") > 2:  # never above /console/...
        path = path.rpartition("/")[0]
        if path.count("/") > 1 and routes.test(path, "GET"):
            return path
    return "/console/"


def _of_form() -> ResponseReturnValue:
    """A form without its mark: most often the session ended while it stood open."""
    if login.logged_out():
        text = "You were logged out; nothing was sent. Log in and go on: what you typed in an alert comes back."
        return _page(401, text, onward=login.to_login(login.came_from()))
    return _page(400, "This form is too old or came from another site. Open the page again and repeat it.")


def _of_database(error: Exception) -> ResponseReturnValue:
    if isinstance(error, DataError):  # PostgreSQL takes no NUL in a text, and no number beyond its type
        return _of_ours(
            Invalid("unreadable_text", "A character or number in the request is one that nothing can carry.")
        )
    log.error("the database refused: %s", error)
    return _of_ours(Unavailable("database", "The database is away. Try again in a moment."))


def _of_anything(error: Exception) -> ResponseReturnValue:
    log.exception("a request failed", exc_info=error)
    text = "Something went wrong on our side; it is in the log. Nothing is known to have been changed."
    return problems.problem(500, "internal", "Internal error", text) if _machine() else _page(500, text)


def _machine() -> bool:
    return request.path.startswith(MACHINES)


def _page(status: int, text: str, code: str = "", onward: str = "") -> ResponseReturnValue:
    title = {401: "You are logged out", 403: "Not allowed", 404: "Not found", 429: "Too many tries"}.get(
        status, "That did not work"
    )
    if not request.path.startswith("/console"):
        return render_template("public/said.html", title=title, text=text), status
    words = {"title": spoken.said("status", title), "text": spoken.said(code, text)}
    return render_template("console/error.html", onward=onward, **words), status


def _answer_headers(app: Flask, system: System) -> None:
    @app.before_request
    def nonce() -> None:
        g.nonce = secrets.token_urlsafe(16)

    @app.context_processor
    def give_nonce() -> dict[str, str]:
        return {"nonce": g.get("nonce", "")}

    @app.after_request
    def harden(answer: Response) -> Response:
        answer.headers.setdefault("Content-Security-Policy", _policy(g.get("nonce", ""), request.is_secure))
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        if not request.path.startswith("/console/static/"):
            answer.headers.setdefault("Cache-Control", "no-store")
        if request.is_secure:
            answer.headers.setdefault("Reporting-Endpoints", f'csp="{csp.PATH}"')
        if system.settings.production:
            answer.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        return answer


def _policy(nonce: str, secure: bool) -> str:
    """Chromium follows report-to alone where it stands, and without TLS it then reports to nobody."""
    report = f"report-uri {csp.PATH}; report-to csp" if secure else f"report-uri {csp.PATH}"
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; "
        f"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; {report}"
    )
