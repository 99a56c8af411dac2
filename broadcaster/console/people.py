"""Who may log in, what they may do, machines' tokens, and what waits for a second admin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_security import current_user

from broadcaster.accounts.people import ROLES
from broadcaster.console import spoken
from broadcaster.console.access import allowed
from broadcaster.console.proof import actor, proven
from broadcaster.console.screens import Screen
from broadcaster.domain.errors import BroadcasterError, Invalid
from broadcaster.services import proposals, roster, tokens
from broadcaster.services.proposals import Outcome
from broadcaster.services.system import Actor, System

HOME = "/console/people"


def screens(system: System) -> list[Screen]:
    """/console/people, /console/people/new, /console/people/<email>, /console/powers, /console/tokens"""

    @allowed("admin")
    def home() -> str:
        """GET /console/people"""
        waiting = [one for one in proposals.listing(system) if one["waits"] or one["unseen"]]
        return render_template("console/people.html", people=roster.listing(system), waiting=waiting)

    @allowed("admin")
    def new() -> ResponseReturnValue:
        """GET and POST /console/people/new: email, phone, roles, how (invite, add), proof"""
        form = request.form
        wrong, status = "", 200
        if request.method == "POST":
            detail = {
                "email": form.get("email", ""),
                "roles": form.getlist("roles"),
                "phone": form.get("phone") or None,
            }
            how = "add" if form.get("how") == "add" else "invite"
            try:
                return _outcome(proposals.propose(system, proven(system), how, detail))
            except BroadcasterError as refused:
                wrong, status = spoken.of(refused), refused.status
        alone = proposals.alone(system, actor())
        return render_template("console/people_new.html", wrong_text=wrong, alone=alone, roles=ROLES), status

    return [
        Screen("/people", "people", home),
        Screen("/people/new", "people_new", new, ("GET", "POST")),
        Screen("/people/<path:email>", "person", _person(system), ("GET", "POST")),
        *_powers(system),
        *_tokens(system),
    ]


def _person(system: System) -> Callable[[str], ResponseReturnValue]:
    @allowed("admin")
    def person(email: str) -> ResponseReturnValue:
        """GET and POST /console/people/<email>: act, roles, proof"""
        wrong, status = "", 200
        if request.method == "POST":
            try:
                done = _act(system, proven(system), email)
                return _outcome(done) if done else redirect(f"{HOME}/{quote(email)}")
            except BroadcasterError as refused:
                wrong, status = spoken.of(refused), refused.status
        known, alone = roster.one(system, email), proposals.alone(system, actor())
        page = render_template("console/people_one.html", person=known, wrong_text=wrong, alone=alone, roles=ROLES)
        return page, status

    return person


def _powers(system: System) -> list[Screen]:
    """What waits for another admin, and what one did alone."""

    @allowed()
    def powers() -> str:
        """GET /console/powers"""
        return _powers_page(system)

    @allowed("admin")
    def decide() -> ResponseReturnValue:
        """POST /console/powers/decide: confirm (id) or refuse (id), proof"""
        try:
            who = proven(system)
            if request.form.get("confirm"):
                return _outcome(proposals.confirm(system, who, request.form.get("confirm", 0, type=int)))
            proposals.refuse(system, who, request.form.get("refuse", 0, type=int))
        except BroadcasterError as refused:
            return _powers_page(system, spoken.of(refused)), refused.status
        flash(_("Refused. Nothing was changed."))
        return redirect("/console/powers")

    @allowed()
    def seen(id: int) -> ResponseReturnValue:
        """POST /console/powers/<id>/seen: somebody else looked at what was done alone"""
        proposals.seen(system, actor(), id)
        return redirect("/console/powers")

    return [
        Screen("/powers", "powers", powers),
        Screen("/powers/decide", "decide_power", decide, ("POST",)),
        Screen("/powers/<int:id>/seen", "power_seen", seen, ("POST",)),
    ]


def _tokens(system: System) -> list[Screen]:
    """Machines' tokens."""

    @allowed("admin")
    def listed() -> ResponseReturnValue:
        """GET and POST /console/tokens: proof, and name, scope, owner, or revoke (name)"""
        wrong, status = "", 200
        if request.method == "POST":
            try:
                return _token_act(system, proven(system))
            except BroadcasterError as refused:
                wrong, status = spoken.of(refused), refused.status
        known = {"tokens": tokens.listing(system), "people": roster.listing(system)}
        alone = proposals.alone(system, actor())
        return render_template("console/people_tokens.html", wrong_text=wrong, alone=alone, **known), status

    return [Screen("/tokens", "tokens", listed, ("GET", "POST"))]


# --- the parts --------------------------------------------------------------------------------------------------
def _act(system: System, who: Actor, email: str) -> Outcome | None:
    """What the form asks for, done or proposed. Raises what the services raise."""
    act = request.form.get("act", "")
    at_once = {"disable": roster.disable, "unlock": roster.unlock, "sessions": roster.end_sessions}
    if act in at_once:
        at_once[act](system, who, email)
        flash(_("Done."))
        return None
    if act == "roles":
        return _roles(system, who, email)
    if act in ("enable", "factor", "password"):
        return proposals.propose(system, who, act, {"email": email})
    raise Invalid("act", _("Choose what to do."))


def _roles(system: System, who: Actor, email: str) -> Outcome | None:
    held, wanted = set(roster.one(system, email)["roles"]), set(request.form.getlist("roles"))
    give, take = sorted(wanted - held), sorted(held - wanted)
    if give:
        return proposals.propose(system, who, "roles", {"email": email, "give": give, "take": take})
    if not take:
        raise Invalid("roles", _("These are the roles this person has."))
    roster.take_roles(system, who, email, take)
    flash(_("Done. It holds from the next click on."))
    return None


def _token_act(system: System, who: Actor) -> ResponseReturnValue:
    form = request.form
    if form.get("revoke"):
        tokens.revoke(system, who, form["revoke"])
        flash(_("The token is revoked."))
        return redirect("/console/tokens")
    detail: dict[str, Any] = {name: form.get(name, "") for name in ("name", "scope")}
    return _outcome(proposals.propose(system, who, "token", detail | {"owner": form.get("owner") or None}))


def _outcome(done: Outcome) -> str:
    return render_template("console/people_done.html", done=done)


def _powers_page(system: System, wrong: str = "") -> str:
    me = current_user.email
    return render_template("console/people_powers.html", proposals=proposals.listing(system), me=me, wrong_text=wrong)
