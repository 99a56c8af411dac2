"""The door of the console: login by password and code or by passkey, invitation, logout."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, g, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_security import current_user, login_user, logout_user
from werkzeug.wrappers import Response

from broadcaster.accounts import recovery
from broadcaster.accounts.models import User
from broadcaster.console import login, spoken
from broadcaster.console.access import allowed, open_to_all
from broadcaster.console.proof import actor, origin
from broadcaster.console.screens import Screen
from broadcaster.domain.errors import BroadcasterError, Forbidden, Invalid, Unauthenticated
from broadcaster.services import invitations, login_hint, passkeys, sessions, users
from broadcaster.services.system import Actor, System


def screens(system: System) -> list[Screen]:
    """/console/login, /console/login/passkey, /console/logout, /console/join/<token>, what a passkey has to sign"""

    @open_to_all  # it is the login
    def enter() -> ResponseReturnValue:
        """GET and POST /console/login: email, password, code; next, for"""
        if request.method == "GET":
            here = current_user.is_authenticated
            return redirect(login.inside(request.args.get("next"))) if here else _page(system)
        email, password, code = (request.form.get(name, "") for name in ("email", "password", "code"))
        try:
            who = users.verify(system, email, password, code, origin(), mending=True)
        except (Forbidden, Unauthenticated) as refused:
            return _page(system, _wrong(refused), email)
        via = "password" if not code.strip() else "recovery" if recovery.looks_like(code) else "code"
        return _inside(system, who, via)

    @open_to_all  # it is the login
    def enter_by_passkey() -> ResponseReturnValue:
        """POST /console/login/passkey: passkey (what the browser signed), next"""
        try:
            who = passkeys.login(system, request.form.get("passkey", ""), origin())
        except Unauthenticated:
            return _page(system, _("This passkey was not accepted. Try again, or use your password."))
        return _inside(system, who, "passkey")

    @allowed()
    def leave() -> Response:
        """POST /console/logout"""
        _end_session(system)
        logout_user()
        session.clear()
        return redirect(login.LOGIN)

    return [
        Screen("/login", "login", enter, ("GET", "POST")),
        Screen("/login/passkey", "login_passkey", enter_by_passkey, ("POST",)),
        Screen("/logout", "logout", leave, ("POST",)),
        Screen("/join/<token>", "join", _join(system), ("GET", "POST")),
        *_asks(system),
    ]


def _asks(system: System) -> list[Screen]:
    """What a passkey has to sign."""

    @open_to_all  # a browser must know what to sign before anybody is known
    def ask_login() -> ResponseReturnValue:
        """POST /console/passkey/login: what a passkey has to sign to log in, as JSON"""
        return _asked(lambda: passkeys.ask_login(system))

    @allowed()
    def ask_proof() -> ResponseReturnValue:
        """POST /console/passkey/proof: what a passkey of this person has to sign to prove them anew, as JSON"""
        return _asked(lambda: passkeys.ask_proof(system, current_user.email))

    return [
        Screen("/passkey/login", "passkey_login", ask_login, ("POST",)),
        Screen("/passkey/proof", "passkey_proof", ask_proof, ("POST",)),
    ]


def _join(system: System) -> Callable[[str], ResponseReturnValue]:
    @open_to_all  # the link is the proof; it makes a login
    def join(token: str) -> ResponseReturnValue:
        """GET and POST /console/join/<token>: password, again"""
        email, wrong = invitations.peek(system, token), ""
        if request.method == "POST":
            try:
                who = _joined(system, token)
            except Invalid as refused:
                wrong = spoken.of(refused)
            else:
                _begin_session(system, who, "invitation")
                flash(_("Welcome. Now add a second factor: an app on your phone, or a passkey."))
                return redirect("/console/account")
        return render_template("console/account/join.html", email=email, wrong_text=wrong)

    return join


# --- the parts --------------------------------------------------------------------------------------------------
def _page(system: System, wrong: str = "", email: str = "") -> str:
    known = email or login_hint.read(system, request.args.get("for", ""))
    onward = login.inside(request.args.get("next") or request.form.get("next"))
    usable = passkeys.site(system).usable
    return render_template("console/login.html", wrong_text=wrong, email=known, onward=onward, passkeys=usable)


def _wrong(refused: BroadcasterError) -> str:
    if refused.code == "locked":
        return _("Too many wrong tries for this account; wait 15 minutes. A passkey works all the same.")
    return _("This e-mail, password or code is not right.")


def _asked(ask: Callable[[], dict[str, object]]) -> ResponseReturnValue:
    try:
        return ask()
    except BroadcasterError as refused:
        return {"wrong": spoken.plain(refused)}, refused.status


def _inside(system: System, who: Actor, via: str) -> Response:
    _begin_session(system, who, via)
    if users.needs_factor(users.find(system, who.name)):
        flash(_("You can release alerts with nothing but a password. Add a second factor under My account."), "error")
    return redirect(login.inside(request.args.get("next") or request.form.get("next")))


def _begin_session(system: System, who: Actor, via: str) -> None:
    """A new session id for whoever was just proved; nothing of an older session lives on but the language."""
    _end_session(system)
    language = session.get("language")
    session.clear()
    g.pop("csrf_token", None)  # Flask-WTF keeps the old session's token for the rest of this request
    user = login.people().find_user(email=who.name)
    assert isinstance(user, User)
    session["sid"] = sessions.begin(system, who, request.user_agent.string, via)
    session["language"] = language or user.language
    login_user(user, remember=False)


def _end_session(system: System) -> None:
    if current_user.is_authenticated:
        sessions.end(system, actor(), session.get("sid", ""))


def _joined(system: System, token: str) -> Actor:
    if request.form.get("password", "") != request.form.get("again", ""):
        raise Invalid("again", _("The two are not the same. Type them again."))
    return invitations.accept(system, token, request.form.get("password", ""), origin())
