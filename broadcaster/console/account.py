"""My account: password, second factors, recovery codes, sessions, language and duty."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_security import current_user

from broadcaster.console import spoken
from broadcaster.console.access import allowed
from broadcaster.console.proof import actor, origin, proven
from broadcaster.console.screens import Screen
from broadcaster.domain.errors import BroadcasterError
from broadcaster.services import account, passkeys, roster, sessions
from broadcaster.services.system import System

HOME = "/console/account"
_BROWSERS = (("Edge", "Edg"), ("Opera", "OPR/"), ("Firefox", "Firefox/"), ("Chrome", "Chrome/"), ("Safari", "Safari/"))
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac", "Macintosh"),
    ("Linux", "Linux"),
)
_SECRET = "app_secret"  # noqa: S105 - the session's key for an encrypted secret not confirmed yet


def screens(system: System) -> list[Screen]:
    """/console/account and what stands below it"""

    @allowed()
    def home() -> str:
        """GET /console/account"""
        me = roster.one(system, current_user.email)
        open_sessions = sessions.listing(system, current_user.email, session["sid"])
        known = {"sessions": open_sessions, "browser": browser}
        return render_template("console/account/home.html", me=me, user=current_user, **known)

    @allowed()
    def prefer() -> ResponseReturnValue:
        """POST /console/account/preferences: language, on_duty"""
        language = request.form.get("language", "")
        account.prefer(system, actor(), language, request.form.get("on_duty") == "1")
        session["language"] = language
        flash(_("Kept."))
        return redirect(HOME)

    @allowed()
    def end_others() -> ResponseReturnValue:
        """POST /console/account/sessions: end all others"""
        ended = sessions.end_others(system, actor(), session["sid"])
        flash(_("%(n)s other sessions were logged out.", n=ended))
        return redirect(HOME)

    return [
        Screen("/account", "account", home),
        Screen("/account/preferences", "prefer", prefer, ("POST",)),
        Screen("/account/sessions", "end_others", end_others, ("POST",)),
        Screen("/account/password", "password", _password(system), ("GET", "POST")),
        *_app(system),
        Screen("/account/recovery", "recovery", _recovery(system), ("GET", "POST")),
        Screen("/account/phone", "phone", _phone(system), ("GET", "POST")),
        *_passkeys(system),
    ]


def _password(system: System) -> Callable[[], ResponseReturnValue]:
    @allowed()
    def password() -> ResponseReturnValue:
        """GET and POST /console/account/password: password, new, again"""
        if request.method == "GET":
            return render_template("console/account/password.html")
        wrong = _change_password(system)
        if wrong:
            return render_template("console/account/password.html", wrong_text=wrong), 422
        flash(_("Your password is changed. All your other sessions were logged out."))
        return redirect(HOME)

    return password


def _app(system: System) -> list[Screen]:
    """The authenticator app: proof first, then a code of it."""

    @allowed()
    def app() -> ResponseReturnValue:
        """GET and POST /console/account/app: proof, and act: start, remove"""
        if request.method == "GET":
            return _app_page(system)
        try:
            who = proven(system, mending=True)
        except BroadcasterError as refused:
            return _app_page(system, spoken.of(refused)), refused.status
        if request.form.get("act") == "remove":
            account.remove_app(system, who)
            session.pop(_SECRET, None)
            flash(_("The app is no second factor of yours any more."))
            return redirect(HOME)
        session[_SECRET] = account.new_secret(system)
        return redirect("/console/account/app")

    @allowed()
    def confirm_app() -> ResponseReturnValue:
        """POST /console/account/app/confirm: code"""
        secret = session.get(_SECRET)
        if secret is None:  # only proof puts one there
            return redirect("/console/account/app")
        try:
            codes = account.confirm_app(system, actor(), secret, request.form.get("code", ""))
        except BroadcasterError as refused:
            return _app_page(system, spoken.of(refused)), refused.status
        session.pop(_SECRET)
        flash(_("The app is your second factor now."))
        return _codes_page(codes) if codes else redirect(HOME)

    return [
        Screen("/account/app", "app", app, ("GET", "POST")),
        Screen("/account/app/confirm", "confirm_app", confirm_app, ("POST",)),
    ]


def _recovery(system: System) -> Callable[[], ResponseReturnValue]:
    @allowed()
    def recovery() -> ResponseReturnValue:
        """GET and POST /console/account/recovery: proof; new codes, shown in this answer alone"""
        wrong, status = "", 200
        if request.method == "POST":
            try:
                return _codes_page(account.new_codes(system, proven(system, mending=True)))
            except BroadcasterError as refused:
                wrong, status = spoken.of(refused), refused.status
        left = account.codes_left(system, current_user.email)
        return render_template("console/account/recovery.html", left=left, wrong_text=wrong), status

    return recovery


def _phone(system: System) -> Callable[[], ResponseReturnValue]:
    @allowed()
    def phone() -> ResponseReturnValue:
        """GET and POST /console/account/phone: phone and proof"""
        given, wrong, status = roster.one(system, current_user.email)["phone"] or "", "", 200
        if request.method == "POST":
            given = request.form.get("phone", "")
            try:
                kept = account.set_phone(system, proven(system, mending=True), given)
            except BroadcasterError as refused:
                wrong, status = spoken.of(refused), refused.status
            else:
                flash(_("Notices go to %(phone)s.", phone=kept) if kept else _("No notices go to a telephone."))
                return redirect(HOME)
        return render_template("console/account/phone.html", phone=given, wrong_text=wrong), status

    return phone


def _passkeys(system: System) -> list[Screen]:
    """Passkeys: listed, made, removed."""

    @allowed()
    def keys() -> ResponseReturnValue:
        """GET and POST /console/account/passkeys: made (the browser's answer to options that asked for proof) and name,
        or proof and remove (id)"""
        if request.method == "GET":
            return _keys_page(system)
        try:
            if request.form.get("made"):
                return _keep(system)
            passkeys.remove(system, proven(system, mending=True), request.form.get("remove", 0, type=int))
        except BroadcasterError as refused:
            return _keys_page(system, spoken.of(refused)), refused.status
        flash(_("The passkey is removed."))
        return redirect("/console/account/passkeys")

    @allowed()
    def ask() -> ResponseReturnValue:
        """POST /console/account/passkeys/options: proof; what the browser needs to make a passkey, as JSON"""
        try:
            return passkeys.ask_new(system, proven(system, mending=True))
        except BroadcasterError as refused:
            return {"wrong": spoken.plain(refused)}, refused.status

    return [
        Screen("/account/passkeys", "passkeys", keys, ("GET", "POST")),
        Screen("/account/passkeys/options", "passkey_options", ask, ("POST",)),
    ]


def browser(agent: str) -> str:
    """A browser's long name for itself in two words, as "Firefox, Android"; "" for one that says nothing known."""
    names = [name for name, mark in _BROWSERS if mark in agent][:1] + [
        name for name, mark in _SYSTEMS if mark in agent
    ][:1]
    return ", ".join(names)


# --- the parts --------------------------------------------------------------------------------------------------
def _change_password(system: System) -> str:
    """Why it was not changed; "" where it was."""
    current, new, again = (request.form.get(name, "") for name in ("password", "new", "again"))
    if new != again:
        return _("The two are not the same. Type them again.")
    try:
        account.change_password(system, current_user.email, current, new, origin(), session["sid"])
    except BroadcasterError as refused:
        return spoken.of(refused)
    return ""


def _app_page(system: System, wrong: str = "") -> str:
    secret, email = session.get(_SECRET), current_user.email
    shown = account.enrolment(system, email, secret) if secret else None
    picture = account.picture(system, email, secret) if secret else ""
    me = roster.one(system, email)
    return render_template("console/account/app.html", me=me, shown=shown, picture=picture, wrong_text=wrong)


def _codes_page(codes: list[str]) -> str:
    return render_template("console/account/codes.html", codes=codes)


def _keep(system: System) -> ResponseReturnValue:
    who = actor()
    passkeys.register(system, who, request.form["made"], request.form.get("name", ""))
    flash(_("The passkey is yours. It logs you in, and proves you when you approve."))
    codes = account.first_codes(system, who)
    return _codes_page(codes) if codes else redirect("/console/account/passkeys")


def _keys_page(system: System, wrong: str = "") -> str:
    site = passkeys.site(system)
    found = passkeys.rows(system, current_user.email)
    return render_template("console/account/passkeys.html", keys=found, site=site, wrong_text=wrong)
